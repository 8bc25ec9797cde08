#include "quantier/pipeline/report_promises.h"

#include <gtest/gtest.h>

#include "quantier/formats/plan.h"

namespace quantier {
namespace {

ExecutedLayer layer(const std::string& format, std::uint64_t out, std::uint64_t in) {
  ExecutedLayer made;
  made.executed_format = format;
  made.out_features = out;
  made.in_features = in;
  return made;
}

TEST(ReportPromisesTest, MostWeightsNameTheArithmetic) {
  ExecutedPlan plan;
  EXPECT_EQ(arithmetic_of(plan), "");
  plan.layers = {layer("f16", 10, 10), layer("i8-row", 100, 10)};
  EXPECT_EQ(arithmetic_of(plan), "multiplies bytes and sums them as integers");
  plan.device = "cuda:0 (a card)";
  EXPECT_EQ(arithmetic_of(plan), "multiplies bytes on the tensor cores and sums them as integers");
  plan.device = "cpu";
}

TEST(ReportPromisesTest, EveryFormatOfTheEngineHasWords) {
  for (int i = 0; i <= static_cast<int>(WeightFormat::kFp8Row); ++i) {
    const auto format = static_cast<WeightFormat>(i);
    ExecutedPlan plan;
    plan.layers = {layer(weight_format_name(format), 4, 4)};
    EXPECT_NE(arithmetic_of(plan), "") << weight_format_name(format);
  }
}

}  // namespace
}  // namespace quantier
