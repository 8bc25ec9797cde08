// Where the evidence lies: users name the store, or the folder that holds it.
#pragma once

#include <filesystem>
#include <system_error>

namespace quantier {

inline constexpr const char* kStoreFileName = "evidence.sqlite";

[[nodiscard]] inline std::filesystem::path store_file_of(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? path / kStoreFileName : path;
}

}  // namespace quantier
