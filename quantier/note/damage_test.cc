// Classes, flips, support and concentration: what the damage section says of them, and what it does not.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/note/damage_words.h"
#include "quantier/note/document.h"
#include "quantier/note/figures.h"

namespace quantier::note_internal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

NoteInput classes_note() {
  NoteInput input;
  input.tier_names = {"head", "tail"};
  input.flips = {{"enc", "int8", "fp16", 100, {{0, 0}, {0, 0}}, {{0, 0}, {0, 0}}, {{0, 0}, {0, 0}}, "e8"},
                 {"enc", "int4", "fp16", 100, {{3, 1}, {5, 0}}, {{2, 0}, {1, 0}}, {{0, 0}, {4, 0}}, "e4"}};
  input.error_landing = {{"enc", "fp16", {{8, 2, 0}, {9, 3, 0}, {0, 0, 0}}, "e16"},
                         {"enc", "int4", {{9, 2, 0}, {10, 1, 1}, {0, 0, 0}}, "e4"}};
  input.confused = {{"enc", "int4", "fp16", "a", "b", 12, 12, "e4"},
                    {"enc", "int4", "fp16", "c", "d", 9, 4, "e4"}};
  return input;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(DamageWords, FlipsAndWhereErrorsLand) {
  const NoteInput input = classes_note();
  EXPECT_EQ(flips_sentence(input),
            "Most answers change in enc int4: 16 of 100, 9 from right to wrong, 3 from wrong to right and 4 "
            "from one wrong answer to another; between tiers most go from tail to head (10).");
  EXPECT_EQ(
      landing_sentence(input),
      "Where errors in tail land: enc answers mostly with head (9 of 12 at fp16 and 10 of 12 at int4).");
  EXPECT_EQ(confusion_sentence(input),
            "Of the frequent confusions c taken for d changes most (enc int4): 9 before, 4 after.");
  EXPECT_EQ(flips_sentence({}), "");
  EXPECT_EQ(landing_sentence({}), "");
  EXPECT_EQ(confusion_sentence({}), "");
}

TEST(DamageWords, ConcentratedOnlyWhereTheVerdictSaysSo) {
  NoteInput input;
  NoteWeakness row;
  row.model = "enc";
  row.recipe = "int4";
  row.by_margin = {-0.02, -0.03, -0.01, "unresolved"};  // whatever the numbers look like
  input.weakness = {row};
  EXPECT_EQ(concentration_sentence(input),
            "Less sure answers against surer ones: not resolved in the one comparison.");
  input.weakness.push_back(row);
  input.weakness[0].by_margin->word = "concentrated in the weak";
  EXPECT_EQ(
      concentration_sentence(input),
      "Less sure answers against surer ones: damage is concentrated in the weak for enc int4 (−2.0 points "
      "[−3.0, −1.0]); not resolved for 1 more. Each interval stands alone, not corrected for their "
      "number.");
  input.weakness[0].few_flips = true;
  EXPECT_THAT(concentration_sentence(input), Not(HasSubstr("concentrated")));
  EXPECT_EQ(concentration_sentence({}), "");
}

TEST(DamageWords, ZeroClassesAndSupport) {
  NoteInput input;
  input.zero_classes = {{"enc", "int4", "fp16", {}, {}, "e4"}};
  EXPECT_EQ(zero_sentence(input), "No class falls to an F1 of zero or rises from it.");
  input.zero_classes[0].fell = {{"a", 1}, {"b", 2}, {"c", 1}, {"d", 3}, {"e", 1}};
  EXPECT_EQ(zero_sentence(input),
            "F1 falls to zero in enc int4: a (n = 1), b (n = 2), c (n = 1), d (n = 3) and 1 more.");
  EXPECT_EQ(zero_sentence({}), "");
  input.support = {{"enc", "fp16", 1, 2, 2, 0.1, 0.05, "e16"},
                   {"enc", "fp16", 4, 5, 12, 0.25, 0.4, "e16"},
                   {"enc", "int4", 4, 5, 12, 0.25, 0.6, "e4"}};
  EXPECT_EQ(
      support_sentence(input),
      "How little macro-F1 rests on: 5 classes with at most 4 examples each (12 together) make up 25 % of "
      "the average and 40 to 60 % of its sampling variance.");
  input.support = {{"enc", "fp16", 4, 0, 0, 0.0, 0.0, "e16"}};
  EXPECT_EQ(support_sentence(input), "Every class with examples has more than 4 of them.");
}

TEST(DamageWords, TierMacroF1NamesWhatIsResolved) {
  NoteInput input;
  input.tier_f1 = {
      {"enc", "fp16", "tail", 50, 5, 0.4, 0.3, 0.5, {}, "e16"},
      {"enc", "int4", "tail", 50, 5, 0.3, 0.2, 0.4, NoteTierF1::Difference{-0.1, -0.2, -0.05}, "e4"},
      {"enc", "int4", "head", 90, 5, 0.7, 0.6, 0.8, NoteTierF1::Difference{0.01, -0.02, 0.04}, "e4"}};
  EXPECT_THAT(tier_f1_sentence(input), AllOf(HasSubstr("for enc int4 tail (−0.100 [−0.200, −0.050]);"),
                                             HasSubstr("not corrected for there being 2")));
  input.tier_f1.erase(input.tier_f1.begin() + 1);
  EXPECT_THAT(tier_f1_sentence(input), HasSubstr("none of 1 paired differences leaves out zero"));
  EXPECT_EQ(tier_f1_sentence({}), "");
}

TEST(DamageWords, OnlyResolvedFindingsAreAskedToSurvive) {
  NoteInput input;
  input.tier_deltas = {
      {"enc", "int4", "fp16", "head", 500, -0.02, -0.03, -0.01, 20, 4, "established", "material", "e4"},
      {"enc", "int4", "fp16", "tail", 50, 0.02, -0.03, 0.04, 2, 3, "unresolved", "undetermined", "e4"}};
  for (NoteTierDelta& delta : input.tier_deltas) delta.half_splits_agree = 0.97;
  EXPECT_EQ(
      survival_sentence(input),
      "Cut into halves at random, both halves show the sign of the whole in 97 % of the cuts for enc int4 "
      "head.");
  input.tier_deltas[0].second_split = {"test", 480, -0.01, 11, 6, false};
  EXPECT_EQ(
      survival_sentence(input),
      "On a second split (test), these do not: enc int4 head (−1.0 points, 11 lost and 6 gained of 480).");
  input.tier_deltas[0].second_split->repeats = true;
  EXPECT_THAT(survival_sentence(input), HasSubstr("these show again: enc int4 head"));
}

TEST(DamageWords, GroupsAreCalledExploratory) {
  NoteInput input;
  input.groups = {
      {"enc", "int4", "fp16", "source", "web", 80, -0.1, -0.2, -0.02, 9, 1, 0.03, "directional", "e4"}};
  EXPECT_EQ(
      groups_sentence(input),
      "Exploratory, outside the declared comparisons, grouped by source: enc int4 in source = web (−10.0 "
      "points, 9 lost and 1 gained of 80, directional).");
  input.groups[0].verdict = "unresolved";
  EXPECT_THAT(groups_sentence(input), HasSubstr("nothing is resolved in 1 comparisons"));
}

TEST(DamageTables, StandInTheAppendixAndFillEveryColumn) {
  NoteInput input = classes_note();
  input.support = {{"enc", "fp16", 1, 2, 2, 0.1, 0.05, "e16"}, {"enc", "fp16", 2, 3, 4, 0.2, {}, "e16"}};
  input.zero_classes = {{"enc", "int4", "fp16", {{"a", 1}}, {}, "e4"}};
  Blocks blocks;
  damage_tables(input, blocks);
  ASSERT_EQ(blocks.size(), 5U);  // a heading and four tables
  std::vector<std::string> first_cells;
  for (const NoteBlock& block : blocks) {
    const auto* table = std::get_if<NoteTable>(&block);
    if (table == nullptr) continue;
    first_cells.push_back(table->rows[0].back());
    for (const auto& row : table->rows) EXPECT_EQ(row.size(), table->header.size()) << table->caption;
  }
  EXPECT_THAT(first_cells, ElementsAre("–", "–", "0", "12"));  // zero, support, landing, confused
  Blocks none;
  damage_tables({}, none);
  EXPECT_THAT(none, IsEmpty());
}

TEST(Figures, FlipMatricesCountEveryCell) {
  const NoteInput input = classes_note();
  EXPECT_TRUE(has_flips(input.flips));
  EXPECT_FALSE(has_flips({input.flips[0]}));
  const std::string svg = flip_svg(input.flips, {"head", "<tail>"});
  EXPECT_THAT(svg, HasSubstr("enc int8 against fp16: no answer of 100 changed"));
  EXPECT_THAT(svg, HasSubstr("enc int4 against fp16: 16 of 100 answers changed"));
  EXPECT_THAT(svg, AllOf(HasSubstr("right to wrong: 9"), HasSubstr("wrong to right: 3"),
                         HasSubstr("wrong to another wrong: 4")));
  EXPECT_THAT(svg, AllOf(HasSubstr("&lt;tail&gt;"), Not(HasSubstr("<tail>"))));
  EXPECT_EQ(occurrences(svg, "<rect"), 12U);  // three matrices of two by two
  EXPECT_EQ(occurrences(svg, ">·<"), 6U);
  EXPECT_THAT(svg, Not(HasSubstr(">none<")));
}

TEST(Figures, FlipsWithoutTiersAndOutsideOfThem) {
  const std::vector<NoteFlips> flips = {{"", "b", "a", 10, {{2}}, {{1}}, {{0}}, "k"}};
  const std::string without = flip_svg(flips, {});
  EXPECT_THAT(without, HasSubstr("b against a: 3 of 10"));
  EXPECT_EQ(occurrences(without, "<rect"), 3U);
  const std::vector<NoteFlips> outside = {
      {"m", "b", "a", 10, {{0, 2}, {0, 0}}, {{0, 0}, {0, 0}}, {{0, 0}, {0, 0}}, "k"}};
  EXPECT_THAT(flip_svg(outside, {"a tier with a long name…"}),
              AllOf(HasSubstr(">none<"), HasSubstr("a tier with a…")));
}

TEST(Figures, TrajectoriesDrawIntervalsAndLeaveGaps) {
  std::vector<NoteNamedClass> rows = {{"m", "fp16", "a", "tail", 20, 0.5, 0.4, "k", 0.3, 0.7},
                                      {"m", "int8", "a", "tail", 20, {}, {}, "k", {}, {}},
                                      {"m", "int4", "a", "tail", 20, 0.6, 0.5, "k", 0.4, 0.8}};
  const std::string svg = trajectory_svg(rows);
  EXPECT_THAT(svg, AllOf(HasSubstr("a (tail, n = 20)"), HasSubstr("m: accuracy, 95 % interval")));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_EQ(occurrences(svg, "<circle"), 5U);    // the legend, and two values twice
  EXPECT_EQ(occurrences(svg, "<polyline"), 4U);  // two pieces twice: nothing bridges the gap
  for (int i = 0; i < 9; ++i) {
    rows.push_back({"m", "fp16", "class " + std::to_string(i), "", 3, 1.0, 0.9, "k"});
  }
  EXPECT_EQ(trajectory_classes(rows).size(), 8U);
  EXPECT_THAT(trajectory_svg(rows), AllOf(HasSubstr("class 6 (n = 3)"), Not(HasSubstr("class 7"))));
}

TEST(Figures, LongNamesOfRecipesAreTurned) {
  const std::vector<NoteNamedClass> rows = {
      {"", "predictions of the first engine", "a", "", 20, 0.5, 0.4, "k"},
      {"", "predictions of the second engine", "a", "", 20, 0.5, 0.4, "k"},
      {"", "predictions of the third engine", "a", "", 20, 0.5, 0.4, "k"}};
  EXPECT_THAT(trajectory_svg(rows), HasSubstr("rotate(-30"));
}

TEST(Imported, CostsAreStatedAndNotMeasured) {
  NoteInput input;
  Candidate candidate;
  candidate.name = "enc int4";
  candidate.model = "enc";
  candidate.recipe = "int4";
  input.decision = decide_candidates({candidate}, {}, Envelope{}).value_or(Decision{});
  NoteCost cost;
  cost.model = "enc";
  cost.recipe = "int4";
  cost.imported = true;
  cost.workload_ms = 3.19;
  cost.device_peak_bytes = 620e6;
  input.cost = {cost};
  const std::string text = summary_table(input);
  EXPECT_THAT(text, AllOf(HasSubstr("3.19*"), HasSubstr("620.0*"), HasSubstr("not measured here"),
                          Not(HasSubstr("p50"))));
  const std::string markdown = render_markdown(build_note(input));
  EXPECT_THAT(markdown, AllOf(HasSubstr("nothing was measured here"), HasSubstr("| 3.190 | 620.0 MB |"),
                              Not(HasSubstr("batch 1: p50"))));
  input.cost[0].workload_ms.reset();
  input.cost[0].device_peak_bytes.reset();
  EXPECT_THAT(summary_table(input),
              AllOf(HasSubstr("count only for a declared device"), Not(HasSubstr("*"))));
}

TEST(Imported, ARecommendationWithoutTimesReadsWell) {
  Candidate candidate;
  candidate.name = "enc int4";
  candidate.macro_f1 = 0.5;
  candidate.ece = 0.02;
  const auto decision = decide_candidates({candidate}, {}, Envelope{});
  ASSERT_TRUE(decision);
  EXPECT_THAT(
      decision_summary(*decision),
      HasSubstr("Recommendation: enc int4, with macro-F1 0.500 and ECE 0.020 after temperature scaling; "
                "not measured: time and memory.\n"));
}

}  // namespace
}  // namespace quantier::note_internal
