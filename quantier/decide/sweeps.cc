#include "quantier/decide/sweeps.h"

#include <algorithm>

#include "quantier/decide/compare.h"

namespace quantier::decide_internal {
namespace {

bool beats_on_all(const Candidate& a, const Candidate& b, const std::vector<QualityDifference>& differences,
                  const Margins& margins) {
  const auto ms_a = known(a.ms_per_example);
  const auto ms_b = known(b.ms_per_example);
  const auto bytes_a = known(a.memory_bytes);
  const auto bytes_b = known(b.memory_bytes);
  if (!ms_a || !ms_b || !bytes_a || !bytes_b || !known(a.macro_f1) || !known(b.macro_f1)) return false;
  return compare_quality(a, b, differences, margins) > 0 &&
         compare_cost(*ms_a, *ms_b, margins.latency_fraction) > 0 &&
         compare_cost(*bytes_a, *bytes_b, margins.memory_fraction) > 0;
}

// The first configuration of `winner` that beats every one of `loser`.
std::optional<std::size_t> beats_every(const Decision& decision, const std::string& winner,
                                       const std::string& loser,
                                       const std::vector<QualityDifference>& differences) {
  const std::vector<Candidate>& all = decision.candidates;
  for (std::size_t by = 0; by < all.size(); ++by) {
    if (all[by].model != winner) continue;
    const bool every = std::all_of(all.begin(), all.end(), [&](const Candidate& other) {
      return other.model != loser || beats_on_all(all[by], other, differences, decision.envelope.margins);
    });
    if (every) return by;
  }
  return std::nullopt;
}

bool beats_at_every_recipe(const Decision& decision, const std::string& winner, const std::string& loser,
                           const std::vector<QualityDifference>& differences) {
  std::size_t shared = 0;
  for (const Candidate& own : decision.candidates) {
    for (const Candidate& other : decision.candidates) {
      if (own.model != winner || other.model != loser || own.recipe != other.recipe) continue;
      if (!beats_on_all(own, other, differences, decision.envelope.margins)) return false;
      ++shared;
    }
  }
  return shared > 0;
}

}  // namespace

void find_sweeps(Decision& decision) {
  const std::vector<QualityDifference>& differences = decision.differences;
  std::vector<std::string> models;
  for (const Candidate& candidate : decision.candidates) {
    if (std::find(models.begin(), models.end(), candidate.model) == models.end()) {
      models.push_back(candidate.model);
    }
  }
  for (const std::string& winner : models) {
    for (const std::string& loser : models) {
      if (winner == loser) continue;
      CleanSweep sweep{.winner_model = winner,
                       .loser_model = loser,
                       .by = beats_every(decision, winner, loser, differences),
                       .at_every_recipe = beats_at_every_recipe(decision, winner, loser, differences)};
      if (sweep.by || sweep.at_every_recipe) decision.sweeps.push_back(std::move(sweep));
    }
  }
}

}  // namespace quantier::decide_internal
