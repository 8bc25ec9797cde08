// Which CUDA devices there are, and one of them opened for work.
//
// The driver is asked at run time, when somebody asks for a device: the program starts and does everything
// else on machines that have none. Errors: kEnvironment where there is no driver, one that is too old, no
// device, or where the device fails later; kUsage for an index that no device has; kUnsupported for a card
// older than the oldest table of kernels.
#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/engine/cuda/kernels.h"

namespace quantier::cuda {

class Device {
 public:
  // `kernel_arch` asks for a table of kernels (75, 80, 90); 0 takes the best that the card can run.
  [[nodiscard]] static Result<Device> open(std::uint32_t index, int kernel_arch);

  [[nodiscard]] int index() const { return index_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int capability() const { return capability_; }  // 10 * major + minor
  [[nodiscard]] const Kernels& kernels() const { return *kernels_; }
  // "sm75", or "sm75, compiled by the driver for 9.0".
  [[nodiscard]] const std::string& kernels_text() const { return kernels_text_; }

 private:
  Device() = default;
  int index_ = 0;
  int capability_ = 0;
  std::string name_;
  const Kernels* kernels_ = nullptr;
  std::string kernels_text_;
};

// What a failed call means to the person who has to act on it.
[[nodiscard]] Error device_error(cudaError_t error, std::string_view doing);

// {} when the call succeeded.
[[nodiscard]] Status check(cudaError_t error, std::string_view doing);

}  // namespace quantier::cuda
