#include "quantier/decide/held_out.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace quantier {
namespace {

// What the examples have no part in: taken over, so that one session of timing serves both splits.
bool is_cost(std::string_view key) {
  constexpr MetricKind kCosts[] = {MetricKind::kLatency, MetricKind::kLatencyPercentile, MetricKind::kMemory,
                                   MetricKind::kRequestsPerSecond};
  return std::ranges::any_of(kCosts, [&](MetricKind kind) {
    const std::string plain = Metric{kind}.key();
    return key.starts_with(std::string_view(plain).substr(0, plain.find('|') + 1));
  });
}

void take_costs(const Candidate& from, Candidate& to) {
  std::erase_if(to.values, [](const auto& entry) { return is_cost(entry.first); });
  for (const auto& [key, value] : from.values) {
    if (is_cost(key)) to.values[key] = value;
  }
  to.ms_per_example = from.ms_per_example;
  to.memory_bytes = from.memory_bytes;
  to.missing = from.missing;
}

}  // namespace

Result<HeldOut> read_held_out(const Decision& decision, HeldOutEvidence evidence) {
  std::vector<Candidate> candidates;
  std::vector<std::string> missing;
  for (const Candidate& chosen_among : decision.candidates) {
    const auto found = std::ranges::find(evidence.candidates, chosen_among.name, &Candidate::name);
    if (found == evidence.candidates.end()) {
      missing.push_back(chosen_among.name);
      continue;
    }
    candidates.push_back(*found);
    take_costs(chosen_among, candidates.back());
  }
  if (!missing.empty()) {
    return fail(ErrorKind::kUsage, fmt::format("cannot report on the split \"{}\"", evidence.reported_on),
                fmt::format("{}", fmt::join(missing, ", ")),
                "there is no run over it, so a choice among all cannot be read there",
                "measure the same configurations over it into the same store, with --resume");
  }
  QT_TRY(const Decision there,
         decide_candidates(std::move(candidates), evidence.differences, decision.envelope));
  HeldOut held{.selected_on = std::move(evidence.selected_on),
               .reported_on = std::move(evidence.reported_on),
               .selection_examples = evidence.selection_examples,
               .examples = evidence.examples,
               .rows = {},
               .would_choose = there.chosen};
  for (std::size_t i = 0; i < there.candidates.size(); ++i) {
    const Candidate& candidate = there.candidates[i];
    HeldOut::Row row{.run_key = candidate.run_key,
                     .macro_f1 = metric_value(candidate, {MetricKind::kMacroF1}),
                     .ece = metric_value(candidate, {MetricKind::kEce}),
                     .checks = there.checks[i].checks,
                     .viable = there.checks[i].viable};
    held.rows.push_back(std::move(row));
  }
  return held;
}

}  // namespace quantier
