// Asking long work to stop.
//
// cli/ owns one Interrupt, sets it from its signal handler and passes a pointer down; loops ask between
// pieces of work that can be lost and return kInterrupted. A null pointer means "never".
#pragma once

#include <atomic>

#include "quantier/base/error.h"

namespace quantier {

struct Interrupt {
  std::atomic<int> signal{0};  // 0, or the number of the signal that arrived
  [[nodiscard]] bool requested() const { return signal.load(std::memory_order_relaxed) != 0; }
};

[[nodiscard]] inline bool stop_requested(const Interrupt* interrupt) {
  return interrupt != nullptr && interrupt->requested();
}

[[nodiscard]] inline std::unexpected<Error> interrupted() {
  return fail(ErrorKind::kInterrupted, "interrupted", "", "a signal asked to stop; finished work is kept");
}

}  // namespace quantier
