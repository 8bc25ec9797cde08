#include "quantier/checkpoint/fold_targets.h"

#include <string>

#include <gtest/gtest.h>

namespace quantier {
namespace {

ModelSpec spec_of(Family family, std::uint64_t kv_heads) {
  ModelSpec spec;
  spec.family = family;
  spec.heads = 4;
  spec.kv_heads = kv_heads;
  spec.head_dim = 8;
  spec.intermediate = 48;
  spec.layers.resize(2);
  spec.layers[0].has_attention_norm = family != Family::kModernBert;
  return spec;
}

TEST(FoldTargets, AreWhatStandsBeforeTheInputs) {
  const ModelSpec encoder = spec_of(Family::kModernBert, 4);
  EXPECT_EQ(fold_target(encoder, InputPlace::kAttention, 0).kind, FoldKind::kNone);
  EXPECT_NE(std::string(fold_target(encoder, InputPlace::kAttention, 0).why_not), "");
  EXPECT_EQ(fold_target(encoder, InputPlace::kAttention, 1).norm, NormRole::kAttention);
  EXPECT_EQ(fold_target(encoder, InputPlace::kMlp, 0).norm, NormRole::kMlp);
  const FoldTarget value = fold_target(encoder, InputPlace::kAttentionOutput, 0);
  EXPECT_EQ(value.kind, FoldKind::kRows);
  EXPECT_EQ(value.linear, LinearRole::kAttentionQkv);
  EXPECT_EQ(value.first_row, 64U);
  // The second half multiplies; the first goes through the activation.
  EXPECT_EQ(fold_target(encoder, InputPlace::kMlpDown, 1).first_row, 48U);
}

TEST(FoldTargets, GroupedQueriesShareValues) {
  const FoldTarget grouped = fold_target(spec_of(Family::kQwen2, 2), InputPlace::kAttentionOutput, 0);
  EXPECT_EQ(grouped.kind, FoldKind::kNone);
  EXPECT_NE(std::string(grouped.why_not).find("share a value"), std::string::npos);
  const FoldTarget plain = fold_target(spec_of(Family::kQwen2, 4), InputPlace::kAttentionOutput, 0);
  EXPECT_EQ(plain.linear, LinearRole::kAttentionValue);
  EXPECT_EQ(fold_target(spec_of(Family::kQwen2, 2), InputPlace::kMlpDown, 0).linear, LinearRole::kMlpUp);
  EXPECT_EQ(fold_target(spec_of(Family::kQwen2, 2), InputPlace::kAttention, 0).kind, FoldKind::kNorm);
  EXPECT_EQ(fold_target(spec_of(Family::kQwen2, 2), InputPlace::kClassifier, kNoLayer).kind, FoldKind::kNone);
}

}  // namespace
}  // namespace quantier
