// Cosines and sines of rotary embedding on the device, one table for each base, as long as the longest text
// so far. (Su et al. 2021: position * theta^(-2i / head_dim).)
#pragma once

#include <cstdint>
#include <map>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/engine/cuda/device_memory.h"
#include "quantier/engine/cuda/kernels.h"

namespace quantier::cuda {

class Rotations {
 public:
  // Waits for the device when tables have to grow.
  [[nodiscard]] Status ensure(const ModelSpec& spec, std::uint32_t positions, cudaStream_t stream);
  [[nodiscard]] const float2* table(double theta) const;

 private:
  std::uint32_t positions_ = 0;
  std::map<double, DeviceBuffer> tables_;
};

}  // namespace quantier::cuda
