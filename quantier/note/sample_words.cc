// What other calibration texts move: the sentence, and the table behind it.
#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/damage_words.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

std::string cited_sample(const NoteSampleSpread& row, const char* field, const std::string& text) {
  return cites_of(row)("calibration-samples", field, text);
}

std::string extent_text(const NoteExtent& extent) { return range(extent.least, extent.most, 3); }

std::string counts(const NoteExtent& extent) {
  const auto whole = [](double number) { return count(static_cast<std::size_t>(number)); };
  const std::string least = whole(extent.least);
  return extent.least == extent.most ? least : fmt::format("{} to {}", least, whole(extent.most));
}

}  // namespace

std::string samples_sentence(const NoteInput& input) {
  const NoteSampleSpread* widest = nullptr;
  for (const NoteSampleSpread& row : input.sample_spreads) {
    if (widest == nullptr ||
        row.macro_f1.most - row.macro_f1.least > widest->macro_f1.most - widest->macro_f1.least)
      widest = &row;
  }
  if (widest == nullptr) return {};
  std::string text =
      fmt::format("Other calibration texts move {} {}{}: over {} samples of them macro-F1 is {}",
                  widest->model, widest->recipe, input.sample_spreads.size() > 1 ? " most" : "",
                  widest->samples, cited_sample(*widest, "macro-F1", extent_text(widest->macro_f1)));
  if (widest->ece) text += fmt::format(", ECE {}", cited_sample(*widest, "ECE", extent_text(*widest->ece)));
  if (widest->flips) {
    text += fmt::format(", and {} of {} predictions differ from those at {}",
                        cited_sample(*widest, "flips", counts(*widest->flips)), count(widest->examples),
                        widest->baseline);
  }
  return fmt::format(
      "{}; two samples differ from each other in up to {}. What this note decides by is the first sample's "
      "alone, "
      "and "
      "no interval in it has this chance in it.",
      text, cited_sample(*widest, "between", count(widest->most_between)));
}

NoteTable samples_table(const NoteInput& input) {
  NoteTable table;
  table.caption =
      "Calibrated again with other texts: the least and the most over the samples that were drawn, the first "
      "of which everything else is about. Accuracy by tier; flips: predictions that differ from the same "
      "model's baseline; between: predictions in which two samples differ, at most.";
  table.header = {"configuration", "run", "samples", "macro-F1", "accuracy"};
  table.header.insert(table.header.end(), input.tier_names.begin(), input.tier_names.end());
  table.header.insert(table.header.end(), {"ECE", "flips", "between"});
  table.text_columns = 2;
  for (const NoteSampleSpread& row : input.sample_spreads) {
    std::vector<std::string> cells = {row.model + " " + row.recipe, short_key(row.run_key),
                                      count(row.samples),
                                      cited_sample(row, "macro-F1", extent_text(row.macro_f1)),
                                      cited_sample(row, "accuracy", extent_text(row.accuracy))};
    for (std::size_t t = 0; t < input.tier_names.size(); ++t) {
      const bool known = t < row.tier_accuracy.size() && row.tier_accuracy[t].has_value();
      cells.push_back(known ? cited_sample(row, ("tier " + input.tier_names[t]).c_str(),
                                           extent_text(*row.tier_accuracy[t]))
                            : std::string("–"));
    }
    cells.push_back(row.ece ? cited_sample(row, "ECE", extent_text(*row.ece)) : std::string("–"));
    cells.push_back(row.flips ? cited_sample(row, "flips", counts(*row.flips)) : std::string("–"));
    cells.push_back(cited_sample(row, "between", count(row.most_between)));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace quantier::note_internal
