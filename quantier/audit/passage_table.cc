// Tables: every cell with its row, its column, the caption and the unit that any of them names.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "quantier/audit/cutter.h"
#include "quantier/audit/grammar.h"
#include "quantier/audit/header_unit.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

// Of the kinds that the row itself does not name.
void append_missing(std::vector<Mention>& texts, const std::vector<Mention>& group) {
  std::vector<Mention> more;
  for (const Mention& each : group) {
    if (std::ranges::none_of(texts, [&](const Mention& other) { return other.kind == each.kind; }))
      more.push_back(each);
  }
  append(texts, more);
}

}  // namespace

bool Cutter::has_digits(const std::string& cell) const {
  return std::ranges::any_of(numbers_in(cell, commas_),
                             [](const WrittenNumber& each) { return !each.in_words; });
}
bool Cutter::has_number(const TableRow& row) const {
  return std::ranges::any_of(row.cells, [&](const std::string& cell) { return has_digits(cell); });
}

// "M ≤ 50", "macro-F1 >= 0.58": a metric with its bound names what stands behind it in the row.
bool Cutter::is_requirement(const std::string& cell) const {
  const std::vector<Mention> mentions = words_.mentions(cell);
  const bool metric = std::ranges::any_of(
      mentions, [](const Mention& each) { return each.kind == MentionKind::kMetric && each.begin == 0; });
  return metric &&
         std::ranges::any_of(std::initializer_list<std::string_view>{"≤", "≥", "<", ">"},
                             [&](std::string_view sign) { return cell.find(sign) != std::string::npos; });
}

// How many cells of a row come before its first number; at least one.
std::size_t Cutter::label_columns(const TableRow& row) const {
  std::size_t count = 1;
  while (count < row.cells.size() && (!has_digits(row.cells[count]) || is_requirement(row.cells[count])))
    ++count;
  return count;
}

// What a cell of a table names, abbreviations and all.
std::vector<Mention> Cutter::names_in(const TextBlock& block, std::size_t r, std::size_t c) const {
  const std::string& text = block.rows[r].cells[c];
  std::vector<Mention> mentions = words_.mentions(text);
  const std::string tier = words_.cell_tier(text);
  if (!tier.empty() && abbreviates_tiers(block, r, c)) {
    std::erase_if(mentions, [](const Mention& each) { return each.kind == MentionKind::kMetric; });
    mentions.push_back({.kind = MentionKind::kTier, .means = {tier}, .begin = 0, .end = text.size()});
  }
  // A column of bits: "16", "8", "4".
  if (r >= block.header_rows && block.header_rows > 0 && c < block.rows.front().cells.size()) {
    const std::string recipe = words_.cell_recipe(block.rows.front().cells[c], text);
    if (!recipe.empty())
      mentions.push_back({.kind = MentionKind::kRecipe, .means = {recipe}, .begin = 0, .end = text.size()});
  }
  return mentions;
}

// "H", "rare": tiers only beside others of their kind, in the same row or column.
bool Cutter::abbreviates_tiers(const TextBlock& block, std::size_t r, std::size_t c) const {
  std::vector<std::string> seen;
  const auto add = [&](const std::string& text) {
    const std::string tier = words_.cell_tier(text);
    if (!tier.empty() && std::ranges::find(seen, tier) == seen.end()) seen.push_back(tier);
  };
  for (const std::string& cell : block.rows[r].cells) add(cell);
  if (seen.size() >= 2) return true;
  seen.clear();
  for (const TableRow& row : block.rows) {
    if (c < row.cells.size()) add(row.cells[c]);
  }
  return seen.size() >= 2;
}

// The corner of a table may name whose numbers all of it holds: "demo-encoder | fp16 | int8 | int4".
std::vector<Mention> Cutter::corner_names(const TextBlock& block) const {
  std::vector<Mention> names = names_in(block, 0, 0);
  std::erase_if(names, [&](const Mention& each) {
    if (each.kind != MentionKind::kModel && each.kind != MentionKind::kRecipe) return true;
    for (std::size_t c = 1; c < block.rows.front().cells.size(); ++c) {
      if (!said(names_in(block, 0, c), each.kind).empty()) return true;
    }
    return false;
  });
  return names;
}

void Cutter::table(const TextBlock& block) {
  const std::vector<std::string> no_header;
  const std::vector<std::string>& header = block.header_rows > 0 ? block.rows.front().cells : no_header;
  for (std::size_t c = 0; c < header.size(); ++c) {
    Passage made = passage(PassageKind::kHeaderCell, header[c], block.rows.front().place);
    made.lead_in = lead_in_;
    made.column = c;
    made.row_text = fmt::format("{}", fmt::join(header, " | "));
    passages_.push_back(std::move(made));
  }
  std::vector<Mention> group;  // of a row that only names what follows
  group_text_.clear();
  std::vector<Mention> first_cell;  // of the last row whose first cell was filled
  for (std::size_t r = block.header_rows; r < block.rows.size(); ++r) {
    const TableRow& row = block.rows[r];
    if (row.spanning) {
      group = group_of(row, group);
      continue;
    }
    std::vector<Mention> texts;
    const std::size_t labels = label_columns(row);
    for (std::size_t c = 0; c < row.cells.size(); ++c) {
      std::vector<Mention> mentions = names_in(block, r, c);
      // What a cell of prose names is what its own sentences speak of.
      if (is_prose(row.cells[c])) mentions.clear();
      if (c == 0 && !row.cells[c].empty()) first_cell = mentions;
      // A verdict behind the numbers ("fails ECE") says nothing of what they are.
      std::erase_if(mentions,
                    [&](const Mention& each) { return c >= labels && each.kind == MentionKind::kMetric; });
      append(texts, mentions);
    }
    const auto filled =
        std::ranges::count_if(row.cells, [](const std::string& cell) { return !cell.empty(); });
    if (filled == 1 && !has_number(row)) {
      group = texts;
      continue;
    }
    if (!row.cells.empty() && row.cells.front().empty()) append(texts, first_cell);
    append_missing(texts, group);
    if (!header.empty()) append_missing(texts, corner_names(block));
    ++prose_rows_;
    for (std::size_t c = 0; c < row.cells.size(); ++c) {
      cell(block, row, r, c, header, texts);
    }
  }
  lead_in_.clear();
}

// More than one sentence.
bool Cutter::is_prose(const std::string& cell) { return sentences_of(cell).size() > 1; }

// A cell over the whole table says once what the rows below it hold; "the same" again what the one before it
// said. What it compares with is nobody's of whom they are.
std::vector<Mention> Cutter::group_of(const TableRow& row, const std::vector<Mention>& before) {
  const std::string& text = row.cells.front();
  Passage made = passage(PassageKind::kSentence, text, row.place);
  made.lead_in = lead_in_;
  made.row_text = text;
  std::vector<Mention> group = made.mentions;
  std::erase_if(group, [&](const Mention& recipe) {
    return recipe.kind == MentionKind::kRecipe && std::ranges::any_of(group, [&](const Mention& word) {
             return word.kind == MentionKind::kWord && word.means.front() == "comparison" &&
                    word.end <= recipe.begin && recipe.begin - word.end <= 8;
           });
  });
  passages_.push_back(std::move(made));
  if (lowered(text).find("the same ") == std::string::npos) {
    group_text_ = text;
  } else {
    append_missing(group, before);
  }
  return group;
}

void Cutter::cell(const TextBlock& block, const TableRow& row, std::size_t r, std::size_t c,
                  const std::vector<std::string>& header, const std::vector<Mention>& texts) {
  if (row.cells[c].empty()) return;
  // What stands under or beside the name of a model is its own, sentence or not.
  const auto names_somebody = [](const std::vector<Mention>& mentions) {
    return !said(mentions, MentionKind::kModel).empty() || !said(mentions, MentionKind::kRecipe).empty();
  };
  if (is_prose(row.cells[c]) && !names_somebody(texts) &&
      !(c < header.size() && names_somebody(words_.mentions(header[c])))) {
    prose_cell(block, row, r, c, header, texts);
    return;
  }
  for (const std::string& part : sentences_of(row.cells[c])) cell_part(block, row, r, c, header, texts, part);
}

// A cell of several sentences is a paragraph: each follows those before it, and the labels of its row.
void Cutter::prose_cell(const TextBlock& block, const TableRow& row, std::size_t r, std::size_t c,
                        const std::vector<std::string>& header, const std::vector<Mention>& texts) {
  std::vector<Mention> before = texts;
  if (c < header.size()) append(before, words_.mentions(header[c]));
  // What a label judges is no word of the sentences.
  std::erase_if(before, [](const Mention& each) { return each.kind == MentionKind::kWord; });
  std::string said_before;
  for (std::string& sentence : sentences_of(row.cells[c])) {
    Passage made =
        passage(PassageKind::kSentence, std::move(sentence), row.place.line > 0 ? row.place : block.place);
    made.block = note_.blocks.size() + prose_rows_;
    made.row = r;
    made.column = c;
    made.before = before;
    made.lead_in = lead_in_;
    made.around_text = said_before;
    made.group_text = group_text_;
    said_before += made.text + " ";
    append(before, made.mentions);
    passages_.push_back(std::move(made));
  }
}

void Cutter::cell_part(const TextBlock& block, const TableRow& row, std::size_t r, std::size_t c,
                       const std::vector<std::string>& header, const std::vector<Mention>& texts,
                       const std::string& text) {
  Passage made = passage(PassageKind::kCell, text, row.place.line > 0 ? row.place : block.place);
  if (!words_.cell_recipe(c < header.size() ? header[c] : std::string(), row.cells[c]).empty())
    made.numbers.clear();
  std::vector<TextReference> own;
  for (const TextReference& each : row.references) {
    if (each.column == c) own.push_back(each);
  }
  std::span<const TextReference> references(own);
  refer(made, references);
  made.row = r;
  made.column = c;
  made.row_mentions = texts;
  made.lead_in = lead_in_;
  made.row_text = fmt::format("{}", fmt::join(row.cells, " | "));
  made.group_text = group_text_;
  // What a risk, a question or an assumption says is not claimed.
  if (c < header.size()) {
    const std::string head = lowered(header[c]);
    for (const std::string_view word : {"risk", "question", "hypothes", "concern", "assum", "trigger"})
      made.of_conditions = made.of_conditions || head.find(word) != std::string::npos;
  }
  made.around_text = group_text_.empty() ? lead_text_ : lead_text_ + " " + group_text_;
  if (c < header.size()) read_column(block, c, header, made);
  for (std::size_t label = 0;
       label < std::min(label_columns(row), c) && made.column_unit == WrittenUnit::kNone; ++label) {
    read_unit(words_.spelled_out(row.cells[label]), made);
  }
  if (made.column_unit == WrittenUnit::kNone) read_unit(group_text_, made);
  if (made.column_unit == WrittenUnit::kNone) read_caption_unit(made);
  passages_.push_back(std::move(made));
}

// What the head of its column says, and where that says no metric, the corner of the table or the column to
// its left.
void Cutter::read_column(const TextBlock& block, std::size_t c, const std::vector<std::string>& header,
                         Passage& made) const {
  made.column_text = header[c];
  made.column_mentions = names_in(block, 0, c);
  // "head (n 3,502)", "head, n = 3,502": how many there are, not what the column holds.
  const std::size_t bracket = header[c].find('(');
  std::erase_if(made.column_mentions, [&](const Mention& each) {
    if (each.kind != MentionKind::kMetric || !counts_things(each)) return false;
    const std::size_t next = header[c].find_first_not_of(" =:", each.end);
    const bool told = next != std::string::npos && next > each.end &&
                      std::isdigit(static_cast<unsigned char>(header[c][next])) != 0;
    return each.begin > bracket || told;
  });
  read_unit(words_.spelled_out(header[c]), made);
  made.metric_text = header[c];
  made.metric_mentions = made.column_mentions;
  // The corner of a table may say what all of it is: "ECE | before | after".
  const std::string label = lowered(made.row_text.substr(0, made.row_text.find(" | ")));
  const bool own_label = label == "temperature" || label == "t";  // "ECE | ..." over a row of temperatures
  if (c > 0 && !own_label && said(made.column_mentions, MentionKind::kMetric).empty()) {
    // "tier (n)" counts its own rows.
    made.metric_text = header.front().substr(0, header.front().find('('));
    made.metric_mentions = words_.mentions(made.metric_text);
    if (made.column_unit == WrittenUnit::kNone) read_unit(header.front(), made);
    for (const Mention& each : made.metric_mentions) {
      if (each.kind == MentionKind::kMetric) made.column_mentions.push_back(each);
    }
  }
  // An interval without a name of its own is that of the column to its left.
  const bool own_name = !said(made.column_mentions, MentionKind::kFit).empty();
  for (std::size_t left = c;
       !own_name && left > 0 && said(made.column_mentions, MentionKind::kMetric).empty(); --left) {
    const bool interval = says(words_.mentions(header[left]), "interval");
    if (!interval) break;
    append(made.column_mentions, words_.mentions(header[left - 1]));
    if (made.column_unit == WrittenUnit::kNone) read_unit(header[left - 1], made);
  }
}

// The paragraph before a table, or the heading above it, may say once for all that changes are in points. A
// column of something else (an error, a count, a time) is not meant.
void Cutter::read_caption_unit(Passage& made) const {
  const auto is_change = [](const std::vector<Mention>& mentions) {
    return std::ranges::all_of(mentions, [](const Mention& each) {
      return each.kind != MentionKind::kMetric ||
             std::ranges::find(each.means, "accuracy_change") != each.means.end();
    });
  };
  if (!is_change(made.column_mentions) || !is_change(made.row_mentions)) return;
  for (const std::string* text : {&lead_text_, &heading_text_}) {
    Passage caption;
    read_unit(*text, caption);
    if (caption.column_unit != WrittenUnit::kPoints) continue;
    made.column_unit = caption.column_unit;
    made.column_scale = caption.column_scale;
    return;
  }
}

}  // namespace quantier::audit_internal
