#include "quantier/pipeline/predict.h"

#include <algorithm>
#include <new>
#include <string>

#include <gtest/gtest.h>

namespace quantier {
namespace {

// Logits that say which text and how long: row = {first token, number of tokens}.
class EchoClassifier : public Classifier {
 public:
  std::size_t memory_limit = 1000;  // texts that a batch may have
  std::vector<std::size_t> batches;
  std::size_t class_count() const override { return 2; }
  Status predict(const TokenBatch& batch, std::span<float> logits) override {
    if (batch.size() > memory_limit) throw std::bad_alloc();
    batches.push_back(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      logits[2 * i] = static_cast<float>(batch.tokens[batch.offsets[i]]);
      logits[2 * i + 1] = static_cast<float>(batch.offsets[i + 1] - batch.offsets[i]);
    }
    return {};
  }
  const ExecutedPlan& executed_plan() const override { return plan_; }

 private:
  ExecutedPlan plan_;
};

class EchoDevice final : public EchoClassifier {
 public:
  bool leaves_host_free() const override { return true; }
};

const std::string kDemo = std::string(QUANTIER_SOURCE_DIR) + "/demo/demo-encoder";

std::vector<std::string> some_texts(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = "package " + std::to_string(i);
    for (std::size_t k = 0; k < i * 7 % 13; ++k) text += " with words";
    texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<Encoding> some_encodings(std::size_t count) {
  std::vector<Encoding> encodings(count);
  for (std::size_t i = 0; i < count; ++i) {
    encodings[i].ids.assign(1 + (i * 7) % 13, static_cast<std::int32_t>(i));
    encodings[i].truncated = i % 5 == 0;
  }
  return encodings;
}

TEST(Predict, KeepsTheOrderOfRowsWhateverTheBatch) {
  const std::vector<Encoding> encodings = some_encodings(50);
  for (const std::size_t batch_size : {1U, 7U, 32U, 100U}) {
    EchoClassifier classifier;
    const auto result = predict_encodings(classifier, encodings, {.batch_size = batch_size});
    ASSERT_TRUE(result) << result.error().message();
    for (std::size_t i = 0; i < 50; ++i) {
      EXPECT_EQ(result->row(i)[0], static_cast<float>(i));
      EXPECT_EQ(result->row(i)[1], static_cast<float>(encodings[i].ids.size()));
      EXPECT_EQ(result->token_counts[i], encodings[i].ids.size());
      EXPECT_EQ(result->truncated[i], encodings[i].truncated ? 1 : 0);
    }
  }
}

TEST(Predict, HalvesTheBatchWhenMemoryRunsOut) {
  EchoClassifier classifier;
  classifier.memory_limit = 9;
  const auto result = predict_with_fallback(classifier, some_encodings(50), {.batch_size = 32});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->batch_size, 8U);
  EXPECT_EQ(result->predictions.row(49)[0], 49.0F);
}

TEST(Predict, GivesUpBelowTheSmallestBatch) {
  EchoClassifier classifier;
  classifier.memory_limit = 3;
  const auto result = predict_with_fallback(classifier, some_encodings(50), {.batch_size = 32});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kEnvironment);
}

TEST(Predict, StopsWhenAsked) {
  EchoClassifier classifier;
  Interrupt interrupt;
  interrupt.signal = 2;
  PredictOptions options;
  options.interrupt = &interrupt;
  const auto result = predict_encodings(classifier, some_encodings(5), options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kInterrupted);
}

// More texts than a window holds.
TEST(PredictAhead, GivesWhatTokenizingFirstGivesWhateverTheThreads) {
  const auto tokenizer = Tokenizer::load(kDemo);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  const std::vector<std::string> texts = some_texts(2 * kTextsOfWindow + 77);
  const PredictOptions options{.max_length = 20, .batch_size = 32};
  EchoClassifier on_host;
  const auto expected = predict_dataset(on_host, *tokenizer, texts, nullptr, options);
  ASSERT_TRUE(expected) << expected.error().message();
  std::vector<std::size_t> batches;
  for (const std::size_t threads : {1U, 3U}) {
    ThreadPool pool(threads);
    EchoDevice device;
    const auto result = predict_dataset(device, *tokenizer, texts, &pool, options);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->logits, expected->logits);
    EXPECT_EQ(result->token_counts, expected->token_counts);
    EXPECT_EQ(result->truncated, expected->truncated);
    if (batches.empty()) batches = device.batches;
    EXPECT_EQ(device.batches, batches);
  }
  EXPECT_GT(*std::ranges::max_element(expected->truncated), 0);
}

TEST(PredictAhead, HalvesTheBatchWhenMemoryRunsOut) {
  const auto tokenizer = Tokenizer::load(kDemo);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  const std::vector<std::string> texts = some_texts(100);
  ThreadPool pool(2);
  EchoDevice device;
  device.memory_limit = 9;
  const auto result = predict_dataset_with_fallback(device, *tokenizer, texts, &pool, {.batch_size = 32});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->batch_size, 8U);
  EXPECT_EQ(result->predictions.token_counts.size(), 100U);
  device.memory_limit = 3;
  EXPECT_FALSE(predict_dataset_with_fallback(device, *tokenizer, texts, &pool, {.batch_size = 32}));
}

TEST(PredictAhead, NamesTheTextThatIsWrongAndStopsWhenAsked) {
  const auto tokenizer = Tokenizer::load(kDemo);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  std::vector<std::string> texts = some_texts(kTextsOfWindow + 9);
  texts[kTextsOfWindow + 5] = "not \xff UTF-8";
  ThreadPool pool(2);
  EchoDevice device;
  PredictOptions options;
  options.source = "texts.jsonl";
  const auto wrong = predict_dataset(device, *tokenizer, texts, &pool, options);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, ErrorKind::kUserInput);
  EXPECT_TRUE(wrong.error().where.starts_with("texts.jsonl, example 1030")) << wrong.error().where;
  Interrupt interrupt;
  options.interrupt = &interrupt;
  options.progress = [&interrupt](const ProgressUpdate&) { interrupt.signal = 2; };
  device.batches.clear();
  const auto stopped = predict_dataset(device, *tokenizer, texts, &pool, options);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::kInterrupted);
  EXPECT_EQ(device.batches.size(), 1U);
}

}  // namespace
}  // namespace quantier
