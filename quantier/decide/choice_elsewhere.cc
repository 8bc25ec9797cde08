#include "quantier/decide/choice_elsewhere.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "quantier/base/check.h"
#include "quantier/decide/compare.h"
#include "quantier/decide/constraints.h"
#include "quantier/decide/rule.h"

namespace quantier {
namespace {

using decide_internal::Rule;
using decide_internal::RuleValues;

enum class Reads { kMeasured, kTime, kMemory, kUnmodelled };

// Which limits a model of the device answers.
Reads reads_of(const Constraint& constraint) {
  switch (constraint.kind) {
    case ConstraintKind::kLatency:
      return Reads::kTime;
    case ConstraintKind::kMemory:
      return Reads::kMemory;
    case ConstraintKind::kLatencyPercentile:
    case ConstraintKind::kRequestsPerSecond:
      return Reads::kUnmodelled;
    default:
      return Reads::kMeasured;
  }
}

class Corners {
 public:
  Corners(const Decision& decision, std::span<const ElsewhereCost> costs, double ratio_error)
      : decision_(decision),
        costs_(costs),
        own_(0.5 * ratio_error),
        rule_(decision.candidates, decision.differences, decision.envelope),
        values_(decide_internal::observed_values(decision.candidates)),
        candidates_(decision.candidates) {}

  // Which configurations take the upper end of their memory: all or none, but one.
  struct Memory {
    bool large = false;
    std::optional<std::size_t> except = {};
  };

  // `slow`: bit i, whether configuration i takes the longer of its two times.
  void decide(int common, std::uint64_t slow, bool all_but, std::size_t except, const Memory& memory,
              ChoiceElsewhere& out) {
    for (std::size_t i = 0; i < costs_.size(); ++i) {
      const bool slower = all_but ? (i != except) == ((slow & 1U) != 0) : ((slow >> i) & 1U) != 0;
      const double factor = static_cast<double>(common) * costs_[i].common_error + (slower ? own_ : -own_);
      candidates_[i].ms_per_example = costs_[i].ms_per_example;
      if (candidates_[i].ms_per_example) *candidates_[i].ms_per_example *= std::exp(factor);
      const bool large = memory.large != (memory.except == i);
      candidates_[i].memory_bytes = large ? costs_[i].memory_high_bytes : costs_[i].memory_low_bytes;
    }
    const RuleValues costs = decide_internal::observed_values(candidates_);
    values_.of[static_cast<std::size_t>(Objective::kLatency)] =
        costs.of[static_cast<std::size_t>(Objective::kLatency)];
    values_.of[static_cast<std::size_t>(Objective::kMemory)] =
        costs.of[static_cast<std::size_t>(Objective::kMemory)];
    values_.soft_missed.assign(costs_.size(), 0);
    std::vector<std::size_t> viable;
    for (std::size_t i = 0; i < costs_.size(); ++i) {
      bool passes = true;
      for (std::size_t c = 0; c < decision_.constraints.size(); ++c) {
        if (passes_limit(i, c)) continue;
        passes = passes && !decision_.constraints[c].hard;
        values_.soft_missed[i] += decision_.constraints[c].hard ? 0 : 1;
      }
      if (passes) viable.push_back(i);
    }
    const auto chosen = rule_.choose(viable, values_);
    if (!chosen) {
      out.nothing_possible = true;
    } else if (std::ranges::find(out.possible, *chosen) == out.possible.end()) {
      out.possible.push_back(*chosen);
    }
  }

 private:
  bool passes_limit(std::size_t i, std::size_t c) const {
    const Constraint& constraint = decision_.constraints[c];
    if (reads_of(constraint) != Reads::kTime && reads_of(constraint) != Reads::kMemory) {
      return decision_.checks[i].checks[c].outcome == CheckOutcome::kPass;
    }
    return decide_internal::check_one(candidates_[i], candidates_, constraint, decision_.envelope.margins, {})
               .outcome == CheckOutcome::kPass;
  }

  const Decision& decision_;
  std::span<const ElsewhereCost> costs_;
  double own_;
  Rule rule_;
  RuleValues values_;
  std::vector<Candidate> candidates_;
};

// Passes every hard limit that does not read the device's time.
bool could_be_chosen(const Decision& decision, std::size_t candidate) {
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const Reads reads = reads_of(decision.constraints[c]);
    if (!decision.constraints[c].hard || reads == Reads::kTime || reads == Reads::kMemory) continue;
    if (decision.checks[candidate].checks[c].outcome != CheckOutcome::kPass) return false;
  }
  return true;
}

}  // namespace

ChoiceElsewhere choice_elsewhere(const Decision& decision, std::span<const ElsewhereCost> costs,
                                 double ratio_error) {
  QT_CHECK(costs.size() == decision.candidates.size(), "one cost for each candidate");
  ChoiceElsewhere out;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (decision.constraints[c].hard && reads_of(decision.constraints[c]) == Reads::kUnmodelled) {
      out.unmodelled_limit = c;
      return out;
    }
  }
  for (std::size_t i = 0; i < costs.size(); ++i) {
    out.without_time = out.without_time || (!costs[i].ms_per_example && could_be_chosen(decision, i));
  }
  Corners corners(decision, costs, ratio_error);
  // One against all others in memory: an order that turns over inside the intervals is not known.
  std::vector<Corners::Memory> memories = {{.large = false}, {.large = true}};
  for (std::size_t i = 0; i < costs.size(); ++i) {
    memories.push_back({.large = false, .except = i});
    memories.push_back({.large = true, .except = i});
  }
  for (const int common : {-1, 0, 1}) {
    for (const Corners::Memory& memory : memories) {
      if (costs.size() <= kMostCorners) {
        for (std::uint64_t slow = 0; slow < (std::uint64_t{1} << costs.size()); ++slow) {
          corners.decide(common, slow, false, 0, memory, out);
        }
      } else {
        for (std::size_t i = 0; i < costs.size(); ++i) {
          corners.decide(common, 1, true, i, memory, out);  // i fast, the others slow
          corners.decide(common, 0, true, i, memory, out);
        }
      }
    }
  }
  std::ranges::sort(out.possible);
  return out;
}

}  // namespace quantier
