#include "quantier/checkpoint/fold_targets.h"

namespace quantier {
namespace {

FoldTarget none(const char* why) {
  FoldTarget target;
  target.why_not = why;
  return target;
}

FoldTarget rows(LinearRole linear, std::uint64_t first_row) {
  FoldTarget target;
  target.kind = FoldKind::kRows;
  target.linear = linear;
  target.first_row = first_row;
  return target;
}

FoldTarget norm(NormRole role) {
  FoldTarget target;
  target.kind = FoldKind::kNorm;
  target.norm = role;
  return target;
}

}  // namespace

FoldTarget fold_target(const ModelSpec& spec, InputPlace place, int layer) {
  const bool is_fused = spec.family == Family::kModernBert;
  switch (place) {
    case InputPlace::kAttention:
      if (!spec.layers[static_cast<std::size_t>(layer)].has_attention_norm)
        return none(
            "no norm stands before the first attention, and the residual stream reads the same values");
      return norm(NormRole::kAttention);
    case InputPlace::kAttentionOutput:
      if (spec.kv_heads != spec.heads)
        return none("several query heads share a value, and each has a factor of its own for it");
      return is_fused ? rows(LinearRole::kAttentionQkv, 2 * spec.heads * spec.head_dim)
                      : rows(LinearRole::kAttentionValue, 0);
    case InputPlace::kMlp:
      return norm(NormRole::kMlp);
    case InputPlace::kMlpDown:
      // The other factor of the product; the gate's goes through the activation.
      return is_fused ? rows(LinearRole::kMlpGateUp, spec.intermediate) : rows(LinearRole::kMlpUp, 0);
    case InputPlace::kHeadDense:
    case InputPlace::kClassifier:
      break;
  }
  return none("what the head reads is pooled, and kept as it is");
}

}  // namespace quantier
