// Predictions from arrays.
#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/utf8.h"
#include "quantier/dataset/prediction_parts.h"

namespace quantier::prediction_internal {
namespace {

constexpr std::array<std::string_view, 3> kLogits = {"logits", "scores", "probabilities"};
constexpr std::array<std::string_view, 5> kLabels = {"labels", "label", "y", "y_true", "targets"};
constexpr std::array<std::string_view, 3> kIds = {"ids", "id", "example_ids"};
constexpr std::array<std::string_view, 2> kClassNames = {"label_names", "class_names"};

template <class Wanted>
std::vector<std::string> names_where(const NpzReader& reader, const Wanted& wanted) {
  std::vector<std::string> names;
  for (const NpyInfo& info : reader.arrays()) {
    if (wanted(info)) names.push_back(info.name);
  }
  return names;
}

// The array of a name that was given, or the one that is meant; nullopt when there is none.
template <class Wanted>
Result<std::optional<std::size_t>> find_array(const NpzReader& reader, const std::string& given,
                                              std::span<const std::string_view> usual,
                                              std::string_view suffix, std::string_view what,
                                              const Wanted& wanted) {
  if (!given.empty()) {
    const auto found = reader.find(given);
    if (!found) {
      return no_such_column(what, given, names_where(reader, [](const NpyInfo&) { return true; }),
                            reader.source());
    }
    if (!wanted(reader.arrays()[*found])) {
      return fail(
          ErrorKind::kUserInput, fmt::format("the array \"{}\" cannot be the {}", printable(given, 60), what),
          reader.source(),
          fmt::format("its type is '{}' and its shape ({})", printable(reader.arrays()[*found].type, 20),
                      fmt::join(reader.arrays()[*found].shape, ", ")),
          "logits are floats [examples, classes]; labels and ids are [examples]");
    }
    return std::optional(*found);
  }
  QT_TRY(const std::string name,
         the_one_named(names_where(reader, wanted), usual, suffix, what, reader.source()));
  if (name.empty()) return std::optional<std::size_t>();
  return reader.find(name);
}

bool is_column(const NpyInfo& info) { return info.shape.size() == 1; }

Result<std::vector<std::string>> texts(NpzReader& reader, std::size_t array) {
  QT_TRY(NpyArray read, reader.read(array));
  if (auto* names = std::get_if<std::vector<std::string>>(&read.values)) return std::move(*names);
  std::vector<std::string> out;
  if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&read.values)) {
    for (const std::int64_t number : *numbers) out.push_back(std::to_string(number));
    return out;
  }
  return fail(ErrorKind::kUserInput, "array holds neither names nor whole numbers",
              fmt::format("{}, array {}", reader.source(), printable(read.name, 60)));
}

}  // namespace

Status read_npz_table(NpzReader& reader, const PredictionOptions& options, PredictionTable& table) {
  const auto matrix = [](const NpyInfo& info) { return info.is_float() && info.shape.size() == 2; };
  const auto numbers_or_names = [](const NpyInfo& info) {
    return is_column(info) && (info.is_integer() || info.is_text());
  };
  if (options.need_logits) {
    QT_TRY(std::optional<std::size_t> logits,
           find_array(reader, options.columns.logits, kLogits, "logits", "logits", matrix));
    if (!logits) {
      // A single matrix needs no name.
      const auto matrices = names_where(reader, matrix);
      if (matrices.size() != 1) {
        return no_such_column("logits", "", names_where(reader, [](const NpyInfo&) { return true; }),
                              reader.source());
      }
      logits = reader.find(matrices.front());
    }
    const NpyInfo& info = reader.arrays()[*logits];
    table.columns.logits = info.name;
    table.example_count = info.shape[0];
    table.class_count = info.shape[1];
    QT_TRY(table.logits, reader.read_floats(*logits));
  }
  QT_TRY(const std::optional<std::size_t> labels,
         find_array(reader, options.columns.labels, kLabels, "labels", "labels", numbers_or_names));
  if (labels) {
    table.columns.labels = reader.arrays()[*labels].name;
    QT_TRY(NpyArray read, reader.read(*labels));
    if (auto* numbers = std::get_if<std::vector<std::int64_t>>(&read.values)) {
      table.label_numbers = std::move(*numbers);
    } else if (auto* names = std::get_if<std::vector<std::string>>(&read.values)) {
      for (const std::string& name : *names) append_label(name, table);
    }
    if (!options.need_logits) {
      table.example_count = std::max(table.label_numbers.size(), table.label_names.size());
    }
  }
  QT_TRY(const std::optional<std::size_t> ids,
         find_array(reader, options.columns.ids, kIds, "", "ids", numbers_or_names));
  if (ids) {
    table.columns.ids = reader.arrays()[*ids].name;
    QT_TRY(table.ids, texts(reader, *ids));
  }
  for (const std::string& group : options.columns.groups) {
    QT_TRY(const std::optional<std::size_t> found,
           find_array(reader, group, {}, "", "group", numbers_or_names));
    QT_TRY(table.groups[group], texts(reader, *found));
    if (table.example_count == 0) table.example_count = table.groups[group].size();
  }
  if (options.need_logits) {
    QT_TRY(const std::optional<std::size_t> names,
           find_array(reader, "", kClassNames, "", "class names",
                      [](const NpyInfo& info) { return is_column(info) && info.is_text(); }));
    if (names) {
      QT_TRY(table.class_names, texts(reader, *names));
    }
  }
  return {};
}

}  // namespace quantier::prediction_internal
