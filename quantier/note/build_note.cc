#include <fmt/format.h>

#include "quantier/decide/compare.h"
#include "quantier/note/figures.h"
#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier {
namespace note_internal {
namespace {

// Smaller and faster is what compression promises; where a precision is neither, the reader is told.
std::string broken_promises(const Decision& decision) {
  using decide_internal::compare_cost;
  using decide_internal::known;
  const Margins& margins = decision.envelope.margins;
  std::vector<std::string> broken;
  bool int8_slower = false;
  for (const Candidate& base : decision.candidates) {
    if (base.recipe != "fp16") continue;
    for (const Candidate& other : decision.candidates) {
      if (other.model != base.model || other.recipe == base.recipe) continue;
      const auto ms = known(other.ms_per_example);
      const auto base_ms = known(base.ms_per_example);
      const auto bytes = known(other.memory_bytes);
      const auto base_bytes = known(base.memory_bytes);
      std::vector<std::string> ways;
      if (ms && base_ms && compare_cost(*ms, *base_ms, margins.latency_fraction) < 0) {
        int8_slower = int8_slower || other.recipe.find("int8") != std::string::npos;
        ways.push_back(fmt::format("slower ({} against {} ms/example)", fixed(ms, 2), fixed(base_ms, 2)));
      }
      if (bytes && base_bytes && compare_cost(*bytes, *base_bytes, margins.memory_fraction) < 0) {
        ways.push_back(fmt::format("larger ({} against {})", memory(bytes), memory(base_bytes)));
      }
      if (!ways.empty()) broken.push_back(fmt::format("{} is {}", other.name, join(ways)));
    }
  }
  if (broken.empty()) return {};
  return fmt::format(
      "Compression does not pay everywhere. Against fp16 of the same model, {}. This belongs to these "
      "kernels on this "
      "machine{}. What other hardware or another stack would show is unknown here, not measured.",
      join(broken),
      int8_slower ? "; Dettmers et al. (2022) themselves report LLM.int8() as slower below 6.7 B parameters"
                  : "");
}

}  // namespace

std::string limited_mark(const NoteInput& input) {
  return input.limited.empty() ? std::string() : fmt::format(" [limited: {}]", input.limited);
}

void frontier_section(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  blocks.emplace_back(NoteHeading{2, "1. Accuracy-efficiency frontier"});
  NoteTable table;
  table.caption = fmt::format("Every configuration on {}. ECE is cross-fitted, after temperature.",
                              decision.envelope.device.empty() ? "this machine" : decision.envelope.device);
  table.header = {"configuration", "run", "macro-F1", "ms/example", "memory", "ECE"};
  table.text_columns = 2;
  for (const Candidate& candidate : decision.candidates) {
    table.rows.push_back({candidate.name, short_key(candidate.run_key), fixed(candidate.macro_f1, 3),
                          fixed(candidate.ms_per_example, 2), memory(candidate.memory_bytes),
                          fixed(candidate.ece, 3)});
  }
  blocks.emplace_back(std::move(table));
  for (const Frontier* frontier : {&decision.latency_frontier, &decision.memory_frontier}) {
    const bool latency = frontier->cost == FrontierCost::kLatency;
    const char* axis = latency ? "latency" : "memory";
    const char* verb = latency ? "faster" : "smaller";
    std::vector<std::size_t> members;
    std::vector<std::string> remarks;
    std::vector<std::size_t> missing;
    for (const FrontierPoint& point : frontier->points) {
      const std::string& own = decision.candidates[point.candidate].name;
      switch (point.status) {
        case FrontierStatus::kMember:
          members.push_back(point.candidate);
          break;
        case FrontierStatus::kMemberByTie:
          remarks.push_back(
              fmt::format("{} is on the line only by a difference inside the margin, against {}", own,
                          name(decision, point.by)));
          break;
        case FrontierStatus::kTied:
          remarks.push_back(fmt::format("{} ties with {}", own, name(decision, point.by)));
          break;
        case FrontierStatus::kDominated:
          remarks.push_back(fmt::format("{} is dominated by {}", own, name(decision, point.by)));
          break;
        case FrontierStatus::kNotMeasured:
          missing.push_back(point.candidate);
          break;
      }
    }
    std::string text = members.empty()
                           ? fmt::format("No configuration stands out on macro-F1 against {}.", axis)
                           : fmt::format(
                                 "On macro-F1 against {}, {} form{} the frontier: nothing else is both {} "
                                 "and at least as accurate.",
                                 axis, names(decision, members), members.size() == 1 ? "s" : "", verb);
    if (!remarks.empty()) text += fmt::format(" Of the others, {}.", join(remarks));
    if (!missing.empty()) text += fmt::format(" Not measured on this axis: {}.", names(decision, missing));
    blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
    blocks.emplace_back(
        NoteFigure{fmt::format("frontier-{}", axis),
                   fmt::format("Macro-F1 against {}. Filled: on the frontier (dashed line). Hollow: "
                               "dominated or tied.",
                               axis),
                   frontier_svg(decision, *frontier)});
  }
  for (const CleanSweep& sweep : decision.sweeps) {
    blocks.emplace_back(NoteParagraph{
        fmt::format("Said plainly: {} beats every {} configuration on quality, size and speed at once.{}",
                    decision.candidates[sweep.by].name, sweep.loser_model, limited_mark(input))});
  }
  const std::string broken = broken_promises(decision);
  if (!broken.empty()) blocks.emplace_back(NoteParagraph{broken + limited_mark(input)});
  if (!input.hardware_caveat.empty()) blocks.emplace_back(NoteParagraph{input.hardware_caveat});
}

void calibration_section(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(NoteHeading{2, "3. Calibration under compression"});
  if (input.calibration.empty()) {
    blocks.emplace_back(
        NoteParagraph{"No calibration was measured: without logits there is no temperature to fit."});
    return;
  }
  NoteTable table;
  table.caption =
      "ECE before and after one temperature. In-sample: fitted and read on the same examples, and so "
      "optimistic. Cross-fitted: fitted on the other half; this one is compared with the ceiling.";
  table.header = {"configuration", "run",          "raw",          "T",
                  "in-sample",     "cross-fitted", "kept at gate", "accuracy there"};
  table.text_columns = 2;
  for (const NoteCalibration& row : input.calibration) {
    const std::string kept =
        row.gate_share ? fmt::format("{:.1f} % ≥ {:g}", 100.0 * *row.gate_share, row.gate) : std::string("–");
    table.rows.push_back({row.model + " " + row.recipe, short_key(row.run_key), fixed(row.ece_raw, 3),
                          fixed(row.temperature, 3), fixed(row.ece_in_sample, 3),
                          fixed(row.ece_cross_fitted, 3), kept, fixed(row.gate_accuracy, 3)});
  }
  blocks.emplace_back(std::move(table));
  std::vector<std::string> better;
  std::vector<std::string> not_better;
  for (const NoteCalibration& row : input.calibration) {
    if (!row.ece_raw || !row.ece_cross_fitted) continue;
    (*row.ece_cross_fitted < *row.ece_raw ? better : not_better)
        .push_back(fmt::format("{} {} ({} to {})", row.model, row.recipe, fixed(row.ece_raw, 3),
                               fixed(row.ece_cross_fitted, 3)));
  }
  std::string text;
  if (!better.empty())
    text += fmt::format("On examples it was not fitted on, the temperature lowers ECE for {}.", join(better));
  if (!not_better.empty()) text += fmt::format(" It does not for {}.", join(not_better));
  text +=
      " What is left matters to a service that acts on confidence: the gate columns say how many examples it "
      "would "
      "pass, and how many of those are right.";
  blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
  blocks.emplace_back(NoteFigure{
      "reliability",
      "Accuracy against confidence, before and after temperature; the dotted line is perfect calibration.",
      reliability_svg(input.calibration)});
}

void appendix_section(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(NoteHeading{2, "Appendix: protocol and provenance"});
  NoteTable table;
  table.caption = "How these numbers were made.";
  table.header = {"what", "value"};
  table.text_columns = 2;
  for (const auto& [what, value] : input.appendix) table.rows.push_back({what, value});
  for (const Candidate& candidate : input.decision.candidates) {
    table.rows.push_back({"run key, " + candidate.name, candidate.run_key.empty() ? "–" : candidate.run_key});
  }
  for (const std::string& remark : input.plan_remarks) table.rows.push_back({"executed plan", remark});
  const Margins& margins = input.decision.envelope.margins;
  table.rows.push_back({"margins", fmt::format("macro-F1 {:g}, latency {:g} %, memory {:g} %, ECE {:g}",
                                               margins.macro_f1, 100.0 * margins.latency_fraction,
                                               100.0 * margins.memory_fraction, margins.ece)});
  blocks.emplace_back(std::move(table));
}

}  // namespace note_internal

NoteDocument build_note(const NoteInput& input) {
  NoteDocument document;
  document.title = input.title.empty() ? "Which configuration to ship" : input.title;
  auto& blocks = document.blocks;
  std::string setting = input.dataset;
  if (!input.stack.empty()) setting += (setting.empty() ? "" : "; ") + input.stack;
  if (!setting.empty()) blocks.emplace_back(NoteParagraph{setting + "."});
  if (!input.limited.empty()) {
    blocks.emplace_back(NoteParagraph{
        fmt::format("This run saw only {}. Every finding below is marked and holds for that part alone.",
                    input.limited)});
  }
  blocks.emplace_back(NoteParagraph{
      note_internal::choice_sentence(input.decision) + note_internal::limited_mark(input), true});
  note_internal::frontier_section(input, blocks);
  note_internal::damage_section(input, blocks);
  note_internal::calibration_section(input, blocks);
  note_internal::decision_section(input, blocks);
  note_internal::prior_section(input, blocks);
  note_internal::appendix_section(input, blocks);
  return document;
}

}  // namespace quantier
