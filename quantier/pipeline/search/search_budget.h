// What a search may spend, and what its units and plans take of it: bytes of resident weights, or the time of
// a pass.
//
// Bytes are exact and known beforehand, and a budget that no plan fits is refused before anything is
// measured. Times are measured: of units by their products (unit_costs.h), of plans as whole passes, which
// alone say what is within the budget. Errors: kUsage for a budget that even the cheapest plan exceeds; those
// of packing and of the clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/model_spec.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/search/plan_clock.h"
#include "quantier/pipeline/search/plan_predictor.h"
#include "quantier/pipeline/search/search.h"
#include "quantier/pipeline/search/unit_costs.h"

namespace quantier {

// A plan's name among what was measured.
[[nodiscard]] std::string measured_name(const PlanRules& rules);

class SearchBudget {
 public:
  // Costs in bytes, and a budget of bytes where one is asked for. Everything given outlives this.
  Status begin(const SearchRequest& request, const ModelSpec& spec, const std::vector<SearchUnit>& units,
               std::uint64_t base_bytes);
  // Costs and budget in time, where one is asked for.
  Status measure_times(const PlanPredictor& predictor, const Plan& base, ThreadPool& pool);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // 0 with a budget of time
  // Conditions and what each unit costs; with a budget of time.
  [[nodiscard]] const std::optional<TimedOn>& timed() const { return timed_; }

  // Of a unit under an option (0: the base): in what the budget is about, in bytes, in milliseconds.
  [[nodiscard]] double cost(std::size_t unit, std::size_t option) const {
    return costs().of_unit[unit][option];
  }
  [[nodiscard]] std::uint64_t unit_bytes(std::size_t unit, std::size_t option) const;
  [[nodiscard]] std::optional<double> unit_ms(std::size_t unit, std::size_t option) const;
  // What is left for the units.
  [[nodiscard]] double for_units() const { return for_units_; }

  // Fills in what the whole plan takes and whether that is within the budget. `choice` of a mixed plan, empty
  // for a recipe used throughout.
  Status weigh(PlanDamage& plan, const Plan& resolved, std::span<const std::size_t> choice);
  // By how much a weighed plan is over a budget of time, in cost().
  [[nodiscard]] double excess(const PlanDamage& plan) const;

 private:
  [[nodiscard]] const UnitCosts& costs() const { return clock_ == nullptr ? byte_costs_ : time_costs_; }
  [[nodiscard]] double budget_ns() const;
  [[nodiscard]] TimedOn conditions() const;

  const SearchRequest* request_ = nullptr;
  const ModelSpec* spec_ = nullptr;
  const std::vector<SearchUnit>* units_ = nullptr;
  UnitCosts byte_costs_;
  UnitCosts time_costs_;                     // nanoseconds
  std::map<std::string, double> passes_ns_;  // of whole plans, by measured_name
  std::uint64_t bytes_ = 0;
  double for_units_ = 0;
  PlanClock* clock_ = nullptr;  // null with a budget of bytes
  std::unique_ptr<PlanClock> own_clock_;
  std::optional<TimedOn> timed_;
};

}  // namespace quantier
