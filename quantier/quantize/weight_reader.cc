#include "quantier/quantize/weight_reader.h"

#include <cmath>

#include <fmt/format.h>

#include "quantier/base/half.h"
#include "quantier/base/vector_rows.h"

namespace quantier {
namespace {

std::string place(const LinearSpec& linear, std::uint64_t element) {
  return fmt::format("tensor {}, row {}, column {}", linear.weight, element / linear.in_features,
                     element % linear.in_features);
}

}  // namespace

Status read_weight(const LinearSpec& linear, const TensorView& weight, std::uint64_t first,
                   std::span<float> out) {
  copy_as_float(weight, first, out);
  if (all_finite(out)) return {};
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (std::isfinite(out[i])) continue;
    return fail(ErrorKind::kUserInput, "the weight is not a finite number", place(linear, first + i),
                fmt::format("it is {}", out[i]), "the checkpoint is damaged or its training diverged");
  }
  return {};
}

Status read_half_weight(const LinearSpec& linear, const TensorView& weight, std::uint64_t first,
                        std::span<float> out) {
  QT_TRY_STATUS(read_weight(linear, weight, first, out));
  if (weight.dtype == DType::kF16) return {};  // as it stands
  round_row_to_half(out);
  if (all_finite(out)) return {};
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (std::isfinite(out[i])) continue;
    float stored = 0;
    copy_as_float(weight, first + i, {&stored, 1});
    return fail(ErrorKind::kUserInput, "the weight is too large for half precision", place(linear, first + i),
                fmt::format("it is {}, the largest half is 65504", stored),
                "run this model with the recipe fp32 or bf16");
  }
  return {};
}

Status read_bfloat16_weight(const LinearSpec& linear, const TensorView& weight, std::uint64_t first,
                            std::span<float> out) {
  QT_TRY_STATUS(read_weight(linear, weight, first, out));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float stored = out[i];
    out[i] = to_float(to_bfloat16(stored));
    if (std::isfinite(out[i])) continue;
    return fail(ErrorKind::kUserInput, "the weight is too large for bfloat16", place(linear, first + i),
                fmt::format("it is {}", stored), "run this model with the recipe fp32");
  }
  return {};
}

}  // namespace quantier
