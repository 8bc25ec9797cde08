// Which tables of kernels this processor can run, and the choice among them.
//
// The first of the list is taken unless somebody asks for another by name (`--kernel`), to compare them or to
// see what a lesser machine would do. Errors: kUsage for a name that no table has, kEnvironment for one that
// this processor cannot run.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/engine/cpu/kernels.h"

namespace quantier::cpu {

// Best first; never empty. All but "generic" give the same bits, except for bfloat16 products, which "amx"
// and "avx512bf16" take with instructions of their own.
[[nodiscard]] std::span<const Kernels* const> runnable_kernels();
[[nodiscard]] Result<const Kernels*> kernels_named(std::string_view name);

// What engines made from now on run with: the best, until `choose_kernels` named another.
[[nodiscard]] const Kernels& chosen_kernels();
[[nodiscard]] Status choose_kernels(std::string_view name);
// The name that was asked for; nullopt where the best are taken.
[[nodiscard]] std::optional<std::string> asked_kernels();

// "generic, avx2, ..."
[[nodiscard]] std::string known_kernel_names();

}  // namespace quantier::cpu
