// Sixteen rows at once against I4Grid, one number at a time: codes, points and changes are the same to the
// bit.
#include "quantier/quantize/lane_grid.h"

#include <array>
#include <bit>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

// Ordinary grids, one without extent, one whose points are subnormal halves, one whose points reach the
// largest half.
std::array<I4Grid, kTileRows> grids() {
  Philox rng(5, 1);
  std::array<I4Grid, kTileRows> all;
  for (std::size_t lane = 0; lane < kTileRows; ++lane) {
    all[lane].scale_bits = to_half(static_cast<float>(0.001 + 0.1 * rng.next_uniform())).bits;
    all[lane].zero = static_cast<std::uint8_t>(lane);
  }
  all[3].scale_bits = 0;
  all[4].scale_bits = 1;
  all[5].scale_bits = 7;
  all[6].scale_bits = to_half(4366.0F).bits;
  return all;
}

// Weights between and far beyond the points, and the ties between two of them.
std::vector<TileLane> weights(const std::array<I4Grid, kTileRows>& grids) {
  Philox rng(5, 2);
  std::vector<TileLane> all;
  for (int i = 0; i < 200; ++i) {
    TileLane lanes;
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      const double steps = i % 4 == 0 ? static_cast<double>(rng.next_below(40)) - 20.0 + 0.5
                                      : 60.0 * rng.next_uniform() - 30.0;
      lanes[lane] = static_cast<float>(steps * grids[lane].scale());
      if (i % 50 == 49) lanes[lane] *= 1e6F;
    }
    all.push_back(lanes);
  }
  return all;
}

TEST(LaneGrid, TakesTheCodesOfEachGrid) {
  const auto own = grids();
  const LaneGrid lanes = LaneGrid::of(own);
  for (const TileLane& target : weights(own)) {
    TileLane code;
    TileLane error{};
    TileLane taken;
    TileLane pull{};
    pull[2] = 0.3F;
    take_codes(lanes, {target, code, error}, pull, 2.0F, taken);
    TileLane value;
    lane_values(lanes, code, value);
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      SCOPED_TRACE(lane);
      const std::uint8_t expected = own[lane].code(target[lane] + pull[lane] / 2.0F);
      EXPECT_EQ(code[lane], static_cast<float>(expected)) << target[lane];
      EXPECT_EQ(value[lane], own[lane].value(expected));
      EXPECT_EQ(error[lane], target[lane] - own[lane].value(expected));
      EXPECT_EQ(taken[lane], 0.0F - error[lane]);
    }
  }
}

TEST(LaneGrid, ImprovesOnlyWhatOtherErrorsPullAway) {
  const auto own = grids();
  const LaneGrid lanes = LaneGrid::of(own);
  const TileLane target = weights(own)[1];
  TileLane code;
  TileLane error{};
  TileLane taken;
  take_codes(lanes, {target, code, error}, {}, 1.0F, taken);
  const TileLane code_before = code;
  const TileLane error_before = error;
  // Errors of the others that cancel: nothing to gain.
  constexpr float kWeight = 3.0F;
  TileLane slope;
  for (std::size_t lane = 0; lane < kTileRows; ++lane) slope[lane] = kWeight * error[lane];
  EXPECT_FALSE(improve_codes(lanes, {target, code, error}, slope, kWeight, taken));
  EXPECT_EQ(code, code_before);
  // One row whose others pull two steps down from the middle of its grid.
  constexpr std::size_t kLane = 8;
  TileLane middle = target;
  middle[kLane] = 0.0F;
  take_codes(lanes, {middle, code, error}, {}, 1.0F, taken);
  ASSERT_EQ(code[kLane], 8.0F);
  slope = {};
  for (std::size_t lane = 0; lane < kTileRows; ++lane) slope[lane] = kWeight * error[lane];
  slope[kLane] -= 2.0F * kWeight * own[kLane].scale();
  EXPECT_TRUE(improve_codes(lanes, {middle, code, error}, slope, kWeight, taken));
  EXPECT_EQ(code[kLane], 6.0F);
  EXPECT_EQ(taken[kLane], -2.0F * own[kLane].scale());
  for (std::size_t lane = 0; lane < kTileRows; ++lane) {
    if (lane == kLane) continue;
    EXPECT_EQ(taken[lane], 0.0F) << lane;
  }
  EXPECT_NE(error_before, error);
}

}  // namespace
}  // namespace quantier
