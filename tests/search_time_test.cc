// The search under a budget of time, with times out of a table: what it chooses does not depend on the
// machine that the test runs on. The real clock is only asked whether it gives times at all.
#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/pipeline/plan_file.h"
#include "quantier/pipeline/search/search.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::HasSubstr;

// A pass is 20 ms and the sum of its products, which depend on the format alone: 1 ms of halves and 0.25 of
// int8, but for a layer that int8 does not make faster. `surcharge_ns` is what every mixed pass takes beyond
// it.
class TableClock final : public PlanClock {
 public:
  Result<LayerTimes> layers_ns(const Plan& plan) override {
    LayerTimes times;
    for (const LayerPlan& layer : plan.layers) {
      const bool is_head = !layer.linear.starts_with("layers.");
      const bool is_fast =
          layer.recipe.format == WeightFormat::kI4Group && !layer.linear.starts_with("layers.2.");
      times.push_back(is_head ? 0 : is_fast ? 0.25e6 : 1e6);
    }
    return times;
  }
  Result<double> pass_ns(const Plan& plan) override {
    double sum = 20e6;
    const LayerTimes times = *layers_ns(plan);
    for (const double layer : times) sum += layer;
    passes.push_back(plan.recipe);
    return sum + (plan.recipe == "mixed" ? surcharge_ns : 0.0);
  }

  double surcharge_ns = 0;
  std::vector<std::string> passes;
};

class SearchTime : public CommandLineTest {
 protected:
  // Six layers of four products: 44 ms at fp16, and every layer but one that becomes int4 saves 3 ms.
  [[nodiscard]] SearchRequest request(double budget_ms) {
    SearchRequest search;
    search.model.directory = demo("demo-encoder");
    search.data = demo("data/test.jsonl");
    search.examples = 48;
    search.max_length = 48;
    search.recipes = {"int4-rtn:group=32"};
    search.by_layer = true;
    search.budget_ms = budget_ms;
    search.workload = {8, 64};
    search.clock = &clock_;
    search.resume_file = folder_ / "measured.jsonl";
    return search;
  }
  TableClock clock_;
};

std::size_t changed_layers(const PlanDamage& plan) { return plan.rules.layers.size(); }

TEST_F(SearchTime, ChangesAsManyLayersAsTheBudgetAsksFor) {
  for (const auto& [budget_ms, layers] : {std::pair{44.0, 0U}, {41.0, 1U}, {35.5, 3U}, {29.0, 5U}}) {
    const Result<SearchResult> result = search_plan(request(budget_ms));
    ASSERT_TRUE(result) << result.error().message();
    const PlanDamage& chosen = result->chosen();
    EXPECT_TRUE(chosen.within_budget);
    EXPECT_EQ(changed_layers(chosen), layers) << budget_ms;
    EXPECT_LE(chosen.pass_ms.value_or(1e9), budget_ms);
    // A layer that gets no faster is never worth its damage.
    for (const PlanRules::Rule& rule : chosen.rules.layers) EXPECT_NE(rule.pattern, "layers.2");
    // Of the plans within the budget none hurts less.
    for (const PlanDamage& plan : result->plans) {
      if (plan.within_budget) {
        EXPECT_GE(plan.measured, chosen.measured);
      }
      EXPECT_EQ(plan.within_budget, *plan.pass_ms <= budget_ms);
    }
    EXPECT_EQ(result->budget_bytes, 0U);
  }
}

TEST_F(SearchTime, APlanThatIsSlowerThanItsLayersIsChosenAgainWithLessToSpend) {
  clock_.surcharge_ns = 2e6;
  const Result<SearchResult> result = search_plan(request(35.5));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(changed_layers(result->chosen()), 4U);  // three took 37 ms
  EXPECT_DOUBLE_EQ(*result->chosen().pass_ms, 34.0);
  EXPECT_DOUBLE_EQ(*result->chosen().expected_ms, 32.0);
}

TEST_F(SearchTime, SaysWhatTheFastestPlanWouldTake) {
  const Result<SearchResult> result = search_plan(request(25.0));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(result.error().message(), HasSubstr("29.000 ms, 20.000 of them outside"));
  // Whole passes alone say whether a budget holds.
  clock_.surcharge_ns = 100e6;
  SearchRequest mixed = request(30.0);
  mixed.recipes = {"int4-rtn", "int8-rtn"};
  const Result<SearchResult> uniform = search_plan(mixed);
  ASSERT_TRUE(uniform) << uniform.error().message();
  EXPECT_EQ(uniform->chosen().name, "int4-rtn");
}

TEST_F(SearchTime, ThePlanCarriesTheTimesAndTheirConditions) {
  const Result<SearchResult> result = search_plan(request(35.5));
  ASSERT_TRUE(result) << result.error().message();
  const Result<PlanRules> rules = parse_plan_file(result->plan_file, "plan", "plan.toml");
  ASSERT_TRUE(rules) << rules.error().message();
  ASSERT_TRUE(rules->timed_on);
  EXPECT_EQ(*rules->timed_on, *result->times);
  EXPECT_DOUBLE_EQ(rules->timed_on->budget_ms, 35.5);
  EXPECT_DOUBLE_EQ(rules->timed_on->base_ms, 44.0);
  EXPECT_DOUBLE_EQ(rules->timed_on->plan_ms, 35.0);
  EXPECT_EQ(rules->timed_on->batch, 8U);
  EXPECT_EQ(rules->timed_on->tokens_per_text, 64U);
  EXPECT_FALSE(rules->timed_on->processor.empty());
  ASSERT_EQ(rules->timed_on->units.size(), 12U);  // six layers under two recipes
  const TimedOn::UnitTime slow{"layers.2", "int4-rtn:group=32", 4.0};
  EXPECT_THAT(rules->timed_on->units, ::testing::Contains(slow));
}

TEST_F(SearchTime, TheProgramTimesThisMachine) {
  const std::string command = "search " + demo("demo-encoder") + " --data " + demo("data/test.jsonl") +
                              " --examples 32 --max-length 32 --by-layer --recipes int8-rtn int4-gptq "
                              "--calibration-count 8 --calibration " +
                              demo("data/calibration.jsonl") + " ";
  const ProgramResult result =
      quantier(command + "--budget-ms 1e9 --budget-batch 3 --budget-tokens 20 --threads 2 --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = parse_json(result.out, "output");
  ASSERT_TRUE(json);
  for (const Json& row : json->at("sensitivity")) EXPECT_GT(row.at("unit_ms").get<double>(), 0.0);
  for (const Json& plan : json->at("plans")) EXPECT_GT(plan.at("pass_ms").get<double>(), 0.0);
  EXPECT_EQ(json->at("timed_on").at("batch"), 3);
  EXPECT_TRUE(json->at("budget_bytes").is_null());
  // Nothing hurts less than the base, and everything is within such a budget.
  EXPECT_EQ(json->at("plans").at(0).at("measured_divergence_nat"), 0.0);

  const auto refused = [&](const std::string& more, const std::string& word) {
    const ProgramResult refusal = quantier(command + more);
    EXPECT_EQ(refusal.exit_code, 2) << refusal.err;
    EXPECT_THAT(refusal.err, HasSubstr(word)) << more;
  };
  refused("--budget-ms 1e-7 --budget-batch 1 --budget-tokens 8", "no plan fits");
  refused("--budget-ms 5 --budget-share 0.5", "budget");
  refused("--budget-mb 5 --budget-tokens 5", "budget-ms");
  refused("--budget-ms 0", "budget-ms");
}

}  // namespace
}  // namespace quantier::testing
