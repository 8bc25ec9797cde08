// Which layers bear which recipe: every layer's sensitivity, measured one at a time, and the mixed plan that
// hurts the tiers least under a budget.
//
// 1. The model under the base recipe predicts the search data: the reference.
// 2. For every unit (a linear layer, or a transformer layer with by_layer) and every recipe: the same model
//    with that unit changed, and what it does to the predictions, tier by tier (damage.h). A recipe that
//    looks at data is calibrated for it, the other units being the base's.
// 3. What each costs: bytes, or with a budget of time the products of its layers on this machine
// (plan_clock.h).
//    The choice under the budget (mixed_choice.h) minimises the sum of the units' divergences, tiers weighted
//    equally unless told otherwise; so a rare tier counts as much as a frequent one.
// 4. Sums of single changes are only nearly the damage of all together. So the choices for several weightings
//    of the tiers, and each recipe used throughout, are measured as wholes; of those within the budget the
//    one that hurts least is the plan. Here a calibrated recipe has the inputs that the whole plan gives it.
//    With a budget of time whole passes are timed too, and they alone say what is within it; a mixed plan
//    that turns out slower than the sum of its layers is chosen once more, with as much less to spend.
//
// The plan has seen this data: its file lists what it saw, calibration texts too, and measuring it there is
// no evidence. Deterministic, but for times. Errors: those of the model, the data and the recipes; kUsage for
// a budget that even the cheapest plan exceeds; kInterrupted (with `resume_file` what was measured is kept
// and found again).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/checkpoint/model_directory.h"
#include "quantier/dataset/dataset.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/calibration_set.h"
#include "quantier/pipeline/search/damage.h"
#include "quantier/pipeline/search/plan_clock.h"
#include "quantier/pipeline/tier_input.h"

namespace quantier {

struct SearchRequest {
  ModelLocation model;
  std::filesystem::path data;
  ColumnNames columns;
  std::optional<std::size_t> examples;  // a stratified sample of so many; absent: all
  std::uint64_t seed = 20260101;
  TierRequest tiers;
  std::vector<double> tier_weights;  // [tiers] or empty: equal
  std::string base = "fp16";
  std::vector<std::string> recipes = {"int8-rtn", "int4-rtn:group=32", "int4-rtn"};
  std::optional<CalibrationOptions> calibration;  // for recipes that look at data
  // Of resident weights, embedding and norms included; or of one pass over `workload`. Exactly one is given.
  std::optional<std::uint64_t> budget_bytes;
  std::optional<double> budget_share;  // of the base's bytes
  std::optional<double> budget_ms;
  TimedWorkload workload;
  PlanClock* clock = nullptr;  // this machine's when null
  bool by_layer = false;
  std::optional<std::size_t> max_length;
  std::size_t batch_size = 32;
  std::size_t threads = 1;
  std::filesystem::path resume_file;  // measured damages are kept here as they come; empty: nowhere
  ProgressFunction progress;
  const Interrupt* interrupt = nullptr;
};

// One unit under one recipe.
struct UnitDamage {
  std::string unit;  // a pattern that names the unit's layers
  std::string recipe;
  std::uint64_t bytes = 0;        // of the unit
  std::optional<double> unit_ms;  // of a pass (unit_costs.h); with a budget of time
  std::vector<TierDamage> tiers;
};

// A whole plan, measured.
struct PlanDamage {
  std::string name;  // "mixed", or a recipe
  PlanRules rules;
  std::uint64_t bytes = 0;            // resident weights
  std::optional<double> expected_ms;  // the rest of a pass and its units' products; mixed plans with a budget
                                      // of time only
  std::optional<double> pass_ms;      // measured; with a budget of time
  std::optional<double> expected;     // divergence by the sum of its units; mixed plans only
  double measured = 0;                // divergence of the whole
  std::vector<TierDamage> tiers;
  bool within_budget = false;
};

struct SearchResult {
  std::string data;
  std::string data_sha256;
  std::size_t examples = 0;
  std::vector<std::string> seen;  // fingerprints of the texts (dataset/fingerprint.h), each once
  std::vector<std::string> tiers;
  std::string base;
  std::uint64_t base_bytes = 0;
  std::uint64_t budget_bytes = 0;       // 0 with a budget of time
  std::optional<TimedOn> times;         // with a budget of time: it, its conditions, what each unit costs
  std::vector<TierDamage> reference;    // the base itself: examples and right answers
  std::vector<UnitDamage> sensitivity;  // by unit, then by recipe
  std::vector<PlanDamage> plans;        // the chosen one first
  std::size_t measured_before = 0;      // found in resume_file
  std::string plan_file;                // text of the chosen plan (plan_file.h), with what it was fitted to

  [[nodiscard]] const PlanDamage& chosen() const { return plans.front(); }
};

[[nodiscard]] Result<SearchResult> search_plan(const SearchRequest& request);

[[nodiscard]] std::string search_text(const SearchResult& result);
[[nodiscard]] Json search_json(const SearchResult& result);

}  // namespace quantier
