#include "quantier/decide/rule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "quantier/decide/compare.h"

namespace quantier::decide_internal {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kRounding = 1e-12;  // 0.210 - 0.200 is not exactly 0.010

using Indices = std::vector<std::size_t>;

std::size_t at(Objective objective) { return static_cast<std::size_t>(objective); }

// Parts `left` and, where somebody listens, tells who went.
template <class Keep>
void filter(ChoiceStep::Kind kind, std::optional<std::size_t> reference, Indices& left, Choice* story,
            const Keep& keep) {
  if (story == nullptr) {
    std::erase_if(left, [&](std::size_t i) { return !keep(i); });
    return;
  }
  ChoiceStep step;
  step.kind = kind;
  step.reference = reference;
  for (const std::size_t i : left) (keep(i) ? step.kept : step.dropped).push_back(i);
  left = step.kept;
  story->steps.push_back(std::move(step));
}

ChoiceStep::Kind step_of(Objective objective) {
  if (objective == Objective::kLatency) return ChoiceStep::Kind::kLatency;
  return objective == Objective::kMemory ? ChoiceStep::Kind::kMemory : ChoiceStep::Kind::kEce;
}

}  // namespace

RuleValues observed_values(const std::vector<Candidate>& candidates) {
  RuleValues values;
  for (const Candidate& candidate : candidates) {
    values.of[at(Objective::kQuality)].push_back(known(candidate.macro_f1).value_or(kNaN));
    values.of[at(Objective::kLatency)].push_back(known(candidate.ms_per_example).value_or(kNaN));
    values.of[at(Objective::kMemory)].push_back(known(candidate.memory_bytes).value_or(kNaN));
    values.of[at(Objective::kEce)].push_back(known(candidate.ece).value_or(kNaN));
  }
  return values;
}

Rule::Rule(const std::vector<Candidate>& candidates, const std::vector<QualityDifference>& differences,
           const Envelope& envelope, const MetricReplicates* replicates)
    : count_(candidates.size()),
      order_(envelope.order),
      margins_(envelope.margins),
      tie_rule_(envelope.tie_rule),
      name_rank_(candidates.size()) {
  std::map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < count_; ++i) {
    lossy_.push_back(candidates[i].established_losses.empty() ? 0 : 1);
    index[candidates[i].name] = i;
  }
  std::size_t rank = 0;
  for (const auto& [name, i] : index) name_rank_[i] = rank++;
  quality_.assign(count_ * count_, {kNaN, kNaN});
  for (const QualityDifference& pair : differences) {
    const auto a = index.find(pair.first);
    const auto b = index.find(pair.second);
    if (a == index.end() || b == index.end()) continue;
    const auto first = known(candidates[a->second].macro_f1);
    const auto second = known(candidates[b->second].macro_f1);
    if (!first || !second) continue;
    const double difference = *first - *second;
    // An interval that is not a number resolves nothing, so it must not separate the two.
    const bool good = std::isfinite(pair.low) && std::isfinite(pair.high);
    const double low = good ? pair.low - difference : -HUGE_VAL;
    const double high = good ? pair.high - difference : HUGE_VAL;
    quality_[a->second * count_ + b->second] = {low, high};
    quality_[b->second * count_ + a->second] = {-high, -low};
  }
  if (replicates == nullptr) return;
  const std::string key = Metric{.kind = MetricKind::kLatency, .variant = envelope.latency_protocol}.key();
  latency_.assign(count_ * count_, {kNaN, kNaN});
  std::vector<float> difference(replicates->replicates);
  for (std::size_t a = 0; a < count_; ++a) {
    const auto of_a = replicates->column(key, a);
    for (std::size_t b = a + 1; b < count_ && !of_a.empty(); ++b) {
      const auto of_b = replicates->column(key, b);
      if (of_b.empty()) continue;
      for (std::size_t r = 0; r < difference.size(); ++r) difference[r] = of_a[r] - of_b[r];
      const Interval moved = percentile_interval(centred(difference, 0.0), "");
      latency_[a * count_ + b] = {moved.low, moved.high};
      latency_[b * count_ + a] = {-moved.high, -moved.low};
    }
  }
}

int Rule::compare(Objective objective, const RuleValues& values, std::size_t a, std::size_t b) const {
  const double first = values.of[at(objective)][a];
  const double second = values.of[at(objective)][b];
  if (std::isnan(first) || std::isnan(second)) {
    return std::isnan(first) == std::isnan(second) ? 0 : (std::isnan(first) ? -1 : 1);
  }
  const double difference = first - second;
  if (objective == Objective::kQuality) {
    const Ends& ends = quality_[a * count_ + b];
    if (std::isnan(ends.low)) {
      if (std::abs(difference) <= margins_.macro_f1 + kRounding) return 0;
    } else {
      const double low = difference + ends.low;
      const double high = difference + ends.high;
      if (low <= 0.0 && high >= 0.0) return 0;
      if (low >= -margins_.macro_f1 && high <= margins_.macro_f1) return 0;
    }
    return difference > 0.0 ? 1 : -1;
  }
  double margin = margins_.ece;
  const double larger = std::max(std::abs(first), std::abs(second));
  if (objective == Objective::kLatency) margin = margins_.latency_fraction * larger;
  if (objective == Objective::kMemory) margin = margins_.memory_fraction * larger;
  if (std::abs(difference) <= margin + kRounding) return 0;
  if (objective == Objective::kLatency && !latency_.empty()) {
    const Ends& ends = latency_[a * count_ + b];
    if (difference + ends.low <= 0.0 && difference + ends.high >= 0.0) return 0;  // false for NaN
  }
  return difference < 0.0 ? 1 : -1;
}

void Rule::keep_quality(Indices& left, const RuleValues& values, Choice* story) const {
  const std::vector<double>& quality = values.of[at(Objective::kQuality)];
  while (true) {
    const std::size_t best = *std::min_element(left.begin(), left.end(), [&](std::size_t a, std::size_t b) {
      const double first = std::isnan(quality[a]) ? -1.0 : quality[a];
      const double second = std::isnan(quality[b]) ? -1.0 : quality[b];
      return first > second;
    });
    const auto tied = [&](std::size_t i) { return compare(Objective::kQuality, values, i, best) == 0; };
    const bool clean_tie =
        std::ranges::any_of(left, [&](std::size_t i) { return lossy_[i] == 0 && tied(i); });
    if (lossy_[best] != 0 && clean_tie) {
      // It is not ahead of an unharmed one, so it cannot be what the others are compared with.
      filter(ChoiceStep::Kind::kEstablishedLoss, std::nullopt, left, story,
             [&](std::size_t i) { return lossy_[i] == 0 || !tied(i); });
      continue;
    }
    filter(ChoiceStep::Kind::kQualityTie, best, left, story, tied);
    const bool any_lossy = std::ranges::any_of(left, [&](std::size_t i) { return lossy_[i] != 0; });
    if (lossy_[best] == 0 && any_lossy) {
      filter(ChoiceStep::Kind::kEstablishedLoss, std::nullopt, left, story,
             [&](std::size_t i) { return lossy_[i] == 0; });
    }
    return;
  }
}

void Rule::keep_cost(Objective objective, Indices& left, const RuleValues& values, Choice* story) const {
  const std::vector<double>& cost = values.of[at(objective)];
  std::optional<std::size_t> best;
  for (const std::size_t i : left) {
    if (!std::isnan(cost[i]) && (!best || cost[i] < cost[*best])) best = i;
  }
  if (!best) return;  // nobody measured it, so it cannot decide
  filter(step_of(objective), best, left, story,
         [&](std::size_t i) { return !std::isnan(cost[i]) && compare(objective, values, i, *best) == 0; });
}

bool Rule::before(std::size_t a, std::size_t b, const RuleValues& values) const {
  if (tie_rule_ == TieRule::kFirstListed) return a < b;
  const std::vector<double>& quality = values.of[at(Objective::kQuality)];
  if (tie_rule_ == TieRule::kHigherQuality && quality[a] != quality[b] && !std::isnan(quality[a]) &&
      !std::isnan(quality[b])) {
    return quality[a] > quality[b];
  }
  for (const Objective objective : order_) {
    // Quality is tied here; its raw digits are noise and come last.
    if (objective == Objective::kQuality) continue;
    const double first = values.of[at(objective)][a];
    const double second = values.of[at(objective)][b];
    if (!std::isnan(first) && !std::isnan(second) && first != second) return first < second;
  }
  const double first = std::isnan(quality[a]) ? -1.0 : quality[a];
  const double second = std::isnan(quality[b]) ? -1.0 : quality[b];
  if (first != second) return first > second;
  return name_rank_[a] < name_rank_[b];
}

void Rule::run(Indices& left, const RuleValues& values, Choice* story) const {
  if (left.empty()) return;
  if (!values.soft_missed.empty()) {
    std::size_t fewest = values.soft_missed[left.front()];
    std::size_t most = fewest;
    for (const std::size_t i : left) {
      fewest = std::min(fewest, values.soft_missed[i]);
      most = std::max(most, values.soft_missed[i]);
    }
    if (most > fewest) {
      filter(ChoiceStep::Kind::kSoftLimits, std::nullopt, left, story,
             [&](std::size_t i) { return values.soft_missed[i] == fewest; });
    }
  }
  for (const Objective objective : order_) {
    if (objective == Objective::kQuality) {
      keep_quality(left, values, story);
    } else {
      keep_cost(objective, left, values, story);
    }
  }
  const std::size_t best = *std::min_element(
      left.begin(), left.end(), [&](std::size_t a, std::size_t b) { return before(a, b, values); });
  if (story != nullptr) {
    story->chosen = best;
    for (const std::size_t i : left) {
      if (i != best) story->tied.push_back(i);
    }
  }
  if (left.size() > 1) {
    filter(ChoiceStep::Kind::kRawOrder, best, left, story, [&](std::size_t i) { return i == best; });
  }
}

Choice Rule::explain(Indices eligible, const RuleValues& values) const {
  Choice choice;
  run(eligible, values, &choice);
  return choice;
}

std::optional<std::size_t> Rule::choose(Indices& eligible, const RuleValues& values) const {
  run(eligible, values, nullptr);
  return eligible.empty() ? std::nullopt : std::optional(eligible.front());
}

}  // namespace quantier::decide_internal
