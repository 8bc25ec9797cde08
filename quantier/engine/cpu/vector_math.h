// Loops over floats, compiled for AVX-512, AVX2 and plain x86-64, picked when the program starts. None fuses
// a multiply and an add and none reorders a sum, so all three give the same bits. exp: Cody-Waite reduction
// and a degree-6 polynomial, error below 2 ulp on [-87, 88], 0 below. erf: Abramowitz and Stegun 7.1.26,
// absolute error below 5e-7 in float.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quantier::vector_math {

void round_to_half(float* x, std::size_t n);
// x[i] = exp(x[i] - shift)
void exp_minus(float* x, std::size_t n, float shift);
// y = gelu(gate) * up, or silu(gate) * up; with `half`, the activation and the product are rounded.
void gelu_times(const float* gate, const float* up, float* y, std::size_t n, bool half);
void silu_times(const float* gate, const float* up, float* y, std::size_t n, bool half);
// y[i] += a * x[i]
void add_scaled(float* y, const float* x, float a, std::size_t n);
// y[i] += bias[i]
void add(float* y, const float* x, std::size_t n);
void rotate(float* low, float* high, const float* cosine, const float* sine, std::size_t n);
// IEEE half bits to float
void expand_half(const std::uint16_t* bits, float* out, std::size_t n);

}  // namespace quantier::vector_math
