// Same accuracy, less memory, less time: which promise each recipe kept, and where that comes from.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

std::string display(const Promises& promises) { return promises.model + " " + promises.recipe; }

std::string accuracy_cell(const AccuracyPromise& accuracy) {
  if (accuracy.outcome == PromiseOutcome::kNotMeasured) return "–";
  std::string text = fmt::format("{}: {} [{}, {}]", promise_outcome_name(accuracy.outcome),
                                 points(accuracy.delta), points(accuracy.low), points(accuracy.high));
  if (!accuracy.established_losses.empty()) text += ", loss in " + join(accuracy.established_losses);
  return text;
}

// "broken: 2.51x (5.80 against 2.31 ms/example)"
std::string cost_cell(const CostPromise& cost, const std::string& numbers) {
  if (!cost.ratio) return "–";
  return fmt::format("{}: {:.2f}x ({})", promise_outcome_name(cost.outcome), *cost.ratio, numbers);
}

std::string memory_cell(const CostPromise& cost) {
  return cost_cell(cost, fmt::format("{} against {}", memory(cost.value), memory(cost.reference)));
}

std::string time_cell(const CostPromise& cost) {
  return cost_cell(cost,
                   fmt::format("{} against {} ms/example", fixed(cost.value, 2), fixed(cost.reference, 2)));
}

// "kept by a and b; broken by c".
template <class OutcomeOf>
std::string by_outcome(const std::vector<Promises>& all, const OutcomeOf& outcome_of) {
  std::vector<std::string> parts;
  const auto add = [&](PromiseOutcome outcome, const char* words) {
    std::vector<std::string> who;
    for (const Promises& promises : all) {
      if (outcome_of(promises) == outcome) who.push_back(display(promises));
    }
    if (!who.empty()) {
      parts.push_back(fmt::format("{} {}", words, who.size() == all.size() ? "all" : join(who)));
    }
  };
  add(PromiseOutcome::kKept, "kept by");
  add(PromiseOutcome::kNoGain, "no gain for");
  add(PromiseOutcome::kBroken, "broken by");
  add(PromiseOutcome::kUnresolved, "unresolved for");
  add(PromiseOutcome::kNotMeasured, "not measured for");
  return join(parts, "; ");
}

// How the linear layers multiply, each way once with the recipes that use it.
std::string time_mechanism(const NoteInput& input) {
  std::vector<std::string> ways;
  for (const NoteMechanism& mechanism : input.mechanisms) {
    if (!mechanism.arithmetic.empty() && std::ranges::find(ways, mechanism.arithmetic) == ways.end()) {
      ways.push_back(mechanism.arithmetic);
    }
  }
  std::vector<std::string> parts;
  for (const std::string& way : ways) {
    std::vector<std::string> recipes;
    for (const NoteMechanism& mechanism : input.mechanisms) {
      if (mechanism.arithmetic == way && std::ranges::find(recipes, mechanism.recipe) == recipes.end()) {
        recipes.push_back(mechanism.recipe);
      }
    }
    parts.push_back(join(recipes) + " " + way);
  }
  if (parts.empty()) return {};
  std::string text = fmt::format("Time follows the arithmetic: {}.", join(parts, "; "));
  double low = 1.0;
  double high = 0.0;
  for (const NoteMechanism& mechanism : input.mechanisms) {
    if (!mechanism.tokenize_fraction) continue;
    low = std::min(low, *mechanism.tokenize_fraction);
    high = std::max(high, *mechanism.tokenize_fraction);
  }
  if (high > 0.0) text += fmt::format(" Tokenization takes {} % of it.", range(100.0 * low, 100.0 * high, 1));
  return text;
}

// What of the peak are weights: the only part that a format makes smaller.
std::string memory_mechanism(const NoteInput& input) {
  double low = HUGE_VAL;
  double high = 0.0;
  for (const NoteMechanism& mechanism : input.mechanisms) {
    if (!mechanism.weights_bytes || !mechanism.peak_bytes || !(*mechanism.peak_bytes > 0.0)) continue;
    const double share = *mechanism.weights_bytes / *mechanism.peak_bytes;
    low = std::min(low, share);
    high = std::max(high, share);
  }
  if (!(high > 0.0)) return {};
  return fmt::format(
      "Memory follows the weights, which a format makes smaller, and everything else, which it does not: "
      "weights are {} % of the peak.",
      range(100.0 * low, 100.0 * high, 0));
}

}  // namespace

void promises_section(const NoteInput& input, Blocks& blocks) {
  if (input.promises.empty()) return;
  std::string text = fmt::format(
      "Quantization promises the same accuracy with less memory in less time. Held against {} of the same "
      "model: accuracy {}; memory {}; time {}.",
      input.promises.front().reference_recipe,
      by_outcome(input.promises, [](const Promises& each) { return each.accuracy.outcome; }),
      by_outcome(input.promises, [](const Promises& each) { return each.memory.outcome; }),
      by_outcome(input.promises, [](const Promises& each) { return each.latency.outcome; }));
  for (const std::string& mechanism : {time_mechanism(input), memory_mechanism(input)}) {
    if (!mechanism.empty()) text += " " + mechanism;
  }
  blocks.emplace_back(NoteParagraph{text + limited_mark(input)});

  const Margins& margins = input.decision.envelope.margins;
  NoteTable table;
  table.caption = fmt::format(
      "The three promises, each against {} of the same model. Accuracy in percentage points over the whole "
      "split with its 95 % interval: kept when the interval lies within ±{:.1f}, broken by an established "
      "loss "
      "in any tier. Memory and time as multiples of the reference: kept when smaller by more than {:g} % and "
      "{:g} %.",
      input.promises.front().reference_recipe, 100.0 * margins.macro_f1, 100.0 * margins.memory_fraction,
      100.0 * margins.latency_fraction);
  table.header = {"configuration", "run", "same accuracy", "less memory", "less time"};
  table.text_columns = 5;
  for (const Promises& promises : input.promises) {
    table.rows.push_back({display(promises), short_key(promises.run_key), accuracy_cell(promises.accuracy),
                          memory_cell(promises.memory), time_cell(promises.latency)});
  }
  blocks.emplace_back(std::move(table));
}

}  // namespace quantier::note_internal
