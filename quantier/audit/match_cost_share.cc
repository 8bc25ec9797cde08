#include "quantier/audit/match_cost_share.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace quantier {
namespace {

// What the words behind a percentage make of it.
struct Told {
  const char* metric = nullptr;
  bool of = false;    // "52 % of the time"
  bool more = false;  // "44 % more", "43 % longer"; otherwise less
};

std::optional<Told> told_behind(std::string_view behind) {
  struct Form {
    std::string_view text;
    Told told;
  };
  constexpr std::array<Form, 24> kForms = {{{" more memory", {"memory", false, true}},
                                            {" more RAM", {"memory", false, true}},
                                            {" larger", {"memory", false, true}},
                                            {" heavier", {"memory", false, true}},
                                            {" less memory", {"memory", false, false}},
                                            {" less RAM", {"memory", false, false}},
                                            {" smaller", {"memory", false, false}},
                                            {" lighter", {"memory", false, false}},
                                            {" more time", {"latency", false, true}},
                                            {" longer", {"latency", false, true}},
                                            {" slower", {"latency", false, true}},
                                            {" less time", {"latency", false, false}},
                                            {" faster", {"latency", false, false}},
                                            {" quicker", {"latency", false, false}},
                                            {" of the memory", {"memory", true, false}},
                                            {" of its memory", {"memory", true, false}},
                                            {" of the RAM", {"memory", true, false}},
                                            {" of the time", {"latency", true, false}},
                                            {" of the latency", {"latency", true, false}},
                                            {" of its time", {"latency", true, false}},
                                            {" of the size", {"memory", true, false}},
                                            {" of the runtime", {"latency", true, false}},
                                            {" of the cost in time", {"latency", true, false}},
                                            {" of the latencies", {"latency", true, false}}}};
  for (const Form& each : kForms) {
    if (behind.starts_with(each.text)) return each.told;
  }
  return std::nullopt;
}

bool is_cost(const Fact& fact, std::string_view metric) {
  return fact.metric == metric && fact.role == FactRole::kValue && !fact.difference && fact.value > 0.0 &&
         fact.source != FactSource::kModelled &&
         (fact.unit == FactUnit::kMilliseconds || fact.unit == FactUnit::kBytes);
}

}  // namespace

void check_cost_shares(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                       const AuditEvidence& evidence) {
  if (passage.appendix || passage.kind != PassageKind::kSentence || says(passage.mentions, "hypothetical") ||
      says(passage.mentions, "modelled") || says(passage.mentions, "hardware") ||
      says(passage.mentions, "hedge") || says(passage.mentions, "resampled") ||
      says(passage.mentions, "prior"))
    return;
  const std::vector<std::string> models = said(passage.mentions, MentionKind::kModel);
  const std::vector<std::string> recipes = said(passage.mentions, MentionKind::kRecipe);
  if (recipes.empty() && models.empty()) return;
  for (CheckedNumber* each : numbers) {
    const WrittenNumber& number = passage.numbers[each->number];
    if (number.unit != WrittenUnit::kPercent || number.in_brackets || number.in_range || number.in_words ||
        is_alarm(each->finding.verdict) || each->finding.verdict == NumberVerdict::kSourced)
      continue;
    const std::string_view text = passage.text;
    const auto told = told_behind(text.substr(std::min(number.end, text.size())));
    const std::string_view before = text.substr(0, number.begin);
    const bool bound = before.ends_with("than ") || before.ends_with("to ") || before.ends_with("least ") ||
                       before.ends_with("most ") || before.ends_with("under ") || before.ends_with("over ") ||
                       before.ends_with("about ") || before.ends_with("some ") ||
                       before.ends_with("nearly ") || before.ends_with("almost ") ||
                       before.ends_with("roughly ") || before.ends_with("around ");
    if (!told || bound) continue;
    const auto among = [](const std::vector<std::string>& list, const std::string& name) {
      return list.empty() || std::ranges::find(list, name) != list.end();
    };
    const double share = std::fabs(number.value);
    const double slack = 1.001 * number.half_width;
    bool known = false;
    bool any = false;
    for (const Fact& a : evidence.facts) {
      if (known) break;
      if (!is_cost(a, told->metric) || !among(models, a.model) || !among(recipes, a.recipe)) continue;
      for (const Fact& b : evidence.facts) {
        if (!is_cost(b, told->metric) || b.unit != a.unit || &a == &b) continue;
        any = true;
        for (const double ratio : {a.value / b.value, b.value / a.value}) {
          known = known || std::fabs(ratio - share) <= slack ||
                  std::fabs(std::fabs(ratio - 1.0) - share) <= slack;
        }
      }
    }
    if (!any || known) continue;
    each->finding = {.verdict = NumberVerdict::kContradicts,
                     .facts = {},
                     .why = fmt::format("no two configurations differ so in {}", told->metric)};
  }
}

}  // namespace quantier
