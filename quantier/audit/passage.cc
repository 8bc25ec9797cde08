#include "quantier/audit/passage.h"

#include <algorithm>
#include <cctype>
#include <span>

#include <fmt/format.h>

#include "quantier/audit/cutter.h"
#include "quantier/audit/per_many.h"
#include "quantier/audit/word_forms.h"

namespace quantier {
namespace audit_internal {

std::vector<Passage> Cutter::run() {
  std::string all;
  for (const TextBlock& block : note_.blocks) {
    all += block.text + "\n";
    for (const TableRow& row : block.rows) all += fmt::format("{}\n", fmt::join(row.cells, " | "));
  }
  commas_ = writes_decimal_commas(all);
  for (std::size_t b = 0; b < note_.blocks.size(); ++b) {
    const TextBlock& block = note_.blocks[b];
    block_ = b;
    switch (block.kind) {
      case BlockKind::kHeading:
        heading(block);
        break;
      case BlockKind::kParagraph:
      case BlockKind::kItem:
        sentences(block);
        break;
      case BlockKind::kTable:
        table(block);
        break;
    }
  }
  tell_order_of_pairs();
  return std::move(passages_);
}

// The first passage that says it without pairs of its own speaks for the whole note.
void Cutter::tell_order_of_pairs() {
  for (const Passage& each : passages_) {
    const std::vector<std::string> order = order_of_pairs(each);
    if (order.empty() ||
        std::ranges::any_of(each.numbers, [](const WrittenNumber& n) { return n.pair != 0; }))
      continue;
    for (Passage& passage : passages_) passage.pair_order = order;
    return;
  }
}

namespace {

// "When do we talk again?", "What would change my mind": what follows are conditions, not claims.
bool asks_for_conditions(std::string_view heading) {
  const std::string text = " " + lowered(heading);
  if (text.find(" would ") != std::string::npos) return true;
  return text.ends_with('?') &&
         (text.find(" when ") != std::string::npos || text.find(" under what ") != std::string::npos);
}

}  // namespace

Passage Cutter::passage(PassageKind kind, std::string text, NotePlace place) const {
  Passage made;
  made.kind = kind;
  made.mentions = words_.mentions(text);
  made.numbers = numbers_in(text, commas_);
  if (kind != PassageKind::kSentence) std::erase_if(made.numbers, &WrittenNumber::in_words);
  // "class 011" is a name.
  std::erase_if(made.numbers, [&](const WrittenNumber& number) {
    return std::ranges::any_of(made.mentions, [&](const Mention& each) {
      const bool name = each.kind == MentionKind::kLabel || each.kind == MentionKind::kModel ||
                        each.kind == MentionKind::kRecipe;
      return name && number.begin < each.end && each.begin < number.end;
    });
  });
  made.text = std::move(text);
  made.place = place;
  made.block = block_;
  made.section = section_;
  made.appendix = appendix_level_ > 0;
  made.provenance = made.appendix && provenance_;
  for (const auto& [level, mentions] : headings_) append(made.heading, mentions);
  made.of_conditions = asks_for_conditions(heading_text_);
  return made;
}

// Numbers inside of a text that says where it comes from. What the passage does not hold is left to the next.
void Cutter::refer(Passage& made, std::span<const TextReference>& references) {
  for (std::size_t at = 0; !references.empty();) {
    at = made.text.find(references.front().text, at);
    if (at == std::string::npos) return;
    const std::size_t end = at + references.front().text.size();
    for (WrittenNumber& number : made.numbers) {
      if (number.begin >= at && number.begin < end) number.finding = references.front().finding;
    }
    at = end;
    references = references.subspan(1);
  }
}

void Cutter::heading(const TextBlock& block) {
  ++section_;
  std::erase_if(headings_, [&](const auto& each) { return each.first >= block.level; });
  if (appendix_level_ >= block.level) appendix_level_ = 0;
  Passage made = passage(PassageKind::kHeading, block.text, block.place);
  if (appendix_level_ == 0 && says(made.mentions, "appendix")) {
    appendix_level_ = block.level;
    provenance_ = says(made.mentions, "provenance");
  }
  made.appendix = appendix_level_ > 0;
  headings_.emplace_back(block.level, made.mentions);
  lead_in_.clear();
  lead_text_ = heading_text_ = block.text;
  items_.clear();
  passages_.push_back(std::move(made));
}

void Cutter::sentences(const TextBlock& block) {
  // An item belongs to the items around it and to the paragraph that led to its list, not to the item
  // before it.
  const bool item = block.kind == BlockKind::kItem;
  std::vector<Mention> before;
  if (item) {
    std::erase_if(items_, [&](const auto& each) { return each.first >= block.level; });
    for (const auto& [level, mentions] : items_) append(before, mentions);
  } else {
    items_.clear();
    siblings_.clear();
  }
  std::vector<Mention> own;
  std::string said_before;
  std::span<const TextReference> references(block.references);
  for (std::string& sentence : sentences_of(block.text)) {
    Passage made = passage(PassageKind::kSentence, std::move(sentence), block.place);
    refer(made, references);
    divide_among(examples_together(said_before + made.text), made.numbers);
    made.before = before;
    made.lead_in = lead_in_;
    made.siblings = siblings_;
    made.around_text = said_before;
    said_before += made.text + " ";
    append(before, made.mentions);
    append(own, made.mentions);
    passages_.push_back(std::move(made));
  }
  if (item) {
    // The first item may say once in which order all of them tell the precisions.
    if (said(siblings_, MentionKind::kRecipe).empty() && !said(own, MentionKind::kRecipe).empty())
      siblings_ = own;
    items_.emplace_back(block.level, std::move(own));
  } else {
    lead_in_ = std::move(own);
    lead_text_ = block.text;
  }
}

}  // namespace audit_internal

std::vector<std::string> order_of_pairs(const Passage& passage) {
  constexpr std::size_t kReach = 12;
  const Mention* last = nullptr;
  for (const Mention& each : passage.mentions) {
    const bool counts = each.kind == MentionKind::kMetric && each.means.size() == 1 &&
                        (each.means.front() == "lost" || each.means.front() == "gained");
    if (!counts) continue;
    const bool beside = last != nullptr && last->means != each.means && each.begin >= last->end &&
                        each.begin - last->end <= kReach;
    // "29 gained and 30 lost" tells two numbers, and no order.
    if (beside && passage.text.substr(last->end, each.begin - last->end).find_first_of("0123456789") ==
                      std::string::npos)
      return {last->means.front(), each.means.front()};
    last = &each;
  }
  return {};
}

std::string Passage::quote() const {
  if (kind != PassageKind::kCell) return text;
  std::string text_of_row =
      column_text.empty() ? row_text : fmt::format("{} (column \"{}\")", row_text, column_text);
  return group_text.empty() ? text_of_row : fmt::format("{} (under \"{}\")", text_of_row, group_text);
}

std::vector<Passage> passages_of(const NoteText& note, const Vocabulary& words) {
  return audit_internal::Cutter(note, words).run();
}

bool says(const std::vector<Mention>& mentions, std::string_view word) {
  return std::ranges::any_of(mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kWord && each.means.front() == word;
  });
}

std::vector<std::string> said(const std::vector<Mention>& mentions, MentionKind kind) {
  std::vector<std::string> values;
  for (const Mention& each : mentions) {
    if (each.kind != kind) continue;
    for (const std::string& value : each.means) {
      if (std::ranges::find(values, value) == values.end()) values.push_back(value);
    }
  }
  return values;
}

}  // namespace quantier
