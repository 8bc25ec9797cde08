#include "quantier/pipeline/search/search.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/sha256.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/fingerprint.h"
#include "quantier/dataset/sample.h"
#include "quantier/pipeline/plan_file.h"
#include "quantier/pipeline/provenance.h"
#include "quantier/pipeline/search/measured_damages.h"
#include "quantier/pipeline/search/mixed_choice.h"
#include "quantier/pipeline/search/plan_predictor.h"
#include "quantier/pipeline/search/search_budget.h"
#include "quantier/pipeline/search/search_input.h"
#include "quantier/pipeline/search/unit_costs.h"

namespace quantier {
namespace {

// Mixed plans tried for one weighting of the tiers when whole passes turn out slower than their layers.
constexpr std::size_t kMostChoices = 4;

class Search {
 public:
  explicit Search(const SearchRequest& request) : request_(request), pool_(request.threads) {}

  Result<SearchResult> run() {
    QT_TRY_STATUS(check_recipes_of(request_));
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(request_.model));
    spec_ = &checkpoint.spec();
    QT_TRY(Dataset data, read_dataset(request_.data, request_.columns, spec_->label_names));
    if (request_.examples) {
      data = keep_examples(data, stratified_sample(data, *request_.examples, request_.seed));
    }
    QT_TRY(tiers_, tiers_of_search(request_, data, *spec_));
    labels_ = data.labels;
    QT_TRY(weights_, tier_weights_of(request_, tiers_));
    QT_TRY_STATUS(describe(data));
    QT_TRY_STATUS(budget_.begin(request_, *spec_, units_, result_.base_bytes));
    result_.budget_bytes = budget_.bytes();
    QT_TRY(PlanPredictor predictor, PlanPredictor::create(checkpoint, data, request_.max_length,
                                                          request_.batch_size, pool_, request_.interrupt));
    QT_TRY_STATUS(read_calibration(data, predictor));
    predictor_ = &predictor;
    QT_TRY(const std::string search, identity(checkpoint));
    QT_TRY(measured_, MeasuredDamages::open(request_.resume_file, search));
    result_.measured_before = measured_.found();
    QT_TRY_STATUS(budget_.measure_times(predictor, base_plan_, pool_));
    result_.times = budget_.timed();
    QT_TRY_STATUS(measure_units());
    QT_TRY_STATUS(measure_plans());
    QT_TRY_STATUS(write_plan());
    return std::move(result_);
  }

 private:
  // The same guard as where a recipe is measured: a method that has fitted a text moves it less than others.
  Status read_calibration(const Dataset& data, PlanPredictor& predictor) {
    if (!request_.calibration) return {};
    QT_TRY(CalibrationSet set, read_calibration_set(*request_.calibration, spec_->label_names));
    QT_TRY_STATUS(guard_overlap(set, data, request_.data.string()));
    QT_TRY_STATUS(predictor.set_calibration(set));
    std::set<std::string> seen(result_.seen.begin(), result_.seen.end());
    for (std::size_t i = 0; i < set.record.texts; ++i) {
      std::string fingerprint = text_fingerprint(set.texts[i]);
      if (seen.insert(fingerprint).second) result_.seen.push_back(std::move(fingerprint));
    }
    Json identity = to_json(set.options);
    identity["path"] = set.record.sha256;
    calibration_identity_ = identity.dump(-1, ' ', false, Json::error_handler_t::replace);
    return {};
  }

  Status describe(const Dataset& data) {
    units_ = units_of(*spec_, request_.by_layer);
    QT_TRY(base_plan_, resolve_recipe(request_.base, *spec_));
    result_.data = request_.data.string();
    result_.data_sha256 = data.sha256;
    result_.examples = data.size();
    std::set<std::string> seen;
    for (const std::string& text : data.texts) {
      if (seen.insert(text_fingerprint(text)).second) result_.seen.push_back(text_fingerprint(text));
    }
    result_.tiers = tiers_.names;
    result_.base = request_.base;
    result_.base_bytes = base_plan_.total_bytes();
    return {};
  }

  // Everything that measured damages depend on.
  Result<std::string> identity(const Checkpoint& checkpoint) const {
    QT_TRY(const ModelHashes hashes, hash_model(checkpoint));
    QT_TRY(const std::string program, program_sha256());
    std::string text =
        fmt::format("{}/{}/{}/{}/{}/{}/{}/{}", hashes.weights, hashes.config, hashes.tokenizer,
                    result_.data_sha256, result_.examples, request_.seed, request_.base, program);
    if (request_.max_length) text += fmt::format("/{}", *request_.max_length);
    text += calibration_identity_;
    for (std::size_t t = 0; t < tiers_.names.size(); ++t) text += "/" + tiers_.names[t];
    for (const std::int32_t tier : tiers_.tier_of_example) text += fmt::format(",{}", tier);
    return sha256_hex(text);
  }

  Result<std::vector<TierDamage>> measure(const PlanRules& rules) {
    const std::string key = measured_name(rules);
    if (const auto* found = measured_.find(key)) return *found;
    if (stop_requested(request_.interrupt)) return interrupted();
    if (!reference_) {
      QT_TRY(reference_, predictor_->predict(base_plan_));
    }
    QT_TRY(const Plan plan, resolve_rules(rules, *spec_));
    QT_TRY(const Predictions changed, predictor_->predict(plan));
    std::vector<TierDamage> damage = damage_of(*reference_, changed, labels_, tiers_);
    QT_TRY_STATUS(measured_.add(key, damage));
    return damage;
  }

  void tell(const char* stage, std::size_t done, std::size_t total) const {
    if (request_.progress) request_.progress({stage, done, total});
  }

  Status measure_units() {
    PlanRules base;
    base.base = request_.base;
    QT_TRY(result_.reference, measure(base));
    const std::size_t total = units_.size() * request_.recipes.size();
    std::size_t done = 0;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      for (std::size_t r = 0; r < request_.recipes.size(); ++r) {
        QT_TRY(std::vector<TierDamage> tiers,
               measure(rules_for(request_.base, units_[u], request_.recipes[r])));
        result_.sensitivity.push_back({units_[u].pattern, request_.recipes[r], budget_.unit_bytes(u, r + 1),
                                       budget_.unit_ms(u, r + 1), std::move(tiers)});
        tell("measuring layers", ++done, total);
      }
    }
    return {};
  }

  [[nodiscard]] const UnitDamage& unit_damage(std::size_t unit, std::size_t recipe) const {
    return result_.sensitivity[unit * request_.recipes.size() + recipe];
  }

  // The choice for one weighting of the tiers; option 0 is the base. nullopt: even the cheapest is over
  // budget.
  [[nodiscard]] std::optional<std::vector<std::size_t>> choice_for(std::span<const double> weights,
                                                                   double budget) const {
    std::vector<std::vector<LayerOption>> options(units_.size());
    for (std::size_t u = 0; u < units_.size(); ++u) {
      options[u].push_back({budget_.cost(u, 0), 0.0});
      for (std::size_t r = 0; r < request_.recipes.size(); ++r) {
        options[u].push_back({budget_.cost(u, r + 1), weighted_divergence(unit_damage(u, r).tiers, weights)});
      }
    }
    return choose_options(options, budget);
  }

  [[nodiscard]] PlanRules rules_of(std::span<const std::size_t> choice) const {
    PlanRules rules;
    rules.name = "mixed";
    rules.base = request_.base;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (choice[u] > 0) rules.layers.push_back({units_[u].pattern, request_.recipes[choice[u] - 1]});
    }
    return rules;
  }

  // `choice` of a mixed plan; empty for a recipe used throughout.
  Status add_plan(PlanRules rules, std::span<const std::size_t> choice) {
    PlanDamage plan;
    plan.name = rules.name.empty() ? rules.base : rules.name;
    QT_TRY(const Plan resolved, resolve_rules(rules, *spec_));
    if (!choice.empty()) {
      plan.expected = 0;
      for (std::size_t u = 0; u < units_.size(); ++u) {
        if (choice[u] > 0)
          *plan.expected += weighted_divergence(unit_damage(u, choice[u] - 1).tiers, weights_);
      }
    }
    QT_TRY(plan.tiers, measure(rules));
    plan.measured = weighted_divergence(plan.tiers, weights_);
    plan.rules = std::move(rules);
    QT_TRY_STATUS(budget_.weigh(plan, resolved, choice));
    result_.plans.push_back(std::move(plan));
    return {};
  }

  // The choice for one weighting as a whole. Where it takes longer than the sum of its layers and the budget,
  // the next one has as much less to spend.
  Status add_mixed(std::span<const double> weights, std::set<std::vector<std::size_t>>& tried) {
    double budget = budget_.for_units();
    for (std::size_t attempt = 0; attempt < kMostChoices; ++attempt) {
      const auto choice = choice_for(weights, budget);
      if (!choice || !tried.insert(*choice).second) return {};
      QT_TRY_STATUS(add_plan(rules_of(*choice), *choice));
      const PlanDamage& plan = result_.plans.back();
      if (plan.within_budget || !plan.pass_ms) return {};
      budget -= budget_.excess(plan);
    }
    return {};
  }

  // Mixed plans for the asked weighting, for each tier alone and for all examples alike; then the recipes by
  // themselves.
  Status measure_plans() {
    std::vector<std::vector<double>> weightings = {weights_};
    std::vector<double> by_examples;
    for (std::size_t t = 0; t < tiers_.names.size(); ++t) {
      std::vector<double> alone(tiers_.names.size(), 0.0);
      alone[t] = 1.0;
      if (result_.reference[t].examples > 0) weightings.push_back(std::move(alone));
      by_examples.push_back(static_cast<double>(result_.reference[t].examples));
    }
    weightings.push_back(std::move(by_examples));
    std::set<std::vector<std::size_t>> tried;
    const std::size_t total = weightings.size() + request_.recipes.size() + 1;
    std::size_t done = 0;
    for (const std::vector<double>& weighting : weightings) {
      QT_TRY_STATUS(add_mixed(weighting, tried));
      tell("measuring plans", ++done, total);
    }
    for (std::size_t r = 0; r <= request_.recipes.size(); ++r) {
      PlanRules rules;
      rules.base = r == 0 ? request_.base : request_.recipes[r - 1];
      QT_TRY_STATUS(add_plan(std::move(rules), {}));
      tell("measuring plans", ++done, total);
    }
    std::ranges::stable_sort(result_.plans, [](const PlanDamage& a, const PlanDamage& b) {
      if (a.within_budget != b.within_budget) return a.within_budget;
      return a.measured < b.measured;
    });
    if (result_.chosen().within_budget) return {};
    const auto fastest = std::ranges::min_element(
        result_.plans, {}, [](const PlanDamage& plan) { return plan.pass_ms.value_or(0); });
    return fail(ErrorKind::kUsage, "no plan that was run as a whole stayed within the budget",
                fmt::format("{} ms", request_.budget_ms.value_or(0)),
                fmt::format("the fastest, {}, took {:.3f} ms", printable(fastest->name, 80),
                            fastest->pass_ms.value_or(0)),
                "raise the budget, or offer faster recipes");
  }

  Status write_plan() {
    PlanRules rules = result_.chosen().rules;
    QT_TRY(const Plan plan, resolve_rules(rules, *spec_));
    rules.selected_on = SelectedOn{result_.data, result_.data_sha256, result_.seen};
    if (result_.times) {
      result_.times->plan_ms = result_.chosen().pass_ms.value_or(0);
      for (const PlanDamage& each : result_.plans) {
        if (each.name == request_.base) result_.times->base_ms = each.pass_ms.value_or(0);
      }
    }
    rules.timed_on = result_.times;
    result_.plan_file = plan_file_text(rules, *spec_, plan);
    return {};
  }

  const SearchRequest& request_;
  ThreadPool pool_;
  const ModelSpec* spec_ = nullptr;
  const PlanPredictor* predictor_ = nullptr;
  std::vector<SearchUnit> units_;
  SearchBudget budget_;
  Plan base_plan_;
  ExampleTiers tiers_;
  std::vector<std::int32_t> labels_;
  std::vector<double> weights_;
  std::optional<Predictions> reference_;
  std::string calibration_identity_;  // which texts, or nothing
  MeasuredDamages measured_;
  SearchResult result_;
};

}  // namespace

Result<SearchResult> search_plan(const SearchRequest& request) { return Search(request).run(); }

}  // namespace quantier
