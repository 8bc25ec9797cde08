#include "quantier/stats/comparisons/paired_counts.h"

#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/json.h"

namespace quantier::analysis_internal {
namespace {

TEST(PairedCounts, AgreeWithScipyAndStatsmodels) {
  const auto golden = read_json_file(QUANTIER_SOURCE_DIR "/testdata/stats/paired_counts.json");
  ASSERT_TRUE(golden.has_value()) << golden.error().message();
  ASSERT_GE(golden->at("cases").size(), 10U);
  for (const Json& example : golden->at("cases")) {
    const PairedCounts counts{example.at("n").get<std::uint64_t>(), example.at("lost").get<std::uint64_t>(),
                              example.at("gained").get<std::uint64_t>()};
    SCOPED_TRACE(example.dump());
    const Interval tango = tango_score_interval(counts);
    EXPECT_NEAR(tango.low, example.at("tango").at(0).get<double>(), 1e-10);
    EXPECT_NEAR(tango.high, example.at("tango").at(1).get<double>(), 1e-10);
    EXPECT_NEAR(mcnemar_mid_p_value(counts.lost, counts.gained), example.at("mid_p").get<double>(), 1e-11);
    EXPECT_NEAR(replication_probability(counts), example.at("replication").get<double>(), 1e-8);
    // The golden draws two million times; a percentile may fall one example beside the exact one.
    const Interval bootstrap = exact_bootstrap_interval(counts);
    const double one = 1.0 / static_cast<double>(counts.n);
    EXPECT_NEAR(bootstrap.low, example.at("bootstrap").at(0).get<double>(), 1.01 * one);
    EXPECT_NEAR(bootstrap.high, example.at("bootstrap").at(1).get<double>(), 1.01 * one);
    const auto detectable = smallest_detectable_difference(counts);
    ASSERT_EQ(detectable.has_value(), !example.at("detectable").is_null());
    if (detectable) {
      EXPECT_NEAR(*detectable, example.at("detectable").get<double>(), 1e-10);
    }
  }
  const auto p_values = golden->at("holm").at("p").get<std::vector<double>>();
  const auto expected = golden->at("holm").at("adjusted").get<std::vector<double>>();
  const std::vector<double> adjusted = holm_adjusted(p_values);
  ASSERT_EQ(adjusted.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
  EXPECT_TRUE(holm_adjusted({}).empty());
}

TEST(PairedCounts, TangoAgreesWithAPublishedExample) {
  // Airway hyper-responsiveness, 21 children: Fagerland, Lydersen, Laake, Statistics in Medicine 2014.
  const Interval interval = tango_score_interval({21, 7, 1});
  EXPECT_NEAR(interval.low, -0.517, 5e-4);
  EXPECT_NEAR(interval.high, -0.026, 5e-4);
}

TEST(PairedCounts, MirrorWhenTheRunsSwap) {
  const PairedCounts there{500, 12, 3};
  const PairedCounts back{500, 3, 12};
  EXPECT_NEAR(tango_score_interval(there).low, -tango_score_interval(back).high, 1e-12);
  EXPECT_NEAR(exact_bootstrap_interval(there).low, -exact_bootstrap_interval(back).high, 1e-12);
  EXPECT_EQ(mcnemar_mid_p_value(12, 3), mcnemar_mid_p_value(3, 12));
  EXPECT_NEAR(replication_probability(there), replication_probability(back), 1e-12);
}

TEST(PairedCounts, AtTheEdges) {
  const PairedCounts lost_all{20, 20, 0};
  EXPECT_EQ(tango_score_interval(lost_all).low, -1.0);
  EXPECT_LT(tango_score_interval(lost_all).high, -0.5);
  EXPECT_EQ(exact_bootstrap_interval(lost_all).high, -1.0);
  EXPECT_GT(replication_probability(lost_all), 0.99);
  const PairedCounts nothing{20, 0, 0};
  // Without any flip the score interval still is not a point: 20 examples say only so much.
  EXPECT_NEAR(tango_score_interval(nothing).high, 3.8414588 / (20.0 + 3.8414588), 1e-6);
  EXPECT_EQ(exact_bootstrap_interval(nothing).high, 0.0);
  EXPECT_EQ(mcnemar_mid_p_value(0, 0), 1.0);
  EXPECT_EQ(replication_probability(nothing), 0.0);
  EXPECT_FALSE(smallest_detectable_difference({20, 2, 2}).has_value());
  EXPECT_TRUE(smallest_detectable_difference({20, 3, 2}).has_value());
}

TEST(PairedCounts, ManyExamplesStayFastAndFinite) {
  const auto start = std::chrono::steady_clock::now();
  const PairedCounts counts{1'000'000, 60'000, 59'000};
  const Interval tango = tango_score_interval(counts);
  const double deviation = 1.96 * std::sqrt(119'000.0) / 1e6;
  EXPECT_NEAR(tango.low, counts.difference() - deviation, 2e-6);
  const Interval bootstrap = exact_bootstrap_interval(counts);
  EXPECT_NEAR(bootstrap.low, counts.difference() - deviation, 1e-5);
  EXPECT_NEAR(bootstrap.high, counts.difference() + deviation, 1e-5);
  EXPECT_NEAR(mcnemar_mid_p_value(counts.lost, counts.gained), std::erfc(1000.0 / std::sqrt(119'000.0 * 2.0)),
              1e-4);
  const double replication = replication_probability(counts);
  EXPECT_TRUE(replication > 0.5 && replication < 0.95) << replication;
  EXPECT_TRUE(smallest_detectable_difference(counts).has_value());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace quantier::analysis_internal
