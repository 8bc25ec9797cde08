// What the figures share: strokes, ticks and the map from values to pixels.
#pragma once

#include <cmath>
#include <string_view>
#include <vector>

namespace quantier::note_internal {

inline constexpr std::string_view kAxis = "stroke:currentColor;stroke-width:1;opacity:.6";
inline constexpr std::string_view kGrid = "stroke:currentColor;stroke-width:1;opacity:.15";

// A step of 1, 2 or 5 times a power of ten that cuts `span` into about five.
inline double tick_step(double span) {
  const double raw = span / 5.0;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10.0 * power;
}

// Multiples of `step` inside [low, high], each exact rather than summed up; the ends count with a hair of
// tolerance.
inline std::vector<double> ticks(double low, double high, double step) {
  std::vector<double> values;
  const auto first = static_cast<long>(std::ceil(low / step - 1e-9));
  const auto last = static_cast<long>(std::floor(high / step + 1e-9));
  for (long i = first; i <= last; ++i) values.push_back(static_cast<double>(i) * step);
  return values;
}

struct Axis {
  double low = 0.0;
  double high = 1.0;
  double from = 0.0;  // pixels
  double to = 1.0;
  [[nodiscard]] double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

}  // namespace quantier::note_internal
