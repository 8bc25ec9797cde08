// The inner loops of the CPU engine: one table of functions for each instruction set, all made from the same
// source (kernels_body.h) over an eight-float vector type.
//
// The products of one row are sums in the order of the inputs, each step one multiply-add, whatever the
// number of rows: that is what makes logits independent of the batch. (Libraries for dense products choose
// their loops by the number of rows, and with them the order of the sums: oneDNN's sgemm gives a row other
// bits alone than among others on machines without AVX-512.) All row-wise loops depend on their own row only.
//
// exp: Cody-Waite reduction and a degree-6 polynomial, below 2 ulp on [-87, 88], 0 below. erf: Abramowitz and
// Stegun 7.1.26, absolute error below 5e-7. `rounding`: what results are rounded to, to nearest even.
// Strides are in elements. Panels are as panels.h describes them; pointers need no alignment unless said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quantier::cpu {

enum class Rounding : std::uint8_t { kNone, kHalf, kBFloat16 };

// What happens to a product before it is stored.
struct Epilogue {
  const float* bias = nullptr;  // [16] or none
  Rounding rounding = Rounding::kNone;
};

struct Kernels {
  const char* name = nullptr;

  // y[rows, count] = x[rows, k] panel[k, 16] (its first `count` outputs), then the epilogue.
  void (*multiply_panel)(const float* x, std::size_t x_stride, std::size_t rows, std::size_t k,
                         const float* panel, Epilogue epilogue, float* y, std::size_t y_stride,
                         std::size_t count) = nullptr;
  // The same with int8 weights and int32 sums: codes[rows, 4 * quads] are int8 values plus 128, panel[quads,
  // 16, 4] the weights, surplus[16] what the 128 add to the sums (128 times the sum of an output's codes).
  // y = (sum - surplus[n]) * (row_absmax[row] * column_absmax[n]) * scale + bias.
  void (*multiply_panel_i8)(const std::uint8_t* codes, std::size_t codes_stride, std::size_t rows,
                            std::size_t quads, const std::int8_t* panel, const std::int32_t* surplus,
                            const float* row_absmax, const float* column_absmax, float scale,
                            Epilogue epilogue, float* y, std::size_t y_stride, std::size_t count) = nullptr;

  void (*expand_half)(const std::uint16_t* bits, float* out, std::size_t n) = nullptr;
  void (*expand_bfloat16)(const std::uint16_t* bits, float* out, std::size_t n) = nullptr;
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
  // (low, high) = (low cos - high sin, high cos + low sin)
  void (*rotate)(float* low, float* high, const float* cosine, const float* sine, std::size_t n,
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
[[nodiscard]] const Kernels* avx512vnni_kernels();
[[nodiscard]] const Kernels* avx2_kernels();
[[nodiscard]] const Kernels* generic_kernels();

// The tables that this processor can run, best first; never empty. All but "generic" give the same bits.
[[nodiscard]] std::span<const Kernels* const> runnable_kernels();
[[nodiscard]] const Kernels& best_kernels();

}  // namespace quantier::cpu
