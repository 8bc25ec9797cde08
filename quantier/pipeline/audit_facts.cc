#include "quantier/pipeline/audit_facts.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "quantier/pipeline/report_imported.h"

namespace quantier {
namespace {

constexpr const char* kAllTiers = "all";
constexpr double kPercentileError = 2.67;     // see the header
constexpr double kOthersReplicates = 1000.0;  // what notebooks draw, where it is not known

std::string tier_name(const std::string& tier) { return tier == kAllTiers ? std::string() : tier; }

class Collector {
 public:
  Collector(const Analysis& analysis, const Decision& decision, AuditEvidence& out)
      : analysis_(analysis), decision_(decision), out_(out) {}

  void configurations(bool imported) {
    source_ = imported ? FactSource::kStated : FactSource::kMeasured;
    for (const ConfigurationFindings& one : analysis_.configurations) {
      quality(one);
      if (one.calibration) calibration(one, *one.calibration);
      cost(one);
      classes(one);
      declared(one);
    }
    source_ = FactSource::kMeasured;
  }

  void comparisons() {
    for (const TierComparison& cell : analysis_.comparisons) comparison(cell, {});
    for (const GroupComparison& group : analysis_.group_comparisons) comparison(group.cell, group.group);
    for (const PairDifference& pair : analysis_.pair_differences) {
      const ConfigurationFindings& a = analysis_.configurations[pair.a];
      const ConfigurationFindings& b = analysis_.configurations[pair.b];
      // Both ways round: a note may subtract either from the other.
      pair_difference(a, b, pair.macro_f1_difference, pair.interval.low, pair.interval.high);
      pair_difference(b, a, -pair.macro_f1_difference, -pair.interval.high, -pair.interval.low);
      Fact bias = of(a, "macro_f1_bias", fmt::format("{}/{}/macro-f1", a.model, a.recipe));
      put(bias, pair.bias, true);
    }
    for (const Contrast& contrast : analysis_.contrasts) {
      for (const ContrastSide* side : {&contrast.a, &contrast.b}) {
        Fact fact;
        fact.metric = "contrast";
        fact.model = side->model;
        fact.recipe = side->recipe;
        fact.tier = tier_name(side->part);
        fact.id = fmt::format("{}/{}/{}/against/{}/{}/{}", contrast.a.model, contrast.a.recipe,
                              contrast.a.part, contrast.b.model, contrast.b.recipe, contrast.b.part);
        const double sign = side == &contrast.a ? 1.0 : -1.0;
        put(fact, sign * contrast.difference, true);
        ends(fact, sign > 0 ? contrast.interval.low : -contrast.interval.high,
             sign > 0 ? contrast.interval.high : -contrast.interval.low, true);
      }
    }
    for (const CalibrationComparison& each : analysis_.calibration_comparisons) residual(each);
    for (const ClassComparison& each : analysis_.class_comparisons) class_comparison(each);
    for (const HiddenFinding& each : analysis_.hidden) {
      Fact fact = named(each.model, each.recipe, "macro_f1_difference", "hidden");
      put(fact, each.macro_f1_difference.value, true);
      ends(fact, each.macro_f1_difference.interval.low, each.macro_f1_difference.interval.high, true, true);
    }
    for (const WeaknessFinding& each : analysis_.weakness) weakness(each);
    for (const NoiseFloorFinding& floor : analysis_.noise_floor) {
      Fact fact = named(floor.model, floor.recipe, "logit_difference", "noise-floor");
      fact.unit = FactUnit::kPlain;
      put(fact, floor.max_abs_logit_difference);
      count(named(floor.model, floor.recipe, "noise_flips", "noise-floor"), floor.flips);
      count(named(floor.model, floor.recipe, "n", "noise-floor"), floor.n);
    }
  }

  void whole() {
    Fact fact;
    fact.id = "analysis";
    fact.metric = "n";
    count(fact, analysis_.examples);
    fact.metric = "classes";
    count(fact, analysis_.label_names.size());
    if (!analysis_.configurations.empty()) {
      count(fact, analysis_.configurations.front().quality.classes_with_support);
      for (const SupportShare& share : analysis_.configurations.front().support) {
        count(fact, share.classes);
        Fact other = fact;
        other.metric = "n";
        count(other, share.examples);
        other.metric = "support_share";
        put(other, share.weight);
        if (share.variance_share) put(other, *share.variance_share);
      }
    }
    fact.metric = "replicates";
    count(fact, analysis_.replicates);
    count(fact, analysis_.calibration_replicates);
    fact.metric = "family";
    count(fact, analysis_.family_size);
    fact.metric = "margin";
    fact.source = FactSource::kDeclared;
    const Margins& margins = decision_.envelope.margins;
    for (const double margin :
         {margins.macro_f1, margins.latency_fraction, margins.memory_fraction, margins.ece}) {
      put(fact, margin);
    }
  }

  // Classes by tier, those without examples included.
  void tiers(const AnalysisTiers& tiers) {
    for (std::size_t t = 0; t < tiers.names.size(); ++t) {
      Fact fact;
      fact.id = "tiers/" + tiers.names[t];
      fact.metric = "classes";
      fact.tier = tiers.names[t];
      count(fact, static_cast<std::uint64_t>(
                      std::ranges::count(tiers.tier_of_class, static_cast<std::int32_t>(t))));
    }
  }

  void decision() {
    for (std::size_t c = 0; c < decision_.constraints.size(); ++c) limit(c);
    for (const Relaxation& step : decision_.relaxations) {
      Fact fact = limit_fact(decision_.constraints[step.constraint]);
      fact.role = FactRole::kStep;
      fact.id = "relaxation";
      put(fact, step.new_limit);
      fact.difference = true;
      put(fact, step.change, true);
    }
    if (decision_.envelope.requests_per_second) {
      Fact fact;
      fact.id = "envelope/requests";
      fact.metric = "requests";
      fact.unit = FactUnit::kRate;
      fact.role = FactRole::kLimit;
      fact.source = FactSource::kDeclared;
      put(fact, *decision_.envelope.requests_per_second);
    }
    for (std::size_t i = 0; i < decision_.candidates.size(); ++i) {
      const Candidate& candidate = decision_.candidates[i];
      for (std::size_t c = 0; c < decision_.checks[i].checks.size(); ++c) {
        const Check& check = decision_.checks[i].checks[c];
        if (!check.value) continue;
        Fact fact = limit_fact(decision_.constraints[c]);
        fact.role = FactRole::kValue;
        fact.model = candidate.model;
        fact.recipe = candidate.recipe;
        fact.id = "headroom";
        fact.metric = fact.metric + "_headroom";
        fact.difference = true;
        put(fact, check.headroom, true);
        fact.unit = FactUnit::kFraction;
        put(fact, check.headroom_fraction, true);
      }
      ratios(candidate);
      AuditConfiguration configuration{.model = candidate.model, .recipe = candidate.recipe};
      for (const Frontier* frontier : {&decision_.latency_frontier, &decision_.memory_frontier}) {
        if (i >= frontier->points.size()) continue;
        const FrontierStatus status = frontier->points[i].status;
        configuration.dominated = configuration.dominated || status == FrontierStatus::kDominated;
        configuration.frontier = configuration.frontier || status == FrontierStatus::kMember ||
                                 status == FrontierStatus::kMemberByTie || status == FrontierStatus::kTied;
      }
      out_.configurations.push_back(std::move(configuration));
    }
  }

  void reported(const std::vector<ReportedValue>& values);

 private:
  static Fact named(const std::string& model, const std::string& recipe, const char* metric,
                    const std::string& part) {
    Fact fact;
    fact.metric = metric;
    fact.model = model;
    fact.recipe = recipe;
    fact.id = fmt::format("{}/{}/{}", model, recipe, part);
    return fact;
  }
  Fact of(const ConfigurationFindings& one, const char* metric, std::string id) const {
    Fact fact = named(one.model, one.recipe, metric, "");
    fact.id = std::move(id);
    fact.source = source_;
    return fact;
  }

  void put(Fact fact, double value, bool difference = false) {
    if (!std::isfinite(value)) return;
    fact.value = value;
    fact.difference = fact.difference || difference;
    out_.facts.push_back(std::move(fact));
  }
  void count(Fact fact, std::uint64_t value) {
    fact.unit = FactUnit::kCount;
    put(std::move(fact), static_cast<double>(value));
  }
  // Both ends of an interval; of a resampled one with its Monte-Carlo error.
  void ends(Fact fact, double low, double high, bool difference = false, bool resampled = false) {
    if (resampled) {
      const double replicates =
          source_ == FactSource::kStated ? kOthersReplicates : std::max(100.0, double(analysis_.replicates));
      fact.monte_carlo_sd = kPercentileError * (high - low) / (2.0 * 1.96) / std::sqrt(replicates);
    }
    fact.role = FactRole::kLow;
    put(fact, low, difference);
    fact.role = FactRole::kHigh;
    put(fact, high, difference);
  }

  void quality(const ConfigurationFindings& one) {
    const Quality& quality = one.quality;
    const std::string base = fmt::format("{}/{}", one.model, one.recipe);
    put(of(one, "accuracy", base + "/accuracy"), quality.accuracy);
    Fact f1 = of(one, "macro_f1", base + "/macro-f1");
    put(f1, quality.macro_f1);
    if (quality.macro_f1_interval)
      ends(f1, quality.macro_f1_interval->low, quality.macro_f1_interval->high, false, true);
    put(of(one, "macro_f1_bias", base + "/macro-f1"), quality.macro_f1_bias, true);
    put(of(one, "macro_f1_sklearn", base + "/macro-f1"), quality.macro_f1_sklearn);
    if (quality.negative_log_likelihood) {
      Fact nll = of(one, "nll", base + "/nll");
      nll.unit = FactUnit::kPlain;
      put(nll, *quality.negative_log_likelihood);
    }
    for (const TierQuality& tier : quality.tiers) {
      Fact fact = of(one, "accuracy", fmt::format("{}/{}/accuracy", base, tier.name));
      fact.tier = tier.name;
      if (tier.accuracy) put(fact, *tier.accuracy);
      fact.metric = "tier_f1";
      if (tier.macro_f1) put(fact, *tier.macro_f1);
      if (tier.macro_f1_interval)
        ends(fact, tier.macro_f1_interval->low, tier.macro_f1_interval->high, false, true);
      fact.model.clear();
      fact.recipe.clear();
      fact.metric = "n";
      count(fact, tier.n);
      fact.metric = "classes";
      count(fact, tier.classes);
    }
  }

  void calibration(const ConfigurationFindings& one, const Calibration& calibration) {
    const std::string id = fmt::format("{}/{}/ece", one.model, one.recipe);
    const auto error = [&](const char* fit, double value) {
      Fact fact = of(one, "ece", id);
      fact.fit = fit;
      put(fact, value);
    };
    error("raw", calibration.ece_raw);
    error("in-sample", calibration.ece_temperature_in_sample);
    if (calibration.ece_own_halves) error("in-sample", *calibration.ece_own_halves);
    if (calibration.ece_a_to_b) error("held-out", *calibration.ece_a_to_b);
    if (calibration.ece_b_to_a) error("held-out", *calibration.ece_b_to_a);
    if (calibration.ece_b_raw) error("raw", *calibration.ece_b_raw);
    if (calibration.ece_cross_fitted) {
      error("held-out", *calibration.ece_cross_fitted);
      Fact fact = of(one, "ece", id);
      fact.fit = "held-out";
      if (const auto& interval = calibration.ece_cross_fitted_interval)
        ends(fact, interval->low, interval->high, false, true);
      fact.metric = "ece_debiased";
      if (calibration.ece_cross_fitted_debiased) put(fact, *calibration.ece_cross_fitted_debiased);
    }
    const auto temperature = [&](const char* fit, double value) {
      Fact fact = of(one, "temperature", id);
      fact.fit = fit;
      fact.unit = FactUnit::kPlain;
      put(fact, value);
    };
    temperature("in-sample", calibration.temperature_all.value);
    temperature("", calibration.temperature_all.value);
    if (calibration.temperature_a) temperature("held-out", calibration.temperature_a->value);
    if (calibration.temperature_b) temperature("held-out", calibration.temperature_b->value);
    for (const TemperatureReading& reading : one.temperature_readings) {
      temperature("reported", reading.temperature);
      Fact fact = of(one, "ece", id);
      fact.fit = "reported";
      put(fact, reading.ece);
      if (reading.ece_a_to_b) put(fact, *reading.ece_a_to_b);
      if (reading.share_of_optimum) put(of(one, "temperature_share", id), *reading.share_of_optimum);
    }
    std::vector<Gate> gates = calibration.gates;
    if (calibration.gate) gates.push_back(*calibration.gate);
    for (const Gate& gate : gates) {
      const std::string name = fmt::format("{}/{}/gate", one.model, one.recipe);
      put(of(one, "gate_threshold", name), gate.threshold);
      Fact share = of(one, "gate_share", name);
      put(share, gate.share);
      put(share, 1.0 - gate.share);
      ends(share, gate.share_interval.low, gate.share_interval.high);
      Fact accuracy = of(one, "gate_accuracy", name);
      if (gate.accuracy) put(accuracy, *gate.accuracy);
      if (gate.accuracy) put(of(one, "gate_error", name), 1.0 - *gate.accuracy);
      if (gate.accuracy_interval) ends(accuracy, gate.accuracy_interval->low, gate.accuracy_interval->high);
      count(of(one, "gate_kept", name), gate.kept);
      count(of(one, "gate_kept", name), gate.kept_right);
      count(of(one, "n", name), gate.n);
    }
    if (const auto& general = one.generalisation) {
      for (const Estimate* each : {&general->in_sample_drop, &general->held_out_drop, &general->gap}) {
        Fact fact = of(one, "ece_difference", id);
        put(fact, each->value, true);
        ends(fact, each->interval.low, each->interval.high, true, true);
      }
    }
  }

  void cost(const ConfigurationFindings& one) {
    const std::string id = fmt::format("{}/{}/latency", one.model, one.recipe);
    for (const LatencySummary& summary : one.latency) {
      Fact fact = of(one, "latency", id);
      fact.unit = FactUnit::kMilliseconds;
      put(fact, summary.median_ms);
      put(fact, summary.min_ms);
      put(fact, summary.max_ms);
      for (const auto& quantile : {summary.p50_ms, summary.p95_ms, summary.p99_ms}) {
        if (quantile) put(fact, *quantile);
      }
      if (summary.tokenize_fraction) put(of(one, "tokenize", id), *summary.tokenize_fraction);
      if (summary.median_interval) ends(fact, summary.median_interval->low, summary.median_interval->high);
      if (summary.median_ms > 0.0) {
        Fact rate = of(one, "requests", id);
        rate.unit = FactUnit::kRate;
        put(rate, 1000.0 / summary.median_ms);
        Fact spread = of(one, "latency_spread", id);
        if (summary.min_ms > 0.0) put(spread, summary.max_ms / summary.min_ms - 1.0, true);
      }
    }
    if (!one.memory) return;
    const MemoryRecord& memory = *one.memory;
    Fact fact = of(one, "memory", fmt::format("{}/{}/memory", one.model, one.recipe));
    fact.unit = FactUnit::kBytes;
    for (const std::uint64_t bytes :
         {memory.weights_bytes, memory.process_peak_bytes, memory.device_peak_bytes.value_or(0),
          memory.allocator_weights_peak_bytes + memory.allocator_activations_peak_bytes}) {
      if (bytes > 0) put(fact, static_cast<double>(bytes));
    }
  }

  void classes(const ConfigurationFindings& one) {
    for (const NamedClass& named_class : one.named_classes) {
      Fact fact =
          of(one, "class_accuracy", fmt::format("{}/{}/class/{}", one.model, one.recipe, named_class.label));
      fact.label = named_class.label;
      fact.tier = named_class.tier;
      if (named_class.accuracy) put(fact, *named_class.accuracy);
      if (named_class.accuracy_interval) {
        ends(fact, named_class.accuracy_interval->low, named_class.accuracy_interval->high);
      }
      fact.metric = "probability";
      if (named_class.mean_probability_true) put(fact, *named_class.mean_probability_true);
      fact.metric = "class_n";
      count(fact, named_class.n);
    }
    for (const ClassQuality& each : one.classes) {
      const auto id = static_cast<std::size_t>(each.label_id);
      if (id >= analysis_.label_names.size()) continue;
      Fact fact = of(one, "class_accuracy",
                     fmt::format("{}/{}/class/{}", one.model, one.recipe, analysis_.label_names[id]));
      fact.label = analysis_.label_names[id];
      if (each.accuracy) put(fact, *each.accuracy);
      fact.metric = "tier_f1";
      if (each.f1) put(fact, *each.f1);
      if (each.f1_interval) ends(fact, each.f1_interval->low, each.f1_interval->high, false, true);
      fact.metric = "class_n";
      count(fact, each.n);
      count(fact, each.hits);
      count(fact, each.predicted);
    }
  }

  void declared(const ConfigurationFindings& one) {
    if (!one.device.empty() && std::ranges::find(out_.devices, one.device) == out_.devices.end()) {
      out_.devices.push_back(one.device);
    }
  }

  void comparison(const TierComparison& cell, const std::string& label) {
    Fact fact = named(cell.model, cell.recipe, "accuracy_change", cell.tier + "/accuracy");
    fact.tier = label.empty() ? tier_name(cell.tier) : std::string();
    fact.label = label;
    put(fact, cell.delta, true);
    ends(fact, cell.tango.low, cell.tango.high, true);
    if (cell.bootstrap) ends(fact, cell.bootstrap->low, cell.bootstrap->high, true, true);
    if (cell.class_clustered) ends(fact, cell.class_clustered->low, cell.class_clustered->high, true, true);
    const auto whole = [&](const char* metric, double value, FactUnit unit) {
      Fact other = fact;
      other.metric = metric;
      other.unit = unit;
      put(other, value, std::string_view(metric) == "net");
    };
    const FlipCounts& flips = cell.flips;
    whole("lost", static_cast<double>(flips.right_to_wrong), FactUnit::kCount);
    whole("gained", static_cast<double>(flips.wrong_to_right), FactUnit::kCount);
    whole("wrong_to_wrong", static_cast<double>(flips.wrong_to_wrong), FactUnit::kCount);
    whole("net", static_cast<double>(flips.net()), FactUnit::kCount);
    whole("flips", static_cast<double>(flips.gross()), FactUnit::kCount);
    whole("flips", static_cast<double>(flips.discordant()), FactUnit::kCount);
    whole("flips", std::fabs(static_cast<double>(flips.net())), FactUnit::kCount);
    whole("n", static_cast<double>(cell.n), FactUnit::kCount);
    whole("p", cell.mcnemar_mid_p, FactUnit::kPlain);
    whole("p", cell.holm_p, FactUnit::kPlain);
    whole("replication", cell.replication, FactUnit::kPlain);
    if (cell.half_splits) {
      whole("replication", cell.half_splits->same_sign_in_both, FactUnit::kFraction);
      whole("replication", cell.half_splits->half_reaches_significance, FactUnit::kFraction);
    }
    if (const auto& second = cell.second_split) {
      put(fact, second->delta, true);
      whole("n", static_cast<double>(second->n), FactUnit::kCount);
      whole("lost", static_cast<double>(second->flips.right_to_wrong), FactUnit::kCount);
      whole("gained", static_cast<double>(second->flips.wrong_to_right), FactUnit::kCount);
      whole("p", second->mcnemar_mid_p, FactUnit::kPlain);
    }
    if (cell.minimal_detectable_effect)
      whole("detectable", *cell.minimal_detectable_effect, FactUnit::kFraction);
    if (cell.n_to_resolve) whole("n", static_cast<double>(*cell.n_to_resolve), FactUnit::kCount);
    Fact accuracy = fact;
    accuracy.metric = "accuracy";
    put(accuracy, cell.accuracy_candidate);
    accuracy.recipe = cell.reference_recipe;
    put(accuracy, cell.accuracy_reference);
    if (!label.empty()) return;
    out_.comparisons.push_back({.model = cell.model,
                                .recipe = cell.recipe,
                                .tier = tier_name(cell.tier),
                                .delta = cell.delta,
                                .evidence = cell.evidence,
                                .size = cell.size});
  }

  void pair_difference(const ConfigurationFindings& a, const ConfigurationFindings& b, double value,
                       double low, double high) {
    Fact fact = of(a, "macro_f1_difference",
                   fmt::format("{}/{}/macro-f1/{}/{}", a.model, a.recipe, b.model, b.recipe));
    fact.against_model = b.model;
    fact.against_recipe = b.recipe;
    put(fact, value, true);
    ends(fact, low, high, true, true);
  }

  void residual(const CalibrationComparison& each) {
    for (const Estimate* estimate : {&each.raw_difference, &each.residual_difference, &each.reuse_cost}) {
      Fact fact = named(each.model, each.recipe, "ece_difference", "ece-residual");
      put(fact, estimate->value, true);
      ends(fact, estimate->interval.low, estimate->interval.high, true, true);
    }
    Fact reused = named(each.model, each.recipe, "ece", "ece-residual");
    reused.fit = "held-out";
    put(reused, each.ece_reused);
    for (const GateChange& gate : each.gates) {
      Fact share = named(each.model, each.recipe, "gate_share", "ece-residual");
      put(share, gate.share_difference.value, true);
      ends(share, gate.share_difference.interval.low, gate.share_difference.interval.high, true);
    }
  }

  void class_comparison(const ClassComparison& each) {
    for (const TierF1Difference& tier : each.macro_f1) {
      Fact fact = named(each.model, each.recipe, "macro_f1_difference", tier.tier + "/f1");
      fact.tier = tier_name(tier.tier);
      if (!fact.tier.empty()) fact.metric = "tier_f1";
      put(fact, tier.difference.value, true);
      ends(fact, tier.difference.interval.low, tier.difference.interval.high, true, true);
    }
    for (const ClassDifference& one : each.classes) {
      const auto id = static_cast<std::size_t>(one.label_id);
      if (id >= analysis_.label_names.size()) continue;
      Fact fact = named(each.model, each.recipe, "tier_f1", "class/" + analysis_.label_names[id]);
      fact.label = analysis_.label_names[id];
      put(fact, one.f1_difference, true);
      ends(fact, one.f1_interval.low, one.f1_interval.high, true, true);
      fact.metric = "class_accuracy";
      put(fact, one.n == 0 ? 0.0 : static_cast<double>(one.flips.net()) / static_cast<double>(one.n), true);
      fact.metric = "lost";
      count(fact, one.flips.right_to_wrong);
      fact.metric = "gained";
      count(fact, one.flips.wrong_to_right);
      fact.metric = "flips";
      count(fact, one.flips.gross());
      count(fact, static_cast<std::uint64_t>(std::llabs(one.flips.net())));
    }
  }

  void weakness(const WeaknessFinding& each) {
    Fact fact = named(each.model, each.recipe, "accuracy_change", "weakness");
    fact.metric = "weakness";
    const auto estimate = [&](const std::optional<Estimate>& value) {
      if (!value) return;
      put(fact, value->value, true);
      ends(fact, value->interval.low, value->interval.high, true, true);
    };
    estimate(each.unsure_minus_sure);
    estimate(each.delta_per_base_accuracy);
    for (const MarginDecile& decile : each.deciles) put(fact, decile.delta, true);
  }

  static Fact limit_fact(const Constraint& constraint) {
    Fact fact;
    fact.source = FactSource::kDeclared;
    fact.role = FactRole::kLimit;
    fact.tier = constraint.tier;
    switch (constraint.kind) {
      case ConstraintKind::kLatency:
        fact.metric = "latency";
        fact.unit = FactUnit::kMilliseconds;
        break;
      case ConstraintKind::kMacroF1:
        fact.metric = "macro_f1";
        break;
      case ConstraintKind::kEce:
        fact.metric = "ece";
        break;
      case ConstraintKind::kMemory:
        fact.metric = "memory";
        fact.unit = FactUnit::kBytes;
        break;
      case ConstraintKind::kTierAccuracy:
        fact.metric = "accuracy";
        break;
    }
    fact.id = "envelope/" + fact.metric;
    return fact;
  }

  void limit(std::size_t c) {
    const Constraint& constraint = decision_.constraints[c];
    const Fact fact = limit_fact(constraint);
    put(fact, constraint.limit);
    AuditLimit entry{
        .metric = fact.metric, .tier = constraint.tier, .limit = constraint.limit, .failed_by = {}};
    for (const std::size_t i : decision_.summaries[c].failed_by)
      entry.failed_by.push_back(decision_.candidates[i].name);
    out_.limits.push_back(std::move(entry));
  }

  // Time and memory as multiples: of the reference of the same model, and of the choice.
  void ratios(const Candidate& candidate) {
    for (const Candidate& other : decision_.candidates) {
      const bool reference = other.model == candidate.model && other.recipe == analysis_.reference_recipe;
      const bool choice = decision_.chosen && &other == &decision_.candidates[*decision_.chosen];
      if (&other == &candidate || (!reference && !choice)) continue;
      const auto ratio = [&](const char* metric, const std::optional<double>& a,
                             const std::optional<double>& b) {
        if (!a || !b || *b <= 0.0) return;
        Fact fact = named(candidate.model, candidate.recipe, metric, metric);
        fact.against_model = other.model;
        fact.against_recipe = other.recipe;
        fact.unit = FactUnit::kRatio;
        put(fact, *a / *b);
      };
      ratio("latency", candidate.ms_per_example, other.ms_per_example);
      ratio("memory", candidate.memory_bytes, other.memory_bytes);
    }
  }

  const Analysis& analysis_;
  const Decision& decision_;
  AuditEvidence& out_;
  FactSource source_ = FactSource::kMeasured;
};

// What others wrote down, under the words of the audit. What has none keeps its own name, and matches nothing
// that a sentence could call it.
void Collector::reported(const std::vector<ReportedValue>& values) {
  for (const ReportedValue& value : values) {
    Fact fact = named(value.model, value.recipe, "", "reported");
    fact.metric = value.quantity;
    fact.tier = value.tier;
    fact.label = value.label;
    fact.source = value.kind == ReportedKind::kEarlier ? FactSource::kEarlier : FactSource::kReported;
    const std::string& what = value.quantity;
    bool difference = false;
    if (what == "delta" || what == "delta_low" || what == "delta_high") {
      fact.metric = "accuracy_change";
      difference = true;
      if (what == "delta_low") fact.role = FactRole::kLow;
      if (what == "delta_high") fact.role = FactRole::kHigh;
    } else if (what == "ece_pre" || what == "ece_post") {
      fact.metric = "ece";
      fact.fit = what == "ece_pre" ? "raw" : value.part.empty() ? "reported" : "held-out";
    } else if (what == "temperature") {
      fact.fit = value.part.empty() ? "reported" : "held-out";
      fact.unit = FactUnit::kPlain;
    } else if (what.find("latency") != std::string::npos || what.find("_ms") != std::string::npos) {
      fact.metric = "latency";
      fact.unit = FactUnit::kMilliseconds;
    } else if (what.find("memory") != std::string::npos || what.find("vram") != std::string::npos) {
      fact.metric = "memory";
      fact.unit = FactUnit::kBytes;
    } else if (what == "n") {
      fact.unit = FactUnit::kCount;
    } else if (what == "accuracy" && !value.label.empty()) {
      fact.metric = "class_accuracy";
    } else if (what.find("prob") != std::string::npos) {
      fact.metric = "probability";
    }
    if (fact.source == FactSource::kEarlier && fact.metric == "ece") out_.has_earlier_calibration = true;
    put(fact, what == "memory_gb" ? value.value * 1e9 : value.value, difference);
  }
}

}  // namespace

AuditEvidence audit_evidence_of(const Analysis& analysis, const Decision& decision,
                                const std::vector<ReportedValue>& reported, const std::vector<Run>& runs,
                                const AnalysisTiers& tiers) {
  AuditEvidence evidence;
  evidence.reference_recipe = analysis.reference_recipe;
  evidence.tiers = analysis.tier_names;
  evidence.all_labels = analysis.label_names;
  const auto add_once = [](std::vector<std::string>& list, const std::string& value) {
    if (std::ranges::find(list, value) == list.end()) list.push_back(value);
  };
  for (const ConfigurationFindings& one : analysis.configurations) {
    add_once(evidence.models, one.model);
    add_once(evidence.recipes, one.recipe);
    for (const NamedClass& named : one.named_classes) add_once(evidence.labels, named.label);
  }
  for (const ReportedValue& value : reported) {
    if (!value.label.empty()) add_once(evidence.labels, value.label);
  }
  std::ranges::stable_partition(
      evidence.recipes, [&](const std::string& recipe) { return recipe == analysis.reference_recipe; });
  evidence.has_prior = !decision.envelope.prior.model.empty();
  evidence.prior_model = decision.envelope.prior.model;
  Collector collector(analysis, decision, evidence);
  collector.configurations(all_imported(runs));
  collector.comparisons();
  collector.whole();
  collector.tiers(tiers);
  collector.decision();
  collector.reported(reported);
  return evidence;
}

}  // namespace quantier
