// Everything of a model that stays in memory while it classifies, in the form that the ops read.
#pragma once

#include <map>
#include <utility>
#include <variant>
#include <vector>

#include "quantier/checkpoint/model_spec.h"
#include "quantier/engine/cpu/panels.h"
#include "quantier/engine/embedding.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"

namespace quantier {

struct NormWeights {
  std::vector<float> weight;  // [hidden]
  std::vector<float> bias;    // [hidden] or empty
};

// As stored, for the scalar reference, or in the order that the CPU kernels read.
using LinearWeights = std::variant<PackedLinear, CpuPanels>;

struct ModelWeights {
  ModelSpec spec;
  Plan plan;
  Embedding embedding;
  std::map<std::pair<NormRole, int>, NormWeights> norms;
  std::map<std::pair<LinearRole, int>, LinearWeights> linears;

  [[nodiscard]] const NormWeights& norm(NormRole role, int layer = kNoLayer) const {
    return norms.at({role, layer});
  }
  [[nodiscard]] const LinearWeights& linear(LinearRole role, int layer = kNoLayer) const {
    return linears.at({role, layer});
  }
};

}  // namespace quantier
