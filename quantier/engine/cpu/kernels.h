// The inner loops of the CPU engine: one table of functions for each instruction set, all made from the same
// source (kernels_body.h) over an eight-float vector type.
//
// The products of one row are sums in the order of the inputs, each step one multiply-add, whatever the
// number of rows: that is what makes logits independent of the batch. (Libraries for dense products choose
// their loops by the number of rows, and with them the order of the sums: oneDNN's sgemm gives a row other
// bits alone than among others on machines without AVX-512.) All row-wise loops depend on their own row only.
//
// exp: Cody-Waite reduction and a degree-6 polynomial, below 2 ulp on [-87, 88], 0 below. erf: a
// rational function, absolute error below 5e-7 (tools/fit_erf.py). `rounding`: what results are rounded to,
// to nearest even. Strides are in elements. Panels are as panels.h describes them; pointers need no alignment
// unless said.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quantier::cpu {

enum class Rounding : std::uint8_t { kNone, kHalf, kBFloat16 };

// Some rows times one panel of sixteen outputs or two. Whatever the arithmetic, a step takes four bytes of a
// row and 64 of a panel: one input as float, two as bfloat16, four as int8 (panels.h has the layouts).
struct Product {
  const void* x = nullptr;
  std::size_t x_stride_bytes = 0;
  std::size_t rows = 0;
  std::size_t steps = 0;
  const void* panels[2] = {};  // the second may be null
  // What is multiplied after these, of as many steps, to be fetched into the second-level cache meanwhile;
  // null where unknown.
  const void* next_panels[2] = {};
};

// From sums of products of integers to numbers. Codes are int8 values plus 128, and `surplus` is what the 128
// add to a sum: 128 times the sum of an output's weights. With one group (steps_per_group == steps):
//   (sum - surplus[n]) * (row_absmax[row] * column[n]) * scale
// with several, `surplus` and `column` are [groups, 16] and the numbers of the groups are added in order:
//   (fma over groups g of (sum_g - surplus[g, n]), column[g, n]) * (row_absmax[row] * scale)
struct IntegerScales {
  std::size_t steps_per_group = 0;
  bool is_grouped = false;
  bool is_narrow = false;  // no weight is beyond 15 either way, so that several products fit 16 bits
  const std::int32_t* surplus[2] = {};
  const float* column[2] = {};
  const float* row_absmax = nullptr;
  float scale = 1;
};

enum class Then : std::uint8_t {
  kStore,  // y = v, the outputs of the second panel 16 places after those of the first
  kAdd,    // y = y + v, likewise
  kGelu,   // y = gelu(first) * second
  kSilu,   // y = silu(first) * second
};

// What happens to a product v before it is stored: v + bias, plus `addend` where there is one, then `then`;
// the result of each of these steps is rounded, and so is the activation.
struct Epilogue {
  const float* bias[2] = {};      // [16] each, or null
  const float* addend = nullptr;  // [rows, 32] or null
  Rounding rounding = Rounding::kNone;
  Then then = Then::kStore;
  float* y = nullptr;
  std::size_t y_stride = 0;
  std::size_t counts[2] = {};  // outputs of each panel that exist
};

struct Kernels {
  const char* name = nullptr;

  // How work is cut for these loops. Tokens that a thread takes through the network together, about: few
  // enough for the activations to stay in cache, enough for the products to run at full rate.
  std::size_t micro_batch_tokens = 128;
  // Rows of a product that are multiplied before the next panel is: as many as have this many bytes of
  // outputs, or all with 0. Few make outputs stay in cache, all let the weights come by once.
  std::size_t block_output_bytes = 0;

  void (*multiply_f32)(const Product& product, const Epilogue& epilogue) = nullptr;
  // bfloat16 products as the processor takes them (vdpbf16ps, tdpbf16ps): two a step, subnormal numbers as
  // zeros, sums in float. Null where it has no such instruction.
  void (*multiply_bf16)(const Product& product, const Epilogue& epilogue) = nullptr;
  void (*multiply_i8)(const Product& product, const IntegerScales& scales,
                      const Epilogue& epilogue) = nullptr;

  void (*expand_half)(const std::uint16_t* bits, float* out, std::size_t n) = nullptr;
  void (*expand_bfloat16)(const std::uint16_t* bits, float* out, std::size_t n) = nullptr;
  // A panel of pairs [ceil(inputs / 2), 16, 2] -> [inputs, 16].
  void (*expand_bfloat16_pairs)(const std::uint16_t* pairs, std::size_t inputs, float* out) = nullptr;
  // The upper halves of floats that are bfloat16 already.
  void (*pack_bfloat16)(const float* x, std::size_t n, std::uint16_t* bits) = nullptr;
  // To the nearest bfloat16, subnormal numbers to zero; beside multiply_bf16 alone, null elsewhere.
  void (*round_bfloat16)(const float* x, std::size_t n, std::uint16_t* bits) = nullptr;
  // Nibbles [inputs, 8] less their zero points -> a panel of int8 [ceil(inputs / 4), 16, 4], missing inputs
  // 0, and surplus[16] of it. `zero` has sixteen entries.
  void (*expand_i4_to_i8)(const std::uint8_t* codes, std::size_t inputs, const std::uint8_t* zero,
                          std::int8_t* panel, std::int32_t* surplus) = nullptr;
  // out[inputs, 16] = half((code - zero[output]) * scale[output]) for nibbles [inputs, 8].
  void (*expand_i4)(const std::uint8_t* codes, std::size_t inputs, const float* zero, const float* scale,
                    float* out) = nullptr;
  // out[inputs, 16] = half(table[code] * absmax[output]) for nibbles [inputs, 8].
  void (*expand_nf4)(const std::uint8_t* codes, std::size_t inputs, const float* table, const float* absmax,
                     float* out) = nullptr;
  // The largest |x|; NaN when there is one.
  float (*largest)(const float* x, std::size_t n) = nullptr;
  // The largest |x| among those below the threshold; NaN when there is one.
  float (*largest_below)(const float* x, std::size_t n, float threshold) = nullptr;
  // codes[i] = round(x[i] * scale) + 128, to nearest even; |x[i] * scale| beyond 127 is cut.
  void (*quantize)(const float* x, std::size_t n, float scale, std::uint8_t* codes) = nullptr;

  // y = (x - mean) / sqrt(variance + epsilon) * weight + bias, for each row of `width`; bias may be null.
  void (*layer_norm)(const float* x, std::size_t rows, std::size_t width, const float* weight,
                     const float* bias, float epsilon, Rounding rounding, float* y) = nullptr;
  // y = x / sqrt(mean(x^2) + epsilon) * weight
  void (*rms_norm)(const float* x, std::size_t rows, std::size_t width, const float* weight, float epsilon,
                   Rounding rounding, float* y) = nullptr;
  // In each of `heads` heads of 2 * half numbers: (low, high) = (low cos - high sin, high cos + low sin).
  void (*rotate)(float* x, std::size_t heads, std::size_t half, const float* cosine, const float* sine,
                 Rounding rounding) = nullptr;
  // Scores of one query -> probabilities: x = exp((x - max) scale) / sum inside [begin, end), 0 elsewhere in
  // [0, width).
  void (*softmax)(float* x, std::size_t begin, std::size_t end, std::size_t width, float scale) = nullptr;
  // y = activation(gate) * up; the activation is rounded too.
  void (*gelu_times)(const float* gate, const float* up, float* y, std::size_t n,
                     Rounding rounding) = nullptr;
  void (*silu_times)(const float* gate, const float* up, float* y, std::size_t n,
                     Rounding rounding) = nullptr;
  void (*gelu)(float* x, std::size_t n, Rounding rounding) = nullptr;
  void (*silu)(float* x, std::size_t n, Rounding rounding) = nullptr;
  // x += y
  void (*add)(float* x, const float* y, std::size_t n, Rounding rounding) = nullptr;
  // Keys [tokens, dim] -> panels [ceil(tokens / 16), dim, 16], missing tokens zero.
  void (*transpose_panels)(const float* x, std::size_t stride, std::size_t tokens, std::size_t dim,
                           float* panels) = nullptr;
};

// Null where they were not compiled in.
[[nodiscard]] const Kernels* amx_kernels();
[[nodiscard]] const Kernels* avx512bf16_kernels();
[[nodiscard]] const Kernels* avx512vnni_kernels();
[[nodiscard]] const Kernels* avxvnni_kernels();
[[nodiscard]] const Kernels* avx2_kernels();
[[nodiscard]] const Kernels* generic_kernels();

}  // namespace quantier::cpu
