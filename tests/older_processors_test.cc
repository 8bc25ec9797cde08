// The program on processors without AVX-512, and without AVX2: emulated, because the machine at hand has
// them. An instruction that the processor lacks ends the emulated program as it would end a real one.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kEmulator = "/usr/bin/qemu-x86_64";

struct Processor {
  const char* model;
  const char* kernels;  // those that it runs, the best first
};

class OlderProcessors : public CommandLineTest, public ::testing::WithParamInterface<Processor> {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the emulator has no room for a sanitizer's memory";
#endif
    ASSERT_TRUE(std::filesystem::exists(kEmulator)) << "scripts/setup.sh installs it (package qemu-user)";
  }
  ProgramResult emulated(const std::string& arguments) {
    return quantier_under(std::string(kEmulator) + " -cpu " + GetParam().model, arguments);
  }
};

TEST_P(OlderProcessors, TakeTheKernelsThatTheyHave) {
  const ProgramResult result = emulated("doctor");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("kernels           " + std::string(GetParam().kernels)));
}

TEST_P(OlderProcessors, GiveTheSamePredictions) {
  for (const std::string model : {"demo-encoder", "demo-decoder"}) {
    for (const std::string recipe : {"fp16", "bf16", "int8", "int4-w4a8"}) {
      if (model == "demo-decoder" && recipe != "int8") continue;  // the other kernels are the encoder's
      SCOPED_TRACE(model + " " + recipe);
      const std::string arguments =
          "predict " + demo(model) + " --recipe " + recipe +
          " --threads 2 --json --text 'a small editor for the terminal' --text 'chess'";
      const ProgramResult expected = quantier(arguments);
      const ProgramResult got = emulated(arguments);
      ASSERT_EQ(got.exit_code, 0) << got.err;
      const Json there = Json::parse(got.out)["predictions"];
      const Json native = Json::parse(expected.out)["predictions"];
      ASSERT_EQ(there.size(), 2U);
      for (std::size_t i = 0; i < there.size(); ++i) {
        EXPECT_EQ(there[i]["label"], native[i]["label"]);
        EXPECT_NEAR(there[i]["probability"].get<double>(), native[i]["probability"].get<double>(), 0.02);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Emulated, OlderProcessors,
                         ::testing::Values(Processor{"Haswell", "avx2, generic"},
                                           Processor{"Nehalem", "generic"}),
                         [](const auto& processor) { return std::string(processor.param.model); });

}  // namespace
}  // namespace quantier::testing
