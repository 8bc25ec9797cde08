#include "quantier/audit/passage.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "quantier/audit/header_unit.h"

namespace quantier {
namespace {

using audit_internal::read_unit;

void append(std::vector<Mention>& to, const std::vector<Mention>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

class Cutter {
 public:
  Cutter(const NoteText& note, const Vocabulary& words) : note_(note), words_(words) {}

  std::vector<Passage> run() {
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
    return std::move(passages_);
  }

 private:
  Passage passage(PassageKind kind, std::string text, NotePlace place) const {
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
    for (const auto& [level, mentions] : headings_) append(made.heading, mentions);
    return made;
  }

  void heading(const TextBlock& block) {
    ++section_;
    std::erase_if(headings_, [&](const auto& each) { return each.first >= block.level; });
    if (appendix_level_ >= block.level) appendix_level_ = 0;
    Passage made = passage(PassageKind::kHeading, block.text, block.place);
    if (appendix_level_ == 0 && says(made.mentions, "appendix")) appendix_level_ = block.level;
    made.appendix = appendix_level_ > 0;
    headings_.emplace_back(block.level, made.mentions);
    lead_in_.clear();
    lead_text_ = block.text;
    items_.clear();
    passages_.push_back(std::move(made));
  }

  void sentences(const TextBlock& block) {
    // An item belongs to the items around it and to the paragraph that led to its list, not to the item
    // before it.
    const bool item = block.kind == BlockKind::kItem;
    std::vector<Mention> before;
    if (item) {
      std::erase_if(items_, [&](const auto& each) { return each.first >= block.level; });
      for (const auto& [level, mentions] : items_) append(before, mentions);
    } else {
      items_.clear();
    }
    std::vector<Mention> own;
    std::string said_before;
    for (std::string& sentence : sentences_of(block.text)) {
      Passage made = passage(PassageKind::kSentence, std::move(sentence), block.place);
      made.before = before;
      made.lead_in = lead_in_;
      made.around_text = said_before;
      said_before += made.text + " ";
      append(before, made.mentions);
      append(own, made.mentions);
      passages_.push_back(std::move(made));
    }
    if (item) {
      items_.emplace_back(block.level, std::move(own));
    } else {
      lead_in_ = std::move(own);
      lead_text_ = block.text;
    }
  }

  [[nodiscard]] bool has_digits(const std::string& cell) const {
    return std::ranges::any_of(numbers_in(cell, commas_),
                               [](const WrittenNumber& each) { return !each.in_words; });
  }
  [[nodiscard]] bool has_number(const TableRow& row) const {
    return std::ranges::any_of(row.cells, [&](const std::string& cell) { return has_digits(cell); });
  }

  // How many cells of a row come before its first number; at least one.
  [[nodiscard]] std::size_t label_columns(const TableRow& row) const {
    std::size_t count = 1;
    while (count < row.cells.size() && !has_digits(row.cells[count])) ++count;
    return count;
  }

  // What a cell of a table names, abbreviations and all.
  [[nodiscard]] std::vector<Mention> names_in(const TextBlock& block, std::size_t r, std::size_t c) const {
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
  [[nodiscard]] bool abbreviates_tiers(const TextBlock& block, std::size_t r, std::size_t c) const {
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

  void table(const TextBlock& block) {
    const std::vector<std::string> no_header;
    const std::vector<std::string>& header = block.header_rows > 0 ? block.rows.front().cells : no_header;
    for (std::size_t c = 0; c < header.size(); ++c) {
      Passage made = passage(PassageKind::kHeaderCell, header[c], block.rows.front().place);
      made.lead_in = lead_in_;
      made.column = c;
      made.row_text = fmt::format("{}", fmt::join(header, " | "));
      passages_.push_back(std::move(made));
    }
    std::vector<Mention> group;       // of a row that only names what follows
    std::vector<Mention> first_cell;  // of the last row whose first cell was filled
    for (std::size_t r = block.header_rows; r < block.rows.size(); ++r) {
      const TableRow& row = block.rows[r];
      std::vector<Mention> texts;
      const std::size_t labels = label_columns(row);
      for (std::size_t c = 0; c < row.cells.size(); ++c) {
        std::vector<Mention> mentions = names_in(block, r, c);
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
      for (std::size_t c = 0; c < row.cells.size(); ++c) {
        cell(block, row, r, c, header, texts);
      }
    }
    lead_in_.clear();
  }

  // Of the kinds that the row itself does not name.
  static void append_missing(std::vector<Mention>& texts, const std::vector<Mention>& group) {
    std::vector<Mention> more;
    for (const Mention& each : group) {
      if (std::ranges::none_of(texts, [&](const Mention& other) { return other.kind == each.kind; }))
        more.push_back(each);
    }
    append(texts, more);
  }

  void cell(const TextBlock& block, const TableRow& row, std::size_t r, std::size_t c,
            const std::vector<std::string>& header, const std::vector<Mention>& texts) {
    if (row.cells[c].empty()) return;
    Passage made = passage(PassageKind::kCell, row.cells[c], row.place.line > 0 ? row.place : block.place);
    if (!words_.cell_recipe(c < header.size() ? header[c] : std::string(), row.cells[c]).empty())
      made.numbers.clear();
    made.row = r;
    made.column = c;
    made.row_mentions = texts;
    made.lead_in = lead_in_;
    made.row_text = fmt::format("{}", fmt::join(row.cells, " | "));
    made.around_text = lead_text_;
    if (c < header.size()) {
      made.column_text = header[c];
      made.column_mentions = names_in(block, 0, c);
      read_unit(header[c], made);
      made.metric_text = header[c];
      made.metric_mentions = made.column_mentions;
      // The corner of a table may say what all of it is: "ECE | before | after".
      if (c > 0 && said(made.column_mentions, MentionKind::kMetric).empty()) {
        // "tier (n)" counts its own rows.
        made.metric_text = header.front().substr(0, header.front().find('('));
        made.metric_mentions = words_.mentions(made.metric_text);
        for (const Mention& each : made.metric_mentions) {
          if (each.kind == MentionKind::kMetric) made.column_mentions.push_back(each);
        }
      }
      // An interval without a name of its own is that of the column to its left.
      const bool own_name = !said(made.column_mentions, MentionKind::kFit).empty();
      for (std::size_t left = c;
           !own_name && left > 0 && said(made.column_mentions, MentionKind::kMetric).empty(); --left) {
        const bool interval = says(words_.mentions(header[left]), "convention");
        if (!interval) break;
        append(made.column_mentions, words_.mentions(header[left - 1]));
        if (made.column_unit == WrittenUnit::kNone) read_unit(header[left - 1], made);
      }
    }
    for (std::size_t label = 0;
         label < std::min(label_columns(row), c) && made.column_unit == WrittenUnit::kNone; ++label) {
      read_unit(row.cells[label], made);
    }
    // A caption may say once for all that changes are in points.
    if (made.column_unit == WrittenUnit::kNone && said(made.column_mentions, MentionKind::kMetric).empty() &&
        said(made.row_mentions, MentionKind::kMetric).empty()) {
      Passage caption;
      read_unit(lead_text_, caption);
      if (caption.column_unit == WrittenUnit::kPoints) {
        made.column_unit = caption.column_unit;
        made.column_scale = caption.column_scale;
      }
    }
    passages_.push_back(std::move(made));
  }

  const NoteText& note_;
  const Vocabulary& words_;
  std::vector<Passage> passages_;
  std::vector<std::pair<int, std::vector<Mention>>> headings_;
  std::vector<Mention> lead_in_;
  std::string lead_text_;
  bool commas_ = false;                                      // the note writes decimals with them
  std::vector<std::pair<int, std::vector<Mention>>> items_;  // around the present item, by depth
  std::size_t block_ = 0;
  std::size_t section_ = 0;
  int appendix_level_ = 0;
};

}  // namespace

std::string Passage::quote() const {
  if (kind != PassageKind::kCell) return text;
  return column_text.empty() ? row_text : fmt::format("{} (column \"{}\")", row_text, column_text);
}

std::vector<Passage> passages_of(const NoteText& note, const Vocabulary& words) {
  return Cutter(note, words).run();
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
