// How fast the statistics are. One JSON object a line; bench/statistics_peer.py runs this beside NumPy.
//
//   bench_statistics [--threads 2] [--cells DIR]
//
// paired_bootstrap: 10,000 replicates of two runs at 113 classes, macro-F1 and accuracy over all examples and
// over three tiers, with every interval, from the predictions to the end. --cells DIR also writes the
// distinct (label, prediction, prediction) cells with their counts as text, for the peer.
// calibration_block: six runs of 6,430 examples, 1,000 replicates, the temperatures fitted in each, from the
// logits to the intervals.
// whole_analysis: everything analyze() says about six runs of 6,083 examples and 58 classes (the size of the
// demo), with the default replicates.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/synthetic_split.h"
#include "quantier/base/thread_pool.h"
#include "quantier/stats/comparisons/analyze.h"
#include "quantier/stats/comparisons/joint_bootstrap.h"
#include "quantier/stats/comparisons/parts.h"

namespace {

using quantier::ThreadPool;
using namespace quantier::bench;
using namespace quantier::analysis_internal;

// Of all threads: what the time would be on one free core. On a busy machine wall time says little.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void write_cells(const std::string& path, const SyntheticSplit& split, const std::vector<std::int32_t>& a,
                 const std::vector<std::int32_t>& b) {
  std::map<std::vector<std::int32_t>, std::uint64_t> cells;
  for (std::size_t i = 0; i < a.size(); ++i) ++cells[{split.labels[i], a[i], b[i]}];
  std::ofstream out(path);
  for (const auto& [content, count] : cells) {
    out << content[0] << ' ' << content[1] << ' ' << content[2] << ' ' << count << '\n';
  }
}

bool paired_bootstrap(std::size_t n, double goal_seconds, ThreadPool& pool, const std::string& cells_folder) {
  const SyntheticSplit split = make_split(n, 113, 1);
  const std::vector<std::int32_t> a = make_answers(split, 2);
  const std::vector<std::int32_t> b = with_flips(split, a, 0.05, 3);
  if (!cells_folder.empty()) write_cells(fmt::format("{}/cells_{}.txt", cells_folder, n), split, a, b);
  double best = 1e9;
  double cpu = 1e9;
  double checksum = 0.0;
  std::size_t cells = 0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    const double cpu_begin = cpu_seconds();
    JointBootstrap input;
    input.labels = split.labels;
    input.predictions = {a, b};
    input.classes = split.classes;
    input.tier_of_class = split.tier_of_class;
    input.tiers = 3;
    input.seed = 5;
    input.replicates = 10'000;
    input.pool = &pool;
    const auto replicates = run_joint_bootstrap(input);
    if (!replicates) return false;
    cells = replicates->cells;
    checksum = 0.0;
    for (std::size_t group = 0; group < replicates->groups; ++group) {
      for (const bool accuracy : {false, true}) {
        const auto first = accuracy ? replicates->accuracy_of(group, 0) : replicates->macro_f1_of(group, 0);
        const auto second = accuracy ? replicates->accuracy_of(group, 1) : replicates->macro_f1_of(group, 1);
        std::vector<double> difference(first.size());
        for (std::size_t r = 0; r < first.size(); ++r) difference[r] = second[r] - first[r];
        std::vector<double> own(first.begin(), first.end());
        std::vector<double> other(second.begin(), second.end());
        for (std::vector<double>* column : {&difference, &own, &other}) {
          const ReplicateSummary summary = summarise_replicates(*column, "percentile bootstrap");
          checksum += summary.interval.low + summary.interval.high;
        }
      }
    }
    best = std::min(best, seconds_since(begin));
    cpu = std::min(cpu, cpu_seconds() - cpu_begin);
  }
  fmt::print(
      "{{\"bench\":\"paired_bootstrap\",\"n\":{},\"classes\":113,\"cells\":{},\"replicates\":10000,"
      "\"threads\":{},\"seconds\":{:.4f},\"cpu_seconds\":{:.4f},\"goal_seconds\":{},\"checksum\":{:.6f}}}\n",
      n, cells, pool.threads(), best, cpu, goal_seconds, checksum);
  return best <= goal_seconds;
}

// Two models, three recipes each; the recipes of a model differ by 5 % of the answers.
std::vector<quantier::Run> six_runs(const SyntheticSplit& split) {
  std::vector<quantier::Run> runs;
  for (const char* model : {"encoder", "decoder"}) {
    const std::vector<std::int32_t> answers = make_answers(split, runs.size() + 20);
    for (const char* recipe : {"fp16", "int8", "int4"}) {
      quantier::Run run;
      run.configuration = {model, recipe, "cpu"};
      run.key = fmt::format("{}-{}", model, recipe);
      run.predictions.example_count = split.labels.size();
      run.predictions.class_count = split.classes;
      run.predictions.labels = split.labels;
      run.predictions.logits = make_logits(split, with_flips(split, answers, 0.05, runs.size()), 40);
      for (std::size_t c = 0; c < split.classes; ++c)
        run.predictions.label_names.push_back(fmt::format("c{}", c));
      runs.push_back(std::move(run));
    }
  }
  return runs;
}

// Six runs, each with intervals of everything that depends on the fitted temperature, fitted in each
// replicate.
bool calibration_block(ThreadPool& pool, double goal_seconds) {
  const SyntheticSplit split = make_split(6'430, 113, 1);
  const std::vector<quantier::Run> runs = six_runs(split);
  double best = 1e9;
  double cpu = 1e9;
  double checksum = 0.0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    quantier::AnalysisOptions options;
    options.pool = &pool;
    options.seed = 5;
    std::vector<RunView> views;
    quantier::Analysis analysis;
    analysis.examples = split.labels.size();
    views.reserve(runs.size());
    for (const quantier::Run& run : runs) views.push_back(view_of(run));
    const auto begin = std::chrono::steady_clock::now();
    const double cpu_begin = cpu_seconds();
    analysis.configurations.resize(runs.size());
    for_each_task(&pool, runs.size(), [&](std::size_t i) {
      analysis.configurations[i].calibration =
          quantier::calibrate(views[i].labelled(), views[i].finite_rows, 0.8, options.gate_thresholds);
    });
    if (!bootstrap_calibration(views, options, analysis)) return false;
    best = std::min(best, seconds_since(begin));
    cpu = std::min(cpu, cpu_seconds() - cpu_begin);
    checksum = 0.0;
    for (const auto& comparison : analysis.calibration_comparisons) {
      checksum += comparison.residual_difference.interval.high + comparison.reuse_cost.interval.low;
    }
  }
  fmt::print(
      "{{\"bench\":\"calibration_block\",\"runs\":6,\"n\":6430,\"classes\":113,\"replicates\":1000,"
      "\"threads\":{},"
      "\"seconds\":{:.4f},\"cpu_seconds\":{:.4f},\"goal_seconds\":{},\"checksum\":{:.6f}}}\n",
      pool.threads(), best, cpu, goal_seconds, checksum);
  return best <= goal_seconds;
}

bool whole_analysis(ThreadPool& pool, double goal_seconds) {
  const SyntheticSplit split = make_split(6'083, 58, 1);
  const std::vector<quantier::Run> runs = six_runs(split);
  const quantier::AnalysisTiers tiers = {.names = {"head", "mid", "tail"},
                                         .tier_of_class = split.tier_of_class};
  double best = 1e9;
  double cpu = 1e9;
  double checksum = 0.0;
  for (int repeat = 0; repeat < 3; ++repeat) {
    quantier::AnalysisOptions options;
    options.pool = &pool;
    options.seed = 5;
    const auto begin = std::chrono::steady_clock::now();
    const double cpu_begin = cpu_seconds();
    const auto analysis = quantier::analyze(runs, tiers, options);
    if (!analysis) return false;
    best = std::min(best, seconds_since(begin));
    cpu = std::min(cpu, cpu_seconds() - cpu_begin);
    checksum = 0.0;
    for (const auto& comparison : analysis->class_comparisons) {
      for (const auto& one : comparison.classes) checksum += one.f1_interval.low + one.f1_interval.high;
    }
    for (const auto& weakness : analysis->weakness) {
      if (weakness.unsure_minus_sure) checksum += weakness.unsure_minus_sure->value;
    }
  }
  fmt::print(
      "{{\"bench\":\"whole_analysis\",\"runs\":6,\"n\":6083,\"classes\":58,\"replicates\":10000,\"threads\":{"
      "},"
      "\"seconds\":{:.4f},\"cpu_seconds\":{:.4f},\"goal_seconds\":{},\"checksum\":{:.6f}}}\n",
      pool.threads(), best, cpu, goal_seconds, checksum);
  return best <= goal_seconds;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t threads = 2;
  std::string cells_folder;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--threads") {
      threads = std::max<std::size_t>(1, std::strtoul(argv[i + 1], nullptr, 10));
    } else if (flag == "--cells") {
      cells_folder = argv[i + 1];
    } else {
      fmt::print(stderr, "unknown option {}\n", flag);
      return 2;
    }
  }
  ThreadPool pool(threads);
  bool reached = true;
  reached &= paired_bootstrap(6'430, 0.3, pool, cells_folder);
  reached &= paired_bootstrap(100'000, 2.0, pool, "");
  reached &= paired_bootstrap(1'000'000, 4.0, pool, cells_folder);
  reached &= calibration_block(pool, 3.0);
  reached &= whole_analysis(pool, 3.0);
  return reached ? 0 : 1;
}
