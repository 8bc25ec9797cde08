// `quantier compare`: inputs that are degenerate, and inputs whose labels stand in another frame.
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/compare_files.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

int mixed(int i) { return (i * i + i / 7) % 5; }
int mostly_right(int i) { return i % 6 == 0 ? (mixed(i) + 1) % 5 : mixed(i); }

class CompareBadInput : public CompareFilesTest {};

TEST_F(CompareBadInput, AllPredictionsEqual) {
  const std::string one = rows("one.jsonl", 100, 5, mixed, [](int) { return 2; });
  const std::string good = rows("good.jsonl", 100, 5, mixed, mostly_right);
  const Json json = compared(good + " " + one);
  EXPECT_LT(json["comparisons"][0]["delta"].get<double>(), -0.5);
  const Json same = compared(one + " " + one);
  EXPECT_EQ(same["comparisons"][0]["gross"], 0);
  EXPECT_EQ(same["comparisons"][0]["mid_p"], 1.0);
  EXPECT_EQ(same["comparisons"][0]["evidence"], "unresolved");
}

TEST_F(CompareBadInput, AllCorrect) {
  const std::string right = rows("right.jsonl", 100, 5, mixed, mixed);
  const Json json = compared(right + " " + right);
  EXPECT_EQ(json["runs"][0]["accuracy"], 1.0);
  EXPECT_EQ(json["runs"][0]["macro_f1"], 1.0);
  EXPECT_EQ(json["comparisons"][0]["delta"], 0.0);
  const ProgramResult text = compare(right + " " + right);
  EXPECT_THAT(text.out, HasSubstr("100.00"));
}

// The first of the largest wins, as numpy's argmax.
TEST_F(CompareBadInput, TiesGoToTheFirst) {
  std::string first;
  std::string second;
  for (int i = 0; i < 40; ++i) {
    first += fmt::format("{{\"label\": {}, \"logits\": [1.5, 1.5, -2]}}\n", i % 2);
    second += fmt::format("{{\"label\": {}, \"logits\": [1.5, 1.25, -2]}}\n", i % 2);
  }
  const Json json = compared(text_file("tied.jsonl", first) + " " + text_file("clear.jsonl", second));
  EXPECT_EQ(json["runs"][0]["accuracy"], 0.5);
  EXPECT_EQ(json["comparisons"][0]["gross"], 0);
}

TEST_F(CompareBadInput, TwoClassesOneExampleAndOneClass) {
  const auto zero = [](int) { return 0; };
  const std::string two = rows("two.jsonl", 30, 2, [](int i) { return i % 2; }, [](int i) { return i % 2; });
  EXPECT_EQ(compared(two + " " + two)["classes"], 2);
  const std::string single = rows("single.jsonl", 1, 2, zero, zero);
  const Json json = compared(single + " " + single);
  EXPECT_EQ(json["comparisons"][0]["n"], 1);
  EXPECT_EQ(json["runs"][0]["ece_cross_fitted"], nullptr);
  const std::string one_class = rows("c1.jsonl", 30, 1, zero, zero);
  EXPECT_EQ(compared(one_class + " " + one_class)["runs"][0]["accuracy"], 1.0);
}

// Class 4 is neither true nor predicted; class 3 is never true.
TEST_F(CompareBadInput, ClassesThatAreAbsent) {
  const auto label = [](int i) { return i % 3; };
  const std::string a = rows("a.jsonl", 90, 5, label, [](int i) { return i % 9 == 0 ? 3 : i % 3; });
  const std::string b = rows("b.jsonl", 90, 5, label, [](int i) { return i % 3; });
  const std::string tiers = text_file("tiers.json", R"({"head": [0, 1, 2], "tail": [3, 4]})");
  const ProgramResult result = compare(a + " " + b + " --json --tiers " + tiers);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = parsed(result.out);
  EXPECT_EQ(json["comparisons"].size(), 2U);  // nothing can be said about the tail
  EXPECT_THAT(json["remarks"].dump(), HasSubstr("tier tail: no example"));
  EXPECT_EQ(json["runs"][0]["tiers"]["tail"]["n"], 0);
  EXPECT_EQ(json["runs"][0]["tiers"]["tail"]["accuracy"], nullptr);
}

TEST_F(CompareBadInput, ClassesMissingInTiers) {
  const std::string a = rows("a.jsonl", 90, 5, mixed, mostly_right);
  expect_refused(
      compare(a + " " + a + " --tiers " + text_file("t.json", R"({"head": [0, 1], "tail": [2, 3]})")),
      kBadInput, "the class \"4\" has examples and no tier");
}

TEST_F(CompareBadInput, LabelsOutsideTheClasses) {
  const std::string good = rows("good.jsonl", 60, 5, mixed, mostly_right);
  const std::string negative =
      rows("neg.jsonl", 60, 5, [](int i) { return i == 7 ? -1 : mixed(i); }, mostly_right);
  const ProgramResult result = compare(negative + " " + good);
  expect_refused(result, kBadInput, "outside the classes");
  EXPECT_THAT(result.err, AllOf(HasSubstr("row 7"), HasSubstr("-1")));
  const std::string from_one = rows("one.jsonl", 60, 5, [](int i) { return mixed(i) + 1; }, mostly_right);
  EXPECT_THAT(compare(from_one + " " + from_one).err, HasSubstr("subtract 1"));
}

// Both files agree, so only the accuracy at chance gives it away. It must be said which frame is meant.
TEST_F(CompareBadInput, FramesAreNamed) {
  const auto random = [](int i) {
    return static_cast<int>((static_cast<unsigned>(i) * 2654435761U >> 7) % 5);
  };
  const auto answers = [&](const std::string& name, const std::function<int(int)>& label,
                           const std::string& part) {
    const std::string file =
        rows(name, 700, 5, label, [&](int i) { return i % 7 == 0 ? (random(i) + 1) % 5 : random(i); });
    const ProgramResult result = compare(file + " " + file);
    expect_refused(result, kBadInput, "do not stand in the same frame");
    EXPECT_THAT(result.err, HasSubstr(part)) << name;
  };
  answers("down.jsonl", [&](int i) { return random((i + 699) % 700); }, "by 1 row");
  answers("up.jsonl", [&](int i) { return random((i + 3) % 700); }, "by 3 rows");
  answers("reverse.jsonl", [&](int i) { return random(699 - i); }, "in reverse order");
  answers("plus.jsonl", [&](int i) { return (random(i) + 1) % 5; }, "counted from another number");
  constexpr int kRenamed[] = {2, 4, 1, 0, 3};
  answers("renamed.jsonl", [&](int i) { return kRenamed[random(i)]; }, "another order of the classes");
}

}  // namespace
}  // namespace quantier::testing
