// `quantier compare`: groups of examples, a second split, and what stands beside the verdicts.
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/dataset/npz.h"
#include "tests/compare_files.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

int label_of(int i) { return i % 4; }
int mostly_right(int i) { return i % 5 == 0 ? (label_of(i) + 1) % 4 : label_of(i); }
// Loses one right answer in five, all of them where i % 3 == 1.
int loses_in_a_third(int i) { return i % 3 == 1 && i % 5 == 1 ? (label_of(i) + 2) % 4 : mostly_right(i); }

class CompareGroups : public CompareFilesTest {
 protected:
  void SetUp() override {
    CompareFilesTest::SetUp();
    reference_ = rows("a.jsonl", 600, 4, label_of, mostly_right);
    candidate_ = rows("b.jsonl", 600, 4, label_of, loses_in_a_third);
  }
  [[nodiscard]] std::string both() const { return reference_ + " " + candidate_; }

  std::string reference_;
  std::string candidate_;
};

TEST_F(CompareGroups, AColumnShowsWhereItLanded) {
  const Json json = compared(both() + " --group " + reference_ + "#third");
  ASSERT_EQ(json["comparisons"].size(), 1U);
  EXPECT_EQ(json["family_size"], 1);  // groups are not in it
  ASSERT_EQ(json["groups"].size(), 3U);
  const Json& hit = json["groups"][1];
  EXPECT_EQ(hit["column"], "third");
  EXPECT_EQ(hit["group"], "t1");
  EXPECT_EQ(hit["n"], 200);
  EXPECT_EQ(hit["right_to_wrong"], json["comparisons"][0]["right_to_wrong"]);
  EXPECT_EQ(json["groups"][0]["gross"], 0);
  EXPECT_EQ(json["groups"][2]["gross"], 0);
  // Holm over the three groups alone.
  EXPECT_DOUBLE_EQ(hit["holm_p"].get<double>(), 3.0 * hit["mid_p"].get<double>());

  const ProgramResult text = compare(both() + " --group " + reference_ + "#third");
  EXPECT_THAT(text.out, AllOf(HasSubstr("exploratory, not declared beforehand"), HasSubstr("third = t1")));
  EXPECT_THAT(compare(both()).out, Not(HasSubstr("Groups:")));
}

TEST_F(CompareGroups, AFileFromIdToGroupMayKnowMoreOrLess) {
  std::string json = "{\"elsewhere\": \"x\"";
  for (int i = 10; i < 600; ++i) json += fmt::format(", \"e{}\": {}", i, i % 2);
  const std::string groups = text_file("parity.json", json + "}");
  const ProgramResult result = compare(both() + " --json --group " + groups);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json found = parsed(result.out);
  ASSERT_EQ(found["groups"].size(), 2U);
  EXPECT_EQ(found["groups"][0]["column"], "parity");
  EXPECT_EQ(found["groups"][0]["group"], "0");
  EXPECT_EQ(found["groups"][0]["n"], 295);
  EXPECT_THAT(found["remarks"].dump(), HasSubstr("10 of 600 examples are not in"));
}

TEST_F(CompareGroups, ATableInAnotherOrderIsJoinedByIds) {
  std::string csv = "id,part\n";
  for (int i = 599; i >= 0; --i) csv += fmt::format("e{},p{}\n", i, i % 3);
  const Json by_csv = compared(both() + " --group " + text_file("meta.csv", csv) + "#part");
  const Json by_rows = compared(both() + " --group " + reference_ + "#third");
  ASSERT_EQ(by_csv["groups"].size(), 3U);
  for (std::size_t g = 0; g < 3; ++g) {
    EXPECT_EQ(by_csv["groups"][g]["right_to_wrong"], by_rows["groups"][g]["right_to_wrong"]);
  }
  // Both at once: six groups, one correction.
  const Json two =
      compared(both() + " --group " + reference_ + "#third --group " + text_file("m.csv", csv) + "#part");
  EXPECT_EQ(two["groups"].size(), 6U);
}

TEST_F(CompareGroups, WhatIsNoGroupingIsRefused) {
  expect_refused(compare(both() + " --group " + reference_ + "#colour"), kBadInput, "colour");
  expect_refused(compare(both() + " --group " + reference_), kUsage, "FILE#KEY");
  expect_refused(compare(both() + " --group " + reference_ + "#"), kUsage, "no name after '#'");
  expect_refused(compare(both() + " --group " + text_file("g.json", "{\"x\": \"y\"}")), kBadInput,
                 "knows none of the examples");
  expect_refused(compare(both() + " --group " + text_file("g.json", "{\"e1\": [1]}")), kBadInput,
                 "neither a text nor a whole number");
  expect_refused(compare(both() + " --group " + text_file("g.json", "[1]")), kBadInput, "JSON object");
  expect_refused(compare(both() + " --group " + text_file("t.csv", "truncated\nx\n") + "#truncated"),
                 kBadInput, "1 groups for 600 examples");
  const std::string twice = reference_ + "#third --group " + candidate_ + "#third";
  expect_refused(compare(both() + " --group " + twice), kUsage, "name of its own");
  EXPECT_EQ(compare(both() + " --group " + (folder_ / "absent.csv").string() + "#x").exit_code, 1);
}

TEST_F(CompareGroups, ASecondSplitTakesThePlaceOfR) {
  const std::string a = rows("a2.jsonl", 450, 4, label_of, mostly_right, "second");
  const std::string repeats = rows("b2.jsonl", 450, 4, label_of, loses_in_a_third, "second");
  const Json without = compared(both());
  EXPECT_EQ(without["comparisons"][0]["replication_from"], "computed");
  EXPECT_TRUE(without["comparisons"][0]["second_split"].is_null());
  const Json with = compared(both() + " --second " + a + " " + repeats);
  const Json& cell = with["comparisons"][0];
  EXPECT_EQ(cell["replication"], 1.0);
  EXPECT_EQ(cell["replication_from"], "second split");
  EXPECT_EQ(cell["second_split"]["n"], 450);
  EXPECT_EQ(cell["second_split"]["right_to_wrong"], 30);
  EXPECT_EQ(cell["second_split"]["repeats"], true);
  EXPECT_EQ(cell["evidence"], "established");

  // The same predictions there: nothing repeats, and the word falls back to the interval's.
  const Json failed =
      compared(both() + " --second " + a + " " + rows("d2.jsonl", 450, 4, label_of, mostly_right, "second"));
  EXPECT_EQ(failed["comparisons"][0]["replication"], 0.0);
  EXPECT_EQ(failed["comparisons"][0]["evidence"], "directional");
  const ProgramResult text = compare(both() + " --second " + a + " " + repeats + " --detail");
  EXPECT_THAT(text.out, AllOf(HasSubstr("The same on the split \"second\""), HasSubstr("repeats it"),
                              HasSubstr("classes resampled"), HasSubstr("halves of the split")));
  EXPECT_THAT(compare(both()).out, Not(HasSubstr("classes resampled")));
}

TEST_F(CompareGroups, LabelsOfTheSecondSplitMayLieElsewhere) {
  std::string csv = "id,y\n";
  for (int i = 299; i >= 0; --i) csv += fmt::format("s{},{}\n", i, label_of(i));
  std::string bare[2];
  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < 300; ++i) {
      const int answer = k == 0 ? mostly_right(i) : loses_in_a_third(i);
      bare[k] += fmt::format("{{\"id\": \"s{}\", \"logits\": [{}, {}, {}, {}]}}\n", i, answer == 0 ? 2.5 : -1,
                             answer == 1 ? 2.5 : -1, answer == 2 ? 2.5 : -1, answer == 3 ? 2.5 : -1);
    }
  }
  const std::string second =
      " --second " + text_file("s1.jsonl", bare[0]) + " " + text_file("s2.jsonl", bare[1]);
  expect_refused(compare(both() + second), kBadInput, "there are no labels");
  const Json json = compared(both() + second + " --second-labels " + text_file("y.csv", csv));
  EXPECT_EQ(json["comparisons"][0]["second_split"]["n"], 300);
}

TEST_F(CompareGroups, ASecondSplitThatIsNone) {
  expect_refused(compare(both() + " --second " + both()), kBadInput, "the second split is the first");
  expect_refused(compare(both() + " --second " + candidate_), kUsage, "one for each candidate");
  expect_refused(compare(both() + " --second-split test"), kUsage, "there is no store");
  const std::string other =
      rows("other.jsonl", 90, 3, [](int i) { return i % 3; }, [](int i) { return i % 3; });
  expect_refused(compare(both() + " --second " + other + " " + other), kBadInput, "other classes");
}

class CompareStore : public CompareFilesTest {
 protected:
  // Two recipes of one model over `examples` examples; the second loses some.
  std::string imported(const std::string& split, int examples, int shift) {
    std::vector<float> logits[2];
    std::vector<std::int64_t> labels;
    for (int i = shift; i < examples + shift; ++i) {
      labels.push_back(label_of(i));
      for (int k = 0; k < 2; ++k) {
        for (int c = 0; c < 4; ++c) {
          logits[k].push_back(c == (k == 0 ? mostly_right(i) : loses_in_a_third(i)) ? 2.5F : -0.5F);
        }
      }
    }
    const auto n = static_cast<std::uint64_t>(examples);
    const std::vector<NpyArray> arrays = {{"labels", {n}, labels},
                                          {"net_fp16_logits", {n, 4}, logits[0]},
                                          {"net_int4_logits", {n, 4}, logits[1]}};
    std::filesystem::create_directories(folder_ / split);
    EXPECT_TRUE(write_npz(folder_ / split / "predictions.npz", arrays));
    const std::string store = (folder_ / "store").string();
    const ProgramResult result =
        quantier("import " + (folder_ / split).string() + " --out " + store + " --split " + split);
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    return store;
  }
};

TEST_F(CompareStore, TheSameConfigurationsOverASecondSplit) {
  imported("validation", 600, 0);
  const std::string store = imported("test", 300, 7);
  const std::string both = "--store " + store + " \"net fp16\" \"net int4\"";
  expect_refused(compare(both), kBadInput, "names 2 runs");
  const Json json = compared(both + " --second-split test");
  EXPECT_EQ(json["examples"], 600);
  EXPECT_EQ(json["comparisons"][0]["second_split"]["split"], "test");
  EXPECT_EQ(json["comparisons"][0]["second_split"]["n"], 300);
  EXPECT_EQ(json["comparisons"][0]["replication"], 1.0);
  expect_refused(compare(both + " --second-split elsewhere"), kBadInput, "names 2 runs");
}

TEST_F(CompareStore, AReportReadsItToo) {
  imported("validation", 600, 0);
  const std::string store = imported("test", 300, 7);
  std::string groups;
  for (int i = 0; i < 600; ++i) groups += i % 3 == 1 ? "hit\n" : "spared\n";
  text_file("where.csv", "part\n" + groups);
  const auto report = [&](const std::string& analysis) {
    const std::string config =
        text_file("limits.toml",
                  "recipes = [\"fp16\", \"int4\"]\nbootstrap_replicates = 300\n"
                  "[[models]]\nname = \"net\"\npath = \"net\"\n[data]\npath = \"v.jsonl\"\n" +
                      analysis);
    return quantier("report " + store + " --json --config " + config);
  };
  const ProgramResult made = report("[analysis]\ngroups = [\"where.csv#part\"]\nsecond_split = \"test\"\n");
  ASSERT_EQ(made.exit_code, 0) << made.out << made.err;
  const Json json = parsed(made.out);
  EXPECT_EQ(json["examples"], 600);
  EXPECT_EQ(json["comparisons"][0]["second_split"]["n"], 300);
  EXPECT_EQ(json["comparisons"][0]["replication"], 1.0);
  ASSERT_EQ(json["groups"].size(), 2U);
  EXPECT_EQ(json["groups"][0]["group"], "hit");
  EXPECT_EQ(json["groups"][0]["n"], 200);
  const ProgramResult explained = quantier("explain " + store + " \"net/int4/part = hit/accuracy\"");
  EXPECT_THAT(explained.out, AllOf(HasSubstr("over a family of 2 comparisons that was added afterwards"),
                                   HasSubstr("exploratory")));
  EXPECT_THAT(quantier("explain " + store + " net/int4/all/accuracy").out,
              HasSubstr("a second split was given (test)"));
  EXPECT_THAT(quantier("explain " + store + " net/int4/weakness-by-margin").out,
              AllOf(HasSubstr("less sure half"), HasSubstr("surer half"), HasSubstr("exploratory")));

  const ProgramResult none = report("[analysis]\nsecond_split = \"elsewhere\"\n");
  EXPECT_EQ(none.exit_code, kUsage) << none.out;
  EXPECT_THAT(none.out, HasSubstr("holds no run over"));
  EXPECT_EQ(report("[analysis]\ngroups = [\"absent.json\"]\n").exit_code, 1);
}

TEST_F(CompareGroups, WeaknessIsSaidWithItsInterval) {
  const Json json = compared(both());
  ASSERT_EQ(json["weakness"].size(), 1U);
  const Json& weakness = json["weakness"][0];
  ASSERT_FALSE(weakness["unsure_minus_sure"].is_null());
  EXPECT_EQ(weakness["margin_halves"][0]["n"], 300);
  EXPECT_EQ(weakness["deciles_of_reference_margin"].size(), 10U);
  EXPECT_TRUE(weakness["delta_per_base_accuracy"].is_null());  // 4 classes
  const ProgramResult text = compare(both());
  EXPECT_THAT(text.out, HasSubstr("Where both runs are less sure"));
}

}  // namespace
}  // namespace quantier::testing
