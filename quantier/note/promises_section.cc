// Same accuracy, less memory, less time: which promise each recipe kept, and where that comes from.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/literature.h"
#include "quantier/note/reported.h"
#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

std::string display(const Promises& promises) { return promises.model + " " + promises.recipe; }

std::string accuracy_cell(const Promises& promises) {
  const AccuracyPromise& accuracy = promises.accuracy;
  if (accuracy.outcome == PromiseOutcome::kNotMeasured) return "–";
  if (accuracy.stated && accuracy.of_macro_f1) {
    return fmt::format("{}: {} of macro-F1", promise_outcome_name(accuracy.outcome),
                       cites_of(promises)(fmt::format("macro-f1/{}/{}", visible(promises.model),
                                                      visible(promises.reference_recipe)),
                                          "", signed_fixed(accuracy.delta, 3)));
  }
  if (accuracy.stated) {
    return fmt::format("{}: {}", promise_outcome_name(accuracy.outcome),
                       cites_of(promises)("all/accuracy", "delta", points(accuracy.delta)));
  }
  const std::string change =
      fmt::format("{} [{}, {}]", points(accuracy.delta), points(accuracy.low), points(accuracy.high));
  return fmt::format("{}: {}", promise_outcome_name(accuracy.outcome),
                     cites_of(promises)("all/accuracy", "delta", change));
}

// "broken: 2.51x (5.80 against 2.31 ms/example)"
std::string cost_cell(const Promises& promises, const char* what, const CostPromise& cost,
                      const std::string& numbers) {
  if (!cost.ratio) return "–";
  return fmt::format("{}: {}", promise_outcome_name(cost.outcome),
                     cites_of(promises)(what, "ratio", fmt::format("{:.2f}x ({})", *cost.ratio, numbers)));
}

std::string memory_cell(const Promises& promises) {
  const CostPromise& cost = promises.memory;
  return cost_cell(promises, "memory", cost,
                   fmt::format("{} against {}", memory(cost.value), memory(cost.reference)));
}

std::string time_cell(const Promises& promises) {
  const CostPromise& cost = promises.latency;
  return cost_cell(
      promises, "time", cost,
      fmt::format("{} against {} ms/example", milliseconds(cost.value), milliseconds(cost.reference)));
}

std::string no_reason(const Promises& /*promises*/) { return {}; }
std::string losses(const Promises& promises) {
  const std::vector<std::string>& tiers = promises.accuracy.established_losses;
  return tiers.empty() ? std::string() : fmt::format(" (established loss in {})", join(tiers));
}

// "every int4 configuration", and by name those of a recipe that is not there as a whole.
template <class OutcomeOf>
std::vector<std::string> by_recipe(const std::vector<Promises>& all, const OutcomeOf& outcome_of,
                                   PromiseOutcome outcome) {
  std::vector<std::string> who;
  std::vector<std::string> whole;  // recipes already named
  for (const Promises& promises : all) {
    if (outcome_of(promises) != outcome) continue;
    const bool shared = std::ranges::all_of(all, [&](const Promises& each) {
      return each.recipe != promises.recipe || outcome_of(each) == outcome;
    });
    if (!shared) {
      who.push_back(display(promises));
    } else if (std::ranges::find(whole, promises.recipe) == whole.end()) {
      whole.push_back(promises.recipe);
      who.push_back(fmt::format("every {} configuration", promises.recipe));
    }
  }
  return who;
}

// "kept by a and b; broken by c".
template <class OutcomeOf>
std::string by_outcome(const std::vector<Promises>& all, const OutcomeOf& outcome_of,
                       std::string (*because_of)(const Promises&) = no_reason) {
  std::vector<std::string> parts;
  const auto add = [&](PromiseOutcome outcome, const char* words) {
    std::vector<std::string> who;
    bool reasoned = false;
    for (const Promises& promises : all) {
      if (outcome_of(promises) != outcome) continue;
      who.push_back(display(promises) + because_of(promises));
      reasoned = reasoned || !because_of(promises).empty();
    }
    // Of many, those that share a recipe stand together.
    constexpr std::size_t kMany = 8;
    if (who.size() > kMany && who.size() < all.size() && !reasoned) {
      who = by_recipe(all, outcome_of, outcome);
    }
    if (!who.empty()) {
      parts.push_back(fmt::format("{} {}", words, who.size() == all.size() && !reasoned ? "all" : join(who)));
    }
  };
  add(PromiseOutcome::kKept, "kept by");
  add(PromiseOutcome::kNoGain, "no gain for");
  add(PromiseOutcome::kBroken, "broken by");
  add(PromiseOutcome::kUnresolved, "unresolved for");
  add(PromiseOutcome::kNotMeasured, "not measured for");
  return join(parts, "; ");
}

// "12.5 %", cited.
std::string percent(const NoteInput& input, const NoteMechanism& mechanism, const char* what,
                    const char* field, int digits, double share) {
  return cites_of(input.decision, mechanism.model, mechanism.recipe)(
      what, field, fmt::format("{:.{}f} %", 100.0 * share, digits));
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
  CitedExtent tokenization;
  for (const NoteMechanism& mechanism : input.mechanisms) {
    if (!mechanism.tokenize_fraction) continue;
    tokenization.add(*mechanism.tokenize_fraction, percent(input, mechanism, "time/throughput",
                                                           "tokenization", 1, *mechanism.tokenize_fraction));
  }
  if (tokenization.high > 0.0) text += fmt::format(" Tokenization takes {} of it.", tokenization.text());
  return text;
}

// What of the peak are weights: the only part that a format makes smaller.
std::string memory_mechanism(const NoteInput& input) {
  CitedExtent weights;
  for (const NoteMechanism& mechanism : input.mechanisms) {
    if (!mechanism.weights_bytes || !mechanism.peak_bytes || !(*mechanism.peak_bytes > 0.0)) continue;
    const double share = *mechanism.weights_bytes / *mechanism.peak_bytes;
    weights.add(share, percent(input, mechanism, "memory/weights", "share of the peak", 0, share));
  }
  if (!(weights.high > 0.0)) return {};
  return fmt::format(
      "Memory follows the weights, which a format makes smaller, and everything else, which it does not: "
      "weights are {} of the peak.",
      weights.text());
}

std::string caption_of(const NoteInput& input) {
  const Margins& margins = input.decision.envelope.margins;
  const std::string costs = fmt::format(
      "Memory and time as multiples of the reference: kept when smaller by more than {:g} % and {:g} %.",
      100.0 * margins.memory_fraction, 100.0 * margins.latency_fraction);
  const std::string& reference = input.promises.front().reference_recipe;
  if (table_only(input)) {
    return fmt::format(
        "The three promises as the stated numbers have them, each against {} of the same model. Accuracy in "
        "percentage points, or macro-F1 where no accuracy is stated: kept unless it falls by more than the "
        "declared margin of {:g}; single numbers, so without an interval. {}",
        reference, margins.macro_f1, costs);
  }
  return fmt::format(
      "The three promises, each against {} of the same model. Accuracy in percentage points over the whole "
      "split with its 95 % interval: kept when the interval lies within ±{:.1f}, broken by an established "
      "loss in any tier. {}",
      reference, 100.0 * margins.macro_f1, costs);
}

}  // namespace

void promises_section(const NoteInput& input, Blocks& blocks) {
  if (input.promises.empty()) return;
  std::string text = fmt::format(
      "Quantization promises the same accuracy with less memory in less time. Held against {} of the same "
      "model: accuracy {}; memory {}; time {}.",
      input.promises.front().reference_recipe,
      by_outcome(
          input.promises, [](const Promises& each) { return each.accuracy.outcome; }, losses),
      by_outcome(input.promises, [](const Promises& each) { return each.memory.outcome; }),
      by_outcome(input.promises, [](const Promises& each) { return each.latency.outcome; }));
  for (const std::string& mechanism :
       {stated_losses_sentence(input), time_mechanism(input), memory_mechanism(input),
        cited_for(input, LiteratureFinding::kInt8Slower), cited_for(input, LiteratureFinding::kInt8Faster)}) {
    if (!mechanism.empty()) text += " " + mechanism;
  }
  blocks.emplace_back(NoteParagraph{text + limited_mark(input)});

  NoteTable table;
  table.caption = caption_of(input);
  table.header = {"configuration", "run", "same accuracy", "less memory", "less time"};
  table.text_columns = 5;
  for (const Promises& promises : input.promises) {
    table.rows.push_back({display(promises), short_key(promises.run_key), accuracy_cell(promises),
                          memory_cell(promises), time_cell(promises)});
  }
  blocks.emplace_back(std::move(table));
}

}  // namespace quantier::note_internal
