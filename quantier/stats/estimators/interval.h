// An interval with the method that made it: a number without its method is not comparable.
#pragma once

#include <string>

namespace quantier {

struct Interval {
  double low = 0.0;
  double high = 0.0;
  double level = 0.95;
  std::string method;  // "Tango score", "paired percentile bootstrap", "order statistics"

  [[nodiscard]] bool excludes_zero() const { return low > 0.0 || high < 0.0; }
};

// A number with its interval.
struct Estimate {
  double value = 0.0;
  Interval interval;
};

}  // namespace quantier
