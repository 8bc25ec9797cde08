#include "quantier/formats/scale_rows.h"

#include <cmath>

#include "quantier/base/check.h"
#include "quantier/base/half.h"

namespace quantier {
namespace {

constexpr float kSmallestNormalHalf = 0x1p-14F;
constexpr float kLargestHalf = 65504.0F;

// The half times the factor, unless that is beyond a half's normal range.
bool scale_half(std::uint16_t& bits, float factor, bool apply) {
  const float before = to_float(Half{bits});
  const float after = before * factor;
  const bool fits =
      before == 0 || (std::abs(after) >= kSmallestNormalHalf && std::abs(after) <= kLargestHalf);
  if (apply) bits = to_half(after).bits;
  return fits;
}

// Entries of a row, `width` each. Without `apply` it only says whether it can be done.
class Scale {
 public:
  Scale(std::uint64_t first_row, std::span<const float> factors, std::uint64_t in_features, bool apply)
      : first_row_(first_row), factors_(factors), in_features_(in_features), apply_(apply) {}

  bool operator()(F32Weights& weights) const { return floats(weights.values, in_features_); }
  bool operator()(F16Weights& weights) const {
    // Small weights may round to smaller halves; only what becomes infinite is lost.
    return each(weights.values, in_features_, [&](std::uint16_t& bits, float factor) {
      const float after = to_float(Half{bits}) * factor;
      if (apply_) bits = to_half(after).bits;
      return std::abs(after) <= kLargestHalf;
    });
  }
  bool operator()(BF16Weights& weights) const {
    return each(weights.values, in_features_, [&](std::uint16_t& bits, float factor) {
      if (apply_) bits = to_bfloat16(to_float(BFloat16{bits}) * factor).bits;
      return true;
    });
  }
  bool operator()(I8RowWeights& weights) const {
    if (!weights.outlier_f16.empty()) return false;  // halves beside the codes would round once more
    return floats(weights.row_absmax, 1);
  }
  bool operator()(Nf4Weights& /*weights*/) const { return false; }
  bool operator()(I4GroupWeights& weights) const {
    return each(weights.scales, i4_groups(in_features_, weights.group),
                [&](std::uint16_t& bits, float factor) { return scale_half(bits, factor, apply_); });
  }
  bool operator()(Fp8RowWeights& weights) const { return floats(weights.row_scale, 1); }

 private:
  template <class T, class Body>
  bool each(AlignedBuffer<T>& values, std::uint64_t width, const Body& body) const {
    bool fits = true;
    for (std::size_t row = 0; row < factors_.size(); ++row) {
      for (std::uint64_t i = 0; i < width; ++i)
        fits = body(values[(first_row_ + row) * width + i], factors_[row]) && fits;
    }
    return fits;
  }
  bool floats(AlignedBuffer<float>& values, std::uint64_t width) const {
    return each(values, width, [&](float& value, float factor) {
      const float after = value * factor;
      if (apply_) value = after;
      return std::isfinite(after);
    });
  }

  std::uint64_t first_row_;
  std::span<const float> factors_;
  std::uint64_t in_features_;
  bool apply_;
};

}  // namespace

bool scale_rows(PackedLinear& linear, std::uint64_t first_row, std::span<const float> factors) {
  QT_CHECK(first_row + factors.size() <= linear.out_features, "the rows are the layer's");
  if (linear.low_rank.rank != 0 || options_of(linear).per_tensor) return false;
  if (!std::visit(Scale(first_row, factors, linear.in_features, false), linear.weights)) return false;
  std::visit(Scale(first_row, factors, linear.in_features, true), linear.weights);
  for (std::size_t row = 0; row < factors.size() && !linear.bias.empty(); ++row)
    linear.bias[first_row + row] *= factors[row];
  return true;
}

}  // namespace quantier
