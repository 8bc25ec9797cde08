#include "quantier/pipeline/run_timing.h"

#include <gtest/gtest.h>

namespace quantier {
namespace {

using Groups = std::vector<std::vector<std::size_t>>;

TEST(GroupsWithin, FillsTheBudgetInOrder) {
  EXPECT_EQ(groups_within({100, 200, 300}, 600), (Groups{{0, 1, 2}}));
  EXPECT_EQ(groups_within({100, 200, 301}, 600), (Groups{{0, 1}, {2}}));
  EXPECT_EQ(groups_within({700, 100, 700}, 600), (Groups{{0}, {1}, {2}}));
  EXPECT_TRUE(groups_within({}, 600).empty());
}

TEST(WorkerLoadFor, CarriesWhatShapesTheNumbers) {
  RunConfig config;
  config.models = {{"a", "/a"}, {"b", "/b"}};
  config.data.path = "/d.jsonl";
  config.max_length = 77;
  config.seed = 9;
  RunPlan plan;
  plan.limit = 12;
  plan.threads = 2;
  PlannedRun run;
  run.configuration = {"b", "int8", "cpu"};
  run.model = 1;
  const WorkerLoad load = worker_load_for(config, plan, run);
  EXPECT_EQ(load.model, "/b");
  EXPECT_EQ(load.rules.base, "int8");
  EXPECT_EQ(load.max_length, 77U);
  EXPECT_EQ(load.limit, 12U);
  EXPECT_EQ(load.seed, 9U);
  EXPECT_EQ(load.threads, 2U);
  config.calibration.emplace();
  config.calibration->path = "/c.jsonl";
  EXPECT_FALSE(worker_load_for(config, plan, run).calibration.has_value());
  run.is_calibrated = true;
  EXPECT_EQ(worker_load_for(config, plan, run).calibration->path, "/c.jsonl");
  plan.calibration.emplace().record.overlaps = {"one is like another"};
  const auto received = worker_load_from_json(to_json(worker_load_for(config, plan, run)));
  ASSERT_TRUE(received) << received.error().message();
  EXPECT_EQ(received->calibration_overlaps, plan.calibration->record.overlaps);
}

}  // namespace
}  // namespace quantier
