// Predictions that any engine wrote: a matrix of logits with what is known of each row, from npz, JSONL or
// CSV.
//
// npz: arrays `logits` (float of any width, [N, C]), and where there are any `labels`, `ids`, `label_names`.
// JSONL: one object a line with an array `logits`. CSV/TSV: one column a class, `logit_0`, `logit_1`, ... or
// `logit_NAME`. Other names are given by a mapping. Without one, a name is only found where no second
// array could be meant. Values go straight into the result; beside it stands at most one piece or one line.
//
// Refused: pickled objects, archives that lie about their sizes, rows of different lengths, and what is no
// logit: rows with NaN or infinity are counted and named, and count as wrong only where the caller says so;
// probabilities must be declared, since a temperature means nothing on them (their logarithms are logits).
// Errors: kCorruptData (malformed), kUserInput (well formed, cannot be used), with file and row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

enum class PredictionFormat : std::uint8_t { kNpz, kJsonl, kCsv, kTsv };
enum class ScoreKind : std::uint8_t { kUndeclared, kLogits, kProbabilities };
enum class NotFinite : std::uint8_t { kRefuse, kWrong };

// Array names, members or columns; empty: found by name where that is unambiguous.
struct PredictionColumns {
  std::string logits;  // CSV: the prefix of the columns, "logit_"
  std::string labels;
  std::string ids;
  std::vector<std::string> groups;  // to be kept with each example; only those named here
};

struct PredictionOptions {
  PredictionColumns columns;
  ScoreKind scores = ScoreKind::kUndeclared;
  NotFinite not_finite = NotFinite::kRefuse;
  bool need_logits = true;  // false: labels, ids and groups alone
};

struct PredictionTable {
  std::string source;
  std::size_t example_count = 0;
  std::size_t class_count = 0;
  std::vector<float> logits;  // [examples, classes]; a row that counts as wrong is all NaN
  // Labels as they stand in the file: numbers, or names when any is not a whole number.
  std::vector<std::int64_t> label_numbers;
  std::vector<std::string> label_names;
  std::vector<std::string> ids;                            // [examples], or empty
  std::map<std::string, std::vector<std::string>> groups;  // each [examples]
  std::vector<std::string> class_names;                    // [classes], or empty when the file has none
  std::uint64_t rows_not_finite = 0;                       // counted as wrong
  PredictionColumns columns;                               // those that were read
  std::vector<std::string> remarks;

  [[nodiscard]] bool has_labels() const { return !label_numbers.empty() || !label_names.empty(); }
  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return std::span(logits).subspan(i * class_count, class_count);
  }
};

// From the file's extension: .npz, .jsonl .ndjson .json, .csv, .tsv.
[[nodiscard]] Result<PredictionFormat> prediction_format_of(const std::filesystem::path& path);

[[nodiscard]] Result<PredictionTable> read_predictions(const std::filesystem::path& path,
                                                       const PredictionOptions& options);
// The same from memory; `source` names the data in errors.
[[nodiscard]] Result<PredictionTable> parse_predictions(std::span<const std::byte> bytes,
                                                        PredictionFormat format, std::string source,
                                                        const PredictionOptions& options);

// "logits=KEY,labels=KEY,ids=KEY,group=KEY": each part may stand once, group several times. Adds to
// `columns`.
[[nodiscard]] Status parse_column_mapping(std::string_view text, PredictionColumns& columns);

}  // namespace quantier
