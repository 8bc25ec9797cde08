// The roofline against published times, and against a notebook's own on a T4 (the reference workload's table,
// from decide/workload_fixture.h): neither rates nor widths were fitted to those six.
#include <cmath>
#include <set>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/decide/hardware_counterfactual.h"
#include "quantier/decide/workload_fixture.h"
#include "quantier/pipeline/cost_model.h"
#include "quantier/pipeline/roofline_anchors.h"

namespace quantier {
namespace {

TEST(RooflineValidation, NoAnchorHasTwoRoles) {
  std::set<std::tuple<std::string_view, std::string_view, std::string_view, Stack, Technique, std::uint64_t,
                      std::uint64_t>>
      seen;
  for (const RooflineAnchor& anchor : roofline_anchors()) {
    EXPECT_TRUE(seen.insert({anchor.source, anchor.model, anchor.device, anchor.stack, anchor.technique,
                             anchor.batch, anchor.tokens})
                    .second)
        << anchor.source << anchor.model << anchor.device << anchor.batch;
    EXPECT_GT(anchor.measured_ms, 0);
  }
}

TEST(RooflineValidation, TestAnchorsLieInsideAboutAsOftenAsPromised) {
  const RooflineValidation validation = validate_roofline();
  EXPECT_GE(validation.tested, 40U);
  EXPECT_GE(static_cast<double>(validation.inside), 0.85 * static_cast<double>(validation.tested));
  EXPECT_GE(validation.left_out_tested, 40U);
  EXPECT_GE(static_cast<double>(validation.left_out_inside),
            0.80 * static_cast<double>(validation.left_out_tested));
  // The interval says something: a factor of less than two where launches do not matter.
  for (const Stack stack : {Stack::kFused, Stack::kEager}) {
    const auto band = validation.error.band(stack, DeviceClass::kGpu, false);
    ASSERT_TRUE(band.has_value());
    EXPECT_LT(std::exp(band->size), 2.0);
    EXPECT_GT(std::exp(band->size), 1.1);
  }
  // What a rate was fitted to comes out near what it was.
  for (const AnchorCheck& check : validation.checks) {
    if (check.anchor.role != AnchorRole::kFit) continue;
    EXPECT_NEAR(std::log(check.anchor.measured_ms / check.time.point_ms), 0.0, 0.25) << check.anchor.source;
  }
  EXPECT_THAT(validation_markdown(validation), ::testing::HasSubstr("Test anchors inside their interval"));
}

// The notebook's six peaks took no part in the band; without it three of them lie outside.
TEST(RooflineValidation, MemoryIsAsWideAsPublishedPeaksWereOff) {
  std::vector<MemoryAnchor> notebook;
  for (const Candidate& candidate : workload_fixture::candidates()) {
    notebook.push_back({.role = AnchorRole::kTest,
                        .source = "a notebook",
                        .model = candidate.model == "encoder" ? "modernbert-base" : "qwen2.5-0.5b",
                        .device = "t4",
                        .technique = candidate.recipe == "fp16"   ? Technique::kFp16
                                     : candidate.recipe == "int8" ? Technique::kLlmInt8
                                                                  : Technique::kNf4,
                        .measured_mb = *candidate.memory_bytes / 1e6});
  }
  const MemoryValidation validation = validate_memory(notebook);
  ASSERT_TRUE(validation.band);
  EXPECT_EQ(validation.band->anchors, memory_anchors().size());
  EXPECT_LT(validation.band->nominal_coverage, 0.7);  // two anchors promise no more
  EXPECT_EQ(validation.tested, 6U);
  EXPECT_EQ(validation.inside, 6U) << memory_validation_markdown(validation);
  std::size_t inside_the_model = 0;
  for (const MemoryCheck& check : validation.checks) {
    EXPECT_LE(check.interval.low, check.modelled.low);
    EXPECT_GT(check.interval.high, check.modelled.high);
    const double measured = check.anchor.measured_mb * 1e6;
    if (check.anchor.role == AnchorRole::kTest && measured >= check.modelled.low &&
        measured <= check.modelled.high) {
      ++inside_the_model;
    }
  }
  EXPECT_LT(inside_the_model, 6U);
  // A band says something: less than a factor of two and a half.
  EXPECT_LT(std::exp(validation.band->size), 2.5);
}

TEST(RooflineValidation, ANotebookOnAT4) {
  const RooflineValidation validation = validate_roofline();
  std::vector<CounterfactualInput> inputs;
  const std::vector<Candidate> measured = workload_fixture::candidates();
  for (const Candidate& candidate : measured) {
    const ModelSpec spec = anchor_model(candidate.model == "encoder" ? "modernbert-base" : "qwen2.5-0.5b");
    const auto plan = resolve_recipe(candidate.recipe, spec);
    ASSERT_TRUE(plan.has_value());
    auto cost = forward_cost(spec, *plan, {32, 128}, Stack::kEager);
    ASSERT_TRUE(cost.has_value());
    inputs.push_back({candidate.name, candidate.model, candidate.recipe, *std::move(cost)});
  }
  const HardwareCounterfactual eager =
      model_hardware(*find_device("t4"), Stack::kEager, inputs, validation.error);
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const CounterfactualConfiguration& row = eager.configurations[i];
    EXPECT_GE(*measured[i].ms_per_example, row.low_ms_per_example()) << row.name;
    EXPECT_LE(*measured[i].ms_per_example, row.high_ms_per_example()) << row.name;
  }
  // No known order contradicts what was measured, and those of int8 behind fp16 are known, in both models.
  for (std::size_t i = 0; i < measured.size(); ++i) {
    for (std::size_t j = 0; j < measured.size(); ++j) {
      if (known_order(eager, i, j) < 0) {
        EXPECT_LT(*measured[i].ms_per_example, *measured[j].ms_per_example);
      }
    }
  }
  EXPECT_EQ(known_order(eager, 0, 1), -1);
  EXPECT_EQ(known_order(eager, 3, 4), -1);
  EXPECT_GT(eager.configurations[1].mechanism.quantize_ms, 0);
  EXPECT_GT(eager.configurations[1].mechanism.launches_ms, 0);
  EXPECT_LT(eager.configurations[1].mechanism.products_ms, 0);
}

}  // namespace
}  // namespace quantier
