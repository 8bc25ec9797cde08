#include "quantier/pipeline/envelope_config.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/pipeline/envelope_toml.h"
#include "quantier/pipeline/run_config.h"

namespace quantier {
namespace {

constexpr double kHuge = 1e12;
constexpr std::string_view kClassWord = "class ";

// The form of a metric, before the evidence says which classes (and perhaps tiers) there are.
std::optional<Error> bad_metric(const std::string& text,
                                const std::optional<std::vector<std::string>>& tiers) {
  MetricNames names;
  if (tiers) names.tiers = *tiers;
  const auto parsed = parse_metric(text, names);
  if (parsed) return std::nullopt;
  const bool of_class =
      text.starts_with(kClassWord) && (text.ends_with(" F1") || text.ends_with(" accuracy"));
  const bool of_tier = !tiers && (text.ends_with(" accuracy") || text.ends_with(" macro-F1"));
  if (of_class || of_tier) return std::nullopt;
  return parsed.error();
}

void check_metric(TomlSection& section, const toml::node& node, const char* key, const std::string& text,
                  const std::optional<std::vector<std::string>>& tiers) {
  const auto error = bad_metric(text, tiers);
  if (!error) return;
  section.refuse(node, key, error->why.empty() ? error->what : error->what + ": " + error->why, error->hint);
}

void read_constraint(const toml::table& table, const std::optional<std::vector<std::string>>& tiers,
                     TomlReader& reader, EnvelopeConfig& envelope) {
  TomlSection section(table, "[[envelope.constraint]]", reader);
  ConfiguredConstraint constraint;
  section.text("metric", constraint.metric);
  section.number("min", constraint.min, 0, kHuge);
  section.number("max", constraint.max, 0, kHuge);
  section.text("no_worse_than", constraint.no_worse_than);
  section.number("margin", constraint.margin, 0, kHuge);
  section.flag("hard", constraint.hard);
  section.finish();
  section.require("metric", "for example metric = \"tail accuracy\"");
  if (!reader.ok()) return;
  check_metric(section, *table.get("metric"), "metric", constraint.metric, tiers);
  const bool limit = constraint.min || constraint.max;
  if (limit == !constraint.no_worse_than.empty()) {
    reader.refuse(table.source(), "a constraint needs min, max or both, or else no_worse_than",
                  limit ? "it has both a limit and no_worse_than" : "it has neither",
                  "write two [[envelope.constraint]] tables for two limits");
  }
  if (constraint.margin && constraint.no_worse_than.empty()) {
    reader.refuse(table.source(), "`margin` in [[envelope.constraint]] goes with no_worse_than", "");
  }
  envelope.constraints.push_back(std::move(constraint));
}

void read_lists(TomlSection& section, const std::optional<std::vector<std::string>>& tiers,
                TomlReader& reader, EnvelopeConfig& envelope) {
  std::vector<std::string> objectives;
  section.texts("objectives", objectives);
  if (const toml::node* node = section.find("objectives")) {
    envelope.objectives.clear();
    if (objectives.empty()) section.refuse(*node, "objectives", "it is empty");
    const std::vector<std::string> known = {"macro_f1", "latency", "memory", "ece"};
    for (const std::string& word : objectives) {
      const auto found = std::ranges::find(known, word);
      if (found == known.end()) {
        section.refuse(*node, "objectives", fmt::format("\"{}\" is not known", printable(word, 60)),
                       suggestion(word, known));
        break;
      }
      envelope.objectives.push_back(static_cast<ConfiguredObjective>(found - known.begin()));
    }
  }
  section.texts("frontier", envelope.frontier);
  if (const toml::node* node = section.find("frontier")) {
    if (envelope.frontier.size() < 2) section.refuse(*node, "frontier", "a frontier has two axes or more");
    for (const std::string& axis : envelope.frontier) check_metric(section, *node, "frontier", axis, tiers);
  }
  const toml::node* node = section.find("constraint");
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    return section.wrong_type("constraint", *node, "a list of tables, written [[envelope.constraint]]");
  }
  for (const toml::node& item : *array) {
    if (item.as_table() == nullptr) {
      return section.wrong_type("constraint", item, "a table, written [[envelope.constraint]]");
    }
    read_constraint(*item.as_table(), tiers, reader, envelope);
  }
}

void read_floors(const toml::table& table, const std::optional<std::vector<std::string>>& tiers,
                 TomlReader& reader, EnvelopeConfig& envelope) {
  if (tiers && tiers->empty()) {
    return reader.refuse(table.source(), "accuracy floors need tiers", "there is no [tiers] table");
  }
  TomlSection section(table, "[envelope.tier_accuracy_min]", reader);
  std::vector<std::string> names;
  if (tiers) {
    names = *tiers;
  } else {
    for (const auto& [key, node] : table) names.emplace_back(key.str());
  }
  for (const std::string& name : names) {
    std::optional<double> value;
    section.number(name.c_str(), value, 0, 1);
    if (value) envelope.tier_accuracy_min.push_back({name, *value});
  }
  section.finish();
}

void read_prior_alone(const toml::table& table, TomlReader& reader, EnvelopeFile& file) {
  TomlSection section(table, "[prior]", reader);
  PriorConfig prior;
  section.text("text", prior.text);
  section.text("why", prior.why);
  section.text("model", prior.model);
  section.text("recipe", prior.recipe);
  read_prior_claims(section, {}, reader, prior.claims);
  section.finish();
  section.require("text", "what was recommended before, in a sentence");
  section.require("model", "which of the models was recommended");
  file.prior = std::move(prior);
}

const char* protocol_text(ConfiguredProtocol protocol) {
  switch (protocol) {
    case ConfiguredProtocol::kThroughput:
      return "throughput";
    case ConfiguredProtocol::kLatency:
      return "latency";
    case ConfiguredProtocol::kWorkload:
      return "workload";
  }
  return "throughput";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

const char* configured_objective_name(ConfiguredObjective objective) {
  switch (objective) {
    case ConfiguredObjective::kMacroF1:
      return "macro_f1";
    case ConfiguredObjective::kLatency:
      return "latency";
    case ConfiguredObjective::kMemory:
      return "memory";
    case ConfiguredObjective::kEce:
      return "ece";
  }
  return "unknown";
}

void read_prior_claims(TomlSection& section, const std::vector<std::string>& names, TomlReader& reader,
                       std::vector<PriorClaimConfig>& claims) {
  const toml::node* node = section.find("claim");
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  if (array == nullptr)
    return section.wrong_type("claim", *node, "a list of tables, written [[prior.claim]]");
  for (const toml::node& item : *array) {
    if (item.as_table() == nullptr) {
      return section.wrong_type("claim", item, "a table, written [[prior.claim]]");
    }
    TomlSection inner(*item.as_table(), "[[prior.claim]]", reader);
    PriorClaimConfig claim;
    inner.text("text", claim.text);
    inner.text("about", claim.about);
    inner.text("better", claim.better);
    inner.text("than", claim.than);
    inner.finish();
    for (const char* key : {"about", "better", "than"}) {
      inner.require(key, "for example about = \"macro-F1\", better = \"decoder\", than = \"encoder\"");
    }
    if (!reader.ok()) return;
    for (const char* key : {"better", "than"}) {
      const std::string& name = key == std::string_view("better") ? claim.better : claim.than;
      if (names.empty() || std::ranges::find(names, name) != names.end()) continue;
      inner.refuse(*item.as_table()->get(key), key, fmt::format("\"{}\" is not known", printable(name, 60)),
                   suggestion(name, names));
      return;
    }
    claims.push_back(std::move(claim));
  }
}

void read_envelope_table(const toml::table& table, const std::optional<std::vector<std::string>>& tiers,
                         TomlReader& reader, EnvelopeConfig& envelope) {
  TomlSection section(table, "[envelope]", reader);
  section.text("device", envelope.device);
  section.number("hardware_memory_mb", envelope.hardware_memory_mb, 0, kHuge);
  section.number("memory_headroom", envelope.memory_headroom, 0, 0.999);
  section.number("requests_per_second", envelope.requests_per_second, 0, kHuge);
  section.choice("requests_per_second_from", {"throughput", "load"},
                 [&](std::size_t i) { envelope.requests_per_second_from_load = i == 1; });
  section.number("requests_per_second_percentile", envelope.requests_per_second_percentile, 0.01, 99.999);
  section.number("requests_per_second_bound_ms", envelope.requests_per_second_bound_ms, 1e-6, kHuge);
  section.number("ms_per_example_max", envelope.ms_per_example_max, 0, kHuge);
  section.choice("ms_per_example_protocol", {"throughput", "latency", "workload"}, [&](std::size_t i) {
    envelope.ms_per_example_protocol = static_cast<ConfiguredProtocol>(i);
  });
  section.number("macro_f1_min", envelope.macro_f1_min, 0, 1);
  section.number("ece_max", envelope.ece_max, 0, 1);
  const std::vector<std::string> fits = {"cross-fitted", "raw", "in-sample", "reported"};
  section.choice("ece_fit", fits, [&](std::size_t i) { envelope.ece_fit = i == 0 ? "" : fits[i]; });
  section.number("memory_max_mb", envelope.memory_max_mb, 0, kHuge);
  section.choice("tie_rule", {"cheaper", "higher_macro_f1", "first_listed"},
                 [&](std::size_t i) { envelope.tie_rule = static_cast<TieRule>(i); });
  if (const auto* floors = section.table("tier_accuracy_min")) read_floors(*floors, tiers, reader, envelope);
  if (const auto* margins = section.table("margins")) {
    TomlSection inner(*margins, "[envelope.margins]", reader);
    inner.number("macro_f1", envelope.margins.macro_f1, 0, 1);
    inner.number("latency_relative", envelope.margins.latency_relative, 0, 10);
    inner.number("memory_relative", envelope.margins.memory_relative, 0, 10);
    inner.number("ece", envelope.margins.ece, 0, 1);
    inner.finish();
  }
  read_lists(section, tiers, reader, envelope);
  section.finish();
}

Result<EnvelopeFile> parse_envelope_file(std::string_view text, std::string_view source) {
  if (const auto invalid = find_invalid_utf8(text)) {
    return fail(ErrorKind::kUsage, "the envelope is not UTF-8", std::string(source),
                fmt::format("byte offset {}", *invalid));
  }
  try {
    const toml::table document = toml::parse(text);
    EnvelopeFile file;
    if (document.contains("models")) {
      QT_TRY(RunConfig config, parse_run_config(text, std::filesystem::path(source).parent_path(), source));
      file.envelope = config.envelope.value_or(EnvelopeConfig{});
      file.prior = config.prior;
      return file;
    }
    TomlReader reader(source);
    TomlSection top(document, "", reader);
    if (const auto* table = top.table("envelope"))
      read_envelope_table(*table, std::nullopt, reader, file.envelope);
    if (const auto* table = top.table("prior")) read_prior_alone(*table, reader, file);
    top.finish();
    top.require("envelope", "an [envelope] table with the limits");
    if (!reader.ok()) return std::unexpected(reader.take_error());
    return file;
  } catch (const toml::parse_error& error) {
    return fail(
        ErrorKind::kUsage, "the envelope is not TOML",
        fmt::format("{}, line {}, column {}", source, error.source().begin.line, error.source().begin.column),
        printable(error.description(), 300), "see https://toml.io for the format");
  }
}

Result<EnvelopeFile> read_envelope_file(const std::filesystem::path& path) {
  constexpr std::uint64_t kMaxBytes = 1 << 20;
  QT_TRY(const std::string text, read_text_file(path, kMaxBytes));
  return parse_envelope_file(text, path.string());
}

Result<ConfiguredConstraint> parse_constraint(std::string_view text) {
  const auto refuse = [&](std::string why) {
    return fail(ErrorKind::kUsage, "this limit cannot be read", printable(text, 80), std::move(why),
                "write METRIC >= NUMBER or METRIC <= NUMBER, for example \"tail accuracy >= 0.6\"");
  };
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string_view::npos || at + 1 >= text.size() || text[at + 1] != '=') {
    return refuse("there is no >= or <= in it");
  }
  const std::string_view number = trimmed(text.substr(at + 2));
  double value = 0.0;
  const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || code != std::errc{} || end != number.data() + number.size() || !(value >= 0.0) ||
      value > kHuge) {
    return refuse(fmt::format("\"{}\" is not a number that a limit can have", printable(number, 40)));
  }
  ConfiguredConstraint constraint;
  constraint.metric = trimmed(text.substr(0, at));
  if (constraint.metric.empty()) return refuse("no metric stands before the sign");
  (text[at] == '>' ? constraint.min : constraint.max) = value;
  return constraint;
}

Result<double> parse_megabytes(std::string_view text) {
  struct Unit {
    std::string_view name;
    double megabytes;
  };
  constexpr Unit kUnits[] = {{"", 1.0},   {"B", 1e-6},       {"KB", 1e-3},      {"MB", 1.0},
                             {"GB", 1e3}, {"KIB", 1.024e-3}, {"MIB", 1.048576}, {"GIB", 1073.741824}};
  const std::string_view all = trimmed(text);
  double value = 0.0;
  const auto [end, code] = std::from_chars(all.data(), all.data() + all.size(), value);
  std::string unit(trimmed(all.substr(static_cast<std::size_t>(end - all.data()))));
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const Unit& each : kUnits) {
    const double megabytes = value * each.megabytes;
    if (code == std::errc{} && unit == each.name && megabytes > 0.0 && megabytes <= kHuge) return megabytes;
  }
  return fail(ErrorKind::kUsage, "this amount of memory cannot be read", printable(text, 40), "",
              "write a number and a unit: 512MB, 2GB, 1.5GiB");
}

Result<Envelope> envelope_of(const EnvelopeConfig& from, const std::optional<PriorConfig>& prior,
                             const MetricNames& names) {
  Envelope envelope;
  envelope.memory_definition = "process_peak";
  envelope.device = from.device;
  if (from.hardware_memory_mb) envelope.hardware_memory_bytes = *from.hardware_memory_mb * 1e6;
  envelope.memory_headroom = from.memory_headroom;
  envelope.requests_per_second = from.requests_per_second;
  envelope.rate_from_throughput = !from.requests_per_second_from_load.value_or(false);
  envelope.rate_percentile = from.requests_per_second_percentile.value_or(envelope.rate_percentile);
  envelope.rate_bound_ms = from.requests_per_second_bound_ms.value_or(envelope.rate_bound_ms);
  envelope.max_ms_per_example = from.ms_per_example_max;
  envelope.latency_protocol = protocol_text(from.ms_per_example_protocol);
  envelope.macro_f1_min = from.macro_f1_min;
  envelope.ece_max = from.ece_max;
  envelope.ece_fit = from.ece_fit;
  if (from.memory_max_mb) envelope.memory_max_bytes = *from.memory_max_mb * 1e6;
  for (const Floor& floor : from.tier_accuracy_min) {
    QT_TRY(const Metric metric, parse_metric(floor.name + " accuracy", names));
    envelope.tier_floors.push_back({.tier = metric.part, .accuracy_min = floor.value});
  }
  envelope.margins = {.macro_f1 = from.margins.macro_f1,
                      .latency_fraction = from.margins.latency_relative,
                      .memory_fraction = from.margins.memory_relative,
                      .ece = from.margins.ece};
  envelope.tie_rule = from.tie_rule;
  envelope.order.clear();
  for (const ConfiguredObjective objective : from.objectives) {
    constexpr Objective kOf[] = {Objective::kQuality, Objective::kLatency, Objective::kMemory,
                                 Objective::kEce};
    envelope.order.push_back(kOf[static_cast<std::size_t>(objective)]);
  }
  for (const std::string& axis : from.frontier) {
    QT_TRY(Metric metric, parse_metric(axis, names));
    envelope.frontier_axes.push_back(std::move(metric));
  }
  for (const ConfiguredConstraint& stated : from.constraints) {
    StatedConstraint constraint;
    QT_TRY(constraint.metric, parse_metric(stated.metric, names));
    constraint.min = stated.min;
    constraint.max = stated.max;
    // As in the short key: megabytes in a file, bytes in a decision.
    const double unit = constraint.metric.kind == MetricKind::kMemory ? 1e6 : 1.0;
    if (constraint.min) *constraint.min *= unit;
    if (constraint.max) *constraint.max *= unit;
    constraint.hard = stated.hard;
    constraint.no_worse_than = stated.no_worse_than;
    if (stated.margin) {
      constraint.margin = *stated.margin * unit;
    } else if (constraint.metric.kind == MetricKind::kEce) {
      constraint.margin = envelope.margins.ece;
    } else if (constraint.metric.is_fraction()) {
      constraint.margin = envelope.margins.macro_f1;
    } else if (!stated.no_worse_than.empty()) {
      return fail(ErrorKind::kUsage, "a constraint needs its margin", constraint.metric.name(),
                  "only shares and scores have a declared one that is absolute",
                  "give margin in the unit of the metric: milliseconds, or MB for memory");
    }
    envelope.constraints.push_back(std::move(constraint));
  }
  if (prior) {
    envelope.prior = {.text = prior->text, .model = prior->model, .recipe = prior->recipe, .why = prior->why};
    for (const PriorClaimConfig& stated : prior->claims) {
      QT_TRY(Metric metric, parse_metric(stated.about, names));
      envelope.prior.claims.push_back(
          {.text = stated.text, .metric = std::move(metric), .better = stated.better, .than = stated.than});
    }
  }
  return envelope;
}

}  // namespace quantier
