// Figures of a note against findings: what counts as the same number, and what an edit looks like.
#include "quantier/pipeline/verify.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/note/document.h"
#include "quantier/note/inline.h"

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Finding> findings() {
  Finding accuracy;
  accuracy.name = "encoder/int4/tail/accuracy";
  accuracy.estimate = -0.0281;
  accuracy.interval = Interval{-0.0412, -0.0119, 0.95, "Tango score"};
  accuracy.fields = {
      {"delta", {-2.81, -4.12, -1.19}, std::pair(-4.12, -1.19)}, {"flips", {11, 4, 283}}, {"p", {0.0004}}};
  Finding memory;
  memory.name = "encoder/int4/memory";
  memory.estimate = 43.24e6;
  Finding stability;
  stability.name = "decision/stability";
  stability.fields = {{"", {0.9971, 2000}}, {"nothing", {0.001}}};
  return {accuracy, memory, stability};
}

std::string link(const std::string& text, const std::string& finding, const std::string& field) {
  return fmt::format("[{}](#{})", escape_markdown(text), note_internal::anchor_of({finding, field, "", ""}));
}

VerifiedFigure verified(const std::string& text, const std::string& finding, const std::string& field = "",
                        bool same = false) {
  const auto figures = verify_figures("It is " + link(text, finding, field) + ".", findings(), same);
  EXPECT_THAT(figures, SizeIs(1));
  return figures.empty() ? VerifiedFigure{} : figures.front();
}

FigureState state(const std::string& text, const std::string& finding, const std::string& field = "") {
  return verified(text, finding, field).state;
}

constexpr const char* kTail = "encoder/int4/tail/accuracy";

TEST(VerifyFigures, AFindingRoundsToWhatIsWritten) {
  EXPECT_EQ(state("−2.8 [−4.1, −1.2]", kTail, "delta"), FigureState::kIdentical);
  EXPECT_EQ(state("−2.8", kTail, "delta"), FigureState::kIdentical);
  EXPECT_EQ(state("−0.028", kTail), FigureState::kIdentical);
  EXPECT_EQ(state("−2.8 %", kTail), FigureState::kIdentical);
  EXPECT_EQ(state("11 lost and 4 gained of 283", kTail, "flips"), FigureState::kIdentical);
  EXPECT_EQ(state("<0.001", kTail, "p"), FigureState::kIdentical);
  EXPECT_EQ(state("43.2 MB", "encoder/int4/memory"), FigureState::kIdentical);
  EXPECT_EQ(state(">99 % of 2,000", "decision/stability"), FigureState::kIdentical);
  EXPECT_EQ(state("<1 %", "decision/stability", "nothing"), FigureState::kIdentical);
}

TEST(VerifyFigures, AChangedDigitIsFoundWhereverItStands) {
  EXPECT_EQ(state("−9.8 [−4.1, −1.2]", kTail, "delta"), FigureState::kMoved);
  EXPECT_EQ(state("2.8", kTail, "delta"), FigureState::kMoved);  // a lost sign
  const VerifiedFigure bound = verified("−2.8 [−4.7, −1.2]", kTail, "delta");
  EXPECT_EQ(bound.state, FigureState::kMoved);
  EXPECT_THAT(bound.why, HasSubstr("−4.7"));
  EXPECT_EQ(state("11 lost and 5 gained of 283", kTail, "flips"), FigureState::kMoved);
  EXPECT_EQ(state("43.3 MB", "encoder/int4/memory"), FigureState::kMoved);
  EXPECT_EQ(state("43.2 GB", "encoder/int4/memory"), FigureState::kMoved);
  EXPECT_EQ(state(">99 % of 3,000", "decision/stability"), FigureState::kMoved);
  EXPECT_EQ(state("<0.0001", kTail, "p"), FigureState::kMoved);
}

TEST(VerifyFigures, AnotherReadingInsideTheIntervalIsCalledOne) {
  const VerifiedFigure figure = verified("−2.2 [−3.9, −1.0]", kTail, "delta");
  EXPECT_EQ(figure.state, FigureState::kInside);
  EXPECT_THAT(figure.now, ElementsAre(-2.81, -4.12, -1.19));
}

TEST(VerifyFigures, OfTheSameFindingsEveryOtherNumberIsAnAlteration) {
  EXPECT_EQ(verified("−2.8 [−4.1, −1.2]", kTail, "delta", true).state, FigureState::kIdentical);
  EXPECT_EQ(verified("−2.2 [−3.9, −1.0]", kTail, "delta", true).state, FigureState::kAltered);
  EXPECT_EQ(verified("−2.7", kTail, "delta", true).state, FigureState::kAltered);
  EXPECT_EQ(verified("−9.8 [−4.1, −1.2]", kTail, "delta", true).state, FigureState::kAltered);
  EXPECT_EQ(verified("eleven", kTail, "flips", true).state, FigureState::kUnknown);
}

TEST(VerifyFigures, TheKeyOfTheFindingsStandsInTheAppendix) {
  const std::string key = findings_key(findings());
  EXPECT_THAT(key, SizeIs(12));
  std::vector<Finding> others = findings();
  others.front().fields.front().numbers.front() += 1e-9;
  EXPECT_NE(findings_key(others), key);
  EXPECT_EQ(findings_key_in("| a | b |\n| Findings | " + key + " (verify) |\n"), key);
  EXPECT_EQ(findings_key_in("| Findings | none |\n"), "");
  EXPECT_EQ(findings_key_in("Findings are " + key), "");
}

TEST(VerifyFigures, WhatLeadsNowhereIsNamedAsTheNoteNamesIt) {
  const std::string anchor = note_internal::anchor_of({"other/int8/ece", "", "", ""});
  const auto figures = verify_figures(
      fmt::format("ECE [0.036](#{0}).\n\n| <a id=\"{0}\"></a>0.036 | other/int8/ece | estimate | – | – |\n",
                  anchor),
      findings(), false);
  ASSERT_THAT(figures, SizeIs(1));  // the appendix repeats the figure
  EXPECT_EQ(figures[0].state, FigureState::kUnknown);
  EXPECT_EQ(figures[0].finding, "other/int8/ece");
  EXPECT_EQ(figures[0].line, 1U);
  EXPECT_EQ(state("eleven", kTail, "flips"), FigureState::kUnknown);
  EXPECT_EQ(state("1, 2, 3 and 4", kTail, "flips"), FigureState::kUnknown);
}

TEST(VerifyFigures, AnEditInTheAppendixIsFoundToo) {
  const std::string anchor = note_internal::anchor_of({kTail, "delta", "", ""});
  const auto figures = verify_figures(
      fmt::format("[−2.8](#{0})\n| <a id=\"{0}\"></a>−2.8; −3.8 \\[−4.1, −1.2\\] | {1} | delta | – | – |\n",
                  anchor, kTail),
      findings(), false);
  ASSERT_THAT(figures, SizeIs(2));
  EXPECT_EQ(figures[0].state, FigureState::kIdentical);
  EXPECT_EQ(figures[1].state, FigureState::kInside);
  EXPECT_EQ(figures[1].line, 2U);
}

TEST(VerifyFigures, BrokenMarkdownIsNoReference) {
  for (const char* text : {"[", "[2", "[2](", "[2](#r", "[2](#x)", "[a](b) [", "\\[2](#r1234)", "\\",
                           "| <a id=\"", "| <a id=\"r1\"></a>", "[\\"}) {
    EXPECT_THAT(verify_figures(text, findings(), false).size(), ::testing::Le(1U)) << text;
  }
  EXPECT_THAT(verify_figures("plain 2.8 and [a link](page.html)", findings(), false), IsEmpty());
}

TEST(Findings, FieldsSurviveTheStore) {
  const auto read = findings_from_json(findings_to_json(findings()).dump(), "test");
  ASSERT_TRUE(read) << read.error().message();
  const auto delta = field_of((*read)[0], "delta");
  ASSERT_TRUE(delta);
  EXPECT_THAT(delta->numbers, ElementsAre(-2.81, -4.12, -1.19));
  EXPECT_EQ(delta->interval, std::pair(-4.12, -1.19));
  EXPECT_THAT(field_of((*read)[0], "")->numbers, ElementsAre(-0.0281, -0.0412, -0.0119));
  EXPECT_FALSE(field_of((*read)[0], "nothing"));
}

}  // namespace
}  // namespace quantier
