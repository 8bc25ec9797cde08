// How fast does the whole engine run, on a real geometry with random weights made on the spot?
//   bench_engine [--geometry modernbert-base|qwen2.5-0.5b | --model DIR] [--recipes fp32 bf16 int8-rtn ...]
//                [--batches 32 8 1] [--tokens 128] [--threads N] [--rounds 7] [--kernel NAME] [--serve]
// Rounds are interleaved over all configurations, because the clock of a shared machine drifts: ratios are
// medians over rounds of two times taken seconds apart. Every result stands beside the machine's own peak for
// the instruction that its products use, measured in the same rounds (machine_peak.h), as the share of the
// floor: the time that the products alone would take at that peak, over the processor time that was taken.
//
// --serve answers on stdin instead: `RECIPE BATCH TOKENS REPEATS` gives a line of nanoseconds. So a peer's
// benchmark can take turns with ours. Ids are (7919 i) mod vocabulary everywhere.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>
#include <time.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/lib/machine_peak.h"
#include "bench/lib/median.h"
#include "bench/lib/random_model.h"
#include "quantier/base/clock.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/pipeline/load_classifier.h"

namespace quantier {
namespace {

struct Options {
  std::string geometry = "modernbert-base";
  std::string model;
  std::vector<std::string> recipes = {"fp32", "bf16", "int8-rtn", "int4-w4a8"};
  std::vector<std::size_t> batches = {32, 8, 1};
  std::size_t tokens = 128;
  std::size_t threads = available_processors();
  std::size_t rounds = 7;
  std::string kernel;
  bool serves = false;
  bool prints_logits = false;
};

constexpr std::uint64_t kIdStep = 7919;

struct Candidate {
  std::string recipe;
  ProbeModel model;
};

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), pool_(options.threads) {}

  Status load() {
    std::filesystem::path directory = options_.model;
    if (options_.model.empty()) {
      QT_TRY(directory, random_model(options_.geometry));
    }
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(directory));
    spec_ = checkpoint.spec();
    for (const std::string& recipe : options_.recipes) {
      const Stopwatch watch;
      QT_TRY(ProbeModel model,
             load_first_layers(checkpoint, PlanRules::of(recipe), {}, spec_.layers.size(), pool_));
      fmt::print(stderr, "loaded {} in {:.2f} s, {:.1f} MB\n", recipe,
                 static_cast<double>(watch.elapsed_ns()) * 1e-9,
                 static_cast<double>(model.plan_bytes) * 1e-6);
      candidates_.push_back({recipe, std::move(model)});
    }
    return {};
  }

  // Wall time, and the processor time of all threads over the number of threads: the second does not see
  // others who want the same processors.
  struct Elapsed {
    double wall_ns = 0;
    double processor_ns = 0;
  };

  Result<Elapsed> time_once(Candidate& candidate, std::size_t batch, std::size_t tokens) {
    const std::size_t total = batch * tokens;
    if (ids_.size() != total || offsets_.size() != batch + 1) {
      ids_.resize(total);
      for (std::size_t i = 0; i < total; ++i)
        ids_[i] = static_cast<std::int32_t>(i * kIdStep % candidate.model.vocabulary);
      offsets_.resize(batch + 1);
      for (std::size_t i = 0; i <= batch; ++i) offsets_[i] = static_cast<std::uint32_t>(i * tokens);
      logits_.resize(batch * candidate.model.classifier->class_count());
    }
    const Stopwatch watch;
    const double before_ns = processor_ns();
    QT_TRY_STATUS(candidate.model.classifier->predict({ids_, offsets_}, logits_));
    return Elapsed{static_cast<double>(watch.elapsed_ns()),
                   (processor_ns() - before_ns) / static_cast<double>(options_.threads)};
  }

  Status measure() {
    for (const std::size_t batch : options_.batches) QT_TRY_STATUS(measure_batch(batch));
    return {};
  }

  Status serve() {
    fmt::print("ready\n");
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::string recipe;
      std::size_t batch = 0;
      std::size_t tokens = 0;
      std::size_t repeats = 0;
      words >> recipe >> batch >> tokens >> repeats;
      const auto found = std::ranges::find(candidates_, recipe, &Candidate::recipe);
      if (!words || found == candidates_.end() || batch * tokens == 0) {
        fmt::print("error\n");
      } else {
        std::string answer;
        for (std::size_t i = 0; i < repeats; ++i) {
          QT_TRY(const Elapsed elapsed, time_once(*found, batch, tokens));
          answer += fmt::format("{}{:.0f}", i == 0 ? "" : " ", elapsed.wall_ns);
        }
        if (options_.prints_logits) {
          for (std::size_t i = 0; i < found->model.classifier->class_count(); ++i)
            answer += fmt::format(" {:.6f}", logits_[i]);
        }
        fmt::print("{}\n", answer);
      }
      std::fflush(stdout);
    }
    return {};
  }

 private:
  static double processor_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
  }

  // Multiply-adds of the linear layers for one token.
  [[nodiscard]] double multiply_adds() const {
    double sum = 0;
    for (const LinearSpec& linear : spec_.linears) {
      if (!is_head(linear.role))
        sum += static_cast<double>(linear.out_features) * static_cast<double>(linear.in_features);
    }
    return sum;
  }

  Status measure_batch(std::size_t batch) {
    std::vector<std::vector<double>> ms(candidates_.size());
    std::vector<std::vector<double>> processor_ms(candidates_.size());
    std::vector<MachinePeak> peaks;
    const std::size_t repeats = std::max<std::size_t>(1, 8 / batch);
    for (std::size_t round = 0; round <= options_.rounds; ++round) {
      const MachinePeak peak = measure_machine_peak(pool_);
      if (round > 0) peaks.push_back(peak);
      for (std::size_t i = 0; i < candidates_.size(); ++i) {
        Elapsed sum;
        for (std::size_t k = 0; k < repeats; ++k) {
          QT_TRY(const Elapsed elapsed, time_once(candidates_[i], batch, options_.tokens));
          sum.wall_ns += elapsed.wall_ns;
          sum.processor_ns += elapsed.processor_ns;
        }
        if (round == 0) continue;  // warms up
        ms[i].push_back(sum.wall_ns * 1e-6 / static_cast<double>(repeats * batch));
        processor_ms[i].push_back(sum.processor_ns * 1e-6 / static_cast<double>(repeats * batch));
      }
    }
    fmt::print("{} x {} tokens, {} threads\n", batch, options_.tokens, options_.threads);
    fmt::print("  {:<28} {:>9} {:>9} {:>9} {:>9} {:>12}\n", "recipe", "ms/ex", "best", "processor", "ratio",
               "of floor");
    const double work = 2.0 * multiply_adds() * static_cast<double>(options_.tokens);
    std::vector<double> f32_peak;
    std::vector<double> int8_peak;
    for (const MachinePeak& peak : peaks) {
      f32_peak.push_back(peak.f32_per_second * 1e-9);
      int8_peak.push_back(peak.int8_per_second * 1e-9);
    }
    fmt::print("  peak: {:.0f} GF/s float, {:.0f} GOP/s int8\n", median(f32_peak), median(int8_peak));
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      std::vector<double> ratio;
      std::vector<double> share;
      for (std::size_t round = 0; round < ms[i].size(); ++round) {
        ratio.push_back(ms[0][round] / ms[i][round]);
        share.push_back(work / peak_for(peaks[round], candidates_[i].recipe) * 1e3 / processor_ms[i][round]);
      }
      fmt::print("  {:<28} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>11.1f}%\n", candidates_[i].recipe,
                 median(ms[i]), *std::ranges::min_element(ms[i]), median(processor_ms[i]), median(ratio),
                 100 * median(share));
    }
    std::fflush(stdout);
    return {};
  }

  static double peak_for(const MachinePeak& peak, const std::string& recipe) {
    if (recipe.starts_with("bf16")) return peak.bf16_per_second;
    if (recipe.starts_with("int8") || recipe.find("w4a8") != std::string::npos) return peak.int8_per_second;
    return peak.f32_per_second;
  }

  const Options& options_;
  ThreadPool pool_;
  ModelSpec spec_;
  std::vector<Candidate> candidates_;
  std::vector<std::int32_t> ids_;
  std::vector<std::uint32_t> offsets_;
  std::vector<float> logits_;
};

}  // namespace
}  // namespace quantier

int main(int argc, char** argv) {
  quantier::Options options;
  CLI::App app("Times whole forward passes");
  app.add_option("--geometry", options.geometry);
  app.add_option("--model", options.model, "a model directory instead of random weights");
  app.add_option("--recipes", options.recipes);
  app.add_option("--batches", options.batches);
  app.add_option("--tokens", options.tokens);
  app.add_option("--threads", options.threads);
  app.add_option("--rounds", options.rounds);
  app.add_option("--kernel", options.kernel, "kernels other than the best that run here");
  app.add_flag("--serve", options.serves, "take turns with a peer over stdin");
  app.add_flag("--logits", options.prints_logits, "with --serve: the first text's logits too");
  CLI11_PARSE(app, argc, argv);
  quantier::Status status;
  if (!options.kernel.empty()) status = quantier::cpu::choose_kernels(options.kernel);
  quantier::Bench bench(options);
  if (status) status = bench.load();
  if (status) status = options.serves ? bench.serve() : bench.measure();
  if (status) return 0;
  fmt::print(stderr, "bench_engine: {}\n", status.error().message());
  return 1;
}
