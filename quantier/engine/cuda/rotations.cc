#include "quantier/engine/cuda/rotations.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "quantier/engine/cuda/device.h"

namespace quantier::cuda {
namespace {
constexpr std::uint32_t kPositionStep = 256;
}

Status Rotations::ensure(const ModelSpec& spec, std::uint32_t positions, cudaStream_t stream) {
  if (positions <= positions_) return {};
  positions = (positions + kPositionStep - 1) / kPositionStep * kPositionStep;
  QT_TRY_STATUS(check(cudaStreamSynchronize(stream), "wait for the device"));
  const std::size_t half = spec.head_dim / 2;
  std::vector<float2> turns(positions * half);
  tables_.clear();
  positions_ = 0;
  for (const LayerSpec& layer : spec.layers) {
    DeviceBuffer& table = tables_[layer.rope_theta];
    if (table.size() != 0) continue;
    for (std::size_t i = 0; i < half; ++i) {
      const double frequency =
          std::pow(layer.rope_theta, -2.0 * static_cast<double>(i) / static_cast<double>(spec.head_dim));
      for (std::uint32_t position = 0; position < positions; ++position) {
        const double angle = position * frequency;
        turns[position * half + i] = {static_cast<float>(std::cos(angle)),
                                      static_cast<float>(std::sin(angle))};
      }
    }
    table = DeviceBuffer(turns.size() * sizeof(float2), MemoryOwner::kActivations);
    QT_TRY_STATUS(check(cudaMemcpy(table.data(), turns.data(), table.size(), cudaMemcpyHostToDevice),
                        "copy rotations to the device"));
  }
  positions_ = positions;
  return {};
}

const float2* Rotations::table(double theta) const {
  return static_cast<const float2*>(static_cast<const void*>(tables_.at(theta).data()));
}

}  // namespace quantier::cuda
