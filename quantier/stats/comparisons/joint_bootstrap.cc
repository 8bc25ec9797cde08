#include "quantier/stats/comparisons/joint_bootstrap.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "quantier/base/check.h"
#include "quantier/stats/comparisons/parts.h"
#include "quantier/stats/estimators/multinomial.h"

namespace quantier::analysis_internal {
namespace {

constexpr std::size_t kReplicatesPerTask = 64;
constexpr const char* kStage = "statistics: bootstrap";

// Distinct (label, prediction of each run).
struct Cells {
  std::size_t width = 0;              // 1 + runs
  std::vector<std::int32_t> content;  // [cell][width]
  std::vector<std::uint64_t> counts;

  [[nodiscard]] std::size_t size() const { return counts.size(); }
  [[nodiscard]] std::int32_t at(std::size_t cell, std::size_t column) const {
    return content[cell * width + column];
  }
};

std::uint64_t mixed(std::uint64_t hash, std::int32_t value) {
  hash = (hash ^ static_cast<std::uint32_t>(value)) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 32);
}

// Open addressing; grows at half load.
Cells cells_of(const JointBootstrap& input) {
  constexpr auto kFree = std::numeric_limits<std::uint32_t>::max();
  Cells cells;
  cells.width = 1 + input.predictions.size();
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint32_t> slots(1024, kFree);
  std::vector<std::int32_t> row(cells.width);
  for (std::size_t i = 0; i < input.labels.size(); ++i) {
    row[0] = input.labels[i];
    for (std::size_t run = 0; run + 1 < cells.width; ++run) row[run + 1] = input.predictions[run][i];
    std::uint64_t hash = 0;
    for (const std::int32_t value : row) hash = mixed(hash, value);
    std::size_t slot = hash & (slots.size() - 1);
    for (;; slot = (slot + 1) & (slots.size() - 1)) {
      const std::uint32_t cell = slots[slot];
      if (cell == kFree ||
          (hashes[cell] == hash &&
           std::equal(row.begin(), row.end(),
                      cells.content.begin() + static_cast<std::ptrdiff_t>(cell * cells.width)))) {
        break;
      }
    }
    if (slots[slot] != kFree) {
      ++cells.counts[slots[slot]];
      continue;
    }
    slots[slot] = static_cast<std::uint32_t>(cells.size());
    cells.content.insert(cells.content.end(), row.begin(), row.end());
    cells.counts.push_back(1);
    hashes.push_back(hash);
    if (2 * cells.size() <= slots.size()) continue;
    slots.assign(2 * slots.size(), kFree);
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      std::size_t free = hashes[cell] & (slots.size() - 1);
      while (slots[free] != kFree) free = (free + 1) & (slots.size() - 1);
      slots[free] = static_cast<std::uint32_t>(cell);
    }
  }
  return cells;
}

// Cells of one label side by side, so that a replicate walks through memory in order.
void sort_by_content(Cells& cells) {
  std::vector<std::uint32_t> order(cells.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  const auto row = [&](std::uint32_t cell) {
    return std::span(cells.content).subspan(cell * cells.width, cells.width);
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::ranges::lexicographical_compare(row(a), row(b));
  });
  Cells sorted;
  sorted.width = cells.width;
  for (const std::uint32_t cell : order) {
    sorted.content.insert(sorted.content.end(), row(cell).begin(), row(cell).end());
    sorted.counts.push_back(cells.counts[cell]);
  }
  cells = std::move(sorted);
}

// The cells as one replicate needs them: which are right in a run, and what each run answered.
class Tally {
 public:
  Tally(const JointBootstrap& input, const Cells& cells)
      : input_(input), runs_(input.predictions.size()), predicted_(runs_), right_(runs_) {
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      const std::int32_t label = cells.at(cell, 0);
      labels_.push_back(static_cast<std::uint32_t>(label));
      if (ranges_.empty() || ranges_.back().label != labels_.back())
        ranges_.push_back({labels_.back(), cell, cell});
      ranges_.back().end = cell + 1;
      for (std::size_t run = 0; run < runs_; ++run) {
        predicted_[run].push_back(static_cast<std::uint32_t>(cells.at(cell, run + 1)));
        if (cells.at(cell, run + 1) == label) right_[run].push_back(static_cast<std::uint32_t>(cell));
      }
    }
    std::vector<std::uint8_t> supported(input.classes, 0);
    for (const std::uint32_t label : labels_) supported[label] = 1;
    groups_.resize(1 + input.tiers);
    for (std::size_t c = 0; c < input.classes; ++c) {
      if (supported[c] == 0) continue;
      groups_[0].push_back(c);
      if (input.tiers > 0 && input.tier_of_class[c] >= 0) {
        groups_[1 + static_cast<std::size_t>(input.tier_of_class[c])].push_back(c);
      }
    }
  }

  struct Scratch {
    std::vector<std::uint32_t> drawn, supported, predicted, hits;
    std::vector<double> f1;
  };

  void read(std::size_t replicate, Scratch& scratch, JointReplicates& out) const {
    scratch.supported.assign(input_.classes, 0);
    for (const LabelRange& range : ranges_) {
      std::uint32_t sum = 0;
      for (std::size_t cell = range.begin; cell < range.end; ++cell) sum += scratch.drawn[cell];
      scratch.supported[range.label] = sum;
    }
    for (std::size_t run = 0; run < runs_; ++run) {
      scratch.predicted.assign(input_.classes + 1, 0);
      scratch.hits.assign(input_.classes, 0);
      const std::vector<std::uint32_t>& predicted = predicted_[run];
      for (std::size_t cell = 0; cell < predicted.size(); ++cell) {
        scratch.predicted[predicted[cell]] += scratch.drawn[cell];
      }
      for (const std::uint32_t cell : right_[run]) scratch.hits[labels_[cell]] += scratch.drawn[cell];
      scratch.f1.assign(input_.classes, 0.0);
      for (std::size_t c = 0; c < input_.classes; ++c) {
        const std::uint64_t both = std::uint64_t{scratch.supported[c]} + scratch.predicted[c];
        if (both > 0) scratch.f1[c] = 2.0 * scratch.hits[c] / static_cast<double>(both);
      }
      for (std::size_t group = 0; group < groups_.size(); ++group) {
        double sum = 0.0;
        std::uint64_t hits = 0;
        std::uint64_t examples = 0;
        for (const std::size_t c : groups_[group]) {
          sum += scratch.f1[c];
          hits += scratch.hits[c];
          examples += scratch.supported[c];
        }
        const std::size_t at = (group * runs_ + run) * out.replicates + replicate;
        out.macro_f1[at] = groups_[group].empty() ? 0.0 : sum / static_cast<double>(groups_[group].size());
        out.accuracy[at] = examples == 0 ? 0.0 : static_cast<double>(hits) / static_cast<double>(examples);
      }
      if (replicate >= out.class_replicates) continue;
      for (std::size_t c = 0; c < input_.classes; ++c) {
        out.class_f1[(run * input_.classes + c) * out.class_replicates + replicate] =
            static_cast<float>(scratch.f1[c]);
      }
    }
  }

 private:
  struct LabelRange {
    std::uint32_t label = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  const JointBootstrap& input_;
  std::size_t runs_;
  std::vector<LabelRange> ranges_;
  std::vector<std::uint32_t> labels_;                  // [cell]
  std::vector<std::vector<std::uint32_t>> predicted_;  // [run][cell]
  std::vector<std::vector<std::uint32_t>> right_;      // [run]: cells whose answer is the label
  std::vector<std::vector<std::size_t>> groups_;       // classes with support
};

}  // namespace

Result<JointReplicates> run_joint_bootstrap(const JointBootstrap& input) {
  QT_CHECK(!input.labels.empty() && (input.tiers == 0 || input.tier_of_class.size() == input.classes),
           "a bootstrap needs examples, and a tier for every class or for none");
  for (const auto& predictions : input.predictions) {
    QT_CHECK(predictions.size() == input.labels.size(), "one prediction of each run for every label");
  }
  Cells cells = cells_of(input);
  sort_by_content(cells);
  const CellResampler resampler(cells.counts);
  const Tally tally(input, cells);

  JointReplicates out;
  out.runs = input.predictions.size();
  out.groups = 1 + input.tiers;
  out.classes = input.classes;
  out.replicates = input.replicates;
  out.class_replicates = std::min(input.class_replicates, input.replicates);
  out.cells = cells.size();
  out.macro_f1.resize(out.groups * out.runs * out.replicates);
  out.accuracy.resize(out.groups * out.runs * out.replicates);
  out.class_f1.resize(out.runs * out.classes * out.class_replicates);

  const std::size_t tasks = (out.replicates + kReplicatesPerTask - 1) / kReplicatesPerTask;
  // Few enough tasks at a time that progress is seen and a signal is heard.
  const std::size_t tasks_per_round = input.pool == nullptr ? 1 : input.pool->threads() * 16;
  for (std::size_t begin = 0; begin < tasks; begin += tasks_per_round) {
    if (stop_requested(input.interrupt)) return interrupted();
    if (input.progress) {
      input.progress({.stage = kStage, .done = begin * kReplicatesPerTask, .total = out.replicates});
    }
    for_each_task(input.pool, std::min(tasks_per_round, tasks - begin), [&](std::size_t task) {
      const std::size_t first = (begin + task) * kReplicatesPerTask;
      Tally::Scratch scratch;
      scratch.drawn.resize(cells.size());
      for (std::size_t r = first; r < std::min(first + kReplicatesPerTask, out.replicates); ++r) {
        resampler.draw(input.seed, r, scratch.drawn);
        tally.read(r, scratch, out);
      }
    });
  }
  if (input.progress) input.progress({.stage = kStage, .done = out.replicates, .total = out.replicates});
  return out;
}

ReplicateSummary summarise_replicates(std::span<double> values, const char* method) {
  QT_CHECK(!values.empty(), "a summary needs replicates");
  ReplicateSummary summary;
  for (const double value : values) summary.mean += value / static_cast<double>(values.size());
  const auto tail = static_cast<std::ptrdiff_t>(0.025 * static_cast<double>(values.size()));
  const auto last = static_cast<std::ptrdiff_t>(values.size()) - 1 - tail;
  std::nth_element(values.begin(), values.begin() + tail, values.end());
  summary.interval.low = values[static_cast<std::size_t>(tail)];
  std::nth_element(values.begin(), values.begin() + last, values.end());
  summary.interval.high = values[static_cast<std::size_t>(last)];
  summary.interval.level = 0.95;
  summary.interval.method = method;
  return summary;
}

}  // namespace quantier::analysis_internal
