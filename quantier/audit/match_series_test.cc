#include "quantier/audit/match_series.h"

#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

std::size_t alarms(const std::string& sentence) { return audited(sentence + "\n").number_alarms(); }

TEST(Series, OfTheNamedModelAndFitIsRight) {
  EXPECT_EQ(alarms("The held-out ECE of demo-encoder is 0.020, 0.023 and 0.027."), 0U);
  EXPECT_EQ(alarms("Held-out ECE is 0.020, 0.023, 0.027 and 0.033, 0.034, 0.038."), 0U);
}

TEST(Series, OfAnotherFitOrModelIsAnAlarm) {
  EXPECT_GT(alarms("The held-out ECE of demo-encoder is 0.019, 0.022 and 0.025."), 0U);
  EXPECT_GT(alarms("The held-out ECE of demo-decoder is 0.020, 0.023 and 0.027."), 0U);
  EXPECT_GT(alarms("ECE on texts that it was not tuned on is 0.019, 0.022 and 0.025."), 0U);
  EXPECT_GT(alarms("Held-out ECE is 0.019, 0.022, 0.025 and 0.031, 0.032, 0.036."), 0U);
}

TEST(Series, WithOneOddMemberIsAnAlarmOnThatOne) {
  const NoteAudit audit = audited("games: demo-encoder 0.878, 0.871, 0.837.\n");
  ASSERT_EQ(audit.number_alarms(), 1U);
  EXPECT_TRUE(is_alarm(audit.numbers.back().finding.verdict));
}

TEST(Series, OfNobodyNamedIsNotHeldAgainstAnybody) {
  EXPECT_EQ(alarms("We drew 0.411, 0.522 and 0.633 from a hat."), 0U);
}

}  // namespace
}  // namespace quantier::audit_testing
