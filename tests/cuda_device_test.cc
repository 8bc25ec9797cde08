// Devices and the tables of kernels that they run.
#include <gmock/gmock.h>

#include "quantier/engine/cuda_engine.h"
#include "tests/cuda_fixture.h"

namespace quantier::cuda {
namespace {

class CudaTables : public CudaTest {};

// On a card newer than Turing the kernels of sm_75 are there as PTX alone: what runs is what the driver made
// of it.
TEST_F(CudaTables, TuringKernelsAreCompiledByTheDriverForNewerCards) {
  const auto device = Device::open(0, 75);
  ASSERT_TRUE(device) << device.error().message();
  int ptx = 0;
  int binary = 0;
  ASSERT_EQ(device->kernels().versions(&ptx, &binary), cudaSuccess);
  EXPECT_EQ(ptx, 75);
  if (device->capability() < 80) GTEST_SKIP() << "this card is a Turing card";
  EXPECT_GE(binary, 80) << "machine code of sm_75 was run, which this card cannot do";
  EXPECT_THAT(device->kernels_text(), testing::HasSubstr("compiled by the driver"));
}

TEST(CudaDevice, ReportsWhatIsMissing) {
  const auto beyond = Device::open(1000, 0);
  ASSERT_FALSE(beyond);
  EXPECT_FALSE(beyond.error().why.empty());
  EXPECT_FALSE(beyond.error().hint.empty());
  EXPECT_FALSE(cuda_state().empty());
  EXPECT_FALSE(choose_kernel_arch(70));
}

}  // namespace
}  // namespace quantier::cuda
