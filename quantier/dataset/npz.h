// NumPy .npz files (a zip of .npy arrays): writing predictions, and reading arrays that others wrote.
//
// Reading is strict: no pickled objects, known dtypes only (f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 and U/S
// strings), C order, little-endian, sizes checked against the entry before anything is allocated, compression
// ratio bounded (zip bombs). A reader lists the arrays by their headers and reads one at a time, so that an
// archive of six matrices never stands in memory at once. Errors: kCorruptData with the file and the array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
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

// What the header of an array says, before its values are read.
struct NpyInfo {
  std::string name;
  std::string type;  // "<f4"
  std::vector<std::uint64_t> shape;

  [[nodiscard]] bool is_float() const { return type.size() > 1 && type[1] == 'f'; }
  [[nodiscard]] bool is_text() const { return type.size() > 1 && (type[1] == 'U' || type[1] == 'S'); }
  [[nodiscard]] bool is_integer() const {
    return type.size() > 1 && (type[1] == 'i' || type[1] == 'u' || type[1] == 'b');
  }
};

class NpzReader {
 public:
  [[nodiscard]] static Result<NpzReader> open(const std::filesystem::path& path);
  // `bytes` must outlive the reader; `source` names them in errors.
  [[nodiscard]] static Result<NpzReader> open(std::span<const std::byte> bytes, std::string source);
  NpzReader(NpzReader&&) noexcept;
  NpzReader& operator=(NpzReader&&) noexcept;
  ~NpzReader();

  [[nodiscard]] const std::vector<NpyInfo>& arrays() const;
  [[nodiscard]] const std::string& source() const;
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  [[nodiscard]] Result<NpyArray> read(std::size_t array);
  // An array of floats of any width as float, decompressed in pieces straight into the result.
  [[nodiscard]] Result<std::vector<float>> read_floats(std::size_t array);

 private:
  struct State;
  explicit NpzReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Writes atomically. float -> '<f4', double -> '<f8', int64 -> '<i8', strings -> '<U{longest}'. Deterministic
// bytes: fixed time stamps, stored in the order given, deflated.
[[nodiscard]] Status write_npz(const std::filesystem::path& path, std::span<const NpyArray> arrays);
[[nodiscard]] Result<std::vector<NpyArray>> read_npz(const std::filesystem::path& path);

}  // namespace quantier
