#include "quantier/checkpoint/input_place.h"

namespace quantier {

InputPlace input_place(LinearRole role) {
  switch (role) {
    case LinearRole::kAttentionQkv:
    case LinearRole::kAttentionQuery:
    case LinearRole::kAttentionKey:
    case LinearRole::kAttentionValue:
      return InputPlace::kAttention;
    case LinearRole::kAttentionOutput:
      return InputPlace::kAttentionOutput;
    case LinearRole::kMlpGateUp:
    case LinearRole::kMlpGate:
    case LinearRole::kMlpUp:
      return InputPlace::kMlp;
    case LinearRole::kMlpDown:
      return InputPlace::kMlpDown;
    case LinearRole::kHeadDense:
      return InputPlace::kHeadDense;
    case LinearRole::kClassifier:
      break;
  }
  return InputPlace::kClassifier;
}

const char* input_place_name(InputPlace place) {
  constexpr std::array<const char*, 6> kNames = {"attention", "attention_output", "mlp",
                                                 "mlp_down",  "head_dense",       "classifier"};
  return kNames.at(static_cast<std::size_t>(place));
}

std::vector<std::size_t> linears_at(const ModelSpec& spec, InputPlace place, int layer) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    if (linear.layer == layer && input_place(linear.role) == place) found.push_back(i);
  }
  return found;
}

std::uint64_t input_width(const ModelSpec& spec, InputPlace place) {
  switch (place) {
    case InputPlace::kAttentionOutput:
      return spec.heads * spec.head_dim;
    case InputPlace::kMlpDown:
      return spec.intermediate;
    case InputPlace::kAttention:
    case InputPlace::kMlp:
    case InputPlace::kHeadDense:
    case InputPlace::kClassifier:
      break;
  }
  return spec.hidden;
}

}  // namespace quantier
