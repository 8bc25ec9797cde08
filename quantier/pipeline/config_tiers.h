// Tiers as a configuration names them, for the label names of the evidence.
#pragma once

#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {

struct TierSetup {
  AnalysisTiers tiers;
  std::string text;  // "tiers by training frequency: head 10, mid 20, tail 28 classes"
};

// As configured; without that, as they were imported with the runs; else empty. Errors: those of the counts,
// of make_tiers() and of the store.
[[nodiscard]] Result<TierSetup> tiers_for(const RunConfig& config, Store& store,
                                          const std::vector<std::string>& label_names);

}  // namespace quantier
