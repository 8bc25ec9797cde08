// Writing TOML by hand, for files that people go on to edit.
#pragma once

#include <string>
#include <string_view>

namespace quantier {

// A basic string: quoted, with quotes, backslashes and control characters escaped.
[[nodiscard]] std::string toml_string(std::string_view text);

}  // namespace quantier
