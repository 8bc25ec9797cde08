#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "quantier/evidence/store.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;

class DerivedTest : public ::testing::Test {
 protected:
  DerivedTest() {
    std::string pattern = (fs::temp_directory_path() / "quantier-derived-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~DerivedTest() override { fs::remove_all(folder_); }
  [[nodiscard]] fs::path path() const { return folder_ / "evidence.sqlite"; }
  fs::path folder_;
};

TEST_F(DerivedTest, OnlyItsOwnKeyFindsIt) {
  {
    auto store = Store::open(path(), Store::Mode::kReadWrite);
    ASSERT_TRUE(store);
    EXPECT_EQ(*store->derived("d", "k"), std::nullopt);  // a store without any
    ASSERT_TRUE(store->set_derived("d", {.key = "k", .text = "{}", .numbers = {1.5F, -2.0F, 0.0F}}));
  }
  auto store = Store::open(path(), Store::Mode::kReadOnly);
  ASSERT_TRUE(store);
  const auto found = store->derived("d", "k");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->text, "{}");
  EXPECT_EQ((*found)->numbers, (std::vector<float>{1.5F, -2.0F, 0.0F}));
  EXPECT_EQ(*store->derived("d", "other"), std::nullopt);
  EXPECT_EQ(*store->derived("other", "k"), std::nullopt);
  EXPECT_FALSE(store->set_derived("d", {.key = "k", .text = "", .numbers = {}}));  // read-only
}

TEST_F(DerivedTest, AnotherKeyTakesThePlace) {
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->set_derived("d", {.key = "old", .text = "a", .numbers = {}}));
  ASSERT_TRUE(store->set_derived("d", {.key = "new", .text = "b", .numbers = {}}));
  EXPECT_EQ(*store->derived("d", "old"), std::nullopt);
  EXPECT_EQ((*store->derived("d", "new"))->text, "b");
}

TEST_F(DerivedTest, TheFingerprintFollowsTheTimings) {
  auto store = Store::open(path(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store);
  quantier::Run run;
  run.configuration = {"m", "fp16", "cpu"};
  run.key = "k";
  run.predictions.example_count = 1;
  run.predictions.class_count = 1;
  run.predictions.logits = {1};
  run.predictions.label_names = {"x"};
  ASSERT_TRUE(store->add_run(run));
  const std::string before = *store->timing_fingerprint("k");
  RunTimings timings;
  timings.key = "k";
  timings.samples = {{.examples = 2, .wall_ns = 100}};
  ASSERT_TRUE(store->set_timings(std::vector{timings}));
  const std::string first = *store->timing_fingerprint("k");
  timings.samples[0].wall_ns = 101;
  ASSERT_TRUE(store->set_timings(std::vector{timings}));
  EXPECT_NE(first, before);
  EXPECT_NE(*store->timing_fingerprint("k"), first);
}

}  // namespace
}  // namespace quantier
