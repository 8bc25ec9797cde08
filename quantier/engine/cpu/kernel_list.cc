// Which tables of kernels this processor can run, best first.
#include <vector>

#include "quantier/engine/cpu/kernels.h"

namespace quantier::cpu {

std::span<const Kernels* const> runnable_kernels() {
  static const std::vector<const Kernels*> kernels = [] {
    const bool avx2 =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    const bool avx512vnni = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                            __builtin_cpu_supports("avx512vnni");
    std::vector<const Kernels*> list;
    if (avx512vnni && avx512vnni_kernels() != nullptr) list.push_back(avx512vnni_kernels());
    if (avx2 && avx2_kernels() != nullptr) list.push_back(avx2_kernels());
    list.push_back(generic_kernels());
    return list;
  }();
  return kernels;
}

const Kernels& best_kernels() { return *runnable_kernels().front(); }

}  // namespace quantier::cpu
