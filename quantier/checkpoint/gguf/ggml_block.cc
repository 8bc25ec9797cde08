#include "quantier/checkpoint/gguf/ggml_block.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "quantier/base/check.h"
#include "quantier/base/half.h"

namespace quantier {
namespace {

constexpr std::size_t kBlock = 32;
constexpr std::size_t kPairs = kBlock / 2;

struct Traits {
  GgmlType type;
  const char* name;
  std::uint64_t elements;
  std::uint64_t bytes;
};
constexpr std::array<Traits, 6> kTraits{{
    {GgmlType::kF32, "F32", 1, 4},
    {GgmlType::kF16, "F16", 1, 2},
    {GgmlType::kQ4_0, "Q4_0", kBlock, 2 + kPairs},
    {GgmlType::kQ4_1, "Q4_1", kBlock, 4 + kPairs},
    {GgmlType::kQ8_0, "Q8_0", kBlock, 2 + kBlock},
    {GgmlType::kBF16, "BF16", 1, 2},
}};

const Traits& traits(GgmlType type) {
  const auto* found = std::ranges::find(kTraits, type, &Traits::type);
  QT_CHECK(found != kTraits.end(), "every ggml type has a row in the table");
  return *found;
}

struct OtherType {
  std::uint32_t id;
  std::string_view name;
};
constexpr std::array<OtherType, 28> kOtherTypes{{
    {6, "Q5_0"},   {7, "Q5_1"},    {9, "Q8_1"},   {10, "Q2_K"},    {11, "Q3_K"},   {12, "Q4_K"},
    {13, "Q5_K"},  {14, "Q6_K"},   {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"},
    {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"}, {22, "IQ2_S"},   {23, "IQ4_XS"}, {24, "I8"},
    {25, "I16"},   {26, "I32"},    {27, "I64"},   {28, "F64"},     {29, "IQ1_M"},  {34, "TQ1_0"},
    {35, "TQ2_0"}, {39, "MXFP4"},  {40, "NVFP4"}, {41, "Q1_0"},
}};

float read_half(const std::byte* source) {
  Half value;
  std::memcpy(&value.bits, source, sizeof value.bits);
  return to_float(value);
}

void write_half(float value, std::byte* out) {
  const Half half = to_half(value);
  std::memcpy(out, &half.bits, sizeof half.bits);
}

float reciprocal(float scale) { return scale != 0.0F ? 1.0F / scale : 0.0F; }

// A scale below 2^-128 has no finite reciprocal. Its half is zero, so that the codes count for nothing; they
// are 0, which is what converting an infinity or NaN to a byte leaves on x86.
std::uint8_t byte_of(float code) {
  return std::isfinite(code) ? static_cast<std::uint8_t>(static_cast<std::int32_t>(code)) : std::uint8_t{0};
}

void encode_q8_0(const float* x, std::byte* out) {
  float largest = 0;
  for (std::size_t i = 0; i < kBlock; ++i) largest = std::max(largest, std::abs(x[i]));
  const float scale = largest / 127.0F;
  const float inverse = reciprocal(scale);
  write_half(scale, out);
  for (std::size_t i = 0; i < kBlock; ++i) out[2 + i] = std::byte{byte_of(std::round(x[i] * inverse))};
}

void put_nibbles(const std::array<std::uint8_t, kBlock>& codes, std::byte* out) {
  for (std::size_t j = 0; j < kPairs; ++j) {
    out[j] = static_cast<std::byte>(codes[j] | (codes[j + kPairs] << 4));
  }
}

void encode_q4_0(const float* x, std::byte* out) {
  float largest = 0;
  float signed_largest = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    if (std::abs(x[i]) <= largest) continue;
    largest = std::abs(x[i]);
    signed_largest = x[i];
  }
  const float scale = signed_largest / -8.0F;
  const float inverse = reciprocal(scale);
  write_half(scale, out);
  std::array<std::uint8_t, kBlock> codes{};
  for (std::size_t i = 0; i < kBlock; ++i) {
    codes[i] = std::min<std::uint8_t>(byte_of(x[i] * inverse + 8.5F), 15);
  }
  put_nibbles(codes, out + 2);
}

void encode_q4_1(const float* x, std::byte* out) {
  float smallest = x[0];
  float largest = x[0];
  for (std::size_t i = 1; i < kBlock; ++i) {
    if (x[i] < smallest) smallest = x[i];
    if (x[i] > largest) largest = x[i];
  }
  const float scale = (largest - smallest) / 15.0F;
  const float inverse = reciprocal(scale);
  write_half(scale, out);
  write_half(smallest, out + 2);
  std::array<std::uint8_t, kBlock> codes{};
  for (std::size_t i = 0; i < kBlock; ++i) {
    codes[i] = std::min<std::uint8_t>(byte_of((x[i] - smallest) * inverse + 0.5F), 15);
  }
  put_nibbles(codes, out + 4);
}

void decode_q8_0(const std::byte* block, float* out) {
  const float scale = read_half(block);
  for (std::size_t i = 0; i < kBlock; ++i) {
    out[i] = static_cast<float>(static_cast<std::int8_t>(block[2 + i])) * scale;
  }
}

template <class Function>
void for_each_nibble(const std::byte* bytes, const Function& function) {
  for (std::size_t j = 0; j < kPairs; ++j) {
    const auto pair = std::to_integer<int>(bytes[j]);
    function(j, pair & 15);
    function(j + kPairs, pair >> 4);
  }
}

void decode_block(GgmlType type, const std::byte* block, float* out) {
  switch (type) {
    case GgmlType::kF32:
      std::memcpy(out, block, sizeof *out);
      return;
    case GgmlType::kF16:
      *out = read_half(block);
      return;
    case GgmlType::kBF16: {
      BFloat16 value;
      std::memcpy(&value.bits, block, sizeof value.bits);
      *out = to_float(value);
      return;
    }
    case GgmlType::kQ8_0:
      decode_q8_0(block, out);
      return;
    case GgmlType::kQ4_0: {
      const float scale = read_half(block);
      for_each_nibble(block + 2,
                      [&](std::size_t i, int code) { out[i] = static_cast<float>(code - 8) * scale; });
      return;
    }
    case GgmlType::kQ4_1: {
      const float scale = read_half(block);
      const float smallest = read_half(block + 2);
      for_each_nibble(block + 4,
                      [&](std::size_t i, int code) { out[i] = static_cast<float>(code) * scale + smallest; });
      return;
    }
  }
}

void encode_block(GgmlType type, const float* x, std::byte* out) {
  switch (type) {
    case GgmlType::kF32:
      std::memcpy(out, x, sizeof *x);
      return;
    case GgmlType::kF16:
      write_half(*x, out);
      return;
    case GgmlType::kBF16: {
      const BFloat16 value = to_bfloat16(*x);
      std::memcpy(out, &value.bits, sizeof value.bits);
      return;
    }
    case GgmlType::kQ8_0:
      encode_q8_0(x, out);
      return;
    case GgmlType::kQ4_0:
      encode_q4_0(x, out);
      return;
    case GgmlType::kQ4_1:
      encode_q4_1(x, out);
      return;
  }
}

}  // namespace

const char* ggml_type_name(GgmlType type) { return traits(type).name; }
std::uint64_t ggml_block_elements(GgmlType type) { return traits(type).elements; }
std::uint64_t ggml_block_bytes(GgmlType type) { return traits(type).bytes; }

std::optional<GgmlType> ggml_type_from_id(std::uint32_t id) {
  const auto* found = std::ranges::find(kTraits, static_cast<GgmlType>(id), &Traits::type);
  return found == kTraits.end() ? std::nullopt : std::optional(found->type);
}

std::optional<GgmlType> ggml_type_from_name(std::string_view name) {
  const auto same = [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; };
  for (const Traits& row : kTraits) {
    if (std::ranges::equal(name, std::string_view(row.name), same)) return row.type;
  }
  return std::nullopt;
}

std::optional<std::string_view> other_ggml_type_name(std::uint32_t id) {
  const auto* found = std::ranges::find(kOtherTypes, id, &OtherType::id);
  return found == kOtherTypes.end() ? std::nullopt : std::optional(found->name);
}

void ggml_encode(GgmlType type, std::span<const float> values, std::span<std::byte> out) {
  const Traits& row = traits(type);
  QT_CHECK(values.size() % row.elements == 0 && out.size() == values.size() / row.elements * row.bytes,
           "whole blocks are encoded into as many");
  for (std::size_t block = 0; block < values.size() / row.elements; ++block) {
    encode_block(type, values.data() + block * row.elements, out.data() + block * row.bytes);
  }
}

void ggml_decode(GgmlType type, std::span<const std::byte> blocks, std::span<float> out) {
  const Traits& row = traits(type);
  QT_CHECK(out.size() % row.elements == 0 && blocks.size() == out.size() / row.elements * row.bytes,
           "whole blocks are decoded");
  for (std::size_t block = 0; block < out.size() / row.elements; ++block) {
    decode_block(type, blocks.data() + block * row.bytes, out.data() + block * row.elements);
  }
}

std::optional<std::uint64_t> find_overflow(GgmlType type, std::span<const std::byte> blocks) {
  const Traits& row = traits(type);
  for (std::size_t block = 0; block < blocks.size() / row.bytes; ++block) {
    const std::byte* bytes = blocks.data() + block * row.bytes;
    float first = 0;
    float second = 0;
    if (row.elements == 1) {
      decode_block(type, bytes, &first);
    } else {
      first = read_half(bytes);
      if (type == GgmlType::kQ4_1) second = read_half(bytes + 2);
    }
    if (!std::isfinite(first) || !std::isfinite(second)) return block * row.elements;
  }
  return std::nullopt;
}

}  // namespace quantier
