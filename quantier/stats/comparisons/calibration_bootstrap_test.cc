#include "quantier/stats/comparisons/calibration_bootstrap.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/rng.h"
#include "quantier/stats/comparisons/analysis_fixture.h"
#include "quantier/stats/estimators/multinomial.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::size_t kExamples = 240;
constexpr std::size_t kClasses = 4;
constexpr double kOnAnEdge = -1.0;

// Overconfident answers; `noise` moves the logits a little, as a recipe would.
quantier::Run noisy_run(const std::string& recipe, double noise, double scale) {
  std::vector<std::int32_t> labels;
  Philox random(6, 1);
  Philox extra(7, 1);
  std::vector<float> logits;
  for (std::size_t i = 0; i < kExamples; ++i) {
    std::size_t best = 0;
    std::vector<double> row;
    for (std::size_t c = 0; c < kClasses; ++c) {
      row.push_back(8.0 * random.next_uniform());
      if (row[c] > row[best]) best = c;
    }
    labels.push_back(
        static_cast<std::int32_t>(random.next_uniform() < 0.6 ? best : random.next_below(kClasses)));
    for (const double value : row) {
      logits.push_back(static_cast<float>(scale * (value + noise * extra.next_uniform())));
    }
  }
  quantier::Run run = analysis_fixture::make_run("m", recipe, kClasses, labels, labels);
  run.predictions.logits = logits;
  return run;
}

double error_of(const RunView& view, const std::vector<std::size_t>& a, double on_a,
                const std::vector<std::size_t>& b, double on_b) {
  ScoredAnswers answers;
  append_scored(view.labelled(), a, on_a, answers);
  append_scored(view.labelled(), b, on_b, answers);
  // Confidences are kept in float: one that lies on the edge of a bin may fall on either side.
  for (const double confidence : answers.confidence) {
    if (std::abs(std::remainder(confidence * 15.0, 1.0)) < 1e-5) return kOnAnEdge;
  }
  return expected_calibration_error(reliability_bins(answers));
}

int compared = 0;

void expect_error(double found, double expected) {
  if (expected == kOnAnEdge) return;
  EXPECT_NEAR(found, expected, 1e-6);
  ++compared;
}

// Every replicate again, from the logits of the examples that were drawn.
TEST(CalibrationBootstrap, AgreesWithRefittingFromTheLogits) {
  const quantier::Run reference = noisy_run("fp16", 0.0, 1.0);
  const quantier::Run candidate = noisy_run("int4", 0.8, 1.3);
  AnalysisOptions options;
  options.seed = 12;
  const RunView reference_view = view_of(reference);
  const RunView view = view_of(candidate);
  const auto fitted_reference = calibrate(reference_view.labelled(), reference_view.finite_rows, 0.8);
  const auto fitted = calibrate(view.labelled(), view.finite_rows, 0.8);
  const auto before = calibration_replicates(reference_view, fitted_reference, nullptr, 100, options);
  ASSERT_TRUE(before.has_value());
  EXPECT_TRUE(before->ece_reused.empty());
  const auto after = calibration_replicates(view, fitted, &*before, 100, options);
  ASSERT_TRUE(after.has_value());
  const CellResampler resampler(std::vector<std::uint64_t>(kExamples, 1));
  std::vector<std::uint32_t> drawn(kExamples);
  for (std::size_t r = 0; r < 100; r += 9) {
    resampler.draw(12, r, drawn);
    std::vector<std::size_t> a;
    std::vector<std::size_t> b;
    for (std::size_t i = 0; i < kExamples; ++i) {
      std::vector<std::size_t>& half = i % 2 == 0 ? a : b;
      half.insert(half.end(), drawn[i], i);
    }
    std::vector<std::size_t> all = a;
    all.insert(all.end(), b.begin(), b.end());
    const double t = fit_temperature(view.labelled(), all).value;
    const double t_a = fit_temperature(view.labelled(), a).value;
    const double t_b = fit_temperature(view.labelled(), b).value;
    EXPECT_NEAR(after->temperature[r], t, 1e-6);
    EXPECT_NEAR(after->temperature_a[r], t_a, 1e-6);
    EXPECT_NEAR(after->temperature_b[r], t_b, 1e-6);
    expect_error(after->ece_raw[r], error_of(view, a, 1.0, b, 1.0));
    expect_error(after->ece_in_sample[r], error_of(view, a, t, b, t));
    expect_error(after->ece_cross[r], error_of(view, a, t_b, b, t_a));
    expect_error(after->ece_own_halves[r], error_of(view, a, t_a, b, t_b));
    expect_error(after->ece_reused[r], error_of(view, a, fit_temperature(reference_view.labelled(), b).value,
                                                b, fit_temperature(reference_view.labelled(), a).value));
  }
  EXPECT_GT(compared, 40);  // of 60
}

TEST(CalibrationBootstrap, TooFewExamplesHaveNone) {
  const quantier::Run run = analysis_fixture::make_run("m", "fp16", 2, {0, 1, 0}, {0, 1, 1});
  const RunView view = view_of(run);
  const auto fitted = calibrate(view.labelled(), view.finite_rows, 0.8);
  const auto replicates = calibration_replicates(view, fitted, nullptr, 100, {});
  ASSERT_TRUE(replicates.has_value());
  EXPECT_TRUE(replicates->ece_raw.empty());
}

TEST(CalibrationFindings, CompareResidualsReuseAndGates) {
  const std::vector<quantier::Run> runs = {noisy_run("int4", 0.8, 1.3), noisy_run("fp16", 0.0, 1.0)};
  AnalysisOptions options;
  options.replicates = 100;
  options.calibration_replicates = 200;
  options.reported_temperatures = {{"m-int4", 1.7}};
  options.temperature_recipes = {parse_temperature_recipe("lbfgs:lr=0.01,steps=50").value()};
  const auto analysis = analyze(runs, {}, options);
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  ASSERT_EQ(analysis->calibration_comparisons.size(), 1U);
  const CalibrationComparison& comparison = analysis->calibration_comparisons[0];
  const Calibration& candidate = *analysis->configurations[0].calibration;
  const Calibration& reference = *analysis->configurations[1].calibration;
  EXPECT_EQ(comparison.recipe, "int4");
  EXPECT_EQ(comparison.reference_recipe, "fp16");
  EXPECT_DOUBLE_EQ(comparison.residual_difference.value,
                   *candidate.ece_cross_fitted - *reference.ece_cross_fitted);
  EXPECT_LT(comparison.residual_difference.interval.low, comparison.residual_difference.value);
  EXPECT_GT(comparison.residual_difference.interval.high, comparison.residual_difference.value);
  EXPECT_DOUBLE_EQ(comparison.reused_temperature_a, reference.temperature_a->value);
  // 1.3 times as sharp, and read at a temperature for 1.
  EXPECT_GT(comparison.reuse_cost_nats, 0.0);
  ASSERT_EQ(comparison.gates.size(), 6U);
  for (std::size_t g = 0; g < comparison.gates.size(); ++g) {
    const GateChange& gate = comparison.gates[g];
    std::uint64_t kept = 0;
    std::uint64_t all = 0;
    std::uint64_t kept_right = 0;
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) {
        kept += gate.stays_kept[i][j] + gate.enters[i][j];
        kept_right += j == 1 ? gate.stays_kept[i][j] + gate.enters[i][j] : 0;
        all += gate.stays_kept[i][j] + gate.enters[i][j] + gate.leaves[i][j] + gate.stays_out[i][j];
      }
    }
    EXPECT_EQ(kept, candidate.gates[g].kept);
    EXPECT_EQ(kept_right, candidate.gates[g].kept_right);
    EXPECT_EQ(all, kExamples);
    EXPECT_NEAR(gate.share_difference.value, candidate.gates[g].share - reference.gates[g].share, 1e-12);
  }
  const ConfigurationFindings& findings = analysis->configurations[0];
  ASSERT_TRUE(findings.generalisation.has_value());
  EXPECT_NEAR(findings.generalisation->gap.value,
              findings.generalisation->in_sample_drop.value - findings.generalisation->held_out_drop.value,
              1e-12);
  ASSERT_TRUE(findings.temperature_interval.has_value());
  EXPECT_LT(findings.temperature_interval->low, candidate.temperature_all.value);
  EXPECT_GT(findings.temperature_interval->high, candidate.temperature_all.value);
  ASSERT_EQ(findings.temperature_readings.size(), 2U);
  EXPECT_EQ(findings.temperature_readings[0].fit, "reported");
  EXPECT_EQ(findings.temperature_readings[0].temperature, 1.7);
  EXPECT_EQ(findings.temperature_readings[1].fit, "lbfgs:lr=0.01,steps=50");
  EXPECT_LT(findings.temperature_readings[1].share_of_optimum.value_or(1.0), 0.6);
  EXPECT_EQ(analysis->configurations[1].temperature_readings.size(), 1U);

  ThreadPool pool(3);
  options.pool = &pool;
  const auto again = analyze(runs, {}, options);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->calibration_comparisons[0].reuse_cost.interval.low, comparison.reuse_cost.interval.low);
}

// 240 examples: one of them moves an error by up to 0.0083, so a margin of 0.008 is decided by one example.
TEST(CalibrationFindings, ResidualsThatOneExampleDecidesAreNotCompared) {
  const std::vector<quantier::Run> runs = {noisy_run("fp16", 0.0, 1.0), noisy_run("int4", 0.8, 1.3)};
  AnalysisOptions options;
  options.replicates = 100;
  options.calibration_replicates = 100;
  options.calibration_margin = 0.009;
  const auto enough = analyze(runs, {}, options);
  ASSERT_TRUE(enough.has_value()) << enough.error().message();
  EXPECT_EQ(enough->calibration_comparisons.size(), 1U);
  EXPECT_THAT(enough->remarks, testing::IsEmpty());
  options.calibration_margin = 0.008;
  const auto few = analyze(runs, {}, options);
  ASSERT_TRUE(few.has_value());
  EXPECT_THAT(few->calibration_comparisons, testing::IsEmpty());
  EXPECT_THAT(few->remarks, testing::ElementsAre(testing::HasSubstr("0.008 needs 250")));
  EXPECT_TRUE(few->configurations[1].generalisation.has_value());
}

}  // namespace
}  // namespace quantier::analysis_internal
