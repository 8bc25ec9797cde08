#include "quantier/measure/protocols.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <unordered_map>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/clock.h"
#include "quantier/base/rng.h"
#include "quantier/record/predictions.h"
#include "quantier/tokenizer/encode_ahead.h"

namespace quantier {
namespace {

// What the device did since then goes to the sample.
class DeviceShare {
 public:
  explicit DeviceShare(const Classifier& classifier)
      : classifier_(classifier), before_(classifier.device_times()) {}
  void add_to(TimingSample& sample) const {
    const std::optional<DeviceTimes> after = classifier_.device_times();
    if (after && before_) sample.device = *after - *before_;
  }

 private:
  const Classifier& classifier_;
  std::optional<DeviceTimes> before_;
};

// Takes one sample of a part: its span and what the device did, too.
template <class Work>
Status take_sample(const MeasuredSystem& system, TimingSample sample, TimedPart& part, const Work& work) {
  const DeviceShare share(*system.classifier);
  const std::int64_t begin = monotonic_ns();
  QT_TRY_STATUS(work(sample));
  part.spans.push_back({begin, monotonic_ns()});
  share.add_to(sample);
  part.samples.push_back(sample);
  return {};
}

// Tokenizes and classifies one batch; adds to `sample` what it took.
Status run_batch(const MeasuredSystem& system, std::span<const std::string> texts,
                 std::span<const std::uint32_t> examples, TimingSample& sample, TimedLogits& out) {
  const std::size_t classes = system.classifier->class_count();
  std::vector<std::int32_t> tokens;
  std::vector<std::uint32_t> offsets{0};
  std::vector<float> logits(examples.size() * classes);

  const std::int64_t start = monotonic_ns();
  for (const std::uint32_t example : examples) {
    QT_TRY(const Encoding encoding, system.tokenizer->encode(texts[example], system.max_length));
    tokens.insert(tokens.end(), encoding.ids.begin(), encoding.ids.end());
    offsets.push_back(static_cast<std::uint32_t>(tokens.size()));
  }
  const std::int64_t tokenized = monotonic_ns();
  QT_TRY_STATUS(system.classifier->predict({tokens, offsets}, logits));
  const std::int64_t end = monotonic_ns();

  sample.examples += examples.size();
  sample.tokens += tokens.size();
  sample.tokenize_ns += tokenized - start;
  sample.encode_ns += tokenized - start;
  sample.wall_ns += end - start;
  out.examples.insert(out.examples.end(), examples.begin(), examples.end());
  out.logits.insert(out.logits.end(), logits.begin(), logits.end());
  return {};
}

// The same batches, their texts tokenized by the pool while earlier ones are classified. Adds to `sample`
// what all of it took, the start of the threads included.
Status run_batches_ahead(const MeasuredSystem& system, std::span<const std::string> texts,
                         std::span<const std::uint32_t> examples, TimingSample& sample, TimedLogits& out,
                         const Interrupt* interrupt) {
  const std::size_t classes = system.classifier->class_count();
  const std::size_t batch_size = sample.batch_size;
  const std::size_t window_size = (kTextsOfTimedWindow + batch_size - 1) / batch_size * batch_size;
  out.examples.assign(examples.begin(), examples.end());
  out.logits.resize(examples.size() * classes);
  std::vector<std::uint32_t> offsets;

  const std::int64_t start = monotonic_ns();
  EncodeAhead ahead(
      examples.size(), window_size, *system.pool,
      [&](std::size_t i) { return system.tokenizer->encode(texts[examples[i]], system.max_length); },
      [](Error error, std::size_t /*i*/) { return std::unexpected(std::move(error)); });
  while (ahead.has_more()) {
    const std::int64_t asked = monotonic_ns();
    QT_TRY(const EncodedWindow window, ahead.next());
    sample.tokenize_ns += monotonic_ns() - asked;
    sample.encode_ns += window.encode_ns;
    for (std::size_t begin = 0; begin < window.size(); begin += batch_size) {
      if (stop_requested(interrupt)) return interrupted();
      const std::size_t end = std::min(begin + batch_size, window.size());
      offsets.clear();
      for (std::size_t i = begin; i <= end; ++i) offsets.push_back(window.offsets[i] - window.offsets[begin]);
      const auto tokens = std::span(window.ids).subspan(window.offsets[begin], offsets.back());
      const auto logits =
          std::span(out.logits).subspan((window.begin + begin) * classes, (end - begin) * classes);
      QT_TRY_STATUS(system.classifier->predict({tokens, offsets}, logits));
      sample.examples += end - begin;
      sample.tokens += tokens.size();
    }
  }
  sample.wall_ns += monotonic_ns() - start;
  return {};
}

std::unexpected<Error> out_of_memory(std::uint32_t batch_size) {
  return fail(ErrorKind::kEnvironment, "memory ran out while timing", "",
              fmt::format("even with batches of {}", batch_size), "choose a smaller max_length");
}

}  // namespace

Result<TimedPart> time_pass(const MeasuredSystem& system, std::span<const std::string> texts,
                            std::span<const std::uint32_t> examples, std::uint32_t batch_size,
                            std::uint32_t round, const Interrupt* interrupt) {
  QT_CHECK(batch_size > 0, "a batch has at least one text");
  while (true) {
    try {
      TimedPart part;
      const TimingSample empty{
          .protocol = TimingProtocol::kThroughput, .round = round, .batch_size = batch_size};
      const Status taken = take_sample(system, empty, part, [&](TimingSample& sample) -> Status {
        if (system.pool != nullptr && system.classifier->leaves_host_free())
          return run_batches_ahead(system, texts, examples, sample, part.logits, interrupt);
        for (std::size_t begin = 0; begin < examples.size(); begin += batch_size) {
          if (stop_requested(interrupt)) return interrupted();
          const std::size_t count = std::min<std::size_t>(batch_size, examples.size() - begin);
          QT_TRY_STATUS(run_batch(system, texts, examples.subspan(begin, count), sample, part.logits));
        }
        return {};
      });
      if (!taken) return std::unexpected(taken.error());
      return part;
    } catch (const std::bad_alloc&) {
      if (batch_size / 2 < kSmallestBatchSize) return out_of_memory(batch_size);
      batch_size /= 2;
    }
  }
}

Result<TimedPart> time_single(const MeasuredSystem& system, std::span<const std::string> texts,
                              std::span<const std::uint32_t> examples, std::uint32_t round,
                              const Interrupt* interrupt) {
  try {
    TimedPart part;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      if (stop_requested(interrupt)) return interrupted();
      const TimingSample empty{.protocol = TimingProtocol::kLatency, .round = round, .batch_size = 1};
      QT_TRY_STATUS(take_sample(system, empty, part, [&](TimingSample& sample) {
        return run_batch(system, texts, examples.subspan(i, 1), sample, part.logits);
      }));
    }
    return part;
  } catch (const std::bad_alloc&) {
    return out_of_memory(1);
  }
}

Result<TimedPart> time_workload(const MeasuredSystem& system, std::span<const std::string> texts,
                                std::uint32_t round, const Interrupt* interrupt) {
  std::uint32_t batch_size = kProtocolBatchSize;
  while (true) {
    try {
      TimedPart part;
      std::vector<std::uint32_t> examples(batch_size);
      std::size_t next = 0;
      for (std::uint32_t batch = 0; batch < kWorkloadWarmUpBatches + kWorkloadTimedBatches; ++batch) {
        if (stop_requested(interrupt)) return interrupted();
        for (std::uint32_t& example : examples) {
          example = static_cast<std::uint32_t>(next);
          next = (next + 1) % texts.size();
        }
        TimingSample empty{.protocol = TimingProtocol::kWorkload, .round = round, .batch_size = batch_size};
        empty.warm_up = batch < kWorkloadWarmUpBatches;
        QT_TRY_STATUS(take_sample(system, empty, part, [&](TimingSample& sample) {
          return run_batch(system, texts, examples, sample, part.logits);
        }));
      }
      return part;
    } catch (const std::bad_alloc&) {
      if (batch_size / 2 < kSmallestBatchSize) return out_of_memory(batch_size);
      batch_size /= 2;
    }
  }
}

std::vector<std::uint32_t> choose_examples(std::uint64_t total, std::uint64_t count, std::uint64_t seed,
                                           std::uint64_t stream) {
  std::vector<std::uint32_t> order(total);
  std::iota(order.begin(), order.end(), 0U);
  Philox random(seed, stream);
  shuffle(order, random);
  if (count != 0 && count < total) order.resize(count);
  return order;
}

void mark_slowdowns(const DeviceSampler& sampler, TimedPart& part) {
  for (std::size_t i = 0; i < part.samples.size(); ++i)
    part.samples[i].slowdown = sampler.slowdown_between(part.spans[i].begin_ns, part.spans[i].end_ns);
}

NoiseFloor compare_logits(std::string comparison, const TimedLogits& first, const TimedLogits& second,
                          std::size_t classes) {
  std::unordered_map<std::uint32_t, std::size_t> row_of;
  for (std::size_t row = 0; row < second.examples.size(); ++row) row_of.emplace(second.examples[row], row);
  NoiseFloor noise{.comparison = std::move(comparison)};
  for (std::size_t row = 0; row < first.examples.size(); ++row) {
    const auto found = row_of.find(first.examples[row]);
    if (found == row_of.end()) continue;
    const auto a = std::span(first.logits).subspan(row * classes, classes);
    const auto b = std::span(second.logits).subspan(found->second * classes, classes);
    ++noise.examples;
    if (argmax(a) != argmax(b)) ++noise.flips;
    for (std::size_t c = 0; c < classes; ++c) {
      if (std::isnan(a[c]) && std::isnan(b[c])) continue;
      const double difference = std::abs(static_cast<double>(a[c]) - static_cast<double>(b[c]));
      // Equal infinities differ by NaN; a NaN on one side must stay visible.
      if (a[c] == b[c] || std::isnan(noise.max_abs_logit_difference)) continue;
      if (!(difference <= noise.max_abs_logit_difference)) noise.max_abs_logit_difference = difference;
    }
  }
  return noise;
}

}  // namespace quantier
