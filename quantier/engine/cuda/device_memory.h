// Memory on the device, counted by owner.
//
// The counters stand beside what the driver reports: they say what a model and a pass take, the driver adds
// its context and what it rounds up. Running out throws std::bad_alloc, as on the CPU: the caller tries a
// smaller batch, on record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "quantier/tensor/aligned_buffer.h"

namespace quantier::cuda {

[[nodiscard]] MemoryUse device_memory_use(MemoryOwner owner);
void reset_device_memory_peak(MemoryOwner owner);

// Everything of a kind is cut from one allocation, or a few: cudaMalloc rounds each up.
inline constexpr std::size_t kDeviceAlignment = 256;
[[nodiscard]] constexpr std::size_t aligned_size(std::size_t bytes) {
  return (bytes + kDeviceAlignment - 1) / kDeviceAlignment * kDeviceAlignment;
}

class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(std::size_t bytes, MemoryOwner owner);
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer taken(std::move(other));  // what this one had is given back here and now
    swap(taken);
    return *this;
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  // Makes room; content is lost when it has to grow, and the device is waited for.
  void ensure(std::size_t bytes, MemoryOwner owner);

 private:
  void swap(DeviceBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(owner_, other.owner_);
  }
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  MemoryOwner owner_ = MemoryOwner::kOther;
};

// Host memory that the device can read while the host goes on.
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;
  ~PinnedBuffer();
  [[nodiscard]] std::byte* data() const { return data_; }
  void ensure(std::size_t bytes);

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace quantier::cuda
