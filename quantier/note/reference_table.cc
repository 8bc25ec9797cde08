#include "quantier/note/reference_table.h"

#include <algorithm>
#include <string>

#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

bool holds_kind(const NoteDocument& document, SentenceKind kind) {
  return std::any_of(document.blocks.begin(), document.blocks.end(), [&](const NoteBlock& block) {
    const auto* paragraph = std::get_if<NoteParagraph>(&block);
    if (paragraph == nullptr) return false;
    const std::vector<Span> spans = spans_of(paragraph->text);
    return paragraph->kind == kind ||
           std::any_of(spans.begin(), spans.end(), [&](const Span& span) { return span.kind == kind; });
  });
}

}  // namespace

std::vector<NoteBlock> reference_blocks(const NoteDocument& document,
                                        const std::vector<Reference>& references) {
  std::vector<NoteBlock> blocks;
  if (references.empty()) return blocks;
  blocks.emplace_back(NoteHeading{2, std::string(kReferencesTitle)});
  std::string how =
      "Each number is the field of a finding that `quantier explain STORE FINDING` takes apart into counts "
      "and "
      "arithmetic, or was measured in the run beside it.";
  if (holds_kind(document, SentenceKind::kModelled)) {
    how += " Sentences marked modelled come from a model of the hardware and were not measured.";
  }
  if (holds_kind(document, SentenceKind::kJudged)) how += " Sentences marked judged are somebody's decision.";
  blocks.emplace_back(NoteParagraph{how});
  NoteTable table;
  table.caption = "The figures of this note in the order in which they appear.";
  table.header = {"figure", "finding", "field", "details", "run"};
  table.text_columns = table.header.size();
  for (const Reference& reference : references) {
    table.rows.push_back(
        {join(reference.figures, "; "), reference.ref.finding.empty() ? "–" : reference.ref.finding,
         reference.ref.field.empty() ? "estimate" : reference.ref.field,
         reference.ref.detail.empty() ? "–" : reference.ref.detail, short_key(reference.ref.run_key)});
  }
  blocks.emplace_back(std::move(table));
  return blocks;
}

}  // namespace quantier::note_internal
