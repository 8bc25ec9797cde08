#include "quantier/decide/metric.h"

#include <gmock/gmock.h>

namespace quantier {
namespace {

using ::testing::HasSubstr;

const MetricNames kNames = {.tiers = {"head", "tail"}, .classes = {"comp.graphics", "Credit card F1"}};

TEST(Metric, EveryNameIsReadBackAsItself) {
  for (std::string text : metric_examples(kNames)) {
    if (text == "class NAME F1") text = "class Credit card F1 F1";
    if (text == "class NAME accuracy") text = "class comp.graphics accuracy";
    const auto metric = parse_metric(text, kNames);
    ASSERT_TRUE(metric) << text << metric.error().message();
    EXPECT_EQ(metric->name(), text);
    EXPECT_EQ(parse_metric(metric->name(), kNames)->key(), metric->key());
  }
}

TEST(Metric, WritingDoesNotMatter) {
  EXPECT_EQ(parse_metric("Macro_F1", kNames)->kind, MetricKind::kMacroF1);
  EXPECT_EQ(parse_metric("  TAIL  accuracy ", kNames)->part, "tail");
  EXPECT_EQ(parse_metric("gate at accuracy 0.95 share", kNames)->level, 0.95);
}

TEST(Metric, UnknownNamesSuggestTheNearest) {
  const auto hint = [](const char* text) {
    const auto metric = parse_metric(text, kNames);
    EXPECT_FALSE(metric) << text;
    return metric ? std::string() : metric.error().message();
  };
  EXPECT_THAT(hint("marco-F1"), HasSubstr("did you mean \"macro-F1\"?"));
  EXPECT_THAT(hint("tial accuracy"), HasSubstr("did you mean \"tail accuracy\"?"));
  EXPECT_THAT(hint("class comp.graphcs F1"), HasSubstr("did you mean \"comp.graphics\"?"));
  EXPECT_THAT(hint("gate 1.5 share"), HasSubstr("between 0 and 1"));
  EXPECT_THAT(hint("gate 0.8"), HasSubstr("share"));
  EXPECT_THAT(hint("latency p97"), HasSubstr("latency p9"));
  EXPECT_FALSE(parse_metric("", kNames));
  EXPECT_FALSE(parse_metric(std::string(100000, 'a') + " accuracy", kNames));
  const auto no_tiers = parse_metric("tail accuracy", {});
  ASSERT_FALSE(no_tiers);
  EXPECT_THAT(no_tiers.error().message(), HasSubstr("there are no tiers"));
}

}  // namespace
}  // namespace quantier
