#include "quantier/pipeline/search/search_budget.h"

#include <utility>

#include <fmt/format.h>

#include "quantier/engine/cpu/kernel_list.h"
#include "quantier/pipeline/provenance.h"

namespace quantier {
namespace {

constexpr double kMsPerNs = 1e-6;

}  // namespace

std::string measured_name(const PlanRules& rules) {
  std::string name = rules.base;
  for (const PlanRules::Rule& rule : rules.layers) name += fmt::format("; {}={}", rule.pattern, rule.recipe);
  return name;
}

Status SearchBudget::begin(const SearchRequest& request, const ModelSpec& spec,
                           const std::vector<SearchUnit>& units, std::uint64_t base_bytes) {
  request_ = &request;
  spec_ = &spec;
  units_ = &units;
  QT_TRY(byte_costs_, byte_costs(spec, units, request.base, request.recipes));
  if (request.budget_ms) return {};
  bytes_ =
      request.budget_bytes
          ? *request.budget_bytes
          : static_cast<std::uint64_t>(request.budget_share.value_or(1.0) * static_cast<double>(base_bytes));
  for_units_ = static_cast<double>(bytes_) - byte_costs_.rest;
  if (byte_costs_.least() <= static_cast<double>(bytes_)) return {};
  return fail(ErrorKind::kUsage, "no plan fits into the budget", fmt::format("{} bytes", bytes_),
              fmt::format("the smallest takes {:.0f} bytes, {:.0f} of them embedding, head and norms",
                          byte_costs_.least(), byte_costs_.rest),
              "raise the budget, offer smaller recipes, or a base with int8 embeddings "
              "(int8-rtn:embedding=int8)");
}

Status SearchBudget::measure_times(const PlanPredictor& predictor, const Plan& base, ThreadPool& pool) {
  if (!request_->budget_ms) return {};
  clock_ = request_->clock;
  if (clock_ == nullptr) {
    own_clock_ =
        clock_of_this_machine(predictor, *spec_, base, request_->workload, pool, request_->interrupt);
    clock_ = own_clock_.get();
  }
  QT_TRY(TimeCosts measured,
         time_costs(*clock_, *spec_, *units_, request_->base, request_->recipes, request_->progress));
  time_costs_ = std::move(measured.costs);
  for (std::size_t r = 0; r < measured.passes.size(); ++r) {
    passes_ns_[r == 0 ? request_->base : request_->recipes[r - 1]] = measured.passes[r];
  }
  for_units_ = budget_ns() - time_costs_.rest;
  timed_ = conditions();
  if (time_costs_.least() <= budget_ns()) return {};
  return fail(
      ErrorKind::kUsage, "no plan fits into the budget", fmt::format("{} ms", *request_->budget_ms),
      fmt::format("with the fastest recipe in every layer a pass over {} texts of {} tokens would take "
                  "{:.3f} ms, {:.3f} of them outside the layers that change",
                  request_->workload.batch, request_->workload.tokens_per_text,
                  time_costs_.least() * kMsPerNs, time_costs_.rest * kMsPerNs),
      "raise the budget, offer faster recipes, or give a smaller batch or shorter texts "
      "(--budget-batch, --budget-tokens)");
}

double SearchBudget::budget_ns() const { return *request_->budget_ms / kMsPerNs; }

TimedOn SearchBudget::conditions() const {
  TimedOn timed;
  timed.budget_ms = *request_->budget_ms;
  timed.batch = request_->workload.batch;
  timed.tokens_per_text = request_->workload.tokens_per_text;
  timed.threads = request_->threads;
  timed.processor = cpu_model();
  timed.kernels = cpu::chosen_kernels().name;
  for (std::size_t u = 0; u < units_->size(); ++u) {
    for (std::size_t option = 0; option <= request_->recipes.size(); ++option) {
      timed.units.push_back({(*units_)[u].pattern,
                             option == 0 ? request_->base : request_->recipes[option - 1],
                             time_costs_.of_unit[u][option] * kMsPerNs});
    }
  }
  return timed;
}

std::uint64_t SearchBudget::unit_bytes(std::size_t unit, std::size_t option) const {
  return static_cast<std::uint64_t>(byte_costs_.of_unit[unit][option]);
}

std::optional<double> SearchBudget::unit_ms(std::size_t unit, std::size_t option) const {
  if (clock_ == nullptr) return std::nullopt;
  return time_costs_.of_unit[unit][option] * kMsPerNs;
}

Status SearchBudget::weigh(PlanDamage& plan, const Plan& resolved, std::span<const std::size_t> choice) {
  plan.bytes = resolved.total_bytes();
  plan.within_budget = plan.bytes <= bytes_;
  if (clock_ == nullptr) return {};
  const std::string name = measured_name(plan.rules);
  if (!passes_ns_.contains(name)) {
    QT_TRY(passes_ns_[name], clock_->pass_ns(resolved));
  }
  plan.pass_ms = passes_ns_[name] * kMsPerNs;
  plan.within_budget = *plan.pass_ms <= *request_->budget_ms;
  if (choice.empty()) return {};
  double expected_ns = time_costs_.rest;
  for (std::size_t u = 0; u < choice.size(); ++u) expected_ns += time_costs_.of_unit[u][choice[u]];
  plan.expected_ms = expected_ns * kMsPerNs;
  return {};
}

double SearchBudget::excess(const PlanDamage& plan) const {
  return (*plan.pass_ms - *request_->budget_ms) / kMsPerNs;
}

}  // namespace quantier
