// Pairs of a true statement and a false one of confidence, of limits told once more, of load, of multiples
// put elsewhere and of who comes second; and statements that raised an alarm once, though they are true.
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/audit/sentence_pairs.h"

namespace quantier::audit_testing {
namespace {

using testing::IsEmpty;
using testing::Not;

// With fitted temperatures, paired differences between precisions, a share of resampled data and a gate.
AuditEvidence wide_evidence() {
  AuditEvidence evidence = pair_evidence();
  evidence.runner_up = "demo-encoder int4";
  const auto put = [&](const char* model, const char* recipe, const char* metric, double value,
                       FactUnit unit) -> Fact& {
    Fact fact;
    fact.id = fmt::format("{}/{}/{}", model, recipe, metric);
    fact.metric = metric;
    fact.model = model;
    fact.recipe = recipe;
    fact.unit = unit;
    fact.value = value;
    return evidence.facts.emplace_back(std::move(fact));
  };
  for (const char* recipe : {"fp16", "int8", "int4"}) {
    put("demo-encoder", recipe, "temperature", 2.10, FactUnit::kPlain);
    put("demo-decoder", recipe, "temperature", 1.79, FactUnit::kPlain);
  }
  const auto between = [&](const char* model, const char* other, FactRole role, double value) {
    Fact& fact = put(model, "int8", "macro_f1_difference", value, FactUnit::kFraction);
    fact.against_model = model;
    fact.against_recipe = other;
    fact.role = role;
    fact.difference = true;
  };
  for (const char* model : {"demo-encoder", "demo-decoder"}) {
    between(model, "int4", FactRole::kValue, 0.002);
    between(model, "int4", FactRole::kLow, -0.004);
    between(model, "int4", FactRole::kHigh, 0.011);
  }
  put("demo-encoder", "int8", "resampled_share", 0.82, FactUnit::kFraction).monte_carlo_sd = 0.004;
  put("demo-encoder", "int8", "gate_share", 0.704, FactUnit::kFraction);
  put("demo-encoder", "int8", "gate_accuracy", 0.942, FactUnit::kFraction);
  Fact& size = put("demo-encoder", "int8", "class_n", 22, FactUnit::kCount);
  size.label = "games";
  size.tier = "head";
  return evidence;
}

std::string raised_widely(const std::string& text) { return raised(text, wide_evidence()); }

constexpr SentencePair kPairs[] = {
    {"Out of the box both models are overconfident.", "Out of the box both models are underconfident."},
    {"Temperature scaling lowers the ECE of demo-encoder int8.",
     "Temperature scaling raises the ECE of demo-encoder int8."},
    {"Memory is limited to at most 50 MB.", "Memory is limited to at most 50 GB."},
    {"Latency has to be at most 5 ms per text.", "Latency has to be at least 5 ms per text."},
    {"Runner-up: demo-encoder int4.", "Runner-up: demo-decoder int4."},
    {"On macro-F1 demo-encoder int8 and demo-encoder int4 cannot be told apart.",
     "On macro-F1 demo-encoder int8 is clearly better than demo-encoder int4."},
    {"A load test was not run, so 900 texts a second are an upper bound.",
     "Under sustained load we measured 900 texts a second."},
    {"demo-encoder int8 is 2.45 times as fast as fp16 on this server.",
     "demo-encoder int8 is 2.45 times as fast as fp16, on a GPU as on our CPU."},
    {"Lin et al. (2024) report more than three times the speed for language models; that is not our case.",
     "Lin et al. (2024) report more than three times the speed, so our encoder would be three times as "
     "fast."},
    {"demo-decoder fp16 minus demo-encoder fp16 is -0.058 in macro-F1.",
     "demo-decoder fp16 minus demo-encoder fp16 is +0.058 in macro-F1."},
    {"games is in the head.", "games is in the tail."},
};

TEST(SentencesOfFifthReading, AreToldApart) {
  for (const SentencePair& pair : kPairs) {
    EXPECT_THAT(raised_widely(pair.right), IsEmpty()) << pair.right;
    EXPECT_THAT(raised_widely(pair.wrong), Not(IsEmpty())) << pair.wrong;
  }
}

TEST(SentencesOfFifthReading, OthersRaiseNothing) {
  constexpr std::array kTrue = {
      "In 18 % of the resamples demo-encoder int8 misses the ECE limit.",
      "demo-encoder int8 answers 70.4 % by itself; right are 94.2 % of those.",
      "One text of games is 4.5 points.",
      "A colleague says int8 is slower than fp16.",
      "In a student's notebook on a T4, int8 took 5.80 ms and fp16 2.31 ms; that is her measurement.",
      "Memory limit down to 30 MB → demo-encoder int4.",
      "The encoder's -0.6 in the tail at int4 rests on nine answers.",
  };
  for (const char* text : kTrue) EXPECT_THAT(raised_widely(text), IsEmpty()) << text;
}

TEST(SentencesOfFifthReading, APrintedTableMayHaveALineAboveItsHeadAndALabelForSeveralRows) {
  const std::string table =
      "```\n"
      "change of accuracy against fp16, points\n"
      "                   tier   change   95 % interval    lost  gained\n"
      "demo-encoder int8  head     -0.1   -0.3 to +0.2       12       9\n"
      "                   tail     +0.2   -0.8 to +1.3        2       3\n"
      "demo-encoder int4  head     +0.4   -0.3 to +1.2       15      27\n"
      "                   tail     -0.6   -2.1 to +0.7        6       3\n"
      "```\n";
  EXPECT_THAT(raised_widely(table), IsEmpty());
  std::string wrong = table;
  wrong.replace(wrong.find("+0.4"), 4, "+0.9");
  EXPECT_THAT(raised_widely(wrong), Not(IsEmpty()));
}

}  // namespace
}  // namespace quantier::audit_testing
