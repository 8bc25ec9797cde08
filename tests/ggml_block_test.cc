// Blocks of ggml against what the Python package gguf 0.19 makes of the same floats, byte by byte
// (testdata/formats/ggml_blocks.json, made by tools/goldens/gguf_goldens.py).
#include "quantier/checkpoint/gguf/ggml_block.h"

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/formats/golden_arrays.h"

namespace quantier {
namespace {

using ::testing::ElementsAreArray;

const Json& golden() {
  static const Json file = goldens::read(QUANTIER_SOURCE_DIR "/testdata/formats/ggml_blocks.json");
  return file;
}

std::vector<std::uint8_t> encode(GgmlType type, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() / ggml_block_elements(type) * ggml_block_bytes(type));
  ggml_encode(type, values, bytes);
  std::vector<std::uint8_t> numbers(bytes.size());
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

std::vector<float> decode(GgmlType type, const std::vector<std::uint8_t>& bytes) {
  std::vector<float> values(bytes.size() / ggml_block_bytes(type) * ggml_block_elements(type));
  ggml_decode(type, std::as_bytes(std::span(bytes)), values);
  return values;
}

// NaN compares equal to NaN; zeros keep their sign.
std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) {
    bits.push_back(std::isnan(value) ? 0x7FC00000U : std::bit_cast<std::uint32_t>(value));
  }
  return bits;
}

TEST(GgmlBlock, EveryByteIsThatOfTheReference) {
  ASSERT_GE(golden()["cases"].size(), 30U);
  std::size_t compared = 0;
  for (const Json& item : golden()["cases"]) {
    const std::vector<float> values = goldens::floats(item["values"]);
    for (const auto& [name, expected] : item["types"].items()) {
      SCOPED_TRACE(name + ", " + item["name"].get<std::string>());
      const std::optional<GgmlType> type = ggml_type_from_name(name);
      ASSERT_TRUE(type.has_value());
      const std::vector<std::uint8_t> stored = goldens::bytes(expected["stored"]);
      EXPECT_THAT(encode(*type, values), ElementsAreArray(stored));
      EXPECT_THAT(bits_of(decode(*type, stored)),
                  ElementsAreArray(bits_of(goldens::floats(expected["decoded"]))));
      compared += stored.size();
    }
  }
  EXPECT_GT(compared, 10'000U);
}

TEST(GgmlBlock, NumbersNamesAndSizesAreThoseOfTheReference) {
  for (const auto& [name, row] : golden()["types"].items()) {
    SCOPED_TRACE(name);
    const auto id = row["id"].get<std::uint32_t>();
    const std::optional<GgmlType> type = ggml_type_from_id(id);
    if (!type) {
      EXPECT_EQ(other_ggml_type_name(id), name);
      continue;
    }
    EXPECT_EQ(ggml_type_name(*type), name);
    EXPECT_EQ(ggml_type_from_name(name), type);
    EXPECT_FALSE(other_ggml_type_name(id).has_value());
    EXPECT_EQ(ggml_block_elements(*type), row["elements"].get<std::uint64_t>());
    EXPECT_EQ(ggml_block_bytes(*type), row["bytes"].get<std::uint64_t>());
  }
  EXPECT_EQ(ggml_type_from_name("q4_0"), GgmlType::kQ4_0);
  EXPECT_FALSE(ggml_type_from_name("q4").has_value());
  EXPECT_FALSE(ggml_type_from_name("Q4_0x").has_value());
  EXPECT_FALSE(ggml_type_from_id(4).has_value());  // Q4_2, which ggml gave up
  EXPECT_FALSE(other_ggml_type_name(4).has_value());
}

TEST(GgmlBlock, OverflowIsFoundInItsBlock) {
  for (const GgmlType type :
       {GgmlType::kF16, GgmlType::kBF16, GgmlType::kQ8_0, GgmlType::kQ4_0, GgmlType::kQ4_1}) {
    SCOPED_TRACE(ggml_type_name(type));
    std::vector<float> values(96, 0.5F);
    const auto find = [&] {
      const std::vector<std::uint8_t> bytes = encode(type, values);
      return find_overflow(type, std::as_bytes(std::span(bytes)));
    };
    EXPECT_EQ(find(), std::nullopt);
    values[40] = 3.4e38F;
    EXPECT_EQ(find(), ggml_block_elements(type) == 1 ? 40U : 32U);
  }
  // The scale of Q4_1 may fit where its smallest element does not.
  const std::vector<std::uint8_t> bytes = encode(GgmlType::kQ4_1, std::vector<float>(32, -70000.0F));
  EXPECT_EQ(find_overflow(GgmlType::kQ4_1, std::as_bytes(std::span(bytes))), 0U);
}

// Of several largest magnitudes C's reference takes the first, and of zeros the one it starts from.
TEST(GgmlBlock, ABlockOfNegativeZerosHasTheScaleOfC) {
  const std::vector<std::uint8_t> bytes = encode(GgmlType::kQ4_0, std::vector<float>(32, -0.0F));
  EXPECT_EQ(bytes[0], 0x00);
  EXPECT_EQ(bytes[1], 0x80);
  EXPECT_EQ(bytes[2], 0x88);
}

}  // namespace
}  // namespace quantier
