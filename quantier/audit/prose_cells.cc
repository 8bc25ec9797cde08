#include "quantier/audit/prose_cells.h"

#include <cctype>

#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {

std::optional<Passage> sentence_in_cell(const Passage& cell) {
  // A shorter one is a label or a verdict.
  constexpr std::size_t kFewestWords = 6;
  if (cell.kind != PassageKind::kCell || cell.text.empty()) return std::nullopt;
  std::size_t words = 0;
  for (std::size_t at = 0; at < cell.text.size(); ++at) {
    const bool letter = std::isalpha(static_cast<unsigned char>(cell.text[at])) != 0;
    if (letter && (at == 0 || !is_word(cell.text[at - 1]))) ++words;
  }
  constexpr std::size_t kSurelySentence = 9;
  if (words < kFewestWords || (!cell.text.ends_with('.') && words < kSurelySentence)) return std::nullopt;
  Passage sentence = cell;
  sentence.kind = PassageKind::kSentence;
  sentence.before.clear();
  for (const std::vector<Mention>* list : {&cell.column_mentions, &cell.row_mentions}) {
    for (const Mention& each : *list) {
      if (each.kind != MentionKind::kWord) sentence.before.push_back(each);
    }
  }
  return sentence;
}

}  // namespace quantier::audit_internal
