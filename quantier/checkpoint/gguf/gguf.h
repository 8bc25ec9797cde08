// The GGUF container, version 3: a header, metadata as typed key-value pairs, descriptions of the tensors,
// then their bytes, little-endian throughout.
//
//   "GGUF", u32 version, u64 tensors, u64 pairs
//   pair:    string key, u32 type, value;      string: u64 bytes, then the characters
//            array:  u32 element type, u64 count, then the elements (which may be arrays)
//   tensor:  string name, u32 dimensions, u64 sizes, fastest first, u32 element type, u64 offset into the
//   data data:    from the next multiple of general.alignment (u32, 32 when absent); tensors in the order in
//   which
//            they are described, each on a multiple of the alignment
//
// Every statement is checked against the bytes that are there before anything is made from it: counts that
// could not fit, strings and arrays that end behind the file, products of sizes that overflow, tensors that
// overlap or leave gaps, names and keys that appear twice, bytes after the last tensor are all kCorruptData
// with the place in the file. Values and tensors are views of the bytes; an array is walked, never unpacked,
// so that a parsed header takes little memory whatever the file claims. Refused by name (kUnsupported): other
// versions, big-endian files, element types that Quantier does not read. Source: docs/gguf.md of
// github.com/ggml-org/ggml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/file.h"
#include "quantier/checkpoint/gguf/ggml_block.h"

namespace quantier {

// The numbers are those of the file.
enum class GgufType : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};
[[nodiscard]] const char* gguf_type_name(GgufType type);  // "u8", "string", ...

// A value of the metadata, as a view of its bytes in the file.
struct GgufValue {
  GgufType type = GgufType::kU8;
  GgufType element = GgufType::kU8;  // of an array
  std::uint64_t count = 0;           // of an array
  std::span<const std::byte> bytes;  // of the number, the characters or the elements

  // Nothing when the value is of another type, or a negative number.
  [[nodiscard]] std::optional<std::uint64_t> as_unsigned() const;  // any integer type
  [[nodiscard]] std::optional<double> as_number() const;           // f32 (its shortest decimal) or f64
  [[nodiscard]] std::optional<bool> as_bool() const;
  [[nodiscard]] std::optional<std::string_view> as_string() const;
  // The elements of an array, in order, until `visit` returns false.
  void for_each(const std::function<bool(const GgufValue&)>& visit) const;
};

struct GgufTensor {
  std::string_view name;
  GgmlType type = GgmlType::kF32;
  std::vector<std::uint64_t> shape;  // row-major, as everywhere here: the file's sizes backwards
  std::uint64_t begin = 0;           // bytes, from the start of the file
  std::uint64_t bytes = 0;
};

struct GgufHeader {
  std::uint64_t alignment = 32;
  std::map<std::string_view, GgufValue> metadata;
  std::vector<GgufTensor> tensors;  // in the order of the file

  [[nodiscard]] const GgufValue* find(std::string_view key) const;
};

// More pairs or tensors than this are not read: it is many times what the largest models have.
inline constexpr std::uint64_t kMaxGgufEntries = 65536;
inline constexpr std::uint64_t kMaxGgufAlignment = std::uint64_t{1} << 20;

// `file` is the whole file and must outlive what is returned; `source` names it in errors.
[[nodiscard]] Result<GgufHeader> parse_gguf(std::span<const std::byte> file, std::string_view source);

class GgufFile {
 public:
  [[nodiscard]] static Result<GgufFile> open(const std::filesystem::path& path);

  [[nodiscard]] const GgufHeader& header() const { return header_; }
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  // `tensor` must come from header().
  [[nodiscard]] std::span<const std::byte> bytes_of(const GgufTensor& tensor) const;
  void drop_pages(const GgufTensor& tensor) const { file_.drop_pages(bytes_of(tensor)); }

 private:
  GgufFile(MappedFile file, GgufHeader header) : file_(std::move(file)), header_(std::move(header)) {}

  MappedFile file_;
  GgufHeader header_;
};

}  // namespace quantier
