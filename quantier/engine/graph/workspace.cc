#include <algorithm>
#include <numeric>

#include "quantier/engine/graph/graph.h"

namespace quantier {

void Workspace::prepare(const ModelSpec& spec, std::size_t tokens, std::size_t texts, bool is_shared) {
  const std::size_t query_width = spec.heads * spec.head_dim;
  const std::size_t qkv_width = query_width + 2 * spec.kv_heads * spec.head_dim;
  const auto owner = MemoryOwner::kActivations;
  hidden.ensure(tokens * spec.hidden, owner);
  normed.ensure(tokens * spec.hidden, owner);
  projected_width = std::max<std::size_t>(qkv_width, 2 * spec.intermediate);
  projected.ensure((is_shared ? 3 : 1) * tokens * projected_width, owner);
  attended.ensure(tokens * std::max<std::size_t>(query_width, spec.hidden), owner);
  gated.ensure(tokens * spec.intermediate, owner);
  pooled.ensure(2 * texts * spec.hidden, owner);
  one_each.resize(texts + 1);
  std::iota(one_each.begin(), one_each.end(), 0U);
  whole = {0, static_cast<std::uint32_t>(tokens)};
}

bool rows_are_independent(const Plan& plan) { return !looks_for_outliers(plan); }

std::span<const std::uint32_t> outlier_scopes(const Plan& plan, const TokenBatch& batch,
                                              const Workspace& workspace) {
  if (plan.outlier_scope == OutlierScope::kBatch) return workspace.whole;
  return batch.offsets;
}

}  // namespace quantier
