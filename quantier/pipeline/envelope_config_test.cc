// [envelope] alone in a file, and what a user can get wrong in it.
#include "quantier/pipeline/envelope_config.h"

#include <gmock/gmock.h>

namespace quantier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(const std::string& toml) {
  const auto file = parse_envelope_file(toml, "limits.toml");
  EXPECT_FALSE(file) << toml;
  return file ? std::string() : file.error().message();
}

TEST(EnvelopeConfig, EveryKeyArrives) {
  const auto file = parse_envelope_file(
      "[envelope]\nhardware_memory_mb = 16000\nmemory_headroom = 0.1\nrequests_per_second = 100\n"
      "requests_per_second_from = \"load\"\nece_max = 0.05\nece_fit = \"reported\"\ntie_rule = "
      "\"first_listed\"\n"
      "objectives = [\"ece\"]\nfrontier = [\"macro-F1\", \"latency p95\"]\ntier_accuracy_min = { tail = 0.4 "
      "}\n"
      "[[envelope.constraint]]\nmetric = \"memory\"\nmax = 300\n"
      "[[envelope.constraint]]\nmetric = \"tail accuracy\"\nno_worse_than = \"a fp16\"\nhard = false\n"
      "[[envelope.constraint]]\nmetric = \"class x F1\"\nmin = 0.1\nmax = 0.9\n"
      "[prior]\ntext = \"Ship it.\"\nmodel = \"a\"\n",
      "limits.toml");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->prior->model, "a");
  const auto envelope = envelope_of(file->envelope, file->prior, {.tiers = {"tail"}, .classes = {"x"}});
  ASSERT_TRUE(envelope) << envelope.error().message();
  EXPECT_EQ(envelope->hardware_memory_bytes, 16e9);
  EXPECT_FALSE(envelope->rate_from_throughput);
  EXPECT_EQ(envelope->ece_fit, "reported");
  EXPECT_EQ(envelope->tie_rule, TieRule::kFirstListed);
  EXPECT_EQ(envelope->order, std::vector{Objective::kEce});
  EXPECT_EQ(envelope->frontier_axes[1].level, 95.0);
  EXPECT_EQ(envelope->tier_floors[0].tier, "tail");
  ASSERT_EQ(envelope->constraints.size(), 3U);
  EXPECT_EQ(envelope->constraints[0].max, 300e6);
  EXPECT_EQ(envelope->constraints[1].margin, 0.010);  // the declared one
  EXPECT_FALSE(envelope->constraints[1].hard);
  EXPECT_EQ(envelope->constraints[2].metric.kind, MetricKind::kClassF1);
  const auto other = envelope_of(file->envelope, file->prior, {.tiers = {"tail"}, .classes = {"y"}});
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message(), HasSubstr("there is no class \"x\""));
}

TEST(EnvelopeConfig, MistakesAreNamed) {
  const std::string constraint = "[envelope]\n[[envelope.constraint]]\n";
  EXPECT_THAT(refusal(constraint + "metric = \"marco-F1\"\nmin = 0.1\n"),
              HasSubstr("did you mean \"macro-F1\"?"));
  EXPECT_THAT(refusal(constraint + "metric = \"ECE\"\n"), HasSubstr("it has neither"));
  EXPECT_THAT(refusal(constraint + "metric = \"ECE\"\nmax = 0.1\nno_worse_than = \"a\"\n"),
              HasSubstr("it has both"));
  EXPECT_THAT(refusal(constraint + "metric = \"ECE\"\nmax = 0.1\nmargin = 0.1\n"),
              HasSubstr("goes with no_worse_than"));
  EXPECT_THAT(refusal(constraint + "metric = \"ECE\"\nmax = 0.1\nhrad = true\n"), HasSubstr("hard"));
  EXPECT_THAT(refusal(constraint + "min = 0.1\n"),
              HasSubstr("`metric` in [[envelope.constraint]] is missing"));
  EXPECT_THAT(refusal("[envelope]\nconstraint = 3\n"), HasSubstr("written [[envelope.constraint]]"));
  EXPECT_THAT(refusal("[envelope]\nfrontier = [\"ECE\"]\n"), HasSubstr("two axes or more"));
  EXPECT_THAT(refusal("[envelope]\nece_fit = \"row\"\n"), HasSubstr("raw"));
  EXPECT_THAT(refusal("[limits]\nece_max = 1\n"), HasSubstr("limits"));
  EXPECT_THAT(refusal("[envelope\n"), AllOf(HasSubstr("not TOML"), HasSubstr("line 1")));
  EXPECT_THAT(refusal("x = \"\xff\"\n"), HasSubstr("not UTF-8"));
  const auto time =
      parse_envelope_file(constraint + "metric = \"ms per example\"\nno_worse_than = \"a\"\n", "limits.toml");
  ASSERT_TRUE(time);
  const auto no_margin = envelope_of(time->envelope, {}, {});
  ASSERT_FALSE(no_margin);
  EXPECT_THAT(no_margin.error().message(), HasSubstr("needs its margin"));
}

TEST(EnvelopeConfig, AmountsAndLimitsOfTheCommandLine) {
  EXPECT_EQ(*parse_megabytes("2GB"), 2000.0);
  EXPECT_EQ(*parse_megabytes(" 512 mb "), 512.0);
  EXPECT_DOUBLE_EQ(*parse_megabytes("1GiB"), 1073.741824);
  EXPECT_EQ(*parse_megabytes("300"), 300.0);
  for (const char* bad : {"", "GB", "-1GB", "0", "nan", "inf", "1e400", "2 G B", "2TB"}) {
    EXPECT_FALSE(parse_megabytes(bad)) << bad;
  }
  EXPECT_EQ(*parse_constraint("tail accuracy >= 0.6")->min, 0.6);
  EXPECT_EQ(*parse_constraint("latency p95<=20")->max, 20.0);
  for (const char* bad :
       {"", ">=", "ECE", "ECE < 1", "ECE <= ", "ECE <= x", "ECE <= 1 2", "<= 1", "ECE <= inf"}) {
    EXPECT_FALSE(parse_constraint(bad)) << bad;
  }
}

}  // namespace
}  // namespace quantier
