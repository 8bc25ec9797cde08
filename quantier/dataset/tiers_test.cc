#include "quantier/dataset/tiers.h"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Tiers, OrdersByCountThenLabel) {
  const auto tiers = make_tiers({5, 9, 0, 5, 9, 1}, {"head", "mid", "tail"}, {1, 3});
  ASSERT_TRUE(tiers.has_value()) << tiers.error().message();
  EXPECT_THAT(tiers->tier_of_class, ElementsAre(1, 0, 2, 1, 1, 2));
}

TEST(Tiers, SizesThatDoNotFit) {
  const std::vector<std::int64_t> counts = {3, 2, 1};
  const auto why = [&](const std::vector<std::string>& names, const std::vector<std::size_t>& sizes) {
    const auto tiers = make_tiers(counts, names, sizes);
    EXPECT_FALSE(tiers.has_value());
    if (tiers.has_value()) return std::string();
    EXPECT_EQ(tiers.error().kind, ErrorKind::kUsage);
    return tiers.error().message();
  };
  EXPECT_THAT(why({"head", "tail"}, {3}), HasSubstr("leave no class"));
  EXPECT_THAT(why({"head", "tail"}, {SIZE_MAX}), HasSubstr("leave no class"));
  EXPECT_THAT(why({"a", "b", "c"}, {2, SIZE_MAX}), HasSubstr("leave no class"));
  EXPECT_THAT(why({"head", "tail"}, {0}), HasSubstr("no classes"));
  EXPECT_THAT(why({"head", "tail"}, {1, 1}), HasSubstr("2 names and 2 sizes"));
  EXPECT_THAT(why({"x", "x"}, {1}), HasSubstr("same name"));
  EXPECT_THAT(why({}, {}), HasSubstr("no tier"));
}

class CountsTest : public ::testing::Test {
 protected:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("quantier-counts-" + std::to_string(::getpid()) + ".json");
  void TearDown() override { std::filesystem::remove(path_); }
  [[nodiscard]] Result<std::vector<std::int64_t>> counts(const std::string& content) const {
    std::ofstream(path_) << content;
    return read_training_counts(path_, {"a", "b", "c"});
  }
};

TEST_F(CountsTest, AbsentLabelsCountZero) {
  EXPECT_THAT(counts("{\"c\": 4, \"a\": 2}").value(), ElementsAre(2, 0, 4));
}

TEST_F(CountsTest, Refusals) {
  EXPECT_THAT(counts("{\"d\": 4}").error().message(), HasSubstr("does not know the label \"d\""));
  EXPECT_THAT(counts("{\"a\": -4}").error().message(), HasSubstr("negative"));
  EXPECT_THAT(counts("{\"a\": 1.5}").error().message(), HasSubstr("whole number"));
  EXPECT_THAT(counts("[1, 2, 3]").error().message(), HasSubstr("found array"));
  EXPECT_THAT(counts("{\"a\": 1, \"a\": 2}").error().message(), HasSubstr("twice"));
  EXPECT_THAT(counts("{").error().message(), HasSubstr("malformed"));
  EXPECT_EQ(read_training_counts("/no/such.json", {"a"}).error().kind, ErrorKind::kEnvironment);
}

TEST(Tiers, DemoHasTheKnownSizes) {
  const auto folder = std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo/data";
  std::ifstream file(folder / "labels.json");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  std::vector<std::string> names;
  for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 1)) {
    const std::size_t end = text.find('"', at + 1);
    names.push_back(text.substr(at + 1, end - at - 1));
    at = end;
  }
  const auto training = read_training_counts(folder / "train_label_counts.json", names);
  ASSERT_TRUE(training.has_value()) << training.error().message();
  const auto tiers = make_tiers(*training, {"head", "mid", "tail"}, {10, 20});
  ASSERT_TRUE(tiers.has_value()) << tiers.error().message();
  // The texts of the validation split, counted by hand from its labels.
  std::vector<int> examples(3, 0);
  std::ifstream data(folder / "validation.jsonl");
  for (std::string line; std::getline(data, line);) {
    const std::size_t begin = line.rfind("\"label\": \"") + 10;
    const std::string label = line.substr(begin, line.find('"', begin) - begin);
    const auto id = std::find(names.begin(), names.end(), label) - names.begin();
    ++examples[static_cast<std::size_t>(tiers->tier_of_class.at(static_cast<std::size_t>(id)))];
  }
  EXPECT_THAT(examples, ElementsAre(3502, 2088, 493));
}

}  // namespace
}  // namespace quantier
