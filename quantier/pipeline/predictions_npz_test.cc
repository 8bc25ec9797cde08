#include "quantier/pipeline/predictions_npz.h"

#include <filesystem>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/dataset/npz.h"

namespace quantier {
namespace {

TEST(PredictionsNpz, HoldsWhatIsKnown) {
  const auto path =
      std::filesystem::temp_directory_path() / ("quantier-pred-" + std::to_string(::getpid()) + ".npz");
  Predictions predictions;
  predictions.example_count = 2;
  predictions.class_count = 3;
  predictions.logits = {1, 2, 3, 4, 5, 6};
  predictions.label_names = {"a", "b", "c"};
  ASSERT_TRUE(write_predictions_npz(path, predictions).has_value());
  auto arrays = read_npz(path);
  ASSERT_TRUE(arrays.has_value()) << arrays.error().message();
  ASSERT_EQ(arrays->size(), 2u);
  EXPECT_THAT((*arrays)[0].shape, ::testing::ElementsAre(2, 3));
  EXPECT_EQ(std::get<std::vector<float>>((*arrays)[0].values), predictions.logits);
  EXPECT_EQ((*arrays)[1].name, "label_names");

  predictions.labels = {2, 0};
  predictions.ids = {"x", "y"};
  ASSERT_TRUE(write_predictions_npz(path, predictions).has_value());
  arrays = read_npz(path);
  ASSERT_TRUE(arrays.has_value());
  ASSERT_EQ(arrays->size(), 4u);
  EXPECT_THAT(std::get<std::vector<std::int64_t>>((*arrays)[2].values), ::testing::ElementsAre(2, 0));
  EXPECT_THAT(std::get<std::vector<std::string>>((*arrays)[3].values), ::testing::ElementsAre("x", "y"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace quantier
