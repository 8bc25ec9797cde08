// Shares of resampled data by who is chosen in them: true sentences are sourced, with another number they
// contradict, and shares of something else are left alone.
#include "quantier/audit/match_choice_share.h"

#include <sstream>
#include <string>

#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {
namespace {

AuditEvidence resampled_evidence() {
  AuditEvidence evidence = small_evidence();
  evidence.same_choice_share = 0.81;
  evidence.nothing_share = 0.05;
  for (AuditConfiguration& each : evidence.configurations) {
    each.chosen_share = 0.0;
    if (each.model != "demo-encoder") continue;
    each.chosen_share = each.recipe == "int8" ? 0.81 : each.recipe == "int4" ? 0.09 : 0.05;
  }
  return evidence;
}

std::string percents(const std::string& sentence) {
  std::istringstream all(verdicts(audited("## How sure\n\n" + sentence + "\n", resampled_evidence())));
  std::string out;
  for (std::string each; std::getline(all >> std::ws, each, ';');) {
    if (each.find('%') != std::string::npos) out += (out.empty() ? "" : "; ") + each;
  }
  return out;
}

TEST(ChoiceShares, AreToldByTheWordsOfTheirClause) {
  EXPECT_EQ(
      percents("81 % of 10,000 bootstrap replicates choose the same; 9 % demo-encoder int4; in 5 % nothing "
               "passes."),
      "81 % sourced; 9 % sourced; 5 % sourced");
  EXPECT_EQ(
      percents("91 % of 10,000 bootstrap replicates choose the same; 19 % demo-encoder int4; in 15 % nothing "
               "passes."),
      "91 % contradicts; 19 % contradicts; 15 % contradicts");
  EXPECT_EQ(percents("Reshuffle the data 10,000 times: demo-encoder int8 wins 81 % of the time, int4 9 %."),
            "81 % sourced; 9 % sourced");
  EXPECT_EQ(percents("Reshuffle the data 10,000 times: demo-encoder int8 wins 97 % of the time, int4 3 %."),
            "97 % contradicts; 3 % contradicts");
}

TEST(ChoiceShares, GoOnInTheNextSentence) {
  const std::string first = "The same configuration is chosen in 81 % of 10,000 resampled data sets. ";
  EXPECT_EQ(percents(first + "The others: 9 % demo-encoder int4 and 5 % nothing."),
            "81 % sourced; 9 % sourced; 5 % sourced");
  EXPECT_EQ(percents(first + "The others: 14 % demo-encoder int4 and 5 % nothing."),
            "81 % sourced; 14 % contradicts; 5 % sourced");
}

TEST(ChoiceShares, OfSomethingElseAreLeftAlone) {
  EXPECT_THAT(percents("The choice is tight: its ECE limit is met in 82 % of resamples."),
              testing::Not(testing::HasSubstr("contradicts")));
  EXPECT_THAT(percents("Macro-F1 alone would choose the same in 60 % of resamples."),
              testing::Not(testing::HasSubstr("contradicts")));
}

}  // namespace
}  // namespace quantier::audit_testing
