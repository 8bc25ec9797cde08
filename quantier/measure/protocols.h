// The three timing protocols over a Classifier, blind to which model it drives.
//
// throughput: a seeded shuffle of the texts, batches of 32, tokenization included; one sample is one pass.
// latency: one text at a time, lengths as they come; one sample is one text. workload: batches of 32 in file
// order, 3 to warm up, 5 timed; one sample is one batch. Texts are tokenized inside the measured time, on the
// calling thread: that is what a caller with one request waits for. A pass over a classifier that leaves the
// host free tokenizes ahead instead, on the pool, in windows of kTextsOfTimedWindow: the batches are the
// same, and the sample's tokenize_ns is what the pass waited for tokens.
//
// The logits of what was timed are handed back, so that the noise floor costs no further forward pass.
// Errors: of the tokenizer and the classifier; kEnvironment when memory runs out even at the smallest batch;
// kInterrupted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/thread_pool.h"
#include "quantier/engine/classifier.h"
#include "quantier/measure/device_sampler.h"
#include "quantier/record/measurement.h"
#include "quantier/record/noise_floor.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {

inline constexpr std::uint32_t kProtocolBatchSize = 32;
inline constexpr std::uint32_t kSmallestBatchSize = 4;
inline constexpr std::uint32_t kTextsOfTimedWindow = 256;  // at least; whole batches
inline constexpr std::uint32_t kWorkloadWarmUpBatches = 3;
inline constexpr std::uint32_t kWorkloadTimedBatches = 5;

struct MeasuredSystem {
  Classifier* classifier = nullptr;
  const Tokenizer* tokenizer = nullptr;
  std::optional<std::size_t> max_length;
  ThreadPool* pool = nullptr;  // for tokenization ahead of a pass; null: never ahead
};

// Logits of some examples, in the order in which they were run.
struct TimedLogits {
  std::vector<std::uint32_t> examples;  // index into the texts
  std::vector<float> logits;            // [examples, classes]
};

// On the monotonic clock.
struct TimeSpan {
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
};

struct TimedPart {
  std::vector<TimingSample> samples;
  std::vector<TimeSpan> spans;  // when each sample was taken
  TimedLogits logits;
};

// Runs the texts that `examples` names in batches of `batch_size`, as one sample. A batch that does not fit
// into memory is halved, down to kSmallestBatchSize; the sample says the size that was used.
[[nodiscard]] Result<TimedPart> time_pass(const MeasuredSystem& system, std::span<const std::string> texts,
                                          std::span<const std::uint32_t> examples, std::uint32_t batch_size,
                                          std::uint32_t round, const Interrupt* interrupt);

// One sample for each example.
[[nodiscard]] Result<TimedPart> time_single(const MeasuredSystem& system, std::span<const std::string> texts,
                                            std::span<const std::uint32_t> examples, std::uint32_t round,
                                            const Interrupt* interrupt);

// The first 8 batches of 32 in file order; with fewer texts they start over.
[[nodiscard]] Result<TimedPart> time_workload(const MeasuredSystem& system,
                                              std::span<const std::string> texts, std::uint32_t round,
                                              const Interrupt* interrupt);

// The first `count` of a seeded shuffle of [0, total); everything when count is 0 or larger than total.
[[nodiscard]] std::vector<std::uint32_t> choose_examples(std::uint64_t total, std::uint64_t count,
                                                         std::uint64_t seed, std::uint64_t stream);

// Puts into each sample for which reasons the card slowed itself down while it was taken; `sampler` read the
// device meanwhile, and has stopped.
void mark_slowdowns(const DeviceSampler& sampler, TimedPart& part);

// Compares the logits of the examples that both have.
[[nodiscard]] NoiseFloor compare_logits(std::string comparison, const TimedLogits& first,
                                        const TimedLogits& second, std::size_t classes);

}  // namespace quantier
