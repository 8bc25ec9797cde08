// The loops behind kernels.h, written once over a vector type. Included by one source file for each
// instruction set, inside its own anonymous namespace, after it has defined:
//
//   struct F8: eight floats, with load, store, all (one value in all lanes), + - * /, fma(a, b, c) = a * b +
//   c,
//     max, min, below and at_least (masks), select(mask, a, b), absolute, larger_magnitude (NaN wins),
//     half_rounded, bfloat16_rounded, from_half_bits, from_bfloat16_bits, power_of_two (of the integer that
//     the lowest bits of a float hold), nibbles (eight codes to table values), and nearest (to eight bytes,
//     plus 128);
//   transpose8 of eight F8.
//
// After it, the file defines multiply_i8 and expand_i4_to_i8, whose best loops differ by instruction set, and
// its table by make_table.
//
// Nothing here may call an inline function of another header: compiled for a wider instruction set, it could
// be the copy that the linker keeps for everyone.

inline F8 load_some(const float* x, std::size_t n) {
  float lanes[8] = {};
  for (std::size_t i = 0; i < n; ++i) lanes[i] = x[i];
  return F8::load(lanes);
}

inline void store_some(F8 value, float* x, std::size_t n) {
  float lanes[8];
  value.store(lanes);
  for (std::size_t i = 0; i < n; ++i) x[i] = lanes[i];
}

inline float sum_of(F8 value) {
  float lanes[8];
  value.store(lanes);
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

// Of non-negative lanes; a NaN counts as the largest.
inline float largest_of(F8 value) {
  float lanes[8];
  value.store(lanes);
  float largest = lanes[0];
  for (int i = 1; i < 8; ++i) largest = lanes[i] > largest || lanes[i] != lanes[i] ? lanes[i] : largest;
  return largest;
}

template <Rounding kRounding>
inline F8 rounded(F8 value) {
  if constexpr (kRounding == Rounding::kHalf) {
    return half_rounded(value);
  } else if constexpr (kRounding == Rounding::kBFloat16) {
    return bfloat16_rounded(value);
  } else {
    return value;
  }
}

// The rounding as a type, so that loops are compiled for each.
template <Rounding kRounding>
struct As {
  static constexpr Rounding value = kRounding;
};

template <class Function>
inline void with(Rounding rounding, const Function& function) {
  switch (rounding) {
    case Rounding::kNone:
      return function(As<Rounding::kNone>{});
    case Rounding::kHalf:
      return function(As<Rounding::kHalf>{});
    case Rounding::kBFloat16:
      return function(As<Rounding::kBFloat16>{});
  }
}

#include "quantier/engine/cpu/expand_body.h"
#include "quantier/engine/cpu/functions_body.h"
#include "quantier/engine/cpu/products_body.h"
#include "quantier/engine/cpu/rowwise_body.h"

constexpr Kernels make_table(const char* name) {
  return {.name = name,
          .multiply_f32 = multiply_f32,
          .multiply_i8 = multiply_i8,
          .expand_half = expand_half,
          .expand_bfloat16 = expand_bfloat16,
          .expand_bfloat16_pairs = expand_bfloat16_pairs,
          .pack_bfloat16 = pack_bfloat16,
          .expand_i4_to_i8 = expand_i4_to_i8,
          .expand_i4 = expand_i4,
          .expand_nf4 = expand_nf4,
          .largest = largest,
          .largest_below = largest_below,
          .quantize = quantize,
          .layer_norm = layer_norm,
          .rms_norm = rms_norm,
          .rotate = rotate,
          .softmax = softmax,
          .gelu_times = gelu_times,
          .silu_times = silu_times,
          .gelu = gelu,
          .silu = silu,
          .add = add,
          .transpose_panels = transpose_panels};
}
