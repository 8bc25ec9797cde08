// `quantier compare` over files of any engine, good and bad.
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kUsage = 2;
constexpr int kBadInput = 6;
constexpr int kUnsupported = 7;

Json parsed(const std::string& text) {
  const auto document = parse_json(text, "output");
  if (document) return *document;
  ADD_FAILURE() << document.error().message() << "\n" << text.substr(0, 500);
  return Json::object();
}

// Rows of a JSONL file: 60 examples of 3 classes; `wrong` of them are wrong, from example `first` on.
std::vector<std::string> rows(int first, int wrong, const std::string& more = "") {
  std::vector<std::string> lines;
  for (int i = 0; i < 60; ++i) {
    const int label = (i * i + i / 7) % 3;
    const int answer = i >= first && i < first + wrong ? (label + 1) % 3 : label;
    lines.push_back(fmt::format("{{\"id\": \"e{}\", \"label\": {}, \"logits\": [{}, {}, {}]{}}}", i, label,
                                answer == 0 ? 2.5 : -0.5, answer == 1 ? 2.5 : 0, answer == 2 ? 2.5 : 0.25,
                                more));
  }
  return lines;
}

class CompareTest : public CommandLineTest {
 protected:
  std::string file(const std::string& name, const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }
  ProgramResult compare(const std::string& arguments) {
    return quantier("compare " + arguments + " --replicates 200");
  }
  void expect_refused(const ProgramResult& result, int exit_code, const std::string& part) {
    EXPECT_EQ(result.exit_code, exit_code) << result.out << result.err;
    EXPECT_THAT(result.err, AllOf(HasSubstr(part), HasSubstr("where:")));
  }
};

TEST_F(CompareTest, JoinsShuffledRowsByTheirIds) {
  const std::string reference = file("ref.jsonl", rows(0, 10));
  auto lines = rows(0, 13);
  std::rotate(lines.begin(), lines.begin() + 17, lines.end());
  const std::string candidate = file("cand.jsonl", lines);
  const ProgramResult result = compare(reference + " " + candidate + " --json");
  ASSERT_EQ(result.exit_code, 0) << result.out;
  const Json row = parsed(result.out)["comparisons"][0];
  EXPECT_EQ(row["n"], 60);
  EXPECT_EQ(row["right_to_wrong"], 3);
  EXPECT_EQ(row["wrong_to_right"], 0);
  EXPECT_EQ(row["evidence"], "unresolved");
}

TEST_F(CompareTest, SameInputSameBytes) {
  const std::string both = file("a.jsonl", rows(0, 10)) + " " + file("b.jsonl", rows(5, 10));
  EXPECT_EQ(compare(both).out, compare(both).out);
  EXPECT_THAT(compare(both).out, AllOf(HasSubstr("lost/gained"), HasSubstr("5/5"), HasSubstr("Holm")));
}

TEST_F(CompareTest, TiersByCountsByFileAndByColumn) {
  const std::string a = file("a.jsonl", rows(0, 10, ", \"tier\": \"x\""));
  const std::string both = a + " " + file("b.jsonl", rows(5, 10));
  const std::string counts = file("counts.json", {"{\"0\": 9, \"1\": 50, \"2\": 3}"});
  const Json by_counts = parsed(compare(both + " --tiers top=1,rest --counts " + counts + " --json").out);
  EXPECT_EQ(by_counts["tiers"], (Json{"top", "rest"}));
  EXPECT_EQ(by_counts["comparisons"].size(), 3U);
  const std::string by_label = file("tiers.json", {"{\"top\": [\"1\"], \"rest\": [0, 2]}"});
  const Json by_file = parsed(compare(both + " --tiers " + by_label + " --json").out);
  EXPECT_EQ(by_file["comparisons"], by_counts["comparisons"]);
  EXPECT_EQ(parsed(compare(both + " --tiers " + a + "#tier --json").out)["tiers"], Json{"x"});
  expect_refused(compare(both + " --tiers top=1,rest"), kUsage, "--counts");
  expect_refused(compare(both + " --tiers " + file("t.json", {"{\"top\": [\"1\"]}"})), kBadInput,
                 "has examples and no tier");
  expect_refused(compare(both + " --tiers " + file("t.json", {"{\"top\": [\"1\", \"7\"]}"})), kBadInput,
                 "there is no class \"7\"");
}

TEST_F(CompareTest, WritesFigures) {
  const std::string both = file("a.jsonl", rows(0, 10)) + " " + file("b.jsonl", rows(5, 10));
  const ProgramResult result = compare(both + " --svg " + (folder_ / "figures").string());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(read_file(folder_ / "figures/tier-deltas.svg"), HasSubstr("<svg"));
  EXPECT_THAT(read_file(folder_ / "figures/reliability.svg"), HasSubstr("<svg"));
  EXPECT_THAT(read_file(folder_ / "figures/gates.svg"), HasSubstr("share of the examples answered"));
  EXPECT_THAT(read_file(folder_ / "figures/flips.svg"),
              AllOf(HasSubstr("b against a: 10 of 60 answers changed"), HasSubstr("right to wrong: 5"),
                    HasSubstr("wrong to right: 5"), HasSubstr("wrong to another wrong: 0")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "figures/trajectories.svg"));  // no class was named
}

TEST_F(CompareTest, FollowsNamedClasses) {
  const std::string both = file("a.jsonl", rows(0, 10)) + " " + file("b.jsonl", rows(5, 10));
  const std::string figures = (folder_ / "figures").string();
  const ProgramResult result = compare(both + " --classes 0,2 --json --svg " + figures);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json document = parsed(result.out);
  const Json followed = document["runs"][1]["named_classes"];
  ASSERT_EQ(followed.size(), 2U);
  EXPECT_EQ(followed[1]["label"], "2");
  EXPECT_LE(followed[1]["accuracy_interval"]["low"], followed[1]["accuracy"]);
  EXPECT_GE(followed[1]["accuracy_interval"]["high"], followed[1]["accuracy"]);
  EXPECT_THAT(document["figures"].dump(), HasSubstr("trajectories.svg"));
  EXPECT_THAT(read_file(folder_ / "figures/trajectories.svg"),
              HasSubstr(fmt::format("2 (n = {})", followed[1]["n"].get<int>())));
  const ProgramResult unknown = compare(both + " --classes 0,nobody");
  EXPECT_EQ(unknown.exit_code, kUsage) << unknown.out << unknown.err;
  EXPECT_THAT(unknown.err, HasSubstr("nobody"));
}

TEST_F(CompareTest, TheSameAnswersGiveNoMatrices) {
  const std::string both = file("a.jsonl", rows(0, 10)) + " " + file("b.jsonl", rows(0, 10));
  ASSERT_EQ(compare(both + " --svg " + (folder_ / "figures").string()).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "figures/flips.svg"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "figures/tier-deltas.svg"));
}

TEST_F(CompareTest, LabelsFromAFile) {
  std::string csv = "id,y\n";
  for (int i = 59; i >= 0; --i) csv += fmt::format("e{},{}\n", i, (i * i + i / 7) % 3);
  write_file(folder_ / "labels.csv", csv);
  auto lines = rows(0, 10);
  for (std::string& line : lines) {
    const std::size_t at = line.find("\"label\"");
    line.erase(at, line.find("\"logits\"") - at);
  }
  const std::string bare = file("bare.jsonl", lines);
  const std::string candidate = file("b.jsonl", rows(5, 10));
  expect_refused(compare(bare + " " + bare), kBadInput, "there are no labels");
  const ProgramResult result =
      compare(bare + " " + candidate + " --json --labels " + (folder_ / "labels.csv").string());
  ASSERT_EQ(result.exit_code, 0) << result.out;
  EXPECT_EQ(parsed(result.out)["comparisons"][0]["right_to_wrong"], 5);
}

TEST_F(CompareTest, FramesThatDoNotFit) {
  const std::string good = file("good.jsonl", rows(0, 10));
  auto lines = rows(0, 10);
  // The labels one row down, ids as they were.
  std::vector<std::string> shifted = lines;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& from = lines[(i + 1) % lines.size()];
    shifted[i].replace(shifted[i].find("\"label\": ") + 9, 1, from.substr(from.find("\"label\": ") + 9, 1));
  }
  const std::string moved = file("moved.jsonl", shifted);
  expect_refused(compare(good + " " + moved), kBadInput, "disagree about the true labels");
  std::vector<std::string> other = rows(0, 10);
  other.pop_back();
  expect_refused(compare(good + " " + file("short.jsonl", other)), kBadInput, "different examples");
}

TEST_F(CompareTest, SmallestCases) {
  const std::string one = file("one.jsonl", {"{\"label\": 1, \"logits\": [0.5, 2]}"});
  const std::string two = file("two.jsonl", {"{\"label\": 1, \"logits\": [3, 2]}"});
  const ProgramResult result = compare(one + " " + two + " --json");
  ASSERT_EQ(result.exit_code, 0) << result.out;
  EXPECT_EQ(parsed(result.out)["comparisons"][0]["right_to_wrong"], 1);
  const ProgramResult same = compare(one + " " + one + " --json");
  ASSERT_EQ(same.exit_code, 0) << same.out;
  EXPECT_EQ(parsed(same.out)["comparisons"][0]["gross"], 0);
  expect_refused(compare(one + " " + file("three.jsonl", {"{\"label\": 1, \"logits\": [3, 2, 1]}"})),
                 kBadInput, "different classes");
}

TEST_F(CompareTest, BadFiles) {
  const std::string good = file("good.jsonl", rows(0, 10));
  expect_refused(compare(good + " " + (folder_ / "absent.npz").string()), 1, "absent.npz");
  expect_refused(compare(good + " " + file("a.pkl", {"x"})), kUnsupported, "pickle");
  expect_refused(compare(good + " " + file("a.npz", {"x"})), kBadInput, "npz archive");
  expect_refused(compare(good + " " + file("p.jsonl", {"{\"label\": 0, \"logits\": [0.25, 0.75]}"})),
                 kBadInput, "look like probabilities");
  auto nan = rows(0, 10);
  nan[3].replace(nan[3].find("["), std::string::npos, "[null, 1, 2]}");
  const std::string with_nan = file("nan.jsonl", nan);
  expect_refused(compare(good + " " + with_nan), kBadInput, "1 of 60 rows hold NaN");
  const ProgramResult counted = compare(good + " " + with_nan + " --nan wrong");
  EXPECT_EQ(counted.exit_code, 0) << counted.err;
  EXPECT_THAT(counted.err, HasSubstr("count as wrong"));
  auto outside = rows(0, 10);
  outside[5].replace(outside[5].find("\"label\": ") + 9, 1, "3");
  expect_refused(compare(file("o.jsonl", outside) + " " + good), kBadInput, "outside the classes");
  expect_refused(compare(good + " " + good + " --map colour=x"), kUsage, "colour");
}

}  // namespace
}  // namespace quantier::testing
