#include <algorithm>
#include <cstring>
#include <numeric>

#include "quantier/engine/cuda/device_pass.h"
#include "quantier/engine/graph/graph.h"

namespace quantier::cuda {
namespace {

template <class T>
T* part(std::byte* to, std::size_t at) {
  return static_cast<T*>(static_cast<void*>(to + at));
}

}  // namespace

PassInput measure_input(const TokenBatch& batch) {
  PassInput input;
  input.tokens = static_cast<std::uint32_t>(batch.tokens.size());
  input.texts = static_cast<std::uint32_t>(batch.size());
  for (std::size_t text = 0; text < batch.size(); ++text) {
    const std::uint32_t length = batch.offsets[text + 1] - batch.offsets[text];
    input.longest = std::max(input.longest, length);
  }
  const std::uint32_t tile = query_tile_for(input.longest);
  for (std::size_t text = 0; text < batch.size(); ++text)
    input.items += (batch.offsets[text + 1] - batch.offsets[text] + tile - 1) / tile;
  const auto reserve = [&](std::size_t bytes) {
    const std::size_t at = input.bytes;
    input.bytes += aligned_size(bytes);
    return at;
  };
  input.ids_at = reserve(input.tokens * sizeof(std::int32_t));
  input.offsets_at = reserve((input.texts + std::size_t{1}) * sizeof(std::uint32_t));
  input.pooled_at = reserve(input.texts * sizeof(std::uint32_t));
  input.items_at = reserve(input.items * sizeof(AttentionItem));
  input.positions_at = reserve(input.tokens * sizeof(std::uint32_t));
  return input;
}

void pack_input(const ModelSpec& spec, const TokenBatch& batch, const PassInput& input, std::byte* to) {
  std::memcpy(to + input.ids_at, batch.tokens.data(), batch.tokens.size_bytes());
  const std::uint32_t first = batch.offsets.front();
  auto* offsets = part<std::uint32_t>(to, input.offsets_at);
  auto* pooled = part<std::uint32_t>(to, input.pooled_at);
  auto* items = part<AttentionItem>(to, input.items_at);
  auto* positions = part<std::uint32_t>(to, input.positions_at);
  for (std::size_t text = 0; text < batch.size(); ++text) {
    const std::uint32_t begin = batch.offsets[text] - first;
    const std::uint32_t length = batch.offsets[text + 1] - batch.offsets[text];
    offsets[text] = begin;
    std::iota(positions + begin, positions + begin + length, 0U);
    pooled[text] = static_cast<std::uint32_t>(pooled_row(spec, batch, text)) - first;
    for (std::uint32_t query = 0; query < length; query += query_tile_for(input.longest))
      *items++ = {begin, length, query};
  }
  offsets[batch.size()] = input.tokens;
}

}  // namespace quantier::cuda
