#include "quantier/pipeline/import_calibration.h"

#include <gmock/gmock.h>

namespace quantier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TemperatureReading reading(const std::string& fit, double temperature, double ece) {
  TemperatureReading one;
  one.fit = fit;
  one.temperature = temperature;
  one.ece = ece;
  return one;
}

Interval interval(double low, double high) {
  Interval made;
  made.low = low;
  made.high = high;
  return made;
}

TEST(LimitWord, KnowsWhatTheIntervalLeavesOpen) {
  EXPECT_EQ(limit_word(0.03, interval(0.01, 0.04), 0.05), LimitWord::kPasses);
  EXPECT_EQ(limit_word(0.03, interval(0.01, 0.05), 0.05), LimitWord::kPasses);
  EXPECT_EQ(limit_word(0.03, interval(0.01, 0.06), 0.05), LimitWord::kLikelyPass);
  EXPECT_EQ(limit_word(0.055, interval(0.04, 0.07), 0.05), LimitWord::kLikelyFail);
  EXPECT_EQ(limit_word(0.09, interval(0.06, 0.12), 0.05), LimitWord::kFails);
}

TEST(Reproduction, TheClosestRecipeSpeaks) {
  ConfigurationFindings findings;
  ReportedValue stated;
  stated.value = 1.0880;
  EXPECT_FALSE(reproduction_of(stated, 5e-5, findings));
  findings.temperature_readings = {reading("reported", 1.0880, 0.04), reading("far", 1.5, 0.02),
                                   reading("near", 1.08796, 0.04)};
  auto found = reproduction_of(stated, 5e-5, findings);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->recipe, "near");
  EXPECT_TRUE(found->is_it);
  findings.temperature_readings.back().temperature = 1.0890;
  found = reproduction_of(stated, 5e-5, findings);
  EXPECT_FALSE(found->is_it);
  EXPECT_TRUE(found->float_stops);
  findings.temperature_readings.back().diverged = true;
  found = reproduction_of(stated, 5e-5, findings);
  EXPECT_EQ(found->recipe, "far");
  EXPECT_FALSE(found->float_stops);
  // Of a part of the rows, where this recipe was not run.
  stated.part = "odd rows";
  EXPECT_FALSE(reproduction_of(stated, 5e-5, findings));
}

TEST(CalibrationText, OneRowWithEveryReading) {
  ImportedCalibration row;
  row.model = "m";
  row.recipe = "r";
  row.ece_without = 0.1;
  row.optimum = 1.5;
  row.ece_optimum = 0.02;
  EXPECT_THAT(calibration_text({row}, std::nullopt), IsEmpty());
  row.reported = reading("reported", 1.2, 0.07);
  row.reproduced = {reading("gd:lr=1,steps=9", 1.2, 0.07)};
  row.reproduced[0].share_of_optimum = 0.45;
  row.ece_held_out = 0.03;
  row.ece_held_out_interval = interval(0.01, 0.04);
  const std::string text = calibration_text({row}, 0.05);
  EXPECT_THAT(text, AllOf(HasSubstr("0.0700 at 1.2000"), HasSubstr("(45 %)"), HasSubstr("0.0200 at 1.5000"),
                          HasSubstr("0.0300 [0.0100, 0.0400]"), HasSubstr("fails at your T, passes held out"),
                          HasSubstr("Decided by the optimizer, not by the model: above 0.05 at your T"),
                          HasSubstr("converged: m r\n")));
  EXPECT_THAT(calibration_text({row}, 0.08), Not(HasSubstr("Decided by the optimizer")));
  // An interval that reaches over the limit promises nothing.
  row.ece_held_out_interval = interval(0.01, 0.06);
  EXPECT_THAT(calibration_text({row}, 0.05),
              AllOf(HasSubstr("Perhaps decided"), Not(HasSubstr("Decided by the optimizer"))));
  row.ece_held_out_interval = interval(0.01, 0.04);
  const Json json = calibration_json({row}, 0.05);
  EXPECT_EQ(json[0]["limit"]["reported"], false);
  EXPECT_EQ(json[0]["limit"]["held_out"], "passes");
  // Nothing reported, no limit: absent, not 0.
  row.reported.reset();
  EXPECT_TRUE(calibration_json({row}, std::nullopt)[0]["reported"].is_null());
}

}  // namespace
}  // namespace quantier
