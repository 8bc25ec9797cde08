// One text by several threads: the bits of one thread, for both families, every kind of product and lengths
// that leave some members a few rows or none. Members take all of a layer for their rows, or of large layers
// some of the panels for all rows.
#include <random>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/random_checkpoint.h"
#include "quantier/engine/builder.h"
#include "quantier/engine/team.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/pack_model.h"

namespace quantier {
namespace {

using ::testing::ElementsAreArray;

class SharedTextTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<Classifier> classifier(const Checkpoint& checkpoint, const Plan& plan, ThreadPool& pool) {
    auto builder = EngineBuilder::create(checkpoint.spec(), plan, EngineKind::kCpu, pool);
    const Status packed = pack_model(checkpoint, checkpoint.spec(), plan, **builder);
    EXPECT_TRUE(packed) << packed.error().message();
    return *(*builder)->finish();
  }

  void expect_the_bits_of_one_thread(const Checkpoint& checkpoint) {
    const ModelSpec& spec = checkpoint.spec();
    std::mt19937 random(3);
    for (const char* recipe :
         {"fp32", "bf16", "fp16", "fp8", "int8", "int8-rtn", "int4", "int4-w4a8:group=32"}) {
      SCOPED_TRACE(recipe);
      // A threshold so low that LLM.int8() has many outlier columns, other ones in each row.
      auto plan = resolve_recipe(recipe, spec);
      ASSERT_TRUE(plan) << plan.error().message();
      plan->outlier_threshold = 2.5F;
      ThreadPool one(1);
      ThreadPool two(2);
      ThreadPool five(5);
      const auto alone = classifier(checkpoint, *plan, one);
      const auto pair = classifier(checkpoint, *plan, two);
      const auto team = classifier(checkpoint, *plan, five);
      for (const std::uint32_t length : {1U, 8U, 9U, 17U, 41U, 128U}) {
        SCOPED_TRACE(length);
        std::vector<std::int32_t> tokens(2 * length);
        for (std::int32_t& token : tokens) token = static_cast<std::int32_t>(random() % spec.vocabulary);
        const std::array<std::uint32_t, 3> offsets = {0, length, 2 * length};
        std::vector<float> expected(2 * spec.classes);
        std::vector<float> shared(2 * spec.classes);
        ASSERT_TRUE(alone->predict({tokens, offsets}, expected));
        ASSERT_TRUE(team->predict({tokens, offsets}, shared));
        EXPECT_THAT(shared, ElementsAreArray(expected));
        const std::array<std::uint32_t, 2> first = {0, length};
        shared.resize(spec.classes);
        expected.resize(spec.classes);
        ASSERT_TRUE(pair->predict({std::span(tokens).first(length), first}, shared));
        EXPECT_THAT(shared, ElementsAreArray(expected));
      }
    }
  }
};

TEST_P(SharedTextTest, GivesTheBitsOfOneThread) {
  const auto checkpoint = Checkpoint::open(std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo" / GetParam());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  expect_the_bits_of_one_thread(*checkpoint);
}

// Layers so large that each member takes some of their panels, for the rows of all.
TEST_P(SharedTextTest, GivesTheBitsOfOneThreadWhereLayersAreLarge) {
  RandomGeometry geometry{.hidden = 768, .intermediate = 784, .layers = 3, .heads = 12, .kv_heads = 6};
  if (std::string(GetParam()) == "demo-decoder") geometry.family = Family::kQwen2;
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("quantier-shared-text-" + std::to_string(getpid()));
  const Status written = write_random_checkpoint(folder, geometry, {.dtype = DType::kF16});
  ASSERT_TRUE(written) << written.error().message();
  const auto checkpoint = Checkpoint::open(folder);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  expect_the_bits_of_one_thread(*checkpoint);
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Families, SharedTextTest, ::testing::Values("demo-encoder", "demo-decoder"),
                         [](const auto& tested) {
                           return std::string(tested.param) == "demo-encoder" ? "Encoder" : "Decoder";
                         });

TEST(Team, UnitesInEveryTurn) {
  constexpr std::size_t kMembers = 3;
  constexpr std::uint32_t kTurns = 200;
  ThreadPool pool(kMembers);
  Team team(kMembers, kMembers);
  std::array<std::size_t, kMembers> wrong = {};
  pool.run(kMembers, [&](std::size_t member, std::size_t) {
    std::vector<std::uint32_t> all;
    for (std::uint32_t turn = 0; turn < kTurns; ++turn) {
      const std::array<std::uint32_t, 2> own = {turn, turn + 1 + static_cast<std::uint32_t>(member)};
      const auto united = team.unite(member, own, all);
      wrong[member] += united.size() != 4 || united.front() != turn || united.back() != turn + 3;
      if (turn % 3 == 0) team.wait();
    }
  });
  EXPECT_THAT(wrong, ::testing::Each(0));
}

}  // namespace
}  // namespace quantier
