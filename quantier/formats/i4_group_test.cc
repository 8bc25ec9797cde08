// Grids, codes and their places in the bytes.
#include "quantier/formats/i4_group.h"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using testing::ElementsAre;

TEST(I4Group, ASymmetricGridReachesFromMinusEightToSevenSteps) {
  const std::vector<float> weights{-3.75F, 0.1F, 2.0F, 3.75F};
  const I4Grid grid = i4_grid(weights, true);
  EXPECT_EQ(grid.scale(), 0.5F);
  EXPECT_EQ(grid.zero, 8);
  EXPECT_EQ(grid.code(-4.0F), 0);
  EXPECT_EQ(grid.code(-3.75F), 0);  // -7.5 steps: a tie, to the even step -8
  EXPECT_EQ(grid.code(0.1F), 8);
  EXPECT_EQ(grid.code(0.25F), 8);   // half a step: to the even one
  EXPECT_EQ(grid.code(0.75F), 10);  // one and a half: likewise
  EXPECT_EQ(grid.code(3.75F), 15);  // seven and a half steps: cut
  EXPECT_EQ(grid.value(0), -4.0F);
  EXPECT_EQ(grid.value(15), 3.5F);
}

TEST(I4Group, AnAsymmetricGridSpansTheWeightsAndZero) {
  const std::vector<float> weights{-1.0F, 6.5F};
  const I4Grid grid = i4_grid(weights, false);
  EXPECT_EQ(grid.scale(), 0.5F);
  EXPECT_EQ(grid.zero, 2);
  EXPECT_EQ(grid.value(grid.code(-1.0F)), -1.0F);
  EXPECT_EQ(grid.value(grid.code(6.5F)), 6.5F);
  EXPECT_EQ(grid.value(grid.code(0.0F)), 0.0F);
  // Of one sign: zero stays a point of the grid.
  const std::vector<float> positive{3.0F, 7.5F};
  EXPECT_EQ(i4_grid(positive, false).zero, 0);
  EXPECT_EQ(i4_grid(positive, false).value(i4_grid(positive, false).code(0.0F)), 0.0F);
}

TEST(I4Group, ClippingShrinksTheRange) {
  const std::vector<float> weights{-3.75F, 3.75F};
  EXPECT_EQ(i4_grid(weights, true, 0.5F).scale(), 0.25F);
  EXPECT_EQ(i4_grid(weights, true, 0.5F).value(i4_grid(weights, true, 0.5F).code(3.75F)), 1.75F);
}

TEST(I4Group, NothingAndNextToNothingAreZeros) {
  for (const float tiny : {0.0F, 1e-9F, -1e-9F}) {
    for (const bool symmetric : {true, false}) {
      const std::vector<float> weights(5, tiny);
      const I4Grid grid = i4_grid(weights, symmetric);
      EXPECT_EQ(grid.scale(), 0.0F);
      EXPECT_EQ(grid.code(tiny), grid.zero);
      EXPECT_EQ(grid.value(grid.code(tiny)), 0.0F);
    }
  }
}

TEST(I4Group, TheLargestHalvesDoNotOverflow) {
  const std::vector<float> weights{-65504.0F, 65504.0F};
  for (const bool symmetric : {true, false}) {
    const I4Grid grid = i4_grid(weights, symmetric);
    EXPECT_TRUE(std::isfinite(grid.value(0)) && std::isfinite(grid.value(15)));
    EXPECT_NEAR(grid.value(grid.code(65504.0F)), 65504.0F, 8800.0F);
  }
}

TEST(I4Group, CodesStandTwoInAByteTheEarlierInputLow) {
  I4GroupWeights weights = make_i4_group(2, 5, 2, false);
  EXPECT_EQ(weights.codes.size(), 6U);   // every row begins with a byte of its own
  EXPECT_EQ(weights.scales.size(), 6U);  // three groups a row, the last of one input
  for (std::uint64_t k = 0; k < 5; ++k) i4_set_code(weights, 5, 1, k, static_cast<std::uint8_t>(k + 3));
  EXPECT_THAT(weights.codes.span(), ElementsAre(0, 0, 0, 0x43, 0x65, 0x07));
  for (std::uint64_t k = 0; k < 5; ++k) EXPECT_EQ(i4_code(weights, 5, 1, k), k + 3);
  for (std::uint64_t g = 0; g < 3; ++g) {
    i4_set_grid(weights, 5, 1, g, {to_half(static_cast<float>(g + 1)).bits, static_cast<std::uint8_t>(g)});
  }
  std::vector<float> row(5);
  i4_dequantize_row(weights, 1, row);
  EXPECT_THAT(row, ElementsAre(3.0F, 4.0F, 2 * (5.0F - 1), 2 * (6.0F - 1), 3 * (7.0F - 2)));
}

TEST(I4Group, GroupsMayBeAnyInputs) {
  I4GroupWeights weights = make_i4_group(1, 4, 2, true);
  weights.group_of_input = AlignedBuffer<std::uint16_t>(4, MemoryOwner::kWeights);
  for (const std::uint64_t k : {0U, 3U}) weights.group_of_input[k] = 1;
  i4_set_grid(weights, 4, 0, 0, {to_half(1.0F).bits, kI4Middle});
  i4_set_grid(weights, 4, 0, 1, {to_half(10.0F).bits, kI4Middle});
  for (std::uint64_t k = 0; k < 4; ++k) i4_set_code(weights, 4, 0, k, 9);
  std::vector<float> row(4);
  i4_dequantize_row(weights, 0, row);
  EXPECT_THAT(row, ElementsAre(10.0F, 1.0F, 1.0F, 10.0F));
}

}  // namespace
}  // namespace quantier
