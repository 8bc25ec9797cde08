// The common ground of JSONL and CSV: the wanted fields of each record as text, with the line it came from.
// What labels mean is decided later (dataset.cc).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/dataset/dataset.h"

namespace quantier {

enum class Need : std::uint8_t {
  kNever,      // do not look
  kIfPresent,  // read it when the data has it
  kAlways,
};

struct WantedColumns {
  ColumnNames names;  // as the user gave them
  Need text = Need::kAlways;
  Need label = Need::kIfPresent;
  Need id = Need::kIfPresent;
};

struct RawRecords {
  ColumnNames columns;  // resolved; empty: not read
  std::vector<std::string> texts;
  std::vector<std::string> labels;
  std::vector<std::string> ids;
  std::vector<std::uint64_t> lines;  // where each record begins, from 1
  // Every label was a JSON number: an id rather than a name, where it could be both.
  bool labels_are_numbers = false;
};

// Which of the columns found are text, label and id. `source` names the place in errors.
[[nodiscard]] Result<ColumnNames> resolve_columns(const std::vector<std::string>& found,
                                                  const WantedColumns& wanted, std::string_view source);

[[nodiscard]] Result<RawRecords> parse_jsonl(std::string_view content, const WantedColumns& wanted,
                                             std::string_view source);
[[nodiscard]] Result<RawRecords> parse_csv(std::string_view content, char separator,
                                           const WantedColumns& wanted, std::string_view source);

// Bytes of a byte order mark at the beginning: 3 or 0.
[[nodiscard]] inline std::size_t byte_order_mark_bytes(std::string_view content) {
  return content.starts_with("\xEF\xBB\xBF") ? 3 : 0;
}

// "data.jsonl, line 12"
[[nodiscard]] std::string at_line(std::string_view source, std::uint64_t line);

// An error with line and byte offset (from 0, in the file) when `part`, which begins at `offset`, is not
// UTF-8.
[[nodiscard]] Status check_utf8(std::string_view part, std::uint64_t offset, std::uint64_t line,
                                std::string_view source);

}  // namespace quantier
