// Where GPTQ and AWQ keep the codes and zero points of a layer, in words of eight nibbles.
#pragma once

#include <array>
#include <cstdint>

#include "quantier/interchange/int32_nibbles.h"

namespace quantier {

enum class Int4Family : std::uint8_t { kGptq, kAwq };

struct NibblePlace {
  std::uint64_t word = 0;
  std::uint64_t place = 0;
};

// The place of output n among eight: AWQ interleaves them, so that its kernels unpack pairs.
[[nodiscard]] constexpr std::uint64_t output_place(Int4Family family, std::uint64_t n) {
  constexpr std::array<std::uint64_t, kNibbles> kAwqPlaces = {0, 4, 1, 5, 2, 6, 3, 7};
  return family == Int4Family::kAwq ? kAwqPlaces[n % kNibbles] : n % kNibbles;
}

// Output n, input k of qweight.
[[nodiscard]] constexpr NibblePlace code_place(Int4Family family, std::uint64_t n, std::uint64_t k,
                                               std::uint64_t outputs) {
  if (family == Int4Family::kGptq) return {k / kNibbles * outputs + n, k % kNibbles};
  return {k * (outputs / kNibbles) + n / kNibbles, output_place(family, n)};
}

// Output n, group g of qzeros.
[[nodiscard]] constexpr NibblePlace zero_place(Int4Family family, std::uint64_t n, std::uint64_t g,
                                               std::uint64_t outputs) {
  return {g * (outputs / kNibbles) + n / kNibbles, output_place(family, n)};
}

}  // namespace quantier
