// Taking values out of bytes that may end anywhere: shared by the parser, which finds out, and by the walk
// over an array that was found to be whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "quantier/checkpoint/gguf/gguf.h"

namespace quantier::gguf_detail {

// Arrays in arrays in ... deeper than this are refused; no writer makes more than one level.
inline constexpr int kMaxNesting = 8;

class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t remaining() const { return bytes_.size() - position_; }
  [[nodiscard]] std::optional<std::span<const std::byte>> take(std::uint64_t count) {
    if (count > remaining()) return std::nullopt;
    const auto taken = bytes_.subspan(static_cast<std::size_t>(position_), static_cast<std::size_t>(count));
    position_ += count;
    return taken;
  }
  template <class T>
  [[nodiscard]] std::optional<T> number() {
    const auto taken = take(sizeof(T));
    if (!taken) return std::nullopt;
    T value{};
    std::memcpy(&value, taken->data(), sizeof value);
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  std::uint64_t position_ = 0;
};

// Bytes of a number or a bool; 0 for strings and arrays.
[[nodiscard]] std::size_t fixed_bytes(GgufType type);
[[nodiscard]] std::optional<GgufType> type_from_id(std::uint32_t id);

// One value; the unexpected text says what is wrong with it.
[[nodiscard]] std::expected<GgufValue, std::string> take_value(Cursor& cursor, GgufType type,
                                                               int nesting = 0);

}  // namespace quantier::gguf_detail
