#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/decision_words.h"
#include "quantier/note/hardware_words.h"
#include "quantier/note/held_out_words.h"
#include "quantier/note/judgement.h"
#include "quantier/note/reported.h"
#include "quantier/note/sections.h"
#include "quantier/note/tool_table.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

std::string step_sentence(const Decision& decision, const ChoiceStep& step) {
  const std::string kept = names(decision, step.kept);
  const std::string dropped = names(decision, step.dropped);
  const std::string best = name(decision, step.reference);
  const Margins& margins = decision.envelope.margins;
  switch (step.kind) {
    case ChoiceStep::Kind::kLimits:
      if (step.kept.empty() || decision.constraints.empty()) return {};
      return fmt::format("Every limit is passed by {}.", kept);
    case ChoiceStep::Kind::kSoftLimits:
      return fmt::format("Of these {} miss{} fewer soft limits than {}.", kept,
                         step.kept.size() == 1 ? "es" : "", dropped);
    case ChoiceStep::Kind::kQualityTie: {
      if (step.kept.size() == 1) return fmt::format("On macro-F1 {} is alone at the top.", best);
      std::vector<std::size_t> tied = step.kept;
      std::erase(tied, *step.reference);
      return fmt::format(
          "On macro-F1 {} is highest, and {} tie{} with it: the difference is within the margin of {:g}{}.{}",
          best, names(decision, tied), tied.size() == 1 ? "s" : "", margins.macro_f1,
          decision.differences.empty() ? "" : ", or its paired interval holds zero",
          step.dropped.empty() ? "" : fmt::format(" Behind: {}.", dropped));
    }
    case ChoiceStep::Kind::kEstablishedLoss:
      return fmt::format("An established loss in a tier takes out {}.", dropped);
    case ChoiceStep::Kind::kLatency:
      return dropped.empty() ? "Latency does not separate them."
                             : fmt::format("Latency then leaves {}; slower by more than {:g} %: {}.", kept,
                                           100.0 * margins.latency_fraction, dropped);
    case ChoiceStep::Kind::kMemory:
      return dropped.empty() ? (step.kept.size() == 1 ? "" : "Memory does not separate them.")
                             : fmt::format("Memory then leaves {}; larger by more than {:g} %: {}.", kept,
                                           100.0 * margins.memory_fraction, dropped);
    case ChoiceStep::Kind::kEce:
      return dropped.empty() ? (step.kept.size() == 1 ? "" : "ECE does not separate them.")
                             : fmt::format("ECE then leaves {}; worse by more than {:g}: {}.", kept,
                                           margins.ece, dropped);
    case ChoiceStep::Kind::kRawOrder:
      return fmt::format("Equal to {} inside every margin: {}. Between them {} decides.", best, dropped,
                         tie_rule_text(decision.envelope.tie_rule));
  }
  return {};
}

// Why a configuration is not the choice, in a few words.
std::string reason_against(const Decision& decision, std::size_t candidate) {
  for (const ChoiceStep& step : decision.steps) {
    if (std::find(step.dropped.begin(), step.dropped.end(), candidate) == step.dropped.end()) continue;
    switch (step.kind) {
      case ChoiceStep::Kind::kLimits:
        return limits_not_passed(decision, candidate);
      case ChoiceStep::Kind::kSoftLimits:
        return "misses more soft limits";
      case ChoiceStep::Kind::kQualityTie:
        return "behind on macro-F1";
      case ChoiceStep::Kind::kEstablishedLoss:
        return "established loss in a tier";
      case ChoiceStep::Kind::kLatency:
        return "slower";
      case ChoiceStep::Kind::kMemory:
        return "larger";
      case ChoiceStep::Kind::kEce:
        return "worse calibrated";
      case ChoiceStep::Kind::kRawOrder:
        return "equal inside every margin";
    }
  }
  return "–";
}

std::string ratio(const std::optional<double>& own, const std::optional<double>& chosen) {
  if (!own || !chosen || !(*chosen > 0.0) || !std::isfinite(*own)) return "–";
  return fmt::format("{:.2f}×", *own / *chosen);
}

// Every other configuration beside the choice: what it would have cost, and whether quality differs at all.
void rivals_table(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  if (!decision.chosen || decision.candidates.size() < 2) return;
  const Candidate& chosen = decision.candidates[*decision.chosen];
  NoteTable table;
  table.caption = fmt::format(
      "Every other configuration against {}: macro-F1 of the choice minus its own, {}; its time and memory "
      "as "
      "multiples of the choice's.",
      chosen.name, table_only(input) ? "as stated" : "with the paired 95 % interval");
  table.header = {"configuration", "run",
                  "why not",       table_only(input) ? "macro-F1 lead" : "macro-F1 lead [95 %]",
                  "its time",      "its memory"};
  table.text_columns = 3;
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    if (i == *decision.chosen) continue;
    const Candidate& other = decision.candidates[i];
    const bool runner_up = decision.runner_up == i;
    table.rows.push_back(
        {other.name, short_key(other.run_key),
         reason_against(decision, i) + (runner_up ? " (runner-up)" : ""),
         lead_text(input.quality_differences, chosen, other),
         Cites(other)("against-the-choice", "time", ratio(other.ms_per_example, chosen.ms_per_example)),
         Cites(other)("against-the-choice", "memory", ratio(other.memory_bytes, chosen.memory_bytes))});
  }
  blocks.emplace_back(std::move(table));
}

// "ECE ceiling 0.05 → 0.069: decoder fp16 wins" as a row.
void breakpoints_table(const std::vector<std::string>& points, Blocks& blocks) {
  if (points.empty()) return;
  NoteTable table;
  table.caption = "Breakpoints: one limit moves, the others stand.";
  table.header = {"what", "moved to", "then"};
  table.text_columns = table.header.size();
  constexpr std::string_view kArrow = " → ";
  for (const std::string& point : points) {
    const std::size_t arrow = point.find(kArrow);
    const std::size_t colon = point.find(": ", arrow);
    if (arrow == std::string::npos || colon == std::string::npos) continue;
    table.rows.push_back({point.substr(0, arrow),
                          point.substr(arrow + kArrow.size(), colon - arrow - kArrow.size()),
                          point.substr(colon + 2)});
  }
  blocks.emplace_back(std::move(table));
}

// What other readings of the same evidence would have said.
void alternatives(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  const std::string now = name(decision, decision.chosen);
  std::vector<std::string> same;
  std::vector<std::string> different;
  for (const NoteAlternative& other : input.alternatives) {
    // Said first of all already.
    if (decision.temperature &&
        other.what_differs.find("temperatures that the imported files report") != std::string::npos) {
      continue;
    }
    const std::string then = name(other.decision, other.decision.chosen);
    if (then == now) {
      same.push_back(other.what_differs);
    } else if (!other.decision.chosen) {
      different.push_back(
          fmt::format("With {} nothing would pass: the decision hangs on this reading.", other.what_differs));
    } else {
      different.push_back(fmt::format(
          "With {} the choice would have been {} instead of {}: the decision hangs on this reading.",
          other.what_differs, then, now));
    }
  }
  std::string text = join(different, " ");
  if (!same.empty()) {
    text += fmt::format(
        "{}{} with {}.", text.empty() ? "" : " ",
        decision.chosen ? fmt::format("The choice stays {}", now) : "There is no choice either", join(same));
  }
  if (!text.empty()) blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
}

// Passes and failures that a second measurement could turn over.
std::string near_sentence(const Decision& decision) {
  std::vector<std::string> near;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    std::vector<std::size_t> who;
    for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
      if (decision.checks[i].checks[c].within_margin) who.push_back(i);
    }
    if (!who.empty()) {
      near.push_back(fmt::format("{} for {}", limit_text(decision.constraints[c]), names(decision, who)));
    }
  }
  if (near.empty()) return {};
  return fmt::format(" Another measurement could turn it over: {}.", join(near));
}

void append(std::string& text, const std::string& sentence) {
  if (!sentence.empty()) text += (text.empty() ? "" : " ") + sentence;
}

// What readers of less evidence would have chosen; once, where both agree with the choice.
std::string naive_sentences(const Decision& decision) {
  const bool same = decision.chosen && decision.by_macro_f1.chosen == decision.chosen &&
                    decision.by_points.chosen == decision.chosen && !decision.by_points.hidden;
  if (same) return "Macro-F1 alone, and point estimates alone, would have chosen the same.";
  std::string text = macro_f1_alone_sentence(decision);
  append(text, points_alone_sentence(decision));
  return text;
}

}  // namespace

void decision_section(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  blocks.emplace_back(NoteHeading{2, "4. Operational decision under constraints"});
  NoteTable table;
  table.caption = fmt::format(
      "Every configuration against every limit{}{}. Near: another measurement could turn it over.",
      decision.envelope.device.empty() ? "" : " of " + decision.envelope.device,
      decision.stability ? ", with the share of resampled data that meets it" : "");
  table.caption += " " + margins_sentence(decision);
  table.header = {"configuration", "run"};
  table.text_columns = 2;
  table.marked_row = decision.chosen;
  for (const Constraint& constraint : decision.constraints) table.header.push_back(limit_text(constraint));
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    std::vector<std::string> row = {decision.candidates[i].name, short_key(decision.candidates[i].run_key)};
    for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
      row.push_back(check_text(decision, i, c));
    }
    table.rows.push_back(std::move(row));
  }
  blocks.emplace_back(std::move(table));

  const std::string temperature = temperature_sentence(decision);
  if (!temperature.empty()) blocks.emplace_back(NoteParagraph{temperature + limited_mark(input)});
  std::string bounds = binding_sentence(decision) + near_sentence(decision);
  for (const std::string& missing : missing_evidence(decision))
    bounds += fmt::format(" Missing: {}.", missing);
  blocks.emplace_back(NoteParagraph{bounds + limited_mark(input)});

  std::string reasons;
  for (const ChoiceStep& step : decision.steps) append(reasons, step_sentence(decision, step));
  // With its numbers it stands at the top.
  append(reasons, decision.chosen
                      ? fmt::format("Recommendation: {}.", decision.candidates[*decision.chosen].name)
                      : choice_sentence(decision));
  if (decision.runner_up && decision.chosen) {
    append(reasons, fmt::format("Runner-up: {}; its distance stands in the table of the others.",
                                decision.candidates[*decision.runner_up].name));
  }
  blocks.emplace_back(NoteParagraph{reasons + limited_mark(input), true});

  std::string sure;
  if (decision.stability || table_only(input)) append(sure, stability_sentence(decision));
  append(sure, choice_quality_sentence(decision));
  append(sure, naive_sentences(decision));
  blocks.emplace_back(NoteParagraph{sure + limited_mark(input)});
  if (decision.held_out) blocks.emplace_back(held_out_table(decision));
  if (table_only(input)) decision_absence(input, blocks);
  rivals_table(input, blocks);

  std::string changes;
  for (const Relaxation& relaxation : telling_relaxations(decision)) {
    changes += (changes.empty() ? "What would change it, one limit at a time. " : " ") +
               relaxation_sentence(decision, relaxation);
  }
  if (changes.empty() && decision.chosen && !decision.constraints.empty()) {
    changes = "No single limit, relaxed alone, would change the choice.";
  }
  const std::vector<std::string> points = breakpoint_sentences(decision);
  if (!points.empty()) append(changes, "The table of breakpoints shows how far each limit can move.");
  append(changes, relaxation_advice(decision));
  if (!changes.empty()) blocks.emplace_back(NoteParagraph{changes + limited_mark(input)});
  breakpoints_table(points, blocks);
  alternatives(input, blocks);
  hardware_blocks(input, blocks);
  tool_table(input, blocks);
  judgement_blocks(input, blocks);
}

}  // namespace quantier::note_internal
