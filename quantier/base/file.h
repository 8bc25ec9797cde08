// Files: memory-mapped reading, bounded whole reading, and atomic writing.
//
// Writing goes to a temporary name in the same folder, is flushed to the disk and then renamed, so that a
// reader never sees half a file and a full disk leaves the old one in place. A link stays a link to the new
// content; a device or a pipe is written to, never replaced. Errors: kEnvironment with the path and the
// system's reason; kUserInput where the path is a folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "quantier/base/error.h"

namespace quantier {

// Read-only memory map of a whole file. Move-only; an empty file maps to an empty span.
class MappedFile {
 public:
  [[nodiscard]] static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Tells the system that the pages of `part` (inside bytes()) are not needed for now: they leave the
  // process's resident memory and come back from the file when touched again.
  void drop_pages(std::span<const std::byte> part) const;

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// The whole file as a string; an error when it is larger than `max_bytes`.
[[nodiscard]] Result<std::string> read_text_file(const std::filesystem::path& path,
                                                 std::uint64_t max_bytes = std::uint64_t{1} << 30);

// Atomic replacement of `path` by `content`.
[[nodiscard]] Status write_file_atomically(const std::filesystem::path& path, std::string_view content);

// The same for content too large for one string: `write` is called with a function that appends.
using AppendFunction = std::function<Status(std::span<const std::byte>)>;
[[nodiscard]] Status write_file_atomically(const std::filesystem::path& path,
                                           const std::function<Status(const AppendFunction&)>& write);

// Creates the folder and its parents; an error that names the first part that cannot be created.
[[nodiscard]] Status create_folders(const std::filesystem::path& path);

}  // namespace quantier
