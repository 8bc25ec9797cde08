#include "quantier/pipeline/group_input.h"

#include <system_error>
#include <unordered_map>

#include <fmt/format.h>

#include "quantier/base/json.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/prediction_file.h"

namespace quantier {
namespace {

using GroupOfId = std::unordered_map<std::string, std::string>;

std::optional<std::string> text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

// In the order of the examples.
Result<GroupInput> by_id(const GroupOfId& group_of, const std::string& column,
                         const GroupedExamples& examples, const std::string& source) {
  GroupInput input;
  input.groups.column = column;
  std::size_t unknown = 0;
  for (const std::string& id : examples.ids) {
    const auto found = group_of.find(id);
    if (found == group_of.end()) ++unknown;
    input.groups.group_of_example.push_back(found == group_of.end() ? std::string() : found->second);
  }
  if (unknown == examples.count) {
    return fail(
        ErrorKind::kUserInput, "the grouping knows none of the examples", source,
        fmt::format("{} ids there, {} examples in {}, none in both (\"{}\" is one of the latter)",
                    group_of.size(), examples.count, examples.source, printable(examples.ids.front(), 60)),
        "the ids must be those of the data");
  }
  if (unknown > 0) {
    input.remarks.push_back(fmt::format("{}: {} of {} examples are not in {}, so they are in no group",
                                        printable(column, 60), unknown, examples.count, source));
  }
  return input;
}

Result<GroupInput> from_table(PredictionTable table, const std::string& column,
                              const GroupedExamples& examples) {
  std::vector<std::string>& groups = table.groups[column];
  if (!table.ids.empty() && !examples.ids.empty()) {
    GroupOfId group_of;
    for (std::size_t i = 0; i < table.ids.size(); ++i) group_of.emplace(table.ids[i], std::move(groups[i]));
    return by_id(group_of, column, examples, table.source);
  }
  if (groups.size() != examples.count) {
    return fail(ErrorKind::kUserInput, "the grouping does not fit the examples", table.source,
                fmt::format("{} groups for {} examples of {}, and no ids in both to join them by",
                            groups.size(), examples.count, examples.source),
                "write an id with each example, or group the same rows in the same order");
  }
  GroupInput input;
  input.groups = {column, std::move(groups)};
  return input;
}

Result<GroupInput> from_json(const std::string& path, const GroupedExamples& examples) {
  QT_TRY(const Json document, read_json_file(path));
  if (!document.is_object() || document.empty()) {
    return fail(ErrorKind::kUserInput, "the groups cannot be read", path, "expected a JSON object",
                "write {\"id\": \"group\", ...}");
  }
  if (examples.ids.empty()) {
    return fail(ErrorKind::kUserInput, "groups by id need ids", path,
                fmt::format("the examples of {} have none", examples.source),
                "write an id with each example, or give the groups in rows: FILE.csv#COLUMN");
  }
  GroupOfId group_of;
  for (const auto& item : document.items()) {
    std::optional<std::string> group = text_of(item.value());
    if (!group) {
      return fail(ErrorKind::kUserInput, "a group is neither a text nor a whole number",
                  fmt::format("{}, id \"{}\"", path, printable(item.key(), 60)),
                  fmt::format("found {}", item.value().type_name()));
    }
    group_of.emplace(item.key(), *std::move(group));
  }
  return by_id(group_of, std::filesystem::path(path).stem().string(), examples, path);
}

}  // namespace

Result<GroupInput> groups_from_request(const std::string& request, const GroupedExamples& examples) {
  std::error_code ignored;
  const std::size_t mark = request.rfind('#');
  if (mark == std::string::npos || std::filesystem::is_regular_file(request, ignored)) {
    if (request.ends_with(".json")) return from_json(request, examples);
    return fail(ErrorKind::kUsage, "the grouping cannot be read", printable(request, 200),
                "it does not say which column holds the groups",
                "write FILE#KEY, or FILE.json with an object from id to group");
  }
  const std::string key = request.substr(mark + 1);
  if (key.empty()) {
    return fail(ErrorKind::kUsage, "the grouping cannot be read", printable(request, 200),
                "there is no name after '#'", "write FILE#KEY");
  }
  PredictionOptions options;
  options.need_logits = false;
  options.columns.groups = {key};
  QT_TRY(PredictionTable table, read_predictions(request.substr(0, mark), options));
  return from_table(std::move(table), key, examples);
}

Result<GroupInput> groups_from_data(const std::filesystem::path& data, const ColumnNames& names,
                                    const std::string& column, const GroupedExamples& examples) {
  PredictionOptions options;
  options.need_logits = false;
  options.columns.groups = {column};
  options.columns.labels = names.label;
  options.columns.ids = names.id;
  QT_TRY(PredictionTable table, read_predictions(data, options));
  return from_table(std::move(table), column, examples);
}

}  // namespace quantier
