#include "quantier/audit/plain_table.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "quantier/audit/numbers.h"

namespace quantier::audit_internal {
namespace {

using Span = std::pair<std::size_t, std::size_t>;  // of columns of characters: begin, end

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// A line without tabs, and each sign that is longer than a byte as one: columns are counted in signs.
std::vector<std::string> signs_of(std::string_view line) {
  std::vector<std::string> signs;
  constexpr std::size_t kTab = 8;
  for (std::size_t at = 0; at < line.size();) {
    const auto byte = static_cast<unsigned char>(line[at]);
    if (byte == '\t') {
      do {
        signs.emplace_back(" ");
      } while (signs.size() % kTab != 0);
      ++at;
      continue;
    }
    std::size_t size = 1;
    while (at + size < line.size() && (static_cast<unsigned char>(line[at + size]) & 0xC0U) == 0x80U) ++size;
    signs.emplace_back(byte < 0x20 ? " " : line.substr(at, size));
    at += size;
  }
  while (!signs.empty() && signs.back() == " ") signs.pop_back();
  return signs;
}

struct Line {
  std::vector<std::string> signs;
  std::size_t number = 0;  // from 0, in the text

  [[nodiscard]] bool blank(std::size_t at) const { return at >= signs.size() || signs[at] == " "; }
  [[nodiscard]] std::string text(std::size_t begin, std::size_t end) const {
    std::string out;
    for (std::size_t at = begin; at < std::min(end, signs.size()); ++at) out += signs[at];
    return normalised(out);
  }
  [[nodiscard]] std::string all() const { return text(0, signs.size()); }
  [[nodiscard]] bool has_digit() const {
    return std::ranges::any_of(signs, [](const std::string& each) { return is_digit(each.front()); });
  }
  // "----- -----", "=====", "+---+".
  [[nodiscard]] bool is_rule() const {
    return signs.size() > 2 && std::ranges::all_of(signs, [](const std::string& each) {
             return each == " " || each == "-" || each == "=" || each == "+" || each == "|" || each == "─";
           });
  }
};

// Whether what stands there is a number by itself: "0.653", "-0.03", "43.3".
bool is_number(std::string_view cell) {
  return std::ranges::any_of(cell, is_digit) && std::ranges::none_of(cell, [](char c) {
           return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '[' || c == '(';
         });
}

bool opens_bracket(std::string_view cell) {
  return std::ranges::count_if(cell, [](char c) { return c == '[' || c == '('; }) >
         std::ranges::count_if(cell, [](char c) { return c == ']' || c == ')'; });
}

// Where every line is blank. A gap of one sign parts only a number from what stands before it, and nothing
// within brackets.
std::vector<Span> columns_of(const std::vector<Line>& rows) {
  std::size_t width = 0;
  for (const Line& row : rows) width = std::max(width, row.signs.size());
  std::vector<Span> columns;
  const auto blank = [&](std::size_t at) {
    return std::ranges::all_of(rows, [&](const Line& row) { return row.blank(at); });
  };
  for (std::size_t at = 0; at < width;) {
    if (blank(at)) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < width && !blank(end)) ++end;
    const auto joins = [&](const Line& row) {
      if (columns.empty()) return false;
      const std::string left = row.text(columns.back().first, columns.back().second);
      if (opens_bracket(left)) return true;
      // "-0.18 to +0.11" is one thing, and so is "85.3 / 79.0".
      for (const std::string_view range : {" to", " ..", " ...", " –", " …", " /"}) {
        if (left.ends_with(range)) return true;
      }
      return at - columns.back().second == 1 && !is_number(row.text(at, end));
    };
    if (std::ranges::any_of(rows, joins)) {
      columns.back().second = end;
    } else {
      columns.emplace_back(at, end);
    }
    at = end;
  }
  return columns;
}

std::vector<std::string> words_of(const Line& line, std::size_t least_gap) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.signs.size();) {
    if (line.blank(at)) {
      ++at;
      continue;
    }
    std::size_t end = at;
    for (std::size_t next = at; next < line.signs.size(); ++next) {
      if (!line.blank(next)) {
        if (next - end >= least_gap && next > end) break;
        end = next + 1;
      }
    }
    words.push_back(line.text(at, end));
    at = end;
  }
  return words;
}

// "peak_MB", "ECE_raw": a name of a program is read as its words.
std::string as_words(std::string name) {
  std::ranges::replace(name, '_', ' ');
  return name;
}

// A name for each column: as many words as columns, or one less where the labels have none.
std::vector<std::string> named(const std::vector<std::string>& words, std::size_t columns) {
  if (words.size() != columns && words.size() + 1 != columns) return {};
  std::vector<std::string> header;
  if (words.size() + 1 == columns) header.emplace_back();
  for (const std::string& word : words) header.push_back(as_words(word));
  return header;
}

std::vector<std::string> header_of(const Line& line, const std::vector<Span>& columns) {
  for (const std::size_t gap : {std::size_t{2}, std::size_t{1}}) {
    std::vector<std::string> header = named(words_of(line, gap), columns.size());
    if (!header.empty()) return header;
  }
  // By where it stands: what begins over a column or up to the next one.
  std::vector<std::string> header(columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const std::size_t begin = c == 0 ? 0 : columns[c - 1].second;
    header[c] = as_words(line.text(begin, columns[c].second));
  }
  return header;
}

// What a remark lists: as many things as the table has columns behind its labels.
std::vector<std::string> listed(std::string_view caption, const TextBlock& table) {
  const std::vector<std::string>& first = table.rows.front().cells;
  const auto labels = static_cast<std::size_t>(
      std::ranges::find_if(first,
                           [](const std::string& cell) {
                             return std::ranges::any_of(cell, is_digit) &&
                                    std::isalpha(static_cast<unsigned char>(cell.front())) == 0;
                           }) -
      first.begin());
  std::vector<std::string> things;
  for (std::size_t at = 0; at <= caption.size();) {
    const std::size_t end = std::min(caption.find(',', at), caption.size());
    things.push_back(normalised(caption.substr(at, end - at)));
    at = end + 1;
  }
  if (labels == 0 || things.size() + labels != first.size()) return {};
  things.insert(things.begin(), labels, std::string());
  return things;
}

bool is_one_word(std::string_view cell) {
  return !cell.empty() && std::ranges::all_of(cell, [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '=' || c == ':';
  });
}

// "lost  2 gained  1" in every line: a word that is the same in all of them names the number behind it, as a
// head would. The names of the columns, without a head for those that have none; empty where no word is one.
std::vector<std::string> take_labels(std::vector<TableRow>& rows) {
  const auto same = [&](std::size_t c, std::string_view word) {
    return std::ranges::all_of(rows, [&](const TableRow& row) { return row.cells[c] == word; });
  };
  std::vector<std::string> names(rows.front().cells.size());
  bool any = false;
  for (std::size_t c = 1; c + 1 < rows.front().cells.size(); ++c) {
    const std::string label = rows.front().cells[c];
    if (!is_one_word(label) || !same(c, label)) continue;
    any = true;
    // What stands behind the number is the label of the next one.
    const std::string next = rows.front().cells[c + 1];
    const std::size_t space = next.find(' ');
    const std::string tail = space == std::string::npos ? "" : next.substr(space + 1);
    const bool splits = is_one_word(tail) && std::ranges::all_of(rows, [&](const TableRow& row) {
                          const std::string& cell = row.cells[c + 1];
                          return cell.size() > tail.size() + 1 && cell.ends_with(" " + tail) &&
                                 is_number(cell.substr(0, cell.size() - tail.size() - 1));
                        });
    for (TableRow& row : rows) {
      row.cells.erase(row.cells.begin() + static_cast<std::ptrdiff_t>(c));
      if (!splits) continue;
      row.cells[c].resize(row.cells[c].size() - tail.size() - 1);
      row.cells.insert(row.cells.begin() + static_cast<std::ptrdiff_t>(c) + 1, tail);
    }
    names[c] = label;
    names.resize(rows.front().cells.size());
  }
  return any ? names : std::vector<std::string>();
}

void add_table(std::vector<Line> lines, NotePlace place, std::string_view caption,
               std::vector<TextBlock>& tables) {
  std::erase_if(lines, [](const Line& line) { return line.is_rule(); });
  if (lines.size() > kMostPlainRows) return;
  std::optional<Line> header;
  // A header names, and states nothing: its numbers at most belong to names ("F1", "p95").
  const auto states = [](const Line& line) {
    const std::vector<std::string> words = words_of(line, 1);
    for (std::size_t w = 0; w < words.size(); ++w) {
      // "95 % interval" is a name, too.
      const bool level = w + 1 < words.size() && words[w + 1] == "%";
      if (is_number(words[w]) && !level) return true;
    }
    return false;
  };
  // What stands above the header says what the table is of.
  std::string heading;
  while (lines.size() > 1 && !states(lines[0]) && !states(lines[1])) {
    heading += (heading.empty() ? "" : " ") + lines.front().all();
    lines.erase(lines.begin());
  }
  if (!lines.empty() && !states(lines.front())) {
    header = lines.front();
    lines.erase(lines.begin());
  }
  if (lines.size() < kFewestPlainRows || !std::ranges::all_of(lines, states)) return;
  const std::vector<Span> columns = columns_of(lines);
  if (columns.size() < 2) return;
  TextBlock table{.kind = BlockKind::kTable, .place = place};
  for (const Line& line : lines) {
    TableRow row{.cells = {}, .place = place};
    if (place.line > 0) row.place.line = place.line + line.number;
    for (const auto& [begin, end] : columns) row.cells.push_back(line.text(begin, end));
    // A row without a label, or with two numbers where the others have one: these lines have no columns.
    // Under a header a label may stand once for the rows below it.
    const bool carried = row.cells.front().empty() && header && !table.rows.empty();
    if (!carried && (row.cells.front().empty() ||
                     std::isalpha(static_cast<unsigned char>(row.cells.front().front())) == 0))
      return;
    table.rows.push_back(std::move(row));
  }
  std::vector<std::string> names = header ? header_of(*header, columns) : take_labels(table.rows);
  if (!header && names.empty()) names = listed(caption, table);
  // "A - B  +0.058": differences, and no head that says of what.
  const bool of_pairs = std::ranges::any_of(table.rows, [](const TableRow& row) {
    return row.cells.front().find(" - ") != std::string::npos ||
           row.cells.front().find(" vs ") != std::string::npos;
  });
  if (names.empty() && of_pairs) return;
  if (!names.empty()) {
    TableRow row{.cells = std::move(names), .place = place};
    if (header && place.line > 0) row.place.line = place.line + header->number;
    table.rows.insert(table.rows.begin(), std::move(row));
    table.header_rows = 1;
  }
  if (!heading.empty())
    tables.push_back({.kind = BlockKind::kParagraph, .text = std::move(heading), .place = place});
  tables.push_back(std::move(table));
}

}  // namespace

std::size_t decimals_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      numbers_in(text), [](const WrittenNumber& each) { return !each.integer && !each.in_words; }));
}

std::vector<TextBlock> plain_tables(std::string_view text, NotePlace place, std::string_view caption) {
  std::vector<TextBlock> tables;
  std::vector<Line> lines;
  std::size_t number = 0;
  for (std::size_t at = 0; at <= text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view raw = text.substr(at, end - at);
    at = end + 1;
    Line line{.signs = raw.size() > kLongestPlainLine ? std::vector<std::string>() : signs_of(raw),
              .number = number};
    if (!line.signs.empty()) {
      lines.push_back(std::move(line));
      continue;
    }
    add_table(std::exchange(lines, {}), place, caption, tables);
  }
  add_table(std::move(lines), place, caption, tables);
  return tables;
}

}  // namespace quantier::audit_internal
