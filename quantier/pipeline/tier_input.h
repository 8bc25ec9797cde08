// Tiers as the user gives them, for analyses that have no configuration file.
//
//   head=10,mid=30,tail   sizes, by training counts (--counts): the last tier takes the rest
//   FILE.json             {"head": ["label", ...], ...} or {"label": "head", ...}
//   FILE#KEY              a tier for each example: an array or column beside the labels
//
// Errors: kUsage for sizes without counts; kUserInput for a label that is no class, a class in two tiers, or
// a class that has examples and no tier.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/dataset/prediction_file.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {

struct TierRequest {
  std::string tiers;   // as above; empty: none
  std::string counts;  // JSON from label to training count; empty: none
};

[[nodiscard]] Result<AnalysisTiers> tiers_from_request(const TierRequest& request,
                                                       const std::vector<std::string>& label_names,
                                                       const PredictionTable& reference,
                                                       std::span<const std::int32_t> labels);

// A tier for each example, one for each class; a class without examples lies in none. Tiers are ordered by
// the examples that their classes have on average, most first.
[[nodiscard]] Result<AnalysisTiers> tiers_of_examples(const std::vector<std::string>& tier_of_example,
                                                      std::span<const std::int32_t> labels,
                                                      const std::vector<std::string>& label_names,
                                                      const std::string& source);

// How a store keeps tiers beside runs that were imported with them.
inline constexpr const char* kTiersSetting = "tiers";
[[nodiscard]] Json tiers_to_json(const AnalysisTiers& tiers);
[[nodiscard]] Result<AnalysisTiers> tiers_from_json(const Json& json, const std::string& source);

}  // namespace quantier
