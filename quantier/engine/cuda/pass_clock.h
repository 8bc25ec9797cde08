// Where the time of a batch went, by the device's own clock.
//
// Events in the stream between its parts, read once the batch is through: asking earlier would make the host
// wait. An event costs about a microsecond of the host and nothing of the device. A batch goes in pieces, one
// behind the other in one stream; a mark says which part has just been enqueued.
// Errors: those of the driver (device.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime_api.h>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/record/measurement.h"

namespace quantier::cuda {

class PassClock {
 public:
  enum class Part : std::uint8_t { kStart, kTransferIn, kCompute, kTransferOut };

  PassClock() = default;
  PassClock(const PassClock&) = delete;
  PassClock& operator=(const PassClock&) = delete;
  ~PassClock();

  // Forgets what was marked: of a batch that failed, or that has been added.
  void clear() { marks_.clear(); }
  // Everything enqueued since the mark before belongs to `part`; to none at kStart.
  [[nodiscard]] Status mark(Part part, cudaStream_t stream);
  // The stream has been waited for.
  [[nodiscard]] Status add_marked();
  [[nodiscard]] const DeviceTimes& times() const { return times_; }

 private:
  std::vector<cudaEvent_t> events_;
  std::vector<Part> marks_;  // of events_, from the first on
  DeviceTimes times_;
};

}  // namespace quantier::cuda
