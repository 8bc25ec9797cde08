#include "quantier/checkpoint/adapter/lora_merge.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/half.h"

namespace quantier {
namespace {

// One clone has the instruction, the other the library's function; both round once, so both give the same
// bits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define QT_FMA_CLONES __attribute__((target_clones("arch=haswell", "default")))
#else
#define QT_FMA_CLONES
#endif

// sum[i] += factor * row[i], each rounded once.
QT_FMA_CLONES void add_multiple(float factor, const float* row, float* sum, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sum[i] = __builtin_fmaf(factor, row[i], sum[i]);
}

float rounded(float value, DType dtype) {
  if (dtype == DType::kF16) return round_to_half(value);
  if (dtype == DType::kBF16) return to_float(to_bfloat16(value));
  return value;
}

void store(float value, DType dtype, std::byte* out) {
  switch (dtype) {
    case DType::kF32:
      std::memcpy(out, &value, sizeof value);
      return;
    case DType::kF16: {
      const Half half = to_half(value);
      std::memcpy(out, &half.bits, 2);
      return;
    }
    case DType::kBF16: {
      const BFloat16 half = to_bfloat16(value);
      std::memcpy(out, &half.bits, 2);
      return;
    }
    case DType::kF64: {
      const double wide = value;
      std::memcpy(out, &wide, sizeof wide);
      return;
    }
    default:
      QT_CHECK(false, "only floating weights are merged");
  }
}

// row += delta, element by element; the first column whose sum is not finite, or the number of columns.
std::uint64_t add_row(DType dtype, std::span<const float> delta, std::byte* row,
                      std::vector<float>& scratch) {
  const std::uint64_t columns = delta.size();
  if (dtype == DType::kF64) {
    for (std::uint64_t i = 0; i < columns; ++i) {
      double weight = 0;
      std::memcpy(&weight, row + i * sizeof weight, sizeof weight);
      weight += static_cast<double>(delta[i]);
      if (!std::isfinite(weight)) return i;
      std::memcpy(row + i * sizeof weight, &weight, sizeof weight);
    }
    return columns;
  }
  scratch.resize(columns);
  const std::size_t element = dtype_bytes(dtype);
  copy_as_float({dtype, {columns}, {row, columns * element}}, 0, scratch);
  for (std::uint64_t i = 0; i < columns; ++i) {
    const float sum = scratch[i] + delta[i];
    if (!std::isfinite(rounded(sum, dtype))) return i;
    store(sum, dtype, row + i * element);
  }
  return columns;
}

// [rows, columns] from [columns, rows].
std::vector<float> transposed(const std::vector<float>& in, std::uint64_t rows, std::uint64_t columns) {
  std::vector<float> out(in.size());
  for (std::uint64_t c = 0; c < columns; ++c) {
    for (std::uint64_t r = 0; r < rows; ++r) out[r * columns + c] = in[c * rows + r];
  }
  return out;
}

std::vector<float> as_floats(const TensorView& tensor) {
  std::vector<float> values(tensor.element_count());
  copy_as_float(tensor, 0, values);
  return values;
}

}  // namespace

Status add_lora(const LoraFactors& factors, DType dtype, std::uint64_t first_row, std::uint64_t columns,
                std::span<std::byte> rows, std::string_view where) {
  const std::uint64_t rank = factors.rank();
  const std::size_t element = dtype_bytes(dtype);
  const std::uint64_t count = rows.size() / (columns * element);
  QT_CHECK(rows.size() == count * columns * element, "whole rows");
  // Of a linear layer A is read along its rows, and a row of B has the factors; of an embedding it is B,
  // turned, that is read along its rows, and a column of A has the factors.
  const std::vector<float> along =
      factors.of_embedding ? transposed(as_floats(factors.b), rank, columns) : as_floats(factors.a);
  const auto scaling = static_cast<float>(factors.scaling);
  std::vector<float> row_factors(rank);
  std::vector<float> delta(columns);
  std::vector<float> scratch;
  for (std::uint64_t row = 0; row < count; ++row) {
    if (factors.of_embedding) {
      for (std::uint64_t k = 0; k < rank; ++k) {
        copy_as_float(factors.a, k * factors.a.shape[1] + first_row + row, {&row_factors[k], 1});
      }
    } else {
      copy_as_float(factors.b, (first_row + row) * rank, row_factors);
    }
    std::ranges::fill(delta, 0.0F);
    for (std::uint64_t k = 0; k < rank; ++k) {
      add_multiple(row_factors[k], along.data() + k * columns, delta.data(), columns);
    }
    for (float& difference : delta) {
      difference *= scaling;
      if (factors.of_embedding) difference = rounded(difference, dtype);
    }
    const std::uint64_t bad = add_row(dtype, delta, rows.data() + row * columns * element, scratch);
    if (bad == columns) continue;
    return fail(ErrorKind::kUserInput, "the merged weight is not a finite number",
                fmt::format("{}, row {}, column {}", where, first_row + row, bad),
                fmt::format("the adapter's part is {}", delta[bad]),
                "the adapter or its base is damaged, or the training diverged");
  }
  return {};
}

void convert_elements(const TensorView& tensor, std::uint64_t first, DType dtype, std::span<std::byte> out) {
  const std::size_t element = dtype_bytes(dtype);
  const std::uint64_t count = out.size() / element;
  if (dtype == tensor.dtype) {
    std::memcpy(out.data(), tensor.bytes.data() + first * element, out.size());
    return;
  }
  constexpr std::uint64_t kPart = 4096;
  std::vector<float> part(std::min(kPart, count));
  for (std::uint64_t done = 0; done < count; done += kPart) {
    const std::span<float> values = std::span(part).first(std::min(kPart, count - done));
    copy_as_float(tensor, first + done, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      store(values[i], dtype, out.data() + (done + i) * element);
    }
  }
}

}  // namespace quantier
