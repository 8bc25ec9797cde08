#include "quantier/engine/cpu/kernel_list.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/nearest_word.h"

namespace quantier::cpu {
namespace {

constexpr std::array<const char*, 6> kNames = {"amx",     "avx512bf16", "avx512vnni",
                                               "avxvnni", "avx2",       "generic"};

std::atomic<const Kernels*> chosen = nullptr;

// Linux keeps room for a thread's tiles only when it has been asked to (Documentation/arch/x86/xstate.rst).
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

std::span<const Kernels* const> runnable_kernels() {
  static const std::vector<const Kernels*> kernels = [] {
    const bool avx2 =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    const bool avx512vnni = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                            __builtin_cpu_supports("avx512vnni");
    const bool avx512bf16 = avx512vnni && __builtin_cpu_supports("avx512bf16");
    const bool amx = avx512bf16 && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-int8") &&
                     __builtin_cpu_supports("amx-bf16") && may_use_tiles();
    std::vector<const Kernels*> list;
    // A table's function is built with the table's instructions, so it is called only where they run.
    const auto add = [&](bool runs, const Kernels* (*table)()) {
      if (runs && table() != nullptr) list.push_back(table());
    };
    add(amx, amx_kernels);
    // Intel's vdpbf16ps has half the rate of a float multiply-add, AMD's twice (docs/performance.md).
    const bool bf16_is_faster = !__builtin_cpu_is("intel");
    add(avx512bf16 && bf16_is_faster, avx512bf16_kernels);
    add(avx512vnni, avx512vnni_kernels);
    add(avx512bf16 && !bf16_is_faster, avx512bf16_kernels);
    add(avx2 && __builtin_cpu_supports("avxvnni"), avxvnni_kernels);
    add(avx2, avx2_kernels);
    add(true, generic_kernels);
    return list;
  }();
  return kernels;
}

std::string known_kernel_names() { return fmt::format("{}", fmt::join(kNames, ", ")); }

Result<const Kernels*> kernels_named(std::string_view name) {
  const auto runnable = runnable_kernels();
  const auto found =
      std::ranges::find_if(runnable, [&](const Kernels* table) { return name == table->name; });
  if (found != runnable.end()) return *found;
  if (std::ranges::find(kNames, name) == kNames.end()) {
    return fail(ErrorKind::kUsage, "no kernels are called so", std::string(name), "",
                fmt::format("known: {}", known_kernel_names()));
  }
  std::vector<const char*> names;
  for (const Kernels* table : runnable) names.push_back(table->name);
  return fail(ErrorKind::kEnvironment, "this processor cannot run these kernels", std::string(name),
              "it lacks their instructions", fmt::format("it runs: {}", fmt::join(names, ", ")));
}

const Kernels& chosen_kernels() {
  const Kernels* table = chosen.load(std::memory_order_relaxed);
  return table != nullptr ? *table : *runnable_kernels().front();
}

std::optional<std::string> asked_kernels() {
  const Kernels* table = chosen.load(std::memory_order_relaxed);
  return table != nullptr ? std::optional<std::string>(table->name) : std::nullopt;
}

Status choose_kernels(std::string_view name) {
  QT_TRY(const Kernels* table, kernels_named(name));
  chosen.store(table, std::memory_order_relaxed);
  return {};
}

}  // namespace quantier::cpu
