// Cells of several lines (<br>): where the cells of a row have as many lines each, their k-th lines stand
// beside each other and are a row of their own; elsewhere a line end is a space. A cell of one line belongs
// to all of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/audit/note_text.h"

namespace quantier::audit_internal {

// What stands for a line end in the text of a cell: no text has it, for it is a control character.
inline constexpr char kCellLineEnd = '\x1e';

inline std::vector<std::string> lines_of_cell(std::string_view cell) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= cell.size();) {
    const std::size_t end = std::min(cell.find(kCellLineEnd, at), cell.size());
    std::string line = normalised(cell.substr(at, end - at));
    if (!line.empty()) lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

// One row, or one for each line of its cells.
inline std::vector<TableRow> rows_of_lines(const TableRow& row) {
  std::size_t several = 0;  // lines that cells of more than one have
  std::size_t cells = 0;    // how many have as many
  bool alike = true;
  for (const std::string& cell : row.cells) {
    const std::size_t lines = lines_of_cell(cell).size();
    if (lines < 2) continue;
    alike = alike && (several == 0 || several == lines);
    several = lines;
    ++cells;
  }
  const bool split = alike && cells >= 2;
  std::vector<TableRow> rows(split ? several : 1, row);
  for (std::size_t c = 0; c < row.cells.size(); ++c) {
    const std::vector<std::string> lines = lines_of_cell(row.cells[c]);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      std::string& cell = rows[r].cells[c];
      cell.clear();
      if (split && lines.size() > 1) {
        cell = lines[r];
        continue;
      }
      for (const std::string& line : lines) cell += (cell.empty() ? "" : " ") + line;
    }
  }
  return rows;
}

}  // namespace quantier::audit_internal
