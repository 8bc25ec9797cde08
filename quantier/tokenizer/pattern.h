// A tokenizer's regular expression, from the reference's engine (Oniguruma) to PCRE2.
//
// Only what means the same in both passes: literals, escapes of punctuation, \r \n \t, \s and \S (written out
// as the reference's white space, which lacks U+180E), \p{..} and \P{..} of general categories
// (L and N brought up to the reference's version of Unicode), plain
// classes, groups (?:..) (?i:..) (..), look-ahead, alternatives and quantifiers. Everything else is
// kUnsupported with the part and its byte offset.
#pragma once

#include <string>
#include <string_view>

#include "quantier/base/error.h"

namespace quantier::tokenizer_detail {

// Ranges that \p{L} and \p{N} lack in this machine's PCRE2, written for the inside of a class.
struct YoungCharacters {
  std::string letters;
  std::string numbers;
};

[[nodiscard]] Result<std::string> translate_pattern(std::string_view pattern, const YoungCharacters& young,
                                                    std::string_view source);

}  // namespace quantier::tokenizer_detail
