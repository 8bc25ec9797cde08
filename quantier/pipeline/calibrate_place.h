// The methods that look at data, at one place of a layer: which statistics they want, and from statistics,
// weights and the block to packed layers. For the walk (calibrate.h).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/engine/collect_inputs.h"
#include "quantier/formats/block_eval.h"
#include "quantier/formats/input_statistics.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibrate.h"
#include "quantier/tensor/tensor_data.h"

namespace quantier {

// One linear layer of the place, with its stored weight.
struct PlacedLinear {
  std::size_t index = 0;  // into ModelSpec::linears and Plan::layers
  TensorData weight;
  std::optional<TensorData> bias;
  LowRank adapter = {};  // that stays beside the weight; rank 0: none
  [[nodiscard]] const TensorView* bias_view() const { return bias ? &bias->view() : nullptr; }
};

// By round to nearest in the plan's format, as if the method looked at nothing; and as the float model has
// it.
[[nodiscard]] Result<PackedLinear> pack_by_rtn(const ModelSpec& spec, const Plan& plan,
                                               const PlacedLinear& linear);
[[nodiscard]] Result<PackedLinear> pack_float(const ModelSpec& spec, const Plan& plan,
                                              const PlacedLinear& linear);

[[nodiscard]] StatisticsWanted statistics_wanted(const LayerRecipe& recipe);

// The layers of a place, in the order of `linears`, and what was done to them.
struct PackedPlace {
  std::vector<PackedLinear> packed;
  std::vector<LayerReport> reports;  // of the calibrated ones
};
[[nodiscard]] Result<PackedPlace> quantize_place(const ModelSpec& spec, const Plan& plan,
                                                 const std::vector<PlacedLinear>& linears,
                                                 const InputStatistics& statistics, BlockEval& block,
                                                 ThreadPool& pool);

}  // namespace quantier
