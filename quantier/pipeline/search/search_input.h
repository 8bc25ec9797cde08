// What a search is asked for, checked before anything is measured.
#pragma once

#include <vector>

#include "quantier/base/error.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/dataset/dataset.h"
#include "quantier/pipeline/search/damage.h"
#include "quantier/pipeline/search/search.h"

namespace quantier {

// kUsage for recipes that stand twice, that need calibration texts which are not there, or the other way
// round; kUnsupported for a base that looks at data.
[[nodiscard]] Status check_recipes_of(const SearchRequest& request);

// Without tiers all examples are one. kUsage where they need labels and there are none.
[[nodiscard]] Result<ExampleTiers> tiers_of_search(const SearchRequest& request, const Dataset& data,
                                                   const ModelSpec& spec);

// Equal unless given. kUsage for weights that do not fit the tiers.
[[nodiscard]] Result<std::vector<double>> tier_weights_of(const SearchRequest& request,
                                                          const ExampleTiers& tiers);

}  // namespace quantier
