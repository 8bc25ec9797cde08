// A model that is ready to classify. measure/ sees only this.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "quantier/base/error.h"
#include "quantier/engine/token_batch.h"
#include "quantier/record/executed_plan.h"
#include "quantier/record/measurement.h"

namespace quantier {

// Memory of the device that a classifier runs on, where that is not the host's.
struct DeviceMemory {
  std::uint64_t weights_peak_bytes = 0;
  std::uint64_t activations_peak_bytes = 0;
  std::uint64_t other_peak_bytes = 0;   // workspace of libraries
  std::uint64_t device_used_bytes = 0;  // what the driver reports as taken now, by all processes
  [[nodiscard]] std::uint64_t peak_bytes() const {
    return weights_peak_bytes + activations_peak_bytes + other_peak_bytes;
  }
};

class Classifier {
 public:
  virtual ~Classifier() = default;
  [[nodiscard]] virtual std::size_t class_count() const = 0;
  // Writes logits [batch.size(), class_count()], row-major, in the order of the batch. Every text needs at
  // least one token; ids must be inside the vocabulary and lengths inside the positions of the model:
  // kUserInput errors otherwise. Not thread-safe: one call at a time; it uses the thread pool it was built
  // with.
  [[nodiscard]] virtual Status predict(const TokenBatch& batch, std::span<float> logits) = 0;
  [[nodiscard]] virtual const ExecutedPlan& executed_plan() const = 0;
  // Whether the processor is free while predict() runs, because a device computes: then texts may be
  // tokenized meanwhile, on any thread.
  [[nodiscard]] virtual bool leaves_host_free() const { return false; }
  // nullopt on the CPU.
  [[nodiscard]] virtual std::optional<DeviceMemory> device_memory() const { return std::nullopt; }
  // Of all batches so far, by the device's clock; nullopt on the CPU.
  [[nodiscard]] virtual std::optional<DeviceTimes> device_times() const { return std::nullopt; }
};

}  // namespace quantier
