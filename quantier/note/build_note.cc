#include <fmt/format.h>

#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier {
namespace note_internal {
std::string limited_mark(const NoteInput& input) {
  return input.limited.empty() ? std::string() : fmt::format(" [limited: {}]", input.limited);
}

void appendix_section(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(NoteHeading{2, "Appendix: protocol and provenance"});
  NoteTable table;
  table.caption = "How these numbers were made.";
  table.header = {"what", "value"};
  table.text_columns = 2;
  for (const auto& [what, value] : input.appendix) table.rows.push_back({what, value});
  for (const NoteNoiseFloor& floor : input.noise_floor) {
    table.rows.push_back(
        {fmt::format("noise floor, {} {}", floor.model, floor.recipe),
         fmt::format("{}: {} examples, largest change of a logit {:.3g}, {} flips (run {})", floor.what,
                     floor.examples, floor.max_abs_logit_difference, floor.flips, short_key(floor.run_key))});
  }
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
