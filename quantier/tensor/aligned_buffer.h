// Owned storage aligned to 64 bytes (a cache line, an AVX-512 register), counted by owner.
//
// The counters answer "how much memory do the weights take, and how much does a forward pass take at its
// peak?" from inside the process; the operating system's own peak stands beside it in the evidence. T must be
// trivially copyable. Large buffers come straight from the system and go back to it: loading a model frees
// and keeps buffers in turn, and on the heap each one freed would leave a hole that no later one fits.
// Running out of memory throws std::bad_alloc; the measuring worker turns that into a smaller batch, on
// record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

namespace quantier {

enum class MemoryOwner : std::uint8_t { kWeights, kActivations, kOther };

struct MemoryUse {
  std::uint64_t current_bytes = 0;
  std::uint64_t peak_bytes = 0;
};

[[nodiscard]] MemoryUse memory_use(MemoryOwner owner);
// Starts a new peak at the current value.
void reset_memory_peak(MemoryOwner owner);

namespace internal {
// For tests of what happens when memory is exhausted: the allocation that comes after `count` others throws
// std::bad_alloc, and so do those after it, until this is called with UINT64_MAX.
void fail_allocations_after(std::uint64_t count);

inline constexpr std::size_t kBufferAlignment = 64;
// Aligned, zero, counted; `bytes` is a multiple of the alignment and not 0. Throws std::bad_alloc.
[[nodiscard]] void* allocate_zeroed(MemoryOwner owner, std::uint64_t bytes);
void release(void* data, MemoryOwner owner, std::uint64_t bytes);
}  // namespace internal

template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  static constexpr std::size_t kAlignment = internal::kBufferAlignment;

  AlignedBuffer() = default;
  // Elements are zero. The size is rounded up to whole cache lines inside, so that vector code may read (not
  // write) past the last element up to the end of its line.
  AlignedBuffer(std::size_t size, MemoryOwner owner) : size_(size), owner_(owner) {
    if (size == 0) return;
    allocated_bytes_ = (size * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    data_ = static_cast<T*>(internal::allocate_zeroed(owner_, allocated_bytes_));
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept { swap(other); }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;
  ~AlignedBuffer() {
    if (data_ == nullptr) return;
    internal::release(data_, owner_, allocated_bytes_);
  }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint64_t allocated_bytes() const { return allocated_bytes_; }
  [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return data_[i]; }
  [[nodiscard]] std::span<T> span() { return {data_, size_}; }
  [[nodiscard]] std::span<const T> span() const { return {data_, size_}; }

  // A copy with the same owner. Said aloud, because the buffers are large.
  [[nodiscard]] AlignedBuffer clone() const {
    AlignedBuffer copy(size_, owner_);
    if (size_ > 0) std::memcpy(copy.data_, data_, size_ * sizeof(T));
    return copy;
  }

  // Makes room for at least `size` elements; content is lost when it has to grow. For scratch that warms up
  // once.
  void ensure(std::size_t size, MemoryOwner owner) {
    if (size > size_) *this = AlignedBuffer(size + size / 4, owner);
  }

 private:
  void swap(AlignedBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(allocated_bytes_, other.allocated_bytes_);
    std::swap(owner_, other.owner_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t allocated_bytes_ = 0;
  MemoryOwner owner_ = MemoryOwner::kOther;
};

}  // namespace quantier
