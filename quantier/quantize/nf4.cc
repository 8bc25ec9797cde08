#include "quantier/quantize/nf4.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "quantier/formats/nf4_block.h"
#include "quantier/quantize/row_parts.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {
namespace {

// Converted together, and still in the nearest cache when they are quantized.
constexpr std::uint64_t kBlocksRead = 32;

}  // namespace

Result<Nf4Weights> quantize_nf4(const LinearSpec& linear, const TensorView& weight, bool double_quantized,
                                ThreadPool* pool) {
  const std::uint64_t elements = linear.out_features * linear.in_features;
  const Nf4Sizes sizes = nf4_sizes(elements);
  Nf4Weights packed;
  packed.packed = AlignedBuffer<std::uint8_t>(sizes.packed_bytes, MemoryOwner::kWeights);
  AlignedBuffer<float> absmax(sizes.blocks, double_quantized ? MemoryOwner::kOther : MemoryOwner::kWeights);
  const auto quantize = [&](std::uint64_t first_block, std::uint64_t last_block) -> Status {
    std::vector<float> buffer(kBlocksRead * kNf4BlockElements);
    for (std::uint64_t block = first_block; block < last_block;) {
      const std::uint64_t begin = block * kNf4BlockElements;
      const std::uint64_t end =
          std::min(elements, std::min(block + kBlocksRead, last_block) * kNf4BlockElements);
      const auto read = std::span(buffer).first(end - begin);
      QT_TRY_STATUS(read_half_weight(linear, weight, begin, read));
      for (std::uint64_t first = 0; first < read.size(); first += kNf4BlockElements, ++block) {
        const auto values =
            read.subspan(first, std::min<std::uint64_t>(kNf4BlockElements, read.size() - first));
        absmax[block] = nf4_quantize_block(
            values, packed.packed.span().subspan((begin + first) / 2, (values.size() + 1) / 2));
      }
    }
    return {};
  };
  QT_TRY_STATUS(for_row_parts(pool, sizes.blocks, kNf4BlockElements, 1, quantize));
  if (!double_quantized) {
    packed.absmax = std::move(absmax);
    return packed;
  }
  packed.absmax_codes = AlignedBuffer<std::uint8_t>(sizes.blocks, MemoryOwner::kWeights);
  packed.nested_absmax = AlignedBuffer<float>(sizes.nested_blocks, MemoryOwner::kWeights);
  packed.offset = nf4_mean(absmax.span());
  nf4_quantize_absmax(absmax.span(), packed.offset, packed.absmax_codes.span(), packed.nested_absmax.span());
  return packed;
}

}  // namespace quantier
