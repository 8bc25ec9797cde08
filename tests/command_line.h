// Runs the built program as a user would and gives back its exit code and what it printed.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/wait.h>

#include <gtest/gtest.h>

namespace quantier::testing {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal when the program was killed
  std::string out;
  std::string err;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

inline void write_file(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

// A folder of its own for each test, removed afterwards.
class CommandLineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "quantier-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // `arguments` is a shell fragment; paths in it are ours. Standard input is empty.
  ProgramResult quantier(const std::string& arguments) { return quantier_under("", arguments); }

  // The same with another program, "qemu-x86_64 -cpu Nehalem" say, in front.
  ProgramResult quantier_under(const std::string& runner, const std::string& arguments) {
    const std::filesystem::path out = folder_ / "stdout";
    const std::filesystem::path err = folder_ / "stderr";
    const std::string command = runner + " " + QUANTIER_BINARY + " " + arguments + " </dev/null >" +
                                out.string() + " 2>" + err.string();
    const int status = std::system(command.c_str());
    ProgramResult result;
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result.out = read_file(out);
    result.err = read_file(err);
    return result;
  }

  [[nodiscard]] static std::string demo(const std::string& part) {
    return std::string(QUANTIER_SOURCE_DIR) + "/demo/" + part;
  }

  std::filesystem::path folder_;
};

}  // namespace quantier::testing
