#include "quantier/audit/match_triples.h"

#include <algorithm>
#include <cmath>

#include "quantier/audit/reading.h"

namespace quantier {
namespace {

using audit_internal::Reading;
using audit_internal::readings_of;

bool is_near(const Fact& fact, const WrittenNumber& number, const Passage& passage) {
  std::vector<Reading> readings = readings_of(number, passage, Scope());
  // Beside an interval a change is told in points, whether that is said or not.
  readings.push_back({FactUnit::kFraction, 0.01 * number.value, 0.01 * number.half_width, number.sign != 0});
  return std::ranges::any_of(readings, [&](const Reading& each) {
    const double slack = each.half_width * (1.0 + 1e-9) + 3.0 * fact.monte_carlo_sd + 1e-12;
    return each.unit == fact.unit && std::fabs(each.value - fact.value) <= slack;
  });
}

bool same_subject(const Fact& a, const Fact& b) {
  return a.metric == b.metric && a.model == b.model && a.recipe == b.recipe && a.tier == b.tier &&
         a.label == b.label && a.fit == b.fit && a.against_model == b.against_model &&
         a.against_recipe == b.against_recipe;
}

// What the passage says itself of a kind must hold; what it leaves unsaid, the text before it may say.
bool allows(const Passage& passage, MentionKind kind, const std::string& value, bool carried) {
  std::vector<std::string> own = said(passage.mentions, kind);
  for (const std::vector<Mention>* list : {&passage.row_mentions, &passage.column_mentions}) {
    for (const std::string& each : said(*list, kind)) own.push_back(each);
  }
  std::erase(own, "");
  if (own.empty() && carried) own = said(passage.before, kind);
  return own.empty() || std::ranges::find(own, value) != own.end();
}

}  // namespace

void explain_triples(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                     const AuditEvidence& evidence) {
  constexpr std::size_t kReach = 24;
  for (std::size_t i = 0; i + 2 < numbers.size(); ++i) {
    const WrittenNumber& value = passage.numbers[i];
    const WrittenNumber& low = passage.numbers[i + 1];
    const WrittenNumber& high = passage.numbers[i + 2];
    const bool triple = !value.in_brackets && low.in_brackets && high.in_brackets && !value.is_spread &&
                        !low.is_spread && low.begin >= value.end && low.begin - value.end <= kReach &&
                        !value.integer;
    const bool alarmed = is_alarm(numbers[i]->finding.verdict) || is_alarm(numbers[i + 1]->finding.verdict) ||
                         is_alarm(numbers[i + 2]->finding.verdict);
    if (!triple || !alarmed) continue;
    // What grammar ties to the value among the names of the passage is no matter of guessing.
    const Scope scope = scopes_of(passage, numbers[i]->number, evidence).narrow;
    const auto tied = [&](const ScopeSet& set, MentionKind kind, const std::string& name) {
      return !set.pinned || said(passage.mentions, kind).empty() || set.allows(name);
    };
    const std::vector<Fact>& facts = evidence.facts;
    for (std::size_t f = 0; f < facts.size(); ++f) {
      const Fact& fact = facts[f];
      if (fact.role != FactRole::kValue || !fact.difference || fact.metric != "accuracy_change" ||
          fact.tier.empty())
        continue;
      if (!allows(passage, MentionKind::kModel, fact.model, true) ||
          !allows(passage, MentionKind::kRecipe, fact.recipe, false) ||
          !allows(passage, MentionKind::kTier, fact.tier, false) || !is_near(fact, value, passage))
        continue;
      if (!tied(scope.model, MentionKind::kModel, fact.model) ||
          !tied(scope.recipe, MentionKind::kRecipe, fact.recipe) ||
          !tied(scope.tier, MentionKind::kTier, fact.tier))
        continue;
      std::size_t ends[2] = {facts.size(), facts.size()};
      for (std::size_t e = 0; e < facts.size(); ++e) {
        if (!same_subject(facts[e], fact)) continue;
        if (facts[e].role == FactRole::kLow && is_near(facts[e], low, passage)) ends[0] = e;
        if (facts[e].role == FactRole::kHigh && is_near(facts[e], high, passage)) ends[1] = e;
      }
      if (ends[0] == facts.size() || ends[1] == facts.size()) continue;
      const std::size_t of[3] = {f, ends[0], ends[1]};
      for (std::size_t part = 0; part < 3; ++part)
        numbers[i + part]->finding = {
            .verdict = NumberVerdict::kSourced, .facts = {of[part]}, .metric_is_known = true};
      break;
    }
  }
}

}  // namespace quantier
