// A decision reduced to what the same choice needs under other limits: values, who ties with whom, and the
// rule.
//
// For whoever decides again without the evidence at hand, such as a page with sliders. Nothing is estimated
// there: limits are moved, configurations pass or fail by their values, and the rule of choice (rule.h) runs
// over comparisons that were made here, paired intervals included. choose_from() is that rule over the table;
// the page's script is a copy of it, and both must agree with decide_candidates() wherever the limits stand.
// A limit whose outcome does not follow from a value alone (no worse than another configuration, a rate shown
// by a load test) keeps the outcome that was found and cannot be moved.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantier/decide/decision.h"

namespace quantier {

inline constexpr std::size_t kChoiceObjectives = 4;  // in the order of Objective

struct ChoiceLimit {
  std::size_t constraint = 0;  // into Decision::constraints
  bool upper = true;
  bool hard = true;
  bool movable = true;
  double limit = 0.0;
  std::vector<std::optional<double>> values;  // [candidate]
  std::vector<CheckOutcome> outcomes;         // [candidate], at `limit`
};

struct ChoiceTable {
  std::size_t candidates = 0;
  std::vector<Objective> order;
  TieRule tie_rule = TieRule::kCheaper;
  // [objective][a * candidates + b]: -1 when a is worse than b, 0 tied, 1 better.
  std::array<std::vector<std::int8_t>, kChoiceObjectives> comparisons;
  std::array<std::vector<std::optional<double>>, kChoiceObjectives> values;
  std::vector<bool> lossy;             // an established loss in a tier
  std::vector<std::size_t> name_rank;  // among the names in order
  std::vector<ChoiceLimit> limits;
};

[[nodiscard]] ChoiceTable make_choice_table(const Decision& decision);

// The choice with limit i at bounds[i], or without it where that is absent; bounds of limits that cannot be
// moved say only whether they hold.
[[nodiscard]] std::optional<std::size_t> choose_from(const ChoiceTable& table,
                                                     std::span<const std::optional<double>> bounds);

}  // namespace quantier
