// Numbers that companions of predictions state: one reader per kind of file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/pipeline/import_files.h"
#include "quantier/record/reported_value.h"

namespace quantier::import_internal {

// Empty when the header has no column for the model.
[[nodiscard]] Result<std::vector<ReportedValue>> values_of_csv(std::string_view content,
                                                               const std::string& source);
// Empty when no number stands under the name of a model.
[[nodiscard]] std::vector<ReportedValue> values_of_json(const Json& document, const KnownNames& known,
                                                        const std::string& source);
[[nodiscard]] Result<std::vector<ReportedValue>> values_of_toml(std::string_view content,
                                                                const std::string& source);

}  // namespace quantier::import_internal
