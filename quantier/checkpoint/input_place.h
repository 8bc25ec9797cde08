// Linear layers that read the same input stand at one place of a layer. Places follow one another in the
// forward pass: what is read at one depends on the layers at those before it, and on nothing behind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantier/checkpoint/model_spec.h"

namespace quantier {

enum class InputPlace : std::uint8_t {
  kAttention,        // queries, keys, values
  kAttentionOutput,  // what attention gives
  kMlp,              // gate and up
  kMlpDown,          // activation(gate) * up
  kHeadDense,        // pooled rows
  kClassifier,
};
inline constexpr std::array<InputPlace, 4> kLayerPlaces = {
    InputPlace::kAttention, InputPlace::kAttentionOutput, InputPlace::kMlp, InputPlace::kMlpDown};

[[nodiscard]] InputPlace input_place(LinearRole role);
[[nodiscard]] const char* input_place_name(InputPlace place);  // "attention", "attention_output", ...

// Indices into ModelSpec::linears, in its order; empty where the family has none. `layer` is kNoLayer for the
// head.
[[nodiscard]] std::vector<std::size_t> linears_at(const ModelSpec& spec, InputPlace place, int layer);

// Features of what is read there.
[[nodiscard]] std::uint64_t input_width(const ModelSpec& spec, InputPlace place);

}  // namespace quantier
