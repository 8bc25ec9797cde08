#include "quantier/pipeline/predict.h"

#include <new>

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

}  // namespace
}  // namespace quantier
