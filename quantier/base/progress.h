// How libraries report progress without printing: they call a function that cli/ provides (or none).
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace quantier {

struct ProgressUpdate {
  std::string_view stage;   // "demo-encoder int8: predicting"
  std::uint64_t done = 0;   // in units of work of this stage
  std::uint64_t total = 0;  // 0: unknown
};

using ProgressFunction = std::function<void(const ProgressUpdate&)>;

}  // namespace quantier
