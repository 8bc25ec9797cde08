#include "quantier/audit/match_steps.h"

#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"

namespace quantier {

void check_modelled_steps(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                          const AuditEvidence& evidence) {
  if (passage.appendix || passage.kind != PassageKind::kSentence ||
      !(audit_internal::calls_modelled(passage.text) || audit_internal::calls_modelled(passage.around_text)))
    return;
  for (CheckedNumber* each : numbers) {
    const WrittenNumber& number = passage.numbers[each->number];
    const bool plain = number.unit == WrittenUnit::kNone || number.unit == WrittenUnit::kMilliseconds;
    if (number.sign == 0 || number.integer || !plain || is_alarm(each->finding.verdict)) continue;
    const Fact* turned = nullptr;
    bool known = false;
    for (const Fact& fact : evidence.facts) {
      if (fact.source != FactSource::kModelled || !fact.difference ||
          passage.text.find(fact.device) == std::string::npos)
        continue;
      const double slack = 1.001 * number.half_width;
      known = known || std::fabs(fact.value - number.value) <= slack;
      if (std::fabs(fact.value + number.value) <= slack) turned = &fact;
    }
    if (known || turned == nullptr) continue;
    each->finding = {.verdict = NumberVerdict::kContradicts,
                     .facts = {},
                     .why = fmt::format("the model has it with the other sign: {}", fact_text(*turned))};
  }
}

}  // namespace quantier
