// What stands in the place of cuda/ in a build without a CUDA compiler.
#include "quantier/engine/cuda_engine.h"

namespace quantier {
namespace {
constexpr const char* kAbsent = "this build has no CUDA: nvcc was not found when it was configured";
constexpr const char* kHint = "install the CUDA toolkit and build again, or use --device cpu";
}  // namespace

Result<std::unique_ptr<EngineBuilder>> create_cuda_builder(const ModelSpec& /*spec*/, const Plan& /*plan*/,
                                                           std::uint32_t /*device*/) {
  return std::unexpected(check_cuda_device(0).error());
}

Status check_cuda_device(std::uint32_t /*index*/) {
  return fail(ErrorKind::kUnsupported, "cannot run on a CUDA device", "", kAbsent, kHint);
}

Result<std::string> cuda_device_bus_id(std::uint32_t index) {
  return std::unexpected(check_cuda_device(index).error());
}

std::vector<CudaDeviceInfo> cuda_devices() { return {}; }
std::string cuda_state() { return kAbsent; }

Status choose_kernel_arch(int arch) {
  if (arch == 0) return {};
  return fail(ErrorKind::kUnsupported, "cannot choose CUDA kernels", "", kAbsent,
              "install the CUDA toolkit and build again");
}
int asked_kernel_arch() { return 0; }
void reset_cuda_memory_peaks() {}

}  // namespace quantier
