#include "quantier/audit/match_together.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "quantier/audit/reading.h"

namespace quantier {
namespace {

using audit_internal::Reading;
using audit_internal::readings_of;

bool same_subject(const Fact& a, const Fact& b) {
  return a.metric == b.metric && a.model == b.model && a.recipe == b.recipe && a.tier == b.tier &&
         a.label == b.label && a.fit == b.fit && a.against_model == b.against_model &&
         a.against_recipe == b.against_recipe;
}

bool is_near(const Fact& fact, const Reading& reading, double sign) {
  if (fact.unit != reading.unit) return false;
  const double slack = reading.half_width * (1.0 + 1e-9) + 3.0 * fact.monte_carlo_sd + 1e-12;
  return std::fabs(sign * reading.value - fact.value) <= slack;
}

// Facts that each of the three can be, told as they are or (`turned`) with the other sign, so that the ends
// change places.
struct Candidates {
  std::array<std::vector<const Fact*>, 3> facts;
};

Candidates candidates_of(const std::array<std::vector<Reading>, 3>& readings, const AuditEvidence& evidence,
                         bool turned) {
  Candidates candidates;
  const double sign = turned ? -1.0 : 1.0;
  for (const Fact& fact : evidence.facts) {
    if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep) continue;
    const bool low = (fact.role == FactRole::kLow) != turned;
    const std::size_t part = fact.role == FactRole::kValue ? 0 : low ? 1 : 2;
    const bool found = std::ranges::any_of(readings[part], [&](const Reading& each) {
      // "falls by 2.8": a difference is told without its sign.
      return is_near(fact, each, sign) ||
             (part == 0 && fact.difference && each.value >= 0.0 && is_near(fact, each, -1.0));
    });
    if (found) candidates.facts[part].push_back(&fact);
  }
  return candidates;
}

// The first fact of a list that another's subject has.
const Fact* partner(const std::vector<const Fact*>& list, const Fact& of) {
  const auto found = std::ranges::find_if(list, [&](const Fact* each) { return same_subject(*each, of); });
  return found == list.end() ? nullptr : *found;
}

// A value with two ends that one method gave: they stand side by side in the evidence.
bool has_whole(const Candidates& found) {
  std::vector<const Fact*> lows;
  for (const Fact* low : found.facts[1]) {
    const auto beside = [&](const Fact* high) { return high == low + 1 || low == high + 1; };
    if (std::ranges::any_of(found.facts[2], beside)) lows.push_back(low);
  }
  return std::ranges::any_of(lows, [&](const Fact* low) { return partner(found.facts[0], *low) != nullptr; });
}

bool number_is_not_zero(const WrittenNumber& number) { return std::fabs(number.value) > number.half_width; }

bool one_of(const ScopeSet& set) { return set.pinned && set.values.size() == 1; }

}  // namespace

void check_intervals(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                     const AuditEvidence& evidence) {
  for (std::size_t i = 0; i + 2 < numbers.size(); ++i) {
    const WrittenNumber& value = passage.numbers[i];
    const WrittenNumber& low = passage.numbers[i + 1];
    const WrittenNumber& high = passage.numbers[i + 2];
    if (value.in_brackets || !low.in_brackets || !high.in_brackets || value.is_spread || low.is_spread)
      continue;
    if (i + 3 < numbers.size() && passage.numbers[i + 3].in_brackets) continue;
    constexpr std::size_t kReach = 24;
    if (low.begin < value.end || low.begin - value.end > kReach) continue;
    const bool alarmed = is_alarm(numbers[i]->finding.verdict) || is_alarm(numbers[i + 1]->finding.verdict) ||
                         is_alarm(numbers[i + 2]->finding.verdict);
    if (alarmed) continue;
    const Scope scope = scopes_of(passage, i, evidence).narrow;
    if (!one_of(scope.model) || !one_of(scope.recipe)) continue;
    const bool tier_said = !said(passage.mentions, MentionKind::kTier).empty() ||
                           !said(passage.column_mentions, MentionKind::kTier).empty() ||
                           !said(passage.row_mentions, MentionKind::kTier).empty();
    if (tier_said && !one_of(scope.tier)) continue;
    std::array<std::vector<Reading>, 3> readings;
    for (std::size_t part = 0; part < 3; ++part) {
      const WrittenNumber& number = passage.numbers[i + part];
      readings[part] = readings_of(number, passage, scope);
      // Beside an interval in points the value is in points too.
      if (value.unit == WrittenUnit::kNone && counts_in_points(passage))
        readings[part].push_back({FactUnit::kFraction, 0.01 * number.value, 0.01 * number.half_width, true});
    }
    const Fact* nearly = nullptr;
    std::size_t odd = 0;
    bool whole = false;
    bool mirrored = false;
    for (const bool turned : {false, true}) {
      const Candidates found = candidates_of(readings, evidence, turned);
      // A value with its sign is not told the other way round.
      if (turned && value.sign != 0 && number_is_not_zero(value)) {
        mirrored = !whole && has_whole(found);
        continue;
      }
      whole = whole || has_whole(found);
      if (turned || whole) continue;
      for (std::size_t part = 0; part < 3; ++part) {
        for (const Fact* fact : found.facts[part]) {
          if (!in_scope(*fact, scope) || partner(found.facts[(part + 1) % 3], *fact) == nullptr) continue;
          nearly = fact;
          odd = (part + 2) % 3;
        }
      }
    }
    if (mirrored && tier_said) {
      numbers[i]->finding = {.verdict = NumberVerdict::kContradicts,
                             .facts = {},
                             .why = "value and interval have the other sign in the evidence"};
      continue;
    }
    if (whole || nearly == nullptr) continue;
    numbers[i + odd]->finding = {
        .verdict = NumberVerdict::kContradicts,
        .facts = {},
        .why = fmt::format("the other two of value and interval are of {}", fact_text(*nearly))};
  }
}

void check_gates(const std::vector<CheckedNumber*>& numbers, const AuditEvidence& evidence) {
  const bool any = std::ranges::any_of(numbers, [&](const CheckedNumber* each) {
    return each->finding.verdict == NumberVerdict::kSourced &&
           std::ranges::any_of(each->finding.facts,
                               [&](std::size_t i) { return evidence.facts[i].metric == "gate_threshold"; });
  });
  if (!any) return;
  // Facts of one gate stand one behind the other, its threshold first. Gates of several configurations have
  // the same threshold: the first with its value stands for all of them.
  std::vector<std::size_t> gate_of(evidence.facts.size(), 0);
  std::map<double, std::size_t> first_with;
  std::size_t gate = 0;
  for (std::size_t i = 0; i < evidence.facts.size(); ++i) {
    const Fact& fact = evidence.facts[i];
    if (fact.metric == "gate_threshold" && fact.role == FactRole::kValue)
      gate = first_with.try_emplace(fact.value, first_with.size() + 1).first->second;
    if (fact.metric.starts_with("gate_") && fact.role == FactRole::kValue && !fact.difference)
      gate_of[i] = gate;
  }
  std::optional<std::set<std::size_t>> threshold;
  for (const CheckedNumber* each : numbers) {
    std::set<std::size_t> gates;
    if (each->finding.verdict != NumberVerdict::kSourced) continue;
    for (const std::size_t i : each->finding.facts) {
      if (evidence.facts[i].metric == "gate_threshold") gates.insert(gate_of[i]);
    }
    if (gates.empty()) continue;
    if (threshold && *threshold != gates) return;  // two of them: whose is whose is not known
    threshold = std::move(gates);
  }
  if (!threshold) return;
  for (CheckedNumber* each : numbers) {
    if (each->finding.verdict != NumberVerdict::kSourced || each->finding.facts.empty()) continue;
    const bool of_gates = std::ranges::all_of(each->finding.facts, [&](std::size_t i) {
      const std::string& metric = evidence.facts[i].metric;
      return gate_of[i] != 0 &&
             (metric == "gate_share" || metric == "gate_accuracy" || metric == "gate_error");
    });
    const bool here = std::ranges::any_of(each->finding.facts,
                                          [&](std::size_t i) { return threshold->contains(gate_of[i]); });
    if (!of_gates || here) continue;
    const std::string at = fact_text(evidence.facts[each->finding.facts.front()]);
    each->finding = {.verdict = NumberVerdict::kContradicts,
                     .facts = {},
                     .why = fmt::format("this is of another threshold ({})", at)};
  }
}

}  // namespace quantier
