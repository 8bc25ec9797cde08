// The whole of an analysis, and what a decision states. Included by audit_facts.cc only.
#pragma once

#include "quantier/pipeline/audit_fact_writer.h"

namespace quantier::audit_facts {

class DecisionFacts : public FactWriter {
 public:
  using FactWriter::FactWriter;

  void whole() {
    Fact fact;
    fact.id = "analysis";
    fact.metric = "n";
    count(fact, analysis_.examples);
    fact.metric = "classes";
    count(fact, analysis_.label_names.size());
    if (!analysis_.configurations.empty()) {
      count(fact, analysis_.configurations.front().quality.classes_with_support);
      for (const ConfigurationFindings& one : analysis_.configurations) {
        for (const SupportShare& share : one.support) {
          if (share.variance_share)
            put(named(one.model, one.recipe, "support_share", "support"), *share.variance_share);
        }
      }
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
    margins();
  }

  void margins() {
    Fact fact;
    fact.id = "analysis";
    fact.metric = "margin";
    fact.source = FactSource::kDeclared;
    const Margins& margins = decision_.envelope.margins;
    for (const double margin :
         {margins.macro_f1, margins.latency_fraction, margins.memory_fraction, margins.ece}) {
      put(fact, margin);
    }
    // Of a metric by name: "declared margins: macro-F1 0.01, time 5 %".
    for (const auto& [metric, margin] :
         {std::pair{"macro_f1_difference", margins.macro_f1}, std::pair{"accuracy_change", margins.macro_f1},
          std::pair{"latency_headroom", margins.latency_fraction},
          std::pair{"memory_headroom", margins.memory_fraction}, std::pair{"ece_difference", margins.ece}}) {
      fact.metric = metric;
      put(fact, margin, true);
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

  // Shares of the replicates: who is chosen, what passes, who is dominated by nobody.
  void resampled() {
    const auto share = [&](const std::string& model, const std::string& recipe, double value) {
      Fact fact = named(model, recipe, "resampled_share", "resampled");
      fact.monte_carlo_sd = std::sqrt(std::max(value * (1.0 - value), 0.0) /
                                      std::max<double>(1.0, double(decision_.replicates)));
      put(fact, value);
    };
    if (decision_.stability) {
      out_.same_choice_share = decision_.stability->same_choice;
      out_.nothing_share = decision_.stability->nothing_share;
      share("", "", decision_.stability->same_choice);
      share("", "", decision_.stability->nothing_share);
    }
    selection();
    for (std::size_t i = 0; i < decision_.candidates.size(); ++i) {
      const Candidate& candidate = decision_.candidates[i];
      const auto of = [&](const std::optional<double>& value) {
        if (value) share(candidate.model, candidate.recipe, *value);
      };
      if (decision_.stability && i < decision_.stability->chosen_share.size())
        of(decision_.stability->chosen_share[i]);
      of(decision_.checks[i].probability);
      for (const Check& check : decision_.checks[i].checks) of(check.probability);
      if (i < decision_.frontier.points.size()) of(decision_.frontier.points[i].membership);
    }
  }

  // What the choice owes to having been picked, and what its macro-F1 is without.
  void selection() {
    if (!decision_.selection || !decision_.chosen) return;
    const Candidate& chosen = decision_.candidates[*decision_.chosen];
    Fact corrected = named(chosen.model, chosen.recipe, "macro_f1", "selection");
    corrected.fit = "out-of-bag";
    put(corrected, decision_.selection->corrected);
    put(named(chosen.model, chosen.recipe, "macro_f1_difference", "selection"), decision_.selection->optimism,
        true);
  }

  // The split that took no part in the choice; what the choice was made on is then told apart from it.
  void held_out() {
    if (!decision_.held_out) return;
    for (Fact& fact : out_.facts) {
      const bool of_selection = (fact.metric == "macro_f1" || fact.metric == "macro_f1_sklearn") &&
                                !fact.model.empty() && fact.fit.empty();
      if (of_selection && fact.role != FactRole::kLimit && fact.role != FactRole::kStep)
        fact.fit = "selected-on";
    }
    for (std::size_t i = 0; i < decision_.held_out->rows.size(); ++i) {
      const HeldOut::Row& row = decision_.held_out->rows[i];
      const auto add = [&](const char* metric, const std::optional<MetricValue>& value) {
        if (!value) return;
        Fact fact = named(decision_.candidates[i].model, decision_.candidates[i].recipe, metric, "held-out");
        fact.fit = "held-out";
        put(fact, value->value);
        if (value->interval) ends(fact, value->interval->low, value->interval->high, false, true);
      };
      add("macro_f1", row.macro_f1);
      add("ece", row.ece);
    }
    Fact examples;
    examples.id = "decision/held-out";
    examples.metric = "n";
    count(examples, decision_.held_out->examples);
  }

  void decision() {
    for (std::size_t c = 0; c < decision_.constraints.size(); ++c) limit(c);
    for (const Breakpoints& each : decision_.breakpoints) {
      const Fact moved = limit_fact(decision_.constraints[each.constraint]);
      for (const BoundRange& range : each.ranges) {
        out_.ranges.push_back(
            {.metric = moved.metric,
             .tier = moved.tier,
             .from = range.from,
             .to = range.to,
             .winner = range.winner ? decision_.candidates[*range.winner].name : std::string()});
        for (const double bound : {range.from, range.to}) {
          if (!std::isfinite(bound)) continue;
          Fact fact = moved;
          fact.role = FactRole::kStep;
          fact.id = "breakpoint";
          put(fact, bound);
        }
      }
    }
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
        if (!check.distance || !check.distance_in_margins) continue;
        fact.unit = FactUnit::kPlain;  // so many declared margins
        put(fact, *check.distance, true);
      }
      ratios(candidate);
      AuditConfiguration configuration{.model = candidate.model, .recipe = candidate.recipe};
      configuration.chosen = decision_.chosen == i;
      configuration.passes_share = decision_.checks[i].probability;
      if (decision_.stability && i < decision_.stability->chosen_share.size())
        configuration.chosen_share = decision_.stability->chosen_share[i];
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

 private:
  static Fact limit_fact(const Constraint& constraint) {
    Fact fact;
    fact.source = FactSource::kDeclared;
    fact.role = FactRole::kLimit;
    fact.tier = constraint.tier;
    switch (constraint.metric.kind) {
      case MetricKind::kLatency:
      case MetricKind::kLatencyPercentile:
        fact.metric = "latency";
        fact.unit = FactUnit::kMilliseconds;
        break;
      case MetricKind::kMacroF1:
        fact.metric = "macro_f1";
        break;
      case MetricKind::kEce:
        fact.metric = "ece";
        break;
      case MetricKind::kMemory:
        fact.metric = "memory";
        fact.unit = FactUnit::kBytes;
        break;
      case MetricKind::kTierAccuracy:
      case MetricKind::kAccuracy:
        fact.metric = "accuracy";
        break;
      case MetricKind::kTierMacroF1:
        fact.metric = "tier_f1";
        break;
      case MetricKind::kClassF1:
      case MetricKind::kClassAccuracy:
        fact.metric = constraint.metric.kind == MetricKind::kClassF1 ? "tier_f1" : "class_accuracy";
        fact.label = constraint.tier;
        fact.tier.clear();
        break;
      case MetricKind::kGateShare:
      case MetricKind::kGateShareAtAccuracy:
        fact.metric = "gate_share";
        break;
      case MetricKind::kGateAccuracy:
      case MetricKind::kGateAccuracyAtAccuracy:
        fact.metric = "gate_accuracy";
        break;
      case MetricKind::kRequestsPerSecond:
        fact.metric = "requests";
        fact.unit = FactUnit::kRate;
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
};

}  // namespace quantier::audit_facts
