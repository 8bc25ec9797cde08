// How fast does the CUDA engine run, on a real geometry with random weights made on the spot, and in how much
// memory?
//   bench_gpu_engine [--geometry modernbert-base|qwen2.5-0.5b] [--recipes fp16 int8-rtn] [--batches 1 8 32
//   128]
//                    [--tokens 128] [--rounds 15] [--device cuda:0] [--kernel-arch 75] [--json FILE]
//                    [--lengths FILE --batch 32] [--texts DATA --tokenizer DIRECTORY --batch 32]
// Time is the wall clock of Classifier::predict, from ids in host memory to logits in host memory. Rounds are
// interleaved over the recipes, because a card's clock drifts with its power; a line gives the median, and
// the ratio's median over rounds to the first recipe. Memory is what the engine allocated at its peak, by
// owner: the driver's context is not in it. Under each time stands where it went, by the device's clock.
// --lengths takes one text's number of tokens a line, in the order in which they are batched: the real
// lengths of a data set. --texts takes the texts themselves, from text to logits on the path of `quantier
// predict`, tokenization beside the device; the first time stands apart, because shapes are prepared and
// kernels loaded in it.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/lib/median.h"
#include "bench/lib/random_model.h"
#include "quantier/base/clock.h"
#include "quantier/base/json.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/dataset/dataset.h"
#include "quantier/engine/cuda_engine.h"
#include "quantier/pipeline/load_classifier.h"
#include "quantier/pipeline/predict.h"
#include "quantier/pipeline/report_device.h"
#include "quantier/record/json.h"

namespace quantier {
namespace {

struct Options {
  std::string geometry = "modernbert-base";
  std::vector<std::string> recipes = {"fp16", "int8-rtn"};
  std::vector<std::size_t> batches = {1, 8, 32, 128};
  std::size_t tokens = 128;
  std::size_t rounds = 15;
  std::string device = "cuda";
  int kernel_arch = 0;
  std::string json;
  std::string lengths;
  std::string texts;
  std::string tokenizer;
  std::size_t max_length = 128;
  std::size_t batch = 32;
};

constexpr std::uint64_t kIdStep = 7919;

// Ids of texts of given lengths, as one batch after another.
class Texts {
 public:
  Texts(const std::vector<std::uint32_t>& lengths, std::uint64_t vocabulary) {
    for (const std::uint32_t length : lengths) {
      for (std::uint32_t i = 0; i < length; ++i)
        ids_.push_back(static_cast<std::int32_t>(ids_.size() * kIdStep % vocabulary));
      offsets_.push_back(static_cast<std::uint32_t>(ids_.size()));
    }
  }
  [[nodiscard]] std::size_t size() const { return offsets_.size() - 1; }
  // Predicts texts [begin, end).
  Status predict(Classifier& classifier, std::size_t begin, std::size_t end) {
    part_.clear();
    for (std::size_t i = begin; i <= end; ++i) part_.push_back(offsets_[i] - offsets_[begin]);
    logits_.resize((end - begin) * classifier.class_count());
    return classifier.predict({std::span(ids_).subspan(offsets_[begin], part_.back()), part_}, logits_);
  }

 private:
  std::vector<std::int32_t> ids_;
  std::vector<std::uint32_t> offsets_ = {0};
  std::vector<std::uint32_t> part_;
  std::vector<float> logits_;
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), pool_(1) {}

  Status run() {
    QT_TRY(const EngineChoice engine, parse_device(options_.device));
    QT_TRY_STATUS(choose_kernel_arch(options_.kernel_arch));
    QT_TRY(const std::filesystem::path directory, random_model(options_.geometry));
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(directory));
    document_ = {{"geometry", options_.geometry}, {"tokens", options_.tokens}, {"rows", Json::array()}};
    // One recipe after another, so that each one's memory is its own; the times come afterwards.
    for (const std::string& recipe : options_.recipes) {
      reset_cuda_memory_peaks();
      QT_TRY(const ProbeModel model, load(checkpoint, recipe, engine));
      document_["device"] = model.classifier->executed_plan().device;
      Texts texts(std::vector<std::uint32_t>(32, static_cast<std::uint32_t>(options_.tokens)),
                  model.vocabulary);
      QT_TRY_STATUS(texts.predict(*model.classifier, 0, 32));
      const DeviceMemory memory = model.classifier->device_memory().value_or(DeviceMemory{});
      fmt::print(
          "{:<12} {:<16} 32 x {}: {:.3f} GB at the peak (weights {:.3f}, activations {:.3f}, libraries "
          "{:.3f})\n",
          recipe, options_.geometry, options_.tokens, gigabytes(memory.peak_bytes()),
          gigabytes(memory.weights_peak_bytes), gigabytes(memory.activations_peak_bytes),
          gigabytes(memory.other_peak_bytes));
      document_["memory"][recipe] = memory.peak_bytes();
    }
    for (const std::string& recipe : options_.recipes) {
      QT_TRY(ProbeModel model, load(checkpoint, recipe, engine));
      models_.push_back(std::move(model));
    }
    fmt::print("{}\n", models_.front().classifier->executed_plan().device);
    for (const auto& [name, value] : models_.front().classifier->executed_plan().options)
      fmt::print("  {}: {}\n", name, value);
    if (!options_.texts.empty()) {
      QT_TRY_STATUS(time_texts());
    } else if (options_.lengths.empty()) {
      for (const std::size_t batch : options_.batches) {
        QT_TRY_STATUS(time(fmt::format("{} x {}", batch, options_.tokens),
                           std::vector<std::uint32_t>(batch, static_cast<std::uint32_t>(options_.tokens)),
                           batch));
      }
    } else {
      std::ifstream file(options_.lengths);
      std::vector<std::uint32_t> lengths;
      for (std::uint32_t length = 0; file >> length;) lengths.push_back(length);
      if (lengths.empty()) return fail(ErrorKind::kUserInput, "no lengths", options_.lengths);
      QT_TRY_STATUS(
          time(fmt::format("{} texts by {}", lengths.size(), options_.batch), lengths, options_.batch));
    }
    if (!options_.json.empty()) std::ofstream(options_.json) << document_.dump(1) << "\n";
    return {};
  }

 private:
  static double gigabytes(std::uint64_t bytes) { return static_cast<double>(bytes) * 1e-9; }

  Result<ProbeModel> load(const Checkpoint& checkpoint, const std::string& recipe,
                          const EngineChoice& engine) {
    return load_first_layers(checkpoint, PlanRules::of(recipe), {}, checkpoint.spec().layers.size(), pool_,
                             engine, checkpoint.spec().vocabulary);
  }

  Status time(const std::string& name, const std::vector<std::uint32_t>& lengths, std::size_t batch) {
    std::vector<std::vector<double>> ms(models_.size());
    Texts texts(lengths, models_.front().vocabulary);
    const std::size_t repeats = std::max<std::size_t>(1, 64 / lengths.size());
    std::vector<DeviceSplit> splits(models_.size());
    for (std::size_t round = 0; round < options_.rounds + 3; ++round) {
      for (std::size_t i = 0; i < models_.size(); ++i) {
        const DeviceTimes before = models_[i].classifier->device_times().value_or(DeviceTimes{});
        const Stopwatch watch;
        for (std::size_t k = 0; k < repeats; ++k) {
          for (std::size_t begin = 0; begin < texts.size(); begin += batch) {
            QT_TRY_STATUS(
                texts.predict(*models_[i].classifier, begin, std::min(begin + batch, texts.size())));
          }
        }
        const std::int64_t wall_ns = watch.elapsed_ns();
        if (round < 3) continue;
        ms[i].push_back(static_cast<double>(wall_ns) * 1e-6 / static_cast<double>(repeats));
        // Of the last round.
        splits[i] = {.wall_ns = wall_ns,
                     .device = models_[i].classifier->device_times().value_or(DeviceTimes{}) - before};
      }
    }
    for (std::size_t i = 0; i < models_.size(); ++i) {
      std::vector<double> ratio;
      for (std::size_t round = 0; round < ms[i].size(); ++round) ratio.push_back(ms[0][round] / ms[i][round]);
      const double median_ms = median(ms[i]);
      fmt::print("{:<20} {:<12} {:>9.3f} ms {:>9.4f} ms/ex  best {:>9.4f}  ratio {:.3f}\n", name,
                 options_.recipes[i], median_ms, median_ms / static_cast<double>(lengths.size()),
                 *std::ranges::min_element(ms[i]) / static_cast<double>(lengths.size()), median(ratio));
      fmt::print("{:<20} {:<12} {}\n", "", "", split_text(splits[i]));
      document_["rows"].push_back({{"name", name},
                                   {"recipe", options_.recipes[i]},
                                   {"texts", lengths.size()},
                                   {"batch", batch},
                                   {"split", to_json(splits[i])},
                                   {"ms", ms[i]}});
    }
    std::fflush(stdout);
    return {};
  }

  Status time_texts() {
    QT_TRY(const Tokenizer tokenizer, Tokenizer::load(options_.tokenizer));
    QT_TRY(const Dataset data, read_dataset(options_.texts, {}, {}));
    ThreadPool pool(available_processors());
    PredictOptions predict;
    predict.max_length = options_.max_length;
    predict.batch_size = options_.batch;
    predict.source = options_.texts;
    std::vector<std::vector<double>> ms(models_.size());
    std::vector<std::vector<DeviceSplit>> splits(models_.size());
    for (std::size_t round = 0; round <= options_.rounds; ++round) {
      for (std::size_t i = 0; i < models_.size(); ++i) {
        std::optional<DeviceSplit> split;
        predict.split = &split;
        const Stopwatch watch;
        QT_TRY_STATUS(predict_dataset(*models_[i].classifier, tokenizer, data.texts, &pool, predict));
        ms[i].push_back(static_cast<double>(watch.elapsed_ns()) * 1e-6);
        splits[i].push_back(split.value_or(DeviceSplit{}));
      }
    }
    const auto texts = static_cast<double>(data.size());
    for (std::size_t i = 0; i < models_.size(); ++i) {
      const double first = ms[i].front();
      ms[i].erase(ms[i].begin());
      fmt::print("{} texts by {}, {} threads  {:<12} {:>9.3f} ms {:>9.4f} ms/ex  first {:.3f} ms\n",
                 data.size(), options_.batch, pool.threads(), options_.recipes[i], median(ms[i]),
                 median(ms[i]) / texts, first);
      fmt::print(
          "  first:  {}\n  last:   {}\n  tokenization of all threads together: {:.1f} ms first, {:.1f} ms "
          "last\n",
          split_text(splits[i].front()), split_text(splits[i].back()),
          static_cast<double>(splits[i].front().encode_ns) * 1e-6,
          static_cast<double>(splits[i].back().encode_ns) * 1e-6);
      document_["rows"].push_back({{"name", "texts"},
                                   {"recipe", options_.recipes[i]},
                                   {"texts", data.size()},
                                   {"batch", options_.batch},
                                   {"threads", pool.threads()},
                                   {"first_ms", first},
                                   {"first_split", to_json(splits[i].front())},
                                   {"last_split", to_json(splits[i].back())},
                                   {"ms", ms[i]}});
    }
    return {};
  }

  const Options& options_;
  ThreadPool pool_;
  std::vector<ProbeModel> models_;
  Json document_;
};

}  // namespace
}  // namespace quantier

int main(int argc, char** argv) {
  quantier::Options options;
  CLI::App app("Times whole forward passes on a CUDA device");
  app.add_option("--geometry", options.geometry);
  app.add_option("--recipes", options.recipes);
  app.add_option("--batches", options.batches);
  app.add_option("--tokens", options.tokens);
  app.add_option("--rounds", options.rounds);
  app.add_option("--device", options.device);
  app.add_option("--kernel-arch", options.kernel_arch);
  app.add_option("--json", options.json);
  CLI::Option* lengths = app.add_option("--lengths", options.lengths);
  CLI::Option* tokenizer = app.add_option("--tokenizer", options.tokenizer);
  app.add_option("--texts", options.texts)->needs(tokenizer)->excludes(lengths);
  app.add_option("--max-length", options.max_length)->check(CLI::PositiveNumber);
  app.get_option("--rounds")->check(CLI::PositiveNumber);
  app.add_option("--batch", options.batch);
  CLI11_PARSE(app, argc, argv);
  const quantier::Status status = quantier::Bench(options).run();
  if (status) return 0;
  fmt::print(stderr, "bench_gpu_engine: {}\n", status.error().message());
  return 1;
}
