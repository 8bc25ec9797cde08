#include "quantier/pipeline/audit_facts.h"

#include "quantier/pipeline/audit_facts_comparisons.h"
#include "quantier/pipeline/audit_facts_decision.h"
#include "quantier/pipeline/audit_facts_modelled.h"
#include "quantier/pipeline/audit_facts_runs.h"
#include "quantier/pipeline/report_imported.h"

namespace quantier {
namespace {

using audit_facts::ComparisonFacts;
using audit_facts::DecisionFacts;
using audit_facts::FactWriter;
using audit_facts::ModelledFacts;
using audit_facts::RunFacts;

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

AuditEvidence audit_evidence_of(const Analysis& analysis, const Decision& decision,
                                const std::vector<ReportedValue>& reported, const std::vector<Run>& runs,
                                const AnalysisTiers& tiers, const NoteHardware& hardware) {
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
  // Ends of intervals that files state were drawn with as many replicates as nobody knows.
  const FactSource source = all_imported(runs) ? FactSource::kStated : FactSource::kMeasured;
  RunFacts(analysis, decision, evidence, source).configurations();
  ComparisonFacts(analysis, decision, evidence, FactSource::kMeasured).comparisons();
  DecisionFacts whole(analysis, decision, evidence, FactSource::kMeasured);
  whole.whole();
  whole.tiers(tiers);
  whole.decision();
  whole.resampled();
  ModelledFacts(analysis, decision, evidence, source).hardware(hardware);
  ReportedFacts(analysis, decision, evidence, source).reported(reported);
  return evidence;
}

}  // namespace quantier
