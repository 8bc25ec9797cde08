// What the readers of four-bit checkpoints share: scales as halves, and which group an input belongs to.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/interchange/part_reader.h"
#include "quantier/tensor/aligned_buffer.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

// kUnsupported for a scale that is no half: rounding it would change the weights.
[[nodiscard]] Status read_half_scales(const PartReader& part, std::string_view suffix,
                                      const TensorView& scales, std::span<std::uint16_t> out);

// Empty where the groups are consecutive inputs, or where the index says nothing (-1).
[[nodiscard]] Result<AlignedBuffer<std::uint16_t>> read_group_index(const PartReader& part,
                                                                    std::string_view suffix,
                                                                    const TensorView& index,
                                                                    std::uint32_t group,
                                                                    std::uint64_t groups);

}  // namespace quantier
