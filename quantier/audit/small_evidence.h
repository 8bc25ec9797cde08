// A small evidence for unit tests of the audit: two models at three precisions, two tiers, one class. Tests
// only.
#pragma once

#include <string>

#include <fmt/format.h>

#include "quantier/audit/audit.h"

namespace quantier::audit_testing {

inline AuditEvidence small_evidence() {
  AuditEvidence evidence;
  evidence.source = "small";
  evidence.models = {"demo-encoder", "demo-decoder"};
  evidence.recipes = {"fp16", "int8", "int4"};
  evidence.reference_recipe = "fp16";
  evidence.tiers = {"head", "tail"};
  evidence.labels = evidence.all_labels = {"games"};
  const auto put = [&](const std::string& model, const std::string& recipe, const char* metric, double value,
                       FactUnit unit = FactUnit::kFraction) -> Fact& {
    Fact fact;
    fact.id = fmt::format("{}/{}/{}", model, recipe, metric);
    fact.metric = metric;
    fact.model = model;
    fact.recipe = recipe;
    fact.unit = unit;
    fact.value = value;
    evidence.facts.push_back(fact);
    return evidence.facts.back();
  };
  struct Row {
    const char* model;
    const char* recipe;
    double f1, accuracy, ms, bytes, raw, own, held, games;
  };
  constexpr Row kRows[] = {{"demo-encoder", "fp16", 0.653, 0.803, 2.70, 43.1e6, 0.141, 0.019, 0.020, 0.878},
                           {"demo-encoder", "int8", 0.651, 0.802, 1.10, 31.2e6, 0.142, 0.022, 0.023, 0.871},
                           {"demo-encoder", "int4", 0.649, 0.801, 3.30, 24.9e6, 0.145, 0.025, 0.027, 0.867},
                           {"demo-decoder", "fp16", 0.595, 0.785, 3.90, 58.0e6, 0.156, 0.031, 0.033, 0.898},
                           {"demo-decoder", "int8", 0.593, 0.784, 2.20, 41.0e6, 0.157, 0.032, 0.034, 0.894},
                           {"demo-decoder", "int4", 0.591, 0.783, 5.10, 33.0e6, 0.154, 0.036, 0.038, 0.888}};
  for (const Row& row : kRows) {
    put(row.model, row.recipe, "macro_f1", row.f1);
    put(row.model, row.recipe, "accuracy", row.accuracy);
    put(row.model, row.recipe, "latency", row.ms, FactUnit::kMilliseconds);
    put(row.model, row.recipe, "memory", row.bytes, FactUnit::kBytes);
    put(row.model, row.recipe, "ece", row.raw).fit = "raw";
    put(row.model, row.recipe, "ece", row.own).fit = "in-sample";
    put(row.model, row.recipe, "ece", row.held).fit = "held-out";
    put(row.model, row.recipe, "class_accuracy", row.games).label = "games";
    evidence.configurations.push_back({.model = row.model,
                                       .recipe = row.recipe,
                                       .dominated = row.f1 < 0.6 || std::string(row.recipe) == "fp16",
                                       .frontier = row.f1 > 0.6 && std::string(row.recipe) != "fp16"});
  }
  struct Change {
    const char* model;
    const char* recipe;
    const char* tier;
    double delta, low, high;
    int lost, gained;
  };
  constexpr Change kChanges[] = {{"demo-encoder", "int8", "head", -0.001, -0.003, 0.002, 12, 9},
                                 {"demo-encoder", "int8", "tail", 0.002, -0.008, 0.013, 2, 3},
                                 {"demo-encoder", "int4", "head", 0.004, -0.003, 0.012, 15, 27},
                                 {"demo-encoder", "int4", "tail", -0.006, -0.021, 0.007, 6, 3},
                                 {"demo-decoder", "int8", "head", -0.005, -0.011, 0.001, 21, 5},
                                 {"demo-decoder", "int8", "tail", -0.003, -0.014, 0.009, 4, 2},
                                 {"demo-decoder", "int4", "head", -0.017, -0.031, 0.002, 61, 10},
                                 {"demo-decoder", "int4", "tail", 0.001, -0.018, 0.019, 7, 8}};
  for (const Change& each : kChanges) {
    for (const auto& [role, value] :
         {std::pair(FactRole::kValue, each.delta), std::pair(FactRole::kLow, each.low),
          std::pair(FactRole::kHigh, each.high)}) {
      Fact& fact = put(each.model, each.recipe, "accuracy_change", value);
      fact.tier = each.tier;
      fact.role = role;
      fact.difference = true;
    }
    put(each.model, each.recipe, "lost", each.lost, FactUnit::kCount).tier = each.tier;
    put(each.model, each.recipe, "gained", each.gained, FactUnit::kCount).tier = each.tier;
    evidence.comparisons.push_back({.model = each.model,
                                    .recipe = each.recipe,
                                    .tier = each.tier,
                                    .delta = each.delta,
                                    .evidence = EvidenceWord::kUnresolved,
                                    .size = SizeWord::kUndetermined});
  }
  for (const bool turned : {false, true}) {
    Fact& fact =
        put(turned ? "demo-encoder" : "demo-decoder", "fp16", "macro_f1_difference", turned ? 0.058 : -0.058);
    fact.against_model = turned ? "demo-decoder" : "demo-encoder";
    fact.against_recipe = "fp16";
    fact.difference = true;
  }
  Fact limit;
  limit.id = "envelope/ece";
  limit.metric = "ece";
  limit.role = FactRole::kLimit;
  limit.source = FactSource::kDeclared;
  limit.value = 0.025;
  evidence.facts.push_back(limit);
  evidence.limits = {
      {.metric = "ece",
       .tier = "",
       .limit = 0.025,
       .failed_by = {"demo-encoder int4", "demo-decoder fp16", "demo-decoder int8", "demo-decoder int4"}}};
  return evidence;
}

// The audit of a text; tests read its verdicts.
inline NoteAudit audited(const std::string& markdown, const AuditEvidence& evidence = small_evidence()) {
  const auto note = parse_note(markdown, NoteFormat::kMarkdown, "note.md");
  const auto tables = audit_tables();
  if (!note || !tables) return {};
  auto audit = audit_note(*note, evidence, *tables);
  return audit ? std::move(*audit) : NoteAudit{};
}

// "0.653 sourced; 0.1 contradicts", in the order of the text.
inline std::string verdicts(const NoteAudit& audit) {
  std::string out;
  for (const CheckedNumber& each : audit.numbers) {
    const std::string& text = audit.passages[each.passage].numbers[each.number].text;
    out += fmt::format("{}{} {}", out.empty() ? "" : "; ", text, number_verdict_name(each.finding.verdict));
  }
  return out;
}

inline std::string claims(const NoteAudit& audit) {
  std::string out;
  for (const ClaimFinding& each : audit.claims)
    out += fmt::format("{}{}", out.empty() ? "" : "; ", claim_kind_name(each.kind));
  return out;
}

inline std::string demand_status(const NoteAudit& audit, const std::string& id) {
  for (const DemandResult& each : audit.demands) {
    if (each.demand.id == id) return demand_status_name(each.finding.status);
  }
  return "no such demand";
}

}  // namespace quantier::audit_testing
