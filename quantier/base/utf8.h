// UTF-8: validation and making text of unknown origin safe to show.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace quantier {

// Byte offset of the first byte that is not well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no
// surrogates, nothing above U+10FFFF), or nullopt when all of it is.
[[nodiscard]] std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// For terminals and error messages: control characters and invalid bytes become \xNN, long text is cut with
// an ellipsis, so that a file name or a label cannot move the cursor or flood the screen.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 120);

}  // namespace quantier
