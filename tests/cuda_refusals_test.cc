// What a CUDA device is not asked to do, and how that is said: needs no device.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "quantier/checkpoint/checkpoint.h"
#include "quantier/engine/cuda/device_model.h"
#include "quantier/formats/plan.h"

namespace quantier {
namespace {

using testing::HasSubstr;

Plan plan_for(const ModelSpec& spec, const PlanRules& rules) {
  auto plan = resolve_rules(rules, spec);
  EXPECT_TRUE(plan) << plan.error().message();
  return *plan;
}

class CudaRefusals : public testing::TestWithParam<const char*> {
 protected:
  ModelSpec spec_ =
      Checkpoint::open(std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo" / GetParam())->spec();
};

TEST_P(CudaRefusals, TakesWhatItHasKernelsFor) {
  for (const char* recipe : {"fp16", "bf16", "int8-rtn", "int8-smooth"})
    EXPECT_TRUE(cuda::check_supported(spec_, plan_for(spec_, PlanRules::of(recipe)), cuda::kSm80Kernels))
        << recipe;
}

TEST_P(CudaRefusals, NamesTheLayerAndTheFormatOfOthers) {
  for (const char* recipe : {"int8", "int4", "int4-rtn", "int4-w4a8", "fp8"}) {
    const Status status =
        cuda::check_supported(spec_, plan_for(spec_, PlanRules::of(recipe)), cuda::kSm80Kernels);
    ASSERT_FALSE(status) << recipe;
    EXPECT_EQ(status.error().kind, ErrorKind::kUnsupported);
    EXPECT_THAT(status.error().what, HasSubstr(recipe));
    EXPECT_THAT(status.error().where, HasSubstr("layers.0")) << recipe;
    EXPECT_THAT(status.error().hint, HasSubstr("--device cpu")) << recipe;
  }
  const Status fp32 =
      cuda::check_supported(spec_, plan_for(spec_, PlanRules::of("fp32")), cuda::kSm80Kernels);
  ASSERT_FALSE(fp32);
  EXPECT_THAT(fp32.error().why, HasSubstr("float"));
}

TEST_P(CudaRefusals, TuringHasNoBFloat16) {
  const Plan plan = plan_for(spec_, PlanRules::of("bf16"));
  EXPECT_TRUE(cuda::check_supported(spec_, plan, cuda::kSm80Kernels));
  const Status status = cuda::check_supported(spec_, plan, cuda::kSm75Kernels);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().why, HasSubstr("bfloat16"));
}

TEST_P(CudaRefusals, HeadsOfOtherWidthsAreRefused) {
  const Plan plan = plan_for(spec_, PlanRules::of("fp16"));
  spec_.head_dim = 80;
  const Status status = cuda::check_supported(spec_, plan, cuda::kSm80Kernels);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().why, HasSubstr("80"));
}

TEST_P(CudaRefusals, GatheredLayersNeedOneFormat) {
  PlanRules rules = PlanRules::of("int8-rtn");
  if (spec_.family == Family::kModernBert) GTEST_SKIP() << "its layers are gathered in the checkpoint";
  rules.layers.push_back({"layers.0.attention.key", "fp16"});
  const Status status = cuda::check_supported(spec_, plan_for(spec_, rules), cuda::kSm80Kernels);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().where, HasSubstr("layers.0.attention.key"));
}

INSTANTIATE_TEST_SUITE_P(Demo, CudaRefusals, testing::Values("demo-encoder", "demo-decoder"),
                         [](const auto& each) { return std::string(each.param).substr(5); });

}  // namespace
}  // namespace quantier
