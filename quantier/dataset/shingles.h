// A text as the set of its sequences of three words: what likeness of texts is measured over (overlap.h).
//
// Words are letters, digits and bytes beyond ASCII, capitals made small; anything else separates. A text of
// fewer words is one sequence. The hashes stand in checkpoints, folded into signatures (near_signature.h), so
// they must not change.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace quantier {

// Hashes of three consecutive words each: ascending, without repetition. Empty for a text without a word.
[[nodiscard]] std::vector<std::uint64_t> shingles_of(std::string_view text);

}  // namespace quantier
