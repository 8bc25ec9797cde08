// AVX-512 with VNNI: the products, which are nearly all of the time, with their epilogues, and the expansion
// of four-bit codes. The row-wise loops are those of AVX2. The order of every sum is the same as there, so
// the bits are the same too.
#include "quantier/engine/cpu/kernels.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && \
    defined(__AVX512VNNI__)
// GCC 12 takes the undefined registers inside its own intrinsics for a mistake of ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

namespace quantier::cpu {
namespace {

#include "quantier/engine/cpu/products_avx512.h"

void multiply_f32(const Product& product, const Epilogue& epilogue) {
  multiply<FloatStep>(product, epilogue);
}

// Sums begin at minus the surplus.
template <int kRows, int kPanels>
inline void add_group(const Product& product, const IntegerScales& scales, std::size_t first,
                      const std::uint8_t* const (&panels)[kPanels], std::size_t group,
                      __m512i (&sums)[kRows][kPanels]) {
  const std::size_t begin = group * scales.steps_per_group;
  const std::size_t end =
      begin + scales.steps_per_group < product.steps ? begin + scales.steps_per_group : product.steps;
#pragma GCC unroll 2
  for (int panel = 0; panel < kPanels; ++panel) {
    const __m512i start =
        _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_loadu_si512(scales.surplus[panel] + group * 16));
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) sums[row][panel] = start;
  }
  add_steps<Int8Step, kRows, kPanels>(
      static_cast<const std::uint8_t*>(product.x) + first * product.x_stride_bytes, product.x_stride_bytes,
      panels, begin, end, next_of(product, first), sums);
}

template <int kRows, int kPanels>
inline void multiply_tile_i8(const Product& product, const IntegerScales& scales, std::size_t first,
                             const std::uint8_t* const (&panels)[kPanels], const Epilogue& epilogue) {
  __m512i sums[kRows][kPanels];
  add_group<kRows, kPanels>(product, scales, first, panels, 0, sums);
  Numbers<kRows, kPanels> numbers;
#pragma GCC unroll 2
  for (int panel = 0; panel < kPanels; ++panel) {
    const __m512 column = _mm512_loadu_ps(scales.column[panel]);
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
      const __m512 row_absmax = _mm512_set1_ps(scales.row_absmax[first + static_cast<std::size_t>(row)]);
      const __m512 sum =
          _mm512_mul_ps(_mm512_cvtepi32_ps(sums[row][panel]), _mm512_mul_ps(row_absmax, column));
      numbers[row][panel] = _mm512_mul_ps(sum, _mm512_set1_ps(scales.scale));
    }
  }
  finish<kRows, kPanels>(numbers, first, epilogue);
}

// Numbers of groups are added up in memory: registers are for the sums.
template <int kRows, int kPanels>
inline void multiply_tile_groups(const Product& product, const IntegerScales& scales, std::size_t first,
                                 const std::uint8_t* const (&panels)[kPanels], const Epilogue& epilogue) {
  alignas(64) float totals[kRows][kPanels][16] = {};
  const std::size_t groups = (product.steps + scales.steps_per_group - 1) / scales.steps_per_group;
  for (std::size_t group = 0; group < groups; ++group) {
    __m512i sums[kRows][kPanels];
    add_group<kRows, kPanels>(product, scales, first, panels, group, sums);
#pragma GCC unroll 2
    for (int panel = 0; panel < kPanels; ++panel) {
      const __m512 column = _mm512_loadu_ps(scales.column[panel] + group * 16);
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
        float* total = totals[row][panel];
        _mm512_store_ps(total,
                        _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[row][panel]), column, _mm512_load_ps(total)));
      }
    }
  }
  Numbers<kRows, kPanels> numbers;
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row) {
    const __m512 factor =
        _mm512_set1_ps(scales.row_absmax[first + static_cast<std::size_t>(row)] * scales.scale);
#pragma GCC unroll 2
    for (int panel = 0; panel < kPanels; ++panel)
      numbers[row][panel] = _mm512_mul_ps(_mm512_load_ps(totals[row][panel]), factor);
  }
  finish<kRows, kPanels>(numbers, first, epilogue);
}

template <int kPanels>
inline void multiply_panels_i8(const Product& product, const IntegerScales& scales,
                               const Epilogue& epilogue) {
  const std::uint8_t* panels[kPanels];
  for (int panel = 0; panel < kPanels; ++panel)
    panels[panel] = static_cast<const std::uint8_t*>(product.panels[panel]);
  if (scales.is_grouped) {
    return for_rows<kTileRows>(product.rows, [&](std::size_t first, auto count) {
      multiply_tile_groups<decltype(count)::value, kPanels>(product, scales, first, panels, epilogue);
    });
  }
  for_rows<kTileRows>(product.rows, [&](std::size_t first, auto count) {
    multiply_tile_i8<decltype(count)::value, kPanels>(product, scales, first, panels, epilogue);
  });
}

void multiply_i8(const Product& product, const IntegerScales& scales, const Epilogue& epilogue) {
  if (product.panels[1] != nullptr) return multiply_panels_i8<2>(product, scales, epilogue);
  multiply_panels_i8<1>(product, scales, epilogue);
}

// Four inputs at a time: their nibbles, sixteen outputs each, become bytes, and the bytes of an output come
// to stand together.
void expand_i4_to_i8(const std::uint8_t* codes, std::size_t inputs, const std::uint8_t* zero,
                     std::int8_t* panel, std::int32_t* surplus) {
  const __m128i zeros = _mm_loadu_si128(reinterpret_cast<const __m128i*>(zero));
  const __m512i all_zeros = _mm512_cvtepu8_epi32(zeros);
  const __m512i four_zeros = _mm512_mullo_epi32(all_zeros, _mm512_set1_epi32(0x01010101));
  const __m512i ones = _mm512_set1_epi8(1);
  const __m256i low_bits = _mm256_set1_epi8(0xF);
  // From byte (input j, output i) at 16 j + i to byte (output i, input j) at 4 i + j: within 128-bit lanes
  // after the lanes have been made of four outputs each.
  const __m512i by_output =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m512i lanes = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i sums = _mm512_setzero_si512();
  for (std::size_t k = 0; k < inputs; k += 4) {
    __m256i bytes;
    if (k + 4 <= inputs) {
      bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + 8 * k));
    } else {
      // Missing inputs have the codes of their zero points.
      alignas(32) std::uint8_t rest[32];
      for (std::size_t i = 0; i < 32; ++i) {
        rest[i] = k + i / 8 < inputs ? codes[8 * k + i]
                                     : static_cast<std::uint8_t>(zero[i % 8] | zero[i % 8 + 8] << 4);
      }
      bytes = _mm256_load_si256(reinterpret_cast<const __m256i*>(rest));
    }
    const __m256i low = _mm256_and_si256(bytes, low_bits);  // outputs 0 to 7, four inputs
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_bits);  // outputs 8 to 15
    // Input by input, sixteen outputs: 64-bit words low0 high0 low1 high1 ...
    const __m256i first = _mm256_unpacklo_epi64(low, high);                             // inputs 0 and 2
    const __m256i second = _mm256_unpackhi_epi64(low, high);                            // inputs 1 and 3
    const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);  // inputs 0 2 1 3
    const __m512i in_order = _mm512_shuffle_i32x4(both, both, 0xD8);                    // inputs 0 1 2 3
    const __m512i codes_of = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(lanes, in_order), by_output);
    const __m512i weights = _mm512_sub_epi8(codes_of, four_zeros);
    sums = _mm512_dpbusd_epi32(sums, ones, weights);
    _mm512_storeu_si512(panel + 16 * k, weights);
  }
  _mm512_storeu_si512(surplus, _mm512_slli_epi32(sums, 7));
}

void expand_bfloat16_pairs(const std::uint16_t* pairs, std::size_t inputs, float* out) {
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
  for (std::size_t i = 0; i < inputs; i += 2) {
    const __m512i both = _mm512_loadu_si512(pairs + 16 * i);
    _mm512_storeu_si512(out + 16 * i, _mm512_slli_epi32(both, 16));
    if (i + 1 < inputs) _mm512_storeu_si512(out + 16 * i + 16, _mm512_and_si512(both, upper));
  }
}

void pack_bfloat16(const float* x, std::size_t n, std::uint16_t* bits) {
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = first_lanes(n - i);
    const __m512i words = _mm512_maskz_loadu_epi32(lanes, x + i);
    _mm512_mask_cvtepi32_storeu_epi16(bits + i, lanes, _mm512_srli_epi32(words, 16));
  }
}

// Magnitudes as integers grow as they do as floats, and a NaN is the largest.
float largest(const float* x, std::size_t n) {
  const __m512i magnitude = _mm512_set1_epi32(0x7FFFFFFF);
  __m512i most = _mm512_setzero_si512();
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16)
    most = _mm512_max_epi32(most, _mm512_and_si512(_mm512_loadu_si512(x + i), magnitude));
  if (i < n)
    most = _mm512_max_epi32(most,
                            _mm512_and_si512(_mm512_maskz_loadu_epi32(first_lanes(n - i), x + i), magnitude));
  const int bits = _mm512_reduce_max_epi32(most);
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

void quantize(const float* x, std::size_t n, float scale, std::uint8_t* codes) {
  const __m512 factor = _mm512_set1_ps(scale);
  const __m128i sign = _mm_set1_epi8(-128);
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + i), factor));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(codes + i),
                     _mm_xor_si128(_mm512_cvtsepi32_epi8(whole), sign));
  }
  if (i < n) {
    const __mmask16 lanes = first_lanes(n - i);
    const __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + i), factor));
    _mm_mask_storeu_epi8(codes + i, lanes, _mm_xor_si128(_mm512_cvtsepi32_epi8(whole), sign));
  }
}

inline float sum_of(__m512 x) {
  alignas(32) float lanes[8];
  const __m512 upper = _mm512_shuffle_f32x4(x, x, 0xEE);
  _mm256_store_ps(lanes, _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_castps512_ps256(upper)));
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

// The lanes of [i, i + 16) that lie in [begin, end).
inline __mmask16 lanes_between(std::size_t i, std::size_t begin, std::size_t end) {
  const __mmask16 until = end <= i ? __mmask16{0} : first_lanes(end - i);
  const __mmask16 before = begin <= i ? __mmask16{0} : first_lanes(begin - i);
  return static_cast<__mmask16>(until & ~before);
}

void softmax(float* x, std::size_t begin, std::size_t end, std::size_t width, float scale) {
  const std::size_t first = begin / 16 * 16;
  __m512 most_lanes = _mm512_set1_ps(x[begin]);
  for (std::size_t i = first; i < end; i += 16)
    most_lanes = _mm512_mask_max_ps(most_lanes, lanes_between(i, begin, end), most_lanes,
                                    _mm512_maskz_loadu_ps(first_lanes(width - i), x + i));
  const F16 most{_mm512_set1_ps(_mm512_reduce_max_ps(most_lanes))};
  const F16 factor = F16::all(scale);
  for (std::size_t i = 0; i < first; i += 16) _mm512_storeu_ps(x + i, _mm512_setzero_ps());
  __m512 sums = _mm512_setzero_ps();
  std::size_t i = first;
  for (; i < end; i += 16) {
    const __mmask16 lanes = first_lanes(width - i);
    const F16 value{_mm512_maskz_loadu_ps(lanes, x + i)};
    const __m512 e = _mm512_maskz_mov_ps(lanes_between(i, begin, end), exp_of((value - most) * factor).v);
    sums = _mm512_add_ps(sums, e);
    _mm512_mask_storeu_ps(x + i, lanes, e);
  }
  for (; i < width; i += 16) _mm512_mask_storeu_ps(x + i, first_lanes(width - i), _mm512_setzero_ps());
  const __m512 inverse = _mm512_set1_ps(1.0F / sum_of(sums));
  for (i = first; i < end; i += 16) {
    const __mmask16 lanes = first_lanes(width - i);
    _mm512_mask_storeu_ps(x + i, lanes, _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + i), inverse));
  }
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
    // Outputs are written a few from each row at a time: a block of rows whose outputs stay in the
    // second-level cache is written nearly twice as fast as one that does not.
    kernels.block_output_bytes = std::size_t{512} << 10;
    kernels.name = "avx512vnni";
    kernels.multiply_f32 = multiply_f32;
    kernels.multiply_i8 = multiply_i8;
    kernels.largest = largest;
    kernels.quantize = quantize;
    kernels.softmax = softmax;
    kernels.expand_i4_to_i8 = expand_i4_to_i8;
    kernels.expand_bfloat16_pairs = expand_bfloat16_pairs;
    kernels.pack_bfloat16 = pack_bfloat16;
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
