#include "quantier/stats/comparisons/analyze.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/rng.h"
#include "quantier/stats/comparisons/analysis_fixture.h"

namespace quantier {
namespace {

using analysis_fixture::make_run;
using analysis_fixture::sample;
using testing::Contains;
using testing::HasSubstr;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

AnalysisOptions quick() {
  AnalysisOptions options;
  options.replicates = 200;
  options.seed = 5;
  return options;
}

const TierComparison* find(const Analysis& analysis, const std::string& recipe, const std::string& tier) {
  for (const TierComparison& comparison : analysis.comparisons) {
    if (comparison.recipe == recipe && comparison.tier == tier) return &comparison;
  }
  return nullptr;
}

// 3 classes; the last one has no example.
const std::vector<std::int32_t> three_labels = {0, 0, 0, 0, 1, 1, 1, 1};
const std::vector<std::int32_t> reference_answers = {0, 0, 0, 1, 1, 1, 0, 2};
const std::vector<std::int32_t> candidate_answers = {0, 0, 1, 0, 1, 2, 2, 2};
const AnalysisTiers three_tiers = {.names = {"head", "mid", "tail"}, .tier_of_class = {0, 1, 2}};

std::vector<quantier::Run> two_runs() {
  return {make_run("m", "fp16", 3, three_labels, reference_answers),
          make_run("m", "int8", 3, three_labels, candidate_answers)};
}

TEST(Analyze, CountsWhatCanBeCountedByHand) {
  AnalysisOptions options = quick();
  options.named_classes = {"class1", "class2"};
  const auto analysis = analyze(two_runs(), three_tiers, options);
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  EXPECT_EQ(analysis->examples, 8U);
  EXPECT_EQ(analysis->split, "validation");
  EXPECT_EQ(analysis->reference_recipe, "fp16");
  EXPECT_EQ(analysis->replicates, 200U);
  EXPECT_EQ(analysis->seed, 5U);
  EXPECT_EQ(analysis->tier_names, three_tiers.names);
  EXPECT_EQ(analysis->label_names.size(), 3U);

  ASSERT_EQ(analysis->configurations.size(), 2U);
  const Quality& quality = analysis->configurations[0].quality;
  EXPECT_EQ(quality.n, 8U);
  EXPECT_EQ(quality.classes_with_support, 2U);
  EXPECT_DOUBLE_EQ(quality.accuracy, 5.0 / 8.0);
  // class0: 3 right of 4 true and 4 predicted; class1: 2 right of 4 true and 3 predicted; class2: predicted
  // once.
  const double f0 = 6.0 / 8.0;
  const double f1 = 4.0 / 7.0;
  EXPECT_NEAR(quality.macro_f1, (f0 + f1) / 2.0, 1e-15);
  EXPECT_NEAR(quality.macro_f1_sklearn, (f0 + f1) / 3.0, 1e-15);
  EXPECT_TRUE(quality.macro_f1_differ);
  ASSERT_TRUE(quality.macro_f1_interval.has_value());
  EXPECT_LE(quality.macro_f1_interval->low, quality.macro_f1);
  EXPECT_GE(quality.macro_f1_interval->high, quality.macro_f1);
  ASSERT_TRUE(quality.negative_log_likelihood.has_value());
  const double right = -std::log(std::exp(3.0) / (std::exp(3.0) + 2.0));
  EXPECT_NEAR(*quality.negative_log_likelihood, (5.0 * right + 3.0 * (right + 3.0)) / 8.0, 1e-12);

  ASSERT_EQ(quality.tiers.size(), 3U);
  EXPECT_EQ(quality.tiers[0].name, "head");
  EXPECT_EQ(quality.tiers[0].n, 4U);
  EXPECT_EQ(quality.tiers[0].classes, 1U);
  EXPECT_EQ(quality.tiers[0].accuracy, 0.75);
  EXPECT_NEAR(quality.tiers[0].macro_f1.value_or(-1.0), f0, 1e-15);
  EXPECT_NEAR(quality.tiers[1].macro_f1.value_or(-1.0), f1, 1e-15);
  EXPECT_EQ(quality.tiers[2].n, 0U);
  EXPECT_FALSE(quality.tiers[2].accuracy.has_value());
  EXPECT_FALSE(quality.tiers[2].macro_f1.has_value());

  const std::vector<NamedClass>& named = analysis->configurations[0].named_classes;
  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(named[0].label_id, 1);
  EXPECT_EQ(named[0].tier, "mid");
  EXPECT_EQ(named[0].n, 4U);
  EXPECT_EQ(named[0].accuracy, 0.5);
  const double top = std::exp(3.0) / (std::exp(3.0) + 2.0);
  EXPECT_NEAR(named[0].mean_probability_true.value_or(-1.0), 0.5 * top + 0.5 * top * std::exp(-3.0), 1e-12);
  EXPECT_EQ(named[1].n, 0U);
  EXPECT_FALSE(named[1].accuracy || named[1].mean_probability_true);
}

TEST(Analyze, ComparesEveryTierWithTheReferenceInOneFamily) {
  const auto analysis = analyze(two_runs(), three_tiers, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  // all, head, mid; the tail has no example and says so.
  EXPECT_EQ(analysis->family_size, 3U);
  ASSERT_EQ(analysis->comparisons.size(), 3U);
  EXPECT_THAT(analysis->remarks, Contains(HasSubstr("tail")));
  const TierComparison* all = find(*analysis, "int8", "all");
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(all->reference_recipe, "fp16");
  EXPECT_EQ(all->run_key, "m-int8");
  EXPECT_EQ(all->reference_run_key, "m-fp16");
  EXPECT_EQ(all->n, 8U);
  EXPECT_EQ(all->classes, 2U);
  EXPECT_EQ(all->flips.right_to_wrong, 2U);
  EXPECT_EQ(all->flips.wrong_to_right, 1U);
  EXPECT_EQ(all->flips.wrong_to_wrong, 1U);
  EXPECT_DOUBLE_EQ(all->accuracy_reference, 5.0 / 8.0);
  EXPECT_DOUBLE_EQ(all->accuracy_candidate, 4.0 / 8.0);
  EXPECT_DOUBLE_EQ(all->delta, -1.0 / 8.0);
  EXPECT_LT(all->tango.low, all->delta);
  EXPECT_GT(all->tango.high, all->delta);
  EXPECT_TRUE(all->bootstrap.has_value());
  EXPECT_TRUE(all->few_flips);
  EXPECT_EQ(all->evidence, EvidenceWord::kUnresolved);
  EXPECT_EQ(all->margin, 0.01);
  const TierComparison* mid = find(*analysis, "int8", "mid");
  ASSERT_NE(mid, nullptr);
  EXPECT_EQ(mid->n, 4U);
  EXPECT_EQ(mid->flips.right_to_wrong, 1U);
  EXPECT_EQ(mid->flips.wrong_to_right, 0U);
  EXPECT_EQ(mid->flips.wrong_to_wrong, 1U);
  for (const TierComparison& comparison : analysis->comparisons) {
    EXPECT_GE(comparison.holm_p, comparison.mcnemar_mid_p);
    EXPECT_LE(comparison.holm_p, 1.0);
    EXPECT_EQ(find(*analysis, "int8", "tail"), nullptr);
  }
}

TEST(Analyze, ALargeLossIsEstablishedAndMaterialAndATinyOneIsNot) {
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> reference;
  std::vector<std::int32_t> broken;
  std::vector<std::int32_t> nearly;
  for (int i = 0; i < 4000; ++i) {
    labels.push_back(i % 4);
    reference.push_back(i % 10 == 0 ? (i + 1) % 4 : i % 4);
    broken.push_back(i % 5 == 1 ? (i + 1) % 4 : reference.back());
    nearly.push_back(i == 1 ? 2 : reference.back());
  }
  const std::vector<quantier::Run> runs = {make_run("m", "fp16", 4, labels, reference),
                                           make_run("m", "broken", 4, labels, broken),
                                           make_run("m", "nearly", 4, labels, nearly)};
  const auto analysis = analyze(runs, {}, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  EXPECT_EQ(analysis->family_size, 2U);
  const TierComparison* loss = find(*analysis, "broken", "all");
  ASSERT_NE(loss, nullptr);
  EXPECT_EQ(loss->evidence, EvidenceWord::kEstablished);
  EXPECT_EQ(loss->size, SizeWord::kMaterial);
  EXPECT_FALSE(loss->few_flips);
  EXPECT_GT(loss->replication, 0.8);
  EXPECT_LT(loss->tango.high, -0.1);
  ASSERT_TRUE(loss->bootstrap.has_value());
  EXPECT_NEAR(loss->bootstrap->low, loss->tango.low, 0.005);
  EXPECT_NEAR(loss->bootstrap->high, loss->tango.high, 0.005);
  const TierComparison* tiny = find(*analysis, "nearly", "all");
  ASSERT_NE(tiny, nullptr);
  EXPECT_EQ(tiny->evidence, EvidenceWord::kUnresolved);
  EXPECT_EQ(tiny->size, SizeWord::kNegligible);
  EXPECT_TRUE(tiny->few_flips);

  ASSERT_EQ(analysis->pair_differences.size(), 3U);
  const PairDifference& pair = analysis->pair_differences[0];
  EXPECT_EQ(pair.a, 0U);
  EXPECT_EQ(pair.b, 1U);
  EXPECT_NEAR(pair.macro_f1_difference,
              analysis->configurations[0].quality.macro_f1 - analysis->configurations[1].quality.macro_f1,
              1e-15);
  EXPECT_GT(pair.interval.low, 0.1);
  EXPECT_LT(std::abs(pair.bias), 0.01);
}

TEST(Analyze, SaysThatAModelHasNoReference) {
  std::vector<quantier::Run> runs = two_runs();
  runs.push_back(make_run("other", "int8", 3, three_labels, candidate_answers));
  // The same recipe on another device is another reference.
  runs.push_back(make_run("third", "fp16", 3, three_labels, reference_answers));
  runs.push_back(make_run("third", "int4", 3, three_labels, candidate_answers));
  runs.back().configuration.device = "cuda";
  const auto analysis = analyze(runs, {}, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  EXPECT_EQ(analysis->comparisons.size(), 1U);
  EXPECT_EQ(analysis->family_size, 1U);
  EXPECT_THAT(analysis->remarks, Contains(HasSubstr("other")));
  EXPECT_THAT(analysis->remarks, Contains(HasSubstr("third")));
  EXPECT_EQ(analysis->pair_differences.size(), 10U);
}

TEST(Analyze, RowsWithoutAnAnswerAreWrongAndNothingBecomesNaN) {
  std::vector<quantier::Run> runs = two_runs();
  // Example 0 is all NaN: class 0 must not count as answered, although argmax would name it.
  for (std::size_t c = 0; c < 3; ++c) runs[1].predictions.logits[c] = kNaN;
  // Example 4 has one NaN beside its answer.
  runs[1].predictions.logits[4 * 3 + 0] = kNaN;
  const auto analysis = analyze(runs, three_tiers, quick());
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  const ConfigurationFindings& findings = analysis->configurations[1];
  EXPECT_DOUBLE_EQ(findings.quality.accuracy, 3.0 / 8.0);
  ASSERT_TRUE(findings.calibration.has_value());
  EXPECT_EQ(findings.calibration->n, 6U);
  EXPECT_TRUE(std::isfinite(findings.calibration->ece_raw));
  EXPECT_TRUE(std::isfinite(*findings.quality.negative_log_likelihood));
  EXPECT_TRUE(std::isfinite(findings.quality.macro_f1));
  EXPECT_EQ(find(*analysis, "int8", "all")->flips.right_to_wrong, 3U);
  EXPECT_THAT(analysis->remarks, Contains(HasSubstr("2 of 8 examples")));

  for (float& logit : runs[1].predictions.logits) logit = kNaN;
  const auto broken = analyze(runs, three_tiers, quick());
  ASSERT_TRUE(broken.has_value()) << broken.error().message();
  EXPECT_EQ(broken->configurations[1].quality.accuracy, 0.0);
  EXPECT_EQ(broken->configurations[1].quality.macro_f1, 0.0);
  EXPECT_FALSE(broken->configurations[1].calibration.has_value());
  EXPECT_FALSE(broken->configurations[1].quality.negative_log_likelihood.has_value());
}

TEST(Analyze, SurvivesOneExampleAndOneClass) {
  const std::vector<quantier::Run> one = {make_run("m", "fp16", 3, {1}, {1}),
                                          make_run("m", "int8", 3, {1}, {2})};
  const auto single = analyze(one, three_tiers, quick());
  ASSERT_TRUE(single.has_value()) << single.error().message();
  EXPECT_EQ(single->configurations[0].quality.macro_f1, 1.0);
  EXPECT_EQ(single->configurations[1].quality.macro_f1, 0.0);
  EXPECT_FALSE(single->configurations[0].calibration->ece_cross_fitted.has_value());
  EXPECT_EQ(single->family_size, 2U);

  const std::vector<quantier::Run> runs = {make_run("m", "fp16", 1, {0, 0, 0}, {0, 0, 0}),
                                           make_run("m", "int8", 1, {0, 0, 0}, {0, 0, 0})};
  const auto trivial = analyze(runs, {}, quick());
  ASSERT_TRUE(trivial.has_value()) << trivial.error().message();
  EXPECT_EQ(trivial->configurations[0].quality.accuracy, 1.0);
  EXPECT_EQ(trivial->configurations[0].calibration->ece_raw, 0.0);
  EXPECT_EQ(trivial->comparisons[0].delta, 0.0);
  EXPECT_EQ(trivial->comparisons[0].evidence, EvidenceWord::kUnresolved);
  EXPECT_EQ(trivial->pair_differences[0].interval.low, 0.0);
  EXPECT_EQ(trivial->pair_differences[0].interval.high, 0.0);
}

TEST(Analyze, SummarisesTimingsMemoryAndNoise) {
  std::vector<quantier::Run> runs = two_runs();
  std::vector<TimingSample>& timings = runs[0].timings;
  timings.push_back(sample(TimingProtocol::kWorkload, 999'000'000, 32, true));
  for (int i = 1; i <= 10; ++i) {
    timings.push_back(sample(TimingProtocol::kWorkload, 32'000'000LL * i, 32));
  }
  timings.push_back(sample(TimingProtocol::kThroughput, 3'000'000, 2));
  timings.push_back(sample(TimingProtocol::kThroughput, 3'000'000, 0));
  timings.push_back(sample(TimingProtocol::kLatency, 1'000'000, 1, true));
  runs[0].memory.process_peak_bytes = 7;
  AnalysisOptions options = quick();
  options.noise_floors["m-fp16"] = {{"the same batches again", 64, 0.25, 1},
                                    {"batch 1 against batch 32", 64, std::nan(""), 64}};
  const auto analysis = analyze(runs, {}, options);
  ASSERT_TRUE(analysis.has_value()) << analysis.error().message();
  const ConfigurationFindings& findings = analysis->configurations[0];
  ASSERT_EQ(findings.latency.size(), 2U);
  EXPECT_EQ(findings.latency[0].protocol, TimingProtocol::kThroughput);
  EXPECT_EQ(findings.latency[0].samples, 1U);
  EXPECT_EQ(findings.latency[0].median_ms, 1.5);
  EXPECT_FALSE(findings.latency[0].median_interval || findings.latency[0].p50_ms);
  EXPECT_EQ(findings.latency[0].tokenize_fraction, 0.25);
  const LatencySummary& workload = findings.latency[1];
  EXPECT_EQ(workload.samples, 10U);
  EXPECT_EQ(workload.examples, 320U);
  EXPECT_EQ(workload.batch_size, 32U);
  EXPECT_EQ(workload.median_ms, 5.5);
  EXPECT_EQ(workload.min_ms, 1.0);
  EXPECT_EQ(workload.max_ms, 10.0);
  ASSERT_TRUE(workload.median_interval.has_value());
  EXPECT_EQ(workload.median_interval->low, 2.0);
  EXPECT_EQ(workload.median_interval->high, 9.0);
  EXPECT_TRUE(workload.p50_ms.has_value());
  EXPECT_FALSE(workload.p95_ms || workload.p99_ms);
  ASSERT_TRUE(findings.memory.has_value());
  EXPECT_EQ(findings.memory->process_peak_bytes, 7U);
  EXPECT_FALSE(analysis->configurations[1].memory.has_value());
  EXPECT_TRUE(analysis->configurations[1].latency.empty());

  ASSERT_EQ(analysis->noise_floor.size(), 1U);
  EXPECT_EQ(analysis->noise_floor[0].model, "m");
  EXPECT_EQ(analysis->noise_floor[0].recipe, "fp16");
  EXPECT_EQ(analysis->noise_floor[0].run_key, "m-fp16");
  EXPECT_EQ(analysis->noise_floor[0].n, 64U);
  EXPECT_EQ(analysis->noise_floor[0].flips, 1U);
  EXPECT_EQ(analysis->noise_floor[0].max_abs_logit_difference, 0.25);
  EXPECT_THAT(analysis->remarks, Contains(HasSubstr("batch 1 against batch 32")));
}

TEST(Analyze, IsTheSameWithAnyNumberOfThreads) {
  Philox random(3);
  std::vector<std::int32_t> labels;
  std::vector<std::vector<std::int32_t>> predictions(4);
  for (int i = 0; i < 500; ++i) {
    labels.push_back(static_cast<std::int32_t>(random.next_below(6)));
    for (auto& list : predictions) {
      list.push_back(random.next_below(4) == 0 ? static_cast<std::int32_t>(random.next_below(6))
                                               : labels.back());
    }
  }
  const std::vector<quantier::Run> runs = {
      make_run("a", "fp16", 6, labels, predictions[0]), make_run("a", "int8", 6, labels, predictions[1]),
      make_run("b", "fp16", 6, labels, predictions[2]), make_run("b", "int8", 6, labels, predictions[3])};
  const AnalysisTiers tiers = {.names = {"head", "tail"}, .tier_of_class = {0, 0, 1, 1, 1, -1}};
  ThreadPool three(3);
  AnalysisOptions options = quick();
  const auto one = analyze(runs, tiers, options);
  options.pool = &three;
  const auto many = analyze(runs, tiers, options);
  ASSERT_TRUE(one.has_value() && many.has_value());
  ASSERT_EQ(one->comparisons.size(), many->comparisons.size());
  for (std::size_t i = 0; i < one->comparisons.size(); ++i) {
    const TierComparison& a = one->comparisons[i];
    const TierComparison& b = many->comparisons[i];
    EXPECT_EQ(a.tier, b.tier);
    EXPECT_EQ(a.tango.low, b.tango.low);
    EXPECT_EQ(a.holm_p, b.holm_p);
    EXPECT_EQ(a.replication, b.replication);
    ASSERT_EQ(a.bootstrap.has_value(), b.bootstrap.has_value());
    EXPECT_EQ(a.bootstrap->low, b.bootstrap->low);
    EXPECT_EQ(a.bootstrap->high, b.bootstrap->high);
  }
  ASSERT_EQ(one->pair_differences.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(one->pair_differences[i].interval.low, many->pair_differences[i].interval.low);
    EXPECT_EQ(one->pair_differences[i].interval.high, many->pair_differences[i].interval.high);
    EXPECT_EQ(one->pair_differences[i].bias, many->pair_differences[i].bias);
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Quality& a = one->configurations[i].quality;
    const Quality& b = many->configurations[i].quality;
    EXPECT_EQ(a.macro_f1_interval->low, b.macro_f1_interval->low);
    EXPECT_EQ(a.macro_f1_bias, b.macro_f1_bias);
  }
}

TEST(Analyze, RefusesRunsThatCannotBeCompared) {
  const auto why = [](const std::vector<quantier::Run>& runs, const AnalysisTiers& tiers = {},
                      const AnalysisOptions& options = quick()) -> std::string {
    const auto analysis = analyze(runs, tiers, options);
    return analysis ? "accepted" : analysis.error().message();
  };
  EXPECT_THAT(why({}), HasSubstr("no run was given"));
  std::vector<quantier::Run> runs = two_runs();
  runs[1].split = "test";
  EXPECT_THAT(why(runs), HasSubstr("the split"));
  runs = two_runs();
  runs[1].predictions.labels[3] = 1;
  EXPECT_THAT(why(runs), HasSubstr("true label of example 3"));
  runs = two_runs();
  runs[1].predictions.labels.clear();
  EXPECT_THAT(why(runs), HasSubstr("no labels"));
  runs = two_runs();
  runs[1].predictions.labels[0] = 3;
  EXPECT_THAT(why(runs), HasSubstr("not a class"));
  runs[1].predictions.labels[0] = -1;
  EXPECT_THAT(why(runs), HasSubstr("not a class"));
  runs = two_runs();
  runs[1].predictions.label_names[2] = "x";
  EXPECT_THAT(why(runs), HasSubstr("label names differ"));
  runs = two_runs();
  runs[1].predictions.logits.pop_back();
  EXPECT_THAT(why(runs), HasSubstr("contradict"));
  runs = two_runs();
  runs[1].limit = 8;
  EXPECT_THAT(why(runs), HasSubstr("sample"));
  runs = two_runs();
  for (quantier::Run& run : runs) run.predictions.ids = {"a", "b", "c", "d", "e", "f", "g", "h"};
  runs[1].predictions.ids[7] = "z";
  EXPECT_THAT(why(runs), HasSubstr("ids differ"));
  EXPECT_THAT(why({two_runs()[0], make_run("m", "int8", 3, {0, 1}, {0, 1})}), HasSubstr("8 examples"));
  EXPECT_THAT(why({two_runs()[0], two_runs()[0]}), HasSubstr("stands twice"));
  EXPECT_THAT(why({make_run("m", "fp16", 3, {}, {})}), HasSubstr("0 examples"));

  EXPECT_THAT(why(two_runs(), {.names = {"head"}, .tier_of_class = {0, 0}}), HasSubstr("2 classes"));
  EXPECT_THAT(why(two_runs(), {.names = {"head"}, .tier_of_class = {0, 0, 1}}), HasSubstr("tier 1"));
  EXPECT_THAT(why(two_runs(), {.names = {"all"}, .tier_of_class = {0, 0, 0}}), HasSubstr("twice"));
  AnalysisOptions options = quick();
  options.named_classes = {"klass"};
  EXPECT_THAT(why(two_runs(), {}, options), HasSubstr("klass"));
  options = quick();
  options.replicates = 0;
  EXPECT_THAT(why(two_runs(), {}, options), HasSubstr("replicates"));
  options = quick();
  options.margin = std::nan("");
  EXPECT_THAT(why(two_runs(), {}, options), HasSubstr("margin"));
  options = quick();
  options.gate_threshold = std::nan("");
  EXPECT_THAT(why(two_runs(), {}, options), HasSubstr("threshold"));
}

TEST(Analyze, StopsWhenAskedAndReportsProgress) {
  Interrupt interrupt;
  AnalysisOptions options = quick();
  options.interrupt = &interrupt;
  std::uint64_t updates = 0;
  options.progress = [&](const ProgressUpdate& update) {
    ++updates;
    EXPECT_LE(update.done, update.total);
    EXPECT_FALSE(update.stage.empty());
  };
  ASSERT_TRUE(analyze(two_runs(), three_tiers, options).has_value());
  EXPECT_GE(updates, 3U);
  interrupt.signal = 2;
  const auto stopped = analyze(two_runs(), three_tiers, options);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().kind, ErrorKind::kInterrupted);
}

}  // namespace
}  // namespace quantier
