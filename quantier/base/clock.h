// Time: a monotonic stopwatch in nanoseconds, and the wall clock as RFC 3339 text for the evidence.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace quantier {

[[nodiscard]] inline std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class Stopwatch {
 public:
  [[nodiscard]] std::int64_t elapsed_ns() const { return monotonic_ns() - start_; }

 private:
  std::int64_t start_ = monotonic_ns();
};

// "2026-11-23T14:05:09Z"
[[nodiscard]] std::string utc_now_rfc3339();

}  // namespace quantier
