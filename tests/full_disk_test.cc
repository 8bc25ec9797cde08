// quantize and export where the system refuses to write on: a clear error, nothing that looks finished, and
// the same command goes on once there is room. A limit on the size of files stands for the disk that is full.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FullDisk : public CommandLineTest {
 protected:
  std::string at(const std::string& name) { return (folder_ / name).string(); }

  // No file may grow beyond so many blocks of 512 bytes.
  ProgramResult quantier_within(unsigned blocks, const std::string& arguments) {
    const std::string command = "ulimit -f " + std::to_string(blocks) + "; exec " + QUANTIER_BINARY + " " +
                                arguments + " </dev/null >" + at("stdout") + " 2>" + at("stderr");
    write_file(folder_ / "command.sh", command);
    const int status = std::system(("sh " + at("command.sh")).c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(at("stdout")),
            read_file(at("stderr"))};
  }
  std::vector<std::string> files_in(const std::string& name) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(at(name), ignored))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
};

TEST_F(FullDisk, QuantizeStopsWithWhatIsFinishedAndGoesOn) {
  const std::string command = "quantize " + demo("demo-encoder") + " --recipe int8-rtn --out ";
  ASSERT_EQ(quantier(command + at("whole")).exit_code, 0);
  // The journal's data are as large as the weights; the files that are made of them come later, and are.
  for (const unsigned blocks : {1U, 2U, 500U, 6000U, 9000U, 10'000U}) {
    SCOPED_TRACE(blocks);
    const ProgramResult refused = quantier_within(blocks, command + at("q"));
    EXPECT_EQ(refused.exit_code, 1) << refused.err;
    EXPECT_THAT(refused.err,
                AllOf(HasSubstr("cannot write"), HasSubstr("File too large"), HasSubstr("ulimit")));
    EXPECT_FALSE(fs::exists(folder_ / "q"));
    EXPECT_FALSE(fs::exists(folder_ / "q.partial" / "complete"));
  }
  const ProgramResult again = quantier(command + at("q") + " --json");
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const auto json = parse_json(again.out, "output");
  ASSERT_TRUE(json);
  EXPECT_GT(json->at("resumed_items").get<std::size_t>(), 0U);
  EXPECT_FALSE(fs::exists(folder_ / "q.partial"));
  EXPECT_EQ(files_in("q"), files_in("whole"));
  EXPECT_TRUE(read_file(folder_ / "q" / "model.safetensors") ==
              read_file(folder_ / "whole" / "model.safetensors"));
}

TEST_F(FullDisk, WhereNothingCanBeginNothingStays) {
  write_file(folder_ / "file", "in the way");
  const std::string command = "quantize " + demo("demo-encoder") + " --recipe int8-rtn --out ";
  const ProgramResult in_a_file = quantier(command + at("file/q"));
  EXPECT_EQ(in_a_file.exit_code, 1);
  EXPECT_THAT(in_a_file.err, AllOf(HasSubstr("cannot create folder"), HasSubstr("Not a directory")));
  const ProgramResult nothing_fits = quantier_within(0, command + at("q"));
  EXPECT_EQ(nothing_fits.exit_code, 1);
  EXPECT_FALSE(fs::exists(folder_ / "q"));
  EXPECT_FALSE(fs::exists(folder_ / "q.partial"));
}

TEST_F(FullDisk, ExportLeavesNothing) {
  const std::string command =
      "export " + demo("demo-decoder") + " --format gguf --type q8_0 --out " + at("out/model.gguf");
  // Beside the model lie its tokenizer's files, which come first and are smaller.
  for (const unsigned blocks : {0U, 4U, 2000U, 8000U}) {
    SCOPED_TRACE(blocks);
    const ProgramResult refused = quantier_within(blocks, command);
    EXPECT_EQ(refused.exit_code, 1) << refused.out << refused.err;
    if (blocks > 0) {
      EXPECT_THAT(refused.err, AllOf(HasSubstr("cannot write"), HasSubstr("ulimit")));
    }
    EXPECT_FALSE(fs::exists(folder_ / "out"));
  }
  const ProgramResult written = quantier(command);
  ASSERT_EQ(written.exit_code, 0) << written.err;
  EXPECT_THAT(files_in("out"), ::testing::Contains("model.gguf"));
  // A file that stood there is the old one still.
  const std::string before = read_file(at("out/model.gguf"));
  EXPECT_EQ(quantier_within(2000, "export " + demo("demo-decoder") + " --format gguf --type f16 --out " +
                                      at("out/model.gguf"))
                .exit_code,
            1);
  EXPECT_TRUE(read_file(at("out/model.gguf")) == before);
}

}  // namespace
}  // namespace quantier::testing
