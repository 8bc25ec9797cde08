#include "quantier/decide/axes.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantier/decide/compare.h"
#include "quantier/decide/constraints.h"

namespace quantier::decide_internal {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kRounding = 1e-12;
constexpr std::size_t kPerTask = 256;

struct Ends {
  double low = kNaN;
  double high = kNaN;
};

// One axis, turned so that more is better.
struct Axis {
  Metric metric;
  double sign = 1.0;
  std::vector<double> values;               // [candidate], NaN: unknown
  std::vector<std::vector<float>> columns;  // [candidate], centred; empty: not resampled
  std::vector<Ends> ends;                   // of the interval of a - b, less the difference
  bool relative = false;
  double margin = 0.0;

  [[nodiscard]] bool tied(std::size_t count, std::size_t a, std::size_t b, double x, double y) const {
    const double difference = x - y;
    const double inside = (relative ? margin * std::max(std::abs(x), std::abs(y)) : margin) + kRounding;
    const Ends& of = ends[a * count + b];
    if (std::isnan(of.low)) return std::abs(difference) <= inside;
    const double low = difference + of.low;
    const double high = difference + of.high;
    if (low <= 0.0 && high >= 0.0) return true;
    // A cost of few samples has an interval too narrow to carry a difference that nobody cares for.
    return relative ? std::abs(difference) <= inside : low >= -inside && high <= inside;
  }
};

Axis make_axis(const Decision& decision, const Metric& metric, const MetricReplicates* replicates) {
  const std::vector<Candidate>& all = decision.candidates;
  const std::size_t count = all.size();
  Axis axis;
  axis.metric = metric;
  axis.sign = metric.less_is_better() ? -1.0 : 1.0;
  axis.relative = !metric.is_fraction();
  axis.margin = margin_of(metric, 1.0, decision.envelope.margins);
  axis.columns.resize(count);
  axis.ends.resize(count * count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = metric_value(all[i], metric);
    axis.values.push_back(value ? axis.sign * value->value : kNaN);
    if (replicates == nullptr || !value) continue;
    axis.columns[i] = centred(replicates->column(replicate_key(metric, decision.envelope), i), value->value);
    for (float& each : axis.columns[i]) each *= static_cast<float>(axis.sign);
  }
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      Ends ends;
      if (!axis.columns[a].empty() && !axis.columns[b].empty()) {
        std::vector<float> difference(axis.columns[a].size());
        for (std::size_t r = 0; r < difference.size(); ++r) {
          difference[r] = axis.columns[a][r] - axis.columns[b][r];
        }
        const Interval interval = percentile_interval(centred(difference, 0.0), "");
        ends = {interval.low, interval.high};
      }
      axis.ends[a * count + b] = ends;
      axis.ends[b * count + a] = {-ends.high, -ends.low};
    }
  }
  if (metric.kind != MetricKind::kMacroF1) return axis;
  // The intervals that the choice is made by.
  for (const QualityDifference& pair : decision.differences) {
    const auto a = std::ranges::find(all, pair.first, &Candidate::name);
    const auto b = std::ranges::find(all, pair.second, &Candidate::name);
    if (a == all.end() || b == all.end()) continue;
    const auto i = static_cast<std::size_t>(a - all.begin());
    const auto k = static_cast<std::size_t>(b - all.begin());
    const double difference = axis.values[i] - axis.values[k];
    if (!std::isfinite(difference) || !std::isfinite(pair.low) || !std::isfinite(pair.high)) continue;
    axis.ends[i * count + k] = {pair.low - difference, pair.high - difference};
    axis.ends[k * count + i] = {difference - pair.high, difference - pair.low};
  }
  return axis;
}

enum class Relation { kNone, kTies, kDominates };

// What `a` is to `b`.
template <class Value>
Relation relation(const std::vector<Axis>& axes, const std::vector<Candidate>& all, std::size_t a,
                  std::size_t b, const Value& value) {
  bool strictly = false;
  bool beyond = false;
  for (std::size_t x = 0; x < axes.size(); ++x) {
    const double own = value(x, a);
    const double other = value(x, b);
    if (own < other) return Relation::kNone;
    if (axes[x].metric.kind == MetricKind::kMacroF1 && !all[a].established_losses.empty() &&
        all[b].established_losses.empty()) {
      return Relation::kNone;
    }
    strictly = strictly || own > other;
    beyond = beyond || (own > other && !axes[x].tied(all.size(), a, b, own, other));
  }
  if (beyond) return Relation::kDominates;
  return strictly ? Relation::kTies : Relation::kNone;
}

}  // namespace

AxisFrontier make_axis_frontier(const Decision& decision, const DecideOptions& options) {
  const std::vector<Candidate>& all = decision.candidates;
  const std::size_t count = all.size();
  std::vector<Metric> wanted = decision.envelope.frontier_axes;
  if (wanted.empty()) {
    for (const MetricKind kind :
         {MetricKind::kMacroF1, MetricKind::kLatency, MetricKind::kMemory, MetricKind::kEce}) {
      const bool any = std::ranges::any_of(
          all, [&](const Candidate& each) { return metric_value(each, {kind}).has_value(); });
      if (any) wanted.push_back({kind});
    }
  }
  std::vector<Axis> axes;
  AxisFrontier frontier;
  for (const Metric& metric : wanted) {
    axes.push_back(make_axis(decision, metric, options.replicates));
    frontier.axes.push_back(metric);
  }
  const auto observed = [&](std::size_t x, std::size_t i) { return axes[x].values[i]; };
  std::vector<std::size_t> measured;
  bool resampled = false;
  frontier.points.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    bool whole = !axes.empty();
    for (const Axis& axis : axes) {
      frontier.points[i].values.push_back(axis.sign * axis.values[i]);
      whole = whole && !std::isnan(axis.values[i]);
      resampled = resampled || !axis.columns[i].empty();
    }
    if (whole) measured.push_back(i);
  }
  for (const std::size_t i : measured) {
    AxisPoint& point = frontier.points[i];
    for (const std::size_t k : measured) {
      if (i == k) continue;
      const Relation of = relation(axes, all, k, i, observed);
      if (of == Relation::kDominates) point.dominated_by.push_back(k);
      if (of == Relation::kTies) point.tied_with.push_back(k);
    }
    point.status = !point.dominated_by.empty() ? AxisStatus::kDominated
                   : !point.tied_with.empty()  ? AxisStatus::kTied
                                               : AxisStatus::kMember;
  }
  for (const Axis& axis : axes) {
    std::vector<std::size_t>& firsts = frontier.firsts.emplace_back();
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < count; ++i) {
      if (!std::isnan(axis.values[i]) && (!best || axis.values[i] > axis.values[*best])) best = i;
    }
    if (!best) continue;
    firsts.push_back(*best);
    for (std::size_t i = 0; i < count; ++i) {
      if (i == *best || std::isnan(axis.values[i])) continue;
      if (axis.tied(count, *best, i, axis.values[*best], axis.values[i])) firsts.push_back(i);
    }
  }
  if (!resampled || options.replicates == nullptr) return frontier;

  const std::size_t replicates = options.replicates->replicates;
  const std::size_t tasks = (replicates + kPerTask - 1) / kPerTask;
  std::vector<std::vector<std::size_t>> free(tasks, std::vector<std::size_t>(count, 0));
  const auto body = [&](std::size_t task) {
    const std::size_t last = std::min((task + 1) * kPerTask, replicates);
    for (std::size_t r = task * kPerTask; r < last; ++r) {
      const auto value = [&](std::size_t x, std::size_t i) {
        const std::vector<float>& column = axes[x].columns[i];
        return column.empty() ? axes[x].values[i] : static_cast<double>(column[r]);
      };
      for (const std::size_t i : measured) {
        const bool beaten = std::ranges::any_of(measured, [&](std::size_t k) {
          return k != i && relation(axes, all, k, i, value) == Relation::kDominates;
        });
        if (!beaten) ++free[task][i];
      }
    }
  };
  if (options.pool == nullptr) {
    for (std::size_t task = 0; task < tasks; ++task) body(task);
  } else {
    options.pool->run(tasks, [&](std::size_t task, std::size_t) { body(task); });
  }
  for (const std::size_t i : measured) {
    std::size_t sum = 0;
    for (const auto& each : free) sum += each[i];
    frontier.points[i].membership = static_cast<double>(sum) / static_cast<double>(replicates);
  }
  return frontier;
}

}  // namespace quantier::decide_internal
