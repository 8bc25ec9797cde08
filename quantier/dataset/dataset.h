// Labelled texts from JSONL or CSV (RFC 4180), in file order.
//
// JSONL: one object a line, blank lines skipped. CSV: a header line, quoted fields with "" for a quote and
// with line breaks inside, LF or CRLF; TSV is the same with tabs. A byte order mark is skipped. A text may be
// as long as memory allows, and may be empty.
//
// Errors: kCorruptData with the line number for a malformed line or invalid UTF-8 (with the byte offset in
// the file), kUserInput for a missing column, a label the model does not know, a duplicate id or no data at
// all, kUnsupported for another file type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

struct ColumnNames {
  std::string text =
      {};  // empty: found by name ("text", "sentence", "content", ...), an error when ambiguous
  std::string label = {};  // likewise; data without labels is fine unless this names a column
  std::string id = {};
};

struct Dataset {
  std::vector<std::string> texts;    // [n]
  std::vector<std::string> ids;      // [n] or empty
  std::vector<std::int32_t> labels;  // [n] or empty: index into the label names given when reading
  std::string sha256;                // of the file's bytes
  ColumnNames columns;               // those that were read; empty where the data has none
  [[nodiscard]] std::size_t size() const { return texts.size(); }
};

enum class DataFormat : std::uint8_t { kJsonl, kCsv, kTsv };

// From the file's extension: .jsonl .ndjson .json, .csv, .tsv.
[[nodiscard]] Result<DataFormat> data_format_of(const std::filesystem::path& path);

// Labels may be written as names or as ids (whole numbers), the same way throughout the file; `label_names`
// are the model's, in id order. Without label names, labels are not read.
[[nodiscard]] Result<Dataset> read_dataset(const std::filesystem::path& path, const ColumnNames& columns,
                                           const std::vector<std::string>& label_names);

// The same from memory; `source` names the data in errors.
[[nodiscard]] Result<Dataset> parse_dataset(std::string_view content, DataFormat format,
                                            std::string_view source, const ColumnNames& columns,
                                            const std::vector<std::string>& label_names);

// How often each label occurs in a (training) file, for tiers: [label_names]. Needs no text column.
[[nodiscard]] Result<std::vector<std::int64_t>> count_labels(const std::filesystem::path& path,
                                                             const std::string& label_column,
                                                             const std::vector<std::string>& label_names);

}  // namespace quantier
