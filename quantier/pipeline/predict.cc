#include "quantier/pipeline/predict.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/clock.h"
#include "quantier/base/utf8.h"
#include "quantier/tokenizer/encode_ahead.h"

namespace quantier {
namespace {

constexpr std::string_view kOutOfMemory = "memory ran out while predicting";
constexpr std::size_t kTextsPerTask = 64;

}  // namespace

std::unexpected<Error> at_example(Error error, std::string_view source, std::size_t example,
                                  std::string_view id) {
  std::string where = fmt::format("{}, example {}", source, example + 1);
  if (!id.empty()) where += fmt::format(" (id \"{}\")", printable(id, 60));
  if (!error.where.empty()) where += ", " + error.where;
  error.where = std::move(where);
  return std::unexpected(std::move(error));
}

Result<Encoding> encode_example(const Tokenizer& tokenizer, std::string_view text,
                                std::optional<std::size_t> max_length) {
  Result<Encoding> encoding = tokenizer.encode(text, max_length);
  if (encoding && encoding->ids.empty()) {
    return fail(ErrorKind::kUserInput, "a text without a single token cannot be classified", "",
                text.empty() ? "it is empty and the tokenizer adds no special tokens"
                             : "the tokenizer gives no tokens for it",
                "remove the example from the data");
  }
  return encoding;
}

Result<std::vector<Encoding>> tokenize_all(const Tokenizer& tokenizer, std::span<const std::string> texts,
                                           std::optional<std::size_t> max_length, ThreadPool* pool,
                                           std::string_view source) {
  std::vector<Encoding> encodings(texts.size());
  std::mutex mutex;
  std::optional<std::pair<std::size_t, Error>> first_error;  // of the smallest example number
  const auto encode_range = [&](std::size_t task, std::size_t /*worker*/) {
    const std::size_t begin = task * kTextsPerTask;
    const std::size_t end = std::min(begin + kTextsPerTask, texts.size());
    for (std::size_t i = begin; i < end; ++i) {
      Result<Encoding> encoding = encode_example(tokenizer, texts[i], max_length);
      if (encoding) {
        encodings[i] = *std::move(encoding);
        continue;
      }
      const std::scoped_lock lock(mutex);
      if (!first_error || i < first_error->first) first_error.emplace(i, std::move(encoding).error());
      return;
    }
  };
  const std::size_t tasks = (texts.size() + kTextsPerTask - 1) / kTextsPerTask;
  if (pool != nullptr) {
    pool->run(tasks, encode_range);
  } else {
    for (std::size_t task = 0; task < tasks; ++task) encode_range(task, 0);
  }
  if (first_error) return at_example(std::move(first_error->second), source, first_error->first);
  return encodings;
}

namespace {

// Takes texts in parts, each batched by length, and puts what comes of them in their places.
class Predictor {
 public:
  Predictor(Classifier& classifier, std::size_t texts, const PredictOptions& options)
      : classifier_(classifier), options_(options), classes_(classifier.class_count()) {
    QT_CHECK(options.batch_size > 0, "a batch has at least one text");
    predictions_.example_count = texts;
    predictions_.class_count = classes_;
    predictions_.logits.resize(texts * classes_);
    predictions_.token_counts.reserve(texts);
    predictions_.truncated.reserve(texts);
  }

  // The texts [first, first + count); ids_of(i) are those of text first + i.
  template <class IdsOf>
  Status predict_part(std::size_t first, std::size_t count, const IdsOf& ids_of) {
    // Longest first: if memory does not suffice, that shows at once and not after minutes.
    order_.resize(count);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::size_t a, std::size_t b) { return ids_of(a).size() > ids_of(b).size(); });
    for (std::size_t begin = 0; begin < count; begin += options_.batch_size) {
      if (stop_requested(options_.interrupt)) return interrupted();
      const std::size_t end = std::min(begin + options_.batch_size, count);
      tokens_.clear();
      offsets_.assign(1, 0);
      for (std::size_t i = begin; i < end; ++i) {
        const std::span<const std::int32_t> ids = ids_of(order_[i]);
        tokens_.insert(tokens_.end(), ids.begin(), ids.end());
        offsets_.push_back(static_cast<std::uint32_t>(tokens_.size()));
      }
      logits_.resize((end - begin) * classes_);
      if (Status status = classifier_.predict({tokens_, offsets_}, logits_); !status) {
        return at_example(std::move(status).error(), options_.source, first + order_[begin]);
      }
      for (std::size_t i = begin; i < end; ++i) {
        std::copy_n(
            logits_.begin() + static_cast<std::ptrdiff_t>((i - begin) * classes_), classes_,
            predictions_.logits.begin() + static_cast<std::ptrdiff_t>((first + order_[i]) * classes_));
      }
      if (options_.progress) options_.progress({options_.stage, first + end, predictions_.example_count});
    }
    return {};
  }

  void add_length(std::size_t tokens, bool truncated) {
    predictions_.token_counts.push_back(static_cast<std::uint32_t>(tokens));
    predictions_.truncated.push_back(truncated ? 1 : 0);
  }
  Predictions take() { return std::move(predictions_); }

 private:
  Classifier& classifier_;
  const PredictOptions& options_;
  const std::size_t classes_;
  Predictions predictions_;
  std::vector<std::size_t> order_;
  std::vector<std::int32_t> tokens_;
  std::vector<std::uint32_t> offsets_;
  std::vector<float> logits_;
};

std::unexpected<Error> out_of_memory(const PredictOptions& options) {
  return fail(ErrorKind::kEnvironment, std::string(kOutOfMemory), std::string(options.source),
              fmt::format("batches of {}", options.batch_size),
              "choose a smaller --batch-size or --max-length");
}

// For a classifier that leaves the host free.
Result<Predictions> predict_ahead(Classifier& classifier, const Tokenizer& tokenizer,
                                  std::span<const std::string> texts, ThreadPool& pool,
                                  const PredictOptions& options) {
  try {
    const Stopwatch watch;
    DeviceSplit split;
    const std::optional<DeviceTimes> before = classifier.device_times();
    EncodeAhead ahead(
        texts.size(), kTextsOfWindow, pool,
        [&](std::size_t text) { return encode_example(tokenizer, texts[text], options.max_length); },
        [&](Error error, std::size_t text) { return at_example(std::move(error), options.source, text); });
    Predictor predictor(classifier, texts.size(), options);
    while (ahead.has_more()) {
      if (stop_requested(options.interrupt)) return interrupted();
      const Stopwatch waiting;
      QT_TRY(const EncodedWindow window, ahead.next());
      split.tokenize_ns += waiting.elapsed_ns();
      split.encode_ns += window.encode_ns;
      for (std::size_t i = 0; i < window.size(); ++i)
        predictor.add_length(window.text(i).size(), window.truncated[i] != 0);
      QT_TRY_STATUS(predictor.predict_part(window.begin, window.size(),
                                           [&window](std::size_t i) { return window.text(i); }));
    }
    split.wall_ns = watch.elapsed_ns();
    if (const auto after = classifier.device_times(); after && before && options.split != nullptr) {
      split.device = *after - *before;
      *options.split = split;
    }
    return predictor.take();
  } catch (const std::bad_alloc&) {
    return out_of_memory(options);
  }
}

template <class Attempt>
Result<PredictedWithBatch> halve_until_it_fits(PredictOptions options, std::size_t smallest,
                                               const Attempt& attempt) {
  while (true) {
    Result<Predictions> predictions = attempt(options);
    if (predictions) return PredictedWithBatch{*std::move(predictions), options.batch_size};
    const bool out_of_memory =
        predictions.error().kind == ErrorKind::kEnvironment && predictions.error().what == kOutOfMemory;
    if (!out_of_memory || options.batch_size / 2 < smallest) {
      return std::unexpected(std::move(predictions).error());
    }
    options.batch_size /= 2;
  }
}

}  // namespace

Result<Predictions> predict_encodings(Classifier& classifier, std::span<const Encoding> encodings,
                                      const PredictOptions& options) {
  try {
    Predictor predictor(classifier, encodings.size(), options);
    for (const Encoding& encoding : encodings) predictor.add_length(encoding.ids.size(), encoding.truncated);
    QT_TRY_STATUS(predictor.predict_part(
        0, encodings.size(), [&](std::size_t i) { return std::span<const std::int32_t>(encodings[i].ids); }));
    return predictor.take();
  } catch (const std::bad_alloc&) {
    return out_of_memory(options);
  }
}

Result<Predictions> predict_dataset(Classifier& classifier, const Tokenizer& tokenizer,
                                    std::span<const std::string> texts, ThreadPool* pool,
                                    const PredictOptions& options) {
  if (pool != nullptr && classifier.leaves_host_free())
    return predict_ahead(classifier, tokenizer, texts, *pool, options);
  QT_TRY(const std::vector<Encoding> encodings,
         tokenize_all(tokenizer, texts, options.max_length, pool, options.source));
  return predict_encodings(classifier, encodings, options);
}

Result<PredictedWithBatch> predict_with_fallback(Classifier& classifier, std::span<const Encoding> encodings,
                                                 const PredictOptions& options, std::size_t smallest) {
  return halve_until_it_fits(options, smallest, [&](const PredictOptions& tried) {
    return predict_encodings(classifier, encodings, tried);
  });
}

Result<PredictedWithBatch> predict_dataset_with_fallback(Classifier& classifier, const Tokenizer& tokenizer,
                                                         std::span<const std::string> texts, ThreadPool* pool,
                                                         const PredictOptions& options,
                                                         std::size_t smallest) {
  if (pool != nullptr && classifier.leaves_host_free()) {
    return halve_until_it_fits(options, smallest, [&](const PredictOptions& tried) {
      return predict_ahead(classifier, tokenizer, texts, *pool, tried);
    });
  }
  QT_TRY(const std::vector<Encoding> encodings,
         tokenize_all(tokenizer, texts, options.max_length, pool, options.source));
  return predict_with_fallback(classifier, encodings, options, smallest);
}

}  // namespace quantier
