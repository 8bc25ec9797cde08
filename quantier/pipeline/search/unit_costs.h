// What a search changes at a time, and what each change costs: bytes, or time.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/progress.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/search/plan_clock.h"

namespace quantier {

// Layers that change together.
struct SearchUnit {
  std::string pattern;               // names them in a plan
  std::vector<std::size_t> linears;  // indices into ModelSpec::linears
};

// Every linear layer but the head's, or every transformer layer.
[[nodiscard]] std::vector<SearchUnit> units_of(const ModelSpec& spec, bool by_layer);

// The base with one unit under another recipe.
[[nodiscard]] PlanRules rules_for(const std::string& base, const SearchUnit& unit, const std::string& recipe);

struct UnitCosts {
  std::vector<std::vector<double>> of_unit;  // [units][1 + recipes], the base first
  double rest = 0;                           // everything that the units are not
  [[nodiscard]] double least() const;        // of the cheapest plan
};

// Bytes of resident weights.
[[nodiscard]] Result<UnitCosts> byte_costs(const ModelSpec& spec, const std::vector<SearchUnit>& units,
                                           const std::string& base, const std::vector<std::string>& recipes);

// Nanoseconds of a pass.
struct TimeCosts {
  UnitCosts costs;
  std::vector<double> passes;  // [1 + recipes] each recipe used throughout, the base first
};

// The rest is the base's pass without the products of its units. What a product takes inside a pass differs
// from what it takes alone (its weights may have left the cache, its inputs have just been written), so the
// products under one recipe are scaled together until they and the rest are that recipe's measured pass: how
// a pass is divided among the units comes from the products, how long it is from passes.
[[nodiscard]] Result<TimeCosts> time_costs(PlanClock& clock, const ModelSpec& spec,
                                           const std::vector<SearchUnit>& units, const std::string& base,
                                           const std::vector<std::string>& recipes,
                                           const ProgressFunction& progress);

}  // namespace quantier
