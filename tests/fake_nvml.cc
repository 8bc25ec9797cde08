// A library with NVML's interface and one card that nvml_test knows: on bus "0000:1A:00.0", at 1.98 GHz.
// It has the older name of the clocks' reasons only, and its power sensor answers "not supported" (3).
#include <cstdlib>
#include <cstring>

namespace {

struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};

int card = 0;
constexpr int kNotSupported = 3;
constexpr int kNotFound = 6;

}  // namespace

extern "C" {

int nvmlInit_v2() { return std::getenv("FAKE_NVML_IS_BROKEN") == nullptr ? 0 : 9; }
int nvmlShutdown() { return 0; }
const char* nvmlErrorString(int status) { return status == kNotFound ? "not found" : "driver is not loaded"; }
int nvmlSystemGetDriverVersion(char* version, unsigned size) {
  std::strncpy(version, "123.45", size);
  return 0;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, void** device) {
  if (std::strcmp(bus_id, "0000:1A:00.0") != 0) return kNotFound;
  *device = &card;
  return 0;
}
int nvmlDeviceGetClockInfo(void* device, int type, unsigned* mhz) {
  *mhz = type == 1 ? 1980 : 3201;
  return device == &card ? 0 : kNotFound;
}
int nvmlDeviceGetPowerUsage(void* /*device*/, unsigned* /*mw*/) { return kNotSupported; }
int nvmlDeviceGetTemperature(void* /*device*/, int /*sensor*/, unsigned* celsius) {
  *celsius = 41;
  return 0;
}
int nvmlDeviceGetCurrentClocksThrottleReasons(void* /*device*/, unsigned long long* reasons) {
  *reasons = 0x24;
  return 0;
}
int nvmlDeviceGetMemoryInfo(void* /*device*/, Memory* memory) {
  *memory = {1000, 400, 600};
  return 0;
}
}
