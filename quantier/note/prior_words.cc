#include "quantier/note/prior_words.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/decision_words.h"
#include "quantier/note/hardware_words.h"
#include "quantier/note/reported.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr std::size_t kPairsShown = 1;
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

// As the findings of the configuration have it; a metric without one of its own stands as text.
std::string cited_value(const Candidate& candidate, const Metric& metric, double value) {
  const std::string text = axis_value_text(metric, value);
  const Cites cites(candidate);
  switch (metric.kind) {
    case MetricKind::kMacroF1:
      return cites("macro-f1", "", text);
    case MetricKind::kLatency:
      return metric.variant.empty() ? cites("time", "", text) : text;
    case MetricKind::kMemory:
      return cites("memory", "", text);
    case MetricKind::kEce:
      return metric.variant.empty() ? cites("ece", "", text) : text;
    case MetricKind::kAccuracy:
      return cites("accuracy", "", text);
    case MetricKind::kTierAccuracy:
      return cites("accuracy", metric.part, text);
    default:
      return text;
  }
}

std::string pair_text(const Decision& decision, const PriorClaim& claim, const ClaimPair& pair) {
  const Candidate& better = decision.candidates[pair.better];
  const Candidate& than = decision.candidates[pair.than];
  std::string text =
      fmt::format("{} {} against {} {}", better.name, cited_value(better, claim.metric, pair.value_better),
                  than.name, cited_value(than, claim.metric, pair.value_than));
  if (pair.paired && std::isfinite(pair.paired->low)) {
    text +=
        ", " + cite_lead(decision.differences, better, than,
                         fmt::format("{} [{}, {}]", signed_fixed(pair.paired->difference, 3),
                                     signed_fixed(pair.paired->low, 3), signed_fixed(pair.paired->high, 3)));
  }
  return fmt::format("{}: {}", text, order_word(pair));
}

// "2 more pairs: worse", or how often each.
std::string rest_text(const PriorClaimFinding& finding, std::size_t shown) {
  std::vector<std::pair<std::string, std::size_t>> words;
  for (std::size_t i = shown; i < finding.pairs.size(); ++i) {
    const std::string word = order_word(finding.pairs[i]);
    const auto found = std::ranges::find(words, word, &std::pair<std::string, std::size_t>::first);
    if (found == words.end()) {
      words.emplace_back(word, 1);
    } else {
      ++found->second;
    }
  }
  std::vector<std::string> parts;
  for (const auto& [word, times] : words) {
    parts.push_back(words.size() == 1 ? word : fmt::format("{} {}", times, word));
  }
  const std::size_t more = finding.pairs.size() - shown;
  return fmt::format("{} more pair{}: {}", more, more == 1 ? "" : "s", join(parts));
}

// Today's value of the same quantity, as its finding has it.
std::string cited_today(const NoteInput& input, const NoteEarlier& row, int digits) {
  const std::string text = fixed(row.today, digits);
  constexpr std::pair<std::string_view, std::string_view> kFindings[] = {
      {"macro-F1", "macro-f1"},
      {"accuracy", "accuracy"},
      {"ECE before temperature", "ece-raw"},
      {"temperature", "temperature"},
      {"ECE after temperature", "ece"}};
  const auto& all = input.decision.candidates;
  // Values of a table alone belong to no run; what was measured before compression was of the reference.
  const std::string& recipe = row.recipe.empty() ? input.reference_recipe : row.recipe;
  const auto candidate = std::ranges::find_if(all, [&](const Candidate& each) {
    return each.run_key == row.run_key && each.model == row.model && each.recipe == recipe;
  });
  const auto* finding =
      std::ranges::find(kFindings, row.quantity, &std::pair<std::string_view, std::string_view>::first);
  if (!row.today || candidate == all.end() || finding == std::end(kFindings)) return text;
  return Cites(*candidate)(finding->second, "", text);
}

std::string cited_earlier(const NoteInput& input, std::size_t index, int digits) {
  return cite_earlier(input.earlier, index, fixed(input.earlier[index].earlier, digits));
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
      pairs.push_back(rest_text(finding, pairs.size()));
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
  std::size_t widest_index = 0;
  for (std::size_t i = 0; i < input.earlier.size(); ++i) {
    const NoteEarlier& row = input.earlier[i];
    table.rows.push_back({row.recipe.empty() ? row.model : row.model + " " + row.recipe,
                          short_key(row.run_key), row.quantity == "temperature" ? "T" : row.quantity,
                          cited_earlier(input, i, 3), cited_today(input, row, 3)});
    if (!row.today || row.quantity != "ECE after temperature") continue;
    if (widest == nullptr ||
        std::abs(*row.today - row.earlier) > std::abs(*widest->today - widest->earlier)) {
      widest = &row;
      widest_index = i;
    }
  }
  blocks.emplace_back(std::move(table));
  if (widest == nullptr) return;
  std::string temperature;
  for (std::size_t i = 0; i < input.earlier.size(); ++i) {
    const NoteEarlier& row = input.earlier[i];
    if (row.quantity != "temperature" || row.model != widest->model || row.recipe != widest->recipe ||
        !row.today) {
      continue;
    }
    temperature = fmt::format(", its temperature from {} to {}", cited_earlier(input, i, 2),
                              cited_today(input, row, 2));
  }
  blocks.emplace_back(NoteParagraph{fmt::format("Against earlier measurements the ECE of {} goes from {} to "
                                                "{}{}; other examples and another fit of "
                                                "the temperature are between them.",
                                                widest->model, cited_earlier(input, widest_index, 3),
                                                cited_today(input, *widest, 3), temperature) +
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
