// Places of codes and zero points against words written out by hand.
#include "quantier/interchange/int4/layout.h"

#include <array>
#include <cstddef>
#include <cstring>

#include <gtest/gtest.h>

namespace quantier {
namespace {

std::uint32_t word(const std::array<std::byte, 4>& bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

TEST(Int4Layout, GptqPacksInputsOfOneOutput) {
  std::array<std::byte, 4> bytes{};
  for (std::uint64_t k = 0; k < 8; ++k) {
    const NibblePlace at = code_place(Int4Family::kGptq, 0, k, 1);
    EXPECT_EQ(at.word, 0U);
    set_nibble(bytes, at.word, at.place, static_cast<std::uint8_t>(k));
  }
  EXPECT_EQ(word(bytes), 0x76543210U);
  EXPECT_EQ(code_place(Int4Family::kGptq, 3, 17, 40).word, 2 * 40 + 3U);
  EXPECT_EQ(code_place(Int4Family::kGptq, 3, 17, 40).place, 1U);
  EXPECT_EQ(zero_place(Int4Family::kGptq, 11, 2, 40).word, 2 * 5 + 1U);
  EXPECT_EQ(zero_place(Int4Family::kGptq, 11, 2, 40).place, 3U);
}

TEST(Int4Layout, AwqInterleavesOutputs) {
  std::array<std::byte, 4> bytes{};
  for (std::uint64_t n = 0; n < 8; ++n) {
    const NibblePlace at = code_place(Int4Family::kAwq, n, 0, 8);
    EXPECT_EQ(at.word, 0U);
    set_nibble(bytes, at.word, at.place, static_cast<std::uint8_t>(n));
  }
  EXPECT_EQ(word(bytes), 0x75316420U);
  for (std::uint64_t n = 0; n < 8; ++n) {
    EXPECT_EQ(nibble_at(bytes, 0, output_place(Int4Family::kAwq, n)), n);
  }
  EXPECT_EQ(code_place(Int4Family::kAwq, 9, 5, 40).word, 5 * 5 + 1U);
  EXPECT_EQ(zero_place(Int4Family::kAwq, 9, 5, 40).place, 4U);
}

}  // namespace
}  // namespace quantier
