#include "quantier/audit/match_range.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace quantier {
namespace {

// The least and the most that a model has of a metric over its precisions.
std::optional<std::pair<double, double>> ends_of(const AuditEvidence& evidence, const std::string& metric,
                                                 const std::string& model, const std::string& fit) {
  std::optional<std::pair<double, double>> ends;
  for (const Fact& fact : evidence.facts) {
    if (fact.metric != metric || fact.model != model || fact.fit != fit || fact.role != FactRole::kValue ||
        fact.difference || !fact.tier.empty() || !fact.label.empty() || fact.unit != FactUnit::kFraction)
      continue;
    if (!ends) ends = {fact.value, fact.value};
    ends = {std::min(ends->first, fact.value), std::max(ends->second, fact.value)};
  }
  return ends;
}

bool are_ends(const WrittenNumber& low, const WrittenNumber& high,
              const std::optional<std::pair<double, double>>& ends) {
  return ends && std::fabs(low.value - ends->first) <= 1.001 * low.half_width &&
         std::fabs(high.value - ends->second) <= 1.001 * high.half_width;
}

// The fits that a passage says exactly; empty: any.
std::vector<std::string> exact_fits(const Passage& passage) {
  std::vector<std::string> fits;
  for (const Mention& each : passage.mentions) {
    if (each.kind == MentionKind::kFit && each.means.size() == 1) fits.push_back(each.means.front());
  }
  return fits;
}

}  // namespace

void check_ranges(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                  const AuditEvidence& evidence) {
  if (passage.kind != PassageKind::kSentence || passage.appendix) return;
  const std::vector<std::string> fits = exact_fits(passage);
  for (std::size_t i = 0; i + 1 < numbers.size(); ++i) {
    const WrittenNumber& low = passage.numbers[numbers[i]->number];
    const WrittenNumber& high = passage.numbers[numbers[i + 1]->number];
    if (!low.in_range || !high.in_range || low.in_brackets || high.in_brackets || low.integer ||
        high.begin < low.end || high.begin - low.end > 6 || low.value > high.value)
      continue;
    const Scope scope = scopes_of(passage, numbers[i]->number, evidence).narrow;
    if (!scope.model.pinned || scope.model.values.size() != 1) continue;
    const auto may_be = [&](const std::string& fit) {
      return fits.empty() || std::ranges::find(fits, fit) != fits.end();
    };
    constexpr std::array<const char*, 4> kFits = {"raw", "held-out", "in-sample", "reported"};
    bool own = false;
    std::string other;
    for (const std::string& model : evidence.models) {
      for (const char* fit : kFits) {
        if (!are_ends(low, high, ends_of(evidence, "ece", model, fit))) continue;
        const bool here = scope.model.allows(model) && may_be(fit);
        own = own || here;
        if (!here) other = fmt::format("{}, {}", model, fit);
      }
    }
    // "With one temperature it comes to 0.020-0.021" names what leaves the error.
    const bool of_error = scope.metric.allows("ece") || scope.metric.allows("temperature");
    if (own || other.empty() || !of_error) continue;
    for (CheckedNumber* each : {numbers[i], numbers[i + 1]})
      each->finding = {.verdict = NumberVerdict::kElsewhere,
                       .facts = {},
                       .why = fmt::format("this is the range of the calibration error of {}", other)};
    ++i;
  }
}

}  // namespace quantier
