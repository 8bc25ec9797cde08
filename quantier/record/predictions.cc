#include "quantier/record/predictions.h"

#include <cmath>

namespace quantier {

std::int32_t argmax(std::span<const float> row) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < row.size(); ++i) {
    if (row[i] > row[best] || (std::isnan(row[best]) && !std::isnan(row[i]))) best = i;
  }
  return static_cast<std::int32_t>(best);
}

}  // namespace quantier
