#include "quantier/decide/compare.h"

#include <algorithm>
#include <cmath>

namespace quantier::decide_internal {
namespace {

constexpr double kRounding = 1e-12;  // 0.210 - 0.200 is not exactly 0.010

}  // namespace

std::optional<double> known(const std::optional<double>& value) {
  if (!value.has_value() || !std::isfinite(*value)) return std::nullopt;
  return value;
}

bool satisfies(double value, double limit, bool upper) {
  const double slack = kRounding * std::max(std::abs(value), std::abs(limit));
  return upper ? value <= limit + slack : value >= limit - slack;
}

int compare_quality(const Candidate& a, const Candidate& b, const std::vector<QualityDifference>& differences,
                    const Margins& margins) {
  const auto first = known(a.macro_f1);
  const auto second = known(b.macro_f1);
  if (!first || !second) return first ? 1 : (second ? -1 : 0);
  const double difference = *first - *second;
  for (const QualityDifference& pair : differences) {
    const bool straight = pair.first == a.name && pair.second == b.name;
    const bool reversed = pair.first == b.name && pair.second == a.name;
    if (!straight && !reversed) continue;
    // An interval that is not a number resolves nothing, so it must not separate the two.
    if (!(pair.low > 0.0) && !(pair.high < 0.0)) return 0;
    if (pair.low >= -margins.macro_f1 && pair.high <= margins.macro_f1) return 0;
    return difference > 0.0 ? 1 : -1;
  }
  if (std::abs(difference) <= margins.macro_f1 + kRounding) return 0;
  return difference > 0.0 ? 1 : -1;
}

int compare_cost(double a, double b, double fraction) {
  if (std::abs(a - b) <= fraction * std::max(std::abs(a), std::abs(b)) + kRounding) return 0;
  return a < b ? 1 : -1;
}

Frontier make_frontier(FrontierCost cost, const std::vector<Candidate>& candidates,
                       const std::vector<QualityDifference>& differences, const Margins& margins) {
  const bool latency = cost == FrontierCost::kLatency;
  const double fraction = latency ? margins.latency_fraction : margins.memory_fraction;
  Frontier frontier;
  frontier.cost = cost;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    FrontierPoint point;
    point.candidate = i;
    const auto f1 = known(candidates[i].macro_f1);
    const auto spent = known(latency ? candidates[i].ms_per_example : candidates[i].memory_bytes);
    if (f1 && spent) {
      point.status = FrontierStatus::kMember;
      point.macro_f1 = *f1;
      point.cost = *spent;
    }
    frontier.points.push_back(point);
  }
  std::vector<FrontierPoint>& points = frontier.points;
  for (FrontierPoint& point : points) {
    if (point.status == FrontierStatus::kNotMeasured) continue;
    bool strictly_beaten = false;
    for (const FrontierPoint& other : points) {
      if (other.status == FrontierStatus::kNotMeasured || other.candidate == point.candidate) continue;
      const int quality =
          compare_quality(candidates[other.candidate], candidates[point.candidate], differences, margins);
      const int thrift = compare_cost(other.cost, point.cost, fraction);
      const bool no_worse = other.macro_f1 >= point.macro_f1 && other.cost <= point.cost;
      const bool strictly = no_worse && (other.macro_f1 > point.macro_f1 || other.cost < point.cost);
      FrontierStatus status = FrontierStatus::kMember;
      if (strictly && (quality > 0 || thrift > 0)) {
        status = FrontierStatus::kDominated;
      } else if (strictly) {
        status = FrontierStatus::kTied;
      } else if ((quality == 0 && thrift > 0) || (thrift == 0 && quality > 0)) {
        status = FrontierStatus::kMemberByTie;
      } else {
        continue;
      }
      // The most severe finding is kept; among equal ones the cheapest rival is the plainest to read.
      const bool more_severe = static_cast<int>(status) > static_cast<int>(point.status);
      const bool same = status == point.status && point.by && other.cost < points[*point.by].cost;
      if (more_severe || same) {
        point.status = status;
        point.by = other.candidate;
      }
      strictly_beaten = strictly_beaten || strictly;
    }
    // A tie can only excuse a point that is on the line by its raw numbers.
    if (strictly_beaten && point.status == FrontierStatus::kMemberByTie) point.status = FrontierStatus::kTied;
  }
  return frontier;
}

}  // namespace quantier::decide_internal
