// A checkpoint of a real geometry with random weights, made on the spot and kept among temporary files.
#pragma once

#include <filesystem>
#include <string>

#include "quantier/base/error.h"

namespace quantier {

inline constexpr std::uint64_t kRandomModelClasses = 50;

// "modernbert-base" or "qwen2.5-0.5b".
[[nodiscard]] Result<std::filesystem::path> random_model(const std::string& geometry);

}  // namespace quantier
