#include "quantier/quantize/row_tile.h"

#include "quantier/base/vector_clones.h"

namespace quantier {
namespace {

// Sixteen lanes as the compiler's own vector type: it takes one, two or four registers, by instruction set.
typedef float Lanes __attribute__((vector_size(64), may_alias));
static_assert(sizeof(Lanes) == sizeof(TileLane) && alignof(TileLane) == 64);

}  // namespace

QT_VECTOR_CLONES void tile_accumulate(const float* factors, const TileLane* tile, std::size_t count,
                                      TileLane& sum) {
  const auto* lanes = reinterpret_cast<const Lanes*>(tile);
  // Four partial sums: a single one would wait for each addition.
  Lanes first{};
  Lanes second{};
  Lanes third{};
  Lanes fourth{};
  std::size_t j = 0;
  for (; j + 4 <= count; j += 4) {
    first += lanes[j] * factors[j];
    second += lanes[j + 1] * factors[j + 1];
    third += lanes[j + 2] * factors[j + 2];
    fourth += lanes[j + 3] * factors[j + 3];
  }
  for (; j < count; ++j) first += lanes[j] * factors[j];
  *reinterpret_cast<Lanes*>(&sum) += (first + second) + (third + fourth);
}

QT_VECTOR_CLONES void tile_subtract(TileLane* tile, const float* factors, std::size_t count,
                                    const TileLane& by) {
  auto* lanes = reinterpret_cast<Lanes*>(tile);
  const Lanes subtrahend = *reinterpret_cast<const Lanes*>(&by);
  for (std::size_t j = 0; j < count; ++j) lanes[j] -= subtrahend * factors[j];
}

}  // namespace quantier
