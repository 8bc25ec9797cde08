// Writes a GGUF file of version 3, tensor by tensor, so that memory stays at one buffer of the caller's.
//
// Tensors lie in the order given, each on a multiple of 32 bytes, the last one filled up too. The file
// appears under its name only when it is complete. Errors: kEnvironment (the disk), and whatever a tensor's
// own `write` returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/file.h"
#include "quantier/checkpoint/gguf/gguf.h"

namespace quantier {

// Key-value pairs in the order in which they are added; a key is added once.
class GgufMetadata {
 public:
  void add(std::string_view key, std::uint32_t value);
  void add(std::string_view key, float value);
  void add(std::string_view key, bool value);
  void add(std::string_view key, std::string_view value);
  void add(std::string_view key, const char* value) { add(key, std::string_view(value)); }
  void add(std::string_view key, std::span<const std::string> values);
  void add(std::string_view key, std::span<const std::int32_t> values);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, GgufType type);

  std::uint64_t count_ = 0;
  std::string bytes_;
};

struct GgufTensorToWrite {
  std::string name;
  GgmlType type = GgmlType::kF32;
  std::vector<std::uint64_t> shape;  // row-major; rows are whole blocks
  // Appends exactly the bytes of that type and shape.
  std::function<Status(const AppendFunction&)> write;
};

[[nodiscard]] Status write_gguf(const std::filesystem::path& path, const GgufMetadata& metadata,
                                const std::vector<GgufTensorToWrite>& tensors);

}  // namespace quantier
