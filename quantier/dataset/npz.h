// NumPy .npz files (a zip of .npy arrays): writing predictions, and reading arrays that others wrote.
//
// Reading is strict: no pickled objects, known dtypes only (f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 and U/S
// strings), C order, little-endian, sizes checked against the entry before anything is allocated, compression
// ratio bounded (zip bombs). Errors: kCorruptData with the file and the array.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

struct NpyArray {
  std::string name;  // without ".npy"
  std::vector<std::uint64_t> shape;
  // Numbers of any width arrive as float, double or 64-bit integer; strings as UTF-8.
  std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>>
      values;
};

// Writes atomically. float -> '<f4', double -> '<f8', int64 -> '<i8', strings -> '<U{longest}'. Deterministic
// bytes: fixed time stamps, stored in the order given, deflated.
[[nodiscard]] Status write_npz(const std::filesystem::path& path, std::span<const NpyArray> arrays);
[[nodiscard]] Result<std::vector<NpyArray>> read_npz(const std::filesystem::path& path);

}  // namespace quantier
