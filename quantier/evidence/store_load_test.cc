#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/evidence/store.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreLoadTest : public ::testing::Test {
 protected:
  StoreLoadTest() {
    std::string pattern = (fs::temp_directory_path() / "quantier-load-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~StoreLoadTest() override { fs::remove_all(folder_); }
  [[nodiscard]] fs::path path() const { return folder_ / "evidence.sqlite"; }
  fs::path folder_;
};

LoadTest a_test() {
  LoadTest test;
  test.configuration = {"m", "int8", "cpu"};
  test.run_key = "k";
  test.provenance.weights_sha256 = "w";
  test.provenance.threads = 2;
  test.protocol = {.percentile = 99.5,
                   .bound_ns = 50'000'000,
                   .max_batch = 16,
                   .max_wait_ns = 5'000'000,
                   .trial_requests = 1000,
                   .trial_ns = 10'000'000'000,
                   .warm_up_ns = 1'000'000'000,
                   .repeats = 4,
                   .resolution = 0.02,
                   .threads = 2,
                   .max_length = 64};
  test.asked_rate = 100.0;
  test.full_batch_rate = 321.5;
  return test;
}

LoadTrial a_trial() {
  LoadTrial trial;
  trial.kind = LoadTrialKind::kConfirm;
  trial.repeat = 2;
  trial.seed = 0xFFFF'FFFF'FFFF'FFFE;
  trial.offered_rate = 99.5;
  trial.requests = 3;
  trial.window_ns = 12;
  trial.achieved_rate = 98.25;
  trial.utilisation = 0.5;
  trial.mean_batch = 1.5;
  trial.latency =
      LatencyPercentile{.percentile = 99.5, .value_ns = 40, .low_ns = 30, .high_ns = std::nullopt};
  trial.independent_requests = 2.5;
  trial.profile = {{.percentile = 50.0, .value_ns = 20, .low_ns = 10, .high_ns = 25}};
  trial.verdict = LoadVerdict::kWithin;
  trial.latest_wake_up_ns = 77;
  trial.started_at = "2026-01-01T00:00:00Z";
  return trial;
}

TEST_F(StoreLoadTest, ATestWithItsTrialsComesBack) {
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store);
  EXPECT_THAT(*store->load_results(), IsEmpty());
  const auto id = store->add_load_test(a_test());
  ASSERT_TRUE(id) << id.error().message();
  ASSERT_TRUE(store->add_load_trial(*id, a_trial(), std::vector<std::int64_t>{20, 40, 10}));
  LoadTrial stopped;
  stopped.verdict = LoadVerdict::kOverloaded;
  stopped.stopped_early = true;
  stopped.left_waiting = 9;
  ASSERT_TRUE(store->add_load_trial(*id, stopped, {}));
  {
    // Killed here, the test would stand with its trials.
    const auto unfinished = store->load_results();
    ASSERT_TRUE(unfinished);
    EXPECT_FALSE(unfinished->at(0).finished);
    EXPECT_EQ(unfinished->at(0).trials.size(), 2U);
    EXPECT_FALSE(unfinished->at(0).summary.highest_confirmed_rate);
  }
  LoadSummary summary;
  summary.highest_confirmed_rate = 99.5;
  summary.confirmed_latency =
      LatencyPercentile{.percentile = 99.5, .value_ns = 41, .low_ns = 31, .high_ns = 45};
  summary.confirmed_requests = 3;
  summary.asked_rate_sustained = false;
  ASSERT_TRUE(store->finish_load_test(*id, true, summary));

  const auto back = store->load_results();
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_EQ(back->size(), 1U);
  const LoadTest& test = back->front();
  EXPECT_EQ(test.configuration.display(), "m int8");
  EXPECT_EQ(test.run_key, "k");
  EXPECT_EQ(test.provenance.weights_sha256, "w");
  EXPECT_EQ(test.protocol.percentile, 99.5);
  EXPECT_EQ(test.protocol.max_batch, 16U);
  EXPECT_EQ(test.protocol.warm_up_ns, 1'000'000'000);
  EXPECT_EQ(test.protocol.repeats, 4U);
  EXPECT_EQ(test.protocol.max_length, 64U);
  EXPECT_EQ(test.asked_rate, 100.0);
  EXPECT_EQ(test.full_batch_rate, 321.5);
  EXPECT_TRUE(test.finished);
  EXPECT_EQ(test.summary.highest_confirmed_rate, 99.5);
  EXPECT_EQ(test.summary.confirmed_latency->high_ns, 45);
  EXPECT_EQ(test.summary.lowest_failed_rate, std::nullopt);
  EXPECT_EQ(test.summary.asked_rate_sustained, false);
  ASSERT_EQ(test.trials.size(), 2U);
  const LoadTrial& trial = test.trials[0];
  EXPECT_EQ(trial.kind, LoadTrialKind::kConfirm);
  EXPECT_EQ(trial.seed, 0xFFFF'FFFF'FFFF'FFFE);
  EXPECT_EQ(trial.latency->value_ns, 40);
  EXPECT_EQ(trial.latency->high_ns, std::nullopt);
  EXPECT_EQ(trial.independent_requests, 2.5);
  EXPECT_EQ(trial.profile.at(0).high_ns, 25);
  EXPECT_EQ(trial.verdict, LoadVerdict::kWithin);
  EXPECT_EQ(trial.latest_wake_up_ns, 77);
  EXPECT_FALSE(test.trials[1].latency);
  EXPECT_EQ(test.trials[1].left_waiting, 9U);
  EXPECT_THAT(*store->load_latencies(*id, 0), ElementsAre(20, 40, 10));
  EXPECT_THAT(*store->load_latencies(*id, 1), IsEmpty());
  EXPECT_EQ(store->load_latencies(*id, 2).error().kind, ErrorKind::kUserInput);
}

TEST_F(StoreLoadTest, AStoreOfVersion3ReadsAndMigratesWhenWritten) {
  ASSERT_TRUE(Store::open(path(), Store::Mode::kReadWrite));
  {
    auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
    ASSERT_TRUE(
        connection->execute("DROP TABLE calibration_samples; DROP TABLE load_trials; DROP TABLE load_tests; "
                            "UPDATE meta SET value = 3 WHERE name = 'schema_version'"));
  }
  {
    auto old = Store::open(path(), Store::Mode::kReadOnly);
    ASSERT_TRUE(old) << old.error().message();
    const auto none = old->load_results();
    ASSERT_TRUE(none) << none.error().message();
    EXPECT_THAT(*none, IsEmpty());
  }
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store) << store.error().message();
  ASSERT_TRUE(store->add_load_test(a_test()));
  EXPECT_EQ(store->load_results()->size(), 1U);
}

TEST_F(StoreLoadTest, TheRunOfTheSameModelIsFound) {
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  quantier::Run run;
  run.configuration = {"named", "int8", "cpu"};
  run.key = "first";
  run.provenance.weights_sha256 = "w";
  run.plan.recipe = "int8";
  run.predictions.example_count = 1;
  run.predictions.class_count = 1;
  run.predictions.logits = {1};
  run.predictions.label_names = {"x"};
  ASSERT_TRUE(store->add_run(run));
  quantier::Run other = run;
  other.key = "other";
  other.plan.options = {{"outlier_scope", "batch"}};
  ASSERT_TRUE(store->add_run(other));
  const auto same = store->find_same_model(run.provenance, run.plan);
  ASSERT_TRUE(same && *same);
  EXPECT_EQ((*same)->key, "first");
  EXPECT_EQ((*same)->configuration.model, "named");
  Provenance elsewhere = run.provenance;
  elsewhere.weights_sha256 = "v";
  EXPECT_FALSE(*store->find_same_model(elsewhere, run.plan));
}

TEST_F(StoreLoadTest, DamageIsAnError) {
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  const auto id = store->add_load_test(a_test());
  ASSERT_TRUE(store->add_load_trial(*id, a_trial(), std::vector<std::int64_t>{20}));
  auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
  ASSERT_TRUE(connection->execute("UPDATE load_trials SET latencies_ns = x'010203'"));
  EXPECT_EQ(store->load_latencies(*id, 0).error().kind, ErrorKind::kCorruptData);
  ASSERT_TRUE(connection->execute("UPDATE load_trials SET trial = '{\"kind\": \"guess\"}'"));
  EXPECT_EQ(store->load_results().error().kind, ErrorKind::kCorruptData);
}

}  // namespace
}  // namespace quantier
