#include "quantier/decide/roofline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace quantier {
namespace {

// Of one operation launched from Python, averaged over those of a transformer layer. Fitted to batch 1 of two
// models on an H100 (docs/methods/roofline.md).
constexpr double kEagerLaunchUs = 25.0;
constexpr double kTile = 64.0;
constexpr double kTera = 1e12;
constexpr double kGiga = 1e9;

// A whole wave of tiles takes as long as a full one.
double utilization(const OpCost& op, const Device& device) {
  if (op.rows <= 0 || device.multiprocessors <= 0) return 1.0;
  const double tiles = std::ceil(op.rows / kTile) * std::ceil(op.columns / kTile);
  const double waves = std::ceil(tiles / device.multiprocessors);
  return tiles / (waves * device.multiprocessors);
}

constexpr double kConfidence = 0.90;
constexpr double kLaunchShare = 0.2;
constexpr std::size_t kFewest = 4;

// The next of n + 1 exchangeable values is no larger than the k-th of n with probability k / (n + 1).
std::optional<ErrorBand> conformal(std::vector<double> sizes, std::size_t fewest = kFewest) {
  const std::size_t n = sizes.size();
  if (n < fewest) return std::nullopt;
  std::ranges::sort(sizes);
  const double wanted = std::ceil(kConfidence * static_cast<double>(n + 1));
  const std::size_t rank = std::min(n, static_cast<std::size_t>(wanted));
  return ErrorBand{sizes[rank - 1], n, static_cast<double>(rank) / static_cast<double>(n + 1)};
}

}  // namespace

const char* time_bound_name(TimeBound bound) {
  switch (bound) {
    case TimeBound::kProducts:
      return "products";
    case TimeBound::kTraffic:
      return "memory traffic";
    case TimeBound::kLaunches:
      return "launches";
  }
  return "products";
}

std::optional<RooflineTime> roofline_time(const ForwardCost& cost, const Device& device) {
  RooflineTime time;
  double traffic_ms = 0.0;
  for (const OpCost& op : cost.ops) {
    const double bytes_ms = op.bytes / (device.bandwidth_giga * kGiga) * 1e3;
    double flops_ms = 0.0;
    if (op.flops > 0) {
      const auto rate = rate_for(device, op.arithmetic);
      if (!rate) return std::nullopt;
      const double reached = std::min(rate->sustained_tera, rate->burst_tera * utilization(op, device));
      flops_ms = op.flops / (reached * kTera) * 1e3;
    }
    const double ms = op.count * std::max(flops_ms, bytes_ms);
    if (bytes_ms > flops_ms) traffic_ms += ms;
    if (op.kind == OpKind::kElementwise) {
      time.elementwise_ms += ms;
    } else if (op.kind == OpKind::kQuantize) {
      time.quantize_ms += ms;
    } else {
      time.products_ms += ms;
    }
  }
  const CostTotals sum = totals(cost);
  const double device_ms = time.products_ms + time.elementwise_ms + time.quantize_ms;
  if (cost.stack == Stack::kFused) {
    time.launches_ms = sum.launches * device.launch_us * 1e-3;
    time.point_ms = device_ms + time.launches_ms;
  } else {
    time.launches_ms = (sum.launches + 2 * sum.host_syncs) * kEagerLaunchUs * 1e-3;
    time.point_ms = sum.host_syncs > 0 ? device_ms + time.launches_ms : std::max(device_ms, time.launches_ms);
  }
  time.bound = TimeBound::kProducts;
  if (traffic_ms > device_ms - traffic_ms) time.bound = TimeBound::kTraffic;
  if (time.launches_ms > device_ms) time.bound = TimeBound::kLaunches;
  time.launches_matter = cost.stack == Stack::kFused ? time.launches_ms > kLaunchShare * time.point_ms
                                                     : time.launches_ms > device_ms;
  return time;
}

std::optional<ErrorBand> memory_band_of(std::vector<double> log_excess) {
  // Of peaks hardly any are published: the coverage says how little a few of them promise.
  return conformal(std::move(log_excess), 1);
}

ByteRange widened(const ByteRange& modelled, const std::optional<ErrorBand>& band, double weight_bytes) {
  if (!band) return modelled;
  const double factor = std::exp(band->size);
  return {std::max(std::min(weight_bytes, modelled.low), modelled.low / factor), modelled.high * factor};
}

std::optional<ErrorBand> RooflineError::band(Stack stack, DeviceClass device_class,
                                             bool launches_matter) const {
  std::array<std::vector<double>, 2> sizes;
  for (const RooflineResidual& residual : residuals_) {
    if (residual.stack != stack || residual.device_class != device_class) continue;
    sizes[residual.launches_matter == launches_matter ? 0 : 1].push_back(std::abs(residual.log_ratio));
  }
  const auto own = conformal(std::move(sizes[0]));
  return own ? own : conformal(std::move(sizes[1]));
}

std::optional<ErrorBand> RooflineError::pair_band(Stack stack, DeviceClass device_class,
                                                  bool launches_matter) const {
  std::map<std::string, std::vector<const RooflineResidual*>> groups;
  for (const RooflineResidual& residual : residuals_) {
    if (residual.stack == stack && residual.device_class == device_class && !residual.together.empty()) {
      groups[residual.together].push_back(&residual);
    }
  }
  std::array<std::vector<double>, 2> sizes;
  for (const auto& [name, members] : groups) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (std::size_t j = i + 1; j < members.size(); ++j) {
        const bool matter = members[i]->launches_matter || members[j]->launches_matter;
        sizes[matter == launches_matter ? 0 : 1].push_back(
            std::abs(members[i]->log_ratio - members[j]->log_ratio));
      }
    }
  }
  const auto own = conformal(std::move(sizes[0]));
  return own ? own : conformal(std::move(sizes[1]));
}

std::optional<ModelledTime> modelled_time(const ForwardCost& cost, const Device& device,
                                          const RooflineError& error) {
  const auto time = roofline_time(cost, device);
  if (!time) return std::nullopt;
  const auto band = error.band(cost.stack, device.device_class, time->launches_matter);
  if (!band) return std::nullopt;
  return ModelledTime{*time, time->point_ms * std::exp(-band->size), time->point_ms * std::exp(band->size),
                      *band};
}

}  // namespace quantier
