#include "quantier/pipeline/run_estimate.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "quantier/base/clock.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/engine/builder.h"
#include "quantier/formats/plan.h"
#include "quantier/measure/protocols.h"
#include "quantier/pipeline/load_classifier.h"
#include "quantier/pipeline/predict.h"
#include "quantier/pipeline/resolve_plan.h"
#include "quantier/pipeline/run_load.h"

namespace quantier {
namespace {

// Texts that stand for the split: so many, evenly over the file.
constexpr std::size_t kSampledTexts = 256;
constexpr std::size_t kProbeTexts = 64;
constexpr std::size_t kProbeLayers = 4;  // layers 2 to 4 hold global and local attention in ModernBERT's mix
constexpr std::int64_t kProbeNs = 150'000'000;
constexpr double kReportSeconds = 2.0;
// A process before it has loaded anything: code, libraries, one thread's stacks (13.9 MB with --version).
constexpr std::uint64_t kBaseProcessBytes = 14'000'000;
// While tokenizer.json is read, and its tables afterwards, for each byte of the file.
constexpr double kTokenizerBytesFactor = 12.0;
constexpr std::uint64_t kStoreBaseBytes = 200'000;
// Logits and token counts stand in the store compressed; a row of the SQLite file and its ids beside them.
constexpr double kStoredBytesPerLogit = 3.7;
constexpr double kStoredBytesPerExample = 24.0;

struct Sample {
  std::vector<Encoding> encodings;
  double mean_tokens = 0;
  double seconds_per_text = 0;  // tokenization, one thread
};

Result<Sample> sample_texts(const Tokenizer& tokenizer, const RunConfig& config, const Dataset& data) {
  Sample sample;
  const std::size_t step = std::max<std::size_t>(1, data.size() / kSampledTexts);
  const Stopwatch watch;
  for (std::size_t i = 0; i < data.size(); i += step) {
    QT_TRY(Encoding encoding, encode_example(tokenizer, data.texts[i], config.max_length));
    sample.mean_tokens += static_cast<double>(encoding.ids.size());
    sample.encodings.push_back(std::move(encoding));
  }
  const auto texts = static_cast<double>(sample.encodings.size());
  sample.seconds_per_text = static_cast<double>(watch.elapsed_ns()) * 1e-9 / texts;
  sample.mean_tokens /= texts;
  return sample;
}

struct Probe {
  double load_seconds = 0;
  double seconds_per_text = 0;
  std::uint64_t plan_bytes = 0;
};

// The fastest of as many passes as fit, at least two: the first one also warms up.
Result<Probe> probe(const Checkpoint& checkpoint, const std::string& recipe, const RunConfig& config,
                    const Sample& sample, std::size_t layers, ThreadPool& pool) {
  const Stopwatch loading;
  QT_TRY(const ProbeModel model, load_first_layers(checkpoint, config.rules_of(recipe), config.recipe_options,
                                                   layers, pool, config.engine));
  Probe result;
  result.load_seconds = static_cast<double>(loading.elapsed_ns()) * 1e-9;
  result.plan_bytes = model.plan_bytes;
  std::vector<Encoding> texts;
  const std::size_t step = std::max<std::size_t>(1, sample.encodings.size() / kProbeTexts);
  for (std::size_t i = 0; i < sample.encodings.size(); i += step) {
    texts.push_back(sample.encodings[i]);
    for (std::int32_t& id : texts.back().ids) id %= static_cast<std::int32_t>(model.vocabulary);
  }
  PredictOptions options;
  options.max_length = config.max_length;
  options.batch_size = config.batch_size;
  std::int64_t fastest = std::numeric_limits<std::int64_t>::max();
  const Stopwatch all;
  for (int pass = 0; pass < 2 || all.elapsed_ns() < kProbeNs; ++pass) {
    const Stopwatch one;
    QT_TRY_STATUS(predict_encodings(*model.classifier, texts, options));
    fastest = std::min(fastest, one.elapsed_ns());
  }
  result.seconds_per_text = static_cast<double>(fastest) * 1e-9 / static_cast<double>(texts.size());
  return result;
}

struct RunSeconds {
  double measuring = 0;         // predictions and timing
  double predicting = 0;        // the model loaded and every example predicted, as often as there are samples
  double loading = 0;           // of the model, once
  double seconds_per_text = 0;  // in batches
};

// What a calibration takes: a pass of the texts through the model, another one for the float model beside it,
// and about as much again for sums of products and the methods.
constexpr double kCalibrationPasses = 4.0;

// A worker loads its model once for the predictions and once for the timing.
Result<RunSeconds> seconds_of(const Checkpoint& checkpoint, const std::string& recipe,
                              const RunConfig& config, const RunPlan& plan, const Sample& sample,
                              ThreadPool& pool) {
  const std::size_t layers = checkpoint.spec().layers.size();
  const std::size_t several = std::min(layers, kProbeLayers);
  QT_TRY(const Probe shallow, probe(checkpoint, recipe, config, sample, 1, pool));
  QT_TRY(const Probe deep, probe(checkpoint, recipe, config, sample, several, pool));
  QT_TRY(const Plan whole,
         resolve_plan(checkpoint, checkpoint.spec(), config.rules_of(recipe), config.recipe_options));
  double forward = deep.seconds_per_text;
  if (several > 1) {
    const double per_layer =
        (deep.seconds_per_text - shallow.seconds_per_text) / static_cast<double>(several - 1);
    forward += per_layer * static_cast<double>(layers - several);
  }
  double load =
      deep.load_seconds * static_cast<double>(whole.total_bytes()) / static_cast<double>(deep.plan_bytes);
  if (whole.is_calibrated() && !checkpoint.quantization()) {
    const double texts = std::min(static_cast<double>(plan.calibration->texts.size()),
                                  static_cast<double>(plan.calibration->options.tokens) / sample.mean_tokens);
    load += kCalibrationPasses * forward * texts;
  }
  const double in_batches = forward + sample.seconds_per_text / static_cast<double>(plan.threads);
  RunSeconds result{.measuring = load + in_batches * static_cast<double>(plan.data.size()),
                    .predicting = load + in_batches * static_cast<double>(plan.data.size()),
                    .loading = load,
                    .seconds_per_text = forward + sample.seconds_per_text};
  double& seconds = result.measuring;
  if (!config.timing.enabled) return result;
  const std::uint64_t per_pass =
      config.timing.throughput_examples == 0
          ? plan.data.size()
          : std::min<std::uint64_t>(config.timing.throughput_examples, plan.data.size());
  std::uint64_t timed = per_pass * config.timing.throughput_passes + kProtocolBatchSize;  // and a warm-up
  if (config.timing.workload) timed += kProtocolBatchSize * (kWorkloadWarmUpBatches + kWorkloadTimedBatches);
  seconds += load + (forward + sample.seconds_per_text) * static_cast<double>(timed);
  // One text at a time keeps one thread busy.
  seconds += (forward * static_cast<double>(plan.threads) + sample.seconds_per_text) *
             static_cast<double>(config.timing.latency_samples);
  return result;
}

// The engine's workspaces: each thread takes its share of a batch, in pieces of at most about
// micro_batch_tokens(); with int8 outliers looked for over the batch, one thread takes it whole.
std::uint64_t activation_bytes(const ModelSpec& spec, const Plan& plan, const RunConfig& config,
                               std::uint32_t threads) {
  const std::uint64_t longest = std::min<std::uint64_t>(config.max_length, spec.max_positions);
  const bool whole_batch = plan.outlier_scope == OutlierScope::kBatch && looks_for_outliers(plan);
  const std::uint64_t batch = longest * config.batch_size;
  const std::uint64_t tokens =
      whole_batch ? batch : std::min(batch, std::max(longest, micro_batch_tokens()) * threads);
  const std::uint64_t query_width = spec.heads * spec.head_dim;
  const std::uint64_t qkv_width = query_width + 2 * spec.kv_heads * spec.head_dim;
  const std::uint64_t floats_per_token = 2 * spec.hidden + std::max(qkv_width, 2 * spec.intermediate) +
                                         std::max(query_width, spec.hidden) + spec.intermediate;
  // Beside these: scores of attention, keys and values in panels, one panel of weights as float.
  const std::uint64_t for_attention = 4 * longest * (48 + 2 * spec.head_dim);
  const std::uint64_t for_panels = 4 * 16 * std::max(spec.hidden, spec.intermediate);
  return sizeof(float) * tokens * floats_per_token + threads * (for_attention + for_panels);
}

std::uint64_t process_bytes(const Checkpoint& checkpoint, const Plan& plan, const RunConfig& config,
                            const RunPlan& run, const Sample& sample) {
  std::error_code ignored;
  const auto tokenizer_file =
      std::filesystem::file_size(checkpoint.tokenizer_directory() / "tokenizer.json", ignored);
  std::uint64_t text_bytes = 0;
  for (const std::string& text : run.data.texts) text_bytes += text.size() + sizeof(std::string);
  const auto examples = static_cast<double>(run.data.size());
  const double encodings = examples * (sample.mean_tokens * sizeof(std::int32_t) + sizeof(Encoding));
  const std::uint64_t logits = sizeof(float) * run.data.size() * run.label_names.size();
  return kBaseProcessBytes +
         static_cast<std::uint64_t>(kTokenizerBytesFactor *
                                    (ignored ? 0.0 : static_cast<double>(tokenizer_file))) +
         text_bytes + static_cast<std::uint64_t>(encodings) + logits + plan.total_bytes() +
         activation_bytes(checkpoint.spec(), plan, config, run.threads);
}

}  // namespace

Result<RunEstimate> estimate_run(const RunConfig& config, const RunPlan& plan,
                                 const ProgressFunction& progress, const Interrupt* interrupt) {
  RunEstimate estimate;
  ThreadPool pool(plan.threads);
  estimate.seconds = kReportSeconds;
  std::uint64_t all_workers = 0;
  std::uint64_t largest_worker = 0;
  std::uint64_t latency_bytes = 0;
  std::optional<Checkpoint> checkpoint;
  Sample sample;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    if (progress) progress({.stage = "trying the speed", .done = i, .total = plan.runs.size()});
    if (stop_requested(interrupt)) return interrupted();
    const PlannedRun& run = plan.runs[i];
    if (i == 0 || plan.runs[i - 1].model != run.model) {
      QT_TRY(Checkpoint opened, Checkpoint::open(config.models[run.model].location()));
      checkpoint.emplace(std::move(opened));
      QT_TRY(const Tokenizer tokenizer, Tokenizer::load(checkpoint->tokenizer_directory()));
      QT_TRY(sample, sample_texts(tokenizer, config, plan.data));
    }
    QT_TRY(const Plan resolved,
           resolve_plan(*checkpoint, checkpoint->spec(), config.rules_of(run.configuration.recipe),
                        config.recipe_options));
    EstimatedRun one;
    one.process_bytes = process_bytes(*checkpoint, resolved, config, plan, sample);
    all_workers += one.process_bytes;
    largest_worker = std::max(largest_worker, one.process_bytes);
    const bool test_load = config.load && !run.load_tested;
    if (!run.finished || test_load || run.samples_left > 0) {
      QT_TRY(const RunSeconds seconds,
             seconds_of(*checkpoint, run.configuration.recipe, config, plan, sample, pool));
      if (!run.finished) one.seconds = seconds.measuring;
      one.seconds += static_cast<double>(run.samples_left) * seconds.predicting;
      if (test_load) {
        QT_TRY(const LoadProtocol protocol, plan_run_load(config, plan));
        const LoadTestEstimate test =
            estimate_load_test(*config.load, protocol, 1.0 / seconds.seconds_per_text);
        one.load_seconds = seconds.loading + test.seconds;
        latency_bytes += test.bytes;
      }
    }
    estimate.seconds += one.seconds + one.load_seconds;
    estimate.runs.push_back(one);
  }
  const auto examples = static_cast<double>(plan.data.size());
  const auto classes = static_cast<double>(plan.label_names.size());
  double samples = 0;  // logits alone, as they are
  for (const PlannedRun& run : plan.runs)
    samples += run.is_calibrated ? double(plan.other_samples.size()) : 0;
  estimate.disk_bytes =
      kStoreBaseBytes + latency_bytes +
      static_cast<std::uint64_t>(static_cast<double>(plan.runs.size()) * examples *
                                 (kStoredBytesPerLogit * classes + kStoredBytesPerExample)) +
      static_cast<std::uint64_t>(samples * examples * classes * sizeof(float));
  // The program itself, and the workers that are kept loaded together while they are timed.
  const auto budget = static_cast<std::uint64_t>(config.memory_budget_mb * 1e6);
  estimate.tree_bytes = 2 * kBaseProcessBytes + std::max(largest_worker, std::min(all_workers, budget));
  return estimate;
}

}  // namespace quantier
