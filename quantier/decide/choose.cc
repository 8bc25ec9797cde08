#include <algorithm>

#include "quantier/decide/compare.h"

namespace quantier::decide_internal {
namespace {

using Indices = std::vector<std::size_t>;

class Chooser {
 public:
  Chooser(Indices eligible, const std::vector<Candidate>& candidates,
          const std::vector<QualityDifference>& differences, const Envelope& envelope)
      : left_(std::move(eligible)), candidates_(candidates), differences_(differences), envelope_(envelope) {}

  Choice run() {
    if (left_.empty()) return std::move(choice_);
    for (const Objective objective : envelope_.order) {
      if (objective == Objective::kQuality) {
        keep_tied_quality();
        drop_established_losses();
      } else {
        keep_tied_cost(objective);
      }
    }
    order_by_raw_numbers();
    return std::move(choice_);
  }

 private:
  static std::optional<double> cost(const Candidate& candidate, Objective objective) {
    return known(objective == Objective::kLatency ? candidate.ms_per_example : candidate.memory_bytes);
  }

  template <class Keep>
  void filter(ChoiceStep::Kind kind, std::optional<std::size_t> reference, Keep keep) {
    ChoiceStep step;
    step.kind = kind;
    step.reference = reference;
    for (const std::size_t i : left_) (keep(i) ? step.kept : step.dropped).push_back(i);
    left_ = step.kept;
    choice_.steps.push_back(std::move(step));
  }

  void keep_tied_quality() {
    const auto better = [&](std::size_t a, std::size_t b) {
      const auto first = known(candidates_[a].macro_f1);
      const auto second = known(candidates_[b].macro_f1);
      return first.value_or(-1.0) > second.value_or(-1.0);
    };
    const std::size_t best = *std::min_element(left_.begin(), left_.end(), better);
    filter(ChoiceStep::Kind::kQualityTie, best, [&](std::size_t i) {
      return compare_quality(candidates_[i], candidates_[best], differences_, envelope_.margins) == 0;
    });
  }

  // Macro-F1 can rise while a tier falls: such a configuration is not equal in quality to one without a loss.
  void drop_established_losses() {
    const auto clean = [&](std::size_t i) { return candidates_[i].established_losses.empty(); };
    const bool any_clean = std::any_of(left_.begin(), left_.end(), clean);
    const bool any_lossy = !std::all_of(left_.begin(), left_.end(), clean);
    if (any_clean && any_lossy) filter(ChoiceStep::Kind::kEstablishedLoss, std::nullopt, clean);
  }

  void keep_tied_cost(Objective objective) {
    const bool latency = objective == Objective::kLatency;
    std::optional<std::size_t> best;
    for (const std::size_t i : left_) {
      const auto value = cost(candidates_[i], objective);
      if (value && (!best || *value < *cost(candidates_[*best], objective))) best = i;
    }
    if (!best) return;  // nobody measured it, so it cannot decide
    const double fraction = latency ? envelope_.margins.latency_fraction : envelope_.margins.memory_fraction;
    const double least = *cost(candidates_[*best], objective);
    filter(latency ? ChoiceStep::Kind::kLatency : ChoiceStep::Kind::kMemory, best, [&](std::size_t i) {
      const auto value = cost(candidates_[i], objective);
      return value && compare_cost(*value, least, fraction) == 0;
    });
  }

  void order_by_raw_numbers() {
    const auto before = [&](std::size_t a, std::size_t b) {
      for (const Objective objective : envelope_.order) {
        // Quality is tied here; its raw digits are noise and come last.
        if (objective == Objective::kQuality) continue;
        const auto first = cost(candidates_[a], objective);
        const auto second = cost(candidates_[b], objective);
        if (first && second && *first != *second) return *first < *second;
      }
      const double first = known(candidates_[a].macro_f1).value_or(-1.0);
      const double second = known(candidates_[b].macro_f1).value_or(-1.0);
      if (first != second) return first > second;
      return candidates_[a].name < candidates_[b].name;
    };
    const std::size_t best = *std::min_element(left_.begin(), left_.end(), before);
    choice_.chosen = best;
    for (const std::size_t i : left_) {
      if (i != best) choice_.tied.push_back(i);
    }
    if (!choice_.tied.empty()) {
      filter(ChoiceStep::Kind::kRawOrder, best, [&](std::size_t i) { return i == best; });
    }
  }

  Indices left_;
  const std::vector<Candidate>& candidates_;
  const std::vector<QualityDifference>& differences_;
  const Envelope& envelope_;
  Choice choice_;
};

}  // namespace

Choice choose(const std::vector<std::size_t>& eligible, const std::vector<Candidate>& candidates,
              const std::vector<QualityDifference>& differences, const Envelope& envelope) {
  return Chooser(eligible, candidates, differences, envelope).run();
}

}  // namespace quantier::decide_internal
