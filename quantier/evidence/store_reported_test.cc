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

class ReportedTest : public ::testing::Test {
 protected:
  ReportedTest() {
    std::string pattern = (fs::temp_directory_path() / "quantier-reported-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ReportedTest() override { fs::remove_all(folder_); }
  // What an older program would have left: version 1, logits beside the labels, without the later tables.
  void make_old() const {
    auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
    ASSERT_TRUE(connection);
    ASSERT_TRUE(
        connection->execute("UPDATE predictions SET logits = (SELECT logits FROM logits "
                            "WHERE logits.run_id = predictions.run_id); DROP TABLE logits; "
                            "DROP TABLE calibration_samples; DROP TABLE load_trials; DROP TABLE load_tests; "
                            "DROP TABLE reported; DROP TABLE example_groups; "
                            "UPDATE meta SET value = 1 WHERE name = 'schema_version'"));
  }
  [[nodiscard]] fs::path path() const { return folder_ / "evidence.sqlite"; }
  fs::path folder_;
};

Run imported_run() {
  Run run;
  run.configuration = {"a", "int4", "card"};
  run.key = "k";
  run.provenance.origin = RunOrigin::kImported;
  run.provenance.imported_from = "p.npz, array x";
  run.provenance.declared_device = "card";
  run.memory.device_peak_bytes = 410;
  Predictions& p = run.predictions;
  p.example_count = 2;
  p.class_count = 1;
  p.logits = {1, 2};
  p.label_names = {"x"};
  p.groups = {{"source", {"web", "mail"}}};
  return run;
}

TEST_F(ReportedTest, ValuesComeBack) {
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store);
  const ReportedValue first{.kind = ReportedKind::kEarlier,
                            .model = "m",
                            .recipe = "fp16",
                            .quantity = "macro_f1",
                            .tier = "tail",
                            .label = "x",
                            .part = "odd positions",
                            .value = 0.25,
                            .decimals = 2,
                            .source = "memo",
                            .when = "June",
                            .how = "by hand"};
  ReportedValue second;
  second.quantity = "anything";
  ASSERT_TRUE(store->add_reported(std::vector{first, second}));
  const auto back = store->reported();
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 2U);
  EXPECT_EQ(back->at(0).kind, ReportedKind::kEarlier);
  EXPECT_EQ(back->at(0).subject(), "m fp16 tail x odd positions");
  EXPECT_EQ(back->at(0).value, 0.25);
  EXPECT_EQ(back->at(0).decimals, 2);
  EXPECT_EQ(back->at(0).how, "by hand");
  EXPECT_EQ(back->at(1).decimals, std::nullopt);
}

TEST_F(ReportedTest, OriginGroupsAndDeviceMemoryComeBack) {
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store->add_run(imported_run()));
  const auto back = store->load_run("k");
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->provenance.origin, RunOrigin::kImported);
  EXPECT_EQ(back->provenance.imported_from, "p.npz, array x");
  EXPECT_EQ(back->provenance.declared_device, "card");
  EXPECT_EQ(back->memory.device_peak_bytes, 410U);
  EXPECT_THAT(back->predictions.groups.at("source"), ElementsAre("web", "mail"));
}

TEST_F(ReportedTest, AnOldStoreReadsAndMigratesWhenWritten) {
  {
    ASSERT_TRUE(Store::open(path(), Store::Mode::kReadWrite)->add_run(imported_run()));
  }
  make_old();
  {
    auto store = Store::open(path(), Store::Mode::kReadOnly);
    ASSERT_TRUE(store) << store.error().message();
    EXPECT_THAT(*store->reported(), IsEmpty());
    const auto run = store->load_run("k");
    ASSERT_TRUE(run) << run.error().message();
    EXPECT_THAT(run->predictions.groups, IsEmpty());
    EXPECT_THAT(run->predictions.logits, ElementsAre(1, 2));
  }
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store) << store.error().message();
  ASSERT_TRUE(store->add_reported(std::vector<ReportedValue>(1)));
  EXPECT_EQ(store->reported()->size(), 1U);
  EXPECT_THAT(store->load_run("k")->predictions.logits, ElementsAre(1, 2));
  quantier::Run newer = imported_run();
  newer.key = "newer";
  ASSERT_TRUE(store->add_run(newer));
  EXPECT_THAT(store->load_run("newer")->predictions.logits, ElementsAre(1, 2));
}

TEST_F(ReportedTest, AGroupOfAnotherLengthIsDamage) {
  {
    ASSERT_TRUE(Store::open(path(), Store::Mode::kReadWrite)->add_run(imported_run()));
  }
  {
    auto connection = sqlite::Connection::open(path().string(), sqlite::Mode::kReadWrite, {});
    ASSERT_TRUE(connection->execute("UPDATE example_groups SET value_of_example = '[\"web\"]'"));
  }
  const auto run = Store::open(path(), Store::Mode::kReadOnly)->load_run("k");
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().kind, ErrorKind::kCorruptData);
}

}  // namespace
}  // namespace quantier
