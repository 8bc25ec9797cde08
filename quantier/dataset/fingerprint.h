// A short name for a text that stays the same under changes of case and white space: two data sets that share
// fingerprints share examples. 64 bits of SHA-256, in hexadecimal: among a million texts a chance pair is
// expected once in 37 million data sets.
#pragma once

#include <string>
#include <string_view>

namespace quantier {

// ASCII letters in lower case, every run of white space one blank, none at the ends.
[[nodiscard]] std::string normalised_text(std::string_view text);

[[nodiscard]] std::string text_fingerprint(std::string_view text);

}  // namespace quantier
