// Named classes followed across the precisions: table, figure and the sentence that reads them.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "quantier/note/damage_words.h"
#include "quantier/note/figures.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

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
  std::string belief;
  if (from->true_class_probability && moved->true_class_probability) {
    belief = fmt::format(" The mean probability of the true class goes from {} to {}.",
                         fixed(from->true_class_probability, 3), fixed(moved->true_class_probability, 3));
  }
  return fmt::format(
      "Of the named classes {}{} moves most: on {}, from {} at {} to {} at {}. That is {} prediction{} of "
      "{}, {}.{}",
      moved->label, moved->tier.empty() ? "" : fmt::format(" ({})", moved->tier), moved->model,
      fixed(from->accuracy, 3), from->recipe, fixed(moved->accuracy, 3), moved->recipe, predictions,
      predictions == 1 ? "" : "s", count(moved->examples),
      predictions < 20 ? "an anecdote and not a finding" : "net of those that went the other way", belief);
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

std::string figure_caption(const NoteInput& input) {
  std::string caption =
      "Named classes over the precisions: accuracy with its 95 % interval (Wilson) at the left, mean "
      "probability of the true class before temperature at the right; n: examples of the class. Where the "
      "intervals overlap, a rise or fall is no finding.";
  const std::size_t drawn = trajectory_classes(input.named_classes).size();
  std::vector<std::string> all;
  for (const NoteNamedClass& row : input.named_classes) {
    if (std::find(all.begin(), all.end(), row.label) == all.end()) all.push_back(row.label);
  }
  if (all.size() > drawn) caption += fmt::format(" The first {} of {}.", drawn, all.size());
  return caption;
}

}  // namespace

void named_class_blocks(const NoteInput& input, Blocks& blocks) {
  if (input.named_classes.empty()) return;
  blocks.emplace_back(named_class_table(input));
  const std::string moved = named_class_sentence(input);
  if (!moved.empty()) blocks.emplace_back(NoteParagraph{moved + limited_mark(input)});
  blocks.emplace_back(NoteFigure{"trajectories", figure_caption(input), trajectory_svg(input.named_classes)});
}

}  // namespace quantier::note_internal
