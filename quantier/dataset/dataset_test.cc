#include "quantier/dataset/dataset.h"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/sha256.h"

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::string> kNames = {"admin", "doc", "libs"};

Result<Dataset> jsonl(std::string_view content, const ColumnNames& columns = {},
                      const std::vector<std::string>& names = kNames) {
  return parse_dataset(content, DataFormat::kJsonl, "d.jsonl", columns, names);
}
Result<Dataset> csv(std::string_view content, const ColumnNames& columns = {},
                    const std::vector<std::string>& names = kNames) {
  return parse_dataset(content, DataFormat::kCsv, "d.csv", columns, names);
}

template <class T>
void expect_error(const Result<T>& result, ErrorKind kind, std::initializer_list<std::string_view> parts) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, kind) << result.error().message();
  for (const std::string_view part : parts) EXPECT_THAT(result.error().message(), HasSubstr(part));
}

TEST(Jsonl, ReadsInFileOrder) {
  const auto data = jsonl(R"({"id": "a", "text": "one \u00e9", "label": "libs"}
{"label": "admin", "text": "two", "id": "b"}
)");
  ASSERT_TRUE(data.has_value()) << data.error().message();
  EXPECT_THAT(data->texts, ElementsAre("one \xC3\xA9", "two"));
  EXPECT_THAT(data->labels, ElementsAre(2, 0));
  EXPECT_THAT(data->ids, ElementsAre("a", "b"));
  EXPECT_EQ(data->columns.text, "text");
}

TEST(Jsonl, SkipsByteOrderMarkBlankLinesAndCarriageReturns) {
  const auto data = jsonl("\xEF\xBB\xBF{\"text\": \"x\"}\r\n\r\n  \n{\"text\": \"y\"}");
  ASSERT_TRUE(data.has_value()) << data.error().message();
  EXPECT_THAT(data->texts, ElementsAre("x", "y"));
  EXPECT_THAT(data->labels, IsEmpty());
  EXPECT_THAT(data->ids, IsEmpty());
}

TEST(Jsonl, MalformedLineIsNamed) {
  expect_error(jsonl("{\"text\": \"x\"}\n{\"text\": \n{}"), ErrorKind::kCorruptData,
               {"d.jsonl, line 2", "column"});
  expect_error(jsonl("{\"text\": \"x\"}\n[1]"), ErrorKind::kCorruptData, {"line 2", "array"});
  expect_error(jsonl("[{\"text\": \"x\"}]"), ErrorKind::kCorruptData, {"line 1", "jq"});
  expect_error(jsonl("{\"text\": \"x\", \"text\": \"y\"}"), ErrorKind::kCorruptData, {"line 1", "twice"});
  expect_error(jsonl("{\"text\": \"x\"} {}"), ErrorKind::kCorruptData, {"line 1"});
  expect_error(jsonl("{\"text\": \"\\ud800\"}"), ErrorKind::kCorruptData, {"line 1"});
}

TEST(Jsonl, DeepNestingIsRefused) {
  expect_error(jsonl("{\"text\": " + std::string(100'000, '[')), ErrorKind::kCorruptData, {"line 1"});
}

TEST(Jsonl, InvalidUtf8HasLineAndOffset) {
  expect_error(jsonl("{\"text\": \"x\"}\n{\"text\": \"a\xFF\"}"), ErrorKind::kCorruptData,
               {"line 2", "byte offset 25", "0xff"});
}

TEST(Jsonl, MissingColumnsListWhatIsThere) {
  expect_error(jsonl("{\"words\": \"x\", \"kind\": \"y\"}"), ErrorKind::kUserInput,
               {"no text column", "\"words\", \"kind\"", "--text-col"});
  expect_error(jsonl("{\"text\": \"x\"}", {.text = "txt"}), ErrorKind::kUserInput,
               {"\"txt\" does not exist", "\"text\""});
  expect_error(jsonl("{\"text\": \"x\"}", {.label = "gold"}), ErrorKind::kUserInput,
               {"\"gold\" does not exist"});
  expect_error(jsonl("{\"text\": \"x\", \"content\": \"y\"}"), ErrorKind::kUserInput,
               {"more than one column", "\"text\", \"content\""});
  expect_error(jsonl("{\"text\": \"x\", \"label\": \"doc\"}\n{\"text\": \"x\"}"), ErrorKind::kUserInput,
               {"line 2", "\"label\" is missing"});
}

TEST(Jsonl, WrongTypesAreNamed) {
  expect_error(jsonl("{\"text\": 3}"), ErrorKind::kUserInput, {"line 1", "found number"});
  expect_error(jsonl("{\"text\": null}"), ErrorKind::kUserInput, {"line 1", "found null"});
  expect_error(jsonl("{\"text\": \"x\", \"label\": 1.5}"), ErrorKind::kUserInput, {"line 1", "whole number"});
  expect_error(jsonl("{\"text\": \"x\", \"label\": true}"), ErrorKind::kUserInput, {"found boolean"});
}

TEST(Data, EmptyIsAnError) {
  expect_error(jsonl(""), ErrorKind::kUserInput, {"d.jsonl", "the data is empty"});
  expect_error(jsonl("\n\n"), ErrorKind::kUserInput, {"not one example"});
  expect_error(csv(""), ErrorKind::kUserInput, {"the data is empty"});
  expect_error(csv("text,label\n"), ErrorKind::kUserInput, {"not one example"});
}

TEST(Data, UnknownLabelSaysWhereLabelsComeFrom) {
  expect_error(jsonl("{\"text\": \"x\", \"label\": \"doc\"}\n{\"text\": \"y\", \"label\": \"cats\"}"),
               ErrorKind::kUserInput, {"\"cats\"", "line 2", "\"admin\", \"doc\"", "id2label"});
  expect_error(jsonl("{\"text\": \"x\", \"label\": 3}"), ErrorKind::kUserInput, {"\"3\"", "0 to 2"});
  expect_error(csv("text,label\nx,-1\n"), ErrorKind::kUserInput, {"\"-1\"", "line 2"});
}

TEST(Data, LabelsAsIds) {
  const auto numbers = jsonl("{\"text\": \"x\", \"label\": 2}\n{\"text\": \"y\", \"label\": 0}");
  ASSERT_TRUE(numbers.has_value()) << numbers.error().message();
  EXPECT_THAT(numbers->labels, ElementsAre(2, 0));
  const auto text = csv("text,label\nx,2\ny,1\n");
  ASSERT_TRUE(text.has_value()) << text.error().message();
  EXPECT_THAT(text->labels, ElementsAre(2, 1));
}

TEST(Data, NamesThatLookLikeNumbersAreNotMixedWithIds) {
  const std::vector<std::string> stars = {"1", "2", "3"};
  const auto names = csv("text,label\nx,1\ny,3\n", {}, stars);
  ASSERT_TRUE(names.has_value());
  EXPECT_THAT(names->labels, ElementsAre(0, 2));
  const auto ids = csv("text,label\nx,0\ny,1\n", {}, stars);  // 0 is no name, so none of them is
  ASSERT_TRUE(ids.has_value());
  EXPECT_THAT(ids->labels, ElementsAre(0, 1));
}

TEST(Data, DuplicateIdNamesBothLines) {
  expect_error(
      jsonl("{\"text\": \"x\", \"id\": 7}\n{\"text\": \"y\", \"id\": 8}\n{\"text\": \"z\", \"id\": \"7\"}"),
      ErrorKind::kUserInput, {"\"7\" appears twice", "line 3", "line 1"});
}

TEST(Data, WithoutLabelNamesLabelsAreNotRead) {
  const auto data = jsonl("{\"text\": \"x\", \"label\": \"anything\"}", {}, {});
  ASSERT_TRUE(data.has_value());
  EXPECT_THAT(data->labels, IsEmpty());
}

TEST(Data, TextOfTenMegabytes) {
  const std::string big(10'000'000, 'a');
  const auto json = jsonl("{\"text\": \"" + big + "\"}");
  ASSERT_TRUE(json.has_value()) << json.error().message();
  EXPECT_EQ(json->texts.front().size(), big.size());
  const auto quoted = csv("text\n\"" + big + "\"\n");
  ASSERT_TRUE(quoted.has_value()) << quoted.error().message();
  EXPECT_EQ(quoted->texts.front().size(), big.size());
}

TEST(Csv, QuotesLineBreaksAndCrlf) {
  const auto data = csv(
      "\xEF\xBB\xBFid,text,label\r\n1,\"say \"\"hi\"\", then\r\nleave\",doc\r\n\r\n2,,libs\r\n3,\" \",admin");
  ASSERT_TRUE(data.has_value()) << data.error().message();
  EXPECT_THAT(data->texts, ElementsAre("say \"hi\", then\r\nleave", "", " "));
  EXPECT_THAT(data->labels, ElementsAre(1, 2, 0));
  EXPECT_THAT(data->ids, ElementsAre("1", "2", "3"));
}

TEST(Csv, MalformedRecordsAreNamedByLine) {
  expect_error(csv("text,label\n\"a\nb\",doc\nx\n"), ErrorKind::kCorruptData,
               {"line 4", "1 fields", "has 2"});
  expect_error(csv("text,label\nok,doc\n\"never closed,doc\n\n"), ErrorKind::kCorruptData,
               {"line 3", "never closed"});
  expect_error(csv("text,label\na \"quote\",doc\n"), ErrorKind::kCorruptData, {"line 2", "quote"});
  expect_error(csv("text,label\n\"a\"b,doc\n"), ErrorKind::kCorruptData, {"line 2", "closing quote"});
  expect_error(csv("text,label\ra,doc\r"), ErrorKind::kCorruptData, {"line 1", "carriage return"});
  expect_error(csv("text,text\na,b\n"), ErrorKind::kCorruptData, {"line 1", "same name"});
  expect_error(csv("text;label\na;b\n"), ErrorKind::kUserInput, {"separator"});
}

TEST(Csv, InvalidUtf8HasLineAndOffset) {
  expect_error(csv("text,label\n\"a\n\xC3(\",doc\n"), ErrorKind::kCorruptData, {"line 3", "byte offset 14"});
  expect_error(csv("text,label\nb\x80,doc\n"), ErrorKind::kCorruptData, {"line 2", "byte offset 12"});
}

TEST(Data, OtherFileTypesAreRefusedByName) {
  expect_error(data_format_of("a/train.jsonl.gz"), ErrorKind::kUnsupported, {".gz", "gunzip"});
  expect_error(data_format_of("x.parquet"), ErrorKind::kUnsupported, {".parquet", ".jsonl"});
  expect_error(data_format_of("x"), ErrorKind::kUnsupported, {"extension"});
  EXPECT_EQ(data_format_of("X.CSV").value(), DataFormat::kCsv);
}

TEST(Data, MissingFile) {
  expect_error(read_dataset("/no/such/file.jsonl", {}, kNames), ErrorKind::kEnvironment,
               {"/no/such/file.jsonl"});
}

class DemoData : public ::testing::Test {
 protected:
  const std::filesystem::path folder_ = std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo/data";
  std::vector<std::string> names_;
  void SetUp() override {
    // labels.json is a list of plain names: no need for a parser here.
    std::ifstream file(folder_ / "labels.json");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 1)) {
      const std::size_t end = text.find('"', at + 1);
      names_.push_back(text.substr(at + 1, end - at - 1));
      at = end;
    }
    ASSERT_EQ(names_.size(), 58u);
  }
};

TEST_F(DemoData, ReadsValidationQuickly) {
  const auto start = std::chrono::steady_clock::now();
  const auto data = read_dataset(folder_ / "validation.jsonl", {}, names_);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(data.has_value()) << data.error().message();
  EXPECT_EQ(data->size(), 6083u);
  EXPECT_EQ(data->labels.size(), 6083u);
  EXPECT_EQ(data->ids.front(), "libjs-inherits");
  EXPECT_EQ(names_[static_cast<std::size_t>(data->labels.front())], "javascript");
  EXPECT_EQ(data->sha256, sha256_hex_of_file(folder_ / "validation.jsonl").value());
  RecordProperty("milliseconds", static_cast<int>(seconds.count() * 1000));
  EXPECT_LT(seconds.count(), 5.0);  // 0.1 s when built for release; sanitizers are slow
}

TEST_F(DemoData, CountsLabels) {
  const auto counts = count_labels(folder_ / "test.jsonl", "", names_);
  ASSERT_TRUE(counts.has_value()) << counts.error().message();
  std::int64_t sum = 0;
  for (const std::int64_t count : *counts) sum += count;
  EXPECT_EQ(sum, 6075);
}

}  // namespace
}  // namespace quantier
