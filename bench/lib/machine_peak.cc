#include "bench/lib/machine_peak.h"

#include <algorithm>
#include <cstdint>
#include <immintrin.h>
#include <time.h>
#include <vector>

// GCC 12 takes the undefined registers inside its own intrinsics for a mistake of ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace quantier {
namespace {

constexpr int kChains = 16;  // more than latency times issue width of any processor so far
constexpr std::int64_t kSteps = 100'000;
constexpr int kAttempts = 3;

// As assembly: nothing may be added up beforehand, and no sum copied. Each returns something that depends on
// every step, so that nothing is left out.
__attribute__((target("avx2,fma"))) float spin_avx2() {
  constexpr int kRegisters = 12;
  __m256 sums[kRegisters];
#pragma GCC unroll 16
  for (auto& sum : sums) sum = _mm256_set1_ps(1e-3F);
  const __m256 factor = _mm256_set1_ps(0.999F);
  for (std::int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 16
    for (int i = 0; i < kRegisters; ++i) sums[i] = _mm256_fmadd_ps(sums[i], factor, factor);
  }
  __m256 all = sums[0];
#pragma GCC unroll 16
  for (int i = 1; i < kRegisters; ++i) all = _mm256_add_ps(all, sums[i]);
  return _mm256_cvtss_f32(all);
}
constexpr double kAvx2Operations = 2.0 * 8 * 12 * kSteps;

enum class Step : std::uint8_t { kFloat, kBFloat16, kInt8 };

// One loop for all: an instruction of any of the three reads and writes the same registers, and nobody looks
// at the numbers. Only run where the processor has the instruction.
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
  constexpr double kVectors = static_cast<double>(kChains) * kSteps;
  MachinePeak peak;
  const bool has_avx512 = __builtin_cpu_supports("avx512f");
  peak.f32_per_second = has_avx512 ? rate(pool, spin<Step::kFloat>, 2.0 * 16 * kVectors)
                                   : rate(pool, spin_avx2, kAvx2Operations);
  peak.bf16_per_second = has_avx512 && __builtin_cpu_supports("avx512bf16")
                             ? rate(pool, spin<Step::kBFloat16>, 2.0 * 32 * kVectors)
                             : peak.f32_per_second;
  peak.int8_per_second = has_avx512 && __builtin_cpu_supports("avx512vnni")
                             ? rate(pool, spin<Step::kInt8>, 2.0 * 64 * kVectors)
                             : peak.f32_per_second;
  return peak;
}

}  // namespace quantier
