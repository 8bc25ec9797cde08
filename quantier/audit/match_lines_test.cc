// What a column is of is told by its head and by its values; where the two disagree, nothing is held against
// anybody unless one thing explains all of it.
#include "quantier/audit/match_lines.h"

#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A table of all six with one more column of numbers.
std::string table(const std::string& head, const std::vector<std::string>& cells) {
  const char* names[] = {"encoder fp16", "encoder int8", "encoder int4",
                         "decoder fp16", "decoder int8", "decoder int4"};
  std::string text = "| run | " + head + " |\n|---|---|\n";
  for (std::size_t i = 0; i < cells.size(); ++i) text += fmt::format("| {} | {} |\n", names[i], cells[i]);
  return text;
}

TEST(Lines, AColumnWithAnUnknownHeadIsWhatItsValuesAre) {
  const NoteAudit audit = audited(table("zig", {"0.020", "0.023", "0.027", "0.033", "0.034", "0.038"}));
  EXPECT_EQ(audit.number_alarms(), 0U);
  EXPECT_EQ(audit.numbers_with(NumberVerdict::kSourced), 6U);
}

TEST(Lines, OneThatDoesNotFitTheOthersIsAnAlarm) {
  const NoteAudit audit = audited(table("zig", {"0.020", "0.023", "0.027", "0.033", "0.043", "0.038"}));
  ASSERT_EQ(audit.number_alarms(), 1U);
  EXPECT_EQ(audit.numbers[4].finding.verdict, NumberVerdict::kContradicts);
}

TEST(Lines, AHeadThatWasReadWronglyIsHeldAgainstNobody) {
  // Of something that the evidence does not have, under a head that sounds like accuracy.
  const NoteAudit audit =
      audited(table("acc. on held-back mails", {"0.711", "0.722", "0.733", "0.744", "0.755", "0.766"}));
  EXPECT_EQ(audit.number_alarms(), 0U);
}

TEST(Lines, AColumnUnderTheHeadOfAnotherFitIsAnAlarm) {
  EXPECT_GT(audited(table("ECE, cross-fitted", {"0.019", "0.022", "0.025", "0.031", "0.032", "0.036"}))
                .number_alarms(),
            3U);
}

TEST(Lines, AColumnInAnotherUnitIsAnAlarmAndOneWithoutIsRead) {
  EXPECT_GT(audited(table("time, µs/text", {"2.70", "1.10", "3.30", "3.90", "2.20", "5.10"})).number_alarms(),
            3U);
  EXPECT_EQ(audited(table("RSS", {"41.1", "29.8", "23.7", "55.3", "39.1", "31.5"})).number_alarms(), 0U);
}

TEST(Lines, AColumnOfTheLowerEndsHoldsNothingElse) {
  const std::string head = "| change, points | tail | tail_lo | tail_hi |\n|---|---|---|---|\n";
  const std::string right = verdicts(audited(head + "| encoder int4 | −0.6 | −2.1 | 0.7 |\n"));
  EXPECT_THAT(right, Not(HasSubstr("contradicts")));
}

TEST(Lines, LinesOfCellsAreRowsAndACellOverAllColumnsIsTheirHead) {
  const auto note = [](const std::string& games) {
    return "<p>Order: fp16 / int8 / int4.</p><table><tr><th>encoder</th><th>decoder</th></tr>"
           "<tr><td colspan='2'>Macro-F1</td></tr><tr><td>0.653 / 0.651 / 0.649. All fit.</td><td>0.595 / "
           "0.593 / "
           "0.591. fp16 is heavy.</td></tr><tr><td colspan='2'>Classes</td></tr>"
           "<tr><td>games " +
           games + "<br>other 1</td><td>games 0.898 / 0.894 / 0.888<br>other 2</td></tr></table>";
  };
  const auto look = [](const std::string& html) {
    const auto read = parse_note(html, NoteFormat::kHtml, "note.html");
    const auto tables = audit_tables();
    const auto audit = audit_note(*read, small_evidence(), *tables);
    return audit->number_alarms();
  };
  EXPECT_EQ(look(note("0.878 / 0.871 / 0.867")), 0U);
  EXPECT_GT(look(note("0.898 / 0.894 / 0.888")), 0U);
}

}  // namespace
}  // namespace quantier::audit_testing
