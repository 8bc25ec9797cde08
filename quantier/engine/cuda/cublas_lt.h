// Plain products of half and bfloat16 matrices on the device, by cuBLASLt, loaded when a device is opened.
//
// Why a library: at these shapes it is at the card's limit, on every generation. Out = x W^T (+ bias) (+
// out), rounded once. Rows are rounded up to whole kRowStep, so that few shapes are asked for: buffers have
// that room, and what stands in the additional rows is nobody's. Errors: kEnvironment when the library is
// missing, too old, or refuses.
#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>
#include <memory>

#include "quantier/base/error.h"
#include "quantier/engine/cuda/kernels.h"

namespace quantier::cuda {

inline constexpr std::uint32_t kRowStep = 64;
[[nodiscard]] constexpr std::uint32_t whole_steps(std::uint32_t rows) {
  return (rows + kRowStep - 1) / kRowStep * kRowStep;
}

struct PlainProductTask {
  Element element = Element::kHalf;
  const void* x = nullptr;        // [rows, inputs]
  const void* weights = nullptr;  // [outputs, inputs]
  const void* bias = nullptr;     // elements [outputs], or null
  bool adds = false;              // to what stands in out
  void* out = nullptr;            // [rows, outputs]
  std::uint32_t rows = 0;
  std::uint32_t outputs = 0;  // a multiple of 8
  std::uint32_t inputs = 0;   // a multiple of 8
};

class CublasLt {
 public:
  virtual ~CublasLt() = default;
  [[nodiscard]] static Result<std::unique_ptr<CublasLt>> open();
  [[nodiscard]] virtual Status product(const PlainProductTask& task, cudaStream_t stream) = 0;
  // "cuBLASLt 13.0.2"
  [[nodiscard]] virtual std::string version() const = 0;
};

}  // namespace quantier::cuda
