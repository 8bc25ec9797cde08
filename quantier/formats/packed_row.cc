#include "quantier/formats/packed_row.h"

#include "quantier/base/fp8.h"
#include "quantier/base/half.h"
#include "quantier/formats/i4_group.h"
#include "quantier/formats/i8_row.h"
#include "quantier/formats/nf4_block.h"

namespace quantier {
namespace {

struct Row {
  std::uint64_t n;
  std::span<float> out;

  [[nodiscard]] std::uint64_t first() const { return n * out.size(); }
  void operator()(const F32Weights& w) const {
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = w.values[first() + k];
  }
  void operator()(const F16Weights& w) const {
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = to_float(Half{w.values[first() + k]});
  }
  void operator()(const BF16Weights& w) const {
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = to_float(BFloat16{w.values[first() + k]});
  }
  void operator()(const I8RowWeights& w) const {
    const float step = w.row_absmax[n] / kI8Steps;
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = static_cast<float>(w.codes[first() + k]) * step;
  }
  void operator()(const Nf4Weights& w) const { nf4_dequantize(w, first(), out); }
  void operator()(const I4GroupWeights& w) const { i4_dequantize_row(w, n, out); }
  void operator()(const Fp8RowWeights& w) const {
    for (std::size_t k = 0; k < out.size(); ++k) {
      out[k] = to_float(Fp8E4M3{w.codes[first() + k]}) * w.row_scale[n];
    }
  }
};

}  // namespace

void packed_row(const PackedLinear& linear, std::uint64_t n, std::span<float> out) {
  std::visit(Row{n, out}, linear.weights);
  const std::vector<float>& multiplier = linear.input.multiplier;
  for (std::size_t k = 0; k < multiplier.size(); ++k) out[k] *= multiplier[k];
}

}  // namespace quantier
