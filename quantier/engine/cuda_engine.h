// The engine on a CUDA device, for whoever builds classifiers; what stands behind it is in cuda/.
//
// CUDA is optional twice: a build without its compiler has cuda_absent.cc in the place of cuda/ and says so
// when a device is asked for; a build with it finds the driver when it is asked for one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/engine/builder.h"

namespace quantier {

// Takes fp16, bf16, int8-rtn and int8-smooth, each layer as planned; anything else is refused (kUnsupported)
// with what stands in the way. Norms, embedding and linear layers go to the device one by one: the model
// never stands there twice. Errors besides: cuda/device.h.
[[nodiscard]] Result<std::unique_ptr<EngineBuilder>> create_cuda_builder(const ModelSpec& spec,
                                                                         const Plan& plan,
                                                                         std::uint32_t device);

struct CudaDeviceInfo {
  std::string name;
  int capability = 0;  // 10 * major + minor
  std::uint64_t memory_bytes = 0;
};
// None where there is no driver.
[[nodiscard]] std::vector<CudaDeviceInfo> cuda_devices();
// Of the device with this index; empty where there is none.
[[nodiscard]] inline std::string cuda_device_name(std::uint32_t index) {
  const std::vector<CudaDeviceInfo> devices = cuda_devices();
  return index < devices.size() ? devices[index].name : std::string();
}
// Whether there is a driver and a device with this index; nothing is started there.
[[nodiscard]] Status check_cuda_device(std::uint32_t index);
// Its place on the bus, "0000:1a:00.0": by which other libraries know it, however devices are counted.
[[nodiscard]] Result<std::string> cuda_device_bus_id(std::uint32_t index);
// Why there are none, or which driver there is: one line.
[[nodiscard]] std::string cuda_state();

// Starts new peaks of what classifiers allocate on devices, at what they hold now.
void reset_cuda_memory_peaks();

// The table of kernels that engines made from now on take: 75, 80, 90; 0 for the best. kUsage for others.
[[nodiscard]] Status choose_kernel_arch(int arch);
[[nodiscard]] int asked_kernel_arch();

}  // namespace quantier
