// `quantier run` when something goes wrong in the middle: what is finished is kept, the rest goes on or can
// be resumed.
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/evidence/sqlite.h"
#include "tests/background_program.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kRuntimeFailure = 1;
constexpr int kUsage = 2;
constexpr int kUnsupported = 7;

class RunInterrupted : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    const std::string all = read_file(demo("data/validation.jsonl"));
    std::size_t end = 0;
    for (int line = 0; line < 120; ++line) end = all.find('\n', end) + 1;
    write_file(folder_ / "data.jsonl", all.substr(0, end));
    write_config("[timing]\nenabled = false\n");
  }
  void write_config(const std::string& more) {
    write_file(folder_ / "config.toml",
               "recipes = [\"fp32\", \"fp16\"]\nbootstrap_replicates = 200\n[[models]]\nname = "
               "\"encoder\"\npath = \"" +
                   demo("demo-encoder") + "\"\n[data]\npath = \"data.jsonl\"\n" + more);
  }
  [[nodiscard]] std::vector<std::string> run_arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"run", (folder_ / "config.toml").string(), "--out",
                                   (folder_ / "out").string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  BackgroundProgram start(const std::string& name = "first") {
    return {run_arguments(), folder_ / (name + ".out"), folder_ / (name + ".err")};
  }
  ProgramResult run(const std::string& more = "") {
    return quantier("run " + (folder_ / "config.toml").string() + " --out " + (folder_ / "out").string() +
                    " " + more);
  }
  std::string errors_of(const std::string& name = "first") { return read_file(folder_ / (name + ".err")); }
  // What the store holds; fails the test when it cannot be read.
  Json stored() {
    const ProgramResult result = quantier("show --json " + (folder_ / "out").string());
    EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
    const auto parsed = parse_json(result.out, "show");
    return parsed ? *parsed : Json{{"runs", Json::array()}, {"failures", -1}};
  }
};

TEST_F(RunInterrupted, CtrlCKeepsFinishedRunsAndSaysHowToGoOn) {
  BackgroundProgram program = start();
  ASSERT_GT(::kill(program.stop_next_worker(), SIGCONT), -1);
  ASSERT_GT(program.stop_next_worker(), 0);  // the first run is in the store now
  program.signal(SIGINT);
  EXPECT_EQ(program.wait(), 130);
  EXPECT_THAT(errors_of(), HasSubstr("--resume"));
  const Json before = stored();
  ASSERT_EQ(before["runs"].size(), 1U);
  EXPECT_EQ(before["failures"], 0);  // to be interrupted is no failure of a configuration

  const ProgramResult without = run();
  EXPECT_EQ(without.exit_code, kUsage);
  EXPECT_THAT(without.err, HasSubstr("--resume"));
  const ProgramResult resumed = run("--resume");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  const Json after = stored();
  ASSERT_EQ(after["runs"].size(), 2U);
  EXPECT_EQ(after["runs"][0], before["runs"][0]);  // not measured again
}

TEST_F(RunInterrupted, KillingTheProgramLosesNoFinishedRun) {
  BackgroundProgram program = start();
  ASSERT_GT(::kill(program.stop_next_worker(), SIGCONT), -1);
  const pid_t worker = program.stop_next_worker();
  ASSERT_GT(worker, 0);
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait(), 128 + SIGKILL);
  ::kill(worker, SIGCONT);
  EXPECT_TRUE(ends_soon(worker)) << "a worker outlived its parent";
  ASSERT_EQ(stored()["runs"].size(), 1U);
  const ProgramResult resumed = run("--resume");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(stored()["runs"].size(), 2U);
}

TEST_F(RunInterrupted, AWorkerThatDiesIsARecordedFailureAndTheOthersGoOn) {
  BackgroundProgram program = start();
  const pid_t worker = program.stop_next_worker();
  ASSERT_GT(worker, 0);
  ::kill(worker, SIGKILL);
  EXPECT_EQ(program.wait(), kRuntimeFailure);
  EXPECT_THAT(errors_of(), AllOf(HasSubstr("encoder fp32"), HasSubstr("signal 9"), HasSubstr("--resume")));
  const Json after = stored();
  ASSERT_EQ(after["runs"].size(), 1U);
  EXPECT_EQ(after["runs"][0]["recipe"], "fp16");
  EXPECT_EQ(after["failures"], 1);

  const ProgramResult resumed = run("--resume");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(stored()["runs"].size(), 2U);
  EXPECT_EQ(stored()["failures"], 0);  // it has succeeded since
}

TEST_F(RunInterrupted, AWorkerThatDiesWhileTimingIsARecordedFailure) {
  write_config("[timing]\nthroughput_passes = 1\nlatency_samples = 4\nworkload = false\n");
  BackgroundProgram program = start();
  for (int predicted = 0; predicted < 2; ++predicted) ::kill(program.stop_next_worker(), SIGCONT);
  const pid_t worker = program.stop_next_worker();  // the first of those that are timed
  ASSERT_GT(worker, 0);
  ::kill(worker, SIGKILL);
  EXPECT_EQ(program.wait(), kRuntimeFailure);
  EXPECT_THAT(errors_of(), AllOf(HasSubstr("timing"), HasSubstr("signal 9")));
  Json after = stored();
  ASSERT_EQ(after["runs"].size(), 2U);
  EXPECT_EQ(after["runs"][0]["timing_samples"], 0);
  EXPECT_GT(after["runs"][1]["timing_samples"], 0);
  EXPECT_EQ(after["failures"], 1);

  // Timings compare within one session only, so all are taken again.
  const ProgramResult resumed = run("--resume");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  after = stored();
  EXPECT_GT(after["runs"][0]["timing_samples"], 0);
  EXPECT_EQ(after["failures"], 0);
}

TEST_F(RunInterrupted, ASecondProcessOnTheSameFolderIsTurnedAway) {
  BackgroundProgram program = start();
  ASSERT_GT(program.stop_next_worker(), 0);
  const ProgramResult second = run("--resume");
  EXPECT_EQ(second.exit_code, kRuntimeFailure);
  EXPECT_THAT(second.err, AllOf(HasSubstr("another quantier"), HasSubstr((folder_ / "out").string())));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 143);
  EXPECT_THAT(errors_of(), HasSubstr("--resume"));
}

TEST_F(RunInterrupted, OtherTimingSettingsTakeTimingsAgain) {
  write_config("[timing]\nthroughput_passes = 1\nlatency_samples = 4\nworkload = false\n");
  ASSERT_EQ(run().exit_code, 0);
  const Json first = stored();
  const ProgramResult same = run("--resume");
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_THAT(same.err, Not(HasSubstr("measured again")));
  write_config("[timing]\nthroughput_passes = 2\nlatency_samples = 6\nworkload = false\n");
  const ProgramResult other = run("--resume");
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_THAT(other.err, HasSubstr("measured again"));
  const Json second = stored();
  ASSERT_EQ(second["runs"].size(), 2U);
  EXPECT_EQ(first["runs"][0]["timing_samples"], 1 + 4);
  EXPECT_EQ(second["runs"][0]["timing_samples"], 2 + 6);
  EXPECT_EQ(second["runs"][0]["created"], first["runs"][0]["created"]);  // the predictions stand
}

TEST_F(RunInterrupted, AStoreOfANewerSchemaIsLeftAlone) {
  ASSERT_EQ(run().exit_code, 0);
  const std::string store = (folder_ / "out" / "evidence.sqlite").string();
  {
    auto connection = sqlite::Connection::open(store, sqlite::Mode::kReadWrite, {});
    ASSERT_TRUE(connection) << connection.error().message();
    ASSERT_TRUE(connection->execute("UPDATE meta SET value = 99 WHERE name = 'schema_version'"));
  }
  for (const std::string& command : {"show " + store, "run " + (folder_ / "config.toml").string() +
                                                          " --resume --out " + (folder_ / "out").string()}) {
    const ProgramResult result = quantier(command);
    EXPECT_EQ(result.exit_code, kUnsupported) << command;
    EXPECT_THAT(result.err, AllOf(HasSubstr("newer"), HasSubstr("99"))) << command;
  }
}

// A limit on the size of files stands for a full disk: the system refuses in the middle of the store.
TEST_F(RunInterrupted, AFullDiskIsAClearErrorAndResumesWhenThereIsRoom) {
  const std::string command = "trap '' XFSZ; ulimit -f 60; " + std::string(QUANTIER_BINARY) + " run " +
                              (folder_ / "config.toml").string() + " --out " + (folder_ / "out").string() +
                              " </dev/null >/dev/null 2>" + (folder_ / "full.err").string();
  const int status = std::system(command.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), kRuntimeFailure);
  EXPECT_THAT(errors_of("full"), HasSubstr("evidence.sqlite"));
  const ProgramResult resumed = run("--resume");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(stored()["runs"].size(), 2U);
}

}  // namespace
}  // namespace quantier::testing
