#include "quantier/pipeline/import_values.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/dataset/csv_reader.h"
#include "quantier/pipeline/toml_section.h"

namespace quantier {

std::string usual_quantity(const std::string& name) {
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto has = [&](std::string_view part) { return lower.find(part) != std::string::npos; };
  if (lower.ends_with("_ok") || has("pass")) return lower;
  if (lower == "n" || lower == "count" || lower == "support") return "n";
  if (lower == "acc" || lower == "accuracy") return "accuracy";
  if (lower == "f1" || has("macro_f1") || has("f1_macro")) return "macro_f1";
  if (lower == "t" || lower == "temp" || has("temperature")) return "temperature";
  if (has("ece")) {
    if (has("post") || has("after") || has("scaled")) return "ece_post";
    return "ece_pre";
  }
  if (has("ci_low") || lower == "low" || lower == "lower") return "delta_low";
  if (has("ci_high") || lower == "high" || lower == "upper") return "delta_high";
  if (lower == "mean" || has("delta")) return "delta";
  if (has("prob")) return "mean_probability_true";
  if (has("latency") || lower == "ms") return "latency_ms";
  if (has("vram") || has("memory_gb")) return "memory_gb";
  return lower;
}

namespace import_internal {
namespace {

// Digits after the point; absent with an exponent.
std::optional<int> decimals_of(std::string_view text) {
  if (text.find_first_of("eE") != std::string_view::npos) return std::nullopt;
  const std::size_t point = text.find('.');
  return point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

std::optional<double> number_of(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// A mean difference with its interval: what is reported of a tier. Where no predictions say which tiers there
// are, the key of such an object is one.
bool is_change(const Json& node) {
  if (!node.is_object()) return false;
  bool mean = false;
  bool end = false;
  for (const auto& item : node.items()) {
    if (!item.value().is_number()) continue;
    const std::string quantity = usual_quantity(item.key());
    mean = mean || quantity == "delta";
    end = end || quantity == "delta_low" || quantity == "delta_high";
  }
  return mean && end;
}

class JsonWalk {
 public:
  JsonWalk(const KnownNames& known, std::string source) : known_(known), source_(std::move(source)) {}

  void visit(const Json& node, ReportedValue about, const std::string& path, int depth) {
    if (depth > 16) return;
    if (node.is_object()) {
      for (const auto& item : node.items()) {
        ReportedValue inner = about;
        const std::string& key = item.key();
        if (contains(known_.models, key)) {
          inner.model = key;
        } else if (contains(known_.recipes, key)) {
          inner.recipe = key;
        } else if (contains(known_.tiers, key) || (known_.tiers.empty() && is_change(item.value()))) {
          inner.tier = key;
        } else if (contains(known_.labels, key)) {
          inner.label = key;
        } else if (key.find("split") != std::string::npos) {
          inner.part = "odd rows";
        } else {
          inner.quantity = usual_quantity(key);
        }
        visit(item.value(), std::move(inner), path.empty() ? key : path + "." + key, depth + 1);
      }
      return;
    }
    if ((!node.is_number() && !node.is_boolean()) || about.model.empty()) return;
    about.value = node.is_boolean() ? (node.get<bool>() ? 1.0 : 0.0) : node.get<double>();
    if (node.is_number()) about.decimals = decimals_of(node.dump());
    about.source = fmt::format("{}, {}", source_, printable(path));
    values.push_back(std::move(about));
  }

  std::vector<ReportedValue> values;

 private:
  const KnownNames& known_;
  std::string source_;
};

}  // namespace

Result<std::vector<ReportedValue>> values_of_csv(std::string_view content, const std::string& source) {
  std::vector<ReportedValue> values;
  CsvReader reader(content, ',', source);
  std::vector<std::string> header;
  QT_TRY(const bool has_header, reader.next(header));
  const auto column = [&](std::string_view name) { return std::ranges::find(header, name) - header.begin(); };
  const auto width = std::ssize(header);
  if (!has_header || column("model") == width) return values;
  const auto model = static_cast<std::size_t>(column("model"));
  const auto recipe =
      static_cast<std::size_t>(column("precision") != width ? column("precision") : column("recipe"));
  // A row may speak of a tier or a class alone; read as the whole, it would stand in its place.
  const auto tier = static_cast<std::size_t>(column("tier"));
  const auto label = static_cast<std::size_t>(column("class") != width ? column("class") : column("label"));
  std::vector<std::string> fields;
  while (true) {
    QT_TRY(const bool more, reader.next(fields));
    if (!more) return values;
    if (fields.size() != header.size()) {
      return fail(ErrorKind::kCorruptData, "CSV is malformed", at_line(source, reader.record_line()),
                  fmt::format("{} fields, and the header has {}", fields.size(), header.size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i == model || i == recipe || i == tier || i == label || fields[i].empty()) continue;
      const std::optional<double> value = number_of(fields[i]);
      if (!value) continue;
      ReportedValue reported;
      reported.model = fields[model];
      if (recipe < fields.size()) reported.recipe = fields[recipe];
      if (tier < fields.size()) reported.tier = fields[tier];
      if (label < fields.size()) reported.label = fields[label];
      reported.quantity = usual_quantity(header[i]);
      reported.value = *value;
      reported.decimals = decimals_of(fields[i]);
      reported.source = fmt::format("{}, column {}", at_line(source, reader.record_line()), header[i]);
      values.push_back(std::move(reported));
    }
  }
}

std::vector<ReportedValue> values_of_json(const Json& document, const KnownNames& known,
                                          const std::string& source) {
  JsonWalk walk(known, source);
  walk.visit(document, {}, "", 0);
  // Numbers of models alone, without a recipe, a tier or a class, are what came before these predictions.
  const bool earlier = std::ranges::all_of(walk.values, [](const ReportedValue& value) {
    return value.recipe.empty() && value.tier.empty() && value.label.empty();
  });
  if (earlier) {
    for (ReportedValue& value : walk.values) value.kind = ReportedKind::kEarlier;
  }
  return std::move(walk.values);
}

Result<std::vector<ReportedValue>> values_of_toml(std::string_view content, const std::string& source) {
  std::vector<ReportedValue> values;
  TomlReader reader(source);
  toml::table parsed;
  try {
    parsed = toml::parse(content, source);
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::kCorruptData, "TOML is malformed",
                fmt::format("{}, line {}", source, error.source().begin.line),
                std::string(error.description()));
  }
  const toml::array* list = parsed["earlier"].as_array();
  if (list == nullptr) return values;
  for (const toml::node& node : *list) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      return fail(ErrorKind::kUserInput, "an earlier measurement is not a table", source, "",
                  "write [[earlier]] and under it what, value, when, how");
    }
    TomlSection section(*table, "[[earlier]]", reader);
    ReportedValue value;
    value.kind = ReportedKind::kEarlier;
    std::optional<double> number;
    section.require("what", "say what was measured");
    section.require("value", "say what came out");
    section.text("what", value.quantity);
    section.number("value", number, std::numeric_limits<double>::lowest(),
                   std::numeric_limits<double>::max());
    section.text("when", value.when);
    section.text("how", value.how);
    section.text("model", value.model);
    section.text("recipe", value.recipe);
    section.text("tier", value.tier);
    section.finish();
    if (!reader.ok()) {
      Error error = reader.take_error();
      error.kind = ErrorKind::kUserInput;
      return std::unexpected(std::move(error));
    }
    value.value = *number;
    value.source = fmt::format("{}, line {}", source, table->source().begin.line);
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace import_internal
}  // namespace quantier
