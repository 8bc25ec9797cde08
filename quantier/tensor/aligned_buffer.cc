#include "quantier/tensor/aligned_buffer.h"

#include <array>

namespace quantier {
namespace {

struct Counter {
  std::atomic<std::uint64_t> current{0};
  std::atomic<std::uint64_t> peak{0};
};

Counter& counter(MemoryOwner owner) {
  static std::array<Counter, 3> counters;
  return counters[static_cast<std::size_t>(owner)];
}

}  // namespace

MemoryUse memory_use(MemoryOwner owner) {
  return {counter(owner).current.load(), counter(owner).peak.load()};
}

void reset_memory_peak(MemoryOwner owner) { counter(owner).peak.store(counter(owner).current.load()); }

void internal::count_allocation(MemoryOwner owner, std::uint64_t bytes) {
  Counter& use = counter(owner);
  const std::uint64_t now = use.current.fetch_add(bytes) + bytes;
  std::uint64_t peak = use.peak.load();
  while (peak < now && !use.peak.compare_exchange_weak(peak, now)) {
  }
}

void internal::count_release(MemoryOwner owner, std::uint64_t bytes) {
  counter(owner).current.fetch_sub(bytes);
}

}  // namespace quantier
