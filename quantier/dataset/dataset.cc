#include "quantier/dataset/dataset.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/sha256.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/raw_records.h"

namespace quantier {
namespace {

std::optional<std::int32_t> label_id(std::string_view text, std::size_t classes) {
  std::int32_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < 0 || static_cast<std::size_t>(value) >= classes) return std::nullopt;
  return value;
}

std::string some_labels(const std::vector<std::string>& label_names) {
  constexpr std::size_t kShown = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(label_names.size(), kShown); ++i) {
    out += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", printable(label_names[i], 40));
  }
  if (label_names.size() > kShown) out += fmt::format(" and {} more", label_names.size() - kShown);
  return out;
}

// All labels are names, or all are ids: deciding label by label would mix the two silently where the names
// look like numbers ("1", "2", ...).
Result<std::vector<std::int32_t>> resolve_labels(const RawRecords& records,
                                                 const std::vector<std::string>& label_names,
                                                 std::string_view source) {
  std::unordered_map<std::string_view, std::int32_t> by_name;
  for (std::size_t i = 0; i < label_names.size(); ++i) {
    by_name.emplace(label_names[i], static_cast<std::int32_t>(i));
  }
  std::vector<std::int32_t> labels(records.labels.size());
  // The record of the first label that cannot be read so, or nullopt when all can.
  const auto read_names = [&]() -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto found = by_name.find(records.labels[i]);
      if (found == by_name.end()) return i;
      labels[i] = found->second;
    }
    return std::nullopt;
  };
  const auto read_ids = [&]() -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto id = label_id(records.labels[i], label_names.size());
      if (!id) return i;
      labels[i] = *id;
    }
    return std::nullopt;
  };
  if (records.labels_are_numbers && !read_ids()) return labels;
  const auto not_a_name = read_names();
  if (!not_a_name) return labels;
  const auto not_an_id = read_ids();
  if (!not_an_id) return labels;
  // Whichever reading got further is the one that was meant.
  const bool meant_names = !records.labels_are_numbers && *not_a_name >= *not_an_id;
  const std::size_t record = meant_names ? *not_a_name : *not_an_id;
  return fail(ErrorKind::kUserInput,
              fmt::format("the model does not know the label \"{}\"", printable(records.labels[record], 60)),
              at_line(source, records.lines[record]),
              meant_names
                  ? fmt::format("the model's config.json (id2label) lists {}", some_labels(label_names))
                  : fmt::format("the model has {} labels, so ids run from 0 to {} (config.json, id2label)",
                                label_names.size(), label_names.size() - 1),
              fmt::format("check that data and model belong together, and that \"{}\" is the label column",
                          printable(records.columns.label, 60)));
}

Status check_ids(const RawRecords& records, std::string_view source) {
  std::unordered_map<std::string_view, std::size_t> first;
  first.reserve(records.ids.size());
  for (std::size_t i = 0; i < records.ids.size(); ++i) {
    const auto [found, is_new] = first.emplace(records.ids[i], i);
    if (is_new) continue;
    return fail(
        ErrorKind::kUserInput, fmt::format("the id \"{}\" appears twice", printable(records.ids[i], 60)),
        at_line(source, records.lines[i]),
        fmt::format("line {} has the same id; runs are compared example by example, so ids must differ",
                    records.lines[found->second]),
        "remove the duplicate, or name another id column");
  }
  return {};
}

Result<RawRecords> parse_records(std::string_view content, DataFormat format, std::string_view source,
                                 const WantedColumns& wanted) {
  Result<RawRecords> records =
      format == DataFormat::kJsonl
          ? parse_jsonl(content, wanted, source)
          : parse_csv(content, format == DataFormat::kTsv ? '\t' : ',', wanted, source);
  if (!records) return records;
  if (records->lines.empty()) {
    return fail(ErrorKind::kUserInput, "the data is empty", std::string(source),
                content.empty() ? "the file has no bytes" : "there is not one example in it");
  }
  return records;
}

}  // namespace

Result<DataFormat> data_format_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json") return DataFormat::kJsonl;
  if (extension == ".csv") return DataFormat::kCsv;
  if (extension == ".tsv") return DataFormat::kTsv;
  std::string hint = "convert it to .jsonl (one object a line) or .csv";
  if (extension == ".gz") hint = "decompress it first: gunzip -k FILE";
  return fail(ErrorKind::kUnsupported, "data of this type is not read", printable(path.string(), 300),
              fmt::format("the extension is \"{}\"; .jsonl, .ndjson, .json, .csv and .tsv are known",
                          printable(extension, 20)),
              hint);
}

Result<Dataset> parse_dataset(std::string_view content, DataFormat format, std::string_view source,
                              const ColumnNames& columns, const std::vector<std::string>& label_names) {
  WantedColumns wanted{.names = columns};
  if (label_names.empty()) wanted.label = Need::kNever;
  QT_TRY(RawRecords records, parse_records(content, format, source, wanted));
  QT_TRY_STATUS(check_ids(records, source));
  Dataset dataset;
  if (!records.columns.label.empty()) {
    QT_TRY(dataset.labels, resolve_labels(records, label_names, source));
  }
  dataset.texts = std::move(records.texts);
  dataset.ids = std::move(records.ids);
  dataset.columns = std::move(records.columns);
  return dataset;
}

Result<Dataset> read_dataset(const std::filesystem::path& path, const ColumnNames& columns,
                             const std::vector<std::string>& label_names) {
  QT_TRY(const MappedFile file, MappedFile::open(path));
  QT_TRY(const DataFormat format, data_format_of(path));
  QT_TRY(Dataset dataset, parse_dataset(file.text(), format, path.string(), columns, label_names));
  dataset.sha256 = sha256_hex(file.text());
  return dataset;
}

Result<std::vector<std::int64_t>> count_labels(const std::filesystem::path& path,
                                               const std::string& label_column,
                                               const std::vector<std::string>& label_names) {
  QT_TRY(const MappedFile file, MappedFile::open(path));
  QT_TRY(const DataFormat format, data_format_of(path));
  const WantedColumns wanted{
      .names = {.label = label_column}, .text = Need::kNever, .label = Need::kAlways, .id = Need::kNever};
  QT_TRY(const RawRecords records, parse_records(file.text(), format, path.string(), wanted));
  QT_TRY(const std::vector<std::int32_t> labels, resolve_labels(records, label_names, path.string()));
  std::vector<std::int64_t> counts(label_names.size(), 0);
  for (const std::int32_t label : labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

}  // namespace quantier
