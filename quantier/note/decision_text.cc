#include "quantier/note/decision_text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/note/decision_words.h"
#include "quantier/note/held_out_words.h"
#include "quantier/note/words.h"

namespace quantier {
namespace {

using note_internal::value_text;
using note_internal::visible;

using Row = std::vector<std::string>;

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = "  ";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - columns(row[i]), ' ');
      const bool words = i == 0 || i + 1 == row.size();
      line += (i == 0 ? "" : "  ") + (words ? row[i] + padding : padding + row[i]);
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + "\n";
  }
  return text;
}

const char* outcome_word(const Constraint& constraint, const Check& check) {
  switch (check.outcome) {
    case CheckOutcome::kPass:
      return "met";
    case CheckOutcome::kFail:
      return constraint.hard ? "violated" : "missed";
    case CheckOutcome::kUnknown:
      return "not shown";
  }
  return "not shown";
}

// Signed, in the unit of the value.
std::string headroom_text(const Constraint& constraint, const Check& check) {
  if (!check.value) return "–";
  const std::string size = value_text(constraint, std::abs(check.headroom));
  const std::string_view plain = size.starts_with('+') ? std::string_view(size).substr(1) : size;
  return fmt::format("{}{}", check.headroom < 0.0 ? "−" : "+", plain);
}

std::string constraint_table(const Decision& decision, std::size_t c) {
  const Constraint& constraint = decision.constraints[c];
  const ConstraintSummary& summary = decision.summaries[c];
  std::string title = visible(note_internal::limit_text(constraint));
  if (!constraint.basis.empty() && constraint.basis != "stated" && !constraint.no_worse_than) {
    title += fmt::format(" (from {})", visible(constraint.basis));
  }
  if (summary.binding) title += "   BINDING";
  if (decision.tightest == c) title += "   TIGHT";
  std::vector<Row> rows = {{"", "value", "95 % interval", "to the bound", "P(met)", ""}};
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    const Check& check = decision.checks[i].checks[c];
    std::string interval = "–";
    if (check.interval) {
      interval = fmt::format("[{}, {}]", value_text(constraint, check.interval->low),
                             value_text(constraint, check.interval->high));
    }
    rows.push_back(
        {visible(decision.candidates[i].name), check.value ? value_text(constraint, *check.value) : "–",
         interval, headroom_text(constraint, check),
         check.probability ? note_internal::probability(*check.probability) : "–",
         fmt::format("{}{}", outcome_word(constraint, check), check.within_margin ? ", near" : "")});
  }
  return title + "\n" + aligned(rows);
}

std::string overview(const Decision& decision) {
  std::vector<Row> rows = {{"", "macro-F1", "ms/example", "memory", "ECE", "P(all limits)", "P(chosen)", ""}};
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    const Candidate& candidate = decision.candidates[i];
    const std::string failed = note_internal::limits_not_passed(decision, i);
    const auto& all = decision.checks[i].probability;
    rows.push_back(
        {visible(candidate.name), note_internal::fixed(candidate.macro_f1, 3),
         note_internal::milliseconds(candidate.ms_per_example), note_internal::memory(candidate.memory_bytes),
         note_internal::fixed(candidate.ece, 3), all ? note_internal::probability(*all) : "–",
         decision.stability ? note_internal::probability(decision.stability->chosen_share[i]) : "–",
         decision.chosen == i ? "CHOSEN" : (failed.empty() ? "passes" : visible(failed))});
  }
  return aligned(rows);
}

void add(std::string& text, const std::string& sentence) {
  if (!sentence.empty()) text += visible(sentence) + "\n";
}

// A bound of an answer to "when": "ECE from 0.069".
std::string range_text(const Constraint& constraint, double from, double to) {
  const std::string what = note_internal::short_name(constraint);
  const char* side = constraint.upper ? "ceiling" : "floor";
  if (!std::isfinite(from) && !std::isfinite(to)) return fmt::format("any {} {}", what, side);
  const std::string low = std::isfinite(from) ? value_text(constraint, from) : std::string();
  const std::string high = std::isfinite(to) ? value_text(constraint, to) : std::string();
  // An upper bound counts from its value on, a lower one up to its value.
  if (high.empty())
    return fmt::format("the {} {} {}", what, side, constraint.upper ? low + " or above" : "above " + low);
  if (low.empty())
    return fmt::format("the {} {} {}", what, side, constraint.upper ? "below " + high : high + " or below");
  return constraint.upper ? fmt::format("the {} ceiling from {} to below {}", what, low, high)
                          : fmt::format("the {} floor above {} and up to {}", what, low, high);
}

}  // namespace

std::string decision_text(const Decision& decision) {
  using namespace note_internal;
  std::string text;
  add(text, temperature_sentence(decision));
  add(text, choice_sentence(decision));
  add(text, stability_sentence(decision));
  add(text, choice_quality_sentence(decision));
  text += "\n" + overview(decision) + "\n";
  if (decision.held_out) {
    const NoteTable table = held_out_table(decision);
    std::vector<Row> rows = {table.header};
    rows.insert(rows.end(), table.rows.begin(), table.rows.end());
    for (Row& row : rows) {
      row.erase(row.begin() + 1);  // the run: its key stands in the JSON
      for (std::string& cell : row) cell = visible(cell);
    }
    text += aligned(rows) + "\n";
  }
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) text += constraint_table(decision, c) + "\n";
  add(text, binding_sentence(decision));
  for (const std::string& missing : missing_evidence(decision)) add(text, "Missing: " + missing);
  add(text, runner_up_sentence(decision));
  add(text, macro_f1_alone_sentence(decision));
  add(text, points_alone_sentence(decision));
  add(text, relaxation_advice(decision));
  for (const std::string& point : breakpoint_sentences(decision)) add(text, "What would change it: " + point);
  for (const std::string& sentence : axis_frontier_sentences(decision)) add(text, sentence);
  add(text, prior_sentence(decision));
  add(text, margins_sentence(decision));
  return text;
}

std::string when_text(const Decision& decision, const WhenAnswer& answer) {
  const std::string who = visible(decision.candidates[answer.candidate].name);
  std::string text;
  if (answer.is_choice) text += fmt::format("{} is the choice here.\n", who);
  for (const Breakpoints& points : answer.alone) {
    const Constraint& constraint = decision.constraints[points.constraint];
    for (const BoundRange& range : points.ranges) {
      text += fmt::format("{} is the choice with {}, the other limits as they stand.\n", who,
                          range_text(constraint, range.from, range.to));
    }
  }
  if (answer.alone.empty() && !answer.is_choice) {
    text += fmt::format("No single limit, moved alone, makes {} the choice.\n", who);
  }
  if (!answer.together.empty()) {
    std::vector<std::string> bounds;
    for (const WhenAnswer::Bound& bound : answer.together) {
      Constraint constraint;
      constraint.kind = bound.metric.kind;
      constraint.metric = bound.metric;
      constraint.upper = bound.upper;
      bounds.push_back(range_text(constraint, bound.from, bound.to));
    }
    text +=
        fmt::format("With every limit at its own numbers {} is the choice; of these each alone may be: {}.\n",
                    who, note_internal::join(bounds, "; "));
  }
  if (!answer.loses_to.empty()) {
    text += fmt::format(
        "No limits on these metrics make {} the choice: {} meets any that it meets, and is "
        "preferred.\n",
        who, visible(note_internal::names(decision, answer.loses_to)));
  }
  if (!answer.dominated_by.empty()) {
    text +=
        fmt::format("It is dominated by {}.\n", visible(note_internal::names(decision, answer.dominated_by)));
  }
  return text;
}

}  // namespace quantier
