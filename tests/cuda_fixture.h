// For tests of what runs on a CUDA device: arrays there and back, random rows, the tables of kernels that the
// device at hand can run. Without a device such tests are skipped, and say so.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cuda_runtime_api.h>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/base/half.h"
#include "quantier/engine/cuda/device.h"
#include "quantier/engine/cuda/device_memory.h"
#include "quantier/engine/cuda/kernels.h"

namespace quantier::cuda {

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t size) : size_(size), buffer_(size * sizeof(T), MemoryOwner::kOther) {
    // Whatever is not written shows.
    EXPECT_EQ(cudaMemset(buffer_.data(), 0x7B, buffer_.size()), cudaSuccess);
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    EXPECT_EQ(cudaMemcpy(buffer_.data(), values.data(), buffer_.size(), cudaMemcpyHostToDevice), cudaSuccess);
  }
  [[nodiscard]] T* data() const { return static_cast<T*>(static_cast<void*>(buffer_.data())); }
  [[nodiscard]] std::vector<T> values() const {
    std::vector<T> out(size_);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess) << cudaGetErrorString(cudaGetLastError());
    EXPECT_EQ(cudaMemcpy(out.data(), buffer_.data(), buffer_.size(), cudaMemcpyDeviceToHost), cudaSuccess);
    return out;
  }

 private:
  std::size_t size_;
  DeviceBuffer buffer_;
};

// An element type on the host.
struct HalfElement {
  static constexpr Element kElement = Element::kHalf;
  static std::uint16_t bits(float value) { return to_half(value).bits; }
  static float value(std::uint16_t bits) { return to_float(Half{bits}); }
};
struct BFloat16Element {
  static constexpr Element kElement = Element::kBFloat16;
  static std::uint16_t bits(float value) { return to_bfloat16(value).bits; }
  static float value(std::uint16_t bits) { return to_float(BFloat16{bits}); }
};

class CudaTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto device = Device::open(0, 0);
    if (!device) GTEST_SKIP() << "no CUDA device: " << device.error().why;
    for (const int arch : {75, 80, 90}) {
      if (const auto opened = Device::open(0, arch)) tables_.push_back(&opened->kernels());
    }
  }

  template <class E>
  std::vector<std::uint16_t> random_rows(std::size_t count, float scale = 1.0F) {
    std::normal_distribution<float> normal(0.0F, scale);
    std::vector<std::uint16_t> rows(count);
    for (std::uint16_t& bits : rows) bits = E::bits(normal(random_));
    return rows;
  }
  std::vector<float> random_floats(std::size_t count, float low, float high) {
    std::uniform_real_distribution<float> uniform(low, high);
    std::vector<float> values(count);
    for (float& value : values) value = uniform(random_);
    return values;
  }
  template <class E>
  static std::vector<float> widened(std::span<const std::uint16_t> bits) {
    std::vector<float> values;
    for (const std::uint16_t each : bits) values.push_back(E::value(each));
    return values;
  }

  std::mt19937 random_{20261130};
  std::vector<const Kernels*> tables_;
};

// For an element type, on the tables whose tensor cores take it.
template <class E>
class CudaOps : public CudaTest {
 public:
  using CudaTest::random_floats;

 protected:
  using CudaTest::random_rows;
  std::vector<const Kernels*> tables() const {
    std::vector<const Kernels*> usable;
    for (const Kernels* table : tables_)
      if (E::kElement == Element::kHalf || table->has_bfloat16) usable.push_back(table);
    return usable;
  }
  static float rounded(float value) { return E::value(E::bits(value)); }
  // The distance of neighbouring elements at a magnitude.
  static float step(float magnitude) {
    const float bits = E::kElement == Element::kHalf ? 10.0F : 7.0F;
    return std::exp2(std::floor(std::log2(std::max(magnitude, 1e-4F))) - bits);
  }
};
using CudaElements = testing::Types<HalfElement, BFloat16Element>;

inline double activation(Gate gate, double x) {
  return gate == Gate::kGelu ? 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))) : x / (1.0 + std::exp(-x));
}

// 1 + erf(x) in float has lost what erf(x) has in common with -1.
inline float erf_error(float x) { return 2.0e-7F * std::fabs(x); }

// Where a gate stands among alternating blocks; its up is kGateBlock further.
inline std::size_t gate_column(std::size_t feature) {
  return feature / kGateBlock * 2 * kGateBlock + feature % kGateBlock;
}

}  // namespace quantier::cuda
