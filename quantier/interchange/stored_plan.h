// What all readers of checkpoints of quantized weights share: a plan for what stands in floating point, to
// which each format adds its layers.
#pragma once

#include <string>
#include <string_view>

#include "quantier/base/error.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/packed_linear.h"
#include "quantier/formats/plan.h"

namespace quantier {

// Head, embedding and rounding as their element types say (F16: halves between operations too), every layer
// whose weight is there in floating point likewise; the others are left for the format to fill in.
[[nodiscard]] Plan floating_plan(const Checkpoint& checkpoint, std::string recipe);
// Whether the layer's weight stands as parts.
[[nodiscard]] bool is_in_parts(const Checkpoint& checkpoint, const LinearSpec& linear);
// Sets plan.layers[i].recipe and its bytes.
void set_layer(Plan& plan, const ModelSpec& spec, std::size_t i, const LayerRecipe& recipe);
// Totals that do not depend on layers.
void count_rest(Plan& plan, const ModelSpec& spec);

// The layer's bias, rounded as the plan says, in `packed`; and sizes and input format.
[[nodiscard]] Status begin_packed(const Checkpoint& checkpoint, const LinearSpec& linear, const Plan& plan,
                                  const LayerRecipe& recipe, PackedLinear& packed);
// A layer in floating point, as stored.
[[nodiscard]] Result<PackedWeights> read_floating(const Checkpoint& checkpoint, const LinearSpec& linear,
                                                  WeightFormat format);

}  // namespace quantier
