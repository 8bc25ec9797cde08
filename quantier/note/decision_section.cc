#include <fmt/format.h>

#include "quantier/note/sections.h"
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
      if (kept.empty() || decision.constraints.empty()) return {};
      return fmt::format("Every limit is passed by {}.", kept);
    case ChoiceStep::Kind::kQualityTie:
      if (step.kept.size() == 1) return fmt::format("On macro-F1 {} is alone at the top.", kept);
      return fmt::format(
          "On macro-F1 {} tie: they differ from {} by no more than the margin of {:g}, or by an amount "
          "whose interval holds zero.",
          kept, best, margins.macro_f1);
    case ChoiceStep::Kind::kEstablishedLoss:
      return fmt::format("An established loss in a tier takes out {}.", dropped);
    case ChoiceStep::Kind::kLatency:
      return dropped.empty() ? "Latency does not separate them."
                             : fmt::format("Latency leaves {}; slower beyond {:g} %: {}.", kept,
                                           100.0 * margins.latency_fraction, dropped);
    case ChoiceStep::Kind::kMemory:
      return dropped.empty() ? (step.kept.size() == 1 ? "" : "Memory does not separate them.")
                             : fmt::format("Memory leaves {}; larger beyond {:g} %: {}.", kept,
                                           100.0 * margins.memory_fraction, dropped);
    case ChoiceStep::Kind::kRawOrder:
      return fmt::format("{} is equal inside every margin; {} is taken by the raw numbers.", dropped, best);
  }
  return {};
}

std::string failure_text(const Constraint& constraint, const Check& check) {
  return fmt::format("{} with {}", limit_text(constraint), value_text(constraint, *check.value));
}

std::string finding_sentence(const Decision& decision, const PriorFinding& finding) {
  const std::string who = name(decision, finding.candidate);
  using Kind = PriorFinding::Kind;
  switch (finding.kind) {
    case Kind::kFailsConstraint:
    case Kind::kUnknownConstraint: {
      const Constraint& constraint = decision.constraints[*finding.constraint];
      const Check& check = decision.checks[*finding.candidate].checks[*finding.constraint];
      if (!check.value) return fmt::format("{} was not measured against {}", who, limit_text(constraint));
      return fmt::format("{} fails {}", who, failure_text(constraint, check));
    }
    case Kind::kLosesQuality:
      return fmt::format("{} is behind on macro-F1", who);
    case Kind::kEstablishedLoss:
      return fmt::format("{} has an established loss in a tier", who);
    case Kind::kSlower:
      return fmt::format("{} is slower at equal quality", who);
    case Kind::kLarger:
      return fmt::format("{} is larger at equal quality", who);
    case Kind::kChosen:
      return fmt::format("{} meets every limit and is the choice here too", who);
    case Kind::kOtherRecipe:
      return fmt::format("the model stays, but as {}", who);
    case Kind::kNotMeasured:
      return "the recommended configuration was not measured";
  }
  return {};
}

// One for each reason; all limits that one configuration fails make one.
std::vector<std::string> finding_sentences(const Decision& decision) {
  std::vector<std::string> sentences;
  const std::vector<PriorFinding>& findings = decision.prior.findings;
  for (std::size_t i = 0; i < findings.size();) {
    std::vector<std::string> failures;
    std::size_t end = i;
    for (; end < findings.size() && findings[end].kind == PriorFinding::Kind::kFailsConstraint &&
           findings[end].candidate == findings[i].candidate;
         ++end) {
      const std::size_t c = *findings[end].constraint;
      failures.push_back(
          failure_text(decision.constraints[c], decision.checks[*findings[end].candidate].checks[c]));
    }
    if (failures.empty()) {
      sentences.push_back(finding_sentence(decision, findings[i]));
      ++i;
    } else {
      sentences.push_back(fmt::format("{} fails {}", name(decision, findings[i].candidate), join(failures)));
      i = end;
    }
  }
  return sentences;
}

const char* outcome_word(PriorOutcome outcome) {
  switch (outcome) {
    case PriorOutcome::kNone:
      return "absent";
    case PriorOutcome::kReinforced:
      return "reinforced";
    case PriorOutcome::kComplicated:
      return "complicated";
    case PriorOutcome::kOverturned:
      return "overturned";
    case PriorOutcome::kUndecided:
      return "left open";
  }
  return "left open";
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
  return fmt::format(" So near that another measurement could turn it over: {}.", join(near));
}

}  // namespace

void decision_section(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  blocks.emplace_back(NoteHeading{2, "4. Operational decision under constraints"});
  NoteTable table;
  table.caption =
      fmt::format("Every configuration against every limit{}. Near: another measurement could turn it over.",
                  decision.envelope.device.empty() ? "" : " of " + decision.envelope.device);
  table.header = {"configuration", "run"};
  table.text_columns = 2;
  for (const Constraint& constraint : decision.constraints) table.header.push_back(limit_text(constraint));
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    std::vector<std::string> row = {decision.candidates[i].name, short_key(decision.candidates[i].run_key)};
    for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
      row.push_back(check_text(decision.constraints[c], decision.checks[i].checks[c]));
    }
    table.rows.push_back(std::move(row));
  }
  blocks.emplace_back(std::move(table));

  blocks.emplace_back(
      NoteParagraph{binding_sentence(decision) + near_sentence(decision) + limited_mark(input)});

  std::string reasons;
  for (const ChoiceStep& step : decision.steps) {
    const std::string sentence = step_sentence(decision, step);
    if (!sentence.empty()) reasons += (reasons.empty() ? "" : " ") + sentence;
  }
  reasons += (reasons.empty() ? "" : " ") + choice_sentence(decision);
  if (decision.runner_up) reasons += fmt::format(" Runner-up: {}.", name(decision, decision.runner_up));
  blocks.emplace_back(NoteParagraph{reasons + limited_mark(input), true});

  std::string changes;
  for (const Relaxation& relaxation : telling_relaxations(decision)) {
    changes += (changes.empty() ? "What would change it, one limit at a time. " : " ") +
               relaxation_sentence(decision, relaxation);
  }
  if (changes.empty() && decision.chosen && !decision.constraints.empty()) {
    changes = "No single limit, moved alone, would change the choice.";
  }
  if (!changes.empty()) blocks.emplace_back(NoteParagraph{changes + limited_mark(input)});
  for (const NoteAlternative& other : input.alternatives) {
    const std::string then = name(other.decision, other.decision.chosen);
    const std::string now = name(decision, decision.chosen);
    blocks.emplace_back(NoteParagraph{
        then == now && !decision.chosen
            ? fmt::format("With {} there is no choice either.{}", other.what_differs, limited_mark(input))
        : then == now
            ? fmt::format("With {} the choice stays {}.{}", other.what_differs, now, limited_mark(input))
            : fmt::format("With {} the choice would have been {} instead of {}: the decision hangs on this "
                          "reading.{}",
                          other.what_differs, then, now, limited_mark(input))});
  }
}

void prior_section(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  const Prior& prior = decision.envelope.prior;
  blocks.emplace_back(NoteHeading{2, "5. Revisiting the earlier recommendation"});
  if (decision.prior.outcome == PriorOutcome::kNone) {
    blocks.emplace_back(NoteParagraph{"No earlier recommendation was given."});
    return;
  }
  const std::vector<std::string> findings = finding_sentences(decision);
  std::string text =
      fmt::format("The earlier recommendation was: “{}”", prior.text.empty() ? prior.model : prior.text);
  if (!prior.why.empty()) {
    const std::string_view why = prior.why;
    text += fmt::format(" (its ground: {})", why.substr(0, why.find_last_not_of('.') + 1));
  }
  text += fmt::format(". It is {}: {}.", outcome_word(decision.prior.outcome), join(findings, "; "));
  bool any = false;
  for (const Relaxation& relaxation : decision.relaxations) {
    if (!relaxation.changes_choice || !relaxation.winner) continue;
    if (decision.candidates[*relaxation.winner].model != prior.model) continue;
    const Constraint& constraint = decision.constraints[relaxation.constraint];
    text += fmt::format(" It would hold again with {} moved to {}.", limit_text(constraint),
                        value_text(constraint, relaxation.new_limit));
    any = true;
    break;
  }
  if (!any && decision.prior.outcome == PriorOutcome::kOverturned) {
    text += " No single relaxed limit would bring it back.";
  }
  blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
}

}  // namespace quantier::note_internal
