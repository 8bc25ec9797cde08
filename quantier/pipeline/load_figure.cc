// The percentile of every trial against its rate, both on logarithmic scales, with the bound dotted.
#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/figure_axes.h"
#include "quantier/note/svg.h"
#include "quantier/pipeline/load.h"

namespace quantier {
namespace {

using namespace note_internal;  // NOLINT: the writer of figures

constexpr double kWidth = 640.0;
constexpr double kHeight = 360.0;
constexpr double kLeft = 70.0;
constexpr double kRight = 20.0;
constexpr double kTop = 40.0;
constexpr double kBottom = 55.0;

// 1, 2 and 5 times the powers of ten inside [low, high].
std::vector<double> log_ticks(double low, double high) {
  std::vector<double> values;
  for (double power = std::pow(10.0, std::floor(std::log10(low))); power <= high; power *= 10.0) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor * power >= low && factor * power <= high) values.push_back(factor * power);
    }
  }
  return values;
}

Axis log_axis(const std::vector<double>& values, double from, double to) {
  const auto [low, high] = std::ranges::minmax(values);
  const double margin = std::max(0.2, 0.08 * std::log10(high / low));
  return {.low = std::log10(low) - margin, .high = std::log10(high) + margin, .from = from, .to = to};
}

}  // namespace

std::string load_figure(const LoadTest& test) {
  const double bound_ms = static_cast<double>(test.protocol.bound_ns) * 1e-6;
  const std::string what = fmt::format("p{:g} latency", test.protocol.percentile);
  std::vector<double> rates;
  std::vector<double> latencies{bound_ms};
  for (const LoadTrial& trial : test.trials) {
    rates.push_back(trial.offered_rate);
    if (trial.latency)
      latencies.push_back(std::max(1e-6, static_cast<double>(trial.latency->value_ns) * 1e-6));
    if (trial.latency && trial.latency->high_ns) {
      latencies.push_back(std::max(1e-6, static_cast<double>(*trial.latency->high_ns) * 1e-6));
    }
  }
  if (rates.empty()) rates.push_back(test.asked_rate.value_or(1.0));
  const Axis x = log_axis(rates, kLeft, kWidth - kRight);
  const Axis y = log_axis(latencies, kHeight - kBottom, kTop);
  Svg svg(kWidth, kHeight,
          fmt::format("{} of {} against the rate of requests, bound {:g} ms", what,
                      test.configuration.display(), bound_ms));
  for (const double tick : log_ticks(std::pow(10.0, x.low), std::pow(10.0, x.high))) {
    const double at = x.at(std::log10(tick));
    svg.line(at, kTop, at, kHeight - kBottom, kGrid);
    svg.text(at, kHeight - kBottom + 16.0, fmt::format("{:g}", tick), "middle", 11.0);
  }
  for (const double tick : log_ticks(std::pow(10.0, y.low), std::pow(10.0, y.high))) {
    const double at = y.at(std::log10(tick));
    svg.line(kLeft, at, kWidth - kRight, at, kGrid);
    svg.text(kLeft - 6.0, at + 4.0, fmt::format("{:g}", tick), "end", 11.0);
  }
  svg.line(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom, kAxis);
  svg.line(kLeft, kTop, kLeft, kHeight - kBottom, kAxis);
  const double bound = y.at(std::log10(bound_ms));
  svg.line(kLeft, bound, kWidth - kRight, bound, "stroke:currentColor;stroke-width:1.5;stroke-dasharray:2 4");
  svg.text(kLeft + 4.0, bound - 5.0, fmt::format("bound {:g} ms", bound_ms), "start", 11.0);
  for (const LoadTrial& trial : test.trials) {
    const double at = x.at(std::log10(trial.offered_rate));
    const bool confirm = trial.kind == LoadTrialKind::kConfirm;
    if (!trial.latency) {
      // Stopped: it has no percentile; a cross at the upper edge.
      svg.text(at, kTop + 10.0, "×", "middle", 14.0);
      continue;
    }
    const auto height = [&](std::int64_t ns) {
      return y.at(std::log10(std::max(1e-6, static_cast<double>(ns) * 1e-6)));
    };
    const LatencyPercentile& latency = *trial.latency;
    if (latency.low_ns && latency.high_ns) {
      svg.line(at, height(*latency.low_ns), at, height(*latency.high_ns),
               fmt::format("stroke:{};stroke-width:1.5", series_colour(confirm ? 1 : 0)));
    }
    svg.marker(at, height(latency.value_ns), confirm ? 1 : 0, !trial.passed());
  }
  svg.text(kLeft, 16.0, fmt::format("{}: {} by rate", test.configuration.display(), what), "start", 12.0);
  svg.text(kLeft, 31.0, "circle: search; square: confirmation; hollow: did not pass; ×: stopped, queue grew",
           "start", 10.0);
  svg.text(0.5 * (kLeft + kWidth - kRight), kHeight - 14.0, "requests/s offered", "middle", 12.0);
  svg.text(16.0, 0.5 * (kTop + kHeight - kBottom), fmt::format("{}, ms", what), "middle", 12.0, -90.0);
  return svg.finish();
}

}  // namespace quantier
