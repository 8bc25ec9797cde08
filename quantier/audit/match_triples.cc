#include "quantier/audit/match_triples.h"

#include <algorithm>
#include <cmath>
#include <tuple>

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

bool names_one(const Passage& passage, MentionKind kind) {
  std::vector<std::string> own = said(passage.mentions, kind);
  for (const std::vector<Mention>* list : {&passage.row_mentions, &passage.column_mentions}) {
    for (const std::string& each : said(*list, kind)) {
      if (std::ranges::find(own, each) == own.end()) own.push_back(each);
    }
  }
  return own.size() == 1 && !own.front().empty();
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
    const auto same = [&](std::size_t a, std::size_t b) {
      return std::ranges::any_of(numbers[a]->finding.facts, [&](std::size_t one) {
        return std::ranges::any_of(numbers[b]->finding.facts, [&](std::size_t two) {
          return same_subject(evidence.facts[one], evidence.facts[two]);
        });
      });
    };
    const bool agree = same(i, i + 1) && same(i, i + 2);
    if (!triple || (!alarmed && agree)) continue;
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
      std::size_t known[2] = {facts.size(), facts.size()};
      for (std::size_t e = 0; e < facts.size(); ++e) {
        if (!same_subject(facts[e], fact)) continue;
        for (const auto& [role, number, part] :
             {std::tuple(FactRole::kLow, &low, 0), std::tuple(FactRole::kHigh, &high, 1)}) {
          if (facts[e].role != role) continue;
          known[part] = e;
          if (is_near(facts[e], *number, passage)) ends[part] = e;
        }
      }
      if (ends[0] == facts.size() || ends[1] == facts.size()) {
        // All but one end, of the only comparison that is named: then this end is not its own.
        const std::size_t odd = ends[0] == facts.size() ? 0 : 1;
        const bool one_named = names_one(passage, MentionKind::kModel) &&
                               names_one(passage, MentionKind::kRecipe) &&
                               names_one(passage, MentionKind::kTier);
        if (one_named && ends[1 - odd] != facts.size() && known[odd] != facts.size() &&
            !numbers[i + 1 + odd]->finding.set_aside)
          numbers[i + 1 + odd]->finding = {.verdict = NumberVerdict::kContradicts,
                                           .facts = {},
                                           .why = "the evidence has " + fact_text(facts[known[odd]])};
        continue;
      }
      const std::size_t of[3] = {f, ends[0], ends[1]};
      for (std::size_t part = 0; part < 3; ++part)
        numbers[i + part]->finding = {
            .verdict = NumberVerdict::kSourced, .facts = {of[part]}, .metric_is_known = true};
      break;
    }
  }
}

}  // namespace quantier
