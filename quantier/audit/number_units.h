// Units behind a number, and what turns them into those of facts. Only numbers.cc and number_words.cc include
// this.
#pragma once

#include <array>
#include <string_view>

#include "quantier/audit/numbers.h"

namespace quantier::audit_internal {

struct UnitName {
  std::string_view text;
  WrittenUnit unit;
  double scale;         // to the unit of facts
  double binary = 1.0;  // 2^30 / 10^9, ...
  bool letters = true;  // a word: no letter may follow
};

inline constexpr double kBinaryMega = 1048576.0 / 1e6;
inline constexpr double kBinaryGiga = 1073741824.0 / 1e9;

// Longer ones first where one begins with another.
inline constexpr std::array<UnitName, 63> kUnits = {{
    {"percentage points", WrittenUnit::kPoints, 0.01},
    {"percentage point", WrittenUnit::kPoints, 0.01},
    {"accuracy points", WrittenUnit::kPoints, 0.01},
    {"F1 points", WrittenUnit::kPoints, 0.01},
    {"points", WrittenUnit::kPoints, 0.01},
    {"point", WrittenUnit::kPoints, 0.01},
    {"p.p.", WrittenUnit::kPoints, 0.01, 1.0, false},
    {"pts", WrittenUnit::kPoints, 0.01},
    {"pp", WrittenUnit::kPoints, 0.01},
    {"% points", WrittenUnit::kPoints, 0.01},
    {"%-points", WrittenUnit::kPoints, 0.01},
    {"%", WrittenUnit::kPercent, 0.01, 1.0, false},
    {"percent", WrittenUnit::kPercent, 0.01},
    {"per cent", WrittenUnit::kPercent, 0.01},
    {"milliseconds", WrittenUnit::kMilliseconds, 1.0},
    {"millisecond", WrittenUnit::kMilliseconds, 1.0},
    {"ms", WrittenUnit::kMilliseconds, 1.0},
    {"msec", WrittenUnit::kMilliseconds, 1.0},
    {"µs", WrittenUnit::kMilliseconds, 1e-3},
    {"\u03bcs", WrittenUnit::kMilliseconds, 1e-3},
    {"microseconds", WrittenUnit::kMilliseconds, 1e-3},
    {"ppts", WrittenUnit::kPoints, 0.01},
    {"%pts", WrittenUnit::kPoints, 0.01},
    {"-percent", WrittenUnit::kPercent, 0.01},
    {"GiB", WrittenUnit::kBytes, 1073741824.0},
    {"MiB", WrittenUnit::kBytes, 1048576.0},
    {"gigabytes", WrittenUnit::kBytes, 1e9, kBinaryGiga},
    {"megabytes", WrittenUnit::kBytes, 1e6, kBinaryMega},
    {"gigabyte", WrittenUnit::kBytes, 1e9, kBinaryGiga},
    {"megabyte", WrittenUnit::kBytes, 1e6, kBinaryMega},
    {"GB", WrittenUnit::kBytes, 1e9, kBinaryGiga},
    {"MB", WrittenUnit::kBytes, 1e6, kBinaryMega},
    {"kB", WrittenUnit::kBytes, 1e3, 1.024},
    {"KB", WrittenUnit::kBytes, 1e3, 1.024},
    {"×", WrittenUnit::kTimes, 1.0, 1.0, false},
    {"times", WrittenUnit::kTimes, 1.0},
    {"-times", WrittenUnit::kTimes, 1.0},
    {"-fold", WrittenUnit::kTimes, 1.0},
    {"fold", WrittenUnit::kTimes, 1.0},
    {"x", WrittenUnit::kTimes, 1.0},
    {"requests per second", WrittenUnit::kRate, 1.0},
    {"requests a second", WrittenUnit::kRate, 1.0},
    {"requests/second", WrittenUnit::kRate, 1.0},
    {"requests/s", WrittenUnit::kRate, 1.0},
    {"req/s", WrittenUnit::kRate, 1.0},
    {"rps", WrittenUnit::kRate, 1.0},
    {"s/example", WrittenUnit::kMilliseconds, 1e3},
    {"s/ex", WrittenUnit::kMilliseconds, 1e3},
    {"s/text", WrittenUnit::kMilliseconds, 1e3},
    {"s/item", WrittenUnit::kMilliseconds, 1e3},
    {"s/request", WrittenUnit::kMilliseconds, 1e3},
    {"s/sample", WrittenUnit::kMilliseconds, 1e3},
    {"s per example", WrittenUnit::kMilliseconds, 1e3},
    {"s per text", WrittenUnit::kMilliseconds, 1e3},
    {"s per request", WrittenUnit::kMilliseconds, 1e3},
    {"seconds per example", WrittenUnit::kMilliseconds, 1e3},
    {"seconds per text", WrittenUnit::kMilliseconds, 1e3},
    {"tokens/s", WrittenUnit::kOther, 1.0},
    {"seconds", WrittenUnit::kOther, 1.0},
    {"minutes", WrittenUnit::kOther, 1.0},
    {"hours", WrittenUnit::kOther, 1.0},
    {"s", WrittenUnit::kOther, 1.0},
    {"nats", WrittenUnit::kOther, 1.0},
}};

// Sizes of models and the like: "6.7 B parameters", "149 M".
inline constexpr std::array<std::string_view, 6> kMagnitudes = {"B", "M", "k", "K", "billion", "million"};

}  // namespace quantier::audit_internal
