// What of adapter_config.json speaks of another method than plain LoRA; see adapter_config.h.
#pragma once

#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/json.h"

namespace quantier {

// An error that names the method, the variant, the initialisation or the task; nothing when it is plain LoRA.
[[nodiscard]] Status check_adapter_kind(const Json& json, std::string_view source);

}  // namespace quantier
