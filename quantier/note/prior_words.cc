#include "quantier/note/prior_words.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "quantier/note/decision_words.h"
#include "quantier/note/hardware_words.h"
#include "quantier/note/reported.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr std::size_t kPairsShown = 3;
constexpr std::size_t kMostExperiments = 4;

const char* outcome_of(PriorOutcome outcome) {
  switch (outcome) {
    case PriorOutcome::kReinforced:
      return "reinforced";
    case PriorOutcome::kComplicated:
      return "complicated";
    case PriorOutcome::kOverturned:
      return "overturned";
    default:
      return "left open";
  }
}

const char* order_word(const ClaimPair& pair) {
  if (pair.order == 0) return "a tie";
  return pair.order > 0 ? "better" : "worse";
}

std::string pair_text(const Decision& decision, const PriorClaim& claim, const ClaimPair& pair) {
  std::string text =
      fmt::format("{} {} against {} {}", decision.candidates[pair.better].name,
                  axis_value_text(claim.metric, pair.value_better), decision.candidates[pair.than].name,
                  axis_value_text(claim.metric, pair.value_than));
  if (pair.paired && std::isfinite(pair.paired->low)) {
    text += fmt::format(", {} [{}, {}]", signed_fixed(pair.paired->difference, 3),
                        signed_fixed(pair.paired->low, 3), signed_fixed(pair.paired->high, 3));
  }
  return fmt::format("{}: {}", text, order_word(pair));
}

bool stands(const Decision& decision) {
  return decision.chosen && decision.candidates[*decision.chosen].model == decision.envelope.prior.model;
}

// The number of examples that would settle an unresolved change of the choice, or of the runner-up: of those
// changes that show at all, the one that the fewest splits like this one would settle.
std::string unresolved_experiment(const NoteInput& input) {
  const Decision& decision = input.decision;
  constexpr double kShows = 0.0005;  // as 0.1 points
  const NoteTierDelta* nearest = nullptr;
  const auto splits = [](const NoteTierDelta& delta) {
    return static_cast<double>(*delta.n_to_resolve) / static_cast<double>(delta.examples);
  };
  for (const auto& index : {decision.chosen, decision.runner_up}) {
    if (!index) continue;
    const Candidate& candidate = decision.candidates[*index];
    for (const NoteTierDelta& delta : input.tier_deltas) {
      if (delta.model != candidate.model || delta.recipe != candidate.recipe || delta.tier == "all") continue;
      if (!delta.n_to_resolve || *delta.n_to_resolve <= delta.examples) continue;
      if (delta.examples == 0 || std::abs(delta.delta) < kShows) continue;
      if (nearest == nullptr || splits(delta) < splits(*nearest)) nearest = &delta;
    }
  }
  if (nearest == nullptr) return {};
  return fmt::format(
      "about {} labelled examples of the tier {} instead of {}, which would resolve its {} points of {} "
      "{} were the shares of flips as seen",
      count(*nearest->n_to_resolve), nearest->tier, count(nearest->examples), points(nearest->delta),
      nearest->model, nearest->recipe);
}

std::string second_split_experiment(const NoteInput& input) {
  std::vector<std::string> who;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    if (delta.verdict != "directional" || delta.second_split) continue;
    who.push_back(
        fmt::format("{} {} {} (n = {})", delta.model, delta.recipe, delta.tier, count(delta.examples)));
  }
  if (!who.empty())
    return fmt::format("a second split of the same size for what is directional: {}", join(who));
  // A pass or failure that another sample may turn over asks for the same.
  const Decision& decision = input.decision;
  for (std::size_t c = 0; c < decision.constraints.size() && decision.chosen; ++c) {
    const Check& check = decision.checks[*decision.chosen].checks[c];
    const ConstraintKind kind = decision.constraints[c].kind;
    if (!check.within_margin || kind == ConstraintKind::kLatency || kind == ConstraintKind::kMemory) continue;
    return fmt::format("a second split for {} of the choice, {} within its margin of the limit",
                       short_name(decision.constraints[c]),
                       value_text(decision.constraints[c], *check.value));
  }
  return {};
}

std::string load_experiment(const Decision& decision) {
  const Envelope& envelope = decision.envelope;
  if (!envelope.requests_per_second || !envelope.rate_from_throughput) return {};
  return fmt::format(
      "a load test (quantier load) at {:g} requests/s, since throughput is only an upper bound of it",
      *envelope.requests_per_second);
}

}  // namespace

std::vector<std::string> claim_sentences(const NoteInput& input) {
  const Decision& decision = input.decision;
  std::vector<std::string> sentences;
  for (const PriorClaimFinding& finding : decision.prior.claims) {
    const PriorClaim& claim = decision.envelope.prior.claims[finding.claim];
    const std::string stated =
        claim.text.empty()
            ? fmt::format("{} of {} is better than of {}", claim.metric.name(), claim.better, claim.than)
            : claim.text.substr(0, claim.text.find_last_not_of('.') + 1);
    std::vector<std::string> pairs;
    for (const ClaimPair& pair : finding.pairs) {
      if (pairs.size() == kPairsShown) break;
      pairs.push_back(pair_text(decision, claim, pair));
    }
    if (finding.pairs.size() > pairs.size()) {
      pairs.push_back(fmt::format("{} more", finding.pairs.size() - pairs.size()));
    }
    sentences.push_back(fmt::format("Its reason “{}” is {}: {}.", stated, outcome_of(finding.outcome),
                                    pairs.empty()
                                        ? fmt::format("{} of both was not measured", claim.metric.name())
                                        : fmt::format("on {}, {}", claim.metric.name(), join(pairs, "; "))));
  }
  return sentences;
}

std::string recipe_sentence(const NoteInput& input) {
  const Decision& decision = input.decision;
  if (!stands(decision)) return {};
  const Candidate& chosen = decision.candidates[*decision.chosen];
  std::vector<std::string> parts;
  const std::string& before = decision.envelope.prior.recipe;
  if (!before.empty() && before != chosen.recipe) {
    parts.push_back(fmt::format("{} instead of {}", chosen.recipe, before));
  }
  for (const NoteCalibration& row : input.calibration) {
    if (row.model != chosen.model || row.recipe != chosen.recipe) continue;
    if (row.temperature) {
      parts.push_back(fmt::format("a temperature of {} to fit again with every precision and data set",
                                  fixed(row.temperature, 2)));
    }
    if (row.gate_share && row.gate_accuracy) {
      parts.push_back(fmt::format("a gate at {:g} ({:.1f} % kept) to move when the temperature does",
                                  row.gate, 100.0 * *row.gate_share));
    }
  }
  if (parts.empty()) return {};
  return fmt::format("The model stays and its recipe has grown: {}.", join(parts));
}

void earlier_blocks(const NoteInput& input, Blocks& blocks) {
  if (input.earlier.empty()) return;
  NoteTable table;
  table.caption =
      table_only(input)
          ? "Measured before, and in this table; both as the files state them."
          : "Measured before, as the imported files state it, and today; ECE after temperature is "
            "cross-fitted today.";
  table.header = {"configuration", "run", "quantity", "earlier, as reported", "today"};
  table.text_columns = 3;
  const NoteEarlier* widest = nullptr;
  for (const NoteEarlier& row : input.earlier) {
    table.rows.push_back({row.recipe.empty() ? row.model : row.model + " " + row.recipe,
                          short_key(row.run_key), row.quantity == "temperature" ? "T" : row.quantity,
                          fixed(row.earlier, 3), fixed(row.today, 3)});
    if (!row.today || row.quantity != "ECE after temperature") continue;
    if (widest == nullptr ||
        std::abs(*row.today - row.earlier) > std::abs(*widest->today - widest->earlier)) {
      widest = &row;
    }
  }
  blocks.emplace_back(std::move(table));
  if (widest == nullptr) return;
  std::string temperature;
  for (const NoteEarlier& row : input.earlier) {
    if (row.quantity != "temperature" || row.model != widest->model || row.recipe != widest->recipe ||
        !row.today) {
      continue;
    }
    temperature = fmt::format(", its temperature from {} to {}", fixed(row.earlier, 2), fixed(row.today, 2));
  }
  blocks.emplace_back(NoteParagraph{fmt::format("Against earlier measurements the ECE of {} goes from {} to "
                                                "{}{}; other examples and another fit of "
                                                "the temperature are between them.",
                                                widest->model, fixed(widest->earlier, 3),
                                                fixed(widest->today, 3), temperature) +
                                    limited_mark(input)});
}

std::string experiments_sentence(const NoteInput& input) {
  std::vector<std::string> experiments;
  for (const std::string& each : {logits_experiment(input), unresolved_experiment(input),
                                  second_split_experiment(input), load_experiment(input.decision)}) {
    if (!each.empty()) experiments.push_back(each);
  }
  const std::string devices = devices_to_measure(input);
  if (!devices.empty()) {
    experiments.push_back(
        fmt::format("the same configurations timed on {}, where the order is unknown", devices));
  }
  if (experiments.empty()) return {};
  if (experiments.size() > kMostExperiments) experiments.resize(kMostExperiments);
  return fmt::format("Evidence that could change the answer again: {}.", join(experiments, "; "));
}

}  // namespace quantier::note_internal
