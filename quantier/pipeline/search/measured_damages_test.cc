// What a search measured comes back; what belongs to another search or is damaged does not.
#include "quantier/pipeline/search/measured_damages.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/file.h"

namespace quantier {
namespace {

using testing::HasSubstr;

class MeasuredDamagesTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path(testing::TempDir()) /
            (std::string("measured-") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  [[nodiscard]] MeasuredDamages opened(const std::string& search = "a") const {
    auto measured = MeasuredDamages::open(path_, search);
    EXPECT_TRUE(measured) << measured.error().message();
    return std::move(*measured);
  }

  std::filesystem::path path_;
};

const std::vector<TierDamage> kDamage = {{10, 3, 2, 1, 7, 0.012345678901234567}, {4, 0, 0, 0, 4, 0}};

TEST_F(MeasuredDamagesTest, ComeBack) {
  auto first = opened();
  EXPECT_EQ(first.found(), 0U);
  ASSERT_TRUE(first.add("layers.0=int8", kDamage));
  EXPECT_NE(first.find("layers.0=int8"), nullptr);
  const auto second = opened();
  EXPECT_EQ(second.found(), 1U);
  const auto* damage = second.find("layers.0=int8");
  ASSERT_NE(damage, nullptr);
  ASSERT_EQ(damage->size(), 2U);
  EXPECT_EQ(damage->front().lost, 2U);
  EXPECT_EQ(damage->front().mean_divergence, kDamage.front().mean_divergence);
  EXPECT_EQ(second.find("layers.1=int8"), nullptr);
}

TEST_F(MeasuredDamagesTest, ALineCutShortIsDroppedAndTheFileGoesOn) {
  ASSERT_TRUE(opened().add("one", kDamage));
  ASSERT_TRUE(opened().add("two", kDamage));
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 5);
  auto measured = opened();
  EXPECT_EQ(measured.found(), 1U);
  ASSERT_TRUE(measured.add("three", kDamage));
  const auto again = opened();
  EXPECT_EQ(again.found(), 2U);
  EXPECT_NE(again.find("three"), nullptr);
}

TEST_F(MeasuredDamagesTest, AnotherSearchIsRefused) {
  ASSERT_TRUE(opened("a").add("one", kDamage));
  const auto other = MeasuredDamages::open(path_, "b");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(other.error().message(), HasSubstr("another search"));
}

TEST_F(MeasuredDamagesTest, DamagedLinesAreNamed) {
  for (const char* line : {"{\"plan\":\"x\"}", "{\"plan\":\"x\",\"tiers\":[[1,2]]}",
                           "{\"plan\":\"x\",\"tiers\":[[-1,0,0,0,0,0.5]]}", "nonsense"}) {
    SCOPED_TRACE(line);
    ASSERT_TRUE(write_file_atomically(path_, std::string("{\"search\":\"a\"}\n") + line + "\n"));
    const auto measured = MeasuredDamages::open(path_, "a");
    ASSERT_FALSE(measured);
    EXPECT_EQ(measured.error().kind, ErrorKind::kCorruptData);
    EXPECT_THAT(measured.error().message(), HasSubstr("line 2"));
  }
}

}  // namespace
}  // namespace quantier
