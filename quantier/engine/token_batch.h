// Texts as token ids, one after another without padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quantier {

// Text i has the tokens [offsets[i], offsets[i + 1]); offsets.front() == 0, offsets.back() == tokens.size().
struct TokenBatch {
  std::span<const std::int32_t> tokens;
  std::span<const std::uint32_t> offsets;
  [[nodiscard]] std::size_t size() const { return offsets.empty() ? 0 : offsets.size() - 1; }
};

}  // namespace quantier
