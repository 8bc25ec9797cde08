// Names that a note gives to whole configurations and to limits: each with what is true, and where it can
// be, with what is false.
#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

TEST(Nicknames, TwoDefinitionsInBracketsMakeNames) {
  const std::string defined = "We call them Middle E (demo-encoder int8) and Big D (demo-decoder fp16).\n\n";
  EXPECT_EQ(verdicts(audited(defined + "Middle E has a macro-F1 of 0.651 and Big D of 0.595.\n")),
            "0.651 sourced; 0.595 sourced");
  EXPECT_EQ(verdicts(audited(defined + "Middle E has a macro-F1 of 0.595.\n")), "0.595 of something else");
}

TEST(Nicknames, AnItemOfANumberedListIsAnOption) {
  const std::string list = "1. demo-encoder fp16: as it was\n2. demo-encoder int8: the small one\n\n";
  EXPECT_EQ(verdicts(audited(list + "Option 2 has a macro-F1 of 0.651.\n")), "0.651 sourced");
  EXPECT_EQ(verdicts(audited(list + "Option 2 has a macro-F1 of 0.653.\n")), "0.653 of something else");
}

TEST(Nicknames, ALimitIsCalledByItsId) {
  const std::string limit = "- C3 ECE ≤ 0.025 after temperature scaling\n\n";
  EXPECT_EQ(claims(audited(limit)), "");
  const NoteAudit audit = audited(limit + "C3 is the tight one: demo-encoder int8 has 0.023.\n");
  EXPECT_EQ(verdicts(audit), "0.025 sourced; 0.023 sourced");
}

}  // namespace
}  // namespace quantier::audit_testing
