// The data files of the audit, as they were when the program was built (audit/data/*.toml, made into text by
// cmake/Embed.cmake). They carry a version that every audit names.
#pragma once

#include <string_view>

namespace quantier::audit_internal {

[[nodiscard]] std::string_view builtin_words();
[[nodiscard]] std::string_view builtin_demands();
[[nodiscard]] std::string_view builtin_published();

}  // namespace quantier::audit_internal
