// Element types of stored tensors, named as safetensors names them. `dtype_bytes` is the size of one element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quantier {

enum class DType : std::uint8_t { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool, kF8E4M3 };

[[nodiscard]] constexpr std::size_t dtype_bytes(DType dtype) {
  switch (dtype) {
    case DType::kF64:
    case DType::kI64:
      return 8;
    case DType::kF32:
    case DType::kI32:
      return 4;
    case DType::kF16:
    case DType::kBF16:
    case DType::kI16:
      return 2;
    case DType::kI8:
    case DType::kU8:
    case DType::kBool:
    case DType::kF8E4M3:
      return 1;
  }
  return 0;
}

[[nodiscard]] constexpr const char* dtype_name(DType dtype) {
  constexpr const char* kNames[] = {"F64", "F32", "F16", "BF16", "I64",    "I32",
                                    "I16", "I8",  "U8",  "BOOL", "F8_E4M3"};
  return kNames[static_cast<std::size_t>(dtype)];
}

[[nodiscard]] constexpr std::optional<DType> dtype_from_name(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(DType::kF8E4M3); ++i) {
    if (name == dtype_name(static_cast<DType>(i))) return static_cast<DType>(i);
  }
  return std::nullopt;
}

}  // namespace quantier
