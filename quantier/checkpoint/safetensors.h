// The safetensors container: 8 bytes of little-endian header length, a JSON header, then the raw tensors.
//
// Every statement of the header is checked against the file before a byte of data is handed out: shapes whose
// product overflows, offsets outside the data, sizes that do not follow from shape and dtype, overlaps, gaps
// and a data section longer than what the tensors cover are all kCorruptData, naming the tensor. Element
// types that Quantier does not read (8-bit floats, complex) are kUnsupported. Tensors are views of the memory
// map; nothing is copied. Source: format description in the README of github.com/huggingface/safetensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/file.h"
#include "quantier/tensor/tensor_view.h"

namespace quantier {

// The limit of the reference implementation: a header that claims more is a lie or an attack.
inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 100'000'000;

struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;  // bytes, from the start of the data section
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::uint64_t data_start = 0;           // bytes, from the start of the file
  std::vector<SafetensorsEntry> entries;  // in the order of their bytes
  std::map<std::string, std::string> metadata;
};

// `file` is the whole file; `source` names it in errors.
[[nodiscard]] Result<SafetensorsHeader> parse_safetensors_header(std::span<const std::byte> file,
                                                                 std::string_view source);

// "[3, 4]"
[[nodiscard]] std::string shape_text(std::span<const std::uint64_t> shape);

class SafetensorsFile {
 public:
  [[nodiscard]] static Result<SafetensorsFile> open(const std::filesystem::path& path);

  [[nodiscard]] const SafetensorsHeader& header() const { return header_; }
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  // `entry` must come from header().
  [[nodiscard]] TensorView view(const SafetensorsEntry& entry) const;
  void drop_pages(const SafetensorsEntry& entry) const;

 private:
  SafetensorsFile(MappedFile file, SafetensorsHeader header);
  [[nodiscard]] std::span<const std::byte> bytes_of(const SafetensorsEntry& entry) const;

  MappedFile file_;
  SafetensorsHeader header_;
};

}  // namespace quantier
