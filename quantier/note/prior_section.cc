#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/decision_words.h"
#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

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

// What evidence would bring the earlier recommendation back; for one that stands, what would end it.
std::string what_would_restore(const NoteInput& input) {
  const Decision& decision = input.decision;
  const Prior& prior = decision.envelope.prior;
  if (decision.prior.outcome == PriorOutcome::kReinforced) {
    if (!decision.tightest) return "No limit was stated that could end it.";
    return fmt::format(
        "It would fall if {} no longer held; a rival would have to pass every limit and match it "
        "on quality at a lower cost.",
        limit_text(decision.constraints[*decision.tightest]));
  }
  for (const Relaxation& relaxation : decision.relaxations) {
    if (!relaxation.changes_choice || !relaxation.winner) continue;
    if (decision.candidates[*relaxation.winner].model != prior.model) continue;
    return fmt::format("It would hold again with {} moved to {}.",
                       limit_text(decision.constraints[relaxation.constraint]),
                       value_text(decision.constraints[relaxation.constraint], relaxation.new_limit));
  }
  std::optional<std::size_t> own;
  for (const PriorFinding& finding : decision.prior.findings) {
    if (!own && finding.candidate && decision.candidates[*finding.candidate].model == prior.model) {
      own = finding.candidate;
    }
  }
  std::string text = "No single relaxed limit would bring it back.";
  if (!own || !decision.chosen || *own == *decision.chosen) return text;
  const Candidate& mine = decision.candidates[*own];
  const Candidate& chosen = decision.candidates[*decision.chosen];
  if (!mine.macro_f1 || !chosen.macro_f1) return text;
  return text +
         fmt::format(
             " What would: evidence that {} passes every limit and is not behind {} on macro-F1, where the "
             "paired difference is {} here.",
             mine.name, chosen.name, lead_text(input.quality_differences, mine, chosen));
}

}  // namespace

std::string prior_sentence(const Decision& decision) {
  const Prior& prior = decision.envelope.prior;
  if (decision.prior.outcome == PriorOutcome::kNone) return {};
  const std::vector<std::string> findings = finding_sentences(decision);
  std::string text =
      fmt::format("The earlier recommendation was: “{}”", prior.text.empty() ? prior.model : prior.text);
  if (!prior.why.empty()) {
    const std::string_view why = prior.why;
    text += fmt::format(" (its ground: {})", why.substr(0, why.find_last_not_of('.') + 1));
  }
  text += fmt::format(". It is {}: {}.", outcome_word(decision.prior.outcome), join(findings, "; "));
  return text;
}

void prior_section(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  blocks.emplace_back(NoteHeading{2, "5. Revisiting the earlier recommendation"});
  if (decision.prior.outcome == PriorOutcome::kNone) {
    blocks.emplace_back(NoteParagraph{"No earlier recommendation was given."});
    return;
  }
  std::string text = prior_sentence(decision);
  text += " " + what_would_restore(input);
  blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
}

}  // namespace quantier::note_internal
