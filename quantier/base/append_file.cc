#include "quantier/base/append_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace quantier {
namespace {

std::unexpected<Error> failed(const char* what, const std::filesystem::path& path) {
  const char* hint = "";
  if (errno == ENOSPC || errno == EDQUOT) hint = "free space on the disk";
  if (errno == EFBIG) hint = "raise the limit on the size of files (ulimit -f)";
  if (errno == EACCES || errno == EROFS) hint = "choose a folder that may be written to";
  return fail(ErrorKind::kEnvironment, what, path.string(), errno_text(errno), hint);
}

}  // namespace

Result<AppendFile> AppendFile::open(const std::filesystem::path& path) {
  AppendFile out;
  out.path_ = path;
  out.file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out.file_ < 0) return failed("cannot open file", path);
  if (::flock(out.file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("cannot lock file", path);
    return fail(ErrorKind::kEnvironment, "another process is writing this file", path.string(), "",
                "wait until it has finished");
  }
  struct stat info{};
  if (::fstat(out.file_, &info) != 0) return failed("cannot read the size of file", path);
  out.size_ = static_cast<std::uint64_t>(info.st_size);
  return out;
}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      size_(std::exchange(other.size_, 0)) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(size_, other.size_);
  return *this;
}

AppendFile::~AppendFile() {
  if (file_ >= 0) ::close(file_);
}

Status AppendFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("cannot write file", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  return {};
}

Status AppendFile::append(std::string_view text) { return append(std::as_bytes(std::span(text))); }

Status AppendFile::sync() {
  if (::fdatasync(file_) != 0 && errno != EINVAL) return failed("cannot write file to the disk", path_);
  return {};
}

Status AppendFile::cut(std::uint64_t size) {
  if (::ftruncate(file_, static_cast<off_t>(size)) != 0) return failed("cannot shorten file", path_);
  size_ = size;
  return {};
}

}  // namespace quantier
