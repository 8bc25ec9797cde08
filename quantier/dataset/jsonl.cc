// One JSON object a line.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "quantier/base/json.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/raw_records.h"

namespace quantier {
namespace {

bool is_blank(std::string_view line) {
  return std::ranges::all_of(line, [](char c) { return c == ' ' || c == '\t' || c == '\r'; });
}

// Says the line of the file rather than "line 1" of the little text that the parser saw.
Error at_this_line(Error error, std::string_view source, std::uint64_t line) {
  const auto column = error.where.rfind("column ");
  std::string where = at_line(source, line);
  if (column != std::string::npos) where += ", " + error.where.substr(column);
  error.where = std::move(where);
  error.hint = "each line must be one complete JSON object";
  return error;
}

Result<const Json*> member(const Json& object, const std::string& column, std::string_view source,
                           std::uint64_t line) {
  const auto found = object.find(column);
  if (found != object.end()) return &*found;
  std::string names;
  for (const auto& item : object.items()) {
    if (names.size() > 400) {
      names += ", ...";
      break;
    }
    names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", printable(item.key(), 60));
  }
  return fail(ErrorKind::kUserInput, fmt::format("\"{}\" is missing", printable(column)),
              at_line(source, line), "this object has " + (names.empty() ? std::string("no members") : names),
              "every line needs the columns that the first line has");
}

// Labels and ids may be strings or whole numbers.
Result<std::string> name_or_number(const Json& value, const std::string& column, std::string_view source,
                                   std::uint64_t line) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_unsigned()) return fmt::to_string(value.get<std::uint64_t>());
  if (value.is_number_integer()) return fmt::to_string(value.get<std::int64_t>());
  return fail(ErrorKind::kUserInput, fmt::format("\"{}\" cannot be used", printable(column)),
              at_line(source, line),
              fmt::format("expected a string or a whole number, found {}", value.type_name()));
}

}  // namespace

Result<RawRecords> parse_jsonl(std::string_view content, const WantedColumns& wanted,
                               std::string_view source) {
  RawRecords records;
  records.labels_are_numbers = true;
  bool columns_known = false;
  std::uint64_t line_number = 0;
  for (std::size_t begin = byte_order_mark_bytes(content); begin < content.size();) {
    const std::size_t newline = content.find('\n', begin);
    const std::size_t end = newline == std::string_view::npos ? content.size() : newline;
    const std::string_view line = content.substr(begin, end - begin);
    const std::size_t line_begin = begin;
    begin = end + 1;
    ++line_number;
    if (is_blank(line)) continue;
    QT_TRY_STATUS(check_utf8(line, line_begin, line_number, source));
    auto parsed = parse_json(line, "");
    if (!parsed) return std::unexpected(at_this_line(std::move(parsed).error(), source, line_number));
    if (!parsed->is_object()) {
      return fail(ErrorKind::kCorruptData, "line is not a JSON object", at_line(source, line_number),
                  fmt::format("found {}", parsed->type_name()),
                  parsed->is_array() && line_number == 1
                      ? "a JSON array must be rewritten with one object a line, for example with jq -c '.[]'"
                      : "each line must be one complete JSON object");
    }
    if (!columns_known) {
      std::vector<std::string> found;
      for (const auto& item : parsed->items()) found.push_back(item.key());
      QT_TRY(records.columns, resolve_columns(found, wanted, at_line(source, line_number)));
      columns_known = true;
    }
    if (!records.columns.text.empty()) {
      QT_TRY(const Json* const value, member(*parsed, records.columns.text, source, line_number));
      if (!value->is_string()) {
        return fail(
            ErrorKind::kUserInput, fmt::format("\"{}\" is not a text", printable(records.columns.text)),
            at_line(source, line_number), fmt::format("expected a string, found {}", value->type_name()));
      }
      records.texts.push_back(value->get<std::string>());
    }
    if (!records.columns.label.empty()) {
      QT_TRY(const Json* const value, member(*parsed, records.columns.label, source, line_number));
      QT_TRY(std::string label, name_or_number(*value, records.columns.label, source, line_number));
      records.labels.push_back(std::move(label));
      if (value->is_string()) records.labels_are_numbers = false;
    }
    if (!records.columns.id.empty()) {
      QT_TRY(const Json* const value, member(*parsed, records.columns.id, source, line_number));
      QT_TRY(std::string id, name_or_number(*value, records.columns.id, source, line_number));
      records.ids.push_back(std::move(id));
    }
    records.lines.push_back(line_number);
  }
  return records;
}

}  // namespace quantier
