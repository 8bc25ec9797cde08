#include "quantier/checkpoint/model_spec.h"

namespace quantier {

const char* linear_role_name(LinearRole role) {
  switch (role) {
    case LinearRole::kAttentionQkv:
      return "attention.qkv";
    case LinearRole::kAttentionQuery:
      return "attention.query";
    case LinearRole::kAttentionKey:
      return "attention.key";
    case LinearRole::kAttentionValue:
      return "attention.value";
    case LinearRole::kAttentionOutput:
      return "attention.output";
    case LinearRole::kMlpGateUp:
      return "mlp.gate_up";
    case LinearRole::kMlpGate:
      return "mlp.gate";
    case LinearRole::kMlpUp:
      return "mlp.up";
    case LinearRole::kMlpDown:
      return "mlp.down";
    case LinearRole::kHeadDense:
      return "head.dense";
    case LinearRole::kClassifier:
      return "classifier";
  }
  return "unknown";
}

ParameterCounts count_parameters(const ModelSpec& spec) {
  ParameterCounts counts;
  counts.embedding = spec.vocabulary * spec.hidden;
  for (const LinearSpec& linear : spec.linears) {
    (is_head(linear.role) ? counts.head : counts.linear) += linear.out_features * linear.in_features;
    if (linear.bias) counts.other += linear.out_features;
  }
  for (const NormSpec& norm : spec.norms) counts.other += norm.bias ? 2 * spec.hidden : spec.hidden;
  return counts;
}

}  // namespace quantier
