// AVX-512 with VNNI: the products, which are nearly all of the time, on whole panels of sixteen outputs, and
// the expansion of NF4, whose table of sixteen floats is one register here. The row-wise loops are those of
// AVX2. The order of every sum is the same as there, so the bits are the same too.
#include "quantier/engine/cpu/kernels.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && \
    defined(__AVX512VNNI__)
// GCC 12 takes the undefined registers inside its own intrinsics for a mistake of ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

namespace quantier::cpu {
namespace {

inline __mmask16 first_lanes(std::size_t count) {
  return static_cast<__mmask16>(count >= 16 ? 0xFFFFU : (1U << count) - 1U);
}

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

inline void store_outputs(__m512 sum, const Epilogue& epilogue, float* y, std::size_t count) {
  if (epilogue.bias != nullptr) sum = _mm512_add_ps(sum, _mm512_loadu_ps(epilogue.bias));
  if (epilogue.rounding == Rounding::kHalf) sum = half_rounded(sum);
  if (epilogue.rounding == Rounding::kBFloat16) sum = bfloat16_rounded(sum);
  _mm512_mask_storeu_ps(y, first_lanes(count), sum);
}

// Rows at a time: enough sums in flight to hide the latency of the multiply-add on processors that start two
// of them a cycle, few enough that every one has its register.
constexpr int kRowsAtOnce = 12;

template <int kRows>
inline void multiply_rows(const float* x, std::size_t x_stride, std::size_t k, const float* panel,
                          const Epilogue& epilogue, float* y, std::size_t y_stride, std::size_t count) {
  __m512 sums[kRows];
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) sums[row] = _mm512_setzero_ps();
  for (std::size_t i = 0; i < k; ++i) {
    const __m512 weights = _mm512_loadu_ps(panel + i * 16);
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
      sums[row] = _mm512_fmadd_ps(_mm512_set1_ps(x[static_cast<std::size_t>(row) * x_stride + i]), weights,
                                  sums[row]);
    }
  }
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row)
    store_outputs(sums[row], epilogue, y + static_cast<std::size_t>(row) * y_stride, count);
}

template <int kRows>
inline void multiply_rows_i8(const std::uint8_t* codes, std::size_t codes_stride, std::size_t quads,
                             const std::int8_t* panel, const std::int32_t* surplus, const float* row_absmax,
                             const float* column_absmax, float scale, const Epilogue& epilogue, float* y,
                             std::size_t y_stride, std::size_t count) {
  __m512i sums[kRows];
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) sums[row] = _mm512_setzero_si512();
  for (std::size_t i = 0; i < quads; ++i) {
    const __m512i weights = _mm512_loadu_si512(panel + i * 64);
#pragma GCC unroll 16
    for (int row = 0; row < kRows; ++row) {
      int four;
      __builtin_memcpy(&four, codes + static_cast<std::size_t>(row) * codes_stride + 4 * i, sizeof four);
      sums[row] = _mm512_dpbusd_epi32(sums[row], _mm512_set1_epi32(four), weights);
    }
  }
  const __m512i excess = _mm512_loadu_si512(surplus);
  const __m512 columns = _mm512_loadu_ps(column_absmax);
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) {
    const __m512 sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[row], excess));
    const __m512 absmax = _mm512_mul_ps(_mm512_set1_ps(row_absmax[row]), columns);
    store_outputs(_mm512_mul_ps(_mm512_mul_ps(sum, absmax), _mm512_set1_ps(scale)), epilogue,
                  y + static_cast<std::size_t>(row) * y_stride, count);
  }
}

// Calls multiply(RowCount) for kRowsAtOnce rows at a time, then for the rest.
template <int kRows>
struct RowCount {
  static constexpr int value = kRows;
};

template <int kRows, class Multiply>
inline void multiply_rest(std::size_t rows, const Multiply& multiply) {
  if constexpr (kRows > 0) {
    if (rows == static_cast<std::size_t>(kRows)) return multiply(RowCount<kRows>{});
    multiply_rest<kRows - 1>(rows, multiply);
  }
}

void multiply_panel(const float* x, std::size_t x_stride, std::size_t rows, std::size_t k, const float* panel,
                    Epilogue epilogue, float* y, std::size_t y_stride, std::size_t count) {
  const auto multiply = [&](auto count_of_rows) {
    constexpr int kRows = decltype(count_of_rows)::value;
    multiply_rows<kRows>(x, x_stride, k, panel, epilogue, y, y_stride, count);
    x += kRows * x_stride;
    y += kRows * y_stride;
  };
  for (; rows >= kRowsAtOnce; rows -= kRowsAtOnce) multiply(RowCount<kRowsAtOnce>{});
  multiply_rest<kRowsAtOnce - 1>(rows, multiply);
}

void multiply_panel_i8(const std::uint8_t* codes, std::size_t codes_stride, std::size_t rows,
                       std::size_t quads, const std::int8_t* panel, const std::int32_t* surplus,
                       const float* row_absmax, const float* column_absmax, float scale, Epilogue epilogue,
                       float* y, std::size_t y_stride, std::size_t count) {
  const auto multiply = [&](auto count_of_rows) {
    constexpr int kRows = decltype(count_of_rows)::value;
    multiply_rows_i8<kRows>(codes, codes_stride, quads, panel, surplus, row_absmax, column_absmax, scale,
                            epilogue, y, y_stride, count);
    codes += kRows * codes_stride;
    row_absmax += kRows;
    y += kRows * y_stride;
  };
  for (; rows >= kRowsAtOnce; rows -= kRowsAtOnce) multiply(RowCount<kRowsAtOnce>{});
  multiply_rest<kRowsAtOnce - 1>(rows, multiply);
}

void expand_nf4(const std::uint8_t* codes, std::size_t inputs, const float* table, const float* absmax,
                float* out) {
  const __m512 values = _mm512_loadu_ps(table);
  const __m512 scales = _mm512_loadu_ps(absmax);
  for (std::size_t i = 0; i < inputs; ++i) {
    // Low nibbles are outputs 0 to 7, high ones 8 to 15; the look-up reads the lowest four bits of a lane.
    const __m256i bytes =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + 8 * i)));
    const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(bytes), _mm256_srli_epi32(bytes, 4), 1);
    _mm512_storeu_ps(out + 16 * i, half_rounded(_mm512_mul_ps(_mm512_permutexvar_ps(both, values), scales)));
  }
}

void expand_i4(const std::uint8_t* codes, std::size_t inputs, const float* zero, const float* scale,
               float* out) {
  const __m512 zeros = _mm512_loadu_ps(zero);
  const __m512 scales = _mm512_loadu_ps(scale);
  const __m512i low_bits = _mm512_set1_epi32(0xF);
  for (std::size_t i = 0; i < inputs; ++i) {
    const __m256i bytes =
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes + 8 * i)));
    const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(bytes), _mm256_srli_epi32(bytes, 4), 1);
    const __m512 values = _mm512_cvtepi32_ps(_mm512_and_si512(both, low_bits));
    _mm512_storeu_ps(out + 16 * i, half_rounded(_mm512_mul_ps(_mm512_sub_ps(values, zeros), scales)));
  }
}

}  // namespace

const Kernels* avx512vnni_kernels() {
  static const Kernels* const table = []() -> const Kernels* {
    if (avx2_kernels() == nullptr) return nullptr;
    static Kernels kernels = *avx2_kernels();
    kernels.name = "avx512vnni";
    kernels.multiply_panel = multiply_panel;
    kernels.multiply_panel_i8 = multiply_panel_i8;
    kernels.expand_nf4 = expand_nf4;
    kernels.expand_i4 = expand_i4;
    return &kernels;
  }();
  return table;
}

}  // namespace quantier::cpu
#else
namespace quantier::cpu {
const Kernels* avx512vnni_kernels() { return nullptr; }
}  // namespace quantier::cpu
#endif
