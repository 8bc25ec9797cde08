// A file that grows: what is appended and synced survives a crash, what came after can be cut off again.
// One process at a time holds it. Errors: kEnvironment with path and the system's reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "quantier/base/error.h"

namespace quantier {

class AppendFile {
 public:
  // Creates it when it is not there; an error while another process holds it.
  [[nodiscard]] static Result<AppendFile> open(const std::filesystem::path& path);
  AppendFile() = default;
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  ~AppendFile();

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] Status append(std::span<const std::byte> bytes);
  [[nodiscard]] Status append(std::string_view text);
  [[nodiscard]] Status sync();
  [[nodiscard]] Status cut(std::uint64_t size);

 private:
  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace quantier
