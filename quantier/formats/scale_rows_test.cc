#include "quantier/formats/scale_rows.h"

#include <vector>

#include <gtest/gtest.h>

#include "quantier/formats/i4_group.h"

namespace quantier {
namespace {

PackedLinear frame() {
  PackedLinear linear;
  linear.out_features = 3;
  linear.in_features = 4;
  linear.bias = {1, 2, 3};
  return linear;
}

PackedLinear int4(float scale) {
  PackedLinear linear = frame();
  I4GroupWeights weights = make_i4_group(3, 4, 2, true);
  for (std::uint64_t row = 0; row < 3; ++row) {
    for (std::uint64_t group = 0; group < 2; ++group)
      i4_set_grid(weights, 4, row, group, {.scale_bits = to_half(scale).bits});
    for (std::uint64_t input = 0; input < 4; ++input) i4_set_code(weights, 4, row, input, 9);
  }
  linear.weights = std::move(weights);
  return linear;
}

TEST(ScaleRows, ScalesWeightsAndBiasOfTheRowsNamed) {
  PackedLinear linear = int4(0.5F);
  ASSERT_TRUE(scale_rows(linear, 1, std::vector<float>{2.0F, 0.25F}));
  EXPECT_EQ(linear.bias, (std::vector<float>{1, 4, 0.75F}));
  std::vector<float> row(4);
  const auto& weights = std::get<I4GroupWeights>(linear.weights);
  for (const auto& [n, value] : {std::pair{0, 0.5F}, {1, 1.0F}, {2, 0.125F}}) {
    i4_dequantize_row(weights, static_cast<std::uint64_t>(n), row);
    EXPECT_EQ(row, std::vector<float>(4, value));
  }

  PackedLinear i8 = frame();
  I8RowWeights rows;
  rows.codes = AlignedBuffer<std::int8_t>(12, MemoryOwner::kOther);
  rows.row_absmax = AlignedBuffer<float>(3, MemoryOwner::kOther);
  rows.row_absmax[2] = 3.0F;
  i8.weights = std::move(rows);
  ASSERT_TRUE(scale_rows(i8, 2, std::vector<float>{0.5F}));
  EXPECT_EQ(std::get<I8RowWeights>(i8.weights).row_absmax[2], 1.5F);
}

TEST(ScaleRows, LeavesEverythingAsItIsWhereItCannot) {
  PackedLinear small = int4(0x1p-14F);
  EXPECT_FALSE(scale_rows(small, 0, std::vector<float>{0.5F}));
  EXPECT_EQ(i4_grid_of(std::get<I4GroupWeights>(small.weights), 4, 0, 0).scale(), 0x1p-14F);
  EXPECT_EQ(small.bias[0], 1.0F);
  PackedLinear large = int4(60000.0F);
  EXPECT_FALSE(scale_rows(large, 0, std::vector<float>{2.0F}));
  PackedLinear nf4 = frame();
  nf4.weights = Nf4Weights{};
  EXPECT_FALSE(scale_rows(nf4, 0, std::vector<float>{2.0F}));
}

}  // namespace
}  // namespace quantier
