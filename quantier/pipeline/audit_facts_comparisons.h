// What comparisons of configurations state. Included by audit_facts.cc only.
#pragma once

#include "quantier/pipeline/audit_fact_writer.h"

namespace quantier::audit_facts {

class ComparisonFacts : public FactWriter {
 public:
  using FactWriter::FactWriter;

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

 private:
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
    if (cell.n > 0) {
      whole("lost_share", static_cast<double>(flips.right_to_wrong) / static_cast<double>(cell.n),
            FactUnit::kFraction);
      whole("gained_share", static_cast<double>(flips.wrong_to_right) / static_cast<double>(cell.n),
            FactUnit::kFraction);
    }
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
    for (const auto* matrix : {&each.flip_landing.right_to_wrong, &each.flip_landing.wrong_to_right,
                               &each.flip_landing.wrong_to_wrong}) {
      landings(named(each.model, each.recipe, "flips", "landing"), *matrix);
    }
    std::vector<std::vector<std::uint64_t>> all = each.flip_landing.right_to_wrong;
    for (std::size_t row = 0; row < all.size(); ++row) {
      for (std::size_t column = 0; column < all[row].size(); ++column) {
        all[row][column] +=
            each.flip_landing.wrong_to_right[row][column] + each.flip_landing.wrong_to_wrong[row][column];
      }
    }
    landings(named(each.model, each.recipe, "flips", "landing"), all);
    for (const ConfusedPair& pair : each.confused) {
      Fact fact = named(each.model, each.recipe, "flips", "confused");
      count(fact, pair.candidate);
      fact.recipe = each.reference_recipe;
      count(fact, pair.reference);
    }
    const std::uint64_t zeroed[] = {each.fell_to_zero.size(), each.rose_from_zero.size()};
    for (const std::uint64_t classes : zeroed)
      count(named(each.model, each.recipe, "classes", "zero"), classes);
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
};

}  // namespace quantier::audit_facts
