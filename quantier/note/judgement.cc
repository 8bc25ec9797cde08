#include "quantier/note/judgement.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr std::size_t kMostQuestions = 3;

const Candidate* chosen_of(const Decision& decision) {
  return decision.chosen ? &decision.candidates[*decision.chosen] : nullptr;
}

// The rarest tier is where an error is dearest or matters least, and the numbers cannot say which.
void ask_about_errors(const NoteInput& input, std::vector<NoteGap>& gaps) {
  const Candidate* chosen = chosen_of(input.decision);
  if (chosen == nullptr || chosen->tiers.size() < 2) return;
  const auto weakest = std::ranges::min_element(chosen->tiers, {}, &Candidate::Tier::accuracy);
  NoteGap gap;
  gap.id = "cost-of-errors";
  gap.question = fmt::format("Which errors in {} cost most, and is an accuracy of {} there enough?",
                             weakest->name, fixed(weakest->accuracy, 3));
  std::vector<std::string> evidence;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    if (delta.model != chosen->model || delta.recipe != chosen->recipe || delta.tier != weakest->name)
      continue;
    evidence.push_back(fmt::format("{} costs {} {} points there ({})", delta.recipe, chosen->model,
                                   points(delta.delta), delta.verdict));
  }
  for (const NoteNamedClass& row : input.named_classes) {
    if (row.model != chosen->model || row.recipe != chosen->recipe || row.tier != weakest->name ||
        !row.accuracy) {
      continue;
    }
    evidence.push_back(fmt::format("{}: {} of {}", row.label, fixed(row.accuracy, 3), count(row.examples)));
    break;
  }
  gap.evidence = join(evidence, "; ");
  gaps.push_back(std::move(gap));
}

void ask_about_calibration(const NoteInput& input, std::vector<NoteGap>& gaps) {
  const Decision& decision = input.decision;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (decision.constraints[c].kind != ConstraintKind::kEce) continue;
    NoteGap gap;
    gap.id = "ece-ceiling";
    gap.question =
        fmt::format("Is the ceiling ({}) right for this use?", limit_text(decision.constraints[c]));
    std::vector<std::string> evidence;
    if (const Candidate* chosen = chosen_of(decision)) {
      evidence.push_back(fmt::format("{} has {}", chosen->name, fixed(chosen->ece, 3)));
    }
    if (!decision.summaries[c].failed_by.empty()) {
      evidence.push_back(fmt::format("it keeps out {}", names(decision, decision.summaries[c].failed_by)));
    }
    gap.evidence = join(evidence, "; ");
    gaps.push_back(std::move(gap));
    return;
  }
}

// A gate trades answers given against answers right; where it should stand is a price, not a number.
void ask_about_gate(const NoteInput& input, std::vector<NoteGap>& gaps) {
  const Candidate* chosen = chosen_of(input.decision);
  if (chosen == nullptr) return;
  for (const NoteCalibration& row : input.calibration) {
    if (row.model != chosen->model || row.recipe != chosen->recipe || row.gates.size() < 2) continue;
    gaps.push_back({"gate-price", "What does an answer held back cost against a wrong one given?",
                    fmt::format("the gate curves of {} in section 3", chosen->name)});
    return;
  }
}

// Nothing passes: somebody has to give way.
void ask_about_limits(const NoteInput& input, std::vector<NoteGap>& gaps) {
  const Decision& decision = input.decision;
  if (decision.chosen || decision.constraints.empty()) return;
  std::vector<std::string> evidence;
  for (const Relaxation& relaxation : decision.relaxations) {
    if (!relaxation.winner || evidence.size() == kMostQuestions) continue;
    evidence.push_back(
        fmt::format("{} to {} lets in {}", short_name(decision.constraints[relaxation.constraint]),
                    value_text(decision.constraints[relaxation.constraint], relaxation.new_limit),
                    names(decision, relaxation.becomes_viable)));
  }
  gaps.push_back({"limit-to-relax", "Which limit may give way, and who bears it?", join(evidence, "; ")});
}

}  // namespace

void judgement_blocks(const NoteInput& input, Blocks& blocks) {
  std::vector<NoteGap> gaps;
  ask_about_limits(input, gaps);
  ask_about_errors(input, gaps);
  ask_about_calibration(input, gaps);
  ask_about_gate(input, gaps);
  if (gaps.empty()) return;
  gaps.resize(std::min(gaps.size(), kMostQuestions));
  blocks.emplace_back(
      NoteParagraph{"Here measurement stops and judgement begins: the limits and margins are declared, not "
                    "found, and these "
                    "questions are for a person.",
                    false, SentenceKind::kJudged});
  for (NoteGap& gap : gaps) blocks.emplace_back(std::move(gap));
}

}  // namespace quantier::note_internal
