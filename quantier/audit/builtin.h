// The data files of the audit, as they were when the program was built (audit/data/*.toml, made into text by
// cmake/Embed.cmake). They carry a version that every audit names.
#pragma once

#include <string>

namespace quantier::audit_internal {

[[nodiscard]] std::string builtin_words();
[[nodiscard]] std::string builtin_demands();

}  // namespace quantier::audit_internal
