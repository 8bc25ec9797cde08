// Pairs of a true statement and a false one in the same words, against the small evidence with two of its
// comparisons established and three more limits. Tests only.
#pragma once

#include <span>
#include <string>

#include <gmock/gmock.h>

#include "quantier/audit/small_evidence.h"

namespace quantier::audit_testing {

struct SentencePair {
  const char* right;
  const char* wrong;
  bool not_read_yet = false;  // the wrong one is passed over in silence; the right one never alarms
};

// demo-decoder int4 has lost accuracy in the head for certain, demo-decoder int8 leans that way.
inline AuditEvidence pair_evidence() {
  AuditEvidence evidence = small_evidence();
  for (AuditComparison& each : evidence.comparisons) {
    if (each.model != "demo-decoder" || each.tier != "head") continue;
    each.evidence = each.recipe == "int4" ? EvidenceWord::kEstablished : EvidenceWord::kDirectional;
    if (each.recipe == "int4") each.size = SizeWord::kMaterial;
  }
  for (Fact& fact : evidence.facts) {
    if (fact.model == "demo-decoder" && fact.recipe == "int4" && fact.tier == "head" &&
        fact.role == FactRole::kHigh)
      fact.value = -0.004;
  }
  const auto limit = [&](const char* metric, FactUnit unit, double value, std::vector<std::string> failed) {
    Fact fact;
    fact.id = std::string("envelope/") + metric;
    fact.metric = metric;
    fact.unit = unit;
    fact.role = FactRole::kLimit;
    fact.source = FactSource::kDeclared;
    fact.value = value;
    evidence.facts.push_back(fact);
    evidence.limits.push_back({.metric = metric, .tier = "", .limit = value, .failed_by = std::move(failed)});
  };
  limit("latency", FactUnit::kMilliseconds, 5.0, {"demo-decoder int4"});
  limit("memory", FactUnit::kBytes, 50e6, {"demo-decoder fp16"});
  limit("macro_f1", FactUnit::kFraction, 0.58, {});
  return evidence;
}

// What the audit raises on a text, demands apart; empty: nothing.
inline std::string raised(const std::string& text, const AuditEvidence& evidence = pair_evidence()) {
  const NoteAudit audit = audited(text + "\n", evidence);
  std::string out;
  for (const CheckedNumber& each : audit.numbers) {
    if (!is_alarm(each.finding.verdict)) continue;
    out += fmt::format("[{} {}: {}]", audit.passages[each.passage].numbers[each.number].text,
                       number_verdict_name(each.finding.verdict), each.finding.why);
  }
  for (const ClaimFinding& each : audit.claims)
    out += fmt::format("[{}: {}]", claim_kind_name(each.kind), each.why);
  return out;
}

inline void expect_told_apart(std::span<const SentencePair> pairs) {
  for (const SentencePair& pair : pairs) {
    EXPECT_EQ(raised(pair.right), "") << pair.right;
    if (pair.not_read_yet) {
      EXPECT_EQ(raised(pair.wrong), "") << "read by now: " << pair.wrong;
    } else {
      EXPECT_NE(raised(pair.wrong), "") << pair.wrong;
    }
  }
}

}  // namespace quantier::audit_testing
