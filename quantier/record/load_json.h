// Load tests as JSON: how they stand in the evidence store and in --json output.
//
// Reading is typed and strict about what must be there; unknown members are ignored. Absent values are null.
// Errors: kCorruptData with `source`.
#pragma once

#include <string_view>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/record/load.h"

namespace quantier {

[[nodiscard]] Json to_json(const LoadProtocol& protocol);
[[nodiscard]] Json to_json(const LoadTrial& trial);
[[nodiscard]] Json to_json(const LoadSummary& summary);

[[nodiscard]] Result<LoadProtocol> load_protocol_from_json(const Json& json, std::string_view source);
[[nodiscard]] Result<LoadTrial> load_trial_from_json(const Json& json, std::string_view source);
[[nodiscard]] Result<LoadSummary> load_summary_from_json(const Json& json, std::string_view source);

}  // namespace quantier
