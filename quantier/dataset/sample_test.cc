#include "quantier/dataset/sample.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

Dataset skewed() {
  Dataset data;
  for (int i = 0; i < 1000; ++i) {
    data.texts.push_back(std::to_string(i));
    data.labels.push_back(i % 10 == 0 ? 1 : i % 97 == 3 ? 2 : 0);
  }
  return data;
}

TEST(Sample, KeepsTheMixAndTheOrder) {
  const Dataset data = skewed();
  const auto kept = stratified_sample(data, 100, 7);
  ASSERT_EQ(kept.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(kept));
  EXPECT_EQ(std::ranges::adjacent_find(kept), kept.end());
  for (int label = 0; label < 3; ++label) {
    const auto all = std::ranges::count(data.labels, label);
    const auto chosen = std::ranges::count_if(kept, [&](std::size_t i) { return data.labels[i] == label; });
    EXPECT_LT(std::abs(static_cast<double>(chosen) - static_cast<double>(all) / 10), 1.0) << label;
  }
}

TEST(Sample, SeedDecides) {
  const Dataset data = skewed();
  EXPECT_EQ(stratified_sample(data, 50, 1), stratified_sample(data, 50, 1));
  EXPECT_NE(stratified_sample(data, 50, 1), stratified_sample(data, 50, 2));
}

TEST(Sample, Edges) {
  Dataset data = skewed();
  EXPECT_EQ(stratified_sample(data, 1000, 1).size(), 1000u);
  EXPECT_EQ(stratified_sample(data, 5000, 1).size(), 1000u);
  EXPECT_EQ(stratified_sample(data, 0, 1).size(), 0u);
  EXPECT_EQ(stratified_sample(data, 1, 1).size(), 1u);
  data.labels.clear();
  EXPECT_EQ(stratified_sample(data, 17, 1).size(), 17u);
}

TEST(Sample, KeepExamples) {
  const Dataset kept = keep_examples(skewed(), {3, 10});
  EXPECT_THAT(kept.texts, ::testing::ElementsAre("3", "10"));
  EXPECT_THAT(kept.labels, ::testing::ElementsAre(2, 1));
  EXPECT_TRUE(kept.ids.empty());
}

}  // namespace
}  // namespace quantier
