#include "quantier/pipeline/hardware.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/evidence/store.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class HardwareStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "quantier-hardware-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void add(const std::string& model, const std::string& recipe, RunOrigin origin, const std::string& device,
           std::vector<std::int64_t> wall_ns) {
    auto store = Store::open(folder_ / "evidence.sqlite", Store::Mode::kReadWrite);
    ASSERT_TRUE(store.has_value());
    quantier::Run run;
    run.configuration = {model, recipe, "device"};
    run.key = model + recipe;
    run.split = "validation";
    run.effective_batch_size = 32;
    run.provenance.origin = origin;
    (origin == RunOrigin::kImported ? run.provenance.declared_device : run.provenance.machine) = device;
    run.predictions.example_count = 1;
    run.predictions.class_count = 2;
    run.predictions.logits = {1, 2};
    run.predictions.label_names = {"a", "b"};
    run.memory.process_peak_bytes = 5'000'000;
    run.timings.push_back({TimingProtocol::kThroughput, 0, 32, 32, 0, 0, 900'000'000, true});
    for (const std::int64_t wall : wall_ns) {
      run.timings.push_back({TimingProtocol::kThroughput, 1, 32, 32, 0, 0, wall, false});
    }
    const auto added = store->add_run(run);
    ASSERT_TRUE(added.has_value()) << added.error().message();
  }

  [[nodiscard]] HardwareReport report(const std::vector<std::string>& devices) const {
    HardwareRequest request;
    request.store = folder_.string();
    request.models = {"m=" + std::string(QUANTIER_SOURCE_DIR) + "/demo/demo-encoder"};
    request.devices = devices;
    auto out = compare_hardware(request);
    EXPECT_TRUE(out.has_value()) << out.error().message();
    return *std::move(out);
  }

  fs::path folder_;
};

TEST_F(HardwareStoreTest, OwnMeasurementsAreMeasuredAndImportedOnesAreAnotherStack) {
  add("m", "fp16", RunOrigin::kMeasured, "AMD EPYC", {64'000'000, 32'000'000, 96'000'000});
  add("m", "int8", RunOrigin::kImported, "Tesla A10G, rented", {3'200'000'000});
  add("other", "int8", RunOrigin::kImported, "", {});
  const HardwareReport found = report({"a10", "a10g", "cpu"});
  ASSERT_EQ(found.measured.size(), 3U);
  EXPECT_FALSE(found.measured[0].other_stack);
  EXPECT_DOUBLE_EQ(*found.measured[0].ms_per_example, 2.0);  // the median; the warm-up is left out
  EXPECT_EQ(found.measured[0].samples, 3U);
  EXPECT_FALSE(found.measured[0].place.has_value());  // some CPU is not this CPU
  EXPECT_TRUE(found.measured[1].other_stack);
  ASSERT_TRUE(found.measured[1].place.has_value());
  EXPECT_EQ(found.places[*found.measured[1].place].device, "a10g");
  EXPECT_EQ(found.places[*found.measured[1].place].stack, Stack::kEager);
  EXPECT_EQ(found.measured[1].inside, false);  // 100 ms for an example
  EXPECT_FALSE(found.measured[2].ms_per_example.has_value());
  ASSERT_EQ(found.remarks.size(), 1U);
  EXPECT_THAT(found.remarks[0], HasSubstr("no roofline for other"));
  const std::string text = hardware_text(found);
  EXPECT_THAT(text, HasSubstr("measured, other stack"));
  EXPECT_THAT(text, HasSubstr("OUTSIDE the modelled interval"));
  EXPECT_THAT(text, HasSubstr("device not declared"));
  EXPECT_THAT(text, HasSubstr("measured on other devices"));
  // Eager kernels are not modelled on a CPU.
  for (const HardwareCounterfactual& place : found.places) {
    EXPECT_FALSE(place.device == "cpu" && place.stack == Stack::kEager);
  }
}

}  // namespace
}  // namespace quantier
