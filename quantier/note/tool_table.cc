// Which tool for which constraint: what each recipe bought here, in one row, and when to reach for it.
#include "quantier/note/tool_table.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

std::string multiple(const CostPromise& cost) { return promise_outcome_name(cost.outcome); }

// Tiers in which something shows, with its verdict.
std::string by_tier(const NoteInput& input, const Promises& promises) {
  std::vector<std::string> parts;
  std::size_t open = 0;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    if (delta.model != promises.model || delta.recipe != promises.recipe || delta.tier == "all") continue;
    if (delta.verdict == "unresolved") {
      ++open;
      continue;
    }
    const FindingRef ref{finding_id({delta.model, delta.recipe, delta.tier, "accuracy"}), "delta",
                         delta.run_key, fmt::format("n = {}, {}", count(delta.examples), delta.verdict)};
    parts.push_back(fmt::format("{} {} {}", delta.tier, cite(ref, points(delta.delta)), delta.verdict));
  }
  if (open > 0) {
    parts.emplace_back(parts.empty() ? "nothing resolved in any tier" : "the others unresolved");
  }
  return parts.empty() ? std::string("not compared") : join(parts);
}

std::string calibration_cell(const NoteInput& input, const Promises& promises) {
  for (const NoteResidual& row : input.residuals) {
    if (row.model != promises.model || row.recipe != promises.recipe) continue;
    const char* word = row.size == "negligible" ? "equivalent" : row.resolved ? "different" : "unresolved";
    return word;
  }
  return "not compared";
}

// By what it kept: a recipe is for the constraint whose promise it kept, at the price of what it broke.
std::string reach_for(const Promises& promises) {
  std::vector<std::string> bought;
  if (promises.latency.outcome == PromiseOutcome::kKept) bought.emplace_back("time");
  if (promises.memory.outcome == PromiseOutcome::kKept) bought.emplace_back("memory");
  const bool lossy = !promises.accuracy.established_losses.empty();
  if (bought.empty()) {
    const bool measured = promises.latency.ratio || promises.memory.ratio;
    return measured ? "not here: it buys neither time nor memory"
                    : "time and memory first have to be measured";
  }
  std::string text = fmt::format("when {} binds", join(bought, " or "));
  if (bought.size() == 2) text = "when time or memory binds";
  if (promises.latency.outcome == PromiseOutcome::kBroken) text += ", and time does not";
  if (promises.memory.outcome == PromiseOutcome::kBroken) text += ", and memory does not";
  if (lossy) text += fmt::format(", and {} can pay", join(promises.accuracy.established_losses));
  return text;
}

}  // namespace

void tool_table(const NoteInput& input, Blocks& blocks) {
  if (input.promises.empty()) return;
  const std::string& reference = input.promises.front().reference_recipe;
  NoteTable table;
  table.caption = fmt::format(
      "Which tool for which constraint, by the promises above: against {} of the same model, accuracy by "
      "tier in "
      "points, memory and time kept or not, the calibration error after temperature.",
      reference);
  table.header = {"tool", "run", "accuracy by tier", "memory", "time", "calibration", "reach for it"};
  table.text_columns = table.header.size();
  std::vector<std::string> models;
  for (const Promises& each : input.promises) {
    if (std::ranges::find(models, each.model) == models.end()) models.push_back(each.model);
  }
  for (const Promises& each : input.promises) {
    table.rows.push_back({each.model + " " + each.recipe, short_key(each.run_key), by_tier(input, each),
                          multiple(each.memory), multiple(each.latency), calibration_cell(input, each),
                          reach_for(each)});
  }
  table.rows.push_back({reference, "–", "what the others are held against", "–", "–", "–",
                        "when a tier must not move, or nothing else is bought"});
  blocks.emplace_back(std::move(table));
}

}  // namespace quantier::note_internal
