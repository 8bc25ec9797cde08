// A device as its driver's management library sees it (NVML), loaded when somebody asks.
//
// Why loaded: a program that is linked with it does not start where there is no driver. The few functions
// that are called here are declared here: their interface has been stable since driver 450, and no file of
// NVIDIA's is needed to build. A device is named by its place on the bus, because NVML counts devices in
// another order than CUDA does, and does not know CUDA_VISIBLE_DEVICES.
// Source: NVML API Reference Guide, NVIDIA.
//
// Errors: kEnvironment when the library, one of its functions or the device is not there.
#pragma once

#include <memory>
#include <string>

#include "quantier/base/error.h"
#include "quantier/measure/device_sampler.h"

namespace quantier {

// `bus_id`: "00000000:1A:00.0" or "0000:1a:00.0". `library` is another one in tests.
[[nodiscard]] Result<std::unique_ptr<DeviceMonitor>> open_nvml(
    const std::string& bus_id, const std::string& library = "libnvidia-ml.so.1");

}  // namespace quantier
