#include "quantier/note/reported.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr std::string_view kAbsent = "–";
constexpr const char* kChange = "change of accuracy";

// What to put beside the table; said in full once, above the other gaps.
constexpr const char* kLogits =
    "the logits of every example with their labels, in an npz beside the table (arrays MODEL_RECIPE_logits "
    "and "
    "labels, as notebooks save them), for which FOLDER stands here";
constexpr const char* kTheSame = "the same logits";

std::string import_command(const NoteInput& input) {
  const std::string& device = input.reported->device;
  return fmt::format("quantier note --from FOLDER --device \"{}\" --out STORE",
                     device.empty() ? "DEVICE" : device);
}

std::string cell(const NoteReportedConfiguration& row, const char* what,
                 const std::optional<NoteStated>& value, std::string_view unit = "") {
  if (!value) return std::string(kAbsent);
  return Cites(row.model, row.recipe, "")(what, "", stated_text(*value) + std::string(unit), value->source);
}

bool any(const std::vector<NoteReportedConfiguration>& rows,
         std::optional<NoteStated> NoteReportedConfiguration::* member) {
  return std::ranges::any_of(rows, [&](const auto& row) { return (row.*member).has_value(); });
}

struct Column {
  const char* header;
  const char* what;  // as `quantier explain` names it
  std::optional<NoteStated> NoteReportedConfiguration::* member;
  const char* unit;
};
constexpr Column kColumns[] = {
    {"accuracy", "accuracy", &NoteReportedConfiguration::accuracy, ""},
    {"macro-F1", "macro-f1", &NoteReportedConfiguration::macro_f1, ""},
    {"ms/example", "time", &NoteReportedConfiguration::ms_per_example, ""},
    {"peak memory", "memory", &NoteReportedConfiguration::memory_gb, " GB"},
    {"ECE before temperature", "ece-raw", &NoteReportedConfiguration::ece_before, ""},
    {"T", "temperature", &NoteReportedConfiguration::temperature, ""},
    {"ECE after temperature", "ece", &NoteReportedConfiguration::ece_after, ""}};

NoteTable table_of(const NoteInput& input, const std::vector<Column>& columns, std::string caption) {
  NoteTable table;
  table.caption = std::move(caption);
  table.header = {"configuration"};
  const auto& rows = input.reported->configurations;
  for (const Column& column : columns) {
    if (any(rows, column.member)) table.header.emplace_back(column.header);
  }
  const Decision& decision = input.decision;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string name = rows[i].display();
    if (decision.chosen && decision.candidates[*decision.chosen].name == name) table.marked_row = i;
    std::vector<std::string> cells = {name};
    for (const Column& column : columns) {
      if (any(rows, column.member))
        cells.push_back(cell(rows[i], column.what, rows[i].*column.member, column.unit));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string change_text(const NoteReportedPart& part) {
  std::string text = points(part.value.value);
  if (part.low && part.high) text += fmt::format(" [{}, {}]", points(*part.low), points(*part.high));
  return cite({part.finding, "", "", part.value.source}, text);
}

// "encoder int4 in head (−2.8 [−4.1, −1.2])".
std::vector<std::string> changes_beyond_zero(const NoteInput& input, bool losses) {
  std::vector<std::string> parts;
  std::vector<std::string> seen;  // stated twice, in two files: once is enough in a sentence
  for (const NoteReportedPart& part : input.reported->parts) {
    if (part.quantity != kChange || !part.low || !part.high || part.tier.empty()) continue;
    if (losses ? !(*part.high < 0.0) : !(*part.low > 0.0)) continue;
    const std::string where = fmt::format("{} in {}", part.display(), part.tier);
    if (std::ranges::find(seen, where) != seen.end()) continue;
    seen.push_back(where);
    parts.push_back(fmt::format("{} ({})", where, change_text(part)));
  }
  return parts;
}

void tier_changes(const NoteInput& input, Blocks& blocks) {
  NoteTable table;
  table.caption =
      "Change of accuracy in a tier against the baseline, in percentage points, as the files state it, with "
      "the interval that they state. No verdict stands here: how it was drawn is not known.";
  table.header = {"configuration", "tier", "n", "change, points [as stated]"};
  table.text_columns = 2;
  bool unnamed = false;
  for (const NoteReportedPart& part : input.reported->parts) {
    if (part.quantity != kChange) continue;
    unnamed = unnamed || part.recipe.empty();
    table.rows.push_back(
        {part.display(), part.tier.empty() ? std::string(kAbsent) : part.tier,
         part.n ? cite({part.finding, "n", "", part.value.source}, count(static_cast<std::size_t>(*part.n)))
                : std::string(kAbsent),
         change_text(part)});
  }
  if (table.rows.empty()) return;
  if (unnamed) table.caption += " A model alone: its file does not say at which recipe.";
  blocks.emplace_back(std::move(table));
  const std::vector<std::string> lost = changes_beyond_zero(input, true);
  const std::vector<std::string> gained = changes_beyond_zero(input, false);
  std::string text;
  if (lost.empty() && gained.empty()) {
    text = "Every stated interval holds zero.";
  } else {
    std::vector<std::string> parts;
    if (!lost.empty()) parts.push_back("below it for " + join(lost));
    if (!gained.empty()) parts.push_back("above it for " + join(gained));
    text = fmt::format("By the stated intervals zero lies outside: {}.", join(parts, "; "));
  }
  blocks.emplace_back(NoteParagraph{
      text +
      " That is a hint and no finding: the flips behind it and a correction for reading so many "
      "intervals are missing."});
}

void class_values(const NoteInput& input, Blocks& blocks) {
  NoteTable table;
  table.caption = "Classes that were followed by name, as the files state them.";
  table.header = {"class", "configuration", "what", "n", "value"};
  table.text_columns = 3;
  for (const NoteReportedPart& part : input.reported->parts) {
    if (part.label.empty() || part.quantity == kChange) continue;
    table.rows.push_back(
        {part.label, part.display(), part.quantity,
         part.n ? cite({part.finding, "n", "", part.value.source}, count(static_cast<std::size_t>(*part.n)))
                : std::string(kAbsent),
         cite({part.finding, "", "", part.value.source}, fixed(part.value.value, 3))});
  }
  if (!table.rows.empty()) blocks.emplace_back(std::move(table));
}

// "encoder from 0.038–0.062 to 0.027–0.040".
std::string recovery_sentence(const NoteInput& input) {
  std::vector<std::string> models;
  for (const auto& row : input.reported->configurations) {
    if (std::ranges::find(models, row.model) == models.end()) models.push_back(row.model);
  }
  std::vector<std::string> parts;
  for (const std::string& model : models) {
    CitedExtent before;
    CitedExtent after;
    for (const auto& row : input.reported->configurations) {
      if (row.model != model || !row.ece_before || !row.ece_after) continue;
      before.add(row.ece_before->value, cell(row, "ece-raw", row.ece_before));
      after.add(row.ece_after->value, cell(row, "ece", row.ece_after));
    }
    if (std::isfinite(before.low) && std::isfinite(after.low))
      parts.push_back(fmt::format("{} from {} to {}", model, before.text("–"), after.text("–")));
  }
  if (parts.empty()) return {};
  return fmt::format("As stated, one temperature takes the ECE of {}.", join(parts));
}

std::string ceiling_sentence(const Decision& decision) {
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (decision.constraints[c].kind != ConstraintKind::kEce) continue;
    const std::vector<std::size_t>& failed = decision.summaries[c].failed_by;
    return failed.empty()
               ? fmt::format("No configuration exceeds the ceiling, {}.", limit_text(decision.constraints[c]))
               : fmt::format("The ceiling ({}) keeps out {}.", limit_text(decision.constraints[c]),
                             names(decision, failed));
  }
  return {};
}

}  // namespace

bool table_only(const NoteInput& input) { return input.reported && input.reported->only; }

std::string stated_text(const NoteStated& value) {
  constexpr int kMostDecimals = 4;
  const int decimals = std::clamp(value.decimals.value_or(kMostDecimals), 0, kMostDecimals);
  return fixed(value.value, decimals);
}

void reported_configurations(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(
      table_of(input, {std::begin(kColumns), std::end(kColumns)},
               fmt::format("Every configuration as the files state it; the choice in bold. Reported values: "
                           "nothing was run or computed again here. {}",
                           input.reported->device.empty()
                               ? "No device is declared, so time and memory pass no limit."
                               : fmt::format("Time and memory are of {}.", input.reported->device))));
}

void reported_elsewhere(const NoteInput& input, Blocks& blocks) {
  if (!input.reported || input.reported->only || input.reported->configurations.empty()) return;
  blocks.emplace_back(
      table_of(input, {std::begin(kColumns), std::end(kColumns)},
               "Reported, not run here: configurations of which the files state numbers and hold no "
               "predictions. They stand in no comparison, on no frontier and in no choice of this note."));
  std::vector<std::string> who;
  for (const auto& row : input.reported->configurations) who.push_back(row.display());
  blocks.emplace_back(NoteAbsence{fmt::format("whether {} would be the choice", join(who, ", ")), kLogits,
                                  import_command(input)});
}

void frontier_absence(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(NoteAbsence{
      "intervals of macro-F1, how likely each configuration is to stand on the frontier, and where "
      "its time and memory go",
      kLogits, import_command(input)});
}

void reported_damage(const NoteInput& input, Blocks& blocks) {
  tier_changes(input, blocks);
  class_values(input, blocks);
  blocks.emplace_back(
      NoteAbsence{"which answers flipped, in which tier and class, with intervals and a verdict", kTheSame,
                  import_command(input)});
}

void reported_calibration(const NoteInput& input, Blocks& blocks) {
  const auto& rows = input.reported->configurations;
  if (any(rows, &NoteReportedConfiguration::ece_before) || any(rows, &NoteReportedConfiguration::ece_after)) {
    std::vector<Column> columns;
    for (const Column& column : kColumns) {
      const std::string_view what = column.what;
      if (what == "ece" || what == "ece-raw" || what == "temperature") columns.push_back(column);
    }
    blocks.emplace_back(
        table_of(input, columns, "Calibration error and temperature as the files state them."));
    std::string text = recovery_sentence(input);
    for (const std::string& more :
         {ceiling_sentence(input.decision),
          std::string(
              "How long the temperature was fitted, and on which examples, a table does not say: a fit "
              "that stops early leaves an error that a finished one takes away, so an ECE near a "
              "ceiling says as much about the fit as about the model.")}) {
      if (!more.empty()) text += (text.empty() ? "" : " ") + more;
    }
    blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
  }
  blocks.emplace_back(NoteAbsence{
      "the ECE at a converged and cross-fitted temperature, reliability curves and what a gate on confidence "
      "lets through",
      kTheSame, import_command(input)});
}

void decision_absence(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(NoteAbsence{
      "how sure the choice is: the probability of each limit and of the same choice on resampled data",
      kTheSame, import_command(input)});
}

std::string stated_losses_sentence(const NoteInput& input) {
  if (!table_only(input)) return {};
  const std::vector<std::string> lost = changes_beyond_zero(input, true);
  if (lost.empty()) return {};
  return fmt::format("What the average hides: a stated interval lies below zero for {}.", join(lost));
}

std::string logits_experiment(const NoteInput& input) {
  if (!table_only(input)) return {};
  return "the logits behind these numbers, over the same examples, which would give every difference its "
         "interval "
         "and every temperature its optimum";
}

}  // namespace quantier::note_internal
