// The loops over sixteen rows side by side against the same sums one number at a time, in double precision.
#include "quantier/quantize/row_tile.h"

#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

constexpr std::size_t kInputs = 37;  // no multiple of a run
constexpr double kBound = 1e-5;      // sums of 37 products below 1, in single precision

std::vector<float> numbers(std::size_t count, std::uint64_t stream) {
  Philox rng(7, stream);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(2.0 * rng.next_uniform() - 1.0);
  return values;
}

RowTile tile(std::size_t inputs, std::uint64_t stream) {
  const std::vector<float> values = numbers(inputs * kTileRows, stream);
  RowTile out(inputs);
  for (std::size_t i = 0; i < values.size(); ++i) out[i / kTileRows][i % kTileRows] = values[i];
  return out;
}

TEST(RowTile, ARunOfRowsAddsUpAsEachDoesAlone) {
  const std::vector<float> factors = numbers(kTileRun * kInputs, 1);
  const RowTile from = tile(kInputs, 2);
  RowTile sums = tile(kTileRun, 3);
  const RowTile before = sums;
  tile_accumulate_run(factors.data(), kInputs, from.data(), kInputs, sums.data());
  for (std::size_t r = 0; r < kTileRun; ++r) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      double expected = before[r][lane];
      for (std::size_t j = 0; j < kInputs; ++j)
        expected += static_cast<double>(factors[r * kInputs + j]) * from[j][lane];
      EXPECT_NEAR(sums[r][lane], expected, kBound) << r << " " << lane;
    }
  }
}

TEST(RowTile, RowsAreTakenAwayAsOneAfterAnotherIs) {
  const std::vector<float> factors = numbers(kInputs * kInputs, 1);
  const std::vector<std::uint32_t> rows = {30, 2, 17, 4, 36, 0};  // a run, and two more
  const RowTile by = tile(rows.size(), 2);
  RowTile together = tile(kInputs, 3);
  RowTile one_by_one = together;
  tile_subtract_rows(together.data(), kInputs, factors.data(), kInputs, rows.data(), by.data(), rows.size());
  for (std::size_t c = 0; c < rows.size(); ++c)
    tile_subtract(one_by_one.data(), factors.data() + rows[c] * kInputs, kInputs, by[c]);
  for (std::size_t j = 0; j < kInputs; ++j) EXPECT_EQ(together[j], one_by_one[j]) << j;
}

TEST(RowTile, PartsOfAMatrix) {
  const std::vector<float> matrix = numbers(kInputs * kInputs, 1);
  const RowTile from = tile(kInputs, 2);
  for (const TilePart part : {TilePart::kAll, TilePart::kBelowDiagonal, TilePart::kWithDiagonal}) {
    RowTile sums = tile(3, 3);  // whatever was there
    tile_multiply(matrix.data(), kInputs, part, from, sums);
    ASSERT_EQ(sums.size(), kInputs);
    for (std::size_t i = 0; i < kInputs; ++i) {
      const std::size_t count = part == TilePart::kAll            ? kInputs
                                : part == TilePart::kWithDiagonal ? i + 1
                                                                  : i;
      double expected = 0;
      for (std::size_t j = 0; j < count; ++j)
        expected += static_cast<double>(matrix[i * kInputs + j]) * from[j][9];
      EXPECT_NEAR(sums[i][9], expected, kBound) << i;
    }
  }
}

}  // namespace
}  // namespace quantier
