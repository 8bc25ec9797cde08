#include "quantier/pipeline/run_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "quantier/base/json.h"
#include "quantier/base/sha256.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/dataset/sample.h"
#include "quantier/dataset/tiers.h"
#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/engine/cuda_engine.h"
#include "quantier/formats/plan.h"
#include "quantier/interchange/stored_model.h"
#include "quantier/pipeline/fitted_on.h"
#include "quantier/pipeline/plan_file.h"
#include "quantier/pipeline/predict.h"
#include "quantier/pipeline/resolve_plan.h"
#include "quantier/pipeline/selected_on.h"
#include "quantier/pipeline/toml_section.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {
namespace {

// Without special tokens nothing is left of an empty text to classify.
Status check_empty_texts(const Tokenizer& tokenizer, const Dataset& data, std::uint32_t max_length,
                         const std::string& source) {
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (!data.texts[i].empty()) continue;
    Result<Encoding> encoding = encode_example(tokenizer, data.texts[i], max_length);
    if (!encoding) {
      return at_example(std::move(encoding).error(), source, i, data.ids.empty() ? "" : data.ids[i]);
    }
  }
  return {};
}

Status check_named_classes(const RunConfig& config, const std::vector<std::string>& label_names) {
  for (const std::string& name : config.named_classes) {
    if (std::ranges::find(label_names, name) != label_names.end()) continue;
    return fail(ErrorKind::kUserInput,
                fmt::format("the models do not know the class \"{}\"", printable(name, 60)),
                fmt::format("{}, `named_classes`", config.file.string()), "it is not among their labels",
                suggestion(name, label_names));
  }
  return {};
}

// A tier without examples would stand in the note as an empty row, and a floor on it would hold by default.
Status check_tiers(const RunConfig& config, const RunPlan& plan) {
  if (!config.tiers) return {};
  QT_TRY(const std::vector<std::int64_t> counts,
         read_training_counts(config.tiers->training_counts, plan.label_names));
  QT_TRY(const Tiers tiers, make_tiers(counts, config.tiers->names, config.tiers->sizes));
  std::vector<std::uint64_t> examples(tiers.names.size(), 0);
  for (const std::int32_t label : plan.data.labels) {
    ++examples[static_cast<std::size_t>(tiers.tier_of_class[static_cast<std::size_t>(label)])];
  }
  const auto empty = std::ranges::find(examples, std::uint64_t{0});
  if (empty == examples.end()) return {};
  const std::string& name = tiers.names[static_cast<std::size_t>(empty - examples.begin())];
  if (plan.limit) {
    return fail(ErrorKind::kUsage,
                fmt::format("--limit leaves no example of the tier \"{}\"", printable(name, 60)),
                config.data.path.string(),
                fmt::format("{} of {} examples are taken", *plan.limit, plan.examples_in_file),
                "choose a larger --limit");
  }
  return fail(ErrorKind::kUserInput,
              fmt::format("the data has no example of the tier \"{}\"", printable(name, 60)),
              config.data.path.string(), "nothing can be said about what quantization does to these classes",
              "use data that has some, choose other `sizes` under [tiers], or leave [tiers] out");
}

// What decides which texts are looked at.
Json calibration_identity(const CalibrationSet& set) {
  Json identity = to_json(set.options);
  identity["path"] = set.record.sha256;
  identity.erase("allow_overlap");
  return identity;
}

std::string run_key(const PlannedRun& run, const RunConfig& config, const RunPlan& plan,
                    const std::string& program) {
  Json identity{
      {"program", program},
      // Kernels differ by instruction set, and with them the last bits of the logits.
      {"instruction_sets", instruction_sets()},
      {"weights", run.hashes.weights},
      {"config", run.hashes.config},
      {"tokenizer", run.hashes.tokenizer},
      {"data", plan.data.sha256},
      {"columns", {plan.data.columns.text, plan.data.columns.label, plan.data.columns.id}},
      {"split", config.data.split},
      {"model", run.configuration.model},
      {"recipe", run.configuration.recipe},
      {"rules", to_json(config.rules_of(run.configuration.recipe))},
      {"adapter", adapter_use_name(config.models[run.model].adapter)},
      {"outlier_scope", config.recipe_options.outlier_scope == OutlierScope::kBatch ? "batch" : "sequence"},
      {"outlier_weights", config.recipe_options.outlier_weights == OutlierWeights::kF16 ? "f16" : "int8"},
      {"max_length", config.max_length},
      {"batch_size", config.batch_size},
      {"threads", plan.threads},  // they shape the peak of memory
      {"limit", plan.limit ? Json(*plan.limit) : Json()},
      {"seed", config.seed},
      {"calibration", run.is_calibrated ? calibration_identity(*plan.calibration) : Json()}};
  // Not what this machine runs best: another measurement.
  if (const auto kernels = cpu::asked_kernels()) identity["kernels"] = *kernels;
  if (config.engine.kind == EngineKind::kCuda) {
    identity["device"] = device_text(config.engine);
    identity["device_name"] = cuda_device_name(config.engine.device);
    identity["kernel_arch"] = asked_kernel_arch();
  }
  return sha256_hex(identity.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// The whole file is held against them: what --limit leaves out today is measured tomorrow.
Status read_calibration(const RunConfig& config, const std::string& recipe, const Dataset& data,
                        RunPlan& plan) {
  if (plan.calibration) return {};
  if (!config.calibration) {
    return fail(ErrorKind::kUsage,
                fmt::format("the recipe {} looks at calibration texts", printable(recipe, 80)),
                config.file.string(), "none are named",
                "add calibration = \"FILE\" with some hundred texts of the training split");
  }
  QT_TRY(CalibrationSet set, read_calibration_set(*config.calibration, plan.label_names));
  QT_TRY_STATUS(guard_overlap(set, data, config.data.split));
  plan.calibration = std::move(set);
  for (std::uint64_t i = 1; i < config.calibration_seeds; ++i) {
    CalibrationOptions options = *config.calibration;
    options.seed += i;
    QT_TRY(CalibrationSet other, read_calibration_set(options, plan.label_names));
    QT_TRY_STATUS(guard_overlap(other, data, config.data.split));
    plan.other_samples.push_back({std::move(options), std::move(other.record.overlaps)});
  }
  return {};
}

// How much of the file a sample is depends on the tokenizer, where the tokens limit it.
Status check_other_samples(const RunPlan& plan, const Tokenizer& tokenizer, std::uint32_t max_length) {
  if (plan.other_samples.empty()) return {};
  CalibrationSet set = *plan.calibration;
  const Result<CalibrationTokens> tokens = encode_calibration(set, tokenizer, max_length, nullptr);
  if (!tokens) return std::unexpected(tokens.error());
  return check_repeatable(set.record);
}

Status check_labels(const std::string& model, const std::vector<std::string>& names, RunPlan& plan,
                    const std::string& first_model) {
  if (plan.label_names.empty()) plan.label_names = names;
  if (plan.label_names == names) return {};
  std::string why =
      fmt::format("{} has {} labels, {} has {}", first_model, plan.label_names.size(), model, names.size());
  for (std::size_t i = 0; i < std::min(names.size(), plan.label_names.size()); ++i) {
    if (names[i] == plan.label_names[i]) continue;
    why = fmt::format("label {} is \"{}\" in {} and \"{}\" in {}", i, plan.label_names[i], first_model,
                      names[i], model);
    break;
  }
  return fail(ErrorKind::kUserInput, "the models do not have the same labels in the same order", model, why,
              "compare models that were trained for the same labels");
}

// Quantized weights run as they are, whatever recipes the others get.
Result<std::vector<std::string>> recipes_of(const Checkpoint& checkpoint, const RunConfig& config) {
  if (!checkpoint.quantization()) return config.recipes;
  QT_TRY(const Plan plan, stored_plan(checkpoint));
  return std::vector<std::string>{plan.recipe};
}

}  // namespace

Result<RunPlan> plan_run(const RunConfig& config, std::optional<std::uint64_t> limit) {
  // Once, before anything is read, and not by every worker.
  if (config.engine.kind == EngineKind::kCuda) QT_TRY_STATUS(check_cuda_device(config.engine.device));
  RunPlan plan;
  plan.threads = config.threads != 0 ? config.threads : static_cast<std::uint32_t>(available_processors());
  QT_TRY(const std::string program, program_sha256());

  std::vector<Checkpoint> checkpoints;
  std::vector<ModelHashes> hashes;
  std::vector<std::filesystem::path> tokenizers;  // where they are, past the links of a hub cache
  for (const ModelConfig& model : config.models) {
    QT_TRY(Checkpoint checkpoint, Checkpoint::open(model.location()));
    QT_TRY(ModelHashes of_model, hash_model(checkpoint));
    QT_TRY_STATUS(check_labels(model.name, checkpoint.spec().label_names, plan, config.models.front().name));
    tokenizers.push_back(checkpoint.tokenizer_directory());
    hashes.push_back(std::move(of_model));
    checkpoints.push_back(std::move(checkpoint));
  }
  QT_TRY_STATUS(check_named_classes(config, plan.label_names));
  QT_TRY(plan.data, read_dataset(config.data.path, config.data.columns, plan.label_names));
  if (plan.data.labels.empty()) {
    return fail(ErrorKind::kUserInput, "the data has no labels, so quality cannot be measured",
                config.data.path.string(), "no label column was found",
                "name the column with `label = \"...\"` under [data]; `quantier predict` needs no labels");
  }
  plan.examples_in_file = plan.data.size();
  const Dataset whole = plan.data;
  if (limit && *limit < plan.data.size()) {
    plan.limit = limit;
    plan.data = keep_examples(plan.data, stratified_sample(plan.data, *limit, config.seed));
  }
  QT_TRY_STATUS(check_tiers(config, plan));

  for (std::size_t m = 0; m < config.models.size(); ++m) {
    QT_TRY(const Tokenizer tokenizer, Tokenizer::load(tokenizers[m]));
    QT_TRY_STATUS(check_empty_texts(tokenizer, plan.data, config.max_length, config.data.path.string()));
    QT_TRY(const std::vector<std::string> recipes, recipes_of(checkpoints[m], config));
    QT_TRY(const std::vector<std::string> remarks,
           refuse_fitted(checkpoints[m], whole, config.data.path.string()));
    for (const std::string& recipe : recipes) {
      QT_TRY_STATUS(refuse_selected(config.rules_of(recipe), whole, config.data.path.string()));
      QT_TRY(const Plan resolved, resolve_plan(checkpoints[m], checkpoints[m].spec(), config.rules_of(recipe),
                                               config.recipe_options));
      PlannedRun run;
      run.configuration = {config.models[m].name, recipe, device_text(config.engine)};
      run.model = m;
      run.remarks = remarks;
      run.hashes = hashes[m];
      run.weight_bytes = resolved.total_bytes();
      // Quantized weights were calibrated by whoever made them.
      run.is_calibrated = resolved.is_calibrated() && !checkpoints[m].quantization();
      if (run.is_calibrated) {
        QT_TRY_STATUS(read_calibration(config, recipe, whole, plan));
        QT_TRY_STATUS(check_other_samples(plan, tokenizer, config.max_length));
        run.samples_left = plan.other_samples.size();
      }
      run.key = run_key(run, config, plan, program);
      plan.runs.push_back(std::move(run));
    }
  }
  if (config.calibration_seeds > 1 && !plan.calibration) {
    return fail(ErrorKind::kUsage, "no recipe of this run looks at calibration texts", config.file.string(),
                fmt::format("{} samples of them were asked for", config.calibration_seeds),
                "leave out `seeds` under [calibration] (--calibration-seeds), or name such a recipe");
  }
  return plan;
}

}  // namespace quantier
