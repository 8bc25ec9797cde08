// Is damage concentrated where the reference was weak already?

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>
#include <span>
#include <vector>

#include "quantier/base/rng.h"
#include "quantier/stats/comparisons/paired_counts.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::size_t kDeciles = 10;
constexpr std::size_t kFewestExamples = 20;
constexpr std::size_t kFewestClasses = 8;
constexpr std::uint64_t kReplicates = 2000;
constexpr std::uint64_t kStream = std::uint64_t{1} << 41;  // beside the replicates of other bootstraps

double margin_of(std::span<const float> row) {
  double first = -INFINITY;
  double second = -INFINITY;
  for (const float logit : row) {
    const double value = logit;
    if (value > first) {
      second = first;
      first = value;
    } else if (value > second) {
      second = value;
    }
  }
  return row.size() < 2 ? 0.0 : first - second;
}

void count_flip(const RunView& reference, const RunView& candidate, std::size_t i, FlipCounts& flips) {
  if (reference.predictions[i] == candidate.predictions[i]) return;
  ++(reference.right[i] != 0   ? flips.right_to_wrong
     : candidate.right[i] != 0 ? flips.wrong_to_right
                               : flips.wrong_to_wrong);
}

// Sums of one class and one direction (base accuracy from one half, delta from the other).
struct Point {
  double weight = 0.0;
  double base = 0.0;
  double delta = 0.0;
};

// Weighted least squares; absent when every class is as good as any other.
std::optional<double> slope_of(std::span<const Point> points) {
  double weight = 0.0;
  double base = 0.0;
  double delta = 0.0;
  for (const Point& point : points) {
    weight += point.weight;
    base += point.weight * point.base;
    delta += point.weight * point.delta;
  }
  if (weight <= 0.0) return std::nullopt;
  base /= weight;
  delta /= weight;
  double square = 0.0;
  double product = 0.0;
  for (const Point& point : points) {
    square += point.weight * (point.base - base) * (point.base - base);
    product += point.weight * (point.base - base) * (point.delta - delta);
  }
  if (square <= 1e-12 * weight) return std::nullopt;
  return product / square;
}

// Percentiles of replicates that resample few clusters are too narrow: as for a mean, by sqrt(k / (k - 1))
// and by a normal quantile where Student's belongs. So they are read further out (Hesterberg, "What teachers
// should know about the bootstrap", 2015: expanded percentile). `clusters`: classes whose accuracy changed;
// the others carry no spread, so seven flips count as at most seven classes, however many there are.
Interval expanded_percentile(std::vector<double>& values, std::size_t clusters) {
  constexpr double kNormal = 1.959963984540054;
  const double degrees = std::max(static_cast<double>(clusters) - 1.0, 1.0);
  // Student's 97.5 % quantile by its expansion (Abramowitz and Stegun 26.7.5).
  const double z3 = kNormal * kNormal * kNormal;
  const double student =
      kNormal + (z3 + kNormal) / (4.0 * degrees) +
      (5.0 * z3 * kNormal * kNormal + 16.0 * z3 + 3.0 * kNormal) / (96.0 * degrees * degrees);
  const double reach = student * std::sqrt((degrees + 1.0) / degrees);
  const double tail = 0.5 * std::erfc(reach / std::sqrt(2.0));
  std::ranges::sort(values);
  const auto low = static_cast<std::size_t>(tail * static_cast<double>(values.size()));
  return {.low = values[low],
          .high = values[values.size() - 1 - low],
          .level = 0.95,
          .method = "class-clustered bootstrap, expanded percentile"};
}

void add_class_slope(const RunView& reference, const RunView& candidate, const Split& split,
                     std::uint64_t seed, WeaknessFinding& finding) {
  struct Half {
    double n = 0.0;
    double right = 0.0;
    double net = 0.0;
  };
  std::vector<std::array<Half, 2>> halves(split.class_count);
  for (std::size_t i = 0; i < split.labels.size(); ++i) {
    Half& half = halves[static_cast<std::size_t>(split.labels[i])][i % 2];
    half.n += 1.0;
    half.right += reference.right[i];
    half.net += static_cast<double>(candidate.right[i]) - static_cast<double>(reference.right[i]);
  }
  std::vector<std::array<Point, 2>> classes;
  for (const auto& [a, b] : halves) {
    if (a.n == 0.0 || b.n == 0.0) continue;
    classes.push_back({Point{b.n, a.right / a.n, b.net / b.n}, Point{a.n, b.right / b.n, a.net / a.n}});
  }
  if (classes.size() < kFewestClasses) return;
  std::vector<Point> points;
  for (const auto& both : classes) points.insert(points.end(), both.begin(), both.end());
  const std::optional<double> slope = slope_of(points);
  if (!slope) return;
  std::vector<double> values;
  for (std::uint64_t r = 0; r < kReplicates; ++r) {
    Philox random(seed, kStream + r);
    points.clear();
    for (std::size_t k = 0; k < classes.size(); ++k) {
      const auto& both = classes[static_cast<std::size_t>(random.next_below(classes.size()))];
      points.insert(points.end(), both.begin(), both.end());
    }
    if (const std::optional<double> drawn = slope_of(points)) values.push_back(*drawn);
  }
  if (values.size() < kReplicates / 2) return;
  const auto changed = std::ranges::count_if(
      classes, [](const auto& both) { return both[0].delta != 0.0 || both[1].delta != 0.0; });
  finding.delta_per_base_accuracy =
      Estimate{*slope, expanded_percentile(values, static_cast<std::size_t>(changed))};
}

std::vector<double> margins_of(const RunView& view, std::span<const std::size_t> rows) {
  std::vector<double> margins;
  margins.reserve(rows.size());
  for (const std::size_t i : rows) margins.push_back(margin_of(view.data().row(i)));
  return margins;
}

// Positions in `values` from the smallest up; equal values stay in the order of the file.
template <class Value>
std::vector<std::size_t> order_of(const std::vector<Value>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  return order;
}

void add_deciles(const RunView& reference, const RunView& candidate, WeaknessFinding& finding) {
  const std::vector<std::size_t>& rows = reference.finite_rows;
  if (rows.size() < kFewestExamples) return;
  const std::vector<double> margins = margins_of(reference, rows);
  const std::vector<std::size_t> order = order_of(margins);
  for (std::size_t d = 0; d < kDeciles; ++d) {
    const std::size_t begin = d * rows.size() / kDeciles;
    const std::size_t end = (d + 1) * rows.size() / kDeciles;
    MarginDecile decile;
    decile.n = end - begin;
    decile.lowest_margin = margins[order[begin]];
    decile.highest_margin = margins[order[end - 1]];
    std::uint64_t right = 0;
    for (std::size_t k = begin; k < end; ++k) {
      const std::size_t i = rows[order[k]];
      right += reference.right[i];
      count_flip(reference, candidate, i, decile.flips);
    }
    decile.accuracy_reference = static_cast<double>(right) / static_cast<double>(decile.n);
    decile.delta = static_cast<double>(decile.flips.net()) / static_cast<double>(decile.n);
    finding.deciles.push_back(decile);
  }
}

// The halves must not know which run is the reference: examples chosen by the noise of one run fall back to
// the mean in the other, and a recipe that only redraws answers would seem to hurt what was sure. Exchanging
// two equally good runs keeps a sum of ranks and turns the sign of delta, so the expected difference is 0.
void add_margin_halves(const RunView& reference, const RunView& candidate, WeaknessFinding& finding) {
  std::vector<std::size_t> rows;
  std::set_intersection(reference.finite_rows.begin(), reference.finite_rows.end(),
                        candidate.finite_rows.begin(), candidate.finite_rows.end(), std::back_inserter(rows));
  if (rows.size() < kFewestExamples) return;
  std::vector<std::size_t> rank_sums(rows.size(), 0);
  for (const RunView* view : {&reference, &candidate}) {
    const std::vector<std::size_t> order = order_of(margins_of(*view, rows));
    for (std::size_t rank = 0; rank < order.size(); ++rank) rank_sums[order[rank]] += rank;
  }
  const std::vector<std::size_t> order = order_of(rank_sums);
  finding.margin_halves.resize(2);
  for (std::size_t k = 0; k < order.size(); ++k) {
    MarginHalf& half = finding.margin_halves[k < order.size() / 2 ? 0 : 1];
    ++half.n;
    count_flip(reference, candidate, rows[order[k]], half.flips);
  }
  const auto counts_of = [](const MarginHalf& half) {
    return PairedCounts{half.n, half.flips.right_to_wrong, half.flips.wrong_to_right};
  };
  const PairedCounts less_sure = counts_of(finding.margin_halves[0]);
  const PairedCounts surer = counts_of(finding.margin_halves[1]);
  const Interval unsure = tango_score_interval(less_sure);
  const Interval sure = tango_score_interval(surer);
  const double a = less_sure.difference();
  const double b = surer.difference();
  finding.unsure_minus_sure =
      Estimate{a - b, Interval{.low = a - b - std::hypot(a - unsure.low, sure.high - b),
                               .high = a - b + std::hypot(unsure.high - a, b - sure.low),
                               .level = 0.95,
                               .method = "Tango scores, MOVER"}};
  const Interval& interval = finding.unsure_minus_sure->interval;
  finding.by_margin = interval.high < 0.0  ? WeaknessWord::kConcentratedInWeak
                      : interval.low > 0.0 ? WeaknessWord::kConcentratedInStrong
                                           : WeaknessWord::kUnresolved;
}

}  // namespace

WeaknessFinding weakness_of(const RunView& reference, const RunView& candidate, const Split& split,
                            const AnalysisOptions& options) {
  WeaknessFinding finding;
  finding.model = candidate.run->configuration.model;
  finding.recipe = candidate.run->configuration.recipe;
  finding.reference_recipe = reference.run->configuration.recipe;
  add_class_slope(reference, candidate, split, options.seed, finding);
  add_deciles(reference, candidate, finding);
  add_margin_halves(reference, candidate, finding);
  return finding;
}

}  // namespace quantier::analysis_internal

namespace quantier {

const char* weakness_word_name(WeaknessWord word) {
  switch (word) {
    case WeaknessWord::kConcentratedInWeak:
      return "concentrated in the weak";
    case WeaknessWord::kConcentratedInStrong:
      return "concentrated in the strong";
    case WeaknessWord::kUnresolved:
      return "unresolved";
  }
  return "";
}

}  // namespace quantier
