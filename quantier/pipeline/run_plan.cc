#include "quantier/pipeline/run_plan.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "quantier/base/json.h"
#include "quantier/base/sha256.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/dataset/sample.h"
#include "quantier/dataset/tiers.h"
#include "quantier/formats/plan.h"
#include "quantier/measure/protocols.h"
#include "quantier/pipeline/predict.h"
#include "quantier/pipeline/toml_section.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {
namespace {

// What a worker takes beside weights and activations: code, libraries, tokenizer tables, the texts.
constexpr std::uint64_t kBaseProcessBytes = 28'000'000;
constexpr double kDataBytesFactor = 4.0;
// Tables of the tokenizer, once read, for each byte of tokenizer.json.
constexpr double kTokenizerBytesFactor = 2.5;
// Tokens that one thread takes at a time, as engine/builder.cc has it.
constexpr std::uint64_t kMicroBatchTokens = 512;
// Beside the workspaces: panels of weights, rotary tables, attention scores, what the GEMM library packs.
constexpr double kWorkspaceFactor = 1.3;
// Sustained multiply-adds of float GEMM on one core with wide vectors, counted as two operations each.
constexpr double kFlopsPerThread = 8.0e10;
constexpr double kSecondsPerLoad = 0.5;
constexpr double kReportSeconds = 15.0;
constexpr std::uint64_t kStoreBaseBytes = 2'000'000;
constexpr std::size_t kTextsForMeanLength = 256;

// What the engine's workspaces take: each thread works on a micro-batch of its own (engine/builder.cc); with
// int8 outliers looked for over the batch, one thread takes the batch whole.
std::uint64_t activation_bytes(const ModelSpec& spec, const Plan& plan, const RunConfig& config,
                               std::uint32_t threads) {
  const std::uint64_t longest = std::min<std::uint64_t>(config.max_length, spec.max_positions);
  const bool whole_batch = plan.recipe == "int8" && plan.outlier_scope == OutlierScope::kBatch;
  const std::uint64_t tokens =
      whole_batch
          ? longest * config.batch_size
          : std::max(longest, std::min<std::uint64_t>(kMicroBatchTokens, longest * config.batch_size));
  const std::uint64_t query_width = spec.heads * spec.head_dim;
  const std::uint64_t qkv_width = query_width + 2 * spec.kv_heads * spec.head_dim;
  const std::uint64_t floats_per_token = 2 * spec.hidden + std::max(qkv_width, 2 * spec.intermediate) +
                                         std::max(query_width, spec.hidden) + spec.intermediate;
  const auto bytes =
      static_cast<double>(sizeof(float) * (whole_batch ? 1 : threads) * tokens * floats_per_token);
  return static_cast<std::uint64_t>(kWorkspaceFactor * bytes);
}

Result<double> mean_tokens(const Tokenizer& tokenizer, const Dataset& data, std::uint32_t max_length,
                           const std::string& source) {
  const std::size_t step = std::max<std::size_t>(1, data.size() / kTextsForMeanLength);
  double tokens = 0;
  double texts = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    // Empty texts are looked at one and all: without special tokens nothing is left of them to classify.
    if (i % step != 0 && !data.texts[i].empty()) continue;
    Result<Encoding> encoding = encode_example(tokenizer, data.texts[i], max_length);
    if (!encoding) {
      return at_example(std::move(encoding).error(), source, i, data.ids.empty() ? "" : data.ids[i]);
    }
    if (i % step != 0) continue;
    tokens += static_cast<double>(encoding->ids.size());
    texts += 1;
  }
  return tokens / texts;
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

double examples_run(const RunConfig& config, std::size_t examples) {
  double count = static_cast<double>(examples);
  if (!config.timing.enabled) return count;
  const std::uint64_t per_pass = config.timing.throughput_examples == 0
                                     ? examples
                                     : std::min<std::uint64_t>(config.timing.throughput_examples, examples);
  count += static_cast<double>(per_pass * config.timing.throughput_passes);
  count += static_cast<double>(config.timing.latency_samples);
  if (config.timing.workload) {
    count += kProtocolBatchSize * (kWorkloadWarmUpBatches + kWorkloadTimedBatches);
  }
  return count;
}

std::string run_key(const PlannedRun& run, const RunConfig& config, const RunPlan& plan,
                    const std::string& program) {
  const Json identity{
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
      {"outlier_scope", config.recipe_options.outlier_scope == OutlierScope::kBatch ? "batch" : "sequence"},
      {"outlier_weights", config.recipe_options.outlier_weights == OutlierWeights::kF16 ? "f16" : "int8"},
      {"max_length", config.max_length},
      {"batch_size", config.batch_size},
      {"threads", plan.threads},  // they shape the peak of memory
      {"limit", plan.limit ? Json(*plan.limit) : Json()},
      {"seed", config.seed}};
  return sha256_hex(identity.dump(-1, ' ', false, Json::error_handler_t::replace));
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

}  // namespace

Result<RunPlan> plan_run(const RunConfig& config, std::optional<std::uint64_t> limit) {
  RunPlan plan;
  plan.threads = config.threads != 0 ? config.threads : static_cast<std::uint32_t>(available_processors());
  QT_TRY(const std::string program, program_sha256());

  std::vector<ModelSpec> specs;
  std::vector<ModelHashes> hashes;
  std::vector<std::filesystem::path> directories;  // where the files are, past the links of a hub cache
  for (const ModelConfig& model : config.models) {
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(model.path));
    QT_TRY(ModelHashes of_model, hash_model(checkpoint.directory(), checkpoint.weight_files()));
    QT_TRY_STATUS(check_labels(model.name, checkpoint.spec().label_names, plan, config.models.front().name));
    specs.push_back(checkpoint.spec());
    directories.push_back(checkpoint.directory());
    hashes.push_back(std::move(of_model));
  }
  QT_TRY_STATUS(check_named_classes(config, plan.label_names));
  QT_TRY(plan.data, read_dataset(config.data.path, config.data.columns, plan.label_names));
  if (plan.data.labels.empty()) {
    return fail(ErrorKind::kUserInput, "the data has no labels, so quality cannot be measured",
                config.data.path.string(), "no label column was found",
                "name the column with `label = \"...\"` under [data]; `quantier predict` needs no labels");
  }
  plan.examples_in_file = plan.data.size();
  if (limit && *limit < plan.data.size()) {
    plan.limit = limit;
    plan.data = keep_examples(plan.data, stratified_sample(plan.data, *limit, config.seed));
  }
  QT_TRY_STATUS(check_tiers(config, plan));

  std::uint64_t text_bytes = 0;
  for (const std::string& text : plan.data.texts) text_bytes += text.size();
  const auto data_bytes = static_cast<std::uint64_t>(kDataBytesFactor * static_cast<double>(text_bytes)) +
                          4 * plan.data.size() * plan.label_names.size();
  plan.estimated_disk_bytes = kStoreBaseBytes;
  plan.estimated_seconds = kReportSeconds;
  std::uint64_t all_workers = 0;
  std::uint64_t largest_worker = 0;
  for (std::size_t m = 0; m < config.models.size(); ++m) {
    QT_TRY(const Tokenizer tokenizer, Tokenizer::load(directories[m]));
    QT_TRY(const double tokens,
           mean_tokens(tokenizer, plan.data, config.max_length, config.data.path.string()));
    std::error_code ignored;
    const auto tokenizer_file = std::filesystem::file_size(directories[m] / "tokenizer.json", ignored);
    const auto tokenizer_bytes =
        ignored ? 0 : static_cast<std::uint64_t>(kTokenizerBytesFactor * static_cast<double>(tokenizer_file));
    const ParameterCounts parameters = count_parameters(specs[m]);
    const double flops = 2.0 * static_cast<double>(parameters.linear + parameters.head) * tokens *
                         examples_run(config, plan.data.size());
    for (const std::string& recipe : config.recipes) {
      QT_TRY(const Plan resolved, resolve_recipe(recipe, specs[m], config.recipe_options));
      PlannedRun run;
      run.configuration = {config.models[m].name, recipe, "cpu"};
      run.model = m;
      run.hashes = hashes[m];
      run.weight_bytes = resolved.total_bytes();
      run.estimated_process_bytes = kBaseProcessBytes + data_bytes + run.weight_bytes +
                                    activation_bytes(specs[m], resolved, config, plan.threads) +
                                    tokenizer_bytes;
      run.estimated_seconds = 2 * kSecondsPerLoad + flops / (kFlopsPerThread * plan.threads);
      run.key = run_key(run, config, plan, program);
      plan.estimated_seconds += run.estimated_seconds;
      plan.estimated_disk_bytes += 5 * plan.data.size() * plan.label_names.size() + 40 * plan.data.size();
      all_workers += run.estimated_process_bytes;
      largest_worker = std::max(largest_worker, run.estimated_process_bytes);
      plan.runs.push_back(std::move(run));
    }
  }
  const auto budget = static_cast<std::uint64_t>(config.memory_budget_mb * 1e6);
  plan.estimated_tree_bytes =
      kBaseProcessBytes + data_bytes + std::max(largest_worker, std::min(all_workers, budget));
  return plan;
}

}  // namespace quantier
