// Whether every declared limit is stated.
#include <algorithm>
#include <cmath>

#include "quantier/audit/demand_parts.h"

namespace quantier::audit_internal {

// A limit is declared, so its value stands as it is: in a sentence, a header or a heading. Where its metric
// is named with it, it is stated; elsewhere it may be, unless the number is somebody's.
DemandStatus DemandChecker::limit_stands(const AuditLimit& limit,
                                         const std::function<bool(const Fact&)>& wanted) const {
  DemandStatus status = DemandStatus::kAbsent;
  for (const Passage& passage : passages_) {
    if (passage.appendix) continue;
    const bool stands = std::ranges::any_of(passage.numbers, [&](const WrittenNumber& number) {
      return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
        if (!wanted(fact)) return false;
        const std::vector<double> scales = scales_of(passage, number, fact.unit);
        return std::ranges::any_of(scales, [&](double scale) {
          return std::fabs(number.value * scale - fact.value) <= 1e-9 * std::fabs(fact.value);
        });
      });
    });
    if (!stands) continue;
    const bool of_somebody = !said(passage.mentions, MentionKind::kModel).empty() ||
                             !said(passage.row_mentions, MentionKind::kModel).empty();
    const bool named = has(said(passage.mentions, MentionKind::kMetric), limit.metric) &&
                       (limit.tier.empty() || has(said(passage.mentions, MentionKind::kTier), limit.tier));
    if (named && !of_somebody) return DemandStatus::kPresent;
    if (!of_somebody) status = DemandStatus::kNotChecked;
  }
  // Beside somebody's numbers it may still be the limit that these are held against, unless it is one of
  // theirs.
  const bool free = std::ranges::any_of(numbers_, [&](const CheckedNumber& each) {
    const Passage& passage = passages_[each.passage];
    if (passage.appendix || !each.finding.facts.empty()) return false;
    const WrittenNumber& number = passage.numbers[each.number];
    return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
      return wanted(fact) && std::ranges::any_of(scales_of(passage, number, fact.unit), [&](double scale) {
               return std::fabs(number.value * scale - fact.value) <= 1e-9 * std::fabs(fact.value);
             });
    });
  });
  if (free) status = DemandStatus::kNotChecked;
  return status;
}

DemandFinding DemandChecker::limits() const {
  DemandFinding finding{.status = DemandStatus::kPresent, .missing = {}, .why = {}};
  if (evidence_.limits.empty())
    return {.status = DemandStatus::kNotApplicable, .missing = {}, .why = "no limit was declared"};
  bool open = false;
  for (const AuditLimit& limit : evidence_.limits) {
    const auto wanted = [&](const Fact& fact) {
      return fact.role == FactRole::kLimit && ((fact.metric == limit.metric && fact.tier == limit.tier) ||
                                               (limit.metric == "latency" && fact.metric == "requests"));
    };
    const bool stated = std::ranges::any_of(numbers_, [&](const CheckedNumber& number) {
      return std::ranges::any_of(number.finding.facts,
                                 [&](std::size_t i) { return wanted(evidence_.facts[i]); });
    });
    if (stated) continue;
    const DemandStatus stands = limit_stands(limit, wanted);
    if (stands == DemandStatus::kPresent) continue;
    if (stands == DemandStatus::kNotChecked) {
      open = true;
    } else {
      finding.missing.push_back(limit.tier.empty() ? limit.metric : limit.tier + " " + limit.metric);
    }
  }
  if (!finding.missing.empty()) {
    finding.status = DemandStatus::kAbsent;
  } else if (open) {
    finding.status = DemandStatus::kNotChecked;
    finding.why = "numbers that could not be checked may be the limits";
  }
  return finding;
}

}  // namespace quantier::audit_internal
