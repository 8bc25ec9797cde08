// Labelled texts from comma-separated values.
#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/dataset/csv_reader.h"
#include "quantier/dataset/raw_records.h"

namespace quantier {
namespace {

std::optional<std::size_t> index_of(const std::vector<std::string>& header, const std::string& name) {
  if (name.empty()) return std::nullopt;
  return static_cast<std::size_t>(std::ranges::find(header, name) - header.begin());
}

}  // namespace

Result<RawRecords> parse_csv(std::string_view content, char separator, const WantedColumns& wanted,
                             std::string_view source) {
  RawRecords records;
  CsvReader reader(content, separator, source);
  std::vector<std::string> header;
  QT_TRY(const bool has_header, reader.next(header));
  if (!has_header) return records;
  const std::string header_place = at_line(source, reader.record_line());
  std::vector<std::string> sorted = header;
  std::ranges::sort(sorted);
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end()) {
    return fail(ErrorKind::kCorruptData, "two columns have the same name", header_place,
                fmt::format("\"{}\" appears twice in the header", printable(*twice)), "rename one of them");
  }
  auto columns = resolve_columns(header, wanted, header_place);
  if (!columns) {
    Error error = std::move(columns).error();
    if (header.size() == 1 && header.front().find_first_of(";\t|") != std::string::npos) {
      error.hint = "the header has one column with another separator in it; separate columns by commas";
    }
    return std::unexpected(std::move(error));
  }
  records.columns = *std::move(columns);
  const auto text = index_of(header, records.columns.text);
  const auto label = index_of(header, records.columns.label);
  const auto id = index_of(header, records.columns.id);
  std::vector<std::string> fields;
  while (true) {
    QT_TRY(const bool more, reader.next(fields));
    if (!more) break;
    if (fields.size() != header.size()) {
      return fail(ErrorKind::kCorruptData, "CSV is malformed", at_line(source, reader.record_line()),
                  fmt::format("{} fields, and the header has {}", fields.size(), header.size()),
                  "enclose fields with commas or line breaks in quotes");
    }
    if (text) records.texts.push_back(fields[*text]);
    if (label) records.labels.push_back(fields[*label]);
    if (id) records.ids.push_back(fields[*id]);
    records.lines.push_back(reader.record_line());
  }
  return records;
}

}  // namespace quantier
