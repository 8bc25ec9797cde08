#include "quantier/pipeline/run_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/pipeline/envelope_toml.h"
#include "quantier/pipeline/load_search.h"
#include "quantier/pipeline/plan_file.h"
#include "quantier/pipeline/toml_section.h"

namespace quantier {
namespace {

constexpr std::int64_t kManyExamples = 1'000'000'000;
constexpr double kHuge = 1e12;

bool is_plain_name(std::string_view name) {
  return name.size() <= 64 && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '-' || c == '_' || c == ' ' || c == '+';
         });
}

// Fills a RunConfig from the parsed document. Paths come out absolute or relative to the current directory.
class ConfigReader {
 public:
  ConfigReader(std::filesystem::path directory, std::string_view source, const KnownConfigurations* known)
      : directory_(std::move(directory)), reader_(source), known_(known) {}

  Result<RunConfig> read(const toml::table& document) {
    TomlSection top(document, "", reader_);
    top.text("title", config_.title);
    top.texts("named_classes", config_.named_classes);
    top.whole("max_length", config_.max_length, 2, 1 << 20);
    top.whole("batch_size", config_.batch_size, 1, 1 << 16);
    top.whole("threads", config_.threads, 0, 1024);
    read_device(top);
    top.whole("seed", config_.seed, 0, INT64_MAX);
    top.whole("bootstrap_replicates", config_.bootstrap_replicates, 100, 10'000'000);
    top.number("memory_budget_mb", config_.memory_budget_mb, 1, kHuge);
    read_models(top);
    read_recipes(top);
    if (known_ != nullptr) take_known(top);
    if (const auto* table = top.table("int8")) read_int8(*table);
    if (const auto* table = top.table("data")) read_data(*table);
    if (const toml::node* node = top.find("calibration")) read_calibration(*node, top);
    if (const auto* table = top.table("tiers")) read_tiers(*table);
    if (const auto* table = top.table("timing")) read_timing(*table);
    if (const auto* table = top.table("load")) read_load(*table);
    if (const auto* table = top.table("analysis")) read_analysis(*table);
    if (const auto* table = top.table("envelope")) read_envelope(*table);
    join_load_and_envelope();
    if (const auto* table = top.table("prior")) read_prior(*table);
    // Before what is missing: a misspelt key is the likelier cause.
    top.finish();
    if (known_ == nullptr) {
      top.require("models", "at least one [[models]] table with `name` and `path`");
      top.require("recipes", "for example recipes = [\"fp16\", \"int8\", \"int4\"]");
      top.require("data", "a [data] table with `path`");
    }
    if (!reader_.ok()) return std::unexpected(reader_.take_error());
    if (config_.title.empty() && !config_.models.empty()) {
      config_.title = known_ != nullptr ? "Which configuration to deploy"
                                        : "Quantization of " + config_.models.front().name;
    }
    return std::move(config_);
  }

 private:
  void path(TomlSection& section, const char* key, std::filesystem::path& out) {
    std::string text;
    section.text(key, text);
    if (text.empty()) return;
    out = (directory_ / text).lexically_normal();
  }

  // What the file leaves out.
  void take_known(TomlSection& top) {
    if (top.find("models") == nullptr) {
      for (const std::string& name : known_->models) config_.models.push_back({name, {}});
    }
    if (top.find("recipes") != nullptr) return;
    config_.recipes = known_->recipes;
    const auto is_there = [&] {
      return std::ranges::find(config_.recipes, config_.reference_recipe) != config_.recipes.end();
    };
    if (config_.recipes.empty() || is_there()) return;
    if (const toml::node* node = top.find("reference_recipe")) {
      return top.refuse(*node, "reference_recipe",
                        fmt::format("nothing is known at \"{}\"", printable(config_.reference_recipe, 60)),
                        suggestion(config_.reference_recipe, config_.recipes));
    }
    config_.reference_recipe = config_.recipes.front();
  }

  void read_device(TomlSection& top) {
    std::string device = "cpu";
    top.text("device", device);
    if (const Result<EngineChoice> engine = parse_device(device)) {
      config_.engine = *engine;
    } else if (const toml::node* node = top.find("device")) {
      top.refuse(*node, "device", fmt::format("\"{}\" is no device", printable(device, 40)),
                 engine.error().hint);
    }
  }

  void read_models(TomlSection& top) {
    const toml::node* node = top.find("models");
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return top.wrong_type("models", *node, "a list of tables, written [[models]]");
    if (array->empty()) return top.refuse(*node, "models", "it is empty");
    for (const toml::node& item : *array) {
      const toml::table* table = item.as_table();
      if (table == nullptr) return top.wrong_type("models", item, "a table, written [[models]]");
      TomlSection section(*table, "[[models]]", reader_);
      ModelConfig model;
      section.text("name", model.name);
      path(section, "path", model.path);
      std::filesystem::path base;
      path(section, "base", base);
      if (!base.empty()) model.base = base;
      section.choice("adapter", {adapter_use_name(AdapterUse::kMerge), adapter_use_name(AdapterUse::kBeside)},
                     [&](std::size_t i) { model.adapter = static_cast<AdapterUse>(i); });
      section.finish();
      if (known_ == nullptr || model.name.empty()) section.require("path", "the model's directory");
      if (!reader_.ok()) return;
      if (model.name.empty()) model.name = model.path.filename().string();
      if (model.name.empty()) model.name = model.path.parent_path().filename().string();
      if (model.name.empty() || !is_plain_name(model.name)) {
        return section.refuse(item, "name",
                              fmt::format("\"{}\" is not a plain name", printable(model.name, 80)),
                              "use up to 64 letters, digits, spaces and . - _ +");
      }
      const bool is_taken =
          std::ranges::any_of(config_.models, [&](const ModelConfig& m) { return m.name == model.name; });
      if (is_taken) {
        return section.refuse(item, "name", fmt::format("two models are called \"{}\"", model.name),
                              "give each its own name");
      }
      config_.models.push_back(std::move(model));
    }
  }

  void read_recipes(TomlSection& top) {
    // What was imported may have been made by methods that Quantier does not offer.
    const std::vector<std::string> imported =
        known_ == nullptr ? std::vector<std::string>() : known_->recipes;
    top.texts("recipes", config_.recipes);
    top.text("reference_recipe", config_.reference_recipe);
    const toml::node* node = top.find("recipes");
    const toml::node* plan = top.find("plan");
    if (node == nullptr) return;
    if (config_.recipes.empty()) return top.refuse(*node, "recipes", "it is empty");
    if (plan != nullptr) read_plans(*plan, top);
    if (!reader_.ok()) return;
    for (const std::string& recipe : config_.recipes) {
      if (std::ranges::find(imported, recipe) != imported.end() || is_plan(recipe)) continue;
      if (const auto parsed = parse_recipe(recipe); !parsed) {
        return top.refuse(*node, "recipes", parsed.error().what, parsed.error().hint);
      }
    }
    if (std::ranges::find(config_.recipes, config_.reference_recipe) == config_.recipes.end()) {
      top.refuse(
          *node, "recipes",
          fmt::format("the reference recipe \"{}\", which the others are compared with, is not among them",
                      printable(config_.reference_recipe, 60)),
          "add it, or set reference_recipe to one of them");
    }
  }

  [[nodiscard]] bool is_plan(std::string_view recipe) const {
    return std::ranges::any_of(config_.plans, [&](const PlanRules& plan) { return plan.name == recipe; });
  }

  // `plan = "FILE"`, or a list of files: each is one more recipe, under its name.
  void read_plans(const toml::node& node, TomlSection& top) {
    if (known_ != nullptr) {
      // What ran is known by its name, wherever the files are now.
      for (const std::string& recipe : known_->recipes) {
        const bool is_there = std::ranges::find(config_.recipes, recipe) != config_.recipes.end();
        if (!is_there && !parse_recipe(recipe)) config_.recipes.push_back(recipe);
      }
      return;
    }
    std::vector<std::string> files;
    if (node.is_array()) {
      top.texts("plan", files);
    } else {
      files.emplace_back();
      top.text("plan", files.back());
    }
    for (const std::string& file : files) {
      if (!reader_.ok()) return;
      const auto plan = read_plan_file((directory_ / file).lexically_normal());
      if (!plan) {
        const Error& error = plan.error();
        return top.refuse(node, "plan",
                          error.where + (error.where.empty() ? "" : ": ") + error.what +
                              (error.why.empty() ? "" : "; " + error.why),
                          error.hint);
      }
      if (!is_plain_name(plan->name) || parse_recipe(plan->name) || is_plan(plan->name)) {
        return top.refuse(
            node, "plan",
            fmt::format("\"{}\" is the name of another recipe, or no plain name", printable(plan->name, 80)),
            fmt::format("give the plan a `name` of its own in {}", file));
      }
      config_.plans.push_back(*plan);
      if (std::ranges::find(config_.recipes, plan->name) == config_.recipes.end()) {
        config_.recipes.push_back(plan->name);
      }
    }
  }

  void read_int8(const toml::table& table) {
    TomlSection section(table, "[int8]", reader_);
    section.choice("outlier_scope", {"sequence", "batch"}, [&](std::size_t i) {
      config_.recipe_options.outlier_scope = i == 0 ? OutlierScope::kSequence : OutlierScope::kBatch;
    });
    section.choice("outlier_weights", {"int8", "f16"}, [&](std::size_t i) {
      config_.recipe_options.outlier_weights = i == 0 ? OutlierWeights::kInt8 : OutlierWeights::kF16;
    });
    section.finish();
  }

  void read_data(const toml::table& table) {
    TomlSection section(table, "[data]", reader_);
    path(section, "path", config_.data.path);
    section.text("split", config_.data.split);
    section.text("text", config_.data.columns.text);
    section.text("label", config_.data.columns.label);
    section.text("id", config_.data.columns.id);
    section.finish();
    if (known_ == nullptr) section.require("path", "the file of labelled texts, .jsonl or .csv");
  }

  // calibration = "train.jsonl", or a table that says more. The sample is drawn with the run's seed unless it
  // has one of its own.
  void read_calibration(const toml::node& node, TomlSection& top) {
    CalibrationOptions options;
    options.seed = config_.seed;
    if (node.is_string()) {
      std::filesystem::path file;
      path(top, "calibration", file);
      options.path = file;
    } else if (const toml::table* table = node.as_table()) {
      TomlSection section(*table, "[calibration]", reader_);
      path(section, "path", options.path);
      section.text("text", options.text_column);
      std::uint64_t count = 0;
      section.whole("count", count, 1, kManyExamples);
      if (count > 0) options.count = count;
      section.whole("seed", options.seed, 0, INT64_MAX);
      section.whole("tokens", options.tokens, 1, kManyExamples);
      section.whole("seeds", config_.calibration_seeds, 1, kMostCalibrationSeeds);
      section.choice("overlap", {"refuse", "allow"}, [&](std::size_t i) { options.allow_overlap = i == 1; });
      section.finish();
      section.require("path", "the file of training texts, .jsonl or .csv");
    } else {
      return top.wrong_type("calibration", node, "a file, or a table with `path`");
    }
    config_.calibration = options;
  }

  void read_tiers(const toml::table& table) {
    TomlSection section(table, "[tiers]", reader_);
    TierConfig tiers;
    path(section, "training_counts", tiers.training_counts);
    section.texts("names", tiers.names);
    if (const toml::node* node = section.find("sizes")) {
      const toml::array* array = node->as_array();
      if (array == nullptr) return section.wrong_type("sizes", *node, "a list of whole numbers");
      for (const toml::node& item : *array) {
        const auto size = item.value_exact<std::int64_t>();
        if (!size) return section.wrong_type("sizes", item, "a list of whole numbers");
        if (*size < 1 || *size > kManyExamples) {
          return section.refuse(item, "sizes", fmt::format("{} is not a number of classes", *size));
        }
        tiers.sizes.push_back(static_cast<std::size_t>(*size));
      }
      if (tiers.sizes.size() + 1 != tiers.names.size()) {
        return section.refuse(*node, "sizes",
                              fmt::format("{} names and {} sizes", tiers.names.size(), tiers.sizes.size()),
                              "give one size for each tier but the last, which takes the remaining classes");
      }
    }
    section.finish();
    section.require("training_counts", "a JSON file: label -> number of training examples");
    section.require("names", "for example names = [\"head\", \"mid\", \"tail\"]");
    section.require("sizes", "classes per tier but the last, for example sizes = [10, 20]");
    config_.tiers = std::move(tiers);
  }

  void read_timing(const toml::table& table) {
    TomlSection section(table, "[timing]", reader_);
    section.flag("enabled", config_.timing.enabled);
    section.whole("throughput_examples", config_.timing.throughput_examples, 0, kManyExamples);
    section.whole("throughput_passes", config_.timing.throughput_passes, 1, 1000);
    section.whole("latency_samples", config_.timing.latency_samples, 0, 10'000'000);
    section.flag("workload", config_.timing.workload);
    section.finish();
  }

  void read_load(const toml::table& table) {
    TomlSection section(table, "[load]", reader_);
    LoadConfig load;
    section.number("rate", load.rate, 1e-3, kHighestLoadRate);
    section.flag("find", load.find);
    section.number("percentile", load.percentile, 0.01, 99.999);
    section.number("bound_ms", load.bound_ms, 1e-6, 3.6e6);
    section.number("seconds", load.seconds, 1e-3, 86400);
    section.number("warm_up_seconds", load.warm_up_seconds, 0, 86400);
    section.whole("repeats", load.repeats, 1, 1000);
    section.whole("batch", load.batch, 1, 65536);
    section.number("max_wait_ms", load.max_wait_ms, 0, 3.6e6);
    section.number("resolution", load.resolution, 0.001, 1);
    section.finish();
    config_.load = load;
  }

  // What was tested is what is asked: where [envelope] does not say at which percentile and bound a rate must
  // hold, [load] does, and where [load] does not say which rate, [envelope] does.
  void join_load_and_envelope() {
    if (!config_.load) return;
    LoadConfig& load = *config_.load;
    if (config_.envelope) {
      EnvelopeConfig& envelope = *config_.envelope;
      if (!load.rate && !load.find) load.rate = envelope.requests_per_second;
      if (!envelope.requests_per_second_from_load) envelope.requests_per_second_from_load = true;
      if (!envelope.requests_per_second_percentile) envelope.requests_per_second_percentile = load.percentile;
      if (!envelope.requests_per_second_bound_ms) envelope.requests_per_second_bound_ms = load.bound_ms;
    }
    if (!load.rate) load.find = true;
  }

  // groups = ["column of the data", "from/id/to/group.json", "file.csv#column"]
  void read_analysis(const toml::table& table) {
    TomlSection section(table, "[analysis]", reader_);
    std::vector<std::string> groups;
    section.texts("groups", groups);
    section.text("second_split", config_.analysis.second_split);
    section.text("select_on", config_.analysis.select_on);
    section.text("report_on", config_.analysis.report_on);
    section.finish();
    for (const std::string& group : groups) {
      const bool is_file = group.ends_with(".json") || group.find('#') != std::string::npos;
      if (is_file) {
        config_.analysis.group_files.push_back((directory_ / group).lexically_normal().string());
      } else {
        config_.analysis.group_columns.push_back(group);
      }
    }
    if (!config_.analysis.second_split.empty() && config_.analysis.second_split == config_.data.split) {
      section.refuse(*section.find("second_split"), "second_split",
                     "it is the split of [data], and the same examples would repeat themselves");
    }
    const AnalysisConfig& analysis = config_.analysis;
    if (analysis.report_on.empty()) return;
    const std::string& selected = analysis.select_on.empty() ? config_.data.split : analysis.select_on;
    if (analysis.report_on == selected) {
      section.refuse(*section.find("report_on"), "report_on",
                     "it is the split that the choice is made on, which flatters what is picked there");
    } else if (analysis.report_on == analysis.second_split) {
      section.refuse(
          *section.find("report_on"), "report_on",
          "it is the second split, which decides what is established and so takes part in the choice",
          "leave `second_split` out, or report on a third one");
    }
  }

  void read_envelope(const toml::table& table) {
    EnvelopeConfig envelope;
    std::optional<std::vector<std::string>> tiers;
    if (config_.tiers) {
      tiers = config_.tiers->names;
    } else if (known_ == nullptr) {
      tiers.emplace();  // there are none; what was imported may have brought some
    }
    read_envelope_table(table, tiers, reader_, envelope);
    config_.envelope = std::move(envelope);
  }

  void read_prior(const toml::table& table) {
    TomlSection section(table, "[prior]", reader_);
    PriorConfig prior;
    section.text("text", prior.text);
    section.text("why", prior.why);
    std::vector<std::string> models;
    for (const ModelConfig& model : config_.models) models.push_back(model.name);
    section.choice("model", models, [&](std::size_t i) { prior.model = models[i]; });
    section.choice("recipe", config_.recipes, [&](std::size_t i) { prior.recipe = config_.recipes[i]; });
    std::vector<std::string> names = models;
    for (const std::string& model : models) {
      for (const std::string& recipe : config_.recipes) names.push_back(model + " " + recipe);
    }
    read_prior_claims(section, names, reader_, prior.claims);
    section.finish();
    section.require("text", "what was recommended before, in a sentence");
    section.require("model", "which of the models was recommended");
    section.require("recipe", "at which of the recipes");
    config_.prior = std::move(prior);
  }

  std::filesystem::path directory_;
  TomlReader reader_;
  const KnownConfigurations* known_;
  RunConfig config_;
};

}  // namespace

PlanRules RunConfig::rules_of(std::string_view recipe) const {
  for (const PlanRules& plan : plans) {
    if (plan.name == recipe) return plan;
  }
  return PlanRules::of(recipe);
}

Result<RunConfig> parse_run_config(std::string_view text, const std::filesystem::path& directory,
                                   std::string_view source, const KnownConfigurations* known) {
  if (const auto invalid = find_invalid_utf8(text)) {
    return fail(ErrorKind::kUsage, "the configuration is not UTF-8", std::string(source),
                fmt::format("byte offset {}", *invalid));
  }
  try {
    const toml::table document = toml::parse(text);
    QT_TRY(RunConfig config, ConfigReader(directory, source, known).read(document));
    config.source_text = text;
    return config;
  } catch (const toml::parse_error& error) {
    return fail(
        ErrorKind::kUsage, "the configuration is not TOML",
        fmt::format("{}, line {}, column {}", source, error.source().begin.line, error.source().begin.column),
        printable(error.description(), 300), "see https://toml.io for the format");
  }
}

Result<RunConfig> read_run_config(const std::filesystem::path& path, const KnownConfigurations* known) {
  constexpr std::uint64_t kMaxBytes = 1 << 20;
  QT_TRY(const std::string text, read_text_file(path, kMaxBytes));
  QT_TRY(RunConfig config, parse_run_config(text, path.parent_path(), path.string(), known));
  config.file = path;
  return config;
}

}  // namespace quantier
