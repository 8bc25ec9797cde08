// What devices can do in practice: one row for each, every rate with the source it comes from.
//
// A sustained rate is what products of matrices reach for minutes under the device's own power limit, not the
// figure of a data sheet. Small products that leave part of a device idle do not draw that power: their bound
// is the burst rate times the share of multiprocessors that have a tile. Sources: see the rows in
// hardware_table.cc and docs/methods/roofline.md; what is general knowledge says so.
//
// Units: 1e12 operations/s (multiply and add count as two), 1e9 bytes/s, microseconds, bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/record/cost.h"

namespace quantier {

enum class DeviceClass : std::uint8_t { kGpu, kCpu };

// Where a rate comes from, from strong to weak.
enum class RateBasis : std::uint8_t {
  kProducts,  // products of matrices were timed
  kModel,     // a whole model was timed, and its operations divided by the time
  kScaled,    // another rate of the same device, by the ratio of the data sheet
  kSibling,   // a device with the same chip
};
[[nodiscard]] const char* rate_basis_name(RateBasis basis);

struct DeviceRate {
  Arithmetic arithmetic = Arithmetic::kF32;
  double sustained_tera = 0.0;
  double burst_tera = 0.0;
  RateBasis basis = RateBasis::kProducts;
  std::string_view source;
};

struct Device {
  std::string_view name;   // "t4", as the user writes it
  std::string_view title;  // "NVIDIA T4 (16 GB, 70 W)"
  DeviceClass device_class = DeviceClass::kGpu;
  int compute_capability = 0;  // 75; 0 for a CPU
  double memory_bytes = 0.0;
  double bandwidth_giga = 0.0;
  std::string_view bandwidth_source;
  double multiprocessors = 0.0;  // 0: tiles are no issue
  double launch_us = 0.0;        // from one kernel to the next, queued ahead
  std::span<const DeviceRate> rates;
  std::string_view note;
};

[[nodiscard]] std::span<const Device> device_table();
[[nodiscard]] const Device* find_device(std::string_view name);  // case does not matter; nullptr: not known

// The rate for this arithmetic, or the one it falls back to where the device can only emulate it (bf16 and
// half on devices without them: f32). nullopt: no source gives a base.
[[nodiscard]] std::optional<DeviceRate> rate_for(const Device& device, Arithmetic arithmetic);

// kStorage: the format is stored and not multiplied, as it is meant to be, on any device: memory is saved,
// and arithmetic is not. kEmulated: the device lacks the units and multiplies something wider instead.
enum class Support : std::uint8_t { kNative, kStorage, kEmulated, kAbsent };

struct TechniqueSupport {
  Technique technique = Technique::kFp32;
  Support support = Support::kAbsent;
  std::string needs;     // "int8 tensor cores"
  bool has_need = true;  // the device has what `needs` names
  std::string reason;    // why it is native, emulated or not there on this device
};
[[nodiscard]] TechniqueSupport technique_support(const Device& device, Technique technique);

// "native", "storage only", "storage, slow" (stored, and what its fast kernels need is not there),
// "emulated", "not there".
[[nodiscard]] const char* support_words(const TechniqueSupport& support);

}  // namespace quantier
