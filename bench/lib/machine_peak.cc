#include "bench/lib/machine_peak.h"

#include <algorithm>
#include <cstdint>
#include <immintrin.h>
#include <string_view>
#include <time.h>
#include <vector>

#include "quantier/engine/cpu/kernel_list.h"

// GCC 12 takes the undefined registers inside its own intrinsics for a mistake of ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace quantier {
namespace {

constexpr int kChains = 16;  // more than latency times issue width of any processor so far
constexpr std::int64_t kSteps = 100'000;
constexpr int kAttempts = 3;

enum class Step : std::uint8_t { kFloat, kBFloat16, kInt8, kInt16 };

// One loop for all: an instruction of any kind reads and writes the same registers, and nobody looks at the
// numbers. Only run where the processor has the instruction. As assembly: nothing may be added up beforehand,
// no chain that does what another does be left out, and no sum copied.
template <Step kStep>
__attribute__((target("avx512f"))) float spin() {
  __m512 sums[kChains];
#pragma GCC unroll 16
  for (auto& sum : sums) sum = _mm512_set1_ps(1e-3F);
  const __m512 factor = _mm512_set1_ps(0.5F);
  for (std::int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) {
      if constexpr (kStep == Step::kFloat) asm("vfmadd213ps %1, %1, %0" : "+v"(sums[i]) : "v"(factor));
      if constexpr (kStep == Step::kBFloat16) asm("vdpbf16ps %1, %1, %0" : "+v"(sums[i]) : "v"(factor));
      if constexpr (kStep == Step::kInt8) asm("vpdpbusd %1, %1, %0" : "+v"(sums[i]) : "v"(factor));
    }
  }
  __m512 all = sums[0];
#pragma GCC unroll 16
  for (int i = 1; i < kChains; ++i) all = _mm512_add_ps(all, sums[i]);
  return _mm512_cvtss_f32(all);
}

// The same for registers of 256 bits, of which there are sixteen.
constexpr int kHalfChains = 12;
template <Step kStep>
__attribute__((target("avx2,fma"))) float half_spin() {
  __m256 sums[kHalfChains];
#pragma GCC unroll 16
  for (auto& sum : sums) sum = _mm256_set1_ps(1e-3F);
  const __m256 factor = _mm256_set1_ps(0.5F);
  for (std::int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 16
    for (int i = 0; i < kHalfChains; ++i) {
      __m256 product;
      if constexpr (kStep == Step::kFloat) asm("vfmadd213ps %1, %1, %0" : "+x"(sums[i]) : "x"(factor));
      if constexpr (kStep == Step::kInt8) asm("%{vex%} vpdpbusd %1, %1, %0" : "+x"(sums[i]) : "x"(factor));
      if constexpr (kStep == Step::kInt16)
        asm("vpmaddwd %2, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sums[i]), "=&x"(product) : "x"(factor));
    }
  }
  __m256 all = sums[0];
#pragma GCC unroll 16
  for (int i = 1; i < kHalfChains; ++i) all = _mm256_add_ps(all, sums[i]);
  return _mm256_cvtss_f32(all);
}

// The same for tiles: four of sums, sixteen rows of 64 bytes each.
enum class TileStep : std::uint8_t { kBFloat16, kInt8 };
template <TileStep kStep>
__attribute__((target("amx-tile,amx-int8,amx-bf16"))) float tile_spin() {
  struct alignas(64) {
    std::uint8_t palette = 1;
    std::uint8_t other[15] = {};
    std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16};
  } const shapes;
  asm volatile("ldtilecfg %0" ::"m"(shapes));
  for (std::int64_t step = 0; step < kSteps; ++step) {
    if constexpr (kStep == TileStep::kBFloat16)
      asm volatile(
          "tdpbf16ps %tmm5, %tmm4, %tmm0\n\ttdpbf16ps %tmm5, %tmm4, %tmm1\n\t"
          "tdpbf16ps %tmm5, %tmm4, %tmm2\n\ttdpbf16ps %tmm5, %tmm4, %tmm3");
    if constexpr (kStep == TileStep::kInt8)
      asm volatile(
          "tdpbusd %tmm5, %tmm4, %tmm0\n\ttdpbusd %tmm5, %tmm4, %tmm1\n\t"
          "tdpbusd %tmm5, %tmm4, %tmm2\n\ttdpbusd %tmm5, %tmm4, %tmm3");
  }
  asm volatile("tilerelease");
  return 0;
}
constexpr double kTileOperations = 2.0 * 16 * 16 * 16 * 4 * kSteps;  // times the numbers in four bytes

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double rate(ThreadPool& pool, float (*spin)(), double operations) {
  double best = 0;
  std::vector<float> kept(pool.threads());
  std::vector<double> seconds(pool.threads());
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    pool.run(pool.threads(), [&](std::size_t task, std::size_t) {
      const double before = thread_seconds();
      kept[task] = spin();
      seconds[task] = thread_seconds() - before;
    });
    double sum = 0;
    for (const double each : seconds) sum += operations / each;
    best = std::max(best, sum);
  }
  volatile float sink = kept.front();
  static_cast<void>(sink);
  return best;
}

}  // namespace

MachinePeak measure_machine_peak(ThreadPool& pool) {
  constexpr double kVectors = 2.0 * kChains * kSteps;
  constexpr double kHalfVectors = 2.0 * kHalfChains * kSteps;
  MachinePeak peak;
  const bool has_avx512 = __builtin_cpu_supports("avx512f");
  peak.f32_per_second = has_avx512 ? rate(pool, spin<Step::kFloat>, 16 * kVectors)
                                   : rate(pool, half_spin<Step::kFloat>, 8 * kHalfVectors);
  // By name: the tables of other processors are filled with their own instructions when they are asked for.
  if (std::ranges::any_of(cpu::runnable_kernels(),
                          [](const auto* each) { return std::string_view(each->name) == "amx"; })) {
    peak.bf16_per_second = rate(pool, tile_spin<TileStep::kBFloat16>, 2 * kTileOperations);
    peak.int8_per_second = rate(pool, tile_spin<TileStep::kInt8>, 4 * kTileOperations);
    return peak;
  }
  peak.bf16_per_second = has_avx512 && __builtin_cpu_supports("avx512bf16")
                             ? rate(pool, spin<Step::kBFloat16>, 32 * kVectors)
                             : peak.f32_per_second;
  if (has_avx512 && __builtin_cpu_supports("avx512vnni")) {
    peak.int8_per_second = rate(pool, spin<Step::kInt8>, 64 * kVectors);
  } else if (__builtin_cpu_supports("avxvnni")) {
    peak.int8_per_second = rate(pool, half_spin<Step::kInt8>, 32 * kHalfVectors);
  } else {
    peak.int8_per_second = rate(pool, half_spin<Step::kInt16>, 16 * kHalfVectors);
  }
  return peak;
}

}  // namespace quantier
