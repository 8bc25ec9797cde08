// Against bitsandbytes 0.50.2 (testdata/formats/llm_int8.json, made by
// tools/goldens/bitsandbytes_goldens.py): codes, maxima and outlier columns to the last bit, and the rules
// that decide them.
#include "quantier/formats/i8_row.h"

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/formats/golden_arrays.h"

namespace quantier {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::ElementsAreArray;

const Json& golden() {
  static const Json file = goldens::read(QUANTIER_SOURCE_DIR "/testdata/formats/llm_int8.json");
  return file;
}

TEST(I8Row, WeightCodesAndMaximaAreIdentical) {
  ASSERT_GE(golden()["cases"].size(), 8U);
  for (const Json& item : golden()["cases"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    const std::vector<float> weight = goldens::halves(item["weight"]);
    const std::size_t columns = goldens::dimension(item["weight"], 1);
    std::vector<std::int8_t> codes(weight.size());
    std::vector<float> absmax(weight.size() / columns);
    for (std::size_t n = 0; n < absmax.size(); ++n) {
      const auto row = std::span(weight).subspan(n * columns, columns);
      absmax[n] = i8_row_absmax(row);
      i8_quantize_row(row, absmax[n], std::span(codes).subspan(n * columns, columns));
    }
    EXPECT_THAT(codes, ElementsAreArray(goldens::codes(item["weight_codes"])));
    EXPECT_THAT(absmax, ElementsAreArray(goldens::floats(item["weight_absmax"])));
  }
}

TEST(I8Row, ActivationCodesMaximaAndOutlierColumnsAreIdentical) {
  const float threshold = golden()["threshold"].get<float>();
  for (const Json& item : golden()["cases"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    const std::vector<float> x = goldens::halves(item["x"]);
    const std::size_t columns = goldens::dimension(item["x"], 1);
    std::vector<std::uint32_t> outliers;
    i8_outlier_columns(x, columns, threshold, outliers);
    EXPECT_THAT(outliers, ElementsAreArray(item["outlier_columns"].get<std::vector<std::uint32_t>>()));
    std::vector<std::int8_t> codes(x.size());
    std::vector<float> absmax(x.size() / columns);
    i8_quantize_activations(x, columns, threshold, outliers, codes, absmax);
    EXPECT_THAT(codes, ElementsAreArray(goldens::codes(item["x_codes"])));
    EXPECT_THAT(absmax, ElementsAreArray(goldens::floats(item["x_absmax"])));
  }
}

TEST(I8Row, WeightsOfOutlierColumnsAreIdentical) {
  std::size_t compared = 0;
  for (const Json& item : golden()["cases"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    const auto outliers = item["outlier_columns"].get<std::vector<std::uint32_t>>();
    const std::vector<std::int8_t> codes = goldens::codes(item["weight_codes"]);
    const std::vector<float> absmax = goldens::floats(item["weight_absmax"]);
    const std::vector<float> expected = goldens::halves(item["outlier_weights"]);
    const std::size_t columns = goldens::dimension(item["weight"], 1);
    for (std::size_t n = 0; n < absmax.size(); ++n) {
      for (std::size_t i = 0; i < outliers.size(); ++i, ++compared) {
        ASSERT_EQ(i8_weight(codes[n * columns + outliers[i]], absmax[n]), expected[n * outliers.size() + i]);
      }
    }
  }
  EXPECT_GT(compared, 1000U);
}

TEST(I8Row, TiesGoToTheEvenCode) {
  const std::vector<float> row{127.0F, 0.5F, 1.5F, 2.5F, -0.5F, -1.5F, -2.5F, 126.5F};
  std::vector<std::int8_t> codes(row.size());
  i8_quantize_row(row, i8_row_absmax(row), codes);
  EXPECT_THAT(codes, ElementsAre(127, 0, 2, 2, 0, -2, -2, 126));
}

TEST(I8Row, NoHalfLeavesTheRangeOfCodes) {
  // absmax * (127 / absmax) may round above 127, never to 128.
  for (std::uint32_t bits = 1; bits < 0x7C00U; ++bits) {
    const float absmax = to_float(Half{static_cast<std::uint16_t>(bits)});
    const std::vector<float> row{absmax, -absmax};
    std::vector<std::int8_t> codes(2);
    i8_quantize_row(row, absmax, codes);
    ASSERT_THAT(codes, ElementsAre(127, -127)) << absmax;
  }
}

TEST(I8Row, OutlierColumnsAreThoseOfTheRowsGiven) {
  const std::vector<float> two_rows{1, 7, 2, 3, 4, -6};
  std::vector<std::uint32_t> outliers;
  i8_outlier_columns(two_rows, 3, 6.0F, outliers);
  EXPECT_THAT(outliers, ElementsAre(1, 2));
  i8_outlier_columns(std::span(two_rows).first(3), 3, 6.0F, outliers);
  EXPECT_THAT(outliers, ElementsAre(1));
}

TEST(I8Row, ANanShowsInTheMaximumOfItsRowOnly) {
  const std::vector<float> x{1, NAN, 3, 1, 2, 3};
  std::vector<std::int8_t> codes(6);
  std::vector<float> absmax(2);
  i8_quantize_activations(x, 3, 6.0F, {}, codes, absmax);
  EXPECT_TRUE(std::isnan(absmax[0]));
  EXPECT_THAT(std::span(codes).first(3), Each(0));
  EXPECT_EQ(absmax[1], 3.0F);
}

}  // namespace
}  // namespace quantier
