// Rows of every format against the definition of the format, and the sums that reports are made of against
// closed forms.
#include "quantier/formats/packed_row.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/half.h"
#include "quantier/formats/distortion.h"
#include "quantier/formats/i4_group.h"

namespace quantier {
namespace {

TEST(PackedRow, IsCodesTimesScales) {
  PackedLinear linear;
  linear.out_features = 2;
  linear.in_features = 3;
  I8RowWeights i8;
  i8.codes = AlignedBuffer<std::int8_t>(6, MemoryOwner::kOther);
  i8.row_absmax = AlignedBuffer<float>(2, MemoryOwner::kOther);
  i8.codes[3] = 127;
  i8.codes[4] = -64;
  i8.row_absmax[1] = 2.54F;
  linear.weights = std::move(i8);
  std::vector<float> row(3);
  packed_row(linear, 1, row);
  EXPECT_FLOAT_EQ(row[0], 2.54F);
  EXPECT_FLOAT_EQ(row[1], -1.28F);
  EXPECT_EQ(row[2], 0.0F);
  linear.input.multiplier = {2.0F, 0.5F, 1.0F};
  packed_row(linear, 1, row);
  EXPECT_FLOAT_EQ(row[0], 5.08F);
  EXPECT_FLOAT_EQ(row[1], -0.64F);

  linear.input.multiplier.clear();
  I4GroupWeights i4 = make_i4_group(2, 3, 0, true);
  i4_set_grid(i4, 3, 1, 0, {to_half(0.5F).bits, kI4Middle});
  i4_set_code(i4, 3, 1, 0, 15);
  i4_set_code(i4, 3, 1, 1, 0);
  i4_set_code(i4, 3, 1, 2, 8);
  linear.weights = std::move(i4);
  packed_row(linear, 1, row);
  EXPECT_EQ(row, (std::vector<float>{3.5F, -4.0F, 0.0F}));
}

TEST(Distortion, AgreesWithClosedForms) {
  Distortion none;
  const std::vector<float> weights = {3.0F, -4.0F};
  none.add(weights, weights);
  EXPECT_FALSE(none.sqnr_db());
  EXPECT_DOUBLE_EQ(*none.cosine(), 1.0);
  EXPECT_EQ(none.largest_error(), 0.0);
  Distortion some;
  some.add(weights, std::vector<float>{3.0F, -3.5F});
  EXPECT_NEAR(*some.sqnr_db(), 20.0, 1e-9);  // 25 / 0.25
  EXPECT_DOUBLE_EQ(some.largest_error(), 0.5);
  Distortion flipped;
  flipped.add(weights, std::vector<float>{-3.0F, 4.0F});
  EXPECT_DOUBLE_EQ(*flipped.cosine(), -1.0);
  Distortion zeros;
  zeros.add(std::vector<float>{0.0F}, std::vector<float>{0.0F});
  EXPECT_FALSE(zeros.cosine());
}

}  // namespace
}  // namespace quantier
