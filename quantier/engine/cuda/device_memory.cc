#include "quantier/engine/cuda/device_memory.h"

#include <array>
#include <atomic>
#include <cuda_runtime_api.h>
#include <new>

namespace quantier::cuda {
namespace {

struct Counter {
  std::atomic<std::uint64_t> current{0};
  std::atomic<std::uint64_t> peak{0};
};

Counter& counter(MemoryOwner owner) {
  static std::array<Counter, 3> counters;
  return counters.at(static_cast<std::size_t>(owner));
}

void count(MemoryOwner owner, std::uint64_t bytes) {
  Counter& use = counter(owner);
  const std::uint64_t now = use.current.fetch_add(bytes) + bytes;
  std::uint64_t peak = use.peak.load();
  while (now > peak && !use.peak.compare_exchange_weak(peak, now)) {
  }
}

}  // namespace

MemoryUse device_memory_use(MemoryOwner owner) {
  const Counter& use = counter(owner);
  return {use.current.load(), use.peak.load()};
}

void reset_device_memory_peak(MemoryOwner owner) {
  Counter& use = counter(owner);
  use.peak.store(use.current.load());
}

DeviceBuffer::DeviceBuffer(std::size_t bytes, MemoryOwner owner) : size_(bytes), owner_(owner) {
  if (bytes == 0) return;
  void* data = nullptr;
  if (cudaMalloc(&data, bytes) != cudaSuccess) {
    (void)cudaGetLastError();
    size_ = 0;
    throw std::bad_alloc();
  }
  data_ = static_cast<std::byte*>(data);
  count(owner_, bytes);
}

DeviceBuffer::~DeviceBuffer() {
  if (data_ == nullptr) return;
  (void)cudaFree(data_);
  counter(owner_).current.fetch_sub(size_);
}

void DeviceBuffer::ensure(std::size_t bytes, MemoryOwner owner) {
  if (bytes <= size_) return;
  *this = DeviceBuffer();  // before the new one: both may not fit
  *this = DeviceBuffer(bytes, owner);
}

PinnedBuffer::~PinnedBuffer() {
  if (data_ != nullptr) (void)cudaFreeHost(data_);
}

void PinnedBuffer::ensure(std::size_t bytes) {
  if (bytes <= size_) return;
  if (data_ != nullptr) (void)cudaFreeHost(data_);
  data_ = nullptr;
  size_ = 0;
  void* data = nullptr;
  if (cudaMallocHost(&data, bytes) != cudaSuccess) {
    (void)cudaGetLastError();
    throw std::bad_alloc();
  }
  data_ = static_cast<std::byte*>(data);
  size_ = bytes;
}

}  // namespace quantier::cuda
