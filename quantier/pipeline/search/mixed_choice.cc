#include "quantier/pipeline/search/mixed_choice.h"

#include <algorithm>
#include <limits>

#include "quantier/base/check.h"

namespace quantier {
namespace {

// A choice for the units so far: how it was reached stands in the sums of the unit before.
struct Sum {
  double cost = 0;
  double damage = 0;
  std::uint32_t before = 0;
  std::uint32_t option = 0;
};

// Sorted by cost with falling damage; nothing that another undercuts.
std::vector<Sum> undominated(std::vector<Sum> sums) {
  std::ranges::sort(sums, [](const Sum& a, const Sum& b) {
    if (a.cost != b.cost) return a.cost < b.cost;
    return a.damage < b.damage;
  });
  std::vector<Sum> kept;
  for (const Sum& sum : sums) {
    if (kept.empty() || sum.damage < kept.back().damage) kept.push_back(sum);
  }
  return kept;
}

// Of each stretch of the budget the least damaging, which is the last of it.
void thin_out(std::vector<Sum>& sums, double budget) {
  if (sums.size() <= kMaxSums) return;
  const double width = budget / static_cast<double>(kMaxSums);
  std::vector<Sum> kept;
  for (const Sum& sum : sums) {
    // The cheapest sum stays, or nothing might fit in the end.
    const bool same = kept.size() > 1 && static_cast<std::uint64_t>(kept.back().cost / width) ==
                                             static_cast<std::uint64_t>(sum.cost / width);
    if (same) {
      kept.back() = sum;
    } else {
      kept.push_back(sum);
    }
  }
  sums = std::move(kept);
}

}  // namespace

std::optional<std::vector<std::size_t>> choose_options(std::span<const std::vector<LayerOption>> units,
                                                       double budget) {
  // What the units still to come need at least.
  std::vector<double> cheapest_rest(units.size() + 1, 0.0);
  for (std::size_t u = units.size(); u-- > 0;) {
    double cheapest = std::numeric_limits<double>::infinity();
    for (const LayerOption& option : units[u]) cheapest = std::min(cheapest, option.cost);
    QT_CHECK(!units[u].empty() && cheapest >= 0, "every unit has options, and costs are not negative");
    cheapest_rest[u] = cheapest_rest[u + 1] + cheapest;
  }
  std::vector<std::vector<Sum>> sums(units.size() + 1);
  sums[0].push_back({});
  for (std::size_t u = 0; u < units.size(); ++u) {
    std::vector<Sum> next;
    for (std::size_t s = 0; s < sums[u].size(); ++s) {
      for (std::size_t o = 0; o < units[u].size(); ++o) {
        const double cost = sums[u][s].cost + units[u][o].cost;
        if (cost + cheapest_rest[u + 1] > budget) continue;
        next.push_back({cost, sums[u][s].damage + units[u][o].damage, static_cast<std::uint32_t>(s),
                        static_cast<std::uint32_t>(o)});
      }
    }
    sums[u + 1] = undominated(std::move(next));
    thin_out(sums[u + 1], budget);
    if (sums[u + 1].empty()) return std::nullopt;
  }
  std::vector<std::size_t> chosen(units.size());
  std::size_t at = sums.back().size() - 1;
  for (std::size_t u = units.size(); u-- > 0;) {
    const Sum& sum = sums[u + 1][at];
    chosen[u] = sum.option;
    at = sum.before;
  }
  return chosen;
}

}  // namespace quantier
