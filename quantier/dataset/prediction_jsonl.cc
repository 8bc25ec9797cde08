// Predictions from one JSON object a line. null stands for a logit that is not a number.
#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "quantier/base/json.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/prediction_parts.h"
#include "quantier/dataset/raw_records.h"

namespace quantier::prediction_internal {
namespace {

constexpr std::array<std::string_view, 3> kLogits = {"logits", "scores", "probabilities"};
constexpr std::array<std::string_view, 5> kLabels = {"label", "labels", "y", "y_true", "target"};
constexpr std::array<std::string_view, 4> kIds = {"id", "ids", "uid", "example_id"};

std::unexpected<Error> at_line_error(const PredictionTable& table, std::uint64_t line, std::string what,
                                     std::string why, std::string hint = {}) {
  return fail(ErrorKind::kUserInput, std::move(what), at_line(table.source, line), std::move(why),
              std::move(hint));
}

Result<std::string> text_of(const Json& object, const std::string& column, const PredictionTable& table,
                            std::uint64_t line) {
  const auto found = object.find(column);
  if (found == object.end()) {
    return at_line_error(table, line, fmt::format("\"{}\" is missing", printable(column, 60)), "",
                         "every line needs the members that the first line has");
  }
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_unsigned()) return fmt::to_string(found->get<std::uint64_t>());
  if (found->is_number_integer()) return fmt::to_string(found->get<std::int64_t>());
  return at_line_error(table, line, fmt::format("\"{}\" cannot be used", printable(column, 60)),
                       fmt::format("expected a string or a whole number, found {}", found->type_name()));
}

Status append_logits(const Json& object, PredictionTable& table, std::uint64_t line) {
  const std::string& column = table.columns.logits;
  const auto found = object.find(column);
  if (found == object.end() || !found->is_array() || found->empty()) {
    return at_line_error(
        table, line, fmt::format("\"{}\" is not a list of numbers", printable(column, 60)),
        found == object.end() ? "it is missing" : fmt::format("found {}", found->type_name()),
        "write one number for each class, in the order of the classes");
  }
  if (table.class_count == 0) table.class_count = found->size();
  if (found->size() != table.class_count) {
    return at_line_error(
        table, line, "rows have different numbers of classes",
        fmt::format("{} logits here, {} in the first row", found->size(), table.class_count));
  }
  for (const Json& value : *found) {
    if (!value.is_number() && !value.is_null()) {
      return at_line_error(table, line, "a logit is not a number",
                           fmt::format("found {}", value.type_name()));
    }
    table.logits.push_back(value.is_null() ? std::numeric_limits<float>::quiet_NaN()
                                           : static_cast<float>(value.get<double>()));
  }
  return {};
}

Result<std::string> column_of(const std::vector<std::string>& found, const std::string& given,
                              std::span<const std::string_view> usual, std::string_view what,
                              std::string_view source) {
  if (given.empty()) return the_one_named(found, usual, "", what, source);
  if (std::ranges::find(found, given) != found.end()) return given;
  return no_such_column(what, given, found, source);
}

Status resolve(const Json& first, const PredictionOptions& options, PredictionTable& table,
               std::uint64_t line) {
  std::vector<std::string> found;
  for (const auto& item : first.items()) found.push_back(item.key());
  const std::string place = at_line(table.source, line);
  if (options.need_logits) {
    QT_TRY(table.columns.logits, column_of(found, options.columns.logits, kLogits, "logits", place));
    if (table.columns.logits.empty()) return no_such_column("logits", "", found, place);
  }
  QT_TRY(table.columns.labels, column_of(found, options.columns.labels, kLabels, "labels", place));
  QT_TRY(table.columns.ids, column_of(found, options.columns.ids, kIds, "ids", place));
  for (const std::string& group : options.columns.groups) {
    if (std::ranges::find(found, group) == found.end()) return no_such_column("group", group, found, place);
    table.groups[group];
  }
  return {};
}

}  // namespace

Status read_jsonl_table(std::string_view content, const PredictionOptions& options, PredictionTable& table) {
  std::uint64_t line_number = 0;
  std::size_t begin = byte_order_mark_bytes(content);
  const auto lines_left = [&] {
    return static_cast<std::size_t>(
               std::count(content.begin() + static_cast<std::ptrdiff_t>(begin), content.end(), '\n')) +
           1;
  };
  while (begin < content.size()) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = content.substr(begin, end - begin);
    const std::size_t line_begin = begin;
    begin = end + 1;
    ++line_number;
    if (std::ranges::all_of(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; })) continue;
    QT_TRY_STATUS(check_utf8(line, line_begin, line_number, table.source));
    auto parsed = parse_json(line, "");
    if (!parsed || !parsed->is_object()) {
      return fail(ErrorKind::kCorruptData, "line is not a JSON object", at_line(table.source, line_number),
                  parsed ? fmt::format("found {}", parsed->type_name()) : parsed.error().why,
                  "each line must be one complete object; write null, not NaN, for a logit without a value");
    }
    const bool first = table.example_count == 0;
    if (first) QT_TRY_STATUS(resolve(*parsed, options, table, line_number));
    if (options.need_logits) {
      QT_TRY_STATUS(append_logits(*parsed, table, line_number));
      // So that growing never holds two copies; a line takes at least two bytes a logit, whatever it claims.
      if (first && begin < content.size()) {
        table.logits.reserve(
            std::min(lines_left() * table.class_count + table.class_count, content.size() / 2 + 1));
      }
    }
    if (!table.columns.labels.empty()) {
      QT_TRY(const std::string label, text_of(*parsed, table.columns.labels, table, line_number));
      append_label(label, table);
    }
    if (!table.columns.ids.empty()) {
      QT_TRY(std::string id, text_of(*parsed, table.columns.ids, table, line_number));
      table.ids.push_back(std::move(id));
    }
    for (auto& [name, values] : table.groups) {
      QT_TRY(std::string value, text_of(*parsed, name, table, line_number));
      values.push_back(std::move(value));
    }
    ++table.example_count;
  }
  return {};
}

}  // namespace quantier::prediction_internal
