// Eight floats in a register of AVX2, with FMA and F16C, and what kernels_body.h asks of them. Included
// inside the anonymous namespace of a source file, under the rule of that header.

struct F8 {
  __m256 v;
  static F8 load(const float* x) { return {_mm256_loadu_ps(x)}; }
  static F8 all(float x) { return {_mm256_set1_ps(x)}; }
  void store(float* x) const { _mm256_storeu_ps(x, v); }
};
inline F8 operator+(F8 a, F8 b) { return {_mm256_add_ps(a.v, b.v)}; }
inline F8 operator-(F8 a, F8 b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline F8 operator*(F8 a, F8 b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline F8 operator/(F8 a, F8 b) { return {_mm256_div_ps(a.v, b.v)}; }
inline F8 fma(F8 a, F8 b, F8 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline F8 max(F8 a, F8 b) { return {_mm256_max_ps(a.v, b.v)}; }
inline F8 min(F8 a, F8 b) { return {_mm256_min_ps(a.v, b.v)}; }
inline F8 below(F8 a, F8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
inline F8 at_least(F8 a, F8 b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)}; }
inline F8 select(F8 mask, F8 a, F8 b) { return {_mm256_blendv_ps(b.v, a.v, mask.v)}; }
inline F8 absolute(F8 a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0F), a.v)}; }
inline F8 larger_magnitude(F8 a, F8 b) {
  return {_mm256_castsi256_ps(_mm256_max_epi32(_mm256_castps_si256(a.v), _mm256_castps_si256(b.v)))};
}
inline F8 half_rounded(F8 a) {
  return {_mm256_cvtph_ps(_mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC))};
}
// To nearest, ties to even, on the bits; a NaN keeps its payload and becomes quiet.
inline F8 bfloat16_rounded(F8 a) {
  const __m256i bits = _mm256_castps_si256(a.v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i up = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256 is_nan = _mm256_cmp_ps(a.v, a.v, _CMP_UNORD_Q);
  const __m256 chosen = _mm256_blendv_ps(_mm256_castsi256_ps(up), _mm256_castsi256_ps(quiet), is_nan);
  return {_mm256_and_ps(chosen, _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(0xFFFF0000U))))};
}
inline F8 from_bfloat16_bits(const std::uint16_t* bits) {
  const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bits)));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(wide, 16))};
}
inline F8 from_half_bits(const std::uint16_t* bits) {
  return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bits)))};
}
inline F8 power_of_two(F8 shifted) {
  const __m256i exponent = _mm256_add_epi32(_mm256_castps_si256(shifted.v), _mm256_set1_epi32(127));
  return {_mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23))};
}
inline void nearest(F8 a, std::uint8_t* out) {
  const __m256i whole = _mm256_cvtps_epi32(a.v);
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
  const __m128i bytes = _mm_packs_epi16(words, words);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_xor_si128(bytes, _mm_set1_epi8(-128)));
}
inline float square_root(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }

// The table in two registers; bit 3 of a code says which.
class Nibbles {
 public:
  explicit Nibbles(const float* table)
      : first_(_mm256_loadu_ps(table)), second_(_mm256_loadu_ps(table + 8)) {}
  void values(const std::uint8_t* codes, F8& low, F8& high) const {
    const __m256i bytes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes)));
    low.v = look_up(bytes);
    high.v = look_up(_mm256_srli_epi32(bytes, 4));
  }

 private:
  [[nodiscard]] __m256 look_up(__m256i codes) const {
    // The permutation reads the lowest three bits; bit 3 moves to the sign, which the blend reads.
    const __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(codes, 28));
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(first_, codes), _mm256_permutevar8x32_ps(second_, codes),
                            upper);
  }
  __m256 first_;
  __m256 second_;
};

inline void transpose8(F8 (&block)[8]) {
  __m256 pairs[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(block[i].v, block[i + 1].v);
    pairs[i + 1] = _mm256_unpackhi_ps(block[i].v, block[i + 1].v);
  }
  __m256 fours[8];
  for (int i = 0; i < 8; i += 4) {
    fours[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    fours[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xEE);
    fours[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    fours[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xEE);
  }
  for (int i = 0; i < 4; ++i) {
    block[i].v = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
    block[i + 4].v = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
  }
}

#include "quantier/engine/cpu/kernels_body.h"

// Four inputs at a time: sixteen outputs' nibbles of each, and the bytes of an output come to stand together.
void expand_i4_to_i8(const std::uint8_t* codes, std::size_t inputs, const std::uint8_t* zero,
                     std::int8_t* panel, std::int32_t* surplus) {
  const __m128i zeros = _mm_loadu_si128(reinterpret_cast<const __m128i*>(zero));
  const __m256i four_times = _mm256_set1_epi32(0x01010101);
  const __m256i zeros_low = _mm256_mullo_epi32(_mm256_cvtepu8_epi32(zeros), four_times);
  const __m256i zeros_high = _mm256_mullo_epi32(_mm256_cvtepu8_epi32(_mm_srli_si128(zeros, 8)), four_times);
  const __m256i low_bits = _mm256_set1_epi8(0xF);
  const __m256i ones_8 = _mm256_set1_epi8(1);
  const __m256i ones_16 = _mm256_set1_epi16(1);
  __m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
  for (std::size_t k = 0; k < inputs; k += 4, panel += 64) {
    alignas(32) std::uint8_t rest[32];
    const std::uint8_t* from = codes + 8 * k;
    if (k + 4 > inputs) {
      // Missing inputs have the codes of their zero points.
      for (std::size_t i = 0; i < 32; ++i) {
        rest[i] =
            k + i / 8 < inputs ? from[i] : static_cast<std::uint8_t>(zero[i % 8] | zero[i % 8 + 8] << 4);
      }
      from = rest;
    }
    // Inputs 0 and 2 beside one another, and 1 and 3, so that bytes of neighbours meet.
    const __m256i bytes =
        _mm256_permute4x64_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)), 0xD8);
    const __m128i even = _mm256_castsi256_si128(bytes);      // inputs 0, 2
    const __m128i odd = _mm256_extracti128_si256(bytes, 1);  // inputs 1, 3
    const __m128i first = _mm_unpacklo_epi8(even, odd);      // inputs 0 and 1 of outputs 0 to 7
    const __m128i second = _mm_unpackhi_epi8(even, odd);     // inputs 2 and 3
    const __m256i nibbles =
        _mm256_set_m128i(_mm_unpackhi_epi16(first, second), _mm_unpacklo_epi16(first, second));
    const __m256i low = _mm256_sub_epi8(_mm256_and_si256(nibbles, low_bits), zeros_low);
    const __m256i high =
        _mm256_sub_epi8(_mm256_and_si256(_mm256_srli_epi16(nibbles, 4), low_bits), zeros_high);
    sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(_mm256_maddubs_epi16(ones_8, low), ones_16));
    sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(_mm256_maddubs_epi16(ones_8, high), ones_16));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(panel), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(panel + 32), high);
  }
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(surplus), _mm256_slli_epi32(sums[0], 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(surplus + 8), _mm256_slli_epi32(sums[1], 7));
}
