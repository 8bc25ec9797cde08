#include "quantier/pipeline/plan_file.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/utf8.h"
#include "quantier/pipeline/toml_section.h"
#include "quantier/pipeline/toml_text.h"

namespace quantier {
namespace {

constexpr std::uint64_t kMaxBytes = 1 << 24;
constexpr double kMostMilliseconds = 1e12;

const std::vector<std::string>& embedding_words() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> names;
    for (const auto format :
         {EmbeddingFormat::kF32, EmbeddingFormat::kF16, EmbeddingFormat::kBF16, EmbeddingFormat::kI8Row}) {
      names.emplace_back(embedding_format_name(format));
    }
    return names;
  }();
  return words;
}

// toml++ sorts keys; the order of the file is that of the positions.
void read_layers(const toml::table& table, TomlReader& reader, PlanRules& rules) {
  std::vector<std::pair<toml::source_position, PlanRules::Rule>> lines;
  TomlSection section(table, "[layers]", reader);
  for (const auto& [key, node] : table) {
    const std::string pattern(key.str());
    PlanRules::Rule rule{pattern, ""};
    section.text(pattern.c_str(), rule.recipe);
    if (!reader.ok()) return;
    if (pattern.empty()) return section.refuse(node, "", "a pattern of layers is empty");
    if (const auto recipe = parse_recipe(rule.recipe); !recipe) {
      return section.refuse(node, pattern.c_str(), recipe.error().what, recipe.error().hint);
    }
    lines.emplace_back(key.source().begin, std::move(rule));
  }
  std::ranges::sort(lines, [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  for (auto& [position, rule] : lines) rules.layers.push_back(std::move(rule));
}

void read_selected_on(const toml::table& table, TomlReader& reader, PlanRules& rules) {
  TomlSection section(table, "[selected_on]", reader);
  SelectedOn selected;
  section.text("data", selected.data);
  section.text("sha256", selected.sha256);
  section.texts("fingerprints", selected.fingerprints);
  section.finish();
  section.require("fingerprints", "those of the texts that the plan was fitted to");
  rules.selected_on = std::move(selected);
}

void read_unit_times(const toml::table& table, TomlReader& reader, TimedOn& timed) {
  std::vector<std::pair<toml::source_position, TimedOn::UnitTime>> products;
  TomlSection units(table, "[timed_on.unit_ms]", reader);
  for (const auto& [key, node] : table) {
    const std::string unit(key.str());
    const toml::table* recipes = units.table(unit.c_str());
    if (recipes == nullptr) return;
    TomlSection section(*recipes, "[timed_on.unit_ms]", reader);
    for (const auto& [name, value] : *recipes) {
      TimedOn::UnitTime product{unit, std::string(name.str()), 0};
      section.number(product.recipe.c_str(), product.milliseconds, 0, kMostMilliseconds);
      products.emplace_back(name.source().begin, std::move(product));
    }
  }
  std::ranges::sort(products, [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  for (auto& [position, product] : products) timed.units.push_back(std::move(product));
}

void read_timed_on(const toml::table& table, TomlReader& reader, PlanRules& rules) {
  TomlSection section(table, "[timed_on]", reader);
  TimedOn timed;
  constexpr std::int64_t kMost = 1'000'000'000;
  section.number("budget_ms", timed.budget_ms, 0, kMostMilliseconds);
  section.number("base_ms", timed.base_ms, 0, kMostMilliseconds);
  section.number("plan_ms", timed.plan_ms, 0, kMostMilliseconds);
  section.whole("batch", timed.batch, 1, kMost);
  section.whole("tokens", timed.tokens_per_text, 1, kMost);
  section.whole("threads", timed.threads, 1, kMost);
  section.text("processor", timed.processor);
  section.text("kernels", timed.kernels);
  if (const toml::table* products = section.table("unit_ms")) read_unit_times(*products, reader, timed);
  section.finish();
  rules.timed_on = std::move(timed);
}

Result<PlanRules> read(const toml::table& document, std::string_view name, std::string_view source) {
  PlanRules rules;
  rules.name = name;
  TomlReader reader(source);
  TomlSection top(document, "", reader);
  top.text("name", rules.name);
  top.text("base", rules.base);
  top.choice("embedding", embedding_words(),
             [&](std::size_t i) { rules.embedding = embedding_format_from_name(embedding_words()[i]); });
  if (const toml::table* table = top.table("layers")) read_layers(*table, reader, rules);
  if (const toml::table* table = top.table("selected_on")) read_selected_on(*table, reader, rules);
  if (const toml::table* table = top.table("timed_on")) read_timed_on(*table, reader, rules);
  top.finish();
  top.require("base", "the recipe of every layer that [layers] does not name, for example base = \"int8\"");
  if (const toml::node* node = document.get("base"); node != nullptr && reader.ok()) {
    if (const auto base = parse_recipe(rules.base); !base) {
      top.refuse(*node, "base", base.error().what, base.error().hint);
    }
  }
  if (!reader.ok()) return std::unexpected(reader.take_error());
  return rules;
}

std::string selected_on_text(const SelectedOn& selected) {
  std::string text = fmt::format(
      "\n# The examples that this plan was fitted to: measured on them it looks better than it is.\n"
      "[selected_on]\ndata = {}\nsha256 = {}\nfingerprints = [\n",
      toml_string(selected.data), toml_string(selected.sha256));
  constexpr std::size_t kOfALine = 5;
  for (std::size_t i = 0; i < selected.fingerprints.size(); ++i) {
    const bool ends = i % kOfALine == kOfALine - 1 || i + 1 == selected.fingerprints.size();
    text += fmt::format("{}{},{}", i % kOfALine == 0 ? "  " : " ", toml_string(selected.fingerprints[i]),
                        ends ? "\n" : "");
  }
  return text + "]\n";
}

// A number that TOML reads as a float.
std::string milliseconds(double value) { return fmt::format("{:.6f}", value); }

std::string timed_on_text(const TimedOn& timed) {
  std::string text = fmt::format(
      "\n# The times that this plan was chosen by, medians: they hold on this machine and for these "
      "batches.\n"
      "[timed_on]\nbudget_ms = {}\nbase_ms = {}\nplan_ms = {}\nbatch = {}\ntokens = {}\nthreads = {}\n"
      "processor = {}\nkernels = {}\n[timed_on.unit_ms]\n",
      milliseconds(timed.budget_ms), milliseconds(timed.base_ms), milliseconds(timed.plan_ms), timed.batch,
      timed.tokens_per_text, timed.threads, toml_string(timed.processor), toml_string(timed.kernels));
  for (std::size_t i = 0; i < timed.units.size(); ++i) {
    const TimedOn::UnitTime& product = timed.units[i];
    const bool begins = i == 0 || timed.units[i - 1].unit != product.unit;
    const bool ends = i + 1 == timed.units.size() || timed.units[i + 1].unit != product.unit;
    text += begins ? toml_string(product.unit) + " = { " : ", ";
    text += fmt::format("{} = {}", toml_string(product.recipe), milliseconds(product.milliseconds));
    if (ends) text += " }\n";
  }
  return text;
}

}  // namespace

Result<PlanRules> parse_plan_file(std::string_view text, std::string_view name, std::string_view source) {
  if (const auto invalid = find_invalid_utf8(text)) {
    return fail(ErrorKind::kUsage, "the plan is not UTF-8", std::string(source),
                fmt::format("byte offset {}", *invalid));
  }
  try {
    return read(toml::parse(text), name, source);
  } catch (const toml::parse_error& error) {
    return fail(
        ErrorKind::kUsage, "the plan is not TOML",
        fmt::format("{}, line {}, column {}", source, error.source().begin.line, error.source().begin.column),
        printable(error.description(), 300),
        "`quantier inspect MODEL --recipe R --write-plan FILE` writes one");
  }
}

Result<PlanRules> read_plan_file(const std::filesystem::path& path) {
  QT_TRY(const std::string text, read_text_file(path, kMaxBytes));
  return parse_plan_file(text, path.stem().string(), path.string());
}

std::string plan_file_text(const PlanRules& rules, const ModelSpec& spec, const Plan& plan) {
  std::string text =
      fmt::format("name = {}\nbase = {}\nembedding = {}\n\n[layers]\n", toml_string(plan.recipe),
                  toml_string(rules.base), toml_string(embedding_format_name(plan.embedding)));
  for (const PlanRules::Rule& rule : rules.layers) {
    text += fmt::format("{} = {}\n", toml_string(rule.pattern), toml_string(rule.recipe));
  }
  if (rules.selected_on) text += selected_on_text(*rules.selected_on);
  if (rules.timed_on) text += timed_on_text(*rules.timed_on);
  text +=
      "\n# What this is on the model that it was written for. A line above, \"PATTERN\" = \"RECIPE\", gives "
      "another\n# recipe to the layers it names: \"layers.0-3\", \"layers.*.mlp.down\", \"classifier\".\n";
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    const LayerPlan& layer = plan.layers[i];
    text +=
        fmt::format("#   {:<28} {:>6} x {:<6} {:<12} {:<24} {:>11} bytes\n", linear.name, linear.out_features,
                    linear.in_features, method_text(layer.recipe), format_text(layer), layer.bytes);
  }
  return text;
}

Json to_json(const PlanRules& rules) {
  Json layers = Json::array();
  for (const PlanRules::Rule& rule : rules.layers) layers.push_back({rule.pattern, rule.recipe});
  return {{"name", rules.name},
          {"base", rules.base},
          {"embedding", rules.embedding ? Json(embedding_format_name(*rules.embedding)) : Json(nullptr)},
          {"layers", std::move(layers)}};
}

Result<PlanRules> plan_rules_from_json(const Json& json, std::string_view source) {
  const auto damaged = [&](const char* why) {
    return fail(ErrorKind::kCorruptData, "the rules of a plan are damaged", std::string(source), why);
  };
  if (!json.is_object()) return damaged("they are not a JSON object");
  PlanRules rules;
  QT_TRY(rules.name, json_get<std::string>(json, "name", source));
  QT_TRY(rules.base, json_get<std::string>(json, "base", source));
  QT_TRY(const std::optional<std::string> embedding, json_find<std::string>(json, "embedding", source));
  if (embedding) {
    rules.embedding = embedding_format_from_name(*embedding);
    if (!rules.embedding) return damaged("the format of the embedding is not known");
  }
  const auto layers = json.find("layers");
  if (layers == json.end() || !layers->is_array()) return damaged("\"layers\" is not a list");
  for (const Json& rule : *layers) {
    if (!rule.is_array() || rule.size() != 2 || !rule[0].is_string() || !rule[1].is_string()) {
      return damaged("a rule is not a pattern and a recipe");
    }
    rules.layers.push_back({rule[0].get<std::string>(), rule[1].get<std::string>()});
  }
  return rules;
}

}  // namespace quantier
