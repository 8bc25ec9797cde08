#include "quantier/dataset/prediction_labels.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/rng.h"

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PredictionTable with_ids(std::vector<std::string> ids) {
  PredictionTable table;
  table.source = "file";
  table.example_count = ids.size();
  table.class_count = 2;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    table.logits.push_back(static_cast<float>(i));
    table.logits.push_back(static_cast<float>(i) + 0.5F);
    table.label_numbers.push_back(static_cast<std::int64_t>(i % 2));
  }
  table.ids = std::move(ids);
  return table;
}

TEST(JoinRows, ByIdWhereThereAreSome) {
  const PredictionTable reference = with_ids({"a", "b", "c"});
  PredictionTable other = with_ids({"c", "a", "b"});
  const auto order = join_rows(reference, other);
  ASSERT_TRUE(order.has_value());
  EXPECT_THAT(*order, ElementsAre(1, 2, 0));
  reorder(other, *order);
  EXPECT_EQ(other.ids, reference.ids);
  EXPECT_THAT(other.logits, ElementsAre(1, 1.5F, 2, 2.5F, 0, 0.5F));
  EXPECT_THAT(other.label_numbers, ElementsAre(1, 0, 0));
}

TEST(JoinRows, SaysWhatDoesNotFit) {
  const auto different = join_rows(with_ids({"a", "b"}), with_ids({"a", "c", "d"}));
  ASSERT_FALSE(different.has_value());
  EXPECT_THAT(different.error().message(),
              HasSubstr("1 ids of the first are not in the second (\"b\" is one)"));
  EXPECT_THAT(different.error().message(), HasSubstr("2 of the second"));
  PredictionTable unnamed = with_ids({"a", "b", "c"});
  unnamed.ids.clear();
  const auto count = join_rows(with_ids({"a", "b"}), unnamed);
  ASSERT_FALSE(count.has_value());
  EXPECT_THAT(count.error().message(), HasSubstr("2 rows and 3 rows"));
  EXPECT_THAT(count.error().message(), HasSubstr("no ids in the second"));
}

TEST(ClassIds, NumbersNamesAndWhatIsNeither) {
  PredictionTable table = with_ids({"a", "b"});
  EXPECT_THAT(class_ids_of(table, 2, {}).value(), ElementsAre(0, 1));
  table.label_numbers = {1, 2};
  const auto from_one = class_ids_of(table, 2, {});
  ASSERT_FALSE(from_one.has_value());
  EXPECT_THAT(from_one.error().message(), HasSubstr("run from 1"));
  EXPECT_THAT(from_one.error().message(), HasSubstr("row 1"));
  table.label_numbers = {-1, 0};
  EXPECT_FALSE(class_ids_of(table, 2, {}).has_value());
  table.label_numbers.clear();
  EXPECT_THAT(class_ids_of(table, 2, {}).error().message(), HasSubstr("no labels"));
  table.label_names = {"y", "x"};
  EXPECT_THAT(class_ids_of(table, 2, {"x", "y"}).value(), ElementsAre(1, 0));
  EXPECT_THAT(class_ids_of(table, 2, {"x", "z"}).error().message(), HasSubstr("\"y\" is no class"));
}

std::uint64_t drawn(std::uint64_t i) { return Philox(17, i).next_u64(); }

// 600 rows of 7 classes, right four times out of five.
struct Frame {
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> predictions;
};
Frame good_frame() {
  Frame frame;
  for (std::uint64_t i = 0; i < 600; ++i) {
    const auto label = static_cast<std::int32_t>(drawn(i) % 7);
    frame.labels.push_back(label);
    frame.predictions.push_back(i % 5 == 0 ? static_cast<std::int32_t>(drawn(i + 9999) % 7) : label);
  }
  return frame;
}

TEST(LabelFrame, GoodOnesAreLeftAlone) {
  const Frame frame = good_frame();
  EXPECT_FALSE(find_label_frame_fault(frame.predictions, frame.labels, 7).has_value());
  EXPECT_FALSE(find_label_frame_fault(frame.predictions, frame.predictions, 7).has_value());
  EXPECT_FALSE(find_label_frame_fault(std::vector<std::int32_t>{1}, std::vector<std::int32_t>{0}, 2));
}

TEST(LabelFrame, NoiseIsNotRecovered) {
  Frame frame = good_frame();
  for (std::size_t i = 0; i < frame.labels.size(); ++i) {
    frame.predictions[i] = static_cast<std::int32_t>(drawn(i + 5555) % 7);
  }
  EXPECT_FALSE(find_label_frame_fault(frame.predictions, frame.labels, 7).has_value());
}

TEST(LabelFrame, NamesTheShift) {
  Frame frame = good_frame();
  std::rotate(frame.labels.begin(), frame.labels.begin() + 3, frame.labels.end());
  const auto fault = find_label_frame_fault(frame.predictions, frame.labels, 7);
  ASSERT_TRUE(fault.has_value());
  EXPECT_THAT(fault->what, HasSubstr("moved down by 3 rows"));
  EXPECT_GT(fault->recovered, 0.7);
  const Status refused = check_label_frame(frame.predictions, frame.labels, 7, "file");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message(), HasSubstr("would give"));
}

TEST(LabelFrame, NamesReversalCountingAndRenaming) {
  Frame frame = good_frame();
  std::reverse(frame.labels.begin(), frame.labels.end());
  EXPECT_THAT(find_label_frame_fault(frame.predictions, frame.labels, 7)->what, HasSubstr("reverse"));
  frame = good_frame();
  for (auto& label : frame.labels) label = (label + 1) % 7;
  EXPECT_THAT(find_label_frame_fault(frame.predictions, frame.labels, 7)->what, HasSubstr("minus 1"));
  frame = good_frame();
  for (auto& label : frame.labels) label = (label * 3 + 1) % 7;
  EXPECT_THAT(find_label_frame_fault(frame.predictions, frame.labels, 7)->what,
              HasSubstr("another order of the classes"));
}

}  // namespace
}  // namespace quantier
