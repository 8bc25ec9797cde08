#include "quantier/pipeline/audit_facts.h"

#include "quantier/pipeline/audit_facts_comparisons.h"
#include "quantier/pipeline/audit_facts_decision.h"
#include "quantier/pipeline/audit_facts_load.h"
#include "quantier/pipeline/audit_facts_modelled.h"
#include "quantier/pipeline/audit_facts_runs.h"
#include "quantier/pipeline/audit_facts_samples.h"
#include "quantier/pipeline/report_imported.h"

namespace quantier {
namespace {

using audit_facts::ComparisonFacts;
using audit_facts::DecisionFacts;
using audit_facts::FactWriter;
using audit_facts::LoadFacts;
using audit_facts::ModelledFacts;
using audit_facts::RunFacts;
using audit_facts::SampleFacts;

// What others wrote down, under the words of the audit. What has none keeps its own name, and matches nothing
// that a sentence could call it.
class ReportedFacts : public FactWriter {
 public:
  using FactWriter::FactWriter;
  void reported(const std::vector<ReportedValue>& values) {
    for (const ReportedValue& value : values) {
      if (value.quantity.ends_with("_ok")) continue;  // a verdict, 0 or 1
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
};

}  // namespace

namespace {

void add_once(std::vector<std::string>& list, const std::string& value) {
  if (!value.empty() && std::ranges::find(list, value) == list.end()) list.push_back(value);
}

// Configurations of a table against each other, on the numbers that are stated of both.
class TableFacts : public FactWriter {
 public:
  using FactWriter::FactWriter;
  void differences() {
    for (const Candidate& a : decision_.candidates) {
      for (const Candidate& b : decision_.candidates) {
        if (&a == &b) continue;
        between(a, b, "macro_f1_difference", {.kind = MetricKind::kMacroF1});
        const bool reference = a.model == b.model && b.recipe == analysis_.reference_recipe;
        if (reference) between(a, b, "accuracy_change", {.kind = MetricKind::kAccuracy});
      }
      if (a.ms_per_example && *a.ms_per_example > 0.0) {
        Fact rate = named(a.model, a.recipe, "requests", "time");
        rate.unit = FactUnit::kRate;
        put(rate, 1000.0 / *a.ms_per_example);
      }
    }
  }

 private:
  void between(const Candidate& a, const Candidate& b, const char* metric, const Metric& of) {
    const auto first = metric_value(a, of);
    const auto second = metric_value(b, of);
    if (!first || !second) return;
    Fact fact = named(a.model, a.recipe, metric, fmt::format("{}/{}/{}", metric, b.model, b.recipe));
    fact.against_model = b.model;
    fact.against_recipe = b.recipe;
    fact.source = FactSource::kStated;
    put(fact, first->value - second->value, true);
  }
};

}  // namespace

AuditEvidence audit_evidence_of_table(const std::vector<ReportedValue>& reported, const Decision& decision,
                                      const std::string& reference_recipe) {
  AuditEvidence evidence;
  evidence.reference_recipe = reference_recipe;
  Analysis none;
  none.reference_recipe = reference_recipe;
  for (const Candidate& candidate : decision.candidates) {
    add_once(evidence.models, candidate.model);
    add_once(evidence.recipes, candidate.recipe);
  }
  for (const ReportedValue& value : reported) {
    add_once(evidence.models, value.model);
    add_once(evidence.recipes, value.recipe);
    add_once(evidence.tiers, value.tier);
    add_once(evidence.labels, value.label);
    add_once(evidence.all_labels, value.label);
  }
  std::ranges::stable_partition(evidence.recipes,
                                [&](const std::string& recipe) { return recipe == reference_recipe; });
  add_once(evidence.devices, decision.envelope.device);
  evidence.has_prior = !decision.envelope.prior.model.empty();
  evidence.prior_model = decision.envelope.prior.model;
  TableFacts(none, decision, evidence, FactSource::kStated).differences();
  DecisionFacts whole(none, decision, evidence, FactSource::kStated);
  whole.margins();
  whole.decision();
  ReportedFacts(none, decision, evidence, FactSource::kStated).reported(reported);
  return evidence;
}

AuditEvidence audit_evidence_of(const Analysis& analysis, const Decision& decision,
                                const std::vector<ReportedValue>& reported, const std::vector<Run>& runs,
                                const AnalysisTiers& tiers, const NoteHardware& hardware,
                                const std::vector<LoadTest>& load_tests) {
  AuditEvidence evidence;
  evidence.reference_recipe = analysis.reference_recipe;
  evidence.tiers = analysis.tier_names;
  evidence.all_labels = analysis.label_names;
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
  if (decision.runner_up) evidence.runner_up = decision.candidates[*decision.runner_up].name;
  // Ends of intervals that files state were drawn with as many replicates as nobody knows.
  const FactSource source = all_imported(runs) ? FactSource::kStated : FactSource::kMeasured;
  RunFacts(analysis, decision, evidence, source).configurations();
  ComparisonFacts(analysis, decision, evidence, FactSource::kMeasured).comparisons();
  SampleFacts(analysis, decision, evidence, FactSource::kMeasured).samples();
  DecisionFacts whole(analysis, decision, evidence, FactSource::kMeasured);
  whole.whole();
  whole.tiers(tiers);
  whole.decision();
  whole.resampled();
  whole.held_out();
  LoadFacts(analysis, decision, evidence, FactSource::kMeasured).tests(load_tests);
  ModelledFacts(analysis, decision, evidence, source).hardware(hardware);
  ReportedFacts(analysis, decision, evidence, source).reported(reported);
  return evidence;
}

}  // namespace quantier
