// Paired percentile bootstrap of macro-F1, for all runs at once.
//
// Each replicate draws the examples once, with replacement, and reads every run on that draw: one set of
// draws serves the interval of each run and of each pair. Examples with the same label and the same
// predictions in every run are one cell, so that a replicate is tallied in O(cells). Replicate r is a pure
// function of (seed, r). Source: Efron and Tibshirani, "An introduction to the bootstrap", 1993, section
// 13.3; percentiles are read without interpolation.

#include <algorithm>
#include <map>

#include "quantier/base/rng.h"
#include "quantier/stats/comparisons/macro_f1_tally.h"
#include "quantier/stats/comparisons/parts.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::size_t kReplicatesPerTask = 64;
constexpr const char* kStage = "statistics: bootstrap";

struct Cells {
  std::vector<std::vector<std::int32_t>> content;  // label, then the prediction of each run
  std::vector<std::uint32_t> of_example;
};

Cells cells_of(const std::vector<RunView>& views, const Split& split) {
  Cells cells;
  std::map<std::vector<std::int32_t>, std::uint32_t> known;
  for (std::size_t i = 0; i < split.labels.size(); ++i) {
    std::vector<std::int32_t> content = {split.labels[i]};
    for (const RunView& view : views) content.push_back(view.predictions[i]);
    const auto [entry, added] = known.try_emplace(content, static_cast<std::uint32_t>(cells.content.size()));
    if (added) cells.content.push_back(content);
    cells.of_example.push_back(entry->second);
  }
  return cells;
}

// values[run] of one replicate.
void draw_replicate(const Cells& cells, const Split& split, std::span<const std::size_t> classes,
                    Philox random, std::span<double> values) {
  std::vector<std::uint32_t> counts(cells.content.size(), 0);
  const std::size_t n = cells.of_example.size();
  for (std::size_t draw = 0; draw < n; ++draw) {
    ++counts[cells.of_example[static_cast<std::size_t>(random.next_below(n))]];
  }
  for (std::size_t run = 0; run < values.size(); ++run) {
    ClassTally tally(split.predicted_classes());
    for (std::size_t cell = 0; cell < counts.size(); ++cell) {
      tally.add(cells.content[cell][0], cells.content[cell][run + 1], counts[cell]);
    }
    values[run] = tally.macro_f1(classes);
  }
}

struct Replicates {
  Interval interval;
  double mean = 0.0;
};

Replicates summarise(std::vector<double> values) {
  Replicates summary;
  for (const double value : values) summary.mean += value / static_cast<double>(values.size());
  std::sort(values.begin(), values.end());
  const auto tail = static_cast<std::size_t>(0.025 * static_cast<double>(values.size()));
  summary.interval = {.low = values[tail],
                      .high = values[values.size() - 1 - tail],
                      .level = 0.95,
                      .method = "paired percentile bootstrap"};
  return summary;
}

}  // namespace

Status bootstrap_macro_f1(const std::vector<RunView>& views, const Split& split,
                          const AnalysisOptions& options, Analysis& analysis) {
  const Cells cells = cells_of(views, split);
  const std::vector<std::size_t> classes = split.supported_classes();
  const std::size_t replicates = options.replicates;
  const std::size_t runs = views.size();
  std::vector<double> values(replicates * runs);  // [replicate][run]
  const std::size_t tasks = (replicates + kReplicatesPerTask - 1) / kReplicatesPerTask;
  // Few enough tasks at a time that progress is seen and a signal is heard.
  const std::size_t tasks_per_round = options.pool == nullptr ? 1 : options.pool->threads() * 4;
  for (std::size_t begin = 0; begin < tasks; begin += tasks_per_round) {
    if (stop_requested(options.interrupt)) return interrupted();
    if (options.progress) {
      options.progress({.stage = kStage, .done = begin * kReplicatesPerTask, .total = replicates});
    }
    const auto body = [&](std::size_t task) {
      const std::size_t first = (begin + task) * kReplicatesPerTask;
      for (std::size_t r = first; r < std::min(first + kReplicatesPerTask, replicates); ++r) {
        draw_replicate(cells, split, classes, Philox(options.seed, r),
                       std::span(values).subspan(r * runs, runs));
      }
    };
    for_each_task(options.pool, std::min(tasks_per_round, tasks - begin), body);
  }
  if (options.progress) options.progress({.stage = kStage, .done = replicates, .total = replicates});

  std::vector<double> column(replicates);
  for (std::size_t a = 0; a < runs; ++a) {
    for (std::size_t r = 0; r < replicates; ++r) column[r] = values[r * runs + a];
    const Replicates own = summarise(column);
    Quality& quality = analysis.configurations[a].quality;
    quality.macro_f1_interval = own.interval;
    quality.macro_f1_interval->method = "percentile bootstrap";
    quality.macro_f1_bias = own.mean - quality.macro_f1;
  }
  for (std::size_t a = 0; a < runs; ++a) {
    for (std::size_t b = a + 1; b < runs; ++b) {
      for (std::size_t r = 0; r < replicates; ++r) column[r] = values[r * runs + a] - values[r * runs + b];
      const Replicates both = summarise(column);
      PairDifference difference;
      difference.a = a;
      difference.b = b;
      difference.macro_f1_difference =
          analysis.configurations[a].quality.macro_f1 - analysis.configurations[b].quality.macro_f1;
      difference.interval = both.interval;
      difference.bias = both.mean - difference.macro_f1_difference;
      analysis.pair_differences.push_back(difference);
    }
  }
  return {};
}

}  // namespace quantier::analysis_internal
