#include "quantier/pipeline/predict.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/base/thread_pool.h"
#include "quantier/base/utf8.h"
#include "quantier/cli/calibration_flags.h"
#include "quantier/cli/commands.h"
#include "quantier/cli/recipe_flags.h"
#include "quantier/cli/standard_input.h"
#include "quantier/dataset/dataset.h"
#include "quantier/note/words.h"
#include "quantier/pipeline/calibration_repeats.h"
#include "quantier/pipeline/calibration_text.h"
#include "quantier/pipeline/load_classifier.h"
#include "quantier/pipeline/predictions_npz.h"
#include "quantier/pipeline/report_device.h"
#include "quantier/pipeline/resolve_plan.h"
#include "quantier/pipeline/selected_on.h"
#include "quantier/record/json.h"
#include "quantier/tensor/aligned_buffer.h"

namespace quantier::cli {
namespace {

struct Options {
  ModelLocation model;
  std::string data;
  std::vector<std::string> texts;
  std::string out;
  RecipeFlags recipe;
  std::optional<std::size_t> max_length;
  std::size_t batch_size = 32;
  std::optional<std::size_t> threads;
  ColumnNames columns;
  bool reference_engine = false;
  std::string device = "cpu";
  std::string outlier_scope = "sequence";
  std::string outlier_weights = "int8";
  CalibrationFlags calibration;
  std::uint64_t calibration_seeds = 1;
};

// Texts from --text, from a file, or one a line from standard input.
Result<Dataset> read_texts(const Options& options, const std::vector<std::string>& label_names) {
  if (!options.data.empty() && options.data != "-")
    return read_dataset(options.data, options.columns, label_names);
  Dataset data;
  data.texts = options.texts;
  if (options.texts.empty()) data.texts = lines_of_standard_input();
  if (data.texts.empty()) {
    return fail(ErrorKind::kUserInput, "no text to classify", "standard input", "it is empty",
                "give --data FILE, --text \"...\", or one text a line on standard input");
  }
  return data;
}

// The place of the result is checked before minutes are spent on it.
Status check_writable(const std::string& out) {
  if (out.empty()) return {};
  std::error_code ignored;
  // A device or a pipe is written to as it is; anything else is put in place in its folder.
  const bool as_it_is =
      std::filesystem::exists(out, ignored) && !std::filesystem::is_regular_file(out, ignored);
  const std::filesystem::path place =
      as_it_is ? std::filesystem::path(out) : std::filesystem::absolute(out).parent_path();
  if (::access(place.c_str(), W_OK) != 0) {
    return fail(ErrorKind::kEnvironment, "cannot write the result", out, errno_text(errno),
                "choose another --out");
  }
  return {};
}

struct Outcome {
  Predictions predictions;
  std::vector<std::string> texts;
  std::int64_t load_ns = 0;
  std::int64_t predict_ns = 0;
  std::size_t batch_size = 0;  // smaller than asked for after memory ran out
  ExecutedPlan executed;
  std::optional<DeviceMemory> device_memory;
  std::optional<DeviceSplit> split;
  std::string recipe;
  std::uint64_t plan_bytes = 0;
  std::optional<CalibrationRecord> calibration;
  std::vector<LayerReport> layer_reports;
  std::optional<CalibrationSpread> spread;        // over repeats with other texts
  std::optional<std::size_t> selected_in_sample;  // examples that a searched plan was fitted to
  std::optional<std::size_t> fitted_in_sample;    // examples that quantized weights were fitted to
  std::size_t fitted_nearly = 0;                  // texts they were fitted to that are nearly an example
};

// Weights may not be shaped by what they are measured on, and that is looked at before minutes are spent.
Result<std::optional<CalibrationSet>> read_calibration(const Options& options, const ModelLocation& location,
                                                       std::optional<Dataset>& data) {
  const auto calibration = calibration_options(options.calibration, options.columns.text);
  if (!calibration) return std::nullopt;
  QT_TRY(const std::vector<std::string> labels, label_names_of(location));
  QT_TRY(data, read_texts(options, labels));
  QT_TRY(CalibrationSet set, read_calibration_set(*calibration, labels));
  QT_TRY_STATUS(guard_overlap(set, *data, options.data.empty() ? "text" : std::string_view(options.data)));
  return set;
}

Result<Outcome> predict(const Options& options, Session& session) {
  QT_TRY_STATUS(check_writable(options.out));
  QT_TRY(EngineChoice engine, parse_device(options.device));
  if (options.reference_engine) engine = EngineKind::kReference;
  ThreadPool pool(options.threads.value_or(available_processors()));
  RecipeOptions recipe_options;
  if (options.outlier_scope == "batch") recipe_options.outlier_scope = OutlierScope::kBatch;
  if (options.outlier_weights == "f16") recipe_options.outlier_weights = OutlierWeights::kF16;
  const ModelLocation& location = options.model;
  std::optional<Dataset> read_before;
  QT_TRY(std::optional<CalibrationSet> set, read_calibration(options, location, read_before));
  std::optional<CalibrationRequest> request;
  if (set) request.emplace(*set, options.max_length, session.progress(), &session.interrupt);
  Outcome outcome;
  const Stopwatch loading;
  QT_TRY(std::optional<PlanRules> rules, rules_of(options.recipe));
  if (!rules) {
    QT_TRY(const bool quantized, has_quantized_weights(location));
    rules = quantized ? PlanRules() : PlanRules::of("fp32");
  }
  QT_TRY(LoadedModel model,
         load_classifier(location, *rules, recipe_options, engine, pool, request ? &*request : nullptr));
  if (set && !model.calibration) {
    return fail(ErrorKind::kUsage, "this recipe looks at the weights alone",
                fmt::format("recipe {}", printable(model.plan.recipe, 80)),
                "--calibration would change nothing",
                "leave it out, or take a recipe that looks at data: int4-gptq, int4-awq, int8-smooth");
  }
  outcome.calibration = std::move(model.calibration);
  outcome.layer_reports = std::move(model.layer_reports);
  outcome.load_ns = loading.elapsed_ns();
  outcome.recipe = model.plan.recipe;
  outcome.plan_bytes = model.plan.total_bytes();
  if (!read_before) {
    QT_TRY(read_before, read_texts(options, model.spec.label_names));
  }
  Dataset data = *std::move(read_before);
  if (rules->selected_on) outcome.selected_in_sample = count_selected(*rules->selected_on, data.texts);
  if (!model.fitted_on.empty()) {
    outcome.fitted_in_sample = count_fitted(model.fitted_on, data.texts);
    for (const FittedOn& each : model.fitted_on)
      outcome.fitted_nearly += near_fitted(each, data.texts).size();
  }
  PredictOptions predict_options;
  predict_options.max_length = options.max_length;
  predict_options.batch_size = options.batch_size;
  predict_options.source = options.data.empty() ? "text" : std::string_view(options.data);
  predict_options.progress = session.progress();
  predict_options.interrupt = &session.interrupt;
  predict_options.split = &outcome.split;
  const Stopwatch predicting;
  QT_TRY(PredictedWithBatch predicted, predict_dataset_with_fallback(*model.classifier, model.tokenizer,
                                                                     data.texts, &pool, predict_options));
  outcome.predictions = std::move(predicted.predictions);
  outcome.batch_size = predicted.batch_size;
  predict_options.batch_size = predicted.batch_size;
  outcome.predict_ns = predicting.elapsed_ns();
  outcome.executed = model.classifier->executed_plan();
  outcome.device_memory = model.classifier->device_memory();
  predict_options.split = nullptr;  // of the predictions, not of what is repeated below
  if (options.calibration_seeds > 1) {
    const RepeatedRecipe repeated{location, *rules, recipe_options,
                                  *calibration_options(options.calibration, options.columns.text)};
    QT_TRY(outcome.spread,
           repeat_calibration(repeated,
                              calibration_repeat(*outcome.calibration, outcome.predictions, data.labels),
                              options.calibration_seeds, data, pool, predict_options));
  }
  session.end_progress();
  outcome.predictions.label_names = model.spec.label_names;
  outcome.predictions.labels = std::move(data.labels);
  outcome.predictions.ids = std::move(data.ids);
  outcome.texts = std::move(data.texts);
  if (!options.out.empty()) QT_TRY_STATUS(write_predictions_npz(options.out, outcome.predictions));
  return outcome;
}

Json device_memory_to_json(const DeviceMemory& memory) {
  return {{"weights_peak_bytes", memory.weights_peak_bytes},
          {"activations_peak_bytes", memory.activations_peak_bytes},
          {"other_peak_bytes", memory.other_peak_bytes},
          {"used_by_all_processes_bytes", memory.device_used_bytes}};
}

double probability(std::span<const float> logits, std::size_t label) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  const double sum = std::accumulate(logits.begin(), logits.end(), 0.0, [&](double total, float logit) {
    return total + std::exp(logit - largest);
  });
  return std::exp(logits[label] - largest) / sum;
}

void print(const Options& options, const Outcome& outcome, const Session& session) {
  const Predictions& predictions = outcome.predictions;
  const double predict_ms = static_cast<double>(outcome.predict_ns) * 1e-6;
  std::optional<double> accuracy;
  if (!predictions.labels.empty()) {
    std::size_t right = 0;
    for (std::size_t i = 0; i < predictions.example_count; ++i) {
      if (argmax(predictions.row(i)) == predictions.labels[i]) ++right;
    }
    accuracy = static_cast<double>(right) / static_cast<double>(predictions.example_count);
  }
  // Single texts are shown, a file is summarised.
  const bool show_each = options.data.empty();
  if (session.json) {
    Json document{
        {"recipe", outcome.recipe},
        {"device", outcome.executed.device},
        {"examples", predictions.example_count},
        {"classes", predictions.class_count},
        {"selected_in_sample",
         outcome.selected_in_sample ? Json(*outcome.selected_in_sample) : Json(nullptr)},
        {"fitted_in_sample", outcome.fitted_in_sample ? Json(*outcome.fitted_in_sample) : Json(nullptr)},
        {"fitted_nearly", outcome.fitted_in_sample ? Json(outcome.fitted_nearly) : Json(nullptr)},
        {"load_ms", static_cast<double>(outcome.load_ns) * 1e-6},
        {"predict_ms", predict_ms},
        {"batch_size", outcome.batch_size},
        {"accuracy", accuracy ? Json(*accuracy) : Json(nullptr)},
        {"memory",
         {{"plan_bytes", outcome.plan_bytes},
          {"weights_peak_bytes", memory_use(MemoryOwner::kWeights).peak_bytes},
          {"activations_peak_bytes", memory_use(MemoryOwner::kActivations).peak_bytes}}},
        {"out", options.out.empty() ? Json(nullptr) : Json(options.out)}};
    if (outcome.device_memory) document["memory"]["device"] = device_memory_to_json(*outcome.device_memory);
    if (outcome.split) document["split"] = to_json(*outcome.split);
    if (outcome.calibration)
      document["calibration"] = calibration_to_json(*outcome.calibration, outcome.layer_reports);
    if (outcome.spread) document["calibration_spread"] = spread_to_json(*outcome.spread);
    if (show_each) {
      Json rows = Json::array();
      for (std::size_t i = 0; i < predictions.example_count; ++i) {
        const auto row = predictions.row(i);
        const auto best = static_cast<std::size_t>(argmax(row));
        rows.push_back({{"label", predictions.label_names[best]},
                        {"probability", probability(row, best)},
                        {"logits", std::vector<float>(row.begin(), row.end())}});
      }
      document["predictions"] = std::move(rows);
    }
    return session.print_json(document);
  }
  if (show_each) {
    for (std::size_t i = 0; i < predictions.example_count; ++i) {
      const auto row = predictions.row(i);
      const auto best = static_cast<std::size_t>(argmax(row));
      fmt::print("{:<20} {:.4f}  {}\n", printable(predictions.label_names[best]), probability(row, best),
                 printable(outcome.texts[i], 80));
    }
    return;
  }
  fmt::print("{} examples, {} classes, {} s ({} ms/example)", predictions.example_count,
             predictions.class_count,
             predict_ms < 1000.0 ? fmt::format("{:.3f}", predict_ms * 1e-3)
                                 : fmt::format("{:.1f}", predict_ms * 1e-3),
             note_internal::milliseconds(predict_ms / static_cast<double>(predictions.example_count), 3));
  if (accuracy) fmt::print(", accuracy {:.4f}", *accuracy);
  fmt::print("\n");
  if (outcome.split) fmt::print("{}\n", split_text(*outcome.split));
  if (outcome.calibration) fmt::print("{}", calibration_text(*outcome.calibration, outcome.layer_reports));
  if (outcome.spread) fmt::print("{}", spread_text(*outcome.spread));
  if (!options.out.empty()) fmt::print("{}\n", options.out);
}

}  // namespace

void add_predict(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "predict", "Logits of every example of a file, of --text, or of standard input (one text a line)");
  auto options = std::make_shared<Options>();
  add_model_flags(*command, options->model);
  command->add_option("--data", options->data, "JSONL or CSV file; \"-\" reads one text a line");
  command->add_option("--text", options->texts, "A text; may be given several times")->excludes("--data");
  command->add_option(
      "--out", options->out,
      "npz file: logits float32 [N, C], label_names, and labels and ids where the data has them");
  add_recipe_flags(*command, options->recipe, " (default: fp32, or that of quantized weights)");
  command
      ->add_option("--max-length", options->max_length,
                   "Cut texts to this many tokens (default: what tokenizer.json says)")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--batch-size", options->batch_size,
                   "Texts in one forward pass; logits do not depend on it")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536));
  command->add_option("--threads", options->threads, "Default: all processors")->check(CLI::Range(1, 1024));
  command->add_option("--text-col", options->columns.text, "Column with the text (default: found by name)");
  command->add_option("--label-col", options->columns.label, "Column with the label");
  command->add_option("--id-col", options->columns.id, "Column with the id");
  command
      ->add_option("--outlier-scope", options->outlier_scope,
                   "int8: look for outlier columns in each text, or in the whole batch as bitsandbytes does")
      ->capture_default_str()
      ->check(CLI::IsMember({"sequence", "batch"}));
  command->add_option("--outlier-weights", options->outlier_weights, "int8: weights of outlier columns")
      ->capture_default_str()
      ->check(CLI::IsMember({"int8", "f16"}));
  add_calibration_flags(*command, options->calibration);
  command
      ->add_option("--calibration-seeds", options->calibration_seeds,
                   "Repeat with so many samples of the texts and say how much the predictions move")
      ->check(CLI::Range(1, 100))
      ->needs("--calibration");
  CLI::Option* device = add_device_flag(*command, options->device);
  command->add_flag("--reference", options->reference_engine, "Use the slow scalar reference engine")
      ->excludes(device);
  command->add_flag("--json", session.json, "One JSON document on standard output");
  command->callback([options, &session] {
    const Result<Outcome> outcome = predict(*options, session);
    if (!outcome) return session.report(outcome.error());
    print(*options, *outcome, session);
    if (outcome->batch_size < options->batch_size) {
      session.remark(fmt::format("memory ran out at batches of {}; batches of {} were used",
                                 options->batch_size, outcome->batch_size));
    }
    if (outcome->fitted_in_sample.value_or(0) > 0) {
      session.remark(fmt::format(
          "fitted in-sample: these quantized weights were fitted to {} of these examples, and look "
          "better on them than they are",
          *outcome->fitted_in_sample));
    }
    if (outcome->fitted_nearly > 0) {
      session.remark(
          fmt::format("fitted nearly in-sample: {} of the texts that these quantized weights were fitted to "
                      "are nearly one of these examples, by their signatures",
                      outcome->fitted_nearly));
    }
    if (outcome->selected_in_sample.value_or(0) > 0) {
      session.remark(
          fmt::format("selected in-sample: the plan was fitted to {} of these examples, and looks better on "
                      "them than it is",
                      *outcome->selected_in_sample));
    }
  });
}

}  // namespace quantier::cli
