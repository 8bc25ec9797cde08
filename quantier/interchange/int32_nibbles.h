// Eight four-bit codes in an int32, as GPTQ, AWQ and compressed-tensors pack them: place j holds bits
// [4 j, 4 j + 4). Bytes are little-endian, so place j is a nibble of byte j / 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quantier {

inline constexpr std::uint64_t kNibbles = 8;

[[nodiscard]] constexpr std::uint64_t int32_words(std::uint64_t codes) {
  return (codes + kNibbles - 1) / kNibbles;
}

[[nodiscard]] inline std::uint8_t nibble_at(std::span<const std::byte> words, std::uint64_t word,
                                            std::uint64_t place) {
  const auto byte = std::to_integer<std::uint8_t>(words[word * 4 + place / 2]);
  return place % 2 == 0 ? byte & 0xFU : byte >> 4;
}

// The nibble must be zero before.
inline void set_nibble(std::span<std::byte> words, std::uint64_t word, std::uint64_t place,
                       std::uint8_t code) {
  words[word * 4 + place / 2] |= static_cast<std::byte>(place % 2 == 0 ? code : code << 4);
}

}  // namespace quantier
