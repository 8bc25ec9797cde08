// A tokenizer's regular expression, from the reference's engine (Oniguruma) to PCRE2.
//
// Only what means the same in both passes: literals, escapes of punctuation, \r \n \t, \s and \S (written out
// as the reference's white space, which lacks U+180E), \p{..} and \P{..} of general categories, plain
// classes, groups (?:..) (?i:..) (..), look-ahead, alternatives and quantifiers. Everything else is
// kUnsupported with the part and its byte offset.
#pragma once

#include <string>
#include <string_view>

#include "quantier/base/error.h"

namespace quantier::tokenizer_detail {

[[nodiscard]] Result<std::string> translate_pattern(std::string_view pattern, std::string_view source);

}  // namespace quantier::tokenizer_detail
