#include "quantier/base/file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace quantier {
namespace {

std::string hint_for(int error_number) {
  switch (error_number) {
    case ENOENT:
      return "check the path; relative paths start at the current directory";
    case EACCES:
    case EPERM:
      return "check the permissions of the file and of its folder";
    case EROFS:
      return "the file system is read-only; choose another place";
    case ENOSPC:
    case EDQUOT:
      return "free some disk space or choose another place";
    case EFBIG:
      return "raise the limit on the size of files (ulimit -f)";
    default:
      return {};
  }
}

std::unexpected<Error> system_error(std::string what, const std::filesystem::path& path, int error_number) {
  return fail(ErrorKind::kEnvironment, std::move(what), path.string(), errno_text(error_number),
              hint_for(error_number));
}

// Owns a file descriptor for the length of one function.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close_now(); }
  [[nodiscard]] int get() const { return fd_; }
  int close_now() {
    const int result = fd_ >= 0 ? ::close(fd_) : 0;
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a named pipe must not block
  if (file.get() < 0) return system_error("cannot open file", path, errno);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return system_error("cannot read the size of file", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorKind::kUserInput, "cannot read file", path.string(), "it is not a regular file",
                S_ISDIR(info.st_mode) ? "this is a directory; name a file in it" : "");
  }
  MappedFile mapped;
  mapped.path_ = path;
  mapped.size_ = static_cast<std::size_t>(info.st_size);
  if (mapped.size_ == 0) return mapped;
  void* address = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) return system_error("cannot map file into memory", path, errno);
  mapped.data_ = static_cast<const std::byte*>(address);
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::string_view MappedFile::text() const { return {reinterpret_cast<const char*>(data_), size_}; }

void MappedFile::drop_pages(std::span<const std::byte> part) const {
  if (part.empty() || data_ == nullptr) return;
  // Only whole pages inside the part: the pages at its ends may hold a neighbour that is still in use.
  // The map itself begins on a page, so offsets into it tell where pages begin.
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<std::size_t>(part.data() - data_);
  const std::size_t begin = (offset + page - 1) / page * page;
  const std::size_t end = (offset + part.size()) / page * page;
  if (end > begin) ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

Result<std::string> read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  QT_TRY(const MappedFile file, MappedFile::open(path));
  if (file.bytes().size() > max_bytes) {
    return fail(ErrorKind::kUserInput, "file is too large", path.string(),
                fmt::format("{} bytes; at most {} are read", file.bytes().size(), max_bytes));
  }
  return std::string(file.text());
}

namespace {

Status append_to(const Descriptor& file, const std::filesystem::path& path,
                 std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("cannot write file", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

// A device or a pipe is written to; putting a file in its place would destroy it.
Status write_device(const std::filesystem::path& path,
                    const std::function<Status(const AppendFunction&)>& write) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error("cannot open file", path, errno);
  QT_TRY_STATUS(write([&](std::span<const std::byte> bytes) { return append_to(file, path, bytes); }));
  if (file.close_now() != 0) return system_error("cannot close file", path, errno);
  return {};
}

}  // namespace

Status write_file_atomically(const std::filesystem::path& asked_for,
                             const std::function<Status(const AppendFunction&)>& write) {
  struct stat info{};
  if (::stat(asked_for.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    if (!S_ISDIR(info.st_mode)) return write_device(asked_for, write);
    return fail(ErrorKind::kUserInput, "cannot write file", asked_for.string(), "it is a directory",
                "name a file in it");
  }
  // What a link points at is replaced, not the link.
  std::error_code unresolved;
  std::filesystem::path path = std::filesystem::weakly_canonical(asked_for, unresolved);
  if (unresolved) path = asked_for;
  // The process id keeps two programs that write the same target from sharing a temporary file.
  std::filesystem::path temporary = path;
  temporary += fmt::format(".partial-{}", ::getpid());
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return system_error("cannot create file", path, errno);
  const auto give_up = [&temporary](std::unexpected<Error> error) {
    ::unlink(temporary.c_str());
    return error;
  };
  const AppendFunction append = [&](std::span<const std::byte> bytes) {
    return append_to(file, path, bytes);
  };
  if (Status status = write(append); !status) return give_up(std::unexpected(std::move(status).error()));
  if (::fsync(file.get()) != 0 && errno != EINVAL) {
    return give_up(system_error("cannot write file to the disk", path, errno));
  }
  if (file.close_now() != 0) return give_up(system_error("cannot close file", path, errno));
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return give_up(system_error("cannot put file in place", path, errno));
  }
  return {};
}

Status write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  return write_file_atomically(path, [content](const AppendFunction& append) {
    return append(std::as_bytes(std::span(content.data(), content.size())));
  });
}

Status create_folders(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return system_error("cannot create folder", path, error.value());
  return {};
}

}  // namespace quantier
