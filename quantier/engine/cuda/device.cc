#include "quantier/engine/cuda/device.h"

#include <array>
#include <vector>

#include <fmt/format.h>

#include "quantier/engine/cuda_engine.h"

namespace quantier::cuda {
namespace {

constexpr std::array<const Kernels*, 3> kTables = {&kSm90Kernels, &kSm80Kernels, &kSm75Kernels};

std::string version_text(int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); }

// Hopper's table holds instructions that no other generation has, later ones included.
bool runs_on(const Kernels& table, int capability) {
  return table.arch == 90 ? capability / 10 == 9 : table.arch <= capability;
}

Result<const Kernels*> choose(int capability, int kernel_arch, const std::string& where) {
  for (const Kernels* table : kTables) {
    if (kernel_arch != 0 ? table->arch == kernel_arch && runs_on(*table, capability)
                         : runs_on(*table, capability))
      return table;
  }
  if (kernel_arch != 0) {
    return fail(ErrorKind::kEnvironment, "this device cannot run the kernels that were asked for", where,
                fmt::format("its compute capability is {}.{}, --kernel-arch says {}", capability / 10,
                            capability % 10, kernel_arch),
                "leave --kernel-arch out to take the best that it can run");
  }
  return fail(ErrorKind::kUnsupported, "this device is too old", where,
              fmt::format("its compute capability is {}.{}, the kernels need 7.5 (Turing) or newer",
                          capability / 10, capability % 10),
              "use another device, or --device cpu");
}

Result<int> count_devices() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) return std::unexpected(device_error(error, "look for CUDA devices"));
  if (count == 0) return std::unexpected(device_error(cudaErrorNoDevice, "look for CUDA devices"));
  return count;
}

}  // namespace

Error device_error(cudaError_t error, std::string_view doing) {
  (void)cudaGetLastError();  // what can be forgotten is
  Error out{ErrorKind::kEnvironment, fmt::format("cannot {}", doing), "", cudaGetErrorString(error), ""};
  switch (error) {
    case cudaErrorInsufficientDriver:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice: {
      int driver = 0;
      (void)cudaDriverGetVersion(&driver);
      out.why = driver == 0
                    ? "there is no NVIDIA driver here (libcuda.so.1 was not found)"
                    : fmt::format("the NVIDIA driver is for CUDA {} and too old", version_text(driver));
      out.hint =
          fmt::format("CUDA {} is needed (driver 580 or newer); everything runs with --device cpu, too",
                      version_text(CUDART_VERSION / 1000 * 1000));
      break;
    }
    case cudaErrorNoDevice:
      out.why = "no CUDA device is visible";
      out.hint = "look at nvidia-smi and CUDA_VISIBLE_DEVICES; everything runs with --device cpu, too";
      break;
    case cudaErrorMemoryAllocation:
      out.hint = "try a smaller --batch-size, or free memory of the device (nvidia-smi says who has it)";
      break;
    case cudaErrorDevicesUnavailable:
      out.hint = "another process has the device for itself (nvidia-smi -q -d COMPUTE)";
      break;
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidPtx:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorJitCompilerNotFound:
      out.hint = "the driver cannot compile these kernels for this device: a newer driver may";
      break;
    default:
      out.hint = "the device may be lost: look at nvidia-smi and the kernel's log";
  }
  return out;
}

Status check(cudaError_t error, std::string_view doing) {
  if (error == cudaSuccess) return {};
  return std::unexpected(device_error(error, doing));
}

Result<Device> Device::open(std::uint32_t index, int kernel_arch) {
  QT_TRY_STATUS(check_cuda_device(index));
  Device device;
  device.index_ = static_cast<int>(index);
  cudaDeviceProp properties{};
  QT_TRY_STATUS(check(cudaGetDeviceProperties(&properties, device.index_), "read a device's properties"));
  device.name_ = properties.name;
  device.capability_ = 10 * properties.major + properties.minor;
  const std::string where = fmt::format("cuda:{}, {}", index, device.name_);
  QT_TRY(device.kernels_, choose(device.capability_, kernel_arch, where));
  QT_TRY_STATUS(check(cudaSetDevice(device.index_), fmt::format("open cuda:{}", index)));
  int ptx = 0;
  int binary = 0;
  QT_TRY_STATUS(check(device.kernels_->versions(&ptx, &binary), "load the kernels"));
  device.kernels_text_ = device.kernels_->name;
  if (binary > device.kernels_->arch && ptx == device.kernels_->arch)
    device.kernels_text_ += fmt::format(", compiled by the driver for {}.{}", binary / 10, binary % 10);
  return device;
}

}  // namespace quantier::cuda

namespace quantier {

Status check_cuda_device(std::uint32_t index) {
  QT_TRY(const int count, cuda::count_devices());
  if (index < static_cast<std::uint32_t>(count)) return {};
  return fail(ErrorKind::kUsage, "there is no such CUDA device", fmt::format("cuda:{}", index),
              count == 1 ? "the only one is cuda:0" : fmt::format("they are cuda:0 to cuda:{}", count - 1),
              "`quantier doctor` lists the devices");
}

Result<std::string> cuda_device_bus_id(std::uint32_t index) {
  QT_TRY_STATUS(check_cuda_device(index));
  std::array<char, 32> id{};
  QT_TRY_STATUS(
      cuda::check(cudaDeviceGetPCIBusId(id.data(), static_cast<int>(id.size()), static_cast<int>(index)),
                  "read a device's place on the bus"));
  return std::string(id.data());
}

std::vector<CudaDeviceInfo> cuda_devices() {
  std::vector<CudaDeviceInfo> devices;
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    (void)cudaGetLastError();
    return devices;
  }
  for (int index = 0; index < count; ++index) {
    cudaDeviceProp properties{};
    if (cudaGetDeviceProperties(&properties, index) != cudaSuccess) continue;
    devices.push_back({properties.name, 10 * properties.major + properties.minor,
                       static_cast<std::uint64_t>(properties.totalGlobalMem)});
  }
  return devices;
}

std::string cuda_state() {
  const auto count = cuda::count_devices();
  if (!count) return count.error().why;
  int driver = 0;
  (void)cudaDriverGetVersion(&driver);
  return fmt::format("driver for CUDA {}, built with {}", cuda::version_text(driver),
                     cuda::version_text(CUDART_VERSION));
}

}  // namespace quantier
