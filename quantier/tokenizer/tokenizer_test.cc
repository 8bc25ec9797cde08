#include "quantier/tokenizer/tokenizer.h"

#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/json.h"

namespace quantier {
namespace {

const std::string kDemo = std::string(QUANTIER_SOURCE_DIR) + "/demo/";

std::vector<std::string> texts_of(const std::string& path, std::size_t count) {
  std::ifstream file(path);
  std::vector<std::string> texts;
  for (std::string line; texts.size() < count && std::getline(file, line);) {
    auto json = parse_json(line, path);
    EXPECT_TRUE(json.has_value());
    texts.push_back((*json)["text"].get<std::string>());
  }
  return texts;
}

class DemoModels : public ::testing::TestWithParam<const char*> {};

TEST_P(DemoModels, GivesTheReferencesIds) {
  const std::string name = GetParam();
  const auto tokenizer = Tokenizer::load(kDemo + name);
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->vocabulary_size(), 8192u);
  EXPECT_EQ(tokenizer->file_max_length(), 128u);
  const auto expected = read_json_file(kDemo + "reference/" + name + "_input_ids.json");
  ASSERT_TRUE(expected.has_value());
  for (const char* split : {"validation", "test"}) {
    const auto& ids = (*expected)[split];
    const auto texts = texts_of(kDemo + "data/" + split + ".jsonl", ids.size());
    ASSERT_EQ(texts.size(), 200u);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto encoding = tokenizer->encode(texts[i], 128);
      ASSERT_TRUE(encoding.has_value());
      EXPECT_EQ(encoding->ids, ids[i].get<std::vector<std::int32_t>>()) << split << " " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizer, DemoModels, ::testing::Values("demo-encoder", "demo-decoder"));

// A tokenizer over single letters with a few merges; `changes` replaces or adds members of the root.
std::string small_tokenizer(const std::string& changes = "{}") {
  Json root = Json::parse(R"({"normalizer": {"type": "NFC"},
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
      "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "abab": 3, "\u0120": 4},
                "merges": ["a b", "ab ab"]}})");
  root.merge_patch(Json::parse(changes));
  return root.dump();
}

using Ids = std::vector<std::int32_t>;

TEST(Tokenizer, MergesByRank) {
  const auto tokenizer = Tokenizer::parse(small_tokenizer(), "test");
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->encode("ababab b", {})->ids, (Ids{3, 2, 4, 1}));
  EXPECT_EQ(tokenizer->encode("", {})->ids, Ids{});
  EXPECT_EQ(tokenizer->encode("xyz", {})->ids,
            Ids{});  // no token and no unk_token: vanishes, as in the reference
  EXPECT_EQ(tokenizer->file_max_length(), std::nullopt);
}

TEST(Tokenizer, TruncatesToTheTokensAskedFor) {
  const auto tokenizer = Tokenizer::parse(small_tokenizer(), "test");
  ASSERT_TRUE(tokenizer.has_value());
  const auto whole = tokenizer->encode("a a", 3);
  EXPECT_EQ(whole->ids, (Ids{0, 4, 0}));
  EXPECT_FALSE(whole->truncated);
  const auto cut = tokenizer->encode("a a", 2);
  EXPECT_EQ(cut->ids, (Ids{0, 4}));
  EXPECT_TRUE(cut->truncated);
  EXPECT_TRUE(tokenizer->encode("a", 0)->ids.empty());
}

TEST(Tokenizer, RefusesWhatItDoesNotKnowByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"normalizer": {"type": "Lowercase"}})", "Lowercase"},
      {R"({"pre_tokenizer": {"type": "Whitespace"}})", "Whitespace"},
      {R"({"pre_tokenizer": null})", "ByteLevel"},
      {R"({"post_processor": {"type": "BertProcessing"}})", "BertProcessing"},
      {R"({"model": {"type": "WordPiece"}})", "WordPiece"},
      {R"({"model": {"dropout": 0.1}})", "dropout"},
      {R"({"model": {"byte_fallback": true}})", "byte_fallback"},
      {R"({"model": {"fuse_unk": true}})", "fuse_unk"},
      {R"({"model": {"continuing_subword_prefix": "##"}})", "continuing_subword_prefix"},
      {R"({"model": {"surprise": 1}})", "surprise"},
      {R"({"truncation": {"max_length": 4, "direction": "Left"}})", "Left"},
      {R"({"truncation": {"max_length": 4, "strategy": "OnlySecond"}})", "OnlySecond"},
      {R"({"pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}, "behavior": "Isolated"}})",
       "Regex"},
      {R"({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Removed"}})",
       "Removed"},
  };
  for (const auto& [changes, name] : cases) {
    const auto tokenizer = Tokenizer::parse(small_tokenizer(changes), "test");
    ASSERT_FALSE(tokenizer.has_value()) << changes;
    EXPECT_EQ(tokenizer.error().kind, ErrorKind::kUnsupported) << changes;
    EXPECT_NE(tokenizer.error().message().find(name), std::string::npos) << tokenizer.error().message();
  }
}

TEST(Tokenizer, RefusesMalformedFiles) {
  std::string twice = small_tokenizer();
  twice.replace(twice.find("\"b\":1"), 5, "\"a\":1");
  const std::string cases[] = {
      "",
      "[]",
      "{",
      "null",
      "{\"model\": 3}",
      "{\"model\": {\"vocab\": {\"a\": -1}}}",
      twice,
      "{\"model\": {\"vocab\": {\"a\": \"b\"}}}",
      "{\"model\": {\"vocab\": {\"a\": {}}}}",
      std::string(100'000, '['),
      small_tokenizer(R"({"model": {"vocab": {"c": 1}}})"),
      small_tokenizer(R"({"model": {"merges": ["a c"]}})"),
      small_tokenizer(R"({"model": {"merges": ["a b c"]}})"),
      small_tokenizer(R"({"model": {"merges": [["a"]]}})"),
      small_tokenizer(R"({"model": {"merges": [1]}})"),
      small_tokenizer(R"({"model": {"unk_token": "?"}})"),
      small_tokenizer(R"({"added_tokens": [{"id": 9}]})"),
      small_tokenizer(R"({"truncation": {"max_length": -1}})"),
      small_tokenizer(R"({"post_processor": {"type": "TemplateProcessing", "single":
                          [{"SpecialToken": {"id": "X"}}, {"Sequence": {"id": "A"}}], "special_tokens": {}}})"),
  };
  for (const std::string& text : cases) {
    const auto tokenizer = Tokenizer::parse(text, "test");
    ASSERT_FALSE(tokenizer.has_value()) << text.substr(0, 300);
    EXPECT_EQ(tokenizer.error().kind, ErrorKind::kCorruptData) << text.substr(0, 300);
  }
}

// Reference (tokenizers 0.23.3): the ids in added_tokens are not read; the next free id is taken.
TEST(Tokenizer, GivesAddedTokensTheReferencesIds) {
  const auto tokenizer = Tokenizer::parse(small_tokenizer(R"({"added_tokens": [
      {"id": 9, "content": "<X>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
       "special": true},
      {"id": 7, "content": "ab", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
       "special": true},
      {"id": 8, "content": "<Y>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
       "special": true}]})"),
                                          "test");
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message();
  EXPECT_EQ(tokenizer->encode("<X>ab<Y>abab", {})->ids, (Ids{5, 2, 6, 2, 2}));
}

TEST(Tokenizer, NamesTheByteThatIsNotUtf8) {
  const auto tokenizer = Tokenizer::parse(small_tokenizer(), "test");
  ASSERT_TRUE(tokenizer.has_value());
  const auto encoding = tokenizer->encode("abc\xFF", {});
  ASSERT_FALSE(encoding.has_value());
  EXPECT_EQ(encoding.error().kind, ErrorKind::kUserInput);
  EXPECT_NE(encoding.error().where.find("byte 3"), std::string::npos);
}

TEST(Tokenizer, RefusesALengthWithoutRoomForSpecialTokens) {
  const auto tokenizer = Tokenizer::load(kDemo + "demo-encoder");
  ASSERT_TRUE(tokenizer.has_value());
  ASSERT_FALSE(tokenizer->encode("a", 1).has_value());
  EXPECT_EQ(tokenizer->encode("a", 1).error().kind, ErrorKind::kUsage);
  EXPECT_EQ(tokenizer->encode("a", 2)->ids.size(), 2u);
}

TEST(Tokenizer, MegabytesOfOneWordAndOfCombiningMarks) {
  for (const char* name : {"demo-encoder", "demo-decoder"}) {
    const auto tokenizer = Tokenizer::load(kDemo + name);
    ASSERT_TRUE(tokenizer.has_value());
    std::string letters;
    while (letters.size() < 2'000'000) letters += "abracadabralibrary";
    std::string marks = "a";
    while (marks.size() < 2'000'000) marks += "\xCC\x81\xCC\x96";
    for (const std::string& text : {letters, marks}) {
      const auto encoding = tokenizer->encode(text, 1'000'000'000);
      ASSERT_TRUE(encoding.has_value());
      EXPECT_GT(encoding->ids.size(), 100'000u);
    }
  }
}

TEST(Tokenizer, ThreadsShareOneTokenizer) {
  const auto tokenizer = Tokenizer::load(kDemo + "demo-decoder");
  ASSERT_TRUE(tokenizer.has_value());
  const auto texts = texts_of(kDemo + "data/test.jsonl", 300);
  std::vector<Ids> alone;
  for (const auto& text : texts) alone.push_back(tokenizer->encode(text, {})->ids);
  std::vector<std::vector<Ids>> together(4);
  std::vector<std::thread> threads;
  for (auto& mine : together) {
    threads.emplace_back([&] {
      for (const auto& text : texts) mine.push_back(tokenizer->encode(text, {})->ids);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& mine : together) EXPECT_EQ(mine, alone);
}

}  // namespace
}  // namespace quantier
