// `quantier search` on a demo model: a mixed plan within its budget, that another run goes on from what the
// first one measured, and what is refused.
#include <algorithm>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SearchTest : public CommandLineTest {
 protected:
  [[nodiscard]] std::string search(const std::string& more) const {
    return "search " + demo("demo-encoder") + " --data " + demo("data/test.jsonl") +
           " --examples 96 --by-layer --recipes int8-rtn int4-rtn:group=32 --tiers head=10,mid=20,tail "
           "--counts " +
           demo("data/train_label_counts.json") + " --max-length 64 " + more;
  }
  [[nodiscard]] std::string out() const { return (folder_ / "mixed.toml").string(); }
};

TEST_F(SearchTest, FindsAPlanWithinItsBudgetAndNamesWhatItSaw) {
  const ProgramResult result = quantier(search("--budget-share 0.75 --json --out " + out()));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = parse_json(result.out, "output");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->at("sensitivity").size(), 12U);  // six layers under two recipes
  const Json& plans = json->at("plans");
  const Json& chosen = plans.at(0);
  EXPECT_TRUE(chosen.at("chosen").get<bool>());
  EXPECT_LE(chosen.at("bytes").get<std::uint64_t>(), json->at("budget_bytes").get<std::uint64_t>());
  // Nothing else within the budget hurts less; the base hurts nothing and is over it.
  for (const Json& plan : plans) {
    if (plan.at("name") == "fp16") {
      EXPECT_FALSE(plan.at("within_budget").get<bool>());
      EXPECT_EQ(plan.at("measured_divergence_nat").get<double>(), 0.0);
    } else if (plan.at("within_budget").get<bool>()) {
      EXPECT_GE(plan.at("measured_divergence_nat").get<double>(),
                chosen.at("measured_divergence_nat").get<double>());
    }
  }
  EXPECT_THAT(read_file(out()),
              AllOf(HasSubstr("[selected_on]"), HasSubstr("fingerprints = ["), HasSubstr("base = \"fp16\"")));
}

// A recipe that looks at data, at the bytes of one that does not: it is calibrated for every unit, hurts
// less, and the plan lists the calibration texts among what it saw.
TEST_F(SearchTest, RecipesThatLookAtDataAreCandidates) {
  const std::string command =
      "search " + demo("demo-encoder") + " --data " + demo("data/test.jsonl") +
      " --examples 96 --by-layer --recipes int4-rtn int4-gptq --max-length 64 --budget-share 0.7 --json "
      "--calibration-count 40 --calibration " +
      demo("data/calibration.jsonl") + " --out " + out();
  const ProgramResult result = quantier(command);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = parse_json(result.out, "output");
  ASSERT_TRUE(json);
  double nearest = 0;
  double fitted = 0;
  for (const Json& row : json->at("sensitivity")) {
    const double damage = row.at("tiers").at(0).at("mean_divergence_nat").get<double>();
    (row.at("recipe") == "int4-gptq" ? fitted : nearest) += damage;
  }
  EXPECT_LT(fitted, nearest);
  const std::string plan = read_file(out());
  EXPECT_THAT(plan, HasSubstr("= \"int4-gptq\""));
  EXPECT_GE(std::ranges::count(plan.substr(plan.find("fingerprints")), ','), 96 + 40 - 1);
}

TEST_F(SearchTest, ItsPlanIsMarkedWhereItWasFitted) {
  ASSERT_EQ(quantier(search("--budget-share 0.75 --out " + out())).exit_code, 0);
  const std::string predict =
      "predict " + demo("demo-encoder") + " --max-length 64 --json --plan " + out() + " --data ";
  const ProgramResult seen = quantier(predict + demo("data/test.jsonl"));
  ASSERT_EQ(seen.exit_code, 0) << seen.err;
  const auto json = parse_json(seen.out, "output");
  ASSERT_TRUE(json);
  EXPECT_GE(json->at("selected_in_sample").get<std::size_t>(), 90U);
  EXPECT_THAT(seen.err, HasSubstr("selected in-sample"));
  write_file(folder_ / "new.jsonl", "{\"text\": \"nobody has seen this text\"}\n");
  const ProgramResult unseen = quantier(predict + (folder_ / "new.jsonl").string());
  ASSERT_EQ(unseen.exit_code, 0) << unseen.err;
  EXPECT_EQ(parse_json(unseen.out, "output")->at("selected_in_sample").get<std::size_t>(), 0U);
}

TEST_F(SearchTest, ARunOverWhatItWasFittedToIsRefused) {
  ASSERT_EQ(quantier(search("--budget-share 0.75 --out " + out())).exit_code, 0);
  const std::string config = "recipes = [\"fp16\"]\nplan = \"" + out() +
                             "\"\n[[models]]\nname = \"encoder\"\npath = \"" + demo("demo-encoder") +
                             "\"\n[data]\npath = \"" + demo("data/test.jsonl") + "\"\n";
  write_file(folder_ / "run.toml", config);
  const ProgramResult result =
      quantier("run " + (folder_ / "run.toml").string() + " --out " + (folder_ / "run").string());
  EXPECT_EQ(result.exit_code, 2) << result.out << result.err;
  EXPECT_THAT(result.err, HasSubstr("fitted to"));
}

TEST_F(SearchTest, GoesOnFromWhatWasMeasured) {
  const std::string command = search("--budget-share 0.8 --json --out " + out());
  const ProgramResult first = quantier(command);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const std::string measured = out() + ".measured.jsonl";
  const std::string lines = read_file(measured);
  // As if it had been killed while it wrote.
  write_file(measured, lines.substr(0, lines.size() / 2));
  const ProgramResult second = quantier(command);
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(read_file(measured).size(), lines.size());
  const ProgramResult other = quantier(search("--budget-share 0.8 --seed 5 --out " + out()));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("another search"));
}

TEST_F(SearchTest, RefusesWhatCannotBeMeant) {
  const auto refused = [&](const std::string& more, int exit_code, const std::string& word) {
    const ProgramResult result = quantier(search(more));
    EXPECT_EQ(result.exit_code, exit_code) << more << result.err;
    EXPECT_THAT(result.err, HasSubstr(word)) << more;
  };
  refused("", 2, "budget");
  refused("--budget-mb 0.1", 2, "no plan fits");
  refused("--budget-share 0.5 --base int8-rtn", 2, "stands twice");
  refused("--budget-share 0.5 --base fp32", 2, "do not go together");
  refused("--budget-share 0.5 --tier-weights 1 2", 2, "weights");
  refused("--budget-share 0.5 --label-col nothing", 6, "nothing");
  refused("--budget-share 1.5", 2, "");
  refused("--budget-share 0.8 --recipes int4-gptq", 2, "--calibration");
  refused("--budget-share 0.8 --calibration " + demo("data/calibration.jsonl"), 2, "would change nothing");
  refused("--budget-share 0.8 --base int4-gptq", 7, "weights alone");
  refused("--budget-share 0.8 --recipes int4-gptq --calibration " + demo("data/test.jsonl"), 6,
          "calibration texts stand in");
}

}  // namespace
}  // namespace quantier::testing
