// The parts of a batch's time, by the device's own clock.
#include "quantier/engine/cuda/pass_clock.h"
#include "tests/cuda_fixture.h"

namespace quantier::cuda {
namespace {

class CudaClock : public CudaTest {};
using Part = PassClock::Part;

TEST_F(CudaClock, AddsEachPartToItsOwnAndWhatStandsBetweenToNone) {
  constexpr std::size_t kBytes = std::size_t{64} << 20;
  const DeviceBuffer device(kBytes, MemoryOwner::kOther);
  PinnedBuffer host;
  host.ensure(kBytes);
  PassClock clock;
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  for (int batch = 0; batch < 3; ++batch) {
    const DeviceTimes before = clock.times();
    clock.clear();
    for (int piece = 0; piece < 2; ++piece) {
      ASSERT_TRUE(clock.mark(Part::kStart, stream));
      ASSERT_EQ(cudaMemcpyAsync(device.data(), host.data(), kBytes, cudaMemcpyHostToDevice, stream),
                cudaSuccess);
      ASSERT_TRUE(clock.mark(Part::kTransferIn, stream));
      ASSERT_EQ(cudaMemsetAsync(device.data(), 1, kBytes, stream), cudaSuccess);
      ASSERT_TRUE(clock.mark(Part::kCompute, stream));
      // Between two pieces: nobody's.
      ASSERT_EQ(cudaMemcpyAsync(host.data(), device.data(), kBytes, cudaMemcpyDeviceToHost, stream),
                cudaSuccess);
    }
    ASSERT_TRUE(clock.mark(Part::kStart, stream));
    ASSERT_EQ(cudaMemcpyAsync(host.data(), device.data(), 4, cudaMemcpyDeviceToHost, stream), cudaSuccess);
    ASSERT_TRUE(clock.mark(Part::kTransferOut, stream));
    ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    ASSERT_TRUE(clock.add_marked());
    const DeviceTimes times = clock.times() - before;
    // 128 MiB over the bus: two milliseconds at 64 GB/s; written in the device's memory it takes a tenth.
    EXPECT_GT(times.transfer_in_ns, 100'000);
    EXPECT_GT(times.compute_ns, 0);
    EXPECT_LT(times.compute_ns, times.transfer_in_ns);
    EXPECT_GT(times.transfer_out_ns, 0);
    EXPECT_LT(times.transfer_out_ns, times.transfer_in_ns) << "the copies between the pieces are in it";
  }
  // A batch that failed leaves nothing.
  const DeviceTimes before = clock.times();
  ASSERT_TRUE(clock.mark(Part::kStart, stream));
  ASSERT_TRUE(clock.mark(Part::kCompute, stream));
  clock.clear();
  ASSERT_TRUE(clock.add_marked());
  EXPECT_EQ(clock.times(), before);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

}  // namespace
}  // namespace quantier::cuda
