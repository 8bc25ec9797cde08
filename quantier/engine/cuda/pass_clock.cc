#include "quantier/engine/cuda/pass_clock.h"

#include <cmath>

#include "quantier/engine/cuda/device.h"

namespace quantier::cuda {

PassClock::~PassClock() {
  for (cudaEvent_t event : events_) (void)cudaEventDestroy(event);
}

Status PassClock::mark(Part part, cudaStream_t stream) {
  if (marks_.size() == events_.size()) {
    cudaEvent_t event = nullptr;
    QT_TRY_STATUS(check(cudaEventCreate(&event), "make an event"));
    events_.push_back(event);
  }
  QT_TRY_STATUS(check(cudaEventRecord(events_[marks_.size()], stream), "record an event"));
  marks_.push_back(part);
  return {};
}

Status PassClock::add_marked() {
  for (std::size_t i = 1; i < marks_.size(); ++i) {
    if (marks_[i] == Part::kStart) continue;
    float ms = 0.0F;
    QT_TRY_STATUS(check(cudaEventElapsedTime(&ms, events_[i - 1], events_[i]), "read the device's clock"));
    const std::int64_t ns = std::llround(static_cast<double>(ms) * 1e6);
    if (marks_[i] == Part::kTransferIn) times_.transfer_in_ns += ns;
    if (marks_[i] == Part::kCompute) times_.compute_ns += ns;
    if (marks_[i] == Part::kTransferOut) times_.transfer_out_ns += ns;
  }
  clear();
  return {};
}

}  // namespace quantier::cuda
