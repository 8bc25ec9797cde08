// BlockEval over a model that stands between two steps: the candidate goes in, the block runs, the difference
// comes out. What was tried last stays in the model until something else is tried or set.
#pragma once

#include <vector>

#include "quantier/checkpoint/input_place.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/engine/staged_model.h"
#include "quantier/formats/block_eval.h"

namespace quantier {

class StagedBlockEval final : public BlockEval {
 public:
  // The float weights of the whole block: those at the place, and its output layer. All outlive this.
  struct FloatLayer {
    std::size_t linear = 0;
    PackedLinear packed;
  };
  StagedBlockEval(StagedModel& model, const ModelSpec& spec, InputPlace place, std::size_t row_limit,
                  std::vector<FloatLayer> layers);

  double loss(std::vector<BlockCandidate> candidates, BlockRows rows) override;
  [[nodiscard]] const PackedLinear& float_weights(std::size_t linear) const;

 private:
  void put_back(std::size_t linear);

  StagedModel& model_;
  const ModelSpec& spec_;
  InputPlace place_;
  std::size_t row_limit_;
  std::vector<FloatLayer> layers_;
  std::vector<std::size_t> replaced_;  // layers in which a candidate stands
  std::vector<float> target_;
  std::vector<float> output_;
};

}  // namespace quantier
