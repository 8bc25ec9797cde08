#include "quantier/audit/match_misprint.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/reading.h"
#include "quantier/audit/slip.h"

namespace quantier {
namespace {

using audit_internal::Reading;
using audit_internal::readings_of;

bool fits(const Fact& fact, const Reading& reading) {
  const double slack = 1.001 * reading.half_width + 3.0 * fact.monte_carlo_sd + 1e-12;
  return fact.unit == reading.unit && std::fabs(std::fabs(fact.value) - std::fabs(reading.value)) <= slack;
}

// In steps of what is written: as many digits, and one of them another, or two neighbours changed places.
bool is_slip_of(const Reading& reading, const Fact& fact) {
  constexpr long long kRounding = 1;  // another way of rounding is no slip
  const double step = 2.0 * reading.half_width;
  const long long one = std::llround(std::fabs(reading.value) / step);
  const long long other = std::llround(std::fabs(fact.value) / step);
  if (std::llabs(one - other) <= kRounding) return false;
  return are_slipped(std::to_string(one), std::to_string(other));
}

// "202 of 6,083 answers", "220 changed": of whole numbers those alone that count answers.
bool counts_answers(const Passage& passage, const WrittenNumber& number, const AuditEvidence& evidence) {
  const std::string_view behind =
      std::string_view(passage.text).substr(std::min(number.end, passage.text.size()), 24);
  for (const std::string_view word : {" predictions", " answers", " flips", " lost", " gained", " changed"}) {
    if (behind.starts_with(word)) return true;
  }
  const auto next = std::ranges::find_if(passage.numbers,
                                         [&](const WrittenNumber& each) { return each.begin >= number.end; });
  if (next == passage.numbers.end() || passage.text.substr(number.end, next->begin - number.end) != " of ")
    return false;
  return std::ranges::any_of(evidence.facts, [&](const Fact& fact) {
    return fact.metric == "n" && fact.unit == FactUnit::kCount && fact.value == next->value;
  });
}

bool is_telling(const Passage& passage, const WrittenNumber& number, const AuditEvidence& evidence) {
  constexpr double kTelling = 200.0;  // three digits
  if (number.in_words || number.is_spread || number.pair != 0 || number.half_width <= 0.0) return false;
  if (number.unit == WrittenUnit::kTimes || number.unit == WrittenUnit::kRate ||
      number.unit == WrittenUnit::kOther)
    return false;
  if (number.integer && !counts_answers(passage, number, evidence)) return false;
  return std::fabs(number.value) / number.half_width >= kTelling;
}

bool is_value(const Fact& fact) {
  return fact.role == FactRole::kValue && !fact.difference && fact.source != FactSource::kModelled &&
         fact.unit != FactUnit::kRatio && !fact.model.empty();
}

// A difference or a share of two facts of one metric.
bool is_arithmetic(const Reading& reading, const AuditEvidence& evidence) {
  for (const Fact& a : evidence.facts) {
    if (!is_value(a)) continue;
    for (const Fact& b : evidence.facts) {
      if (&a == &b || !is_value(b) || a.metric != b.metric || a.unit != b.unit) continue;
      if (a.unit == reading.unit &&
          std::fabs(std::fabs(a.value - b.value) - std::fabs(reading.value)) <= 2.0 * reading.half_width)
        return true;
      if (reading.unit == FactUnit::kFraction && b.value != 0.0 &&
          (std::fabs(a.value / b.value - reading.value) <= reading.half_width ||
           std::fabs(std::fabs(a.value / b.value - 1.0) - reading.value) <= reading.half_width))
        return true;
    }
  }
  return false;
}

}  // namespace

void check_misprints(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                     const AuditEvidence& evidence) {
  if (passage.appendix) return;
  for (CheckedNumber* each : numbers) {
    const WrittenNumber& number = passage.numbers[each->number];
    if (each->finding.verdict != NumberVerdict::kNotChecked || each->finding.set_aside ||
        !is_telling(passage, number, evidence))
      continue;
    const NumberScopes scopes = scopes_of(passage, each->number, evidence);
    if (scopes.limit || scopes.hypothetical || scopes.bounding || scopes.approximate || scopes.convention)
      continue;
    std::vector<Reading> readings = readings_of(number, passage, Scope());
    if (number.integer)
      readings = {{.unit = FactUnit::kCount, .value = number.value, .half_width = number.half_width}};
    const bool known = std::ranges::any_of(readings, [&](const Reading& reading) {
      return std::ranges::any_of(evidence.facts, [&](const Fact& fact) { return fits(fact, reading); }) ||
             is_arithmetic(reading, evidence);
    });
    if (known) continue;
    Scope open = scopes.plausible;
    // Of nobody and of nothing that is measured: drawn from a hat, for all the sentence says.
    if (open.model.values.empty() && open.recipe.values.empty() && !scopes.metric_is_near) continue;
    if (!scopes.metric_is_near) open.metric = {};
    const Fact* meant = nullptr;
    for (const Fact& fact : evidence.facts) {
      if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep ||
          fact.source == FactSource::kModelled || fact.model.empty() || !in_scope(fact, open))
        continue;
      const bool slip = std::ranges::any_of(readings, [&](const Reading& reading) {
        return reading.unit == fact.unit && is_slip_of(reading, fact);
      });
      if (slip) meant = &fact;
    }
    // Of whoever the text speaks: nobody takes so long or needs so much.
    const bool cost = number.unit == WrittenUnit::kMilliseconds || number.unit == WrittenUnit::kBytes;
    const bool nobody = said(passage.mentions, MentionKind::kModel).empty() &&
                        said(passage.mentions, MentionKind::kRecipe).empty() &&
                        !says(passage.mentions, "hardware") && !says(passage.mentions, "machine");
    if (meant == nullptr && cost && nobody && scopes.metric_is_near && passage.kind == PassageKind::kSentence)
      each->finding = {
          .verdict = NumberVerdict::kContradicts, .facts = {}, .why = "no configuration has this number"};
    if (meant == nullptr) continue;
    each->finding = {
        .verdict = NumberVerdict::kContradicts,
        .facts = {},
        .why = fmt::format("nothing has this number, and the evidence has {}", fact_text(*meant))};
  }
}

}  // namespace quantier
