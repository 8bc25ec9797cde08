#include "quantier/audit/demand.h"

#include <fmt/format.h>

#include "quantier/audit/demand_parts.h"

namespace quantier {

const char* demand_status_name(DemandStatus status) {
  switch (status) {
    case DemandStatus::kPresent:
      return "present";
    case DemandStatus::kAbsent:
      return "absent";
    case DemandStatus::kNotApplicable:
      return "not applicable";
    case DemandStatus::kNotChecked:
      return "not checked";
  }
  return "not checked";
}

namespace audit_internal {

DemandFinding DemandChecker::check(const DemandWay& way) const {
  if (way.check == "cover") return cover(way);
  if (way.check == "statement") return statement(way);
  if (way.check == "limits") return limits();
  if (way.check == "failures") return failures();
  if (way.check == "variety") return variety(way);
  return {.status = DemandStatus::kNotChecked, .missing = {}, .why = "unknown check " + way.check};
}

}  // namespace audit_internal

DemandFinding check_demand(const Demand& demand, const std::vector<Passage>& passages,
                           const std::vector<CheckedNumber>& numbers, const AuditEvidence& evidence,
                           const Published& published) {
  if (demand.needs == "prior" && !evidence.has_prior) {
    return {
        .status = DemandStatus::kNotApplicable, .missing = {}, .why = "no earlier recommendation is known"};
  }
  if (demand.needs == "earlier-calibration" && !evidence.has_earlier_calibration) {
    return {.status = DemandStatus::kNotApplicable, .missing = {}, .why = "no earlier calibration is known"};
  }
  const audit_internal::DemandChecker checker(passages, numbers, evidence, published);
  DemandFinding best;
  for (std::size_t w = 0; w < demand.ways.size(); ++w) {
    DemandFinding finding = checker.check(demand.ways[w]);
    if (finding.status == DemandStatus::kPresent) return finding;
    if (w == 0 || (best.status == DemandStatus::kAbsent && finding.status == DemandStatus::kNotChecked))
      best = std::move(finding);
  }
  // Absent only where the topic is nowhere: what is told in words that were not understood is for a reader.
  if (best.status != DemandStatus::kAbsent) return best;
  if (const auto place = checker.speaks_of(demand)) {
    return {.status = DemandStatus::kNotChecked,
            .missing = {},
            .why = fmt::format("{} may speak of it, in words that were not understood", place->text())};
  }
  return best;
}

}  // namespace quantier
