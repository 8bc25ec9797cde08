// Labelled texts from JSONL or CSV (RFC 4180), in file order.
//
// Errors: kCorruptData with the line number for a malformed line or invalid UTF-8, kUserInput for a missing
// column, a label the model does not know, a duplicate id or no data at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

struct Dataset {
  std::vector<std::string> texts;    // [n]
  std::vector<std::string> ids;      // [n] or empty
  std::vector<std::int32_t> labels;  // [n] or empty: index into the label names given when reading
  std::string sha256;                // of the file's bytes
  [[nodiscard]] std::size_t size() const { return texts.size(); }
};

struct ColumnNames {
  std::string text;   // empty: found by name ("text", "sentence", "content", ...), an error when ambiguous
  std::string label;  // likewise; data without labels is fine unless this names a column
  std::string id;
};

// Labels may be written as names or as ids (whole numbers); `label_names` are the model's, in id order.
[[nodiscard]] Result<Dataset> read_dataset(const std::filesystem::path& path, const ColumnNames& columns,
                                           const std::vector<std::string>& label_names);

}  // namespace quantier
