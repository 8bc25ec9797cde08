#include "quantier/tensor/aligned_buffer.h"

#include <array>
#include <atomic>
#include <cstring>
#include <new>
#include <sys/mman.h>

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

void count_allocation(MemoryOwner owner, std::uint64_t bytes) {
  Counter& use = counter(owner);
  const std::uint64_t now = use.current.fetch_add(bytes) + bytes;
  std::uint64_t peak = use.peak.load();
  while (peak < now && !use.peak.compare_exchange_weak(peak, now)) {
  }
}

std::atomic<std::uint64_t> allocations_left{UINT64_MAX};

// The address sanitizer watches the ends of what is on the heap.
constexpr bool from_system([[maybe_unused]] std::uint64_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  return false;
#else
  return bytes >= std::uint64_t{1} << 18;
#endif
}

}  // namespace

MemoryUse memory_use(MemoryOwner owner) {
  return {counter(owner).current.load(), counter(owner).peak.load()};
}

void reset_memory_peak(MemoryOwner owner) { counter(owner).peak.store(counter(owner).current.load()); }

void internal::fail_allocations_after(std::uint64_t count) { allocations_left.store(count); }

void* internal::allocate_zeroed(MemoryOwner owner, std::uint64_t bytes) {
  void* data = nullptr;
  if (allocations_left.load(std::memory_order_relaxed) != UINT64_MAX) {
    std::uint64_t left = allocations_left.load();
    while (left > 0 && !allocations_left.compare_exchange_weak(left, left - 1)) {
    }
    if (left == 0) throw std::bad_alloc();
  }
  if (from_system(bytes)) {
    data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) throw std::bad_alloc();
  } else {
    data = ::operator new(bytes, std::align_val_t(kBufferAlignment));
    std::memset(data, 0, bytes);
  }
  count_allocation(owner, bytes);
  return data;
}

void internal::release(void* data, MemoryOwner owner, std::uint64_t bytes) {
  counter(owner).current.fetch_sub(bytes);
  if (from_system(bytes)) {
    ::munmap(data, bytes);
  } else {
    ::operator delete(data, std::align_val_t(kBufferAlignment));
  }
}

}  // namespace quantier
