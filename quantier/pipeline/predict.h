// Logits of every text of a list, in its order.
//
// Texts are tokenized on the pool, then batched by length, so that the work of a batch is even and its memory
// known; no padding is ever computed. Batches only change the order of work, never the order of results. A
// classifier that leaves the host free gets its texts in windows of kTextsOfWindow, each batched by length,
// while the next ones are tokenized: what stands in a batch does not depend on threads or on time.
// Errors: those of the tokenizer and the classifier with the number of the example; kEnvironment when memory
// runs out (the caller may try a smaller batch); kInterrupted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/base/thread_pool.h"
#include "quantier/engine/classifier.h"
#include "quantier/record/predictions.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {

// One text; an error when no token comes out of it, for then there is nothing to classify.
[[nodiscard]] Result<Encoding> encode_example(const Tokenizer& tokenizer, std::string_view text,
                                              std::optional<std::size_t> max_length);

// Adds to an error where in the data it arose: "data.jsonl, example 12 (id \"a7\")". `example` counts from 0.
[[nodiscard]] std::unexpected<Error> at_example(Error error, std::string_view source, std::size_t example,
                                                std::string_view id = {});

// `source` names the data in errors.
[[nodiscard]] Result<std::vector<Encoding>> tokenize_all(const Tokenizer& tokenizer,
                                                         std::span<const std::string> texts,
                                                         std::optional<std::size_t> max_length,
                                                         ThreadPool* pool, std::string_view source);

// Texts that are sorted by length together where tokenization runs beside the classifier: enough for even
// batches, few enough that the first ones are there at once.
inline constexpr std::size_t kTextsOfWindow = 1024;

struct PredictOptions {
  std::optional<std::size_t> max_length = {};  // nullopt: what tokenizer.json says
  std::size_t batch_size = 32;
  std::string_view source = "data";    // names the data in errors
  std::string_view stage = "predict";  // names the work in progress messages
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
  // Where the time went is left there, when the classifier runs on a device and gets its texts from
  // predict_dataset.
  std::optional<DeviceSplit>* split = nullptr;
};

// Labels, ids and label names are left empty: the caller has them.
[[nodiscard]] Result<Predictions> predict_encodings(Classifier& classifier,
                                                    std::span<const Encoding> encodings,
                                                    const PredictOptions& options);

// `pool` (or null) is used for tokenization only; the classifier has its own, or may share it where it does
// not leave the host free.
[[nodiscard]] Result<Predictions> predict_dataset(Classifier& classifier, const Tokenizer& tokenizer,
                                                  std::span<const std::string> texts, ThreadPool* pool,
                                                  const PredictOptions& options);

// After kEnvironment for lack of memory, halves the batch down to `smallest` and tries again.
struct PredictedWithBatch {
  Predictions predictions;
  std::size_t batch_size = 0;  // the one that worked
};
[[nodiscard]] Result<PredictedWithBatch> predict_with_fallback(Classifier& classifier,
                                                               std::span<const Encoding> encodings,
                                                               const PredictOptions& options,
                                                               std::size_t smallest = 4);
[[nodiscard]] Result<PredictedWithBatch> predict_dataset_with_fallback(
    Classifier& classifier, const Tokenizer& tokenizer, std::span<const std::string> texts, ThreadPool* pool,
    const PredictOptions& options, std::size_t smallest = 4);

}  // namespace quantier
