#include "quantier/measure/nvml.h"

#include <array>
#include <dlfcn.h>
#include <initializer_list>
#include <type_traits>

#include <fmt/format.h>

namespace quantier {
namespace {

// Of nvml.h, what is called.
using NvmlReturn = int;
constexpr NvmlReturn kSuccess = 0;
using NvmlDevice = struct NvmlDeviceHandle*;
constexpr int kSmClock = 1;
constexpr int kMemoryClock = 2;
constexpr int kGpuTemperature = 0;
struct NvmlMemory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

struct Library {
  NvmlReturn (*init)() = nullptr;
  NvmlReturn (*shut_down)() = nullptr;
  const char* (*error_string)(NvmlReturn) = nullptr;
  NvmlReturn (*driver_version)(char*, unsigned) = nullptr;
  NvmlReturn (*device_by_bus_id)(const char*, NvmlDevice*) = nullptr;
  NvmlReturn (*clock)(NvmlDevice, int, unsigned*) = nullptr;
  NvmlReturn (*power)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*temperature)(NvmlDevice, int, unsigned*) = nullptr;
  NvmlReturn (*clock_reasons)(NvmlDevice, unsigned long long*) = nullptr;
  NvmlReturn (*memory)(NvmlDevice, NvmlMemory*) = nullptr;
};

Result<Library> load_library(const std::string& name) {
  void* handle = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = ::dlerror();
    return fail(ErrorKind::kEnvironment, "cannot load NVML", name, why == nullptr ? "" : why,
                "it comes with the NVIDIA driver");
  }
  Library library;
  std::string missing;
  // The first of several names that is there.
  const auto find = [&](auto& function, std::initializer_list<const char*> symbols) {
    for (const char* symbol : symbols) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, symbol));
      if (function != nullptr) return;
    }
    if (missing.empty()) missing = *symbols.begin();
  };
  find(library.init, {"nvmlInit_v2"});
  find(library.shut_down, {"nvmlShutdown"});
  find(library.error_string, {"nvmlErrorString"});
  find(library.driver_version, {"nvmlSystemGetDriverVersion"});
  find(library.device_by_bus_id, {"nvmlDeviceGetHandleByPciBusId_v2"});
  find(library.clock, {"nvmlDeviceGetClockInfo"});
  find(library.power, {"nvmlDeviceGetPowerUsage"});
  find(library.temperature, {"nvmlDeviceGetTemperature"});
  // The newer name says that not every event is a throttle.
  find(library.clock_reasons,
       {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"});
  find(library.memory, {"nvmlDeviceGetMemoryInfo"});
  // The handle stays: what a driver's library started cannot be unloaded safely.
  if (missing.empty()) return library;
  return fail(ErrorKind::kEnvironment, "cannot use NVML", name, fmt::format("it has no {}", missing),
              "install the NVML of the driver");
}

class Nvml final : public DeviceMonitor {
 public:
  Nvml(const Library& library, NvmlDevice device, std::string source)
      : library_(library), device_(device), source_(std::move(source)) {}
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;
  ~Nvml() override { (void)library_.shut_down(); }

  [[nodiscard]] std::string source() const override { return source_; }

  [[nodiscard]] DeviceReading read() override {
    DeviceReading reading;
    unsigned value = 0;
    if (library_.clock(device_, kSmClock, &value) == kSuccess) reading.sm_clock_mhz = value;
    if (library_.clock(device_, kMemoryClock, &value) == kSuccess) reading.memory_clock_mhz = value;
    if (library_.power(device_, &value) == kSuccess) reading.power_mw = value;
    if (library_.temperature(device_, kGpuTemperature, &value) == kSuccess) reading.temperature_c = value;
    unsigned long long reasons = 0;
    if (library_.clock_reasons(device_, &reasons) == kSuccess) reading.clock_reasons = reasons;
    NvmlMemory memory{};
    if (library_.memory(device_, &memory) == kSuccess) reading.memory_used_bytes = memory.used;
    return reading;
  }

 private:
  Library library_;
  NvmlDevice device_;
  std::string source_;
};

}  // namespace

Result<std::unique_ptr<DeviceMonitor>> open_nvml(const std::string& bus_id, const std::string& name) {
  QT_TRY(const Library library, load_library(name));
  const auto failed = [&](const char* what, NvmlReturn status) {
    const char* why = library.error_string(status);
    return fail(ErrorKind::kEnvironment, what, bus_id, why == nullptr ? "" : why, "look at nvidia-smi");
  };
  if (const NvmlReturn status = library.init(); status != kSuccess)
    return failed("cannot start NVML", status);
  NvmlDevice device = nullptr;
  if (const NvmlReturn status = library.device_by_bus_id(bus_id.c_str(), &device); status != kSuccess) {
    (void)library.shut_down();
    return failed("NVML does not know the device", status);
  }
  std::array<char, 96> version{};
  std::string source = "NVML";
  if (library.driver_version(version.data(), version.size() - 1) == kSuccess)
    source += fmt::format(" of driver {}", version.data());
  return std::make_unique<Nvml>(library, device, std::move(source));
}

}  // namespace quantier
