// Cells of an HTML table that reach into the rows below them or over several columns: every row gets a cell
// for each column, so that what stands in a column can be told by counting. A file may say any number: at
// most kMostRows rows and kMostColumns columns are believed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace quantier::audit_internal {

class TableSpans {
 public:
  static constexpr std::size_t kMostRows = 1000;
  static constexpr std::size_t kMostColumns = 100;

  // Puts a cell into its row, behind those that reach there from above.
  void add(std::vector<std::string>& row, const std::string& text, std::size_t rows, std::size_t columns) {
    fill(row);
    for (std::size_t c = 0; c < std::clamp<std::size_t>(columns, 1, kMostColumns); ++c) {
      if (rows > 1) reaches_.push_back({row.size(), std::min(rows, kMostRows) - 1, text, true});
      row.push_back(text);
    }
  }

  void end_row(std::vector<std::string>& row) {
    fill(row);
    for (Reach& reach : reaches_) {
      if (!std::exchange(reach.begins_here, false)) --reach.rows_left;
    }
    std::erase_if(reaches_, [](const Reach& reach) { return reach.rows_left == 0; });
  }

 private:
  struct Reach {
    std::size_t column = 0;
    std::size_t rows_left = 0;
    std::string text;
    bool begins_here = true;
  };

  void fill(std::vector<std::string>& row) const {
    for (bool found = true; found;) {
      found = false;
      for (const Reach& reach : reaches_) {
        if (reach.begins_here || reach.column != row.size()) continue;
        row.push_back(reach.text);
        found = true;
      }
    }
  }

  std::vector<Reach> reaches_;
};

}  // namespace quantier::audit_internal
