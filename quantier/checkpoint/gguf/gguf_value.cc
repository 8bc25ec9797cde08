#include "quantier/checkpoint/gguf/gguf_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "quantier/base/check.h"

namespace quantier {
namespace gguf_detail {
namespace {

struct TypeRow {
  const char* name;
  std::size_t bytes;  // 0: as long as it says itself
};
constexpr std::array<TypeRow, 13> kTypes{{{"u8", 1},
                                          {"i8", 1},
                                          {"u16", 2},
                                          {"i16", 2},
                                          {"u32", 4},
                                          {"i32", 4},
                                          {"f32", 4},
                                          {"bool", 1},
                                          {"string", 0},
                                          {"array", 0},
                                          {"u64", 8},
                                          {"i64", 8},
                                          {"f64", 8}}};
static_assert(kTypes.size() == static_cast<std::size_t>(GgufType::kF64) + 1);

// The least that one element takes in the file: what bounds a count before anybody counts to it.
std::uint64_t least_bytes(GgufType type) {
  if (type == GgufType::kString) return 8;
  if (type == GgufType::kArray) return 12;
  return fixed_bytes(type);
}

std::unexpected<std::string> ends_early(const char* what, std::uint64_t wanted, std::uint64_t there) {
  return std::unexpected(fmt::format("{} claims {} bytes, {} are left", what, wanted, there));
}

std::expected<GgufValue, std::string> take_array(Cursor& cursor, int nesting) {
  if (nesting >= kMaxNesting) {
    return std::unexpected(fmt::format("arrays are nested deeper than {} levels", kMaxNesting));
  }
  const auto id = cursor.number<std::uint32_t>();
  const auto count = cursor.number<std::uint64_t>();
  if (!id || !count) return std::unexpected(std::string("the file ends in the head of an array"));
  const auto element = type_from_id(*id);
  if (!element) return std::unexpected(fmt::format("{} is not the number of a value type", *id));
  if (*count > cursor.remaining() / least_bytes(*element)) {
    return std::unexpected(fmt::format("an array claims {} elements of type {}, {} bytes are left", *count,
                                       gguf_type_name(*element), cursor.remaining()));
  }
  GgufValue array{GgufType::kArray, *element, *count, {}};
  Cursor start = cursor;
  if (const std::size_t size = fixed_bytes(*element); size != 0) {
    const auto bytes = cursor.take(*count * size);
    const auto is_bool = [](std::byte value) { return std::to_integer<int>(value) <= 1; };
    if (*element == GgufType::kBool && !std::ranges::all_of(*bytes, is_bool)) {
      return std::unexpected(std::string("an array of bools holds another number than 0 and 1"));
    }
  } else {
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto value = take_value(cursor, *element, nesting + 1);
      if (!value) return std::unexpected(fmt::format("element {}: {}", i, value.error()));
    }
  }
  array.bytes = *start.take(cursor.position() - start.position());
  return array;
}

}  // namespace

std::size_t fixed_bytes(GgufType type) { return kTypes.at(static_cast<std::size_t>(type)).bytes; }

std::optional<GgufType> type_from_id(std::uint32_t id) {
  return id < kTypes.size() ? std::optional(static_cast<GgufType>(id)) : std::nullopt;
}

std::expected<GgufValue, std::string> take_value(Cursor& cursor, GgufType type, int nesting) {
  if (type == GgufType::kArray) return take_array(cursor, nesting);
  std::uint64_t size = fixed_bytes(type);
  if (type == GgufType::kString) {
    const auto length = cursor.number<std::uint64_t>();
    if (!length) return std::unexpected(std::string("the file ends in the length of a string"));
    size = *length;
  }
  const auto bytes = cursor.take(size);
  if (!bytes) return ends_early(gguf_type_name(type), size, cursor.remaining());
  if (type == GgufType::kBool && std::to_integer<int>(bytes->front()) > 1) {
    return std::unexpected(fmt::format("a bool is {}", std::to_integer<int>(bytes->front())));
  }
  return GgufValue{type, GgufType::kU8, 0, *bytes};
}

}  // namespace gguf_detail

namespace {

template <class T>
T number_in(std::span<const std::byte> bytes) {
  T value{};
  QT_CHECK(bytes.size() == sizeof value, "a value has the bytes of its type");
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

template <class T>
std::optional<std::uint64_t> unsigned_in(std::span<const std::byte> bytes) {
  const T value = number_in<T>(bytes);
  if (value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

}  // namespace

const char* gguf_type_name(GgufType type) {
  return gguf_detail::kTypes.at(static_cast<std::size_t>(type)).name;
}

std::optional<std::uint64_t> GgufValue::as_unsigned() const {
  switch (type) {
    case GgufType::kU8:
      return number_in<std::uint8_t>(bytes);
    case GgufType::kU16:
      return number_in<std::uint16_t>(bytes);
    case GgufType::kU32:
      return number_in<std::uint32_t>(bytes);
    case GgufType::kU64:
      return number_in<std::uint64_t>(bytes);
    case GgufType::kI8:
      return unsigned_in<std::int8_t>(bytes);
    case GgufType::kI16:
      return unsigned_in<std::int16_t>(bytes);
    case GgufType::kI32:
      return unsigned_in<std::int32_t>(bytes);
    case GgufType::kI64:
      return unsigned_in<std::int64_t>(bytes);
    default:
      return std::nullopt;
  }
}

std::optional<double> GgufValue::as_number() const {
  if (type == GgufType::kF64) return number_in<double>(bytes);
  if (type != GgufType::kF32) return std::nullopt;
  // Who wrote 1e-6 as a 32-bit number meant 1e-6, not the 9.99999997e-07 that it holds.
  const std::string shortest = fmt::format("{}", number_in<float>(bytes));
  double value = 0;
  const auto [end, error] = std::from_chars(shortest.data(), shortest.data() + shortest.size(), value);
  if (error != std::errc() || end != shortest.data() + shortest.size()) return std::nullopt;
  return value;
}

std::optional<bool> GgufValue::as_bool() const {
  if (type != GgufType::kBool) return std::nullopt;
  return std::to_integer<int>(bytes.front()) != 0;
}

std::optional<std::string_view> GgufValue::as_string() const {
  if (type != GgufType::kString) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void GgufValue::for_each(const std::function<bool(const GgufValue&)>& visit) const {
  QT_CHECK(type == GgufType::kArray, "only an array has elements");
  gguf_detail::Cursor cursor(bytes);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto value = gguf_detail::take_value(cursor, element);
    QT_CHECK(value.has_value(), "the parser walked this array before");
    if (!visit(*value)) return;
  }
}

}  // namespace quantier
