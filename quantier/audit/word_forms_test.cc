#include "quantier/audit/word_forms.h"

#include <gmock/gmock.h>

namespace quantier::audit_internal {
namespace {

using ::testing::Contains;

TEST(WordForms, VerbsAndAdjectives) {
  EXPECT_THAT(verb_forms("deny"), Contains("denied"));
  EXPECT_THAT(verb_forms("slam"), Contains("slammed"));
  EXPECT_THAT(verb_forms("eat into"), Contains("eating into"));
  EXPECT_THAT(adjective_forms("dramatic"), Contains("dramatically"));
  EXPECT_THAT(adjective_forms("horrible"), Contains("horribly"));
}

}  // namespace
}  // namespace quantier::audit_internal
