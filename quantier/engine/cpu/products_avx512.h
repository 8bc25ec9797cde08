// Products with AVX-512: tiles of eight rows and two panels, sixteen sums in registers. Two panels share each
// broadcast of a row's four bytes, and eight rows share each load of a panel, so that ten loads feed sixteen
// multiply-adds: below what processors with one or with two 512-bit multipliers can load in that time. The
// order of every sum is that of kernels_body.h, and so are the bits.
//
// Included inside the anonymous namespace of a source file. The rule of kernels_body.h holds: nothing here
// calls an inline function of another header.

inline __mmask16 first_lanes(std::size_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xFFFFU : (1U << count) - 1U);
}

// Sixteen floats, as functions_body.h wants them.
struct F16 {
  __m512 v;
  static F16 all(float x) { return {_mm512_set1_ps(x)}; }
};
inline F16 operator+(F16 a, F16 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F16 operator-(F16 a, F16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F16 operator*(F16 a, F16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F16 operator/(F16 a, F16 b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F16 fma(F16 a, F16 b, F16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline F16 max(F16 a, F16 b) { return {_mm512_max_ps(a.v, b.v)}; }
inline F16 min(F16 a, F16 b) { return {_mm512_min_ps(a.v, b.v)}; }
inline __mmask16 below(F16 a, F16 b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
inline F16 select(__mmask16 mask, F16 a, F16 b) { return {_mm512_mask_blend_ps(mask, b.v, a.v)}; }
inline F16 absolute(F16 a) { return {_mm512_abs_ps(a.v)}; }
inline F16 power_of_two(F16 shifted) {
  const __m512i exponent = _mm512_add_epi32(_mm512_castps_si512(shifted.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23))};
}

#include "quantier/engine/cpu/functions_body.h"

inline __m512 half_rounded(__m512 x) {
  return _mm512_cvtph_ps(_mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

inline __m512 bfloat16_rounded(__m512 x) {
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
  const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
  const __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  const __m512i chosen = _mm512_mask_blend_epi32(is_nan, up, quiet);
  return _mm512_castsi512_ps(_mm512_and_si512(chosen, _mm512_set1_epi32(static_cast<int>(0xFFFF0000U))));
}

template <Rounding kRounding>
inline __m512 rounded(__m512 x) {
  if constexpr (kRounding == Rounding::kHalf) return half_rounded(x);
  if constexpr (kRounding == Rounding::kBFloat16) return bfloat16_rounded(x);
  return x;
}

// Whole vectors are loaded and stored without a mask, which costs some processors several times as much.
inline __m512 load_outputs(const float* y, std::size_t count) {
  return count == 16 ? _mm512_loadu_ps(y) : _mm512_maskz_loadu_ps(first_lanes(count), y);
}
inline void store_outputs(float* y, std::size_t count, __m512 v) {
  if (count == 16) return _mm512_storeu_ps(y, v);
  _mm512_mask_storeu_ps(y, first_lanes(count), v);
}

// One row's sums of a tile, as numbers, through the epilogue.
template <Rounding kRounding, Then kThen, int kPanels>
inline void finish_row(__m512 (&v)[kPanels], std::size_t row, const Epilogue& epilogue) {
#pragma GCC unroll 2
  for (int panel = 0; panel < kPanels; ++panel) {
    if (epilogue.bias[panel] != nullptr)
      v[panel] = _mm512_add_ps(v[panel], _mm512_loadu_ps(epilogue.bias[panel]));
    v[panel] = rounded<kRounding>(v[panel]);
    if (epilogue.addend != nullptr) {
      const __m512 more = _mm512_loadu_ps(epilogue.addend + row * 32 + static_cast<std::size_t>(panel) * 16);
      v[panel] = rounded<kRounding>(_mm512_add_ps(v[panel], more));
    }
  }
  float* y = epilogue.y + row * epilogue.y_stride;
  if constexpr (kThen == Then::kGelu || kThen == Then::kSilu) {
    static_assert(kPanels == 2);
    const __m512 active = kThen == Then::kGelu ? gelu_of(F16{v[0]}).v : silu_of(F16{v[0]}).v;
    const __m512 out = rounded<kRounding>(_mm512_mul_ps(rounded<kRounding>(active), v[1]));
    store_outputs(y, epilogue.counts[0], out);
  } else {
#pragma GCC unroll 2
    for (int panel = 0; panel < kPanels; ++panel) {
      const std::size_t count = epilogue.counts[panel];
      if constexpr (kThen == Then::kAdd)
        v[panel] = rounded<kRounding>(_mm512_add_ps(load_outputs(y + 16 * panel, count), v[panel]));
      store_outputs(y + 16 * panel, count, v[panel]);
    }
  }
}

// The arithmetic of a step: what 64 bytes of a panel and four of a row are.
struct FloatStep {
  using Sum = __m512;
  static Sum zero() { return _mm512_setzero_ps(); }
  static Sum add(Sum sum, __m512i x, __m512i weights) {
    return _mm512_fmadd_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(weights), sum);
  }
};
struct Int8Step {
  using Sum = __m512i;
  static Sum zero() { return _mm512_setzero_si512(); }
  // As assembly, because GCC 12 copies the sums between registers around the intrinsic.
  static Sum add(Sum sum, __m512i x, __m512i weights) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(weights));
    return sum;
  }
};

constexpr int kTileRows = 8;

// What a tile of rows fetches for the next product: the first one of a product all of it.
struct Next {
  const std::uint8_t* panels[2] = {};
};
inline Next next_of(const Product& product, std::size_t first_row) {
  if (first_row != 0) return {};
  return {{static_cast<const std::uint8_t*>(product.next_panels[0]),
           static_cast<const std::uint8_t*>(product.next_panels[1])}};
}

// sums[row][panel] over the steps [begin, end), and the same steps of what is next.
template <class Step, int kRows, int kPanels>
inline void add_steps(const std::uint8_t* x, std::size_t x_stride_bytes,
                      const std::uint8_t* const (&panels)[kPanels], std::size_t begin, std::size_t end,
                      const Next& next, typename Step::Sum (&sums)[kRows][kPanels]) {
  for (std::size_t i = begin; i < end; ++i) {
    __m512i weights[kPanels];
#pragma GCC unroll 2
    for (int panel = 0; panel < kPanels; ++panel) {
      if (next.panels[panel] != nullptr)
        _mm_prefetch(reinterpret_cast<const char*>(next.panels[panel] + i * 64), _MM_HINT_T1);
    }
#pragma GCC unroll 2
    for (int panel = 0; panel < kPanels; ++panel) weights[panel] = _mm512_loadu_si512(panels[panel] + i * 64);
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
      int four;
      __builtin_memcpy(&four, x + static_cast<std::size_t>(row) * x_stride_bytes + 4 * i, sizeof four);
#pragma GCC unroll 2
      for (int panel = 0; panel < kPanels; ++panel)
        sums[row][panel] = Step::add(sums[row][panel], _mm512_set1_epi32(four), weights[panel]);
    }
  }
}

#include "quantier/engine/cpu/row_tiles_body.h"

// A finished tile: sums as numbers.
template <int kRows, int kPanels>
using Numbers = __m512[kRows][kPanels];

template <Rounding kRounding, Then kThen, int kRows, int kPanels>
inline void finish_in_registers(Numbers<kRows, kPanels>& numbers, std::size_t first,
                                const Epilogue& epilogue) {
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row)
    finish_row<kRounding, kThen, kPanels>(numbers[row], first + static_cast<std::size_t>(row), epilogue);
}

// Through memory: one loop instead of as many copies as there are rows.
template <Rounding kRounding, Then kThen, int kRows, int kPanels>
inline void finish_in_memory(Numbers<kRows, kPanels>& numbers, std::size_t first, const Epilogue& epilogue) {
  alignas(64) float tile[kRows][kPanels][16];
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 2
    for (int panel = 0; panel < kPanels; ++panel) _mm512_store_ps(tile[row][panel], numbers[row][panel]);
#pragma GCC unroll 1
  for (int row = 0; row < kRows; ++row) {
    __m512 v[kPanels];
#pragma GCC unroll 2
    for (int panel = 0; panel < kPanels; ++panel) v[panel] = _mm512_load_ps(tile[row][panel]);
    finish_row<kRounding, kThen, kPanels>(v, first + static_cast<std::size_t>(row), epilogue);
  }
}

template <Rounding kRounding, int kRows, int kPanels>
inline void finish_then(Numbers<kRows, kPanels>& numbers, std::size_t first, const Epilogue& epilogue) {
  if constexpr (kPanels == 2) {
    if (epilogue.then == Then::kGelu)
      return finish_in_memory<kRounding, Then::kGelu, kRows, kPanels>(numbers, first, epilogue);
    if (epilogue.then == Then::kSilu)
      return finish_in_memory<kRounding, Then::kSilu, kRows, kPanels>(numbers, first, epilogue);
  }
  // Most tiles are whole ones.
  if constexpr (kRows == kTileRows) {
    if (epilogue.then == Then::kAdd)
      return finish_in_registers<kRounding, Then::kAdd, kRows, kPanels>(numbers, first, epilogue);
    finish_in_registers<kRounding, Then::kStore, kRows, kPanels>(numbers, first, epilogue);
  } else {
    if (epilogue.then == Then::kAdd)
      return finish_in_memory<kRounding, Then::kAdd, kRows, kPanels>(numbers, first, epilogue);
    finish_in_memory<kRounding, Then::kStore, kRows, kPanels>(numbers, first, epilogue);
  }
}

template <int kRows, int kPanels>
inline void finish(Numbers<kRows, kPanels>& numbers, std::size_t first, const Epilogue& epilogue) {
  switch (epilogue.rounding) {
    case Rounding::kNone:
      return finish_then<Rounding::kNone, kRows, kPanels>(numbers, first, epilogue);
    case Rounding::kHalf:
      return finish_then<Rounding::kHalf, kRows, kPanels>(numbers, first, epilogue);
    case Rounding::kBFloat16:
      return finish_then<Rounding::kBFloat16, kRows, kPanels>(numbers, first, epilogue);
  }
}

template <class Step, int kRows, int kPanels>
inline void multiply_tile(const Product& product, std::size_t first,
                          const std::uint8_t* const (&panels)[kPanels], const Epilogue& epilogue) {
  Numbers<kRows, kPanels> sums;
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 2
    for (int panel = 0; panel < kPanels; ++panel) sums[row][panel] = Step::zero();
  add_steps<Step, kRows, kPanels>(
      static_cast<const std::uint8_t*>(product.x) + first * product.x_stride_bytes, product.x_stride_bytes,
      panels, 0, product.steps, next_of(product, first), sums);
  finish<kRows, kPanels>(sums, first, epilogue);
}

template <class Step, int kPanels>
inline void multiply_panels(const Product& product, const Epilogue& epilogue) {
  const std::uint8_t* panels[kPanels];
  for (int panel = 0; panel < kPanels; ++panel)
    panels[panel] = static_cast<const std::uint8_t*>(product.panels[panel]);
  for_rows<kTileRows>(product.rows, [&](std::size_t first, auto count) {
    multiply_tile<Step, decltype(count)::value, kPanels>(product, first, panels, epilogue);
  });
}

template <class Step>
inline void multiply(const Product& product, const Epilogue& epilogue) {
  if (product.panels[1] != nullptr) return multiply_panels<Step, 2>(product, epilogue);
  multiply_panels<Step, 1>(product, epilogue);
}
