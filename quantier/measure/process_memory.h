// What the operating system says about this process's memory (Linux: /proc/self/status).
#pragma once

#include <cstdint>
#include <string_view>

#include "quantier/base/error.h"

namespace quantier {

struct ProcessMemory {
  std::uint64_t resident_bytes = 0;  // VmRSS
  std::uint64_t peak_bytes = 0;      // VmHWM: the largest resident set since the process started,
                                     // or since reset_process_peak()
};

[[nodiscard]] Result<ProcessMemory> process_memory();
// Lets VmHWM start again at what is resident now, where the system offers that; false elsewhere.
bool reset_process_peak();
// For tests: the text of a status file.
[[nodiscard]] Result<ProcessMemory> parse_process_status(std::string_view status);

}  // namespace quantier
