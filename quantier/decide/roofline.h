// Time of a forward pass on a device that nobody measured it on: a roofline, and an interval as wide as the
// roofline was wrong where the truth is known.
//
// Williams, Waterman, Patterson 2009, "Roofline: an insightful visual performance model": an operation takes
// the longer of its arithmetic at the device's rate and its bytes at the device's bandwidth. Operations add
// up. Fused stack: launches add the device's gap. Eager stack: the host launches ahead, so that a pass takes
// the longer of host and device, unless the host must wait for the device (LLM.int8() looks for outlier
// columns): then both add up.
//
// The interval: |log(measured / point)| of published anchors that no rate was fitted to, by stack, kind of
// device and whether launches matter. Its size is the order statistic that covers a new one with 90 % (split
// conformal: Vovk, Gammerman, Shafer 2005), or the largest where there are fewer than nine. In size, because
// the sign of one source's error (an engine a little slower than the rate) is not another's. That anchors and
// new cases are exchangeable is assumed, not proven. An order of two configurations is known when their ratio
// lies further from 1 than 90 % of the anchors' pairs measured together were off: a common error (clock,
// host, length) cancels in a ratio.
//
// Units: milliseconds for a whole pass unless a name says per example. Errors: none; what has no rate is
// absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quantier/decide/hardware_table.h"
#include "quantier/record/cost.h"

namespace quantier {

enum class TimeBound : std::uint8_t { kProducts, kTraffic, kLaunches };
[[nodiscard]] const char* time_bound_name(TimeBound bound);

struct RooflineTime {
  double point_ms = 0.0;
  // Parts of the device's time, and the host's beside them.
  double products_ms = 0.0;  // linear layers and attention
  double elementwise_ms = 0.0;
  double quantize_ms = 0.0;  // passes around the products: outliers, scales, dequantization
  double launches_ms = 0.0;
  TimeBound bound = TimeBound::kProducts;  // the largest part
  // Launches take a fifth of the time where they add up with the work (fused), or more than the device's work
  // where the host runs ahead of it (eager).
  bool launches_matter = false;
};

// nullopt when the device has no rate for some arithmetic of the pass.
[[nodiscard]] std::optional<RooflineTime> roofline_time(const ForwardCost& cost, const Device& device);

// One anchor: what was measured against what the roofline says.
struct RooflineResidual {
  Stack stack = Stack::kFused;
  DeviceClass device_class = DeviceClass::kGpu;
  bool launches_matter = false;
  double log_ratio = 0.0;  // log(measured / point)
  std::string together;    // anchors of one source, device, batch and length share this; empty: alone
};

// |log(measured / point)|, or of ratios of two, up to which a share of the anchors lies.
struct ErrorBand {
  double size = 0.0;
  std::size_t anchors = 0;  // or pairs
  double nominal_coverage = 0.0;
};

class RooflineError {
 public:
  explicit RooflineError(std::vector<RooflineResidual> residuals) : residuals_(std::move(residuals)) {}
  // nullopt with fewer than four anchors. Where launches (do not) matter and the anchors of that kind are too
  // few, those of the other kind stand in.
  [[nodiscard]] std::optional<ErrorBand> band(Stack stack, DeviceClass device_class,
                                              bool launches_matter) const;
  // Of the ratio of two configurations measured together; likewise. `launches_matter`: for one of the two.
  [[nodiscard]] std::optional<ErrorBand> pair_band(Stack stack, DeviceClass device_class,
                                                   bool launches_matter) const;

  // Of the memory at the peak: the log of how far published peaks lay outside the modelled range. Absent:
  // none is known, and the range is what the model's own assumptions span.
  void set_memory_band(std::optional<ErrorBand> band) { memory_ = band; }
  [[nodiscard]] const std::optional<ErrorBand>& memory_band() const { return memory_; }

 private:
  std::vector<RooflineResidual> residuals_;
  std::optional<ErrorBand> memory_;
};

// Peaks of one new case lie this far outside a modelled range: the order statistic of `log_excess` (0 for a
// peak inside its range) that covers it with 90 %, or the largest with fewer than nine. nullopt for none.
[[nodiscard]] std::optional<ErrorBand> memory_band_of(std::vector<double> log_excess);

// The range widened by the band to both sides, but never below what is certainly there: the weights.
[[nodiscard]] ByteRange widened(const ByteRange& modelled, const std::optional<ErrorBand>& band,
                                double weight_bytes);

struct ModelledTime {
  RooflineTime time;
  double low_ms = 0.0;
  double high_ms = 0.0;
  ErrorBand band;
};
[[nodiscard]] std::optional<ModelledTime> modelled_time(const ForwardCost& cost, const Device& device,
                                                        const RooflineError& error);

}  // namespace quantier
