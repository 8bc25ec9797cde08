#include "quantier/measure/protocols.h"

#include <cmath>
#include <limits>
#include <new>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "quantier/measure/process_memory.h"

namespace quantier {
namespace {

// Logits that say which text and how many tokens.
class EchoClassifier final : public Classifier {
 public:
  explicit EchoClassifier(bool is_device) : is_device_(is_device) {}
  std::vector<std::vector<float>> batches;
  std::size_t memory_limit = 1000;
  std::size_t class_count() const override { return 2; }
  bool leaves_host_free() const override { return is_device_; }
  Status predict(const TokenBatch& batch, std::span<float> logits) override {
    if (batch.size() > memory_limit) throw std::bad_alloc();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      logits[2 * i] = static_cast<float>(batch.tokens[batch.offsets[i] + 2]);
      logits[2 * i + 1] = static_cast<float>(batch.offsets[i + 1] - batch.offsets[i]);
    }
    batches.emplace_back(logits.begin(), logits.end());
    return {};
  }
  const ExecutedPlan& executed_plan() const override { return plan_; }

 private:
  bool is_device_;
  ExecutedPlan plan_;
};

// Tokenization ahead changes when a text is tokenized, and neither batches nor their order.
TEST(TimePass, AheadOfADeviceTheBatchesAreTheSame) {
  const auto tokenizer = Tokenizer::load(std::string(QUANTIER_SOURCE_DIR) + "/demo/demo-encoder");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 700; ++i)
    texts.push_back("text " + std::to_string(i) + std::string(i % 9, 'x') + " and more");
  const auto examples = choose_examples(texts.size(), 650, 3, 1);
  EchoClassifier host(false);
  EchoClassifier device(true);
  ThreadPool pool(3);
  const auto first = time_pass({&host, &*tokenizer, 12, &pool}, texts, examples, 32, 4, nullptr);
  const auto ahead = time_pass({&device, &*tokenizer, 12, &pool}, texts, examples, 32, 4, nullptr);
  ASSERT_TRUE(first) << first.error().message();
  ASSERT_TRUE(ahead) << ahead.error().message();
  EXPECT_EQ(device.batches, host.batches);
  EXPECT_EQ(ahead->logits.logits, first->logits.logits);
  EXPECT_EQ(ahead->logits.examples, first->logits.examples);
  ASSERT_EQ(ahead->samples.size(), 1U);
  const TimingSample& sample = ahead->samples[0];
  EXPECT_EQ(sample.examples, 650U);
  EXPECT_EQ(sample.tokens, first->samples[0].tokens);
  EXPECT_EQ(sample.batch_size, 32U);
  EXPECT_EQ(sample.round, 4U);
  EXPECT_GE(sample.tokenize_ns, 0);
  EXPECT_GT(sample.wall_ns, sample.tokenize_ns);
  device.memory_limit = 20;
  const auto smaller = time_pass({&device, &*tokenizer, 12, &pool}, texts, examples, 32, 4, nullptr);
  ASSERT_TRUE(smaller) << smaller.error().message();
  EXPECT_EQ(smaller->samples[0].batch_size, 16U);
  EXPECT_EQ(smaller->logits.logits, first->logits.logits);
}

TEST(ChooseExamples, IsAPermutationThatDependsOnTheSeedOnly) {
  const auto all = choose_examples(100, 0, 7, 1);
  EXPECT_EQ(std::set<std::uint32_t>(all.begin(), all.end()).size(), 100U);
  EXPECT_EQ(all, choose_examples(100, 0, 7, 1));
  EXPECT_NE(all, choose_examples(100, 0, 8, 1));
  const auto some = choose_examples(100, 10, 7, 1);
  EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin()));
  EXPECT_EQ(some.size(), 10U);
  EXPECT_EQ(choose_examples(5, 10, 7, 1).size(), 5U);
}

TEST(CompareLogits, FindsTheLargestDifferenceOfCommonExamples) {
  const TimedLogits a{{3, 1, 9}, {0, 1, 2, 3, 100, 100}};
  const TimedLogits b{{1, 3}, {2, 3.5F, 1, 0}};
  const NoiseFloor noise = compare_logits("x", a, b, 2);
  EXPECT_EQ(noise.examples, 2U);
  EXPECT_EQ(noise.max_abs_logit_difference, 1.0);
  EXPECT_EQ(noise.flips, 1U);
}

TEST(CompareLogits, NanOnOneSideIsNotQuiet) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const TimedLogits a{{0, 1}, {nan, 1, 0, 5}};
  const TimedLogits b{{0, 1}, {0, 1, 0, 1}};
  EXPECT_TRUE(std::isnan(compare_logits("x", a, b, 2).max_abs_logit_difference));
  EXPECT_EQ(compare_logits("x", a, a, 2).max_abs_logit_difference, 4.0 - 4.0);
}

TEST(ProcessMemory, ReadsTheStatusFile) {
  const auto memory = parse_process_status("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n");
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->peak_bytes, 2048U * 1024U);
  EXPECT_EQ(memory->resident_bytes, 1024U * 1024U);
  EXPECT_FALSE(parse_process_status("Name:\tx\n"));
  EXPECT_FALSE(parse_process_status("VmHWM:\t x kB\nVmRSS:\t 1 kB\n"));
  const auto here = process_memory();
  ASSERT_TRUE(here) << here.error().message();
  EXPECT_GE(here->peak_bytes, here->resident_bytes);
}

}  // namespace
}  // namespace quantier
