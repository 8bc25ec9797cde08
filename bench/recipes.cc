// How many predictions do recipes flip against single precision, and how many fewer than a baseline's?
//   bench_recipes MODEL --data a.jsonl [--data b.jsonl] --calibration train.jsonl
//                 --recipes int4-gptq int4-awq --baseline int4-rtn [--seeds 3] [--count N]
// Files are pooled. A flip is a predicted class other than fp32's on the same example. The ratio of flips is
// paired: examples are resampled (10,000 bootstrap replicates over the joint counts of who flips which), so
// that what both recipes find hard weighs on both. One line a recipe and calibration seed: accuracy, flips,
// ratio to the baseline [2.5 %, 97.5 %] and its one-sided 95 % upper bound, root mean square difference of
// the logits from fp32's, the same of the margin between fp32's two best classes over the tenth of the
// examples with the least of it (those that can flip: less noisy than their count), seconds to load
// (calibration included).
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/dataset/dataset.h"
#include "quantier/pipeline/calibration_text.h"
#include "quantier/pipeline/load_classifier.h"
#include "quantier/pipeline/predict.h"
#include "quantier/record/predictions.h"
#include "quantier/stats/estimators/multinomial.h"

namespace quantier {
namespace {

struct Options {
  std::string model;
  std::vector<std::string> data;
  std::optional<std::string> calibration;
  std::vector<std::string> recipes;
  std::string baseline = "int4-rtn";
  std::size_t max_length = 128;
  std::optional<std::uint64_t> count;
  std::uint64_t tokens = kCalibrationTokens;
  std::uint64_t first_seed = 0;
  std::uint64_t seeds = 1;
  bool shows_layers = false;
};

struct Measured {
  std::string name;
  std::vector<std::int32_t> predicted;
  std::vector<float> logits;  // [examples, classes]
  double load_seconds = 0;
};

struct Bench {
  const Options& options;
  ThreadPool& pool;
  std::vector<std::string> texts;
  std::vector<std::int32_t> labels;

  Status read() {
    QT_TRY(const std::vector<std::string> names, label_names_of({options.model}));
    for (const std::string& file : options.data) {
      QT_TRY(const Dataset data, read_dataset(file, {}, names));
      if (data.labels.empty()) return fail(ErrorKind::kUserInput, "the data has no labels", file);
      texts.insert(texts.end(), data.texts.begin(), data.texts.end());
      labels.insert(labels.end(), data.labels.begin(), data.labels.end());
    }
    return {};
  }

  Result<Measured> measure(const std::string& recipe, std::uint64_t seed, bool is_calibrated) {
    Measured measured;
    measured.name = options.seeds > 1 && is_calibrated ? fmt::format("{} @{}", recipe, seed) : recipe;
    std::optional<CalibrationSet> set;
    std::optional<CalibrationRequest> request;
    if (is_calibrated && options.calibration) {
      QT_TRY(const std::vector<std::string> names, label_names_of({options.model}));
      QT_TRY(set, read_calibration_set({.path = *options.calibration,
                                        .text_column = "",
                                        .count = options.count,
                                        .seed = seed,
                                        .tokens = options.tokens},
                                       names));
      Dataset evaluation;
      evaluation.texts = texts;
      QT_TRY_STATUS(guard_overlap(*set, evaluation, "data"));
      request.emplace(*set, options.max_length);
    }
    const Stopwatch watch;
    QT_TRY(const LoadedModel model, load_classifier({options.model}, PlanRules::of(recipe), {},
                                                    EngineKind::kCpu, pool, request ? &*request : nullptr));
    measured.load_seconds = static_cast<double>(watch.elapsed_ns()) * 1e-9;
    PredictOptions predict;
    predict.max_length = options.max_length;
    QT_TRY(const Predictions predictions,
           predict_dataset(*model.classifier, model.tokenizer, texts, &pool, predict));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      measured.predicted.push_back(argmax(predictions.row(i)));
      measured.logits.insert(measured.logits.end(), predictions.row(i).begin(), predictions.row(i).end());
    }
    if (options.shows_layers && model.calibration) {
      fmt::print("{}", calibration_text(*model.calibration, model.layer_reports));
      for (const LayerReport& layer : model.layer_reports) {
        fmt::print(
            "    {:<28} block {:.3e} (rtn {:.3e}) output {:.4f} (rtn {:.4f}) alpha {:.2f} damping {:.3f}\n",
            layer.linear, layer.loss.value_or(NAN), layer.loss_rtn.value_or(NAN),
            layer.output_error.value_or(NAN), layer.output_error_rtn.value_or(NAN), layer.alpha.value_or(NAN),
            layer.damping.value_or(NAN));
      }
    }
    return measured;
  }
};

// Ratio of flips with its interval: cells are (baseline flips, other flips).
std::string ratio_text(const std::vector<std::uint8_t>& baseline, const std::vector<std::uint8_t>& other) {
  std::array<std::uint64_t, 4> cells{};
  for (std::size_t i = 0; i < baseline.size(); ++i) ++cells[baseline[i] * 2U + other[i]];
  const double base = static_cast<double>(cells[2] + cells[3]);
  if (base == 0) return "the baseline flips nothing";
  constexpr std::uint64_t kReplicates = 10000;
  const CellResampler resampler(cells);
  std::array<std::uint32_t, 4> drawn{};
  std::vector<double> ratios;
  for (std::uint64_t r = 0; r < kReplicates; ++r) {
    resampler.draw(20260101, r, drawn);
    const double below = drawn[2] + drawn[3];
    ratios.push_back(below == 0 ? HUGE_VAL : (drawn[1] + drawn[3]) / below);
  }
  std::ranges::sort(ratios);
  const auto at = [&](double q) { return ratios[static_cast<std::size_t>(q * (kReplicates - 1))]; };
  return fmt::format("{:.3f} [{:.3f}, {:.3f}], upper {:.3f}", static_cast<double>(cells[1] + cells[3]) / base,
                     at(0.025), at(0.975), at(0.95));
}

// How far the best class of an example is ahead of the next.
struct Margin {
  std::size_t example = 0;
  std::size_t first = 0;
  std::size_t second = 0;
  float value = 0;
};

// The tenth of the examples with the least margin.
std::vector<Margin> least_margins(const Measured& reference, std::size_t examples) {
  const std::size_t classes = reference.logits.size() / examples;
  std::vector<Margin> margins;
  for (std::size_t i = 0; i < examples; ++i) {
    const float* row = reference.logits.data() + i * classes;
    Margin margin{.example = i, .first = static_cast<std::size_t>(reference.predicted[i])};
    margin.second = margin.first == 0 ? 1 : 0;
    for (std::size_t c = 0; c < classes; ++c) {
      if (c != margin.first && row[c] > row[margin.second]) margin.second = c;
    }
    margin.value = row[margin.first] - row[margin.second];
    margins.push_back(margin);
  }
  std::ranges::sort(margins, {}, [](const Margin& margin) { return margin.value; });
  margins.resize((examples + 9) / 10);
  return margins;
}

Status run(const Options& options) {
  ThreadPool pool(available_processors());
  Bench bench{options, pool, {}, {}};
  QT_TRY_STATUS(bench.read());
  QT_TRY(const Measured reference, bench.measure("fp32", 0, false));
  std::vector<Measured> all;
  const auto add = [&](const std::string& recipe) -> Status {
    QT_TRY(const Recipe parsed, parse_recipe(recipe));
    const bool is_calibrated = parsed.body.is_calibrated();
    for (std::uint64_t i = 0; i < (is_calibrated ? options.seeds : 1); ++i) {
      QT_TRY(Measured measured, bench.measure(recipe, options.first_seed + i, is_calibrated));
      all.push_back(std::move(measured));
    }
    return {};
  };
  QT_TRY_STATUS(add(options.baseline));
  const auto flips_of = [&](const Measured& measured) {
    std::vector<std::uint8_t> flips;
    for (std::size_t i = 0; i < measured.predicted.size(); ++i)
      flips.push_back(measured.predicted[i] != reference.predicted[i] ? 1 : 0);
    return flips;
  };
  const auto logit_error = [&](const Measured& measured) {
    double sum = 0;
    for (std::size_t i = 0; i < reference.logits.size(); ++i) {
      const double difference = static_cast<double>(measured.logits[i]) - reference.logits[i];
      sum += difference * difference;
    }
    return std::sqrt(sum / static_cast<double>(reference.logits.size()));
  };
  const std::vector<Margin> unsure = least_margins(reference, bench.texts.size());
  const auto margin_error = [&](const Measured& measured) {
    const std::size_t classes = measured.logits.size() / bench.texts.size();
    double sum = 0;
    for (const Margin& margin : unsure) {
      const float* row = measured.logits.data() + margin.example * classes;
      const double difference = static_cast<double>(row[margin.first]) - row[margin.second] - margin.value;
      sum += difference * difference;
    }
    return std::sqrt(sum / static_cast<double>(unsure.size()));
  };
  const auto accuracy_of = [&](const Measured& measured) {
    std::size_t right = 0;
    for (std::size_t i = 0; i < bench.labels.size(); ++i)
      right += measured.predicted[i] == bench.labels[i] ? 1 : 0;
    return static_cast<double>(right) / static_cast<double>(bench.labels.size());
  };
  const std::vector<std::uint8_t> baseline = flips_of(all.front());
  fmt::print("{} examples; fp32 accuracy {:.4f}; baseline {}\n", bench.texts.size(), accuracy_of(reference),
             all.front().name);
  fmt::print("{:<36} {:>9} {:>6}  {:<36} {:>10} {:>10} {:>7}\n", "recipe", "accuracy", "flips",
             "ratio to the baseline", "logits rms", "margin rms", "load s");
  const auto show = [&](const Measured& measured) {
    const std::vector<std::uint8_t> flips = flips_of(measured);
    fmt::print("{:<36} {:>9.4f} {:>6}  {:<36} {:>10.4f} {:>10.4f} {:>7.1f}\n", measured.name,
               accuracy_of(measured), std::ranges::count(flips, 1), ratio_text(baseline, flips),
               logit_error(measured), margin_error(measured), measured.load_seconds);
    std::fflush(stdout);
  };
  show(all.front());
  for (const std::string& recipe : options.recipes) {
    if (recipe == options.baseline) continue;
    const std::size_t before = all.size();
    QT_TRY_STATUS(add(recipe));
    for (std::size_t i = before; i < all.size(); ++i) show(all[i]);
  }
  return {};
}

}  // namespace
}  // namespace quantier

int main(int argc, char** argv) {
  CLI::App app("Flips of recipes against fp32, and their ratio to a baseline's");
  quantier::Options options;
  app.add_option("MODEL_DIR", options.model)->required();
  app.add_option("--data", options.data)->required();
  app.add_option("--calibration", options.calibration);
  // Options of a recipe are separated by commas as well, so recipes are by white space.
  app.add_option("--recipes", options.recipes)->required();
  app.add_option("--baseline", options.baseline)->capture_default_str();
  app.add_option("--max-length", options.max_length)->capture_default_str();
  app.add_option("--count", options.count);
  app.add_option("--tokens", options.tokens)->capture_default_str();
  app.add_option("--seed", options.first_seed)->capture_default_str();
  app.add_option("--seeds", options.seeds)->capture_default_str()->check(CLI::Range(1, 100));
  app.add_flag("--layers", options.shows_layers, "What was done to each layer");
  CLI11_PARSE(app, argc, argv);
  if (const quantier::Status status = quantier::run(options); !status) {
    fmt::print(stderr, "recipes: {}\n", status.error().message());
    return 1;
  }
  return 0;
}
