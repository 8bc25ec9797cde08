// Refitted grids against every grid there is: the least cost over all scales that a half can hold.
#include "quantier/quantize/grid_refit.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

constexpr std::size_t kInputs = 12;

// One row, in lane 3.
struct Problem {
  std::vector<float> hessian = std::vector<float>(kInputs * kInputs, 0.0F);
  std::vector<float> targets = std::vector<float>(kInputs);
  std::vector<std::uint8_t> codes = std::vector<std::uint8_t>(kInputs);
  I4Grid grid;

  Problem(bool symmetric, std::uint64_t stream) {
    Philox rng(3, stream);
    std::vector<float> inputs(2 * kInputs * kInputs);
    for (float& value : inputs) value = static_cast<float>(rng.next_uniform() - 0.3);
    for (std::size_t t = 0; t < 2 * kInputs; ++t) {
      for (std::size_t i = 0; i < kInputs; ++i) {
        for (std::size_t j = 0; j < kInputs; ++j)
          hessian[i * kInputs + j] += inputs[t * kInputs + i] * inputs[t * kInputs + j];
      }
    }
    for (float& value : targets) value = static_cast<float>(rng.next_uniform() - 0.4);
    grid = i4_grid(targets, symmetric);
    for (std::size_t k = 0; k < kInputs; ++k) codes[k] = grid.code(targets[k] * 1.15F);
  }

  [[nodiscard]] double cost(I4Grid other) const {
    std::array<double, kInputs> errors{};
    for (std::size_t i = 0; i < kInputs; ++i) errors[i] = error(other, i);
    double sum = 0;
    for (std::size_t i = 0; i < kInputs; ++i) {
      for (std::size_t j = 0; j < kInputs; ++j) sum += errors[i] * hessian[i * kInputs + j] * errors[j];
    }
    return sum;
  }
  // Without the rounding of each point to half, which the solution does not know of.
  [[nodiscard]] float error(I4Grid other, std::size_t i) const {
    return targets[i] - (static_cast<float>(codes[i]) - static_cast<float>(other.zero)) * other.scale();
  }

  [[nodiscard]] I4Grid refitted(bool symmetric) const {
    RowTile code_tile(kInputs);
    RowTile slopes(kInputs);
    for (std::size_t i = 0; i < kInputs; ++i) {
      code_tile[i][3] = static_cast<float>(codes[i]);
      for (std::size_t j = 0; j < kInputs; ++j) slopes[i][3] += hessian[i * kInputs + j] * error(grid, j);
    }
    std::array<I4Grid, kTileRows> own{};
    own[3] = grid;
    return refitted_grids(hessian.data(), code_tile, slopes, own, symmetric)[3];
  }
};

TEST(GridRefit, NoOtherGridLosesLess) {
  for (const bool symmetric : {true, false}) {
    double before = 0;
    double after = 0;
    for (std::uint64_t stream = 0; stream < 10; ++stream) {
      SCOPED_TRACE(stream);
      const Problem problem(symmetric, stream);
      const I4Grid found = problem.refitted(symmetric);
      EXPECT_TRUE(!symmetric || found.zero == kI4Middle);
      double least = std::numeric_limits<double>::infinity();
      for (int zero = problem.grid.zero - 1; zero <= problem.grid.zero + 1; ++zero) {
        if (zero < 0 || zero > kI4Largest || (symmetric && zero != kI4Middle)) continue;
        for (std::uint16_t bits = problem.grid.scale_bits / 2; bits < problem.grid.scale_bits * 2; ++bits) {
          if (to_float(Half{bits}) > 1.0F) break;
          least = std::min(least, problem.cost({bits, static_cast<std::uint8_t>(zero)}));
        }
      }
      // Sums in single precision.
      EXPECT_LE(problem.cost(found), 1.0001 * least);
      before += problem.cost(problem.grid);
      after += problem.cost(found);
    }
    EXPECT_LT(after, 0.9 * before) << symmetric;
  }
}

TEST(GridRefit, AGridWithoutExtentStays) {
  Problem problem(true, 1);
  problem.grid = {};
  EXPECT_EQ(problem.refitted(true).scale_bits, 0U);
}

}  // namespace
}  // namespace quantier
