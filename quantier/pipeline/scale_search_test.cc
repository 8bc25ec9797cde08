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
  double loss(std::vector<BlockCandidate> candidates) override {
    ++evaluations;
    const double scale = 1.0 / candidates.front().packed.input.multiplier.front();
    if (scale > limit_) return std::numeric_limits<double>::quiet_NaN();
    return std::abs(scale - best_);
  }
  int evaluations = 0;

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
