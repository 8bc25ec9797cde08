// `quantier load` end to end on the demo encoder. What is asked of the machine is little, for nothing here
// may depend on how busy it is: bounds are far beyond or far below what any machine does.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/evidence/store.h"
#include "tests/background_program.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kUsage = 2;
constexpr int kNotConfirmed = 3;
constexpr int kBadInput = 6;

class LoadCommand : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    const std::string all = read_file(demo("data/validation.jsonl"));
    std::size_t end = 0;
    for (int line = 0; line < 40; ++line) end = all.find('\n', end) + 1;
    write_file(folder_ / "data.jsonl", all.substr(0, end));
  }
  [[nodiscard]] std::string base() const {
    return "load " + demo("demo-encoder") + " --recipe int8 --data " + (folder_ / "data.jsonl").string() +
           " ";
  }
  // Two seconds of few requests, so that a slow machine is far from busy.
  static constexpr const char* kCalm =
      "--rate 10 --percentile 50 --batch 2 --duration 2 --warm-up 0.1 --threads 1 ";
  // Trials of half a second, for the median.
  static constexpr const char* kShort = "--percentile 50 --batch 2 --duration 0.5 --warm-up 0.1 --threads 1 ";
};

TEST_F(LoadCommand, AnAskedRateIsConfirmedAndKept) {
  const std::string store_path = (folder_ / "out").string();
  const ProgramResult result = quantier(base() + kCalm + "--bound-ms 600000 --repeats 2 --json --store " +
                                        store_path + " --svg " + (folder_ / "load.svg").string());
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out;
  const auto parsed = parse_json(result.out, "load");
  ASSERT_TRUE(parsed) << result.out;
  const Json& document = *parsed;
  EXPECT_EQ(document["recipe"], "int8");
  EXPECT_EQ(document["summary"]["asked_rate_sustained"], true);
  EXPECT_EQ(document["summary"]["highest_confirmed_rate"], 10.0);
  EXPECT_EQ(document["headroom"], 1.0);
  ASSERT_EQ(document["trials"].size(), 2U);
  EXPECT_NE(document["trials"][0]["seed"], document["trials"][1]["seed"]);
  EXPECT_GT(document["trials"][0]["latency"]["value_ns"], 0);
  EXPECT_THAT(read_file(folder_ / "load.svg"), HasSubstr("</svg>"));

  auto store = Store::open(store_path + "/evidence.sqlite", Store::Mode::kReadOnly);
  ASSERT_TRUE(store) << store.error().message();
  const auto tests = store->load_results();
  ASSERT_TRUE(tests && tests->size() == 1);
  EXPECT_TRUE(tests->front().finished);
  EXPECT_EQ(tests->front().configuration.model, "demo-encoder");
  ASSERT_EQ(tests->front().trials.size(), 2U);
  const auto latencies = store->load_latencies(tests->front().id, 0);
  ASSERT_TRUE(latencies);
  EXPECT_EQ(latencies->size(), tests->front().trials[0].requests);
}

TEST_F(LoadCommand, ABoundThatNothingMeetsIsNotConfirmed) {
  const ProgramResult result = quantier(base() + kCalm + "--bound-ms 0.0001 --repeats 2");
  EXPECT_EQ(result.exit_code, kNotConfirmed) << result.err;
  EXPECT_THAT(result.out, HasSubstr("exceeded"));
  EXPECT_THAT(result.out, HasSubstr("10.00 requests/s: not sustained"));
  EXPECT_THAT(result.out, HasSubstr("highest confirmed rate: none"));
}

TEST_F(LoadCommand, TooMuchIsStoppedEarly) {
  const ProgramResult result = quantier(base() +
                                        "--rate 500000 --percentile 50 --batch 1 --duration 5 --warm-up 0 "
                                        "--threads 1 --bound-ms 1 --repeats 1");
  EXPECT_EQ(result.exit_code, kNotConfirmed) << result.err;
  EXPECT_THAT(result.out, HasSubstr("overloaded, stopped with"));
}

TEST_F(LoadCommand, CtrlCKeepsFinishedTrials) {
  const std::filesystem::path store_path = folder_ / "evidence.sqlite";
  const std::vector<std::string> arguments{"load",         demo("demo-encoder"),
                                           "--recipe",     "fp32",
                                           "--data",       (folder_ / "data.jsonl").string(),
                                           "--rate",       "20",
                                           "--repeats",    "1000",
                                           "--duration",   "0.5",
                                           "--warm-up",    "0",
                                           "--batch",      "1",
                                           "--bound-ms",   "600000",
                                           "--percentile", "50",
                                           "--store",      store_path.string()};
  BackgroundProgram program(arguments, folder_ / "load.out", folder_ / "load.err");
  const auto trials = [&]() -> std::size_t {
    auto store = Store::open(store_path, Store::Mode::kReadOnly);
    if (!store) return 0;
    const auto tests = store->load_results();
    return tests && !tests->empty() ? tests->front().trials.size() : 0;
  };
  for (int i = 0; i < 6000 && trials() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  program.signal(SIGINT);
  EXPECT_EQ(program.wait(), 130);
  EXPECT_GE(trials(), 1U);
  EXPECT_THAT(read_file(folder_ / "load.out"), HasSubstr("confirm"));
  EXPECT_THAT(read_file(folder_ / "load.err"), HasSubstr("finished trials are in the store"));
  auto store = Store::open(store_path, Store::Mode::kReadOnly);
  EXPECT_FALSE(store->load_results()->front().finished);
}

TEST_F(LoadCommand, BadInputIsRefusedBeforeAnythingRuns) {
  for (const std::string wrong :
       {"--rate 0", "--rate -3", "--rate nan", "--rate inf", "--rate 1e300", "--percentile 0",
        "--percentile 100", "--percentile nan", "--bound-ms 0", "--bound-ms -1", "--batch 0", "--batch -1",
        "--max-wait-ms -1", "--duration 0", "--repeats 0", "--rate 10 --duration 1", "--rate 0.01",
        "--threads 0"}) {
    const ProgramResult result = quantier(base() + wrong);
    EXPECT_EQ(result.exit_code, kUsage) << wrong << ": " << result.err;
    EXPECT_FALSE(result.err.empty());
    EXPECT_TRUE(result.out.empty()) << wrong;
  }
  EXPECT_THAT(quantier(base() + "--rate 10 --duration 1").err, HasSubstr("368"));
}

TEST_F(LoadCommand, BadFilesAreNamed) {
  write_file(folder_ / "empty.jsonl", "");
  const std::string model = "load " + demo("demo-encoder") + " --recipe int8 --data ";
  const ProgramResult empty = quantier(model + (folder_ / "empty.jsonl").string());
  EXPECT_EQ(empty.exit_code, kBadInput);
  EXPECT_THAT(empty.err, HasSubstr("empty.jsonl"));
  EXPECT_NE(quantier(model + (folder_ / "missing.jsonl").string()).exit_code, 0);
  write_file(folder_ / "not.sqlite",
             "this is a text and no database, and long enough to be looked at as one");
  const ProgramResult store = quantier(base() + "--rate 50 --store " + (folder_ / "not.sqlite").string());
  EXPECT_EQ(store.exit_code, kBadInput);
  EXPECT_THAT(store.err, HasSubstr("not.sqlite"));
}

}  // namespace
}  // namespace quantier::testing
