// The search over scales with a block whose loss is known.
#include "quantier/pipeline/scale_search.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace quantier {
namespace {

// Least where the first scale is `best`; every candidate overflows beyond `limit`.
class Valley final : public BlockEval {
 public:
  Valley(double best, double limit) : best_(best), limit_(limit) {}
  double loss(std::vector<BlockCandidate> candidates, BlockRows rows) override {
    ++(rows == BlockRows::kAll ? evaluations : first_evaluations);
    const double scale = 1.0 / candidates.front().packed.input.multiplier.front();
    if (scale > limit_) return std::numeric_limits<double>::quiet_NaN();
    // The first rows like slightly larger scales.
    return std::abs(scale - best_ - (rows == BlockRows::kAll ? 0.0 : 0.5));
  }
  int evaluations = 0;
  int first_evaluations = 0;

 private:
  double best_;
  double limit_;
};

ScaleSearch by_exponent() {
  ScaleSearch search;
  search.alphas = {0.25F, 0.5F, 0.75F};
  search.scales = [](float alpha) { return std::vector<float>{std::pow(16.0F, alpha)}; };
  search.candidates = [](const std::vector<float>& scales) -> Result<std::vector<BlockCandidate>> {
    std::vector<BlockCandidate> candidates(1);
    candidates[0].packed.input.multiplier = {1.0F / scales[0]};
    return candidates;
  };
  return search;
}

TEST(ScaleSearch, TakesTheLeastLossAndTriesNoScalesToo) {
  Valley valley(4.1, 100);
  const auto found = search_scales(by_exponent(), 1, valley);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->alpha, 0.5F);
  EXPECT_FLOAT_EQ(found->scales.front(), 4.0F);
  EXPECT_EQ(valley.evaluations, 4);
  Valley flat(1.0, 100);
  const auto none = search_scales(by_exponent(), 1, flat);
  EXPECT_FALSE(none->alpha.has_value());
  EXPECT_EQ(none->scales, std::vector<float>{1.0F});
}

TEST(ScaleSearch, FinalistsOfTheFirstRowsAreTriedOnAll) {
  ScaleSearch search = by_exponent();
  search.finalists = 2;
  // 4.1 + 0.5 is nearest to 4 and then 2; 8 overflows.
  Valley valley(4.1, 5);
  const auto found = search_scales(search, 1, valley);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->alpha, 0.5F);
  EXPECT_EQ(valley.first_evaluations, 3);
  EXPECT_EQ(valley.evaluations, 3);  // two finalists, and no scales
  // The first rows and all disagree about 2 and 4: what all say counts.
  Valley between(2.9, 100);
  EXPECT_EQ(search_scales(search, 1, between)->alpha, 0.25F);
}

TEST(ScaleSearch, OverflowIsNeverChosenAndAllOfItIsAnError) {
  Valley valley(8.0, 3.0);
  EXPECT_EQ(search_scales(by_exponent(), 1, valley)->alpha, 0.25F);
  Valley nothing(8.0, 0.5);
  const auto refused = search_scales(by_exponent(), 1, nothing);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUserInput);
}

}  // namespace
}  // namespace quantier
