// Against what bitsandbytes 0.50.2 stores and dequantizes (testdata/formats/nf4.json, made by
// tools/goldens/bitsandbytes_goldens.py): every code, maximum and value to the last bit.
#include "quantier/formats/nf4_block.h"

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/half.h"
#include "quantier/formats/golden_arrays.h"

namespace quantier {
namespace {

using testing::ElementsAreArray;

const Json& golden() {
  static const Json file = goldens::read(QUANTIER_SOURCE_DIR "/testdata/formats/nf4.json");
  return file;
}

std::vector<std::uint32_t> bits_of(std::span<const float> values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

std::int64_t ulps_between(float a, float b) {
  const auto order = [](float value) {
    const auto bits = std::bit_cast<std::int32_t>(value);
    return static_cast<std::int64_t>(bits < 0 ? INT32_MIN - bits : bits);
  };
  return std::abs(order(a) - order(b));
}

AlignedBuffer<std::uint8_t> buffer_of(const std::vector<std::uint8_t>& values) {
  AlignedBuffer<std::uint8_t> buffer(values.size(), MemoryOwner::kOther);
  std::ranges::copy(values, buffer.data());
  return buffer;
}

// The state that bitsandbytes stored.
Nf4Weights stored(const Json& item) {
  Nf4Weights weights;
  weights.packed = buffer_of(goldens::bytes(item["packed"]));
  weights.absmax_codes = buffer_of(goldens::bytes(item["absmax_codes"]));
  const std::vector<float> nested = goldens::floats(item["nested_absmax"]);
  weights.nested_absmax = AlignedBuffer<float>(nested.size(), MemoryOwner::kOther);
  std::ranges::copy(nested, weights.nested_absmax.data());
  weights.offset = goldens::floats(item["offset"])[0];
  return weights;
}

TEST(Nf4Block, TablesAreThoseOfBitsandbytes) {
  EXPECT_THAT(bits_of(nf4_table()), ElementsAreArray(bits_of(goldens::floats(golden()["table"]))));
  EXPECT_THAT(bits_of(dynamic_map()), ElementsAreArray(bits_of(goldens::floats(golden()["dynamic_map"]))));
}

TEST(Nf4Block, CodesAndMaximaOfEveryBlockAreIdentical) {
  ASSERT_GE(golden()["cases"].size(), 10U);
  for (const Json& item : golden()["cases"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    const std::vector<float> weight = goldens::halves(item["weight"]);
    const Nf4Sizes sizes = nf4_sizes(weight.size());
    std::vector<std::uint8_t> packed(sizes.packed_bytes);
    std::vector<float> absmax(sizes.blocks);
    for (std::size_t block = 0; block < sizes.blocks; ++block) {
      const std::size_t first = block * kNf4BlockElements;
      const std::size_t count = std::min<std::size_t>(kNf4BlockElements, weight.size() - first);
      absmax[block] = nf4_quantize_block(std::span(weight).subspan(first, count),
                                         std::span(packed).subspan(first / 2, (count + 1) / 2));
    }
    EXPECT_THAT(packed, ElementsAreArray(goldens::bytes(item["packed"])));
    EXPECT_THAT(bits_of(absmax), ElementsAreArray(bits_of(goldens::floats(item["absmax"]))));

    const float offset = goldens::floats(item["offset"])[0];
    EXPECT_LE(ulps_between(nf4_mean(absmax), offset), 2) << nf4_mean(absmax) << " " << offset;

    std::vector<std::uint8_t> codes(sizes.blocks);
    std::vector<float> nested(sizes.nested_blocks);
    nf4_quantize_absmax(absmax, offset, codes, nested);
    EXPECT_THAT(codes, ElementsAreArray(goldens::bytes(item["absmax_codes"])));
    EXPECT_THAT(bits_of(nested), ElementsAreArray(bits_of(goldens::floats(item["nested_absmax"]))));
  }
}

TEST(Nf4Block, DequantizedValuesAreIdenticalInAnyRange) {
  for (const Json& item : golden()["cases"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    const Nf4Weights weights = stored(item);
    std::vector<float> absmax(weights.absmax_codes.size());
    for (std::uint64_t block = 0; block < absmax.size(); ++block) absmax[block] = nf4_absmax(weights, block);
    EXPECT_THAT(bits_of(absmax), ElementsAreArray(bits_of(goldens::floats(item["stored_absmax"]))));

    const std::vector<float> expected = goldens::halves(item["dequantized"]);
    std::vector<float> values(expected.size());
    nf4_dequantize(weights, 0, values);
    EXPECT_THAT(bits_of(values), ElementsAreArray(bits_of(expected)));
    const std::size_t first = expected.size() / 3;
    std::vector<float> tail(expected.size() - first);
    nf4_dequantize(weights, first, tail);
    EXPECT_THAT(bits_of(tail), ElementsAreArray(bits_of(std::span(expected).subspan(first))));
  }
}

// The golden holds maxima at both sides of the borders between the points of the look-up, and tiny ones, for
// which the nearest entry of the map and the one looked up differ.
TEST(Nf4Block, NestedCodesAreLookedUpAsBitsandbytesDoes) {
  const Json& item = golden()["absmax"];
  const std::vector<float> values = goldens::floats(item["values"]);
  const Nf4Sizes sizes = nf4_sizes(values.size() * kNf4BlockElements);
  std::vector<std::uint8_t> codes(values.size());
  std::vector<float> nested(sizes.nested_blocks);
  nf4_quantize_absmax(values, item["offset"].get<float>(), codes, nested);
  EXPECT_THAT(codes, ElementsAreArray(goldens::bytes(item["codes"])));
  EXPECT_THAT(nested, ElementsAreArray(goldens::floats(item["nested_absmax"])));
}

TEST(Nf4Block, EveryTableEntryComesBackAsItself) {
  // With absmax 2048 all entries are far from the midpoints after rounding to half.
  std::vector<float> values(kNf4BlockElements);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = round_to_half(nf4_table()[i % 16] * 2048.0F);
  std::vector<std::uint8_t> packed(kNf4BlockElements / 2);
  EXPECT_EQ(nf4_quantize_block(values, packed), 2048.0F);
  for (std::size_t i = 0; i < packed.size(); ++i) {
    EXPECT_EQ(packed[i] >> 4, (2 * i) % 16);
    EXPECT_EQ(packed[i] & 15, (2 * i + 1) % 16);
  }
}

// An offset that is one ulp off must not go unseen: the test above would compare codes given that offset.
TEST(Nf4Block, TheOffsetIsTheCorrectlyRoundedMean) {
  EXPECT_EQ(nf4_mean(std::vector<float>{1.0F, 0x1p-24F, 0x1p-24F, 0x1p-24F}),
            static_cast<float>((1.0 + 3 * 0x1p-24) / 4));
  EXPECT_EQ(nf4_mean({}), 0.0F);
}

}  // namespace
}  // namespace quantier
