// Which keys a query sees: those before it in a causal model, those near it under a sliding window.
#pragma once

#include <algorithm>
#include <cstddef>

#include "quantier/engine/ops.h"

namespace quantier {

// The keys [begin, end) that the query at `position` sees among `tokens`. Both ends grow with the position.
struct KeyRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

[[nodiscard]] inline KeyRange visible_keys(const AttentionShape& shape, std::size_t position,
                                           std::size_t tokens) {
  KeyRange range{0, shape.causal ? position + 1 : tokens};
  if (shape.half_window) {
    const std::size_t reach = *shape.half_window;
    range.begin = position > reach ? position - reach : 0;
    range.end = std::min(range.end, position + reach + 1);
  }
  return range;
}

}  // namespace quantier
