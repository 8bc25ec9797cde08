// The winner's curse, made visible: configurations that are all equally good, chosen by their luck.
#include "quantier/decide/held_out.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace quantier {
namespace {

using ::testing::HasSubstr;

constexpr double kTruth = 0.6;
constexpr int kExamples = 400;
constexpr std::size_t kConfigurations = 24;

// One split: the share of right answers among as many examples, the same truth behind all.
std::vector<Candidate> measured(std::mt19937_64& random, std::string_view prefix) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < kConfigurations; ++i) {
    int right = 0;
    for (int n = 0; n < kExamples; ++n) {
      right += static_cast<double>(random() >> 11) * 0x1p-53 < kTruth ? 1 : 0;
    }
    Candidate candidate;
    candidate.model = "model";
    candidate.recipe = fmt::format("r{}", i);
    candidate.name = "model " + candidate.recipe;
    candidate.run_key = fmt::format("{}{}", prefix, i);
    candidate.macro_f1 = static_cast<double>(right) / kExamples;
    candidate.ms_per_example = prefix == "a" ? 1.0 : 99.0;
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

Envelope by_macro_f1() {
  Envelope envelope;
  envelope.margins.macro_f1 = 0.0;
  return envelope;
}

HeldOutEvidence on_test(std::vector<Candidate> candidates) {
  return {.selected_on = "validation",
          .reported_on = "test",
          .selection_examples = kExamples,
          .examples = kExamples,
          .candidates = std::move(candidates),
          .differences = {}};
}

TEST(HeldOut, ReadsTheWinnerWithoutItsLuck) {
  std::mt19937_64 random(20260101);
  constexpr int kTrials = 200;
  double where_picked = 0.0;
  double held_out = 0.0;
  for (int trial = 0; trial < kTrials; ++trial) {
    const auto decision = decide_candidates(measured(random, "a"), {}, by_macro_f1());
    ASSERT_TRUE(decision) << decision.error().message();
    const auto held = read_held_out(*decision, on_test(measured(random, "b")));
    ASSERT_TRUE(held) << held.error().message();
    where_picked += *decision->candidates[*decision->chosen].macro_f1 / kTrials;
    held_out += held->rows[*decision->chosen].macro_f1->value / kTrials;
  }
  const double error = std::sqrt(kTruth * (1.0 - kTruth) / kExamples);
  // The best of 24 lies about two standard errors above the truth where it was picked, and nowhere else.
  EXPECT_GT(where_picked - kTruth, 1.5 * error);
  EXPECT_NEAR(held_out, kTruth, 4.0 * error / std::sqrt(kTrials));
}

TEST(HeldOut, LimitsAreCheckedThereAndCostsAreTakenOver) {
  std::mt19937_64 random(1);
  Envelope envelope = by_macro_f1();
  envelope.macro_f1_min = 0.62;
  envelope.max_ms_per_example = 2.0;
  const auto decision = decide_candidates(measured(random, "a"), {}, envelope);
  ASSERT_TRUE(decision && decision->chosen);
  std::vector<Candidate> there = measured(random, "b");
  std::ranges::reverse(there);  // found by name
  for (Candidate& candidate : there) candidate.macro_f1 = 0.60;
  there.front().macro_f1 = 0.63;
  const std::string best_there = there.front().name;
  const auto held = read_held_out(*decision, on_test(there));
  ASSERT_TRUE(held) << held.error().message();
  ASSERT_TRUE(held->would_choose);
  EXPECT_EQ(decision->candidates[*held->would_choose].name, best_there);
  for (std::size_t i = 0; i < held->rows.size(); ++i) {
    const HeldOut::Row& row = held->rows[i];
    ASSERT_EQ(row.checks.size(), decision->constraints.size());
    EXPECT_EQ(row.viable, decision->candidates[i].name == best_there);
    EXPECT_EQ(row.run_key.front(), 'b');
    for (std::size_t c = 0; c < row.checks.size(); ++c) {
      if (decision->constraints[c].kind != MetricKind::kLatency) continue;
      EXPECT_EQ(row.checks[c].value, 1.0);  // 99 ms were never measured for this decision
      EXPECT_EQ(row.checks[c].outcome, CheckOutcome::kPass);
    }
  }
}

TEST(HeldOut, AConfigurationThatNobodyMeasuredThereIsAnError) {
  std::mt19937_64 random(2);
  const auto decision = decide_candidates(measured(random, "a"), {}, by_macro_f1());
  ASSERT_TRUE(decision);
  std::vector<Candidate> there = measured(random, "b");
  there.erase(there.begin() + 3);
  const auto held = read_held_out(*decision, on_test(there));
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(held.error().message(), HasSubstr("model r3"));
}

}  // namespace
}  // namespace quantier
