// Predictions from columns: one for each class, with a common prefix before the class's number or name.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/dataset/csv_reader.h"
#include "quantier/dataset/prediction_parts.h"

namespace quantier::prediction_internal {
namespace {

constexpr std::array<std::string_view, 6> kPrefixes = {"logit_",  "logits_", "logit.",
                                                       "logits.", "score_",  "prob_"};
constexpr std::array<std::string_view, 5> kLabels = {"label", "labels", "y", "y_true", "target"};
constexpr std::array<std::string_view, 4> kIds = {"id", "ids", "uid", "example_id"};

struct Layout {
  std::vector<std::size_t> class_columns;  // in the order of the classes
  std::optional<std::size_t> label;
  std::optional<std::size_t> id;
  std::vector<std::pair<std::size_t, std::string>> groups;
};

std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Numbers give the order of the classes; names are taken in the order of the columns.
Status class_columns(const std::vector<std::string>& header, const PredictionOptions& options, Layout& layout,
                     PredictionTable& table) {
  std::string prefix = options.columns.logits;
  if (prefix.ends_with('*')) prefix.pop_back();
  if (prefix.empty()) {
    for (const std::string_view usual : kPrefixes) {
      if (std::ranges::any_of(header, [&](const std::string& name) { return name.starts_with(usual); })) {
        prefix = usual;
        break;
      }
    }
  }
  std::vector<std::pair<std::size_t, std::string>> found;
  bool numbered = true;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (prefix.empty() || !header[i].starts_with(prefix)) continue;
    found.emplace_back(i, header[i].substr(prefix.size()));
    numbered = numbered && number_of(found.back().second).has_value();
  }
  if (found.empty()) return no_such_column("logits", options.columns.logits, header, table.source);
  table.columns.logits = prefix;
  table.class_count = found.size();
  layout.class_columns.assign(found.size(), header.size());
  for (std::size_t k = 0; k < found.size(); ++k) {
    const std::size_t place = numbered ? *number_of(found[k].second) : k;
    if (place >= found.size() || layout.class_columns[place] != header.size()) {
      return fail(
          ErrorKind::kUserInput, "the columns of the logits do not count the classes",
          fmt::format("{}, column \"{}\"", table.source, printable(header[found[k].first], 60)),
          fmt::format("{} columns begin with \"{}\", so their numbers must run from 0 to {}, each once",
                      found.size(), printable(prefix, 40), found.size() - 1));
    }
    layout.class_columns[place] = found[k].first;
    if (!numbered) table.class_names.push_back(found[k].second);
  }
  return {};
}

Result<std::optional<std::size_t>> column_of(const std::vector<std::string>& header, const std::string& given,
                                             std::span<const std::string_view> usual, std::string_view what,
                                             std::string_view source) {
  QT_TRY(const std::string name,
         given.empty() ? the_one_named(header, usual, "", what, source) : Result<std::string>(given));
  if (name.empty()) return std::optional<std::size_t>();
  const auto found = std::ranges::find(header, name);
  if (found == header.end()) return no_such_column(what, name, header, source);
  return std::optional(static_cast<std::size_t>(found - header.begin()));
}

Result<float> number(const std::string& field, const std::string& column, const PredictionTable& table,
                     std::uint64_t line) {
  double value = 0.0;
  const char* const begin = field.data() + (field.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, field.data() + field.size(), value);
  if (error == std::errc() && end == field.data() + field.size() && !field.empty()) {
    return static_cast<float>(value);
  }
  return fail(ErrorKind::kUserInput, "a logit is not a number", at_line(table.source, line),
              fmt::format("column \"{}\" holds \"{}\"", printable(column, 40), printable(field, 40)),
              "write numbers with a decimal point; nan for one that is missing");
}

}  // namespace

Status read_csv_table(std::string_view content, char separator, const PredictionOptions& options,
                      PredictionTable& table) {
  CsvReader reader(content, separator, table.source);
  std::vector<std::string> header;
  QT_TRY(const bool has_header, reader.next(header));
  if (!has_header) return {};
  Layout layout;
  if (options.need_logits) QT_TRY_STATUS(class_columns(header, options, layout, table));
  QT_TRY(layout.label, column_of(header, options.columns.labels, kLabels, "labels", table.source));
  QT_TRY(layout.id, column_of(header, options.columns.ids, kIds, "ids", table.source));
  if (layout.label) table.columns.labels = header[*layout.label];
  if (layout.id) table.columns.ids = header[*layout.id];
  for (const std::string& group : options.columns.groups) {
    QT_TRY(const std::optional<std::size_t> column, column_of(header, group, {}, "group", table.source));
    layout.groups.emplace_back(*column, group);
  }
  // A row takes at least a digit and a separator for each class.
  const auto lines = static_cast<std::size_t>(std::ranges::count(content, '\n'));
  table.logits.reserve(std::min(lines * table.class_count, content.size() / 2 + 1));
  std::vector<std::string> fields;
  while (true) {
    QT_TRY(const bool more, reader.next(fields));
    if (!more) return {};
    if (fields.size() != header.size()) {
      return fail(ErrorKind::kCorruptData, "CSV is malformed", at_line(table.source, reader.record_line()),
                  fmt::format("{} fields, and the header has {}", fields.size(), header.size()),
                  "enclose fields with commas or line breaks in quotes");
    }
    for (const std::size_t column : layout.class_columns) {
      QT_TRY(const float value, number(fields[column], header[column], table, reader.record_line()));
      table.logits.push_back(value);
    }
    if (layout.label) append_label(fields[*layout.label], table);
    if (layout.id) table.ids.push_back(fields[*layout.id]);
    for (const auto& [column, name] : layout.groups) table.groups[name].push_back(fields[column]);
    ++table.example_count;
  }
}

}  // namespace quantier::prediction_internal
