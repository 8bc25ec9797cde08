// What a calibrated model hands to its sink, and when: factors of a place's inputs go into what stands before
// them, so that is kept back until they are known.
//
// A norm is handed over with the place that reads it; layers that begin a block with its end. Where factors
// cannot go anywhere (checkpoint/fold_targets.h) they stay with the layer that reads, and the report says
// why. Rows take factors only of layers whose own method scales weights: what another method made stays as it
// made it. For the walk (calibrate.h).
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/engine/staged_model.h"
#include "quantier/formats/model_sink.h"
#include "quantier/pipeline/calibrate_place.h"

namespace quantier {

class CalibrateHandover {
 public:
  CalibrateHandover(const Checkpoint& checkpoint, const ModelSpec& spec, const Plan& plan, ModelSink& sink)
      : checkpoint_(checkpoint), spec_(spec), plan_(plan), sink_(sink) {}

  // All norms to the models; those that nothing is folded into to the sink.
  Status begin(std::span<StagedModel* const> models);

  // Layers of a place; they are moved from, the reports completed. What goes on in `model` is set there; with
  // factors that go into rows of an earlier layer `model`, which has passed it, goes on with the multiplier,
  // and the sink gets the folded form.
  Status place(InputPlace place, int layer, const std::vector<PlacedLinear>& linears, PackedPlace& packed,
               StagedModel* model);

  // Everything that was kept back.
  Status flush();

 private:
  [[nodiscard]] const NormSpec* norm_of(InputPlace place, int layer) const;
  Status set_norm(const NormSpec& norm, std::span<const float> factors, std::span<StagedModel* const> models,
                  bool to_sink);
  [[nodiscard]] bool fold_into_rows(const std::vector<float>& factors, LinearRole role, int layer,
                                    std::uint64_t first_row);

  const Checkpoint& checkpoint_;
  const ModelSpec& spec_;
  const Plan& plan_;
  ModelSink& sink_;
  std::vector<std::pair<std::size_t, PackedLinear>> kept_;  // by index into ModelSpec::linears
};

}  // namespace quantier
