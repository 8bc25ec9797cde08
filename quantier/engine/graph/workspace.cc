#include <algorithm>

#include "quantier/engine/graph/graph.h"

namespace quantier {

void Workspace::prepare(const ModelSpec& spec, std::size_t tokens, std::size_t texts) {
  const std::size_t query_width = spec.heads * spec.head_dim;
  const std::size_t qkv_width = query_width + 2 * spec.kv_heads * spec.head_dim;
  const auto owner = MemoryOwner::kActivations;
  hidden.ensure(tokens * spec.hidden, owner);
  normed.ensure(tokens * spec.hidden, owner);
  projected.ensure(tokens * std::max<std::size_t>(qkv_width, 2 * spec.intermediate), owner);
  attended.ensure(tokens * std::max<std::size_t>(query_width, spec.hidden), owner);
  gated.ensure(tokens * spec.intermediate, owner);
  pooled.ensure(2 * texts * spec.hidden, owner);
}

}  // namespace quantier
