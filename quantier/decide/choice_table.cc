#include "quantier/decide/choice_table.h"

#include <algorithm>
#include <numeric>

#include "quantier/base/check.h"
#include "quantier/decide/compare.h"

namespace quantier {
namespace {

using Indices = std::vector<std::size_t>;

std::size_t at(Objective objective) { return static_cast<std::size_t>(objective); }

class Chooser {
 public:
  explicit Chooser(const ChoiceTable& table) : table_(table) {}

  std::optional<std::size_t> choose(Indices left) const {
    if (left.empty()) return std::nullopt;
    for (const Objective objective : table_.order) {
      objective == Objective::kQuality ? keep_quality(left) : keep_cost(objective, left);
    }
    return *std::ranges::min_element(left, [&](std::size_t a, std::size_t b) { return before(a, b); });
  }

 private:
  int compare(Objective objective, std::size_t a, std::size_t b) const {
    return table_.comparisons[at(objective)][a * table_.candidates + b];
  }
  const std::optional<double>& value(Objective objective, std::size_t i) const {
    return table_.values[at(objective)][i];
  }

  void keep_quality(Indices& left) const {
    while (true) {
      const std::size_t best = *std::ranges::min_element(left, [&](std::size_t a, std::size_t b) {
        return value(Objective::kQuality, a).value_or(-1.0) > value(Objective::kQuality, b).value_or(-1.0);
      });
      const auto tied = [&](std::size_t i) { return compare(Objective::kQuality, i, best) == 0; };
      const bool clean =
          std::ranges::any_of(left, [&](std::size_t i) { return !table_.lossy[i] && tied(i); });
      if (table_.lossy[best] && clean) {
        std::erase_if(left, [&](std::size_t i) { return table_.lossy[i] && tied(i); });
        continue;
      }
      std::erase_if(left, [&](std::size_t i) { return !tied(i); });
      if (!table_.lossy[best]) std::erase_if(left, [&](std::size_t i) { return table_.lossy[i]; });
      return;
    }
  }

  void keep_cost(Objective objective, Indices& left) const {
    std::optional<std::size_t> best;
    for (const std::size_t i : left) {
      const std::optional<double>& cost = value(objective, i);
      if (cost && (!best || *cost < *value(objective, *best))) best = i;
    }
    if (!best) return;
    std::erase_if(left,
                  [&](std::size_t i) { return !value(objective, i) || compare(objective, i, *best) != 0; });
  }

  bool before(std::size_t a, std::size_t b) const {
    if (table_.tie_rule == TieRule::kFirstListed) return a < b;
    const std::optional<double>& first = value(Objective::kQuality, a);
    const std::optional<double>& second = value(Objective::kQuality, b);
    if (table_.tie_rule == TieRule::kHigherQuality && first && second && *first != *second) {
      return *first > *second;
    }
    for (const Objective objective : table_.order) {
      if (objective == Objective::kQuality) continue;
      const std::optional<double>& cost = value(objective, a);
      const std::optional<double>& other = value(objective, b);
      if (cost && other && *cost != *other) return *cost < *other;
    }
    if (first.value_or(-1.0) != second.value_or(-1.0)) return first.value_or(-1.0) > second.value_or(-1.0);
    return table_.name_rank[a] < table_.name_rank[b];
  }

  const ChoiceTable& table_;
};

bool holds(const ChoiceLimit& limit, std::size_t candidate, double bound) {
  if (!limit.movable) return limit.outcomes[candidate] == CheckOutcome::kPass;
  const std::optional<double>& value = limit.values[candidate];
  return value && decide_internal::satisfies(*value, bound, limit.upper);
}

}  // namespace

ChoiceTable make_choice_table(const Decision& decision) {
  ChoiceTable table;
  table.candidates = decision.candidates.size();
  table.order = decision.envelope.order;
  table.tie_rule = decision.envelope.tie_rule;
  table.comparisons = decision.comparisons;
  for (const Candidate& candidate : decision.candidates) {
    table.values[at(Objective::kQuality)].push_back(decide_internal::known(candidate.macro_f1));
    table.values[at(Objective::kLatency)].push_back(decide_internal::known(candidate.ms_per_example));
    table.values[at(Objective::kMemory)].push_back(decide_internal::known(candidate.memory_bytes));
    table.values[at(Objective::kEce)].push_back(decide_internal::known(candidate.ece));
    table.lossy.push_back(!candidate.established_losses.empty());
  }
  Indices by_name(table.candidates);
  std::iota(by_name.begin(), by_name.end(), 0);
  std::ranges::sort(by_name, {}, [&](std::size_t i) { return decision.candidates[i].name; });
  table.name_rank.resize(table.candidates);
  for (std::size_t rank = 0; rank < by_name.size(); ++rank) table.name_rank[by_name[rank]] = rank;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const Constraint& constraint = decision.constraints[c];
    ChoiceLimit limit;
    limit.constraint = c;
    limit.upper = constraint.upper;
    limit.hard = constraint.hard;
    limit.movable = !constraint.no_worse_than && constraint.kind != ConstraintKind::kRequestsPerSecond;
    limit.limit = constraint.limit;
    for (const CandidateChecks& row : decision.checks) {
      limit.values.push_back(row.checks[c].value);
      limit.outcomes.push_back(row.checks[c].outcome);
    }
    table.limits.push_back(std::move(limit));
  }
  return table;
}

std::optional<std::size_t> choose_from(const ChoiceTable& table,
                                       std::span<const std::optional<double>> bounds) {
  QT_CHECK(bounds.size() == table.limits.size(), "one bound for each limit");
  Indices eligible;
  std::vector<std::size_t> missed(table.candidates, 0);
  for (std::size_t i = 0; i < table.candidates; ++i) {
    bool passes = true;
    for (std::size_t l = 0; l < table.limits.size(); ++l) {
      if (!bounds[l] || holds(table.limits[l], i, *bounds[l])) continue;
      table.limits[l].hard ? void(passes = false) : void(++missed[i]);
    }
    if (passes) eligible.push_back(i);
  }
  if (eligible.empty()) return std::nullopt;
  const std::size_t fewest =
      missed[*std::ranges::min_element(eligible, {}, [&](std::size_t i) { return missed[i]; })];
  std::erase_if(eligible, [&](std::size_t i) { return missed[i] > fewest; });
  return Chooser(table).choose(std::move(eligible));
}

}  // namespace quantier
