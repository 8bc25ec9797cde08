#include "quantier/interchange/int4/int4_parts.h"

#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/half.h"

namespace quantier {

Status read_half_scales(const PartReader& part, std::string_view suffix, const TensorView& scales,
                        std::span<std::uint16_t> out) {
  QT_TRY(const std::vector<float> values, read_finite(part, suffix, scales));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Half half = to_half(values[i]);
    if (to_float(half) != values[i]) {
      return fail(ErrorKind::kUnsupported, "scales of four-bit weights that are no halves are not read",
                  fmt::format("tensor {}{}, element {}", part.module(), suffix, i),
                  fmt::format("{:.9g} would be rounded to {:.9g}", values[i], to_float(half)),
                  "save the model in float16 before it is quantized");
    }
    out[i] = half.bits;
  }
  return {};
}

Result<AlignedBuffer<std::uint16_t>> read_group_index(const PartReader& part, std::string_view suffix,
                                                      const TensorView& index, std::uint32_t group,
                                                      std::uint64_t groups) {
  const std::uint64_t columns = index.element_count();
  AlignedBuffer<std::uint16_t> out(columns, MemoryOwner::kWeights);
  bool consecutive = true;
  bool unset = true;
  for (std::uint64_t k = 0; k < columns; ++k) {
    std::int32_t value = 0;
    std::memcpy(&value, index.bytes.data() + k * sizeof value, sizeof value);
    unset = unset && value == -1;
    if (unset) continue;
    if (value < 0 || std::cmp_greater_equal(value, groups) || value > 0xFFFF) {
      return part.damaged(suffix,
                          fmt::format("input {} belongs to group {}, there are {}", k, value, groups));
    }
    out[k] = static_cast<std::uint16_t>(value);
    consecutive = consecutive && std::cmp_equal(value, group == 0 ? 0 : k / group);
  }
  if (unset || consecutive) return AlignedBuffer<std::uint16_t>();
  return out;
}

}  // namespace quantier
