// The order in which attention of one text is worked through: heads, and of each head's queries a block at a
// time that stays in cache together with its scores. What is multiplied how is the caller's.
#pragma once

#include <algorithm>
#include <cstddef>

#include "quantier/engine/cpu/panels.h"
#include "quantier/engine/ops.h"
#include "quantier/engine/visible_keys.h"

namespace quantier {

inline constexpr std::size_t kQueriesAtOnce = 48;

constexpr std::size_t whole_panels(std::size_t n) {
  return (n + kPanelWidth - 1) / kPanelWidth * kPanelWidth;
}

struct QueryBlock {
  std::size_t first = 0;     // among the queries that are asked
  std::size_t position = 0;  // of that one in the text
  std::size_t count = 0;
  // Keys that some query of the block sees; both ends only grow with the position.
  std::size_t low = 0;
  std::size_t high = 0;
  std::size_t width = 0;  // high - low in whole panels
};

// Calls work(block) for each block of the queries [first_query, first_query + query_count) of one head. `low`
// is a multiple of `step`.
template <class Work>
void for_query_blocks(const AttentionShape& shape, std::size_t tokens, std::size_t first_query,
                      std::size_t query_count, std::size_t step, const Work& work) {
  for (std::size_t first = 0; first < query_count; first += kQueriesAtOnce) {
    QueryBlock block;
    block.first = first;
    block.position = first_query + first;
    block.count = std::min(kQueriesAtOnce, query_count - first);
    block.low = visible_keys(shape, block.position, tokens).begin / step * step;
    block.high = visible_keys(shape, block.position + block.count - 1, tokens).end;
    block.width = whole_panels(block.high - block.low);
    work(block);
  }
}

}  // namespace quantier
