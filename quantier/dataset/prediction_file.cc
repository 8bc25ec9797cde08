#include "quantier/dataset/prediction_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/file.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/prediction_parts.h"

namespace quantier {
namespace {

constexpr std::size_t kShownRows = 5;
// float16 probabilities of many classes sum to 1 within this.
constexpr double kSumTolerance = 0.01;

std::string some_rows(const std::vector<std::size_t>& rows) {
  std::vector<std::size_t> shown(
      rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(rows.size(), kShownRows)));
  return fmt::format("{}{}", fmt::join(shown, ", "), rows.size() > kShownRows ? ", ..." : "");
}

// Probabilities have no temperature; their logarithms do.
Status check_scores(const PredictionOptions& options, PredictionTable& table) {
  if (options.scores == ScoreKind::kLogits || table.logits.empty()) return {};
  const bool declared = options.scores == ScoreKind::kProbabilities;
  std::size_t zeros = 0;
  for (std::size_t i = 0; i < table.example_count; ++i) {
    double sum = 0.0;
    for (std::size_t k = 0; k < table.class_count; ++k) {
      const double value = static_cast<double>(table.logits[i * table.class_count + k]);
      if (!std::isfinite(value)) continue;
      if (value < 0.0 || value > 1.0 + kSumTolerance) sum = std::numeric_limits<double>::infinity();
      sum += value;
      zeros += value == 0.0 ? 1 : 0;
    }
    if (std::abs(sum - 1.0) <= kSumTolerance) continue;
    if (!declared) return {};
    return fail(ErrorKind::kUserInput, "scores are declared as probabilities and are none",
                fmt::format("{}, row {}", table.source, i),
                std::isfinite(sum) ? fmt::format("they sum to {:.4g}", sum)
                                   : std::string("a value lies outside 0 to 1"),
                "leave out --scores probabilities, or export softmax(logits)");
  }
  if (!declared) {
    // One class is always certain; two logits may sum to 1 by accident, hundreds of rows do not.
    return fail(ErrorKind::kUserInput, "these look like probabilities, not logits", table.source,
                "every row lies between 0 and 1 and sums to 1; a temperature on them would mean nothing",
                "export the logits, or declare --scores probabilities (their logarithms are used), or "
                "--scores logits when they really are logits");
  }
  // The logarithm of the smallest normal number stands for 0: further away than any float32 softmax reaches.
  for (float& value : table.logits) {
    if (std::isfinite(value)) value = std::log(std::max(value, std::numeric_limits<float>::min()));
  }
  if (zeros > 0) {
    table.remarks.push_back(fmt::format("{}: {} probabilities are 0; their logarithm is taken as {:.1f}",
                                        table.source, zeros,
                                        static_cast<double>(std::log(std::numeric_limits<float>::min()))));
  }
  return {};
}

Status check_finite(const PredictionOptions& options, PredictionTable& table) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < table.example_count; ++i) {
    if (std::ranges::all_of(table.row(i), [](float value) { return std::isfinite(value); })) continue;
    rows.push_back(i);
  }
  if (rows.empty()) return {};
  if (options.not_finite == NotFinite::kRefuse) {
    return fail(ErrorKind::kUserInput,
                fmt::format("{} of {} rows hold NaN or infinity", rows.size(), table.example_count),
                fmt::format("{}, row {}{}", table.source, rows.size() == 1 ? "" : "numbers (from 0) ",
                            some_rows(rows)),
                "a model that answers with no number has no prediction there",
                "find out why, or count these rows as wrong with --nan wrong");
  }
  for (const std::size_t i : rows) {
    std::fill_n(table.logits.begin() + static_cast<std::ptrdiff_t>(i * table.class_count), table.class_count,
                std::numeric_limits<float>::quiet_NaN());
  }
  table.rows_not_finite = rows.size();
  table.remarks.push_back(fmt::format("{}: {} of {} rows hold NaN or infinity and count as wrong (rows {})",
                                      table.source, rows.size(), table.example_count, some_rows(rows)));
  return {};
}

Status check_shape(const PredictionOptions& options, const PredictionTable& table) {
  const auto refuse = [&](std::string what, std::string why, std::string hint = {}) {
    return fail(ErrorKind::kUserInput, std::move(what), table.source, std::move(why), std::move(hint));
  };
  if (table.example_count == 0) return refuse("there are no predictions", "the file has no rows");
  if (options.need_logits && table.class_count == 0) {
    return refuse("there are no logits", "a row has no classes");
  }
  constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max() - 1;
  if (table.example_count > kMost || table.class_count > kMost) {
    return refuse("there are too many predictions",
                  fmt::format("{} rows of {} classes", table.example_count, table.class_count));
  }
  const std::size_t labels = std::max(table.label_numbers.size(), table.label_names.size());
  if (labels != 0 && labels != table.example_count) {
    return refuse("labels and logits do not fit together",
                  fmt::format("{} labels for {} rows", labels, table.example_count),
                  "name the right arrays with --map logits=KEY,labels=KEY");
  }
  if (!table.ids.empty() && table.ids.size() != table.example_count) {
    return refuse("ids and logits do not fit together",
                  fmt::format("{} ids for {} rows", table.ids.size(), table.example_count));
  }
  for (const auto& [name, values] : table.groups) {
    if (values.size() == table.example_count) continue;
    return refuse(fmt::format("the group \"{}\" and the logits do not fit together", printable(name, 60)),
                  fmt::format("{} values for {} rows", values.size(), table.example_count));
  }
  if (!table.class_names.empty() && options.need_logits && table.class_names.size() != table.class_count) {
    return refuse("class names and logits do not fit together",
                  fmt::format("{} names for {} classes", table.class_names.size(), table.class_count));
  }
  std::unordered_map<std::string_view, std::size_t> first;
  for (std::size_t i = 0; i < table.ids.size(); ++i) {
    const auto [found, is_new] = first.emplace(table.ids[i], i);
    if (is_new) continue;
    return refuse(fmt::format("the id \"{}\" appears twice", printable(table.ids[i], 60)),
                  fmt::format("in rows {} and {} (from 0)", found->second, i),
                  "predictions are paired by id, so ids must differ");
  }
  return {};
}

Result<PredictionTable> finished(Status read, const PredictionOptions& options, PredictionTable table) {
  if (!read) return std::unexpected(std::move(read).error());
  QT_TRY_STATUS(check_shape(options, table));
  if (options.need_logits) {
    QT_TRY_STATUS(check_finite(options, table));
    QT_TRY_STATUS(check_scores(options, table));
  }
  return table;
}

}  // namespace

namespace prediction_internal {

void append_label(std::string_view text, PredictionTable& table) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && table.label_names.empty()) {
    table.label_numbers.push_back(number);
    return;
  }
  for (const std::int64_t earlier : table.label_numbers) {
    table.label_names.push_back(std::to_string(earlier));
  }
  table.label_numbers.clear();
  table.label_names.emplace_back(text);
}

std::string names_of(const std::vector<std::string>& found) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 20); ++i) {
    out += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", printable(found[i], 60));
  }
  if (found.size() > 20) out += fmt::format(" and {} more", found.size() - 20);
  return out.empty() ? "none" : out;
}

Result<std::string> the_one_named(const std::vector<std::string>& found,
                                  std::span<const std::string_view> usual, std::string_view suffix,
                                  std::string_view what, std::string_view source) {
  std::vector<std::string> exact;
  std::vector<std::string> similar;
  for (const std::string& name : found) {
    if (std::ranges::find(usual, std::string_view(name)) != usual.end()) exact.push_back(name);
    if (!suffix.empty() && name.ends_with(suffix)) similar.push_back(name);
  }
  const std::vector<std::string>& candidates = exact.empty() ? similar : exact;
  if (candidates.empty()) return std::string();
  if (candidates.size() == 1) return candidates.front();
  return fail(ErrorKind::kUserInput, fmt::format("more than one column may be the {}", what),
              std::string(source), "candidates: " + names_of(candidates),
              fmt::format("name it: --map {}=KEY for all files, or FILE#{}=KEY for this one", what, what));
}

std::unexpected<Error> no_such_column(std::string_view what, std::string_view given,
                                      const std::vector<std::string>& found, std::string_view source) {
  return fail(ErrorKind::kUserInput,
              given.empty()
                  ? fmt::format("no {} were found", what)
                  : fmt::format("there is no \"{}\" to read the {} from", printable(given, 60), what),
              std::string(source), "the file has " + names_of(found),
              fmt::format("name it: --map {}=KEY for all files, or FILE#{}=KEY for this one", what, what));
}

}  // namespace prediction_internal

Result<PredictionFormat> prediction_format_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (extension == ".npz") return PredictionFormat::kNpz;
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json")
    return PredictionFormat::kJsonl;
  if (extension == ".csv") return PredictionFormat::kCsv;
  if (extension == ".tsv") return PredictionFormat::kTsv;
  if (extension == ".pkl" || extension == ".pickle" || extension == ".pt" || extension == ".npy") {
    return fail(ErrorKind::kUnsupported, fmt::format("{} files are not read", extension), path.string(),
                extension == ".npy" ? "one array alone does not say what it is"
                                    : "they are pickles, and a pickle can run any program",
                "save numpy.savez_compressed(\"predictions.npz\", logits=..., labels=...)");
  }
  return fail(ErrorKind::kUnsupported, "unknown type of prediction file", path.string(),
              fmt::format("the name ends with \"{}\"", printable(extension, 20)),
              "predictions are read from .npz, .jsonl and .csv files");
}

Result<PredictionTable> parse_predictions(std::span<const std::byte> bytes, PredictionFormat format,
                                          std::string source, const PredictionOptions& options) {
  PredictionTable table;
  table.source = std::move(source);
  if (format == PredictionFormat::kNpz) {
    QT_TRY(NpzReader reader, NpzReader::open(bytes, table.source));
    Status read = prediction_internal::read_npz_table(reader, options, table);
    return finished(std::move(read), options, std::move(table));
  }
  const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Status read = format == PredictionFormat::kJsonl
                    ? prediction_internal::read_jsonl_table(content, options, table)
                    : prediction_internal::read_csv_table(
                          content, format == PredictionFormat::kCsv ? ',' : '\t', options, table);
  return finished(std::move(read), options, std::move(table));
}

Result<PredictionTable> read_predictions(const std::filesystem::path& path,
                                         const PredictionOptions& options) {
  QT_TRY(const PredictionFormat format, prediction_format_of(path));
  if (format == PredictionFormat::kNpz) {
    // A reader that owns the map lets go of what it has read: file and matrix do not both stand in memory.
    QT_TRY(NpzReader reader, NpzReader::open(path));
    PredictionTable table;
    table.source = path.string();
    Status read = prediction_internal::read_npz_table(reader, options, table);
    return finished(std::move(read), options, std::move(table));
  }
  QT_TRY(const MappedFile file, MappedFile::open(path));
  return parse_predictions(file.bytes(), format, path.string(), options);
}

Status parse_column_mapping(std::string_view text, PredictionColumns& columns) {
  const auto refuse = [whole = text](std::string why) {
    return fail(ErrorKind::kUsage, "the mapping of columns cannot be read", printable(whole), std::move(why),
                "write logits=KEY,labels=KEY,ids=KEY,group=KEY, as many of these as are needed");
  };
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals + 1 == part.size()) {
      return refuse(fmt::format("\"{}\" is not NAME=KEY", printable(part, 60)));
    }
    const std::string_view name = part.substr(0, equals);
    const std::string key(part.substr(equals + 1));
    if (name == "group") {
      columns.groups.push_back(key);
      continue;
    }
    std::string* column = name == "logits"                      ? &columns.logits
                          : name == "labels" || name == "label" ? &columns.labels
                          : name == "ids" || name == "id"       ? &columns.ids
                                                                : nullptr;
    if (column == nullptr) return refuse(fmt::format("\"{}\" is not known", printable(name, 60)));
    *column = key;
  }
  return {};
}

}  // namespace quantier
