#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "quantier/note/figures.h"
#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

// The comparison over every example stands among those of the tiers.
std::string tier_text(const NoteTierDelta& delta) { return delta.tier == "all" ? "overall" : delta.tier; }

std::string delta_text(const NoteTierDelta& delta) {
  return fmt::format("{} {} ({} points, {} lost and {} gained of {})", delta.recipe, tier_text(delta),
                     points(delta.delta), count(delta.lost), count(delta.gained), count(delta.examples));
}

// One sentence per verdict: what is shown, what only points somewhere, what stays open.
std::string pattern_sentence(const std::vector<NoteTierDelta>& deltas, const std::string& model) {
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

// Three decimals, and below them only that it is below.
std::string probability(const std::optional<double>& p) { return p && *p < 0.001 ? "<0.001" : fixed(p, 3); }

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
      "have to reach {:.1f} points to be seen in four splits of five.",
      widest->tier, count(widest->examples), widest->model, widest->recipe, 100.0 * *widest->detectable);
}

// Macro-F1 hides a loss when it stays inside its margin, or rises, while accuracy falls for certain.
void hidden_losses(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  for (const Candidate& own : decision.candidates) {
    std::vector<std::string> parts;
    const Candidate* base = nullptr;
    for (const NoteTierDelta& delta : input.tier_deltas) {
      if (delta.model != own.model || delta.recipe != own.recipe) continue;
      if (delta.verdict != "established" || !(delta.delta < 0.0)) continue;
      for (const Candidate& other : decision.candidates) {
        if (other.model == delta.model && other.recipe == delta.baseline) base = &other;
      }
      parts.push_back(fmt::format("{} by {} points ({} predictions lost against {} gained)",
                                  delta.tier == "all" ? "overall" : "in tier " + delta.tier,
                                  points(delta.delta), count(delta.lost), count(delta.gained)));
    }
    if (parts.empty() || base == nullptr || !own.macro_f1 || !base->macro_f1) continue;
    if (!(*own.macro_f1 >= *base->macro_f1 - decision.envelope.margins.macro_f1)) continue;
    blocks.emplace_back(NoteParagraph{fmt::format(
        "What macro-F1 hides: for {} it goes from {} to {}, while accuracy changes {}.{}", own.name,
        fixed(base->macro_f1, 3), fixed(own.macro_f1, 3), join(parts), limited_mark(input))});
  }
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
    seen.push_back(fmt::format("{} {} points ({})", delta.recipe, points(delta.delta), delta.verdict));
  }
  if (seen.empty()) return {};
  return fmt::format("{} is weakest in {} (accuracy {} at {}), and there: {}", model, weakest->name,
                     fixed(weakest->accuracy, 3), input.reference_recipe, join(seen));
}

// Lee et al. (2025) expect damage where a model was weak before: said with what was seen there, not as a
// fact.
std::string weakness_sentence(const NoteInput& input, const std::vector<std::string>& models) {
  std::vector<std::string> parts;
  for (const std::string& model : models) {
    const std::string part = at_weakest_tier(input, model);
    if (!part.empty()) parts.push_back(part);
  }
  if (parts.empty()) return {};
  return fmt::format(
      "Quantization is reported to magnify what a model is already bad at (Lee et al., 2025). {}.",
      join(parts, "; "));
}

// Do the models pay for a precision in the same place? The largest loss of each, as a point estimate.
std::string cross_model_sentence(const NoteInput& input, const std::vector<std::string>& models) {
  if (models.size() < 2) return {};
  std::vector<std::string> recipes;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    const bool known_recipe = std::find(recipes.begin(), recipes.end(), delta.recipe) != recipes.end();
    if (delta.recipe != "fp32" && !known_recipe) recipes.push_back(delta.recipe);
  }
  std::vector<std::string> clauses;
  for (const std::string& recipe : recipes) {
    std::vector<std::string> parts;
    for (const std::string& model : models) {
      const NoteTierDelta* worst = nullptr;
      for (const NoteTierDelta& delta : input.tier_deltas) {
        if (delta.model != model || delta.recipe != recipe || delta.tier == "all") continue;
        if (worst == nullptr || delta.delta < worst->delta) worst = &delta;
      }
      if (worst == nullptr) continue;
      parts.push_back(points(worst->delta).starts_with("−")
                          ? fmt::format("{} loses most in {} ({} points, {} lost and {} gained of {}, {})",
                                        model, worst->tier, points(worst->delta), count(worst->lost),
                                        count(worst->gained), count(worst->examples), worst->verdict)
                          : fmt::format("{} loses nothing that shows", model));
    }
    if (parts.size() > 1) clauses.push_back(fmt::format("at {} {}", recipe, join(parts)));
  }
  if (clauses.empty()) return {};
  return fmt::format("Side by side, {}.", join(clauses, "; "));
}

// The named class that moves most, in predictions and not in percent alone.
std::string named_class_sentence(const NoteInput& input) {
  const NoteNamedClass* moved = nullptr;
  const NoteNamedClass* from = nullptr;
  for (const NoteNamedClass& base : input.named_classes) {
    if (base.recipe != input.reference_recipe || !base.accuracy) continue;
    for (const NoteNamedClass& row : input.named_classes) {
      if (row.model != base.model || row.label != base.label || row.recipe == base.recipe || !row.accuracy)
        continue;
      if (moved != nullptr &&
          !(std::abs(*row.accuracy - *base.accuracy) > std::abs(*moved->accuracy - *from->accuracy))) {
        continue;
      }
      moved = &row;
      from = &base;
    }
  }
  if (moved == nullptr) return {};
  const double change = *moved->accuracy - *from->accuracy;
  const auto predictions = std::lround(std::abs(change) * static_cast<double>(moved->examples));
  if (predictions == 0) return "None of the named classes changes its accuracy at any precision.";
  return fmt::format(
      "Of the named classes {}{} moves most: on {}, from {} at {} to {} at {}. That is {} prediction{} of "
      "{}, {}.",
      moved->label, moved->tier.empty() ? "" : fmt::format(" ({})", moved->tier), moved->model,
      fixed(from->accuracy, 3), from->recipe, fixed(moved->accuracy, 3), moved->recipe, predictions,
      predictions == 1 ? "" : "s", count(moved->examples),
      predictions < 20 ? "an anecdote and not a finding" : "net of those that went the other way");
}

// A class and a model in a row, the precisions across: a trajectory reads from left to right.
NoteTable named_class_table(const NoteInput& input) {
  NoteTable table;
  table.caption =
      "Named classes followed across the precisions: accuracy, and in brackets the mean probability of the "
      "true "
      "class before temperature.";
  table.header = {"class", "tier", "model", "n"};
  table.text_columns = 3;
  std::vector<std::string> recipes;
  std::vector<std::pair<std::string, std::string>> keys;  // label, model
  for (const NoteNamedClass& row : input.named_classes) {
    if (std::find(recipes.begin(), recipes.end(), row.recipe) == recipes.end()) recipes.push_back(row.recipe);
    const std::pair key{row.label, row.model};
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  table.header.insert(table.header.end(), recipes.begin(), recipes.end());
  for (const auto& [label, model] : keys) {
    std::vector<std::string> cells(4 + recipes.size(), "–");
    for (const NoteNamedClass& row : input.named_classes) {
      if (row.label != label || row.model != model) continue;
      const auto recipe = std::find(recipes.begin(), recipes.end(), row.recipe) - recipes.begin();
      cells[0] = label;
      cells[1] = row.tier.empty() ? "–" : row.tier;
      cells[2] = model;
      cells[3] = count(row.examples);
      cells[4 + static_cast<std::size_t>(recipe)] =
          fmt::format("{} ({})", fixed(row.accuracy, 3), fixed(row.true_class_probability, 3));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace

void damage_section(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(NoteHeading{2, "2. Where the damage lands"});
  if (input.tier_deltas.empty()) {
    blocks.emplace_back(NoteParagraph{
        "No tiers were compared: this needs the predictions of a baseline and of a compressed run."});
    return;
  }
  NoteTable table;
  table.caption =
      std::string(
          "Change of accuracy against the same model's baseline, paired by example. Lost: right to wrong; "
          "gained: wrong to right. Size: negligible when the whole interval lies within ±") +
      fmt::format("{:.1f} percentage points.", 100.0 * input.decision.envelope.margins.macro_f1);
  table.header = {"configuration",         "run",          "tier", "verdict", "size", "n",
                  "change, points [95 %]", "lost / gained"};
  const bool with_tests = std::any_of(input.tier_deltas.begin(), input.tier_deltas.end(),
                                      [](const NoteTierDelta& delta) { return delta.holm_p.has_value(); });
  if (with_tests) {
    table.caption +=
        " p: McNemar's mid-p, corrected by Holm over all comparisons of this note. R: how likely another "
        "split of the same size shows the same sign. Established needs p < 0.05 and R ≥ 0.8; directional "
        "only "
        "an interval without zero.";
    table.header.insert(table.header.end(), {"p", "R"});
  }
  table.text_columns = 5;
  std::vector<std::string> models;
  for (const NoteTierDelta& delta : input.tier_deltas) {
    if (std::find(models.begin(), models.end(), delta.model) == models.end()) models.push_back(delta.model);
    table.rows.push_back(
        {delta.model + " " + delta.recipe, short_key(delta.run_key), tier_text(delta), delta.verdict,
         delta.materiality, count(delta.examples),
         fmt::format("{} [{}, {}]", points(delta.delta), points(delta.low), points(delta.high)),
         fmt::format("{} / {}", count(delta.lost), count(delta.gained))});
    if (with_tests) {
      table.rows.back().push_back(probability(delta.holm_p));
      table.rows.back().push_back(fixed(delta.replication, 2));
    }
  }
  blocks.emplace_back(std::move(table));
  blocks.emplace_back(
      NoteFigure{"tier-deltas",
                 "Change of accuracy per tier with 95 % intervals and, at the right, the predictions "
                 "behind it. Filled: established; hollow: not.",
                 tier_forest_svg(input.tier_deltas)});
  for (const std::string& model : models) {
    blocks.emplace_back(NoteParagraph{pattern_sentence(input.tier_deltas, model) +
                                      shape_sentence(input, model) + limited_mark(input)});
  }
  for (const std::string& sentence :
       {cross_model_sentence(input, models), weakness_sentence(input, models), blind_sentence(input)}) {
    if (!sentence.empty()) blocks.emplace_back(NoteParagraph{sentence + limited_mark(input)});
  }
  hidden_losses(input, blocks);
  if (input.named_classes.empty()) return;
  blocks.emplace_back(named_class_table(input));
  const std::string moved = named_class_sentence(input);
  if (!moved.empty()) blocks.emplace_back(NoteParagraph{moved + limited_mark(input)});
}

}  // namespace quantier::note_internal
