#include "quantier/pipeline/predict.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"

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

Result<Predictions> predict_encodings(Classifier& classifier, std::span<const Encoding> encodings,
                                      const PredictOptions& options) {
  QT_CHECK(options.batch_size > 0, "a batch has at least one text");
  try {
    const std::size_t classes = classifier.class_count();
    Predictions predictions;
    predictions.example_count = encodings.size();
    predictions.class_count = classes;
    predictions.logits.resize(encodings.size() * classes);
    for (const Encoding& encoding : encodings) {
      predictions.token_counts.push_back(static_cast<std::uint32_t>(encoding.ids.size()));
      predictions.truncated.push_back(encoding.truncated ? 1 : 0);
    }
    // Longest first: if memory does not suffice, that shows at once and not after minutes.
    std::vector<std::size_t> order(encodings.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return encodings[a].ids.size() > encodings[b].ids.size();
    });

    std::vector<std::int32_t> tokens;
    std::vector<std::uint32_t> offsets;
    std::vector<float> logits;
    for (std::size_t begin = 0; begin < order.size(); begin += options.batch_size) {
      if (stop_requested(options.interrupt)) return interrupted();
      const std::size_t end = std::min(begin + options.batch_size, order.size());
      tokens.clear();
      offsets.assign(1, 0);
      for (std::size_t i = begin; i < end; ++i) {
        const std::vector<std::int32_t>& ids = encodings[order[i]].ids;
        tokens.insert(tokens.end(), ids.begin(), ids.end());
        offsets.push_back(static_cast<std::uint32_t>(tokens.size()));
      }
      logits.resize((end - begin) * classes);
      if (Status status = classifier.predict({tokens, offsets}, logits); !status) {
        return at_example(std::move(status).error(), options.source, order[begin]);
      }
      for (std::size_t i = begin; i < end; ++i) {
        std::copy_n(logits.begin() + static_cast<std::ptrdiff_t>((i - begin) * classes), classes,
                    predictions.logits.begin() + static_cast<std::ptrdiff_t>(order[i] * classes));
      }
      if (options.progress) options.progress({options.stage, end, order.size()});
    }
    return predictions;
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kEnvironment, std::string(kOutOfMemory), std::string(options.source),
                fmt::format("batches of {}", options.batch_size),
                "choose a smaller --batch-size or --max-length");
  }
}

Result<Predictions> predict_dataset(Classifier& classifier, const Tokenizer& tokenizer,
                                    std::span<const std::string> texts, ThreadPool* pool,
                                    const PredictOptions& options) {
  QT_TRY(const std::vector<Encoding> encodings,
         tokenize_all(tokenizer, texts, options.max_length, pool, options.source));
  return predict_encodings(classifier, encodings, options);
}

Result<PredictedWithBatch> predict_with_fallback(Classifier& classifier, std::span<const Encoding> encodings,
                                                 PredictOptions options, std::size_t smallest) {
  while (true) {
    Result<Predictions> predictions = predict_encodings(classifier, encodings, options);
    if (predictions) return PredictedWithBatch{*std::move(predictions), options.batch_size};
    const bool out_of_memory =
        predictions.error().kind == ErrorKind::kEnvironment && predictions.error().what == kOutOfMemory;
    if (!out_of_memory || options.batch_size / 2 < smallest) {
      return std::unexpected(std::move(predictions).error());
    }
    options.batch_size /= 2;
  }
}

}  // namespace quantier
