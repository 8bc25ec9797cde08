#include "quantier/decide/metric_bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "quantier/base/check.h"
#include "quantier/decide/metric.h"
#include "quantier/stats/estimators/calibration.h"
#include "quantier/stats/estimators/multinomial.h"

namespace quantier {
namespace {

constexpr std::size_t kLanes = 16;  // replicates read side by side
constexpr const char* kStage = "statistics: joint replicates";

using Lanes = std::array<std::uint32_t, kLanes>;
using SignedLanes = std::array<std::int64_t, kLanes>;

inline void add(Lanes& sum, const Lanes& weight) {
  for (std::size_t k = 0; k < kLanes; ++k) sum[k] += weight[k];
}

// One configuration as a replicate reads it.
struct Reader {
  std::size_t index = 0;
  std::vector<std::uint32_t> predicted;  // [example]
  std::vector<std::uint32_t> right;      // examples
  struct Bins {
    std::vector<std::uint8_t> bin;     // [example]
    std::vector<std::int32_t> excess;  // [example]: right - confidence, fixed point; 0 for no confidence
    std::vector<std::uint32_t> counted;
    bool whole = true;  // every example has a confidence
  };
  std::vector<Bins> readings;
  struct Kept {
    std::vector<std::uint32_t> kept, kept_right;
  };
  std::vector<Kept> gates;
};

// Where the columns of one configuration lie.
struct Columns {
  std::span<float> macro_f1, accuracy, out_of_bag;
  std::vector<std::span<float>> tier_f1, tier_accuracy;
  std::vector<std::pair<std::int32_t, std::span<float>>> class_f1, class_accuracy;
  std::vector<std::span<float>> readings;
  std::vector<std::pair<std::span<float>, std::span<float>>> gates;
};

class Block {
 public:
  Block(const MetricBootstrap& input, double scale) : input_(input), scale_(scale) {
    const std::size_t examples = input.labels.size();
    weights_.resize(examples);
    unseen_.resize(examples);
    drawn_.resize(examples);
    support_.resize(input.classes);
    support_out_.resize(input.classes);
    predicted_.resize(input.classes + 1);
    predicted_out_.resize(input.classes + 1);
    hits_.resize(input.classes);
    hits_out_.resize(input.classes);
  }

  void draw(const CellResampler& resampler, std::size_t first, std::size_t lanes) {
    lanes_ = lanes;
    for (std::size_t k = 0; k < kLanes; ++k) {
      if (k < lanes) {
        resampler.draw(input_.seed, first + k, drawn_);
      } else {
        std::ranges::fill(drawn_, 0u);
      }
      for (std::size_t i = 0; i < drawn_.size(); ++i) {
        weights_[i][k] = drawn_[i];
        unseen_[i][k] = drawn_[i] == 0 ? 1u : 0u;
      }
    }
    std::ranges::fill(support_, Lanes{});
    std::ranges::fill(support_out_, Lanes{});
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const auto label = static_cast<std::size_t>(input_.labels[i]);
      add(support_[label], weights_[i]);
      add(support_out_[label], unseen_[i]);
    }
  }

  void read(const Reader& reader, const std::vector<std::vector<std::size_t>>& groups, std::size_t first,
            Columns& out) {
    std::ranges::fill(predicted_, Lanes{});
    std::ranges::fill(predicted_out_, Lanes{});
    std::ranges::fill(hits_, Lanes{});
    std::ranges::fill(hits_out_, Lanes{});
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      add(predicted_[reader.predicted[i]], weights_[i]);
      add(predicted_out_[reader.predicted[i]], unseen_[i]);
    }
    for (const std::uint32_t i : reader.right) {
      const auto label = static_cast<std::size_t>(input_.labels[i]);
      add(hits_[label], weights_[i]);
      add(hits_out_[label], unseen_[i]);
    }
    for (std::size_t k = 0; k < lanes_; ++k) {
      const std::size_t r = first + k;
      out.macro_f1[r] = mean_f1(groups[0], support_, predicted_, hits_, k, false);
      out.accuracy[r] = share(groups[0], k);
      // Over the classes that have an example out there: the others say nothing.
      out.out_of_bag[r] = mean_f1(groups[0], support_out_, predicted_out_, hits_out_, k, true);
      for (std::size_t t = 0; t < out.tier_f1.size(); ++t) {
        if (groups[t + 1].empty()) continue;
        out.tier_f1[t][r] = mean_f1(groups[t + 1], support_, predicted_, hits_, k, false);
        out.tier_accuracy[t][r] = share(groups[t + 1], k);
      }
      for (auto& [id, column] : out.class_f1) column[r] = f1(static_cast<std::size_t>(id), k);
      for (auto& [id, column] : out.class_accuracy) {
        column[r] = share({static_cast<std::size_t>(id)}, k);
      }
    }
    for (std::size_t n = 0; n < reader.readings.size(); ++n) {
      read_bins(reader.readings[n], first, out.readings[n]);
    }
    for (std::size_t n = 0; n < reader.gates.size(); ++n) read_gate(reader.gates[n], first, out.gates[n]);
  }

 private:
  [[nodiscard]] float f1(std::size_t c, std::size_t k) const {
    const std::uint64_t both = std::uint64_t{support_[c][k]} + predicted_[c][k];
    return both == 0 ? 0.0F : static_cast<float>(2.0 * hits_[c][k] / static_cast<double>(both));
  }
  static float mean_f1(const std::vector<std::size_t>& group, const std::vector<Lanes>& support,
                       const std::vector<Lanes>& predicted, const std::vector<Lanes>& hits, std::size_t k,
                       bool supported_only) {
    double sum = 0.0;
    std::size_t classes = 0;
    for (const std::size_t c : group) {
      if (supported_only && support[c][k] == 0) continue;
      ++classes;
      const std::uint64_t both = std::uint64_t{support[c][k]} + predicted[c][k];
      if (both > 0) sum += 2.0 * hits[c][k] / static_cast<double>(both);
    }
    return classes == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(classes));
  }
  [[nodiscard]] float share(const std::vector<std::size_t>& group, std::size_t k) const {
    std::uint64_t hits = 0;
    std::uint64_t examples = 0;
    for (const std::size_t c : group) {
      hits += hits_[c][k];
      examples += support_[c][k];
    }
    return examples == 0 ? 0.0F
                         : static_cast<float>(static_cast<double>(hits) / static_cast<double>(examples));
  }
  void read_bins(const Reader::Bins& reading, std::size_t first, std::span<float> out) {
    std::array<SignedLanes, kCalibrationBins> excess{};
    Lanes counted{};
    if (reading.whole) {
      for (std::size_t i = 0; i < weights_.size(); ++i) {
        SignedLanes& sum = excess[reading.bin[i]];
        const std::int64_t each = reading.excess[i];
        for (std::size_t k = 0; k < kLanes; ++k) sum[k] += each * static_cast<std::int64_t>(weights_[i][k]);
      }
      counted.fill(static_cast<std::uint32_t>(weights_.size()));
    } else {
      for (const std::uint32_t i : reading.counted) {
        SignedLanes& sum = excess[reading.bin[i]];
        const std::int64_t each = reading.excess[i];
        for (std::size_t k = 0; k < kLanes; ++k) sum[k] += each * static_cast<std::int64_t>(weights_[i][k]);
        add(counted, weights_[i]);
      }
    }
    for (std::size_t k = 0; k < lanes_; ++k) {
      std::int64_t gaps = 0;
      for (const SignedLanes& sum : excess) gaps += std::abs(sum[k]);
      out[first + k] =
          counted[k] == 0
              ? 0.0F
              : static_cast<float>(static_cast<double>(gaps) / scale_ / static_cast<double>(counted[k]));
    }
  }
  void read_gate(const Reader::Kept& gate, std::size_t first,
                 std::pair<std::span<float>, std::span<float>>& out) {
    Lanes kept{};
    Lanes right{};
    for (const std::uint32_t i : gate.kept) add(kept, weights_[i]);
    for (const std::uint32_t i : gate.kept_right) add(right, weights_[i]);
    const auto all = static_cast<double>(weights_.size());
    for (std::size_t k = 0; k < lanes_; ++k) {
      if (!out.first.empty()) out.first[first + k] = static_cast<float>(kept[k] / all);
      if (!out.second.empty()) {
        // A gate that lets nothing through has no accuracy; 0 never meets a floor.
        out.second[first + k] =
            kept[k] == 0 ? 0.0F : static_cast<float>(static_cast<double>(right[k]) / kept[k]);
      }
    }
  }

  const MetricBootstrap& input_;
  double scale_;
  std::size_t lanes_ = 0;
  std::vector<Lanes> weights_, unseen_;  // [example]
  std::vector<std::uint32_t> drawn_;
  std::vector<Lanes> support_, support_out_, predicted_, predicted_out_, hits_, hits_out_;  // [class]
};

Reader make_reader(const MetricBootstrap& input, const ResampledConfiguration& from, double scale) {
  const std::size_t examples = input.labels.size();
  QT_CHECK(from.predicted.size() == examples, "one prediction for every label");
  Reader reader;
  reader.index = from.index;
  for (std::size_t i = 0; i < examples; ++i) {
    reader.predicted.push_back(static_cast<std::uint32_t>(from.predicted[i]));
    if (from.predicted[i] == input.labels[i]) reader.right.push_back(static_cast<std::uint32_t>(i));
  }
  const auto is_right = [&](std::size_t i) { return from.predicted[i] == input.labels[i]; };
  for (const ConfidenceReading& reading : from.readings) {
    QT_CHECK(reading.confidence.size() == examples, "one confidence for every label");
    Reader::Bins bins;
    for (std::size_t i = 0; i < examples; ++i) {
      const float confidence = reading.confidence[i];
      if (std::isnan(confidence)) {
        bins.whole = false;
        bins.bin.push_back(0);
        bins.excess.push_back(0);
        continue;
      }
      const float position = confidence * static_cast<float>(kCalibrationBins);
      auto bin = static_cast<std::size_t>(position);
      if (bin > 0 && static_cast<float>(bin) == position) --bin;  // (low, high]
      bins.bin.push_back(static_cast<std::uint8_t>(std::min(bin, kCalibrationBins - 1)));
      const double excess = (is_right(i) ? 1.0 : 0.0) - static_cast<double>(confidence);
      bins.excess.push_back(static_cast<std::int32_t>(std::lround(excess * scale)));
      bins.counted.push_back(static_cast<std::uint32_t>(i));
    }
    reader.readings.push_back(std::move(bins));
  }
  for (const GateReading& gate : from.gates) {
    QT_CHECK(gate.kept.size() == examples, "a gate knows every example");
    Reader::Kept kept;
    for (std::size_t i = 0; i < examples; ++i) {
      if (gate.kept[i] == 0) continue;
      kept.kept.push_back(static_cast<std::uint32_t>(i));
      if (is_right(i)) kept.kept_right.push_back(static_cast<std::uint32_t>(i));
    }
    reader.gates.push_back(std::move(kept));
  }
  return reader;
}

// Classes of everything, then of each tier: those with an example.
std::vector<std::vector<std::size_t>> groups_of(const MetricBootstrap& input) {
  std::vector<std::uint8_t> supported(input.classes, 0);
  for (const std::int32_t label : input.labels) supported[static_cast<std::size_t>(label)] = 1;
  std::vector<std::vector<std::size_t>> groups(1 + input.tier_names.size());
  for (std::size_t c = 0; c < input.classes; ++c) {
    if (supported[c] == 0) continue;
    groups[0].push_back(c);
    if (!input.tier_of_class.empty() && input.tier_of_class[c] >= 0) {
      groups[1 + static_cast<std::size_t>(input.tier_of_class[c])].push_back(c);
    }
  }
  return groups;
}

// Every column exists before a span into the values is taken: adding one moves them.
void reserve_columns(const MetricBootstrap& input, const std::vector<std::vector<std::size_t>>& groups,
                     MetricReplicates& out) {
  for (const ResampledConfiguration& from : input.configurations) {
    std::vector<std::string> keys = {Metric{MetricKind::kMacroF1}.key(), Metric{MetricKind::kAccuracy}.key(),
                                     kOutOfBagKey};
    for (std::size_t t = 0; t < input.tier_names.size(); ++t) {
      if (groups[t + 1].empty()) continue;
      keys.push_back(Metric{.kind = MetricKind::kTierMacroF1, .part = input.tier_names[t]}.key());
      keys.push_back(Metric{.kind = MetricKind::kTierAccuracy, .part = input.tier_names[t]}.key());
    }
    for (const auto& [id, of] : input.classes_of_interest) {
      keys.push_back(of.f1);
      keys.push_back(of.accuracy);
    }
    for (const ConfidenceReading& reading : from.readings) keys.push_back(reading.key);
    for (const GateReading& gate : from.gates) {
      keys.push_back(gate.share_key);
      keys.push_back(gate.accuracy_key);
    }
    for (const std::string& key : keys) {
      if (!key.empty()) (void)out.add_column(key, from.index);
    }
  }
}

Columns columns_of(const MetricBootstrap& input, const std::vector<std::vector<std::size_t>>& groups,
                   const ResampledConfiguration& from, MetricReplicates& out) {
  const auto column = [&](const std::string& key) {
    return key.empty() ? std::span<float>() : out.add_column(key, from.index);
  };
  Columns columns;
  columns.macro_f1 = column(Metric{MetricKind::kMacroF1}.key());
  columns.accuracy = column(Metric{MetricKind::kAccuracy}.key());
  columns.out_of_bag = column(kOutOfBagKey);
  for (std::size_t t = 0; t < input.tier_names.size(); ++t) {
    const bool any = !groups[t + 1].empty();
    const std::string& name = input.tier_names[t];
    columns.tier_f1.push_back(any ? column(Metric{.kind = MetricKind::kTierMacroF1, .part = name}.key())
                                  : std::span<float>());
    columns.tier_accuracy.push_back(
        any ? column(Metric{.kind = MetricKind::kTierAccuracy, .part = name}.key()) : std::span<float>());
  }
  for (const auto& [id, keys] : input.classes_of_interest) {
    if (!keys.f1.empty()) columns.class_f1.emplace_back(id, column(keys.f1));
    if (!keys.accuracy.empty()) columns.class_accuracy.emplace_back(id, column(keys.accuracy));
  }
  for (const ConfidenceReading& reading : from.readings) columns.readings.push_back(column(reading.key));
  for (const GateReading& gate : from.gates) {
    columns.gates.emplace_back(column(gate.share_key), column(gate.accuracy_key));
  }
  return columns;
}

}  // namespace

Status add_metric_replicates(const MetricBootstrap& input, MetricReplicates& out) {
  const std::size_t examples = input.labels.size();
  QT_CHECK(examples > 0 && examples < (std::size_t{1} << 31), "a bootstrap needs examples, fewer than 2^31");
  QT_CHECK(out.replicates == input.replicates && out.seed == input.seed, "replicates of one kind");
  // A sum of excesses over all examples stays within 54 bits however they are drawn.
  constexpr double scale = 1 << 22;
  const auto groups = groups_of(input);
  reserve_columns(input, groups, out);
  std::vector<Reader> readers;
  std::vector<Columns> columns;
  for (const ResampledConfiguration& from : input.configurations) {
    readers.push_back(make_reader(input, from, scale));
    columns.push_back(columns_of(input, groups, from, out));
  }
  const std::vector<std::uint64_t> ones(examples, 1);
  const CellResampler resampler(ones);
  const std::size_t blocks = (input.replicates + kLanes - 1) / kLanes;
  const std::size_t workers = input.pool == nullptr ? 1 : input.pool->threads();
  std::vector<std::unique_ptr<Block>> scratch(workers);
  const auto body = [&](std::size_t block, std::size_t worker) {
    if (!scratch[worker]) scratch[worker] = std::make_unique<Block>(input, scale);
    const std::size_t first = block * kLanes;
    scratch[worker]->draw(resampler, first, std::min(kLanes, input.replicates - first));
    for (std::size_t n = 0; n < readers.size(); ++n)
      scratch[worker]->read(readers[n], groups, first, columns[n]);
  };
  const std::size_t per_round = workers * 8;
  for (std::size_t begin = 0; begin < blocks; begin += per_round) {
    if (stop_requested(input.interrupt)) return interrupted();
    if (input.progress) {
      input.progress({.stage = kStage, .done = begin * kLanes, .total = input.replicates});
    }
    const std::size_t here = std::min(per_round, blocks - begin);
    if (input.pool == nullptr) {
      for (std::size_t b = 0; b < here; ++b) body(begin + b, 0);
    } else {
      input.pool->run(here, [&](std::size_t b, std::size_t worker) { body(begin + b, worker); });
    }
  }
  if (input.progress) input.progress({.stage = kStage, .done = input.replicates, .total = input.replicates});
  return {};
}

}  // namespace quantier
