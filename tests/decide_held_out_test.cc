// `quantier decide --select-on --report-on` over a store that holds two splits of the same configurations,
// all of them equally good: the best one owes its lead to luck, and does not have it on the other split.
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/evidence/store.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kUsage = 2;
constexpr int kBadInput = 6;
constexpr std::size_t kClasses = 4;
constexpr std::size_t kExamples = 300;
constexpr double kTruth = 0.6;

class DecideHeldOut : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    auto store = Store::open(folder_ / "evidence.sqlite", Store::Mode::kReadWrite);
    ASSERT_TRUE(store) << store.error().message();
    std::mt19937_64 random(7);
    for (const std::string split : {"validation", "test"}) {
      for (int model = 0; model < 4; ++model) {
        for (const std::string recipe : {"fp32", "fp16", "int8", "int4"}) {
          const Status added = store->add_run(random_run(fmt::format("m{}", model), recipe, split, random));
          ASSERT_TRUE(added) << added.error().message();
        }
      }
    }
  }
  // Right with probability 0.6, whatever it is called.
  static quantier::Run random_run(const std::string& model, const std::string& recipe,
                                  const std::string& split, std::mt19937_64& random) {
    quantier::Run run;
    run.configuration = {model, recipe, "cpu"};
    run.key = fmt::format("{}-{}-{}", model, recipe, split);
    run.split = split;
    run.requested_batch_size = run.effective_batch_size = 32;
    run.plan.recipe = recipe;
    Predictions& all = run.predictions;
    all.example_count = kExamples;
    all.class_count = kClasses;
    for (std::size_t c = 0; c < kClasses; ++c) all.label_names.push_back(fmt::format("class {}", c));
    for (std::size_t i = 0; i < kExamples; ++i) {
      const std::size_t label = i % kClasses;
      const bool right = static_cast<double>(random() >> 11) * 0x1p-53 < kTruth;
      const std::size_t answer = right ? label : (label + 1 + random() % (kClasses - 1)) % kClasses;
      all.labels.push_back(static_cast<std::int32_t>(label));
      all.ids.push_back(fmt::format("{} {}", split, i));
      for (std::size_t c = 0; c < kClasses; ++c) all.logits.push_back(c == answer ? 1.0F : 0.0F);
      all.token_counts.push_back(8);
      all.truncated.push_back(0);
    }
    return run;
  }
  // Nothing but macro-F1 is known, so ties go to the higher one: the luckiest is picked.
  ProgramResult decide(const std::string& more) {
    write_file(folder_ / "limits.toml", "[envelope]\nmacro_f1_min = 0.3\ntie_rule = \"higher_macro_f1\"\n");
    return quantier("decide " + folder_.string() + " --envelope " + (folder_ / "limits.toml").string() + " " +
                    more);
  }
};

TEST_F(DecideHeldOut, TheLeadOfTheWinnerIsGoneWhereItWasNotPicked) {
  const ProgramResult result = decide("--select-on validation --report-on test --json");
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out.substr(0, 400);
  const auto document = parse_json(result.out, "decide");
  ASSERT_TRUE(document);
  const Json& decision = (*document)["decision"];
  const Json& held = decision["held_out"];
  EXPECT_EQ(held["selected_on"], "validation");
  EXPECT_EQ(held["reported_on"], "test");
  EXPECT_EQ(held["examples"], kExamples);
  EXPECT_EQ(decision["choice_quality"]["method"], "held-out split");
  double chosen_there = 0.0;
  double chosen_here = 0.0;
  ASSERT_EQ(held["configurations"].size(), 16U);
  for (std::size_t i = 0; i < 16; ++i) {
    if (decision["configurations"][i]["configuration"] != decision["chosen"]) continue;
    chosen_here = decision["configurations"][i]["macro_f1"];
    chosen_there = held["configurations"][i]["macro_f1"]["value"];
    EXPECT_EQ(held["configurations"][i]["run_key"].get<std::string>().find("-test") != std::string::npos,
              true);
    EXPECT_LT(held["configurations"][i]["macro_f1"]["interval"]["low"].get<double>(), chosen_there);
  }
  EXPECT_EQ(decision["choice_quality"]["macro_f1"], chosen_there);
  constexpr double kError = 0.0283;  // of a share of 0.6 among 300
  EXPECT_GT(chosen_here, kTruth + 1.2 * kError);
  EXPECT_NEAR(chosen_there, kTruth, 1.2 * kError);

  // The second time from what the store keeps: the same answer.
  const ProgramResult again = decide("--select-on validation --report-on test");
  EXPECT_THAT(again.out,
              AllOf(HasSubstr("Chosen on \"validation\" and read on \"test\", which took no part in the "
                              "choice (300 examples)"),
                    HasSubstr("macro-F1, test"), Not(HasSubstr("out-of-bag"))));
  // Without it the correction is out of bag, and said to be.
  EXPECT_THAT(decide("--select-on validation").out, HasSubstr("out-of-bag bootstrap"));
  // The other way round is another choice on other examples.
  EXPECT_THAT(decide("--select-on test --report-on validation").out, HasSubstr("Chosen on \"test\""));
  // The only other split need not be named.
  EXPECT_THAT(decide("--report-on test").out, HasSubstr("Chosen on \"validation\" and read on \"test\""));
}

TEST_F(DecideHeldOut, ASplitThatIsNotHeldOutIsRefused) {
  const ProgramResult same = decide("--select-on test --report-on test");
  EXPECT_EQ(same.exit_code, kUsage);
  EXPECT_THAT(same.err, HasSubstr("cannot be made and reported on the same split"));
  const ProgramResult unknown = decide("--select-on validation --report-on holdout");
  EXPECT_EQ(unknown.exit_code, kUsage);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("no run over \"holdout\""), HasSubstr("validation, test")));
  EXPECT_EQ(decide("--select-on holdout").exit_code, kUsage);
  // The same examples under another name.
  {
    auto store = Store::open(folder_ / "evidence.sqlite", Store::Mode::kReadWrite);
    for (int model = 0; model < 4; ++model) {
      for (const std::string recipe : {"fp32", "fp16", "int8", "int4"}) {
        auto run = store->load_run(fmt::format("m{}-{}-validation", model, recipe));
        ASSERT_TRUE(run);
        run->split = "copy";
        run->key += "-copy";
        ASSERT_TRUE(store->add_run(*run));
      }
    }
  }
  const ProgramResult copy = decide("--select-on validation --report-on copy");
  EXPECT_EQ(copy.exit_code, kBadInput);
  EXPECT_THAT(copy.err, HasSubstr("the same examples"));
}

TEST_F(DecideHeldOut, AMissingConfigurationIsNamed) {
  {
    auto store = Store::open(folder_ / "evidence.sqlite", Store::Mode::kReadWrite);
    std::mt19937_64 random(8);
    ASSERT_TRUE(store->add_run(random_run("m9", "fp16", "validation", random)));
  }
  const ProgramResult result = decide("--select-on validation --report-on test");
  EXPECT_EQ(result.exit_code, kUsage);
  EXPECT_THAT(result.err, AllOf(HasSubstr("m9 fp16"), HasSubstr("--resume")));
  // Nor are the latest runs of all over one split.
  const ProgramResult mixed = decide("");
  EXPECT_EQ(mixed.exit_code, kBadInput);
  EXPECT_THAT(mixed.err, HasSubstr("--select-on"));
}

}  // namespace
}  // namespace quantier::testing
