// One entry of "config_groups": how the layers of a group are quantized, as the configuration says it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/formats/recipe.h"

namespace quantier {

// kUnsupported names the group and what is not read.
[[nodiscard]] Result<LayerRecipe> parse_scheme(const Json& group, std::string_view source);
// The other direction; `targets`: names of modules, or "Linear".
[[nodiscard]] Json scheme_json(const LayerRecipe& recipe, const std::vector<std::string>& targets);
// "int-quantized", "pack-quantized", "float-quantized".
[[nodiscard]] const char* compression_format(const LayerRecipe& recipe);

}  // namespace quantier
