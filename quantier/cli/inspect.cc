#include "quantier/pipeline/inspect.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/utf8.h"
#include "quantier/cli/commands.h"
#include "quantier/cli/recipe_flags.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/pipeline/plan_file.h"

namespace quantier::cli {
namespace {

const char* family_name(Family family) {
  switch (family) {
    case Family::kModernBert:
      return "ModernBERT (encoder)";
    case Family::kQwen2:
      return "Qwen2 (decoder)";
  }
  return "";
}

const char* pooling_name(Pooling pooling) {
  switch (pooling) {
    case Pooling::kCls:
      return "first token";
    case Pooling::kMean:
      return "mean of tokens";
    case Pooling::kLastToken:
      return "last token that is not padding";
  }
  return "";
}

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

std::size_t calibrated_layers(const Plan& plan) {
  return static_cast<std::size_t>(std::ranges::count_if(
      plan.layers, [](const LayerPlan& layer) { return layer.recipe.is_calibrated(); }));
}

// Of what stays beside the weights.
std::uint64_t adapter_bytes(const Inspection& found) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < found.spec.linears.size(); ++i) {
    const LinearSpec& linear = found.spec.linears[i];
    bytes += low_rank_bytes(linear.out_features, linear.in_features, found.plan->layers[i].adapter_rank);
  }
  return bytes;
}

Json to_json(const AdapterInfo& adapter) {
  Json modules = Json::array();
  for (const AdaptedModule& module : adapter.content.modules) {
    modules.push_back({{"module", module.module},
                       {"rank", module.rank},
                       {"scaling", module.scaling},
                       {"parameters", module.parameters}});
  }
  return {{"directory", adapter.directory.string()},
          {"base", adapter.base.string()},
          {"base_found_by", base_found_by_name(adapter.base_found_by)},
          {"modules", std::move(modules)},
          {"saved_tensors", adapter.content.saved_tensors},
          {"trained_token_rows", adapter.content.trained_rows},
          {"trainable_parameters", adapter.content.trainable_parameters},
          {"unused_copies", adapter.content.unused_copies}};
}

Json to_json(const Inspection& found) {
  const ModelSpec& spec = found.spec;
  Json document{{"architecture", spec.architecture},
                {"hidden", spec.hidden},
                {"intermediate", spec.intermediate},
                {"layers", spec.layers.size()},
                {"heads", spec.heads},
                {"kv_heads", spec.kv_heads},
                {"head_dim", spec.head_dim},
                {"vocabulary", spec.vocabulary},
                {"max_positions", spec.max_positions},
                {"pooling", pooling_name(spec.pooling)},
                {"labels", spec.label_names},
                {"parameters",
                 {{"total", found.parameters.total()},
                  {"embedding", found.parameters.embedding},
                  {"quantizable_linear", found.parameters.linear},
                  {"head", found.parameters.head},
                  {"norms_and_biases", found.parameters.other}}},
                {"weight_files", found.weight_files},
                {"stored_bytes", found.stored_bytes}};
  if (found.adapter) document["adapter"] = to_json(*found.adapter);
  Json linears = Json::array();
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    Json row{{"name", linear.name},
             {"role", linear_role_name(linear.role)},
             {"tensor", linear.weight},
             {"out_features", linear.out_features},
             {"in_features", linear.in_features}};
    if (found.plan) {
      row["method"] = method_text(found.plan->layers[i].recipe);
      row["format"] = format_text(found.plan->layers[i]);
      row["adapter_rank"] = found.plan->layers[i].adapter_rank;
      row["bytes"] = found.plan->layers[i].bytes;
      row["calibrated"] = found.plan->layers[i].recipe.is_calibrated();
    }
    linears.push_back(std::move(row));
  }
  document["linears"] = std::move(linears);
  if (found.plan) {
    document["plan"] = {
        {"recipe", found.plan->recipe},
        {"activation_rounding", activation_rounding_name(found.plan->rounding)},
        {"embedding_format", embedding_format_name(found.plan->embedding)},
        {"embedding_bytes", found.plan->embedding_bytes},
        {"other_bytes", found.plan->other_bytes},
        {"total_bytes", found.plan->total_bytes()},
        {"calibrated_layers", calibrated_layers(*found.plan)},
        {"adapter_bytes", adapter_bytes(found)},
    };
  }
  return document;
}

const char* rounding_words(ActivationRounding rounding) {
  switch (rounding) {
    case ActivationRounding::kHalf:
      return "activations rounded to IEEE half between operations, sums in float";
    case ActivationRounding::kBFloat16:
      return "activations rounded to bfloat16 between operations, sums in float";
    case ActivationRounding::kNone:
      break;
  }
  return "activations in float";
}

void print_adapter(const AdapterInfo& adapter, std::uint64_t parameters) {
  const AdapterContent& content = adapter.content;
  fmt::print("\nLoRA adapter {}\n", printable(adapter.directory.string(), 300));
  fmt::print("  base {} ({})\n", printable(adapter.base.string(), 300),
             adapter.base_found_by == BaseFoundBy::kGiven ? "as given"
             : adapter.base_found_by == BaseFoundBy::kPath
                 ? "found by base_model_name_or_path"
                 : "found in the hub cache by base_model_name_or_path");
  fmt::print("  {} trainable parameters, {:.2f} % of the merged model's\n", content.trainable_parameters,
             100.0 * static_cast<double>(content.trainable_parameters) / static_cast<double>(parameters));
  if (!content.modules.empty()) {
    fmt::print("  {:<44} {:>6} {:>10} {:>12}\n", "low-rank update of", "rank", "scaling", "parameters");
  }
  for (const AdaptedModule& module : content.modules) {
    fmt::print("  {:<44} {:>6} {:>10.6g} {:>12}\n", module.module, module.rank, module.scaling,
               module.parameters);
  }
  if (content.trained_rows > 0) fmt::print("  {} rows of the embedding were trained\n", content.trained_rows);
  for (const std::string& tensor : content.saved_tensors) fmt::print("  replaces {}\n", tensor);
  for (const std::string& tensor : content.unused_copies) {
    fmt::print("  not used: {} (a copy of the base's)\n", printable(tensor, 200));
  }
}

void print_text(const Inspection& found) {
  const ModelSpec& spec = found.spec;
  fmt::print("{}  {}\n", spec.architecture, family_name(spec.family));
  fmt::print("  {} layers, hidden {}, intermediate {}, {} heads over {} key/value heads of {}\n",
             spec.layers.size(), spec.hidden, spec.intermediate, spec.heads, spec.kv_heads, spec.head_dim);
  fmt::print("  vocabulary {}, at most {} positions, pooled over: {}\n", spec.vocabulary, spec.max_positions,
             pooling_name(spec.pooling));
  fmt::print("  {} labels: {}, {}, ... {}\n", spec.classes, printable(spec.label_names.front()),
             printable(spec.label_names[spec.label_names.size() / 2]), printable(spec.label_names.back()));
  fmt::print("  {} parameters: {} embedding, {} in linear layers, {} head, {} norms and biases\n",
             found.parameters.total(), found.parameters.embedding, found.parameters.linear,
             found.parameters.head, found.parameters.other);
  fmt::print("  stored in {} file(s), {:.1f} MiB\n", found.weight_files.size(), mib(found.stored_bytes));
  if (found.adapter) print_adapter(*found.adapter, found.parameters.total());
  if (!found.plan) {
    fmt::print("\nWith --recipe R ({}) this shows the plan, layer by layer.\n",
               fmt::join(known_recipes(), ", "));
    return;
  }
  fmt::print("\nplan of {} ({})\n", found.plan->recipe, rounding_words(found.plan->rounding));
  fmt::print("  {:<28} {:<18} {:>6} x {:<6} {:<10} {:<16} {:>11}\n", "layer", "role", "out", "in", "method",
             "format", "bytes");
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    const LayerPlan& layer = found.plan->layers[i];
    fmt::print("  {:<28} {:<18} {:>6} x {:<6} {:<10} {:<16} {:>11}\n", linear.name,
               linear_role_name(linear.role), linear.out_features, linear.in_features,
               method_text(layer.recipe), format_text(layer), layer.bytes);
  }
  fmt::print("  {:<28} {:<18} {:>6} x {:<6} {:<10} {:<16} {:>11}\n", "embedding", "embedding",
             spec.vocabulary, spec.hidden, "none", embedding_format_name(found.plan->embedding),
             found.plan->embedding_bytes);
  fmt::print("  {:<28} {:>68}\n", "norms", found.plan->other_bytes);
  fmt::print("  {:<28} {:>68}\n", "total resident weights", found.plan->total_bytes());
  if (const std::uint64_t bytes = adapter_bytes(found); bytes > 0) {
    fmt::print("  {:<28} {:>68}\n", "of it the adapter, in halves", bytes);
  }
  const auto calibrated = calibrated_layers(*found.plan);
  if (calibrated > 0 && !found.quantized) {
    fmt::print(
        "\n  {} of {} layers look at calibration texts (--calibration FILE); what they keep for their "
        "inputs comes on top\n",
        calibrated, spec.linears.size());
  }
}

struct Options {
  ModelLocation model;
  RecipeFlags recipe;
  std::optional<std::filesystem::path> write_plan;
};

Status write_plan(const Options& options, const std::optional<PlanRules>& rules, const Inspection& found) {
  if (!options.write_plan) return {};
  if (!rules || !found.plan) {
    return fail(ErrorKind::kUsage, "there is no plan to write", "--write-plan", "",
                "give --recipe R, or --plan FILE");
  }
  return write_file_atomically(*options.write_plan, plan_file_text(*rules, found.spec, *found.plan));
}

}  // namespace

void add_inspect(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "inspect",
      "Show a model's architecture, the role of every layer and, with --recipe, the plan and its bytes");
  auto options = std::make_shared<Options>();
  add_model_flags(*command, options->model);
  add_recipe_flags(*command, options->recipe, "");
  command->add_option("--write-plan", options->write_plan,
                      "Write the plan as TOML, to be changed layer by layer and given to --plan");
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] {
    const auto rules = rules_of(options->recipe);
    if (!rules) return session.report(rules.error());
    const Result<Inspection> found = inspect_model(options->model, *rules);
    if (!found) return session.report(found.error());
    if (const Status written = write_plan(*options, *rules, *found); !written) {
      return session.report(written.error());
    }
    if (session.json) return session.print_json(to_json(*found));
    print_text(*found);
  });
}

}  // namespace quantier::cli
