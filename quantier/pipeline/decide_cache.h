// The evidence of a decision, kept in the store so that deciding again reads no logits.
//
// The key is a hash over the runs, their timings, the tiers, the reference recipe, seed and count, and the
// version of this layout: anything that could change a number. What does not fit its key is derived again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/decide_evidence.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/record/run.h"

namespace quantier {

struct EvidenceKey {
  std::vector<std::string> runs;
  AnalysisTiers tiers;
  std::string reference_recipe;
  std::uint64_t seed = 0;
  std::size_t replicates = 0;
  std::string second_split = {};  // whose runs decide what is established; empty: none
};

// What the runs of a configuration are decided from.
[[nodiscard]] EvidenceKey evidence_of(const RunConfig& config, const std::vector<Run>& runs,
                                      const AnalysisTiers& tiers);
[[nodiscard]] Result<std::string> evidence_key(Store& store, const EvidenceKey& from);

// Names under which evidence is kept, so that the two of one decision do not push each other out.
inline constexpr const char* kDecisionEvidence = "decision evidence";
inline constexpr const char* kHeldOutEvidence = "held-out evidence";

// nullopt when nothing is kept under this key, or it lacks a wanted metric; `wanted` then also gets what is
// kept already, so that two envelopes do not push each other out.
[[nodiscard]] Result<std::optional<DecisionEvidence>> kept_evidence(Store& store, const std::string& key,
                                                                    std::vector<Metric>& wanted,
                                                                    const char* name = kDecisionEvidence);
[[nodiscard]] Status keep_evidence(Store& store, const std::string& key, const std::vector<Metric>& wanted,
                                   const DecisionEvidence& evidence, const char* name = kDecisionEvidence);
// What follows is computed from the runs again.
[[nodiscard]] Status forget_evidence(Store& store);

}  // namespace quantier
