#include "quantier/note/damage_words.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/literature.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {

// The comparison over every example stands among those of the tiers.
std::string tier_text(const NoteTierDelta& delta) { return delta.tier == "all" ? "overall" : delta.tier; }

namespace {

std::string delta_text(const NoteTierDelta& delta) {
  return fmt::format("{} {} ({} points, {})", delta.recipe, tier_text(delta), cited_points(delta),
                     cited_flips(delta));
}

// One sentence per verdict: what is shown, what only points somewhere, what stays open.
std::string verdict_sentence(const std::vector<NoteTierDelta>& deltas, const std::string& model) {
  std::vector<std::string> established;
  std::vector<std::string> directional;
  std::vector<std::string> unmoved;
  std::size_t open = 0;
  for (const NoteTierDelta& delta : deltas) {
    if (delta.model != model) continue;
    if (delta.tier == "all" && delta.lost == 0 && delta.gained == 0) {
      unmoved.push_back(fmt::format("{} is right exactly where {} is", delta.recipe, delta.baseline));
    }
    if (delta.verdict == "established") {
      const std::string size = delta.materiality.empty() ? "" : ", " + delta.materiality;
      established.push_back(delta_text(delta) + size);
    } else if (delta.verdict == "directional") {
      directional.push_back(delta_text(delta));
    } else {
      ++open;
    }
  }
  std::string text = fmt::format("{}: ", model);
  text +=
      established.empty() ? "no change in a tier is established." : "established: " + join(established) + ".";
  if (!directional.empty()) {
    text += fmt::format(
        " Directional only: {}; the interval leaves out zero, but the flips behind it are too few to rule "
        "out "
        "that another split turns it over.",
        join(directional));
  }
  if (!unmoved.empty()) text += fmt::format(" {}.", join(unmoved));
  if (open > 0) text += fmt::format(" Unresolved: {} comparison{}.", open, open == 1 ? "" : "s");
  return text;
}

// "int4 loses in head and mid, and not visibly in tail": with whether that contrast itself is shown.
std::string shape_sentence(const NoteInput& input, const std::string& model) {
  std::vector<std::string> parts;
  for (const NotePattern& pattern : input.patterns) {
    if (pattern.model != model || (pattern.lost.empty() && pattern.gained.empty())) continue;
    std::vector<std::string> moves;
    if (!pattern.lost.empty()) moves.push_back("loses in " + join(pattern.lost));
    if (!pattern.gained.empty()) moves.push_back("gains in " + join(pattern.gained));
    std::string text = fmt::format("{} {}", pattern.recipe, join(moves));
    if (!pattern.unresolved.empty()) {
      text += fmt::format(", while nothing shows in {}; that these differ is {}", join(pattern.unresolved),
                          pattern.contrast_resolved ? "itself resolved" : "not resolved");
    }
    parts.push_back(std::move(text));
  }
  return parts.empty() ? std::string() : fmt::format(" The pattern: {}.", join(parts, "; "));
}

// What happens at the tier where a model was weakest before; empty without a baseline, tiers or comparisons.
std::string at_weakest_tier(const NoteInput& input, const std::string& model) {
  const Candidate* base = nullptr;
  for (const Candidate& candidate : input.decision.candidates) {
    if (candidate.model == model && candidate.recipe == input.reference_recipe) base = &candidate;
  }
  if (base == nullptr || base->tiers.size() < 2) return {};
  const auto weakest = std::min_element(
      base->tiers.begin(), base->tiers.end(),
      [](const Candidate::Tier& a, const Candidate::Tier& b) { return a.accuracy < b.accuracy; });
  std::vector<std::string> seen;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    if (delta.model != model || delta.tier != weakest->name || delta.recipe == "fp32") continue;
    seen.push_back(fmt::format("{} {} points ({})", delta.recipe, cited_points(delta), delta.verdict));
  }
  if (seen.empty()) return {};
  return fmt::format("{} is weakest in {} (accuracy {} at {}): {}", model, weakest->name,
                     Cites(*base)("accuracy", weakest->name, fixed(weakest->accuracy, 3)),
                     input.reference_recipe, join(seen));
}

}  // namespace

std::string pattern_sentence(const NoteInput& input, const std::string& model) {
  return verdict_sentence(input.tier_deltas, model) + shape_sentence(input, model);
}

// Only of what was resolved: of the rest there is nothing to survive.
std::string survival_sentence(const NoteInput& input) {
  std::vector<std::string> halves;
  std::vector<std::string> repeated;
  std::vector<std::string> lost;
  std::string split;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    if (delta.verdict != "established" && delta.verdict != "directional") continue;
    const std::string who = fmt::format("{} {} {}", delta.model, delta.recipe, tier_text(delta));
    if (delta.second_split) {
      const NoteTierDelta::SecondSplit& second = *delta.second_split;
      split = second.split;
      (second.repeats ? repeated : lost)
          .push_back(fmt::format("{} ({})", who,
                                 cites_of(delta)(delta.tier + "/accuracy", "second split",
                                                 fmt::format("{} points, {} lost and {} gained of {}",
                                                             points(second.delta), count(second.lost),
                                                             count(second.gained), count(second.examples)))));
    } else if (delta.half_splits_agree) {
      halves.push_back(fmt::format("{} of the cuts for {}",
                                   cites_of(delta)(delta.tier + "/accuracy", "half splits",
                                                   fmt::format("{:.0f} %", 100.0 * *delta.half_splits_agree)),
                                   who));
    }
  }
  std::string text;
  if (!repeated.empty() || !lost.empty()) {
    text = fmt::format("On a second split{}, ", split.empty() ? "" : fmt::format(" ({})", split));
    if (!repeated.empty()) text += fmt::format("these show again: {}", join(repeated));
    if (!lost.empty()) {
      text += fmt::format("{}these do not: {}", repeated.empty() ? "" : "; ", join(lost));
    }
    text += ".";
  }
  if (!halves.empty()) {
    text += fmt::format("{}Cut into halves at random, both halves show the sign of the whole in {}.",
                        text.empty() ? "" : " ", join(halves));
  }
  return text;
}

// Of what could not be seen: how large a change would have had to be.
std::string blind_sentence(const NoteInput& input) {
  const NoteTierDelta* widest = nullptr;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    if (delta.verdict == "established" || !delta.detectable) continue;
    if (widest == nullptr || *delta.detectable > *widest->detectable) widest = &delta;
  }
  if (widest == nullptr) return {};
  return fmt::format(
      "Unresolved does not mean unharmed: in the tier {} with its {} examples, a net change of {} {} would "
      "have to reach {} points to be seen in four splits of five.",
      widest->tier, count(widest->examples), widest->model, widest->recipe,
      cites_of(*widest)(widest->tier + "/accuracy", "detectable", fixed(100.0 * *widest->detectable, 1)));
}

// Macro-F1 hides a loss when it stays inside its margin, or rises, while accuracy falls for certain.
std::vector<std::string> hidden_losses(const NoteInput& input) {
  const Decision& decision = input.decision;
  std::vector<std::string> sentences;
  for (const Candidate& own : decision.candidates) {
    std::vector<std::string> parts;
    const Candidate* base = nullptr;
    for (const NoteTierDelta& delta : input.tier_deltas) {
      if (delta.model != own.model || delta.recipe != own.recipe) continue;
      if (delta.verdict != "established" || !(delta.delta < 0.0)) continue;
      for (const Candidate& other : decision.candidates) {
        if (other.model == delta.model && other.recipe == delta.baseline) base = &other;
      }
      parts.push_back(fmt::format(
          "{} by {} points ({})", delta.tier == "all" ? "overall" : "in tier " + delta.tier,
          cited_points(delta),
          cites_of(delta)(
              delta.tier + "/accuracy", "flips",
              fmt::format("{} predictions lost against {} gained", count(delta.lost), count(delta.gained)))));
    }
    if (parts.empty() || base == nullptr || !own.macro_f1 || !base->macro_f1) continue;
    if (!(*own.macro_f1 >= *base->macro_f1 - decision.envelope.margins.macro_f1)) continue;
    sentences.push_back(
        fmt::format("What macro-F1 hides: for {} it goes from {} to {}, while accuracy changes {}.", own.name,
                    Cites(*base)("macro-f1", "", fixed(base->macro_f1, 3)),
                    Cites(own)("macro-f1", "", fixed(own.macro_f1, 3)), join(parts)));
  }
  return sentences;
}

// Others expect damage where a model was weak before: said with what was seen there, not as a fact.
std::string weakness_sentence(const NoteInput& input, const std::vector<std::string>& models) {
  std::vector<std::string> parts;
  for (const std::string& model : models) {
    const std::string part = at_weakest_tier(input, model);
    if (!part.empty()) parts.push_back(part);
  }
  if (parts.empty()) return {};
  std::string text = fmt::format("{}.", join(parts, "; "));
  for (const LiteratureFinding finding :
       {LiteratureFinding::kWeaknessFound, LiteratureFinding::kWeaknessNotFound}) {
    const std::string cited = cited_for(input, finding);
    if (!cited.empty()) text += " " + cited;
  }
  return text;
}

// Do the models pay for a precision in the same place? The largest loss of each where any of them is
// resolved; how many predictions that is stands in the table and in the sentences above.
std::string cross_model_sentence(const NoteInput& input, const std::vector<std::string>& models) {
  if (models.size() < 2) return {};
  std::vector<std::string> recipes;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    const bool known_recipe = std::find(recipes.begin(), recipes.end(), delta.recipe) != recipes.end();
    if (delta.recipe != "fp32" && !known_recipe) recipes.push_back(delta.recipe);
  }
  std::vector<std::string> clauses;
  std::vector<std::string> open;
  for (const std::string& recipe : recipes) {
    std::vector<std::string> parts;
    bool resolved = false;
    for (const std::string& model : models) {
      const NoteTierDelta* worst = nullptr;
      for (const NoteTierDelta& delta : input.tier_deltas) {
        if (delta.model != model || delta.recipe != recipe || delta.tier == "all") continue;
        if (worst == nullptr || delta.delta < worst->delta) worst = &delta;
      }
      if (worst == nullptr) continue;
      resolved = resolved || (worst->verdict != "unresolved" && worst->delta < 0.0);
      parts.push_back(points(worst->delta).starts_with("−")
                          ? fmt::format("{} loses most in {} ({} points, {})", model, worst->tier,
                                        cited_points(*worst), worst->verdict)
                          : fmt::format("{} loses nothing that shows", model));
    }
    if (parts.size() < 2) continue;
    if (resolved) {
      clauses.push_back(fmt::format("at {} {}", recipe, join(parts)));
    } else {
      open.push_back(recipe);
    }
  }
  if (!open.empty()) {
    clauses.push_back(fmt::format("at {} no tier of any model resolves a loss to compare", join(open)));
  }
  if (clauses.empty()) return {};
  return fmt::format("Side by side, {}.", join(clauses, "; "));
}

}  // namespace quantier::note_internal
