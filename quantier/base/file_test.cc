#include "quantier/base/file.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>

namespace quantier {
namespace {

using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "quantier-file-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::size_t files_here() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  std::filesystem::path folder_;
};

TEST_F(FileTest, WhatWasWrittenIsRead) {
  const auto path = folder_ / "a";
  const std::string content("one\0two", 7);
  ASSERT_TRUE(write_file_atomically(path, content));
  EXPECT_EQ(read_text_file(path).value(), content);
  ASSERT_TRUE(write_file_atomically(path, "shorter"));
  EXPECT_EQ(read_text_file(path).value(), "shorter");
  ASSERT_TRUE(write_file_atomically(path, ""));
  EXPECT_EQ(read_text_file(path).value(), "");
  EXPECT_EQ(files_here(), 1U);
}

TEST_F(FileTest, AFailingWriterLeavesTheOldFile) {
  const auto path = folder_ / "a";
  ASSERT_TRUE(write_file_atomically(path, "old"));
  const Status status = write_file_atomically(path, [](const AppendFunction& append) -> Status {
    QT_TRY_STATUS(append(std::as_bytes(std::span("half of it"))));
    return fail(ErrorKind::kUserInput, "no more");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what, "no more");
  EXPECT_EQ(read_text_file(path).value(), "old");
  EXPECT_EQ(files_here(), 1U);
}

// A limit on file size stands for the disk that is full: the system refuses in the middle of the file.
TEST_F(FileTest, AFullDiskIsAnErrorAndLeavesTheOldFile) {
  const auto path = folder_ / "a";
  ASSERT_TRUE(write_file_atomically(path, "old"));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10'000, 10'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(3);
    const Status status = write_file_atomically(path, std::string(100'000, 'x'));
    if (status) _exit(4);
    if (status.error().kind != ErrorKind::kEnvironment) _exit(5);
    if (status.error().where.find(path.string()) == std::string::npos) _exit(6);
    _exit(0);
  }
  int ended = 0;
  ASSERT_EQ(::waitpid(child, &ended, 0), child);
  ASSERT_TRUE(WIFEXITED(ended));
  EXPECT_EQ(WEXITSTATUS(ended), 0);
  EXPECT_EQ(read_text_file(path).value(), "old");
  EXPECT_EQ(files_here(), 1U);
}

TEST_F(FileTest, ImpossiblePlacesAreErrorsWithThePath) {
  for (const char* place : {"/nonexistent/folder/file", "/proc/quantier-test", "/dev/null/file"}) {
    const Status status = write_file_atomically(place, "x");
    ASSERT_FALSE(status) << place;
    EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment);
    EXPECT_THAT(status.error().where, HasSubstr(place));
    EXPECT_FALSE(status.error().why.empty());
  }
  std::filesystem::create_directory(folder_ / "taken");
  EXPECT_FALSE(write_file_atomically(folder_ / "taken", "x"));
  EXPECT_EQ(files_here(), 1U);
}

TEST_F(FileTest, WhatCannotBeReadIsAnError) {
  EXPECT_EQ(MappedFile::open(folder_ / "absent").error().kind, ErrorKind::kEnvironment);
  EXPECT_EQ(MappedFile::open(folder_).error().kind, ErrorKind::kUserInput);
  EXPECT_EQ(MappedFile::open("/dev/zero").error().kind, ErrorKind::kUserInput);  // endless
  const auto path = folder_ / "big";
  ASSERT_TRUE(write_file_atomically(path, "12345"));
  EXPECT_TRUE(read_text_file(path, 5));
  const auto refused = read_text_file(path, 4);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().why, HasSubstr("5 bytes"));
}

// A named pipe without a writer would block its reader for ever.
TEST_F(FileTest, APipeIsRefusedAtOnce) {
  const auto path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  ::alarm(20);
  EXPECT_EQ(MappedFile::open(path).error().kind, ErrorKind::kUserInput);
  ::alarm(0);
}

// As root, a rename would put a plain file where a device was, for every program on the machine.
TEST_F(FileTest, WhatIsNotAFileIsWrittenToAndNotReplaced) {
  const auto path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ASSERT_TRUE(write_file_atomically(path, "through"));
  std::string received(32, ' ');
  received.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(reader, received.data(), 32))));
  ::close(reader);
  EXPECT_EQ(received, "through");
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  EXPECT_EQ(write_file_atomically(folder_, "x").error().kind, ErrorKind::kUserInput);
  EXPECT_EQ(files_here(), 1U);
}

TEST_F(FileTest, ALinkStaysALink) {
  ASSERT_TRUE(write_file_atomically(folder_ / "a", "old"));
  std::filesystem::create_symlink(folder_ / "a", folder_ / "link");
  ASSERT_TRUE(write_file_atomically(folder_ / "link", "new"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_text_file(folder_ / "a").value(), "new");
}

TEST_F(FileTest, MapsMoveAndPagesComeBack) {
  const auto path = folder_ / "a";
  std::string content(100'000, 'a');
  content[99'999] = 'z';
  ASSERT_TRUE(write_file_atomically(path, content));
  auto opened = MappedFile::open(path);
  ASSERT_TRUE(opened);
  MappedFile file = std::move(*opened);
  EXPECT_EQ(file.text(), content);
  file.drop_pages(file.bytes());
  file.drop_pages(file.bytes().subspan(5, 50'000));
  file.drop_pages({});
  EXPECT_EQ(file.text(), content);
  MappedFile other;
  other = std::move(file);
  EXPECT_EQ(other.text().back(), 'z');
}

TEST_F(FileTest, FoldersAreMadeWithTheirParents) {
  ASSERT_TRUE(create_folders(folder_ / "a" / "b"));
  ASSERT_TRUE(create_folders(folder_ / "a" / "b"));
  ASSERT_TRUE(write_file_atomically(folder_ / "file", "x"));
  const Status status = create_folders(folder_ / "file" / "b");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kEnvironment);
}

}  // namespace
}  // namespace quantier
