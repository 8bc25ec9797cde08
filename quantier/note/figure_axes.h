// What the figures share: strokes, ticks and the map from values to pixels.
#pragma once

#include <cmath>
#include <string_view>

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

struct Axis {
  double low = 0.0;
  double high = 1.0;
  double from = 0.0;  // pixels
  double to = 1.0;
  [[nodiscard]] double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

}  // namespace quantier::note_internal
