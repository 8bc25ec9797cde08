#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>

#include "quantier/evidence/store.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Run a_run(const std::string& key) {
  Run run;
  run.configuration = {"m", "int4-gptq", "cpu"};
  run.key = key;
  run.plan.recipe = "int4-gptq";
  run.predictions.example_count = 2;
  run.predictions.class_count = 2;
  run.predictions.label_names = {"a", "b"};
  run.predictions.logits = {1, 2, 3, 4};
  run.predictions.labels = {0, 1};
  return run;
}

CalibrationSample a_sample(std::uint64_t seed, std::vector<float> logits) {
  CalibrationSample sample;
  sample.seed = seed;
  sample.at = "2026-01-01T00:00:00Z";
  sample.plan.recipe = "int4-gptq";
  sample.plan.options = {{"calibration_seed", std::to_string(seed)}};
  sample.logits = std::move(logits);
  return sample;
}

class StoreSamplesTest : public ::testing::Test {
 protected:
  StoreSamplesTest() {
    std::string pattern = (fs::temp_directory_path() / "quantier-samples-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~StoreSamplesTest() override { fs::remove_all(folder_); }
  [[nodiscard]] fs::path path() const { return folder_ / "evidence.sqlite"; }
  fs::path folder_;
};

TEST_F(StoreSamplesTest, SamplesStandBesideTheirRunAndAreNoRuns) {
  constexpr std::uint64_t kLargeSeed = 0xFFFF'FFFF'FFFF'FFFE;
  {
    auto store = Store::open(path(), Store::Mode::kReadWrite);
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->add_run(a_run("k")));
    ASSERT_TRUE(store->add_run(a_run("other")));
    ASSERT_TRUE(store->add_calibration_sample("k", a_sample(8, {1, 0, 0, 1})));
    ASSERT_TRUE(store->add_calibration_sample("k", a_sample(kLargeSeed, {2, 0, 0, 2})));
    ASSERT_TRUE(store->add_calibration_sample("other", a_sample(8, {3, 0, 0, 3})));
  }
  auto store = Store::open(path(), Store::Mode::kReadOnly);
  ASSERT_TRUE(store);
  EXPECT_EQ(store->runs()->size(), 2U);
  EXPECT_THAT(*store->calibration_sample_seeds("k"), ElementsAre(8U, kLargeSeed));
  const auto samples = store->calibration_samples("k");
  ASSERT_TRUE(samples) << samples.error().message();
  ASSERT_EQ(samples->size(), 2U);
  EXPECT_EQ(samples->at(1).seed, kLargeSeed);
  EXPECT_EQ(samples->at(1).at, "2026-01-01T00:00:00Z");
  EXPECT_THAT(samples->at(1).logits, ElementsAre(2, 0, 0, 2));
  EXPECT_EQ(samples->at(1).plan.options.front().second, std::to_string(kLargeSeed));
}

TEST_F(StoreSamplesTest, ASampleBelongsToARunOnceAndHasItsSize) {
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add_run(a_run("k")));
  EXPECT_EQ(store->add_calibration_sample("none", a_sample(8, {1, 0, 0, 1})).error().kind,
            ErrorKind::kUserInput);
  EXPECT_EQ(store->add_calibration_sample("k", a_sample(8, {1, 0, 0})).error().kind, ErrorKind::kBug);
  ASSERT_TRUE(store->add_calibration_sample("k", a_sample(8, {1, 0, 0, 1})));
  EXPECT_EQ(store->add_calibration_sample("k", a_sample(8, {1, 0, 0, 1})).error().kind,
            ErrorKind::kUserInput);
  {
    auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
    ASSERT_TRUE(connection->execute("UPDATE calibration_samples SET logits = x'00000000'"));
  }
  EXPECT_EQ(store->calibration_samples("k").error().kind, ErrorKind::kCorruptData);
}

TEST_F(StoreSamplesTest, AStoreOfVersion4HasNoneAndMigratesWhenWritten) {
  ASSERT_TRUE(Store::open(path(), Store::Mode::kReadWrite)->add_run(a_run("k")));
  {
    auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
    ASSERT_TRUE(connection->execute(
        "DROP TABLE calibration_samples; UPDATE meta SET value = 4 WHERE name = 'schema_version'"));
  }
  {
    auto old = Store::open(path(), Store::Mode::kReadOnly);
    ASSERT_TRUE(old) << old.error().message();
    EXPECT_THAT(*old->calibration_samples("k"), IsEmpty());
    EXPECT_THAT(*old->calibration_sample_seeds("k"), IsEmpty());
  }
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store) << store.error().message();
  ASSERT_TRUE(store->add_calibration_sample("k", a_sample(8, {1, 0, 0, 1})));
  EXPECT_EQ(store->calibration_samples("k")->size(), 1U);
}

}  // namespace
}  // namespace quantier
