// A checkpoint through a plan into a sink, for plans that look at nothing but the weights: read a tensor from
// the mapped file, pack it, hand it over, give its pages back. Errors: those of pack_linear and of the sink.
#pragma once

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/model_sink.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"

namespace quantier {

// `spec` is the checkpoint's, or a part of it; `plan` was resolved for it.
[[nodiscard]] Status pack_model(const Checkpoint& checkpoint, const ModelSpec& spec, const Plan& plan,
                                ModelSink& sink, ThreadPool* pool = nullptr);

// One layer, with what stays beside it.
[[nodiscard]] Result<PackedLinear> pack_one(const Checkpoint& checkpoint, const LinearSpec& linear,
                                            const LayerPlan& layer, const Plan& plan, ThreadPool* pool);

// What stays beside the weights of the layer; rank 0 where nothing does.
[[nodiscard]] Result<LowRank> adapter_beside(const Checkpoint& checkpoint, const LinearSpec& linear);

// The embedding table alone: its first spec.vocabulary rows, part by part, so that it never stands in memory
// twice.
[[nodiscard]] Status hand_over_embedding(const Checkpoint& checkpoint, const ModelSpec& spec,
                                         ModelSink& sink);

}  // namespace quantier
