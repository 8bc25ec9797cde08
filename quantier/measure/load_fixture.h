// Servers with known latency laws, in simulated time; for tests only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "quantier/base/rng.h"
#include "quantier/measure/open_loop.h"

namespace quantier::load_fixture {

inline constexpr std::int64_t kMs = 1'000'000;

class SimulatedClock final : public LoadClock {
 public:
  [[nodiscard]] std::int64_t now_ns() override { return now_; }
  void wait_until(std::int64_t deadline_ns, const Interrupt* /*interrupt*/) override {
    now_ = std::max(now_, deadline_ns);
  }
  void advance(std::int64_t ns) { now_ += ns; }

 private:
  std::int64_t now_ = 0;
};

// The same time for every batch, whatever its size.
class ConstantServer final : public LoadServer {
 public:
  ConstantServer(SimulatedClock& clock, std::int64_t service_ns) : clock_(clock), service_ns_(service_ns) {}
  Status serve(std::span<const std::uint32_t> /*requests*/) override {
    clock_.advance(service_ns_);
    return {};
  }

 private:
  SimulatedClock& clock_;
  std::int64_t service_ns_;
};

// Exponential times, independent of everything.
class ExponentialServer final : public LoadServer {
 public:
  ExponentialServer(SimulatedClock& clock, double mean_ns, std::uint64_t seed)
      : clock_(clock), mean_ns_(mean_ns), random_(seed, 0xe) {}
  Status serve(std::span<const std::uint32_t> /*requests*/) override {
    clock_.advance(std::llround(-mean_ns_ * std::log(random_.next_open_uniform())));
    return {};
  }

 private:
  SimulatedClock& clock_;
  double mean_ns_;
  Philox random_;
};

// Constant, but stands still for the first `stall_ns` of every `period_ns`, whatever it was doing.
class StallingServer final : public LoadServer {
 public:
  StallingServer(SimulatedClock& clock, std::int64_t service_ns, std::int64_t stall_ns,
                 std::int64_t period_ns)
      : clock_(clock), service_ns_(service_ns), stall_ns_(stall_ns), period_ns_(period_ns) {}
  Status serve(std::span<const std::uint32_t> /*requests*/) override {
    for (std::int64_t left = service_ns_; left > 0;) {
      const std::int64_t phase = clock_.now_ns() % period_ns_;
      if (phase < stall_ns_) {
        clock_.advance(stall_ns_ - phase);
        continue;
      }
      const std::int64_t step = std::min(left, period_ns_ - phase);
      clock_.advance(step);
      left -= step;
    }
    return {};
  }

 private:
  SimulatedClock& clock_;
  std::int64_t service_ns_;
  std::int64_t stall_ns_;
  std::int64_t period_ns_;
};

// Linear in the size of the batch: base + per request.
class LinearServer final : public LoadServer {
 public:
  LinearServer(SimulatedClock& clock, std::int64_t base_ns, std::int64_t request_ns)
      : clock_(clock), base_ns_(base_ns), request_ns_(request_ns) {}
  Status serve(std::span<const std::uint32_t> requests) override {
    clock_.advance(base_ns_ + request_ns_ * static_cast<std::int64_t>(requests.size()));
    return {};
  }

 private:
  SimulatedClock& clock_;
  std::int64_t base_ns_;
  std::int64_t request_ns_;
};

}  // namespace quantier::load_fixture
