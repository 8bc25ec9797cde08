// SHA-256 of bytes and files (OpenSSL's), as lower-case hexadecimal: identifies weights, tokenizers, data and
// binaries in the evidence. Errors: only for files that cannot be read.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "quantier/base/error.h"

namespace quantier {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);
  // Ends the computation; call once.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256_hex(std::string_view text);
// Reads in pieces, so that hashing a large file does not raise the process's memory.
[[nodiscard]] Result<std::string> sha256_hex_of_file(const std::filesystem::path& path);

}  // namespace quantier
