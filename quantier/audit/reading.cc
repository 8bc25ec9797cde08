#include "quantier/audit/reading.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace quantier::audit_internal {
namespace {

bool is_count(const std::string& metric) {
  static const std::set<std::string> kCounts = {"lost",       "gained",    "flips",       "net",
                                                "n",          "class_n",   "classes",     "wrong_to_wrong",
                                                "replicates", "gate_kept", "noise_flips", "family"};
  return kCounts.contains(metric);
}

}  // namespace

bool mentions_count(const ScopeSet& metric) {
  return !metric.values.empty() && std::ranges::any_of(metric.values, is_count);
}

std::vector<Reading> readings_of(const WrittenNumber& number, const Passage& passage, const Scope& scope) {
  std::vector<Reading> readings;
  const auto add = [&](FactUnit unit, double scale = 1.0) {
    readings.push_back({unit, number.value * scale, number.half_width * scale, false});
  };
  if (number.pair != 0) {
    add(FactUnit::kCount);
    return readings;
  }
  switch (number.unit) {
    case WrittenUnit::kPercent:
    case WrittenUnit::kPoints:
      add(FactUnit::kFraction);
      return readings;
    case WrittenUnit::kMilliseconds:
      add(FactUnit::kMilliseconds, 1.0 / passage.column_together);
      return readings;
    case WrittenUnit::kBytes:
      add(FactUnit::kBytes);
      if (number.binary_scale != 1.0) add(FactUnit::kBytes, number.binary_scale);
      return readings;
    case WrittenUnit::kTimes:
      add(FactUnit::kRatio);
      return readings;
    case WrittenUnit::kRate:
      add(FactUnit::kRate);
      return readings;
    case WrittenUnit::kOther:
      if (number.text.ends_with("nats")) add(FactUnit::kPlain);
      return readings;
    case WrittenUnit::kNone:
      break;
  }
  if (passage.column_unit == WrittenUnit::kRate) {
    add(FactUnit::kRate, passage.column_scale);
    return readings;
  }
  if (number.integer && mentions_count(scope.metric)) add(FactUnit::kCount);
  switch (passage.column_unit) {
    case WrittenUnit::kPercent:
    case WrittenUnit::kPoints:
      add(FactUnit::kFraction, 0.01);
      if (number.integer) return readings;
      break;
    case WrittenUnit::kMilliseconds:
      add(FactUnit::kMilliseconds, passage.column_scale / passage.column_together);
      return readings;
    case WrittenUnit::kBytes:
      add(FactUnit::kBytes, passage.column_scale);
      if (passage.column_scale == 1e9) add(FactUnit::kBytes, 1073741824.0);
      if (passage.column_scale == 1e6) add(FactUnit::kBytes, 1048576.0);
      return readings;
    default:
      break;
  }
  if (!number.integer || passage.kind == PassageKind::kCell) {
    const bool points_around = counts_in_points(passage);
    // "0.0" as a fraction would be anything below 0.05.
    if (!points_around || number.half_width < 0.04) add(FactUnit::kFraction);
    add(FactUnit::kPlain);
    // "Shares are given in per cent", said elsewhere: no fraction is above one.
    if (passage.kind == PassageKind::kSentence && std::fabs(number.value) > 1.0 && !number.integer)
      add(FactUnit::kFraction, 0.01);
    // "0.0 points in the head, 0.0 in the middle": the unit stands once.
    // Three decimals without a sign are no points unless the sentence says so.
    if (points_around && (number.sign != 0 || number.in_brackets || number.half_width > 0.004)) {
      readings.push_back({FactUnit::kFraction, 0.01 * number.value, 0.01 * number.half_width, true});
    }
    // A column that does not say its unit: points where the number cannot be a fraction, costs where it is
    // one.
    if (passage.kind == PassageKind::kCell && passage.column_unit == WrittenUnit::kNone) {
      if (std::fabs(number.value) >= 1.0 || number.half_width > 0.04) add(FactUnit::kFraction, 0.01);
      const auto has = [&](const char* metric) {
        return !scope.metric.values.empty() && scope.metric.allows(metric);
      };
      if (has("latency")) add(FactUnit::kMilliseconds);
      if (has("memory")) {
        add(FactUnit::kBytes, 1e9);
        add(FactUnit::kBytes, 1e6);
      }
      if (number.integer) add(FactUnit::kCount);
    }
  }
  return readings;
}

}  // namespace quantier::audit_internal
