#include "quantier/quantize/nf4.h"

#include <algorithm>
#include <array>
#include <utility>

#include "quantier/formats/nf4_block.h"
#include "quantier/quantize/weight_reader.h"

namespace quantier {

Result<Nf4Weights> quantize_nf4(const LinearSpec& linear, const TensorView& weight, bool double_quantized) {
  const std::uint64_t elements = linear.out_features * linear.in_features;
  const Nf4Sizes sizes = nf4_sizes(elements);
  Nf4Weights packed;
  packed.packed = AlignedBuffer<std::uint8_t>(sizes.packed_bytes, MemoryOwner::kWeights);
  AlignedBuffer<float> absmax(sizes.blocks, double_quantized ? MemoryOwner::kOther : MemoryOwner::kWeights);
  std::array<float, kNf4BlockElements> buffer{};
  for (std::uint64_t block = 0; block < sizes.blocks; ++block) {
    const std::uint64_t first = block * kNf4BlockElements;
    const auto values = std::span(buffer).first(std::min(kNf4BlockElements, elements - first));
    QT_TRY_STATUS(read_half_weight(linear, weight, first, values));
    absmax[block] =
        nf4_quantize_block(values, packed.packed.span().subspan(first / 2, (values.size() + 1) / 2));
  }
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
