// Which recipe for which layer, under a budget: of every unit one option, so that the costs together stay
// within the budget and the damages together are least.
//
// A multiple-choice knapsack, solved over partial sums: after each unit only those sums are kept that no
// other undercuts in cost and damage at once. Exact as long as no more than kMaxSums remain; beyond that, of
// sums whose costs lie closer than a kMaxSums-th of the budget the least damaging is kept, so a choice never
// exceeds the budget and its damage is at most what that width of budget is worth. Source: Kellerer,
// Pferschy, Pisinger, "Knapsack Problems", 2004, section 11.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace quantier {

struct LayerOption {
  double cost = 0;    // bytes or nanoseconds; not negative
  double damage = 0;  // any unit that may be added up; may be negative
};

inline constexpr std::size_t kMaxSums = 20000;

// For each unit the index of its option; nullopt when even the cheapest options exceed the budget. Every unit
// has at least one option. Of equal damages the cheaper choice.
[[nodiscard]] std::optional<std::vector<std::size_t>> choose_options(
    std::span<const std::vector<LayerOption>> units, double budget);

}  // namespace quantier
