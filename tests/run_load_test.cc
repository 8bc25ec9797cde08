// [load] in `quantier run`, end to end on the demo encoder: the load test after the timing, what decide makes
// of it, and what an interruption leaves. Bounds are far beyond what any machine does, trials are short.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/evidence/store.h"
#include "tests/background_program.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kUsage = 2;
constexpr int kNoCandidate = 3;

class RunLoad : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    const std::string all = read_file(demo("data/validation.jsonl"));
    std::size_t end = 0;
    for (int line = 0; line < 60; ++line) end = all.find('\n', end) + 1;
    write_file(folder_ / "data.jsonl", all.substr(0, end));
  }
  void write_config(const std::string& load,
                    const std::string& envelope = "requests_per_second = 20\nmacro_f1_min = 0.01\n") {
    write_file(folder_ / "config.toml",
               "recipes = [\"int8\"]\nreference_recipe = \"int8\"\nbootstrap_replicates = 200\nthreads = "
               "1\n[[models]]\nname = "
               "\"encoder\"\npath = \"" +
                   demo("demo-encoder") +
                   "\"\n[data]\npath = \"data.jsonl\"\n[timing]\nthroughput_passes = 1\nlatency_samples = "
                   "2\nworkload = false\n[load]\n" +
                   load + "[envelope]\n" + envelope);
  }
  ProgramResult run(const std::string& more = "") {
    return quantier("run " + (folder_ / "config.toml").string() + " --out " + out().string() + " " + more);
  }
  ProgramResult decide(const std::string& more) { return quantier("decide " + out().string() + " " + more); }
  [[nodiscard]] std::filesystem::path out() const { return folder_ / "out"; }
  std::vector<LoadTest> tests() {
    auto store = Store::open(out() / "evidence.sqlite", Store::Mode::kReadOnly);
    if (!store) return {};
    auto stored = store->load_results();
    return stored ? *stored : std::vector<LoadTest>{};
  }
  static Json limit_of(const ProgramResult& result, const std::string& metric) {
    const auto parsed = parse_json(result.out, "decide");
    if (!parsed) return {};
    const Json& decision = parsed->contains("decision") ? (*parsed)["decision"] : *parsed;
    for (std::size_t c = 0; c < decision["constraints"].size(); ++c) {
      if (decision["constraints"][c]["metric"] != metric) continue;
      return decision["configurations"][0]["checks"][c];
    }
    return {};
  }

  static constexpr const char* kShort =
      "percentile = 50\nbound_ms = 600000\nbatch = 2\nseconds = 0.5\nwarm_up_seconds = 0.1\nrepeats = 2\n";
};

TEST_F(RunLoad, EveryConfigurationIsTestedOnceAndDecideReadsIt) {
  write_config(std::string("rate = 20\n") + kShort);
  const ProgramResult plan = run("--dry-run --json");
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  const auto planned = parse_json(plan.out, "plan");
  ASSERT_TRUE(planned);
  // Two trials of 1.1 s, and the model is loaded.
  const double load_seconds = (*planned)["runs"][0]["estimated_load_seconds"];
  EXPECT_GT(load_seconds, 1.2);
  EXPECT_GT((*planned)["estimated_seconds"].get<double>(), load_seconds);

  const ProgramResult first = run();
  ASSERT_EQ(first.exit_code, 0) << first.err << first.out;
  EXPECT_THAT(first.err, HasSubstr("encoder int8: 20 requests/s confirmed at p50 <= 600000 ms"));
  ASSERT_EQ(tests().size(), 1U);
  EXPECT_TRUE(tests()[0].finished);
  EXPECT_FALSE(tests()[0].run_key.empty());
  EXPECT_EQ(tests()[0].trials.size(), 2U);

  const ProgramResult again = run("--resume");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(tests().size(), 1U);  // not tested again
  const auto left = parse_json(run("--resume --dry-run --json").out, "plan");
  EXPECT_EQ((*left)["runs"][0]["estimated_load_seconds"], 0.0);

  // The limit stands on the test, at the percentile and bound of [load].
  const ProgramResult decided = decide("--json");
  EXPECT_EQ(decided.exit_code, 0) << decided.err;
  const Json check = limit_of(decided, "requests per second");
  EXPECT_EQ(check["outcome"], "pass") << decided.out;
  EXPECT_EQ(check["value"], 20.0);
}

TEST_F(RunLoad, AConfirmedRateIsEvidenceForWhatItWasTestedFor) {
  write_config(std::string("rate = 20\n") + kShort);
  ASSERT_EQ(run().exit_code, 0);
  // A wider bound and a lower percentile are met by it, a stricter demand is not shown.
  EXPECT_EQ(decide("--rate-percentile 40 --rate-bound-ms 700000").exit_code, 0);
  for (const std::string stricter : {"--rate-percentile 99", "--rate-bound-ms 20"}) {
    const ProgramResult result = decide(stricter);
    EXPECT_EQ(result.exit_code, kNoCandidate) << stricter << result.out;
    EXPECT_THAT(result.out,
                AllOf(HasSubstr("tested at p50 <= 600000 ms, the envelope asks"), HasSubstr("not evidence"),
                      HasSubstr("quantier load MODEL_DIR --recipe int8")))
        << stricter;
  }
  EXPECT_EQ(limit_of(decide("--json --rate-percentile 99"), "requests per second")["outcome"], "unknown");
  // 20 were asked for and confirmed: nothing is known of 21, and less is shown.
  const ProgramResult more = decide("--rate 21");
  EXPECT_EQ(more.exit_code, kNoCandidate);
  EXPECT_THAT(more.out, HasSubstr("nothing above was tested"));
  EXPECT_EQ(decide("--rate 19").exit_code, 0);
  // From throughput it is a limit on time, and no load test is looked at.
  EXPECT_THAT(decide("--rate 0.001 --rate-from throughput").out, Not(HasSubstr("load test")));
}

TEST_F(RunLoad, CtrlCKeepsTrialsAndResumeGoesOnFromThem) {
  write_config(
      "rate = 20\npercentile = 50\nbound_ms = 600000\nbatch = 2\nseconds = 0.5\nwarm_up_seconds = "
      "0\nrepeats = 8\n");
  BackgroundProgram program({"run", (folder_ / "config.toml").string(), "--out", out().string()},
                            folder_ / "first.out", folder_ / "first.err");
  const auto trials = [&]() -> std::size_t { return tests().empty() ? 0 : tests()[0].trials.size(); };
  for (int i = 0; i < 6000 && trials() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  program.signal(SIGINT);
  EXPECT_EQ(program.wait(), 130);
  EXPECT_THAT(read_file(folder_ / "first.err"), HasSubstr("--resume"));
  const std::vector<LoadTest> before = tests();
  ASSERT_EQ(before.size(), 1U);
  ASSERT_GE(before[0].trials.size(), 1U);
  ASSERT_FALSE(before[0].finished);

  const ProgramResult resumed = run("--resume");
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  const std::vector<LoadTest> after = tests();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_TRUE(after[0].finished);
  ASSERT_EQ(after[0].trials.size(), 8U);
  for (std::size_t i = 0; i < before[0].trials.size(); ++i) {
    EXPECT_EQ(after[0].trials[i].started_at, before[0].trials[i].started_at);  // not made again
    EXPECT_EQ(after[0].trials[i].window_ns, before[0].trials[i].window_ns);
  }
}

TEST_F(RunLoad, ARateThatNobodyNamedIsTheEnvelopesOrTheHighest) {
  write_config(kShort);
  ASSERT_EQ(run().exit_code, 0);
  ASSERT_EQ(tests().size(), 1U);
  EXPECT_EQ(tests()[0].asked_rate, 20.0);
}

TEST_F(RunLoad, WhatCannotBeTestedIsSaidBeforeAnythingRuns) {
  for (const auto& [load, named] : std::initializer_list<std::pair<std::string, std::string>>{
           {"rate = 0\n", "rate"},
           {"percentile = 100\n", "percentile"},
           {"bound = 5\n", "bound_ms"},
           {"repeats = 0\n", "repeats"},
           {"rate = 10\nseconds = 1\n", "`seconds`"}}) {
    write_config(load);
    const ProgramResult result = run();
    EXPECT_EQ(result.exit_code, kUsage) << load << result.err;
    EXPECT_THAT(result.err, AllOf(HasSubstr("[load]"), HasSubstr(named))) << load;
    EXPECT_FALSE(std::filesystem::exists(out())) << load;
  }
}

}  // namespace
}  // namespace quantier::testing
