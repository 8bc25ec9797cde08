#include "quantier/pipeline/search/search.h"

#include <algorithm>
#include <set>
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

namespace quantier {
namespace {

// Layers that change together.
struct Unit {
  std::string pattern;
  std::vector<std::size_t> linears;  // indices into ModelSpec::linears
};

std::vector<Unit> units_of(const ModelSpec& spec, bool by_layer) {
  std::vector<Unit> units;
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    if (is_head(linear.role)) continue;
    const std::string pattern = by_layer ? fmt::format("layers.{}", linear.layer) : linear.name;
    if (units.empty() || units.back().pattern != pattern) units.push_back({pattern, {}});
    units.back().linears.push_back(i);
  }
  return units;
}

std::uint64_t bytes_of(const Unit& unit, const Plan& plan) {
  std::uint64_t sum = 0;
  for (const std::size_t linear : unit.linears) sum += plan.layers[linear].bytes;
  return sum;
}

// A plan's name among what was measured.
std::string key_of(const PlanRules& rules) {
  std::string key = rules.base;
  for (const PlanRules::Rule& rule : rules.layers) key += fmt::format("; {}={}", rule.pattern, rule.recipe);
  return key;
}

Status check_recipes(const SearchRequest& request) {
  std::set<std::string> seen = {request.base};
  QT_TRY(const Recipe base, parse_recipe(request.base));
  if (base.body.is_calibrated()) {
    return fail(ErrorKind::kUnsupported, "damage is measured against a base that looks at weights alone",
                fmt::format("recipe {}", printable(request.base, 80)), "",
                "offer it with --recipes beside --base fp16");
  }
  bool looks_at_data = false;
  for (const std::string& name : request.recipes) {
    QT_TRY(const Recipe recipe, parse_recipe(name));
    looks_at_data = looks_at_data || recipe.body.is_calibrated();
    if (recipe.body.is_calibrated() && !request.calibration) {
      return fail(
          ErrorKind::kUsage, "this recipe looks at calibration texts",
          fmt::format("recipe {}", printable(name, 80)), "none were given",
          "give some hundred texts of the training split, other ones than --data, with --calibration FILE");
    }
    if (seen.insert(name).second) continue;
    return fail(ErrorKind::kUsage, fmt::format("the recipe {} stands twice", printable(name, 80)),
                "base and --recipes");
  }
  if (request.recipes.empty()) {
    return fail(ErrorKind::kUsage, "there is nothing to choose from", "--recipes", "it names no recipe");
  }
  if (request.calibration && !looks_at_data) {
    return fail(ErrorKind::kUsage, "these recipes look at the weights alone", "--recipes",
                "--calibration would change nothing",
                "leave it out, or offer int4-gptq, int4-awq or int8-smooth");
  }
  return {};
}

Result<ExampleTiers> tiers_of(const SearchRequest& request, const Dataset& data, const ModelSpec& spec) {
  ExampleTiers tiers;
  if (request.tiers.tiers.empty()) {
    tiers.names = {"all"};
    tiers.tier_of_example.assign(data.size(), 0);
    return tiers;
  }
  if (data.labels.empty()) {
    return fail(ErrorKind::kUsage, "tiers need labels", request.data.string(),
                "a tier is made of the examples of its classes", "name the column with --label-col");
  }
  PredictionTable table;
  table.source = request.data.string();
  table.example_count = data.size();
  table.class_count = spec.classes;
  table.ids = data.ids;
  QT_TRY(AnalysisTiers read, tiers_from_request(request.tiers, spec.label_names, table, data.labels));
  tiers.names = std::move(read.names);
  for (const std::int32_t label : data.labels) {
    tiers.tier_of_example.push_back(read.tier_of_class[static_cast<std::size_t>(label)]);
  }
  return tiers;
}

class Search {
 public:
  explicit Search(const SearchRequest& request) : request_(request), pool_(request.threads) {}

  Result<SearchResult> run() {
    QT_TRY_STATUS(check_recipes(request_));
    QT_TRY(const Checkpoint checkpoint, Checkpoint::open(request_.model));
    spec_ = &checkpoint.spec();
    QT_TRY(Dataset data, read_dataset(request_.data, request_.columns, spec_->label_names));
    if (request_.examples) {
      data = keep_examples(data, stratified_sample(data, *request_.examples, request_.seed));
    }
    QT_TRY(tiers_, tiers_of(request_, data, *spec_));
    labels_ = data.labels;
    QT_TRY_STATUS(set_weights());
    QT_TRY_STATUS(describe(data));
    QT_TRY_STATUS(set_budget());
    QT_TRY(PlanPredictor predictor, PlanPredictor::create(checkpoint, data, request_.max_length,
                                                          request_.batch_size, pool_, request_.interrupt));
    QT_TRY_STATUS(read_calibration(data, predictor));
    predictor_ = &predictor;
    QT_TRY(const std::string search, identity(checkpoint));
    QT_TRY(measured_, MeasuredDamages::open(request_.resume_file, search));
    result_.measured_before = measured_.found();
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

  Status set_weights() {
    weights_ = request_.tier_weights;
    if (weights_.empty()) weights_.assign(tiers_.names.size(), 1.0);
    const bool fits = weights_.size() == tiers_.names.size() &&
                      std::ranges::all_of(weights_, [](double weight) { return weight >= 0.0; }) &&
                      std::ranges::any_of(weights_, [](double weight) { return weight > 0.0; });
    if (fits) return {};
    return fail(ErrorKind::kUsage, "the weights do not fit the tiers", "--tier-weights",
                fmt::format("{} weights for {} tiers", weights_.size(), tiers_.names.size()),
                "give one number for each tier, none negative and not all 0");
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

  // The budget, and what of it the layers may take; refused when the smallest plan exceeds it.
  Status set_budget() {
    result_.budget_bytes = request_.budget_bytes
                               ? *request_.budget_bytes
                               : static_cast<std::uint64_t>(request_.budget_share.value_or(1.0) *
                                                            static_cast<double>(result_.base_bytes));
    std::uint64_t fixed = result_.base_bytes;
    std::uint64_t smallest = 0;
    for (const Unit& unit : units_) {
      std::vector<LayerOption> options = {{static_cast<double>(bytes_of(unit, base_plan_)), 0.0}};
      fixed -= bytes_of(unit, base_plan_);
      for (const std::string& recipe : request_.recipes) {
        QT_TRY(const Plan plan, resolve_rules(rules_for(unit, recipe), *spec_));
        options.push_back({static_cast<double>(bytes_of(unit, plan)), 0.0});
      }
      const auto least = std::ranges::min_element(options, {}, &LayerOption::cost);
      smallest += static_cast<std::uint64_t>(least->cost);
      options_.push_back(std::move(options));
    }
    if (fixed + smallest > result_.budget_bytes) {
      return fail(ErrorKind::kUsage, "no plan fits into the budget",
                  fmt::format("{} bytes", result_.budget_bytes),
                  fmt::format("the smallest takes {} bytes, {} of them embedding, head and norms",
                              fixed + smallest, fixed),
                  "raise the budget, offer smaller recipes, or a base with int8 embeddings "
                  "(int8-rtn:embedding=int8)");
    }
    layer_budget_ = static_cast<double>(result_.budget_bytes - fixed);
    return {};
  }

  [[nodiscard]] PlanRules rules_for(const Unit& unit, const std::string& recipe) const {
    PlanRules rules;
    rules.base = request_.base;
    rules.layers.push_back({unit.pattern, recipe});
    return rules;
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
    const std::string key = key_of(rules);
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
        QT_TRY(std::vector<TierDamage> tiers, measure(rules_for(units_[u], request_.recipes[r])));
        result_.sensitivity.push_back({units_[u].pattern, request_.recipes[r],
                                       static_cast<std::uint64_t>(options_[u][r + 1].cost),
                                       std::move(tiers)});
        tell("measuring layers", ++done, total);
      }
    }
    return {};
  }

  [[nodiscard]] const UnitDamage& unit_damage(std::size_t unit, std::size_t recipe) const {
    return result_.sensitivity[unit * request_.recipes.size() + recipe];
  }

  // The choice for one weighting of the tiers; option 0 is the base.
  [[nodiscard]] std::vector<std::size_t> choice_for(std::span<const double> weights) const {
    std::vector<std::vector<LayerOption>> options = options_;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      for (std::size_t r = 0; r < request_.recipes.size(); ++r) {
        options[u][r + 1].damage = weighted_divergence(unit_damage(u, r).tiers, weights);
      }
    }
    return *choose_options(options, layer_budget_);  // the smallest plan fits: set_budget has looked
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

  Status add_plan(PlanRules rules, std::optional<double> expected) {
    PlanDamage plan;
    plan.name = rules.name.empty() ? rules.base : rules.name;
    QT_TRY(const Plan resolved, resolve_rules(rules, *spec_));
    plan.bytes = resolved.total_bytes();
    plan.expected = expected;
    plan.within_budget = plan.bytes <= result_.budget_bytes;
    QT_TRY(plan.tiers, measure(rules));
    plan.measured = weighted_divergence(plan.tiers, weights_);
    plan.rules = std::move(rules);
    result_.plans.push_back(std::move(plan));
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
      const std::vector<std::size_t> choice = choice_for(weighting);
      tell("measuring plans", ++done, total);
      if (!tried.insert(choice).second) continue;
      double expected = 0;
      for (std::size_t u = 0; u < units_.size(); ++u) {
        if (choice[u] > 0) expected += weighted_divergence(unit_damage(u, choice[u] - 1).tiers, weights_);
      }
      QT_TRY_STATUS(add_plan(rules_of(choice), expected));
    }
    for (std::size_t r = 0; r <= request_.recipes.size(); ++r) {
      PlanRules rules;
      rules.base = r == 0 ? request_.base : request_.recipes[r - 1];
      QT_TRY_STATUS(add_plan(std::move(rules), std::nullopt));
      tell("measuring plans", ++done, total);
    }
    std::ranges::stable_sort(result_.plans, [](const PlanDamage& a, const PlanDamage& b) {
      if (a.within_budget != b.within_budget) return a.within_budget;
      return a.measured < b.measured;
    });
    return {};
  }

  Status write_plan() {
    PlanRules rules = result_.chosen().rules;
    QT_TRY(const Plan plan, resolve_rules(rules, *spec_));
    rules.selected_on = SelectedOn{result_.data, result_.data_sha256, result_.seen};
    result_.plan_file = plan_file_text(rules, *spec_, plan);
    return {};
  }

  const SearchRequest& request_;
  ThreadPool pool_;
  const ModelSpec* spec_ = nullptr;
  const PlanPredictor* predictor_ = nullptr;
  std::vector<Unit> units_;
  std::vector<std::vector<LayerOption>> options_;  // [units][1 + recipes] costs in bytes
  double layer_budget_ = 0;
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
