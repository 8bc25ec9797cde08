#include "quantier/evidence/store.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace quantier {
namespace {

namespace fs = std::filesystem;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string pattern = (fs::temp_directory_path() / "quantier-store-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~StoreTest() override { fs::remove_all(folder_); }
  fs::path path() const { return folder_ / "evidence.sqlite"; }
  fs::path folder_;
};

Run some_run(const std::string& key) {
  Run run;
  run.configuration = {"demo-encoder", "int8", "cpu"};
  run.key = key;
  run.split = "validation";
  run.requested_batch_size = 32;
  run.effective_batch_size = 16;
  run.plan.recipe = "int8";
  run.plan.device = "cpu";
  run.provenance.machine = "a machine";
  run.memory = {1000, 2000, 3000, 4000};
  Predictions& p = run.predictions;
  p.example_count = 3;
  p.class_count = 2;
  p.logits = {1, 2, 3, 4, 5, -0.0F};
  p.label_names = {"games", "d\"oc"};
  p.labels = {0, 1, 1};
  p.ids = {"a", "b", "\u00e9"};
  p.token_counts = {7, 8, 9};
  p.truncated = {0, 0, 1};
  run.timings = {{TimingProtocol::kLatency, 1, 1, 1, 12, 5, 100, false}};
  return run;
}

Result<Store> writable(const fs::path& path) { return Store::open(path, Store::Mode::kReadWrite); }

TEST_F(StoreTest, RunComesBackWhole) {
  auto store = writable(path());
  ASSERT_TRUE(store) << store.error().message();
  const quantier::Run run = some_run("k1");
  ASSERT_TRUE(store->add_run(run));
  EXPECT_TRUE(*store->has_run("k1"));
  EXPECT_FALSE(*store->has_run("k2"));
  const auto back = store->load_run("k1");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->predictions.logits, run.predictions.logits);
  EXPECT_EQ(back->predictions.labels, run.predictions.labels);
  EXPECT_EQ(back->predictions.ids, run.predictions.ids);
  EXPECT_EQ(back->predictions.label_names, run.predictions.label_names);
  EXPECT_EQ(back->predictions.truncated, run.predictions.truncated);
  EXPECT_EQ(back->effective_batch_size, 16U);
  EXPECT_EQ(back->limit, std::nullopt);
  EXPECT_EQ(back->memory.process_peak_bytes, 4000U);
  ASSERT_EQ(back->timings.size(), 1U);
  EXPECT_EQ(back->timings[0].wall_ns, 100);
  const auto summaries = store->runs();
  ASSERT_TRUE(summaries) << summaries.error().message();
  ASSERT_EQ(summaries->size(), 1U);
  EXPECT_EQ(summaries->front().examples, 3U);
}

TEST_F(StoreTest, SameKeyTwiceIsAnError) {
  auto store = writable(path());
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add_run(some_run("k1")));
  const Status again = store->add_run(some_run("k1"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kUserInput);
  EXPECT_EQ(store->runs()->size(), 1U);
}

TEST_F(StoreTest, TimingsAreReplacedAndAllOrNothing) {
  auto store = writable(path());
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->add_run(some_run("k1")));
  RunTimings timings{"k1", {{TimingProtocol::kWorkload, 0, 32, 32, 9, 1, 2, true}}, {{"again", 5, 0.5, 1}}};
  ASSERT_TRUE(store->set_timings(std::vector{timings}));
  EXPECT_EQ(store->load_run("k1")->timings.at(0).protocol, TimingProtocol::kWorkload);
  EXPECT_EQ(store->noise_floor("k1")->at(0).max_abs_logit_difference, 0.5);
  EXPECT_EQ(*store->timing_conditions("k1"), "");
  timings.conditions = "{\"threads\":2}";
  ASSERT_TRUE(store->set_timings(std::vector{timings}));
  EXPECT_EQ(*store->timing_conditions("k1"), timings.conditions);
  EXPECT_EQ(*store->timing_conditions("k2"), std::nullopt);
  timings.samples.clear();
  timings.conditions = "others";
  const std::vector<RunTimings> with_unknown{timings, {"unknown", {}, {}}};
  ASSERT_FALSE(store->set_timings(with_unknown));
  EXPECT_EQ(store->load_run("k1")->timings.size(), 1U);
  EXPECT_EQ(*store->timing_conditions("k1"), "{\"threads\":2}");
}

DeviceReadings some_readings() {
  DeviceReadings readings{.source = "a driver",
                          .problem = "",
                          .interval_ns = 50,
                          .memory_before_bytes = 7,
                          .readings = {{.at_ns = 5, .sm_clock_mhz = 1980, .clock_reasons = 4}, {.at_ns = 9}}};
  readings.readings[1].memory_used_bytes = 99;
  return readings;
}

TEST_F(StoreTest, WhatADeviceLeftComesBack) {
  auto store = writable(path());
  ASSERT_TRUE(store);
  quantier::Run run = some_run("k1");
  run.device.predictions = DeviceSplit{100, 1, 2, {3, 80, 4}};
  run.device.predictions_readings = some_readings();
  ASSERT_TRUE(store->add_run(run));
  auto back = store->load_run("k1");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->device.predictions, run.device.predictions);
  EXPECT_EQ(back->device.predictions_readings, run.device.predictions_readings);
  EXPECT_EQ(back->device.timing_readings, std::nullopt);

  RunTimings timings{.key = "k1", .samples = {{TimingProtocol::kLatency, 0, 1, 1, 9, 1, 20}}, .noise = {}};
  timings.samples.push_back(timings.samples[0]);
  timings.samples[0].device = DeviceTimes{1, 12, 2};
  timings.samples[0].encode_ns = 5;
  timings.samples[0].slowdown = 0x40;
  timings.readings = some_readings();
  ASSERT_TRUE(store->set_timings(std::vector{timings}));
  back = store->load_run("k1");
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_EQ(back->timings.size(), 2U);
  EXPECT_EQ(back->timings[0].device, timings.samples[0].device);
  EXPECT_EQ(back->timings[0].encode_ns, 5);
  EXPECT_EQ(back->timings[0].slowdown, 0x40U);
  EXPECT_EQ(back->timings[1].device, std::nullopt);
  EXPECT_EQ(back->device.timing_readings, timings.readings);

  // On another machine, without a device: nothing of the earlier session is left.
  timings.samples[0] = timings.samples[1];
  timings.readings.reset();
  ASSERT_TRUE(store->set_timings(std::vector{timings}));
  back = store->load_run("k1");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->timings[0].device, std::nullopt);
  EXPECT_EQ(back->device.timing_readings, std::nullopt);
}

// A program that knows nothing of devices may replace timings, and leaves what stood beside the old ones.
TEST_F(StoreTest, WhatBelongsToOtherTimingsIsNotTaken) {
  auto store = writable(path());
  ASSERT_TRUE(store);
  quantier::Run run = some_run("k1");
  ASSERT_TRUE(store->add_run(run));
  ASSERT_TRUE(
      store->set_setting("device of timing of k1", R"({"samples":[[99,1,1,1,1,0]],"readings":null})"));
  auto back = store->load_run("k1");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->timings.at(0).device, std::nullopt);
  ASSERT_TRUE(store->set_setting("device of timing of k1", R"({"samples":[[99,1,-1,1,1,0]]})"));
  EXPECT_FALSE(store->load_run("k1")) << "a time may not be negative";
  ASSERT_TRUE(store->set_setting("device of timing of k1", R"({"samples":7})"));
  EXPECT_FALSE(store->load_run("k1"));
}

TEST_F(StoreTest, FailuresAndSettings) {
  auto store = writable(path());
  ASSERT_TRUE(store);
  const Error error{ErrorKind::kEnvironment, "worker died", "demo", "signal 9", "hint"};
  ASSERT_TRUE(store->add_failure({{"m", "int8", "cpu"}, "k", "predictions", "now", error}));
  const auto failures = store->failures();
  ASSERT_TRUE(failures);
  ASSERT_EQ(failures->size(), 1U);
  EXPECT_EQ(failures->front().error.kind, ErrorKind::kEnvironment);
  EXPECT_EQ(failures->front().error.why, "signal 9");
  ASSERT_TRUE(store->remove_failures("k", "predictions"));
  EXPECT_TRUE(store->failures()->empty());
  ASSERT_TRUE(store->set_setting("config", "a"));
  ASSERT_TRUE(store->set_setting("config", "b"));
  EXPECT_EQ(*store->setting("config"), "b");
  EXPECT_EQ(*store->setting("absent"), std::nullopt);
}

TEST_F(StoreTest, ReadOnlySeesRunsAndDoesNotCreate) {
  EXPECT_FALSE(Store::open(path(), Store::Mode::kReadOnly));
  EXPECT_FALSE(fs::exists(path()));
  {
    auto store = writable(path());
    ASSERT_TRUE(store->add_run(some_run("k1")));
  }
  auto store = Store::open(path(), Store::Mode::kReadOnly);
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_TRUE(*store->has_run("k1"));
  const Status added = store->add_run(some_run("k2"));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, ErrorKind::kEnvironment);
}

TEST_F(StoreTest, ReadsFromAFolderThatCannotBeWritten) {
  {
    auto store = writable(path());
    ASSERT_TRUE(store->add_run(some_run("k1")));
  }
  fs::permissions(path(), fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read);
  fs::permissions(folder_, fs::perms(0555));
  // Root may write anywhere; a stranger may not.
  constexpr uid_t kNobody = 65534;
  const bool root = ::geteuid() == 0;
  ASSERT_EQ(root ? ::seteuid(kNobody) : 0, 0);
  {
    auto store = Store::open(path(), Store::Mode::kReadOnly);
    EXPECT_TRUE(store) << store.error().message();
    EXPECT_TRUE(store && store->has_run("k1").value_or(false));
  }
  ASSERT_EQ(root ? ::seteuid(0) : 0, 0);
  fs::permissions(folder_, fs::perms::owner_all);
}

TEST_F(StoreTest, RefusesWhatIsNotAStore) {
  std::ofstream(path()) << std::string(4096, 'x');
  for (const auto mode : {Store::Mode::kReadOnly, Store::Mode::kReadWrite}) {
    const auto store = Store::open(path(), mode);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, ErrorKind::kCorruptData);
  }
  EXPECT_EQ(fs::file_size(path()), 4096U);
  const auto folder = Store::open(folder_, Store::Mode::kReadOnly);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().kind, ErrorKind::kUserInput);
  const auto nowhere = writable(folder_ / "missing" / "evidence.sqlite");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, ErrorKind::kEnvironment);
}

TEST_F(StoreTest, RefusesTheDatabaseOfAnotherProgram) {
  {
    auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
    ASSERT_TRUE(connection);
    ASSERT_TRUE(connection->execute("CREATE TABLE music (title TEXT)"));
  }
  EXPECT_FALSE(writable(path()));
  EXPECT_FALSE(Store::open(path(), Store::Mode::kReadOnly));
}

TEST_F(StoreTest, RefusesANewerSchemaByName) {
  {
    ASSERT_TRUE(writable(path()));
  }
  {
    auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
    ASSERT_TRUE(connection->execute("UPDATE meta SET value = 99 WHERE name = 'schema_version'"));
  }
  for (const auto mode : {Store::Mode::kReadOnly, Store::Mode::kReadWrite}) {
    const auto store = Store::open(path(), mode);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, ErrorKind::kUnsupported);
    EXPECT_NE(store.error().why.find("99"), std::string::npos);
  }
}

TEST_F(StoreTest, RefusesArraysThatLie) {
  {
    ASSERT_TRUE(writable(path())->add_run(some_run("k1")));
  }
  const char* const damages[] = {"UPDATE predictions SET examples = 4",
                                 "UPDATE predictions SET classes = 1000000000",
                                 "UPDATE predictions SET labels = x'ffffffffffffffffffffffff'",
                                 "UPDATE predictions SET ids = '[1,2,3]'",
                                 "UPDATE logits SET logits = x'00'",
                                 "DELETE FROM logits",
                                 "UPDATE runs SET plan = '{'",
                                 "DELETE FROM predictions"};
  for (const char* sql : damages) {
    const fs::path copy = folder_ / "copy.sqlite";
    fs::copy_file(path(), copy, fs::copy_options::overwrite_existing);
    {
      auto connection = sqlite::Connection::open(copy.string(), sqlite::Mode::kReadWrite, {});
      ASSERT_TRUE(connection->execute(sql));
    }
    auto store = Store::open(copy, Store::Mode::kReadOnly);
    ASSERT_TRUE(store) << store.error().message();
    const auto run = store->load_run("k1");
    ASSERT_FALSE(run) << sql;
    EXPECT_EQ(run.error().kind, ErrorKind::kCorruptData) << sql;
  }
}

TEST_F(StoreTest, KilledInsideATransactionLosesNoFinishedRun) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = writable(path());
    if (!store || !store->add_run(some_run("finished"))) ::_exit(1);
    auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
    if (!connection) ::_exit(1);
    auto transaction = sqlite::Transaction::begin(*connection);
    if (!connection->execute("DELETE FROM predictions; DELETE FROM runs")) ::_exit(1);
    const char byte = 1;
    if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
    ::pause();
  }
  ::close(ready[1]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto store = writable(path());
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_TRUE(*store->has_run("finished"));
  const auto run = store->load_run("finished");
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(run->predictions.logits.size(), 6U);
}

TEST_F(StoreTest, SecondWriterWaitsAndSaysSo) {
  {
    ASSERT_TRUE(writable(path()));
  }
  auto first = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
  ASSERT_TRUE(first);
  int waits = 0;
  sqlite::WaitOptions options;
  options.limit_ms = 5000;
  options.on_wait = [&waits] { ++waits; };
  auto second = Store::open(path(), Store::Mode::kReadWrite, options);
  ASSERT_TRUE(second) << second.error().message();
  {
    auto transaction = sqlite::Transaction::begin(*first);
    ASSERT_TRUE(transaction);
    std::thread release([held = std::make_unique<sqlite::Transaction>(*std::move(transaction))]() mutable {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      held.reset();
    });
    const Status added = second->add_run(some_run("k1"));
    release.join();
    ASSERT_TRUE(added) << added.error().message();
  }
  EXPECT_GE(waits, 1);
}

TEST_F(StoreTest, SecondWriterGivesUpAtTheLimit) {
  {
    ASSERT_TRUE(writable(path()));
  }
  sqlite::WaitOptions options;
  options.limit_ms = 100;
  auto second = Store::open(path(), Store::Mode::kReadWrite, options);
  ASSERT_TRUE(second);
  auto first = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
  auto transaction = sqlite::Transaction::begin(*first);
  ASSERT_TRUE(transaction);
  const Status added = second->add_run(some_run("k1"));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, ErrorKind::kEnvironment);
}

TEST_F(StoreTest, FullDiskIsAnErrorAndKeepsFinishedRuns) {
  auto store = writable(path());
  ASSERT_TRUE(store->add_run(some_run("k1")));
  // SQLite's own limit on pages reports the same condition as a disk without space.
  auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
  ASSERT_TRUE(connection->execute("PRAGMA max_page_count = 1"));
  const Status status = connection->execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
      "INSERT INTO settings SELECT i, hex(zeroblob(100)) FROM n");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment);
  EXPECT_EQ(status.error().what, "the disk is full");
  EXPECT_TRUE(store->load_run("k1"));
}

}  // namespace
}  // namespace quantier
