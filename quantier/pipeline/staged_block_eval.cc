#include "quantier/pipeline/staged_block_eval.h"

#include <algorithm>
#include <utility>

#include "quantier/base/check.h"

namespace quantier {
namespace {

// Of the rows those that are tried first.
constexpr std::size_t kFirstShare = 4;

}  // namespace

StagedBlockEval::StagedBlockEval(StagedModel& model, const ModelSpec& spec, InputPlace place,
                                 std::size_t row_limit, std::vector<FloatLayer> layers)
    : model_(model), spec_(spec), place_(place), row_limit_(row_limit), layers_(std::move(layers)) {
  for (const FloatLayer& layer : layers_) put_back(layer.linear);
  model_.run_block(place_, row_limit_, target_);
}

const PackedLinear& StagedBlockEval::float_weights(std::size_t linear) const {
  const auto found = std::ranges::find(layers_, linear, &FloatLayer::linear);
  QT_CHECK(found != layers_.end(), "the layer belongs to the block");
  return found->packed;
}

void StagedBlockEval::put_back(std::size_t linear) {
  model_.set_linear(spec_.linears[linear], clone(float_weights(linear)));
}

double StagedBlockEval::loss(std::vector<BlockCandidate> candidates, BlockRows rows) {
  for (const std::size_t linear : replaced_) {
    const bool is_tried = std::ranges::find(candidates, linear, &BlockCandidate::linear) != candidates.end();
    if (!is_tried) put_back(linear);
  }
  replaced_.clear();
  for (BlockCandidate& candidate : candidates) {
    model_.set_linear(spec_.linears[candidate.linear], std::move(candidate.packed));
    replaced_.push_back(candidate.linear);
  }
  model_.run_block(place_, rows == BlockRows::kAll ? row_limit_ : row_limit_ / kFirstShare, output_);
  double sum = 0;
  for (std::size_t i = 0; i < output_.size(); ++i) {
    const double difference = static_cast<double>(output_[i]) - target_[i];
    sum += difference * difference;
  }
  return sum / static_cast<double>(output_.size());
}

}  // namespace quantier
