#include "quantier/quantize/grid_refit.h"

#include <cstdint>

namespace quantier {
namespace {

constexpr float kLargestHalf = 65504.0F;

}  // namespace

std::array<I4Grid, kTileRows> refitted_grids(const float* hessian, std::span<const TileLane> codes,
                                             std::span<const TileLane> slopes,
                                             const std::array<I4Grid, kTileRows>& own, bool symmetric) {
  const std::size_t size = codes.size();
  RowTile steps(size);  // d
  for (std::size_t k = 0; k < size; ++k) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane)
      steps[k][lane] = codes[k][lane] - static_cast<float>(own[lane].zero);
  }
  RowTile products;  // H d
  tile_multiply(hessian, size, TilePart::kAll, steps, products);
  float all = 0;  // 1 H 1
  for (std::size_t i = 0; i < size * size; ++i) all += hessian[i];
  TileLane scale{};
  for (std::size_t lane = 0; lane < kTileRows; ++lane) scale[lane] = own[lane].scale();
  TileLane steps_q{};
  TileLane sum_q{};
  TileLane steps_h_steps{};
  TileLane sum_h_steps{};
  for (std::size_t k = 0; k < size; ++k) {
    for (std::size_t lane = 0; lane < kTileRows; ++lane) {
      const float q = slopes[k][lane] + scale[lane] * products[k][lane];
      steps_q[lane] += steps[k][lane] * q;
      sum_q[lane] += q;
      steps_h_steps[lane] += steps[k][lane] * products[k][lane];
      sum_h_steps[lane] += products[k][lane];
    }
  }
  std::array<I4Grid, kTileRows> found = own;
  const int reach = symmetric ? 0 : 1;
  for (std::size_t lane = 0; lane < kTileRows; ++lane) {
    if (own[lane].scale_bits == 0) continue;
    float best = 0;
    for (int by = -reach; by <= reach; ++by) {
      const int zero = own[lane].zero + by;
      if (zero < 0 || zero > kI4Largest) continue;
      // Of d' = d - by.
      const auto moved = static_cast<float>(by);
      const float numerator = steps_q[lane] - moved * sum_q[lane];
      const float denominator = steps_h_steps[lane] - 2.0F * moved * sum_h_steps[lane] + moved * moved * all;
      if (!(numerator > 0.0F) || !(denominator > 0.0F)) continue;
      const float gain = numerator * numerator / denominator;
      if (gain <= best) continue;
      const float exact = numerator / denominator;
      if (exact * static_cast<float>(kI4Largest) > kLargestHalf) continue;
      const Half rounded = to_half(exact);
      if (rounded.bits == 0) continue;
      best = gain;
      found[lane] = {rounded.bits, static_cast<std::uint8_t>(zero)};
    }
  }
  return found;
}

}  // namespace quantier
