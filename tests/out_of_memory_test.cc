// Memory exhausted at every single allocation of a forward pass: std::bad_alloc comes out of predict,
// whichever thread it happened in, nobody waits for ever, and the next call gives the right logits.
#include <new>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/checkpoint/checkpoint.h"
#include "quantier/engine/builder.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/pack_model.h"
#include "quantier/tensor/aligned_buffer.h"

namespace quantier {
namespace {

using ::testing::ElementsAreArray;

struct Case {
  const char* model;
  std::size_t threads;
  std::size_t texts;
};

class OutOfMemory : public ::testing::TestWithParam<Case> {};

std::unique_ptr<Classifier> classifier(const Checkpoint& checkpoint, const Plan& plan, ThreadPool& pool) {
  auto builder = EngineBuilder::create(checkpoint.spec(), plan, EngineKind::kCpu, pool);
  const Status packed = pack_model(checkpoint, checkpoint.spec(), plan, **builder);
  EXPECT_TRUE(packed) << packed.error().message();
  return *(*builder)->finish();
}

TEST_P(OutOfMemory, IsThrownAtEveryAllocationAndLeavesTheModelWhole) {
  constexpr std::uint32_t kTokens = 24;
  const auto& [model, threads, texts] = GetParam();
  const auto checkpoint = Checkpoint::open(std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo" / model);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  std::vector<std::int32_t> tokens(texts * kTokens);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::int32_t>(7919 * i % 1000);
  std::vector<std::uint32_t> offsets;
  for (std::size_t i = 0; i <= texts; ++i) offsets.push_back(static_cast<std::uint32_t>(i * kTokens));
  std::vector<float> logits(texts * checkpoint->spec().classes);
  ThreadPool pool(threads);
  for (const char* recipe : {"bf16", "int8", "int4-w4a8"}) {
    SCOPED_TRACE(recipe);
    auto plan = resolve_recipe(recipe, checkpoint->spec());
    ASSERT_TRUE(plan) << plan.error().message();
    plan->outlier_threshold = 2.5F;
    ASSERT_TRUE(classifier(*checkpoint, *plan, pool)->predict({tokens, offsets}, logits));
    const std::vector<float> expected = logits;
    std::uint64_t failed = 0;
    for (bool is_through = false; !is_through; ++failed) {
      const auto fresh = classifier(*checkpoint, *plan, pool);
      internal::fail_allocations_after(failed);
      try {
        ASSERT_TRUE(fresh->predict({tokens, offsets}, logits));
        is_through = true;
      } catch (const std::bad_alloc&) {
      }
      internal::fail_allocations_after(UINT64_MAX);
      ASSERT_TRUE(fresh->predict({tokens, offsets}, logits));
      ASSERT_THAT(logits, ElementsAreArray(expected)) << "after allocation " << failed << " failed";
    }
    EXPECT_GT(failed, 10U);
  }
}

INSTANTIATE_TEST_SUITE_P(Passes, OutOfMemory,
                         ::testing::Values(Case{"demo-encoder", 1, 1}, Case{"demo-encoder", 2, 1},
                                           Case{"demo-encoder", 2, 6}, Case{"demo-decoder", 3, 1}));

}  // namespace
}  // namespace quantier
