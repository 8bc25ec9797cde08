// What the evidence has of a configuration for claims that compare. Only claim*.cc include this.
#pragma once

#include <string>
#include <vector>

#include "quantier/audit/fact.h"

namespace quantier::audit_internal {

// Every value of a metric that a configuration has (of one class where `label` says so), in the order of the
// evidence (kinds of memory, protocols).
[[nodiscard]] inline std::vector<double> values_of(const AuditEvidence& evidence, const std::string& metric,
                                                   const std::string& model, const std::string& recipe,
                                                   const std::string& label = {}) {
  std::vector<double> values;
  for (const Fact& fact : evidence.facts) {
    if (fact.metric != metric || fact.model != model || fact.recipe != recipe ||
        fact.role != FactRole::kValue || fact.unit == FactUnit::kRatio || !fact.tier.empty() ||
        fact.label != label || fact.difference || fact.source == FactSource::kModelled)
      continue;
    if (fact.fit == "out-of-bag") continue;  // what the choice is worth without having been picked
    if (metric == "memory" && fact.unit != FactUnit::kBytes) continue;
    if (metric == "ece" && fact.fit != "raw" && fact.fit != "held-out") continue;
    values.push_back(fact.value);
  }
  return values;
}

}  // namespace quantier::audit_internal
