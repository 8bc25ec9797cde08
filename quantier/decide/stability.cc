#include "quantier/decide/stability.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantier/decide/compare.h"
#include "quantier/decide/constraints.h"

namespace quantier::decide_internal {
namespace {

constexpr std::size_t kPerTask = 256;
constexpr double kOutOfBagShare = 0.632;  // of the examples that a replicate holds, on average: 1 - 1/e

using Column = std::vector<float>;  // empty: the same in every replicate

struct Columns {
  std::vector<std::vector<Column>> objective;   // [objective][candidate]
  std::vector<std::vector<Column>> constraint;  // [constraint][candidate]
  std::vector<Column> in_bag, out_of_bag;       // [candidate], of macro-F1; may be empty
};

Columns columns_of(const Decision& decision, const MetricReplicates& replicates) {
  const std::vector<Candidate>& all = decision.candidates;
  Columns columns;
  const Metric metrics[kObjectives] = {
      {MetricKind::kMacroF1}, {MetricKind::kLatency}, {MetricKind::kMemory}, {MetricKind::kEce}};
  for (const Metric& metric : metrics) {
    std::vector<Column>& of = columns.objective.emplace_back();
    const std::string key = replicate_key(metric, decision.envelope);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto value = metric_value(all[i], metric);
      of.push_back(value ? centred(replicates.column(key, i), value->value) : Column());
    }
  }
  for (const Constraint& constraint : decision.constraints) {
    std::vector<Column>& of = columns.constraint.emplace_back();
    for (std::size_t i = 0; i < all.size(); ++i) {
      of.push_back(constraint_replicates(all[i], i, all, constraint, decision.envelope, &replicates));
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto out = replicates.column(kOutOfBagKey, i);
    if (out.empty() || !all[i].macro_f1 || columns.objective[0][i].empty()) {
      columns.in_bag.clear();
      columns.out_of_bag.clear();
      break;
    }
    columns.in_bag.push_back(columns.objective[0][i]);
    columns.out_of_bag.push_back(centred(out, *all[i].macro_f1));
  }
  return columns;
}

// What one task found.
struct Tally {
  std::vector<std::size_t> chosen;   // [candidate]
  std::vector<std::size_t> passing;  // [candidate]
  std::size_t nothing = 0;
  double optimism = 0.0;
  std::size_t corrected = 0;
};

class Replay {
 public:
  Replay(const Decision& decision, const Rule& rule, const Columns& columns)
      : decision_(decision), rule_(rule), columns_(columns), base_(observed_values(decision.candidates)) {
    base_.soft_missed.assign(decision.candidates.size(), 0);
  }

  [[nodiscard]] Tally run(std::size_t first, std::size_t last) const {
    const std::size_t count = decision_.candidates.size();
    Tally tally;
    tally.chosen.assign(count, 0);
    tally.passing.assign(count, 0);
    RuleValues values = base_;
    std::vector<std::size_t> eligible;
    for (std::size_t r = first; r < last; ++r) {
      for (std::size_t o = 0; o < kObjectives; ++o) {
        for (std::size_t i = 0; i < count; ++i) {
          const Column& column = columns_.objective[o][i];
          if (!column.empty()) values.of[o][i] = static_cast<double>(column[r]);
        }
      }
      eligible.clear();
      for (std::size_t i = 0; i < count; ++i) {
        if (!passes(i, r, values.soft_missed[i])) continue;
        ++tally.passing[i];
        eligible.push_back(i);
      }
      const auto winner = rule_.choose(eligible, values);
      if (!winner) {
        ++tally.nothing;
        continue;
      }
      ++tally.chosen[*winner];
      add_optimism(r, *winner, tally);
    }
    return tally;
  }

 private:
  [[nodiscard]] bool passes(std::size_t i, std::size_t r, std::size_t& soft_missed) const {
    soft_missed = 0;
    bool all = true;
    for (std::size_t c = 0; c < decision_.constraints.size(); ++c) {
      const Constraint& constraint = decision_.constraints[c];
      const Column& column = columns_.constraint[c][i];
      // A test of non-inferiority has its uncertainty inside; what was not resampled stays as observed.
      const bool fixed = column.empty() || constraint.no_worse_than;
      const bool met = fixed ? decision_.checks[i].checks[c].outcome == CheckOutcome::kPass
                             : satisfies(static_cast<double>(column[r]), constraint.limit, constraint.upper);
      if (met) continue;
      if (constraint.hard) {
        all = false;
      } else {
        ++soft_missed;
      }
    }
    return all;
  }

  void add_optimism(std::size_t r, std::size_t winner, Tally& tally) const {
    if (columns_.out_of_bag.empty()) return;
    double in = 0.0;
    double out = 0.0;
    for (std::size_t i = 0; i < columns_.in_bag.size(); ++i) {
      in += static_cast<double>(columns_.in_bag[i][r]);
      out += static_cast<double>(columns_.out_of_bag[i][r]);
    }
    const auto count = static_cast<double>(columns_.in_bag.size());
    tally.optimism += (static_cast<double>(columns_.in_bag[winner][r]) - in / count) -
                      (static_cast<double>(columns_.out_of_bag[winner][r]) - out / count);
    ++tally.corrected;
  }

  const Decision& decision_;
  const Rule& rule_;
  const Columns& columns_;
  RuleValues base_;
};

}  // namespace

void add_stability(Decision& decision, const Rule& rule, const DecideOptions& options) {
  const MetricReplicates& replicates = *options.replicates;
  const Columns columns = columns_of(decision, replicates);
  const Replay replay(decision, rule, columns);
  const std::size_t count = decision.candidates.size();
  const std::size_t tasks = (replicates.replicates + kPerTask - 1) / kPerTask;
  std::vector<Tally> tallies(tasks);
  const auto body = [&](std::size_t task) {
    const std::size_t first = task * kPerTask;
    tallies[task] = replay.run(first, std::min(first + kPerTask, replicates.replicates));
  };
  if (options.pool == nullptr) {
    for (std::size_t task = 0; task < tasks; ++task) body(task);
  } else {
    options.pool->run(tasks, [&](std::size_t task, std::size_t) { body(task); });
  }
  Tally total;
  total.chosen.assign(count, 0);
  total.passing.assign(count, 0);
  for (const Tally& each : tallies) {
    for (std::size_t i = 0; i < count; ++i) {
      total.chosen[i] += each.chosen[i];
      total.passing[i] += each.passing[i];
    }
    total.nothing += each.nothing;
    total.optimism += each.optimism;
    total.corrected += each.corrected;
  }
  const auto all = static_cast<double>(replicates.replicates);
  Stability stability;
  stability.replicates = replicates.replicates;
  std::size_t ever = 0;
  for (std::size_t i = 0; i < count; ++i) {
    stability.chosen_share.push_back(static_cast<double>(total.chosen[i]) / all);
    decision.checks[i].probability = static_cast<double>(total.passing[i]) / all;
    ever += total.chosen[i] > 0 ? 1 : 0;
  }
  stability.nothing_share = static_cast<double>(total.nothing) / all;
  stability.same_choice =
      decision.chosen ? stability.chosen_share[*decision.chosen] : stability.nothing_share;
  decision.stability = std::move(stability);
  if (!decision.chosen || total.corrected == 0) return;
  SelectionCorrection selection;
  selection.optimism = kOutOfBagShare * total.optimism / static_cast<double>(total.corrected);
  selection.corrected = *decision.candidates[*decision.chosen].macro_f1 - selection.optimism;
  selection.replicates = total.corrected;
  selection.among = ever;
  decision.selection = selection;
}

}  // namespace quantier::decide_internal
