#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/figures.h"
#include "quantier/note/literature.h"
#include "quantier/note/reported.h"
#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

std::string raw_text(const NoteCalibration& row) {
  return cites_of(row)("ece-raw", "", fixed(row.ece_raw, 3));
}
std::string scaled_text(const NoteCalibration& row) {
  return cites_of(row)("ece", "", fixed(row.ece_cross_fitted, 3));
}

// What one scalar gives back on examples that it was not fitted on, model by model.
std::string recovery_sentence(const NoteInput& input) {
  std::vector<std::string> models;
  for (const NoteCalibration& row : input.calibration) {
    if (std::find(models.begin(), models.end(), row.model) == models.end()) models.push_back(row.model);
  }
  std::vector<std::string> better;
  std::vector<std::string> not_better;
  for (const std::string& model : models) {
    CitedExtent raw;
    CitedExtent scaled;
    std::size_t precisions = 0;
    for (const NoteCalibration& row : input.calibration) {
      if (row.model != model || !row.ece_raw || !row.ece_cross_fitted) continue;
      if (!(*row.ece_cross_fitted < *row.ece_raw)) {
        not_better.push_back(
            fmt::format("{} {} ({} to {})", row.model, row.recipe, raw_text(row), scaled_text(row)));
        continue;
      }
      raw.add(*row.ece_raw, raw_text(row));
      scaled.add(*row.ece_cross_fitted, scaled_text(row));
      ++precisions;
    }
    if (precisions == 0) continue;
    const std::string where = precisions == 1 ? "" : fmt::format(" over {} precisions", precisions);
    better.push_back(fmt::format("{} from {} to {}{}", model, raw.text("–"), scaled.text("–"), where));
  }
  std::string text;
  if (!better.empty()) {
    text =
        fmt::format("On examples it was not fitted on, one temperature brings the ECE of {}.", join(better));
  }
  if (!not_better.empty()) {
    text += fmt::format("{}It does not help {}.", text.empty() ? "" : " ", join(not_better));
  }
  return text;
}

std::string cross_fitted_text(const NoteCalibration& row) {
  std::string text = fixed(row.ece_cross_fitted, 3);
  if (row.ece_low && row.ece_high)
    text += fmt::format(" [{}, {}]", fixed(row.ece_low, 3), fixed(row.ece_high, 3));
  return cites_of(row)("ece", "", text);
}

// What that means to the ceiling, when there is one.
std::string ceiling_sentence(const NoteInput& input) {
  const Decision& decision = input.decision;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (decision.constraints[c].kind != ConstraintKind::kEce) continue;
    const std::vector<std::size_t>& failed = decision.summaries[c].failed_by;
    return failed.empty()
               ? fmt::format("No configuration exceeds the ceiling, {}.", limit_text(decision.constraints[c]))
               : fmt::format("Even scaled, the ceiling ({}) keeps out {}.",
                             limit_text(decision.constraints[c]), names(decision, failed));
  }
  return {};
}

std::string signed_ece(double value) {
  std::string text = fixed(std::abs(value), 3);
  if (text == "0.000") return text;
  return (value < 0.0 ? "−" : "+") + text;
}

std::string signed_interval(double value, double low, double high) {
  return fmt::format("{} [{}, {}]", signed_ece(value), signed_ece(low), signed_ece(high));
}

// Does compression cost calibration that a temperature does not give back?
std::string residual_sentence(const NoteInput& input) {
  std::vector<std::string> same;
  std::vector<std::string> different;
  std::vector<std::string> open;
  for (const NoteResidual& row : input.residuals) {
    const std::string own = row.model + " " + row.recipe;
    if (row.size == "negligible") {
      same.push_back(own);
    } else if (row.resolved) {
      different.push_back(own);
    } else {
      open.push_back(own);
    }
  }
  if (same.empty() && different.empty() && open.empty()) return {};
  std::vector<std::string> parts;
  if (!same.empty()) parts.push_back(fmt::format("equivalent for {}", join(same)));
  if (!different.empty()) parts.push_back(fmt::format("different for {}", join(different)));
  if (!open.empty())
    parts.push_back(fmt::format("neither shown equivalent nor different for {}", join(open)));
  return fmt::format("Against {} of the same model, within a margin of {:g}, what is left after it is {}.",
                     input.reference_recipe, input.decision.envelope.margins.ece, join(parts, "; "));
}

// Of the ECE after temperature, paired; a dash for the reference itself.
std::string residual_cell(const NoteInput& input, const NoteCalibration& of) {
  for (const NoteResidual& row : input.residuals) {
    if (row.model != of.model || row.recipe != of.recipe) continue;
    return cites_of(row)("ece-residual", "", signed_interval(row.difference, row.low, row.high));
  }
  return "–";
}

// May the temperature stay when the precision changes?
std::string reuse_sentence(const NoteInput& input) {
  const NoteResidual* worst = nullptr;
  for (const NoteResidual& row : input.residuals) {
    if (worst == nullptr || row.reuse_cost > worst->reuse_cost) worst = &row;
  }
  if (worst == nullptr) return {};
  return fmt::format(
      "Keeping the temperature of {} instead of fitting one for each precision would cost at most {} of ECE "
      "({} {}).",
      worst->baseline,
      cites_of(*worst)("ece-residual", "cost of reuse",
                       signed_interval(worst->reuse_cost, worst->reuse_low, worst->reuse_high)),
      worst->model, worst->recipe);
}

// What calibration means to a service that answers by itself only when it is sure.
std::string gate_sentence(const NoteInput& input) {
  if (!input.decision.chosen) return {};
  const Candidate& chosen = input.decision.candidates[*input.decision.chosen];
  for (const NoteCalibration& row : input.calibration) {
    if (row.model != chosen.model || row.recipe != chosen.recipe) continue;
    if (!row.gate_share || !row.gate_accuracy) return {};
    return fmt::format(
        "Deployed with its temperature of {} and a gate at confidence {:g}, {} would answer {} of the "
        "examples by itself and be right in {} of these.",
        cites_of(row)("temperature", "", fixed(row.temperature, 2)), row.gate, chosen.name,
        cites_of(row)("gate", "", fmt::format("{:.1f} %", 100.0 * *row.gate_share)),
        cites_of(row)("gate", "accuracy", fmt::format("{:.1f} %", 100.0 * *row.gate_accuracy)));
  }
  return {};
}

}  // namespace

void calibration_section(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(NoteHeading{2, "3. Calibration under compression"});
  if (table_only(input)) return reported_calibration(input, blocks);
  if (input.calibration.empty()) {
    blocks.emplace_back(
        NoteParagraph{"No calibration was measured: without logits there is no temperature to fit."});
    return;
  }
  NoteTable table;
  table.caption =
      "ECE before and after one temperature. In-sample: fitted and read on the same examples, and so "
      "optimistic. Cross-fitted: fitted on the other half; this one is compared with the ceiling. Confident: "
      "the "
      "share of examples that a gate at this confidence lets through after temperature.";
  table.header = {"configuration",
                  "run",
                  "raw",
                  "T",
                  "in-sample",
                  "cross-fitted [95 %]",
                  fmt::format("minus {}'s [95 %]", input.reference_recipe),
                  fmt::format("confident ≥ {:g}", input.calibration.front().gate),
                  "accuracy there"};
  table.text_columns = 2;
  for (std::size_t i = 0; i < input.calibration.size(); ++i) {
    const NoteCalibration& row = input.calibration[i];
    const auto& chosen = input.decision.chosen;
    if (chosen && input.decision.candidates[*chosen].name == row.model + " " + row.recipe) {
      table.marked_row = i;
    }
    const std::string kept =
        row.gate_share ? fmt::format("{:.1f} %", 100.0 * *row.gate_share) : std::string("–");
    const Cites cites = cites_of(row);
    table.rows.push_back({row.model + " " + row.recipe, short_key(row.run_key), raw_text(row),
                          cites("temperature", "", fixed(row.temperature, 3)),
                          cites("temperature", "ECE in sample", fixed(row.ece_in_sample, 3)),
                          cross_fitted_text(row), residual_cell(input, row), cites("gate", "", kept),
                          cites("gate", "accuracy", fixed(row.gate_accuracy, 3))});
  }
  blocks.emplace_back(std::move(table));
  std::string text = recovery_sentence(input);
  for (const std::string& more :
       {cited_for(input, LiteratureFinding::kTemperatureRecovers),
        cited_for(input, LiteratureFinding::kTemperatureFails), residual_sentence(input),
        reuse_sentence(input), ceiling_sentence(input), gate_sentence(input)}) {
    if (!more.empty()) text += (text.empty() ? "" : " ") + more;
  }
  if (!text.empty()) blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
  blocks.emplace_back(NoteFigure{"reliability",
                                 "Accuracy against confidence, before and after temperature; the area of a "
                                 "dot is the share of examples, the "
                                 "dashed line perfect calibration.",
                                 reliability_svg(input.calibration)});
  const bool with_gates = std::any_of(input.calibration.begin(), input.calibration.end(),
                                      [](const NoteCalibration& row) { return !row.gates.empty(); });
  if (!with_gates) return;
  blocks.emplace_back(
      NoteFigure{"gates",
                 "What a gate on confidence lets through after temperature, and how often that is right; "
                 "bars: 95 % intervals of the first precision, which the others share in width.",
                 gate_svg(input.calibration)});
}

}  // namespace quantier::note_internal
