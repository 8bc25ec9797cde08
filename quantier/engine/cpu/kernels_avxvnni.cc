// AVX-VNNI: the instruction that multiplies bytes and adds them up in registers of 256 bits, on processors
// that have it without AVX-512. Everything but the integer products is as with AVX2.
#include "quantier/engine/cpu/kernels.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__) && defined(__AVXVNNI__)
#include <immintrin.h>

namespace quantier::cpu {
namespace {

#include "quantier/engine/cpu/body_avx2.h"

// Six rows times sixteen outputs: twelve sums in registers.
constexpr int kTileRows = 6;

// sums[row][outputs 0-7, 8-15] += the products of some steps. A step of `next`, if any, is fetched with each.
template <int kRows>
inline void add_steps(const std::uint8_t* x, std::size_t x_stride, const std::int8_t* weights,
                      std::size_t steps, const std::int8_t* next, __m256i (&sums)[kRows][2]) {
  for (std::size_t step = 0; step < steps; ++step, weights += 64, x += 4) {
    if (next != nullptr) __builtin_prefetch(next + step * 64, 0, kFetchAhead);
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + 32));
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
      const __m256i four = _mm256_castps_si256(
          _mm256_broadcast_ss(reinterpret_cast<const float*>(x + static_cast<std::size_t>(row) * x_stride)));
      // As assembly, because GCC 12 copies the sums between registers around the intrinsic.
      asm("%{vex%} vpdpbusd %3, %2, %0\n\t%{vex%} vpdpbusd %4, %2, %1"
          : "+x"(sums[row][0]), "+x"(sums[row][1])
          : "x"(four), "x"(low), "x"(high));
    }
  }
}

void multiply_i8(const Product& product, const IntegerScales& scales, const Epilogue& epilogue) {
  const int panels = product.panels[1] != nullptr ? 2 : 1;
  for_rows<kTileRows>(product.rows, [&](std::size_t first, auto count) {
    constexpr int kRows = decltype(count)::value;
    Row rows[kRows];
    std::size_t group = 0;
    for (std::size_t begin = 0; begin < product.steps; begin += scales.steps_per_group, ++group) {
      const std::size_t left = product.steps - begin;
      const std::size_t steps = left < scales.steps_per_group ? left : scales.steps_per_group;
      for (int panel = 0; panel < panels; ++panel) {
        __m256i sums[kRows][2];
#pragma GCC unroll 2
        for (int half = 0; half < 2; ++half) {
          const __m256i surplus = _mm256_loadu_si256(
              reinterpret_cast<const __m256i*>(scales.surplus[panel] + group * 16 + half * 8));
#pragma GCC unroll 8
          for (int row = 0; row < kRows; ++row)
            sums[row][half] = _mm256_sub_epi32(_mm256_setzero_si256(), surplus);
        }
        const auto* next = static_cast<const std::int8_t*>(next_of(product, first, panel));
        add_steps<kRows>(row_of(product, first) + 4 * begin, product.x_stride_bytes,
                         static_cast<const std::int8_t*>(product.panels[panel]) + begin * 64, steps,
                         next != nullptr ? next + begin * 64 : nullptr, sums);
#pragma GCC unroll 8
        for (int row = 0; row < kRows; ++row)
          take_group(scales, first + static_cast<std::size_t>(row), group, panel,
                     {_mm256_cvtepi32_ps(sums[row][0])}, {_mm256_cvtepi32_ps(sums[row][1])}, rows[row]);
      }
    }
    finish_integer_rows(scales, rows, first, kRows, panels, epilogue);
  });
}

constexpr Kernels kTable = make_table("avxvnni");

}  // namespace

const Kernels* avxvnni_kernels() { return &kTable; }

}  // namespace quantier::cpu
#else
namespace quantier::cpu {
const Kernels* avxvnni_kernels() { return nullptr; }
}  // namespace quantier::cpu
#endif
