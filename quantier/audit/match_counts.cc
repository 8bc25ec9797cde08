#include "quantier/audit/match_counts.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace quantier {
namespace {

bool is_plain_count(const WrittenNumber& number) {
  return number.integer && number.unit == WrittenUnit::kNone && number.sign == 0 && !number.in_words &&
         number.pair == 0 && !number.in_brackets;
}

bool is_total(const Fact& fact) {
  return (fact.metric == "n" || fact.metric == "class_n") && fact.unit == FactUnit::kCount;
}

// Of those whom the sentence names, or of anybody where it names nobody.
class Counted {
 public:
  Counted(const Passage& passage, const AuditEvidence& evidence) : evidence_(evidence) {
    models_ = said(passage.mentions, MentionKind::kModel);
    recipes_ = said(passage.mentions, MentionKind::kRecipe);
  }

  [[nodiscard]] bool names_whom() const { return !models_.empty() || !recipes_.empty(); }

  [[nodiscard]] bool known_total(double total) const {
    // Of classes nobody keeps how many do what.
    const bool classes =
        any([&](const Fact& fact) { return fact.metric == "classes" && fact.value == total; });
    return !classes &&
           any([&](const Fact& fact) { return is_total(fact) && allows(fact) && fact.value == total; });
  }

  [[nodiscard]] bool counts(std::string_view metric, double count) const {
    return any([&](const Fact& fact) {
      return fact.metric == metric && fact.unit == FactUnit::kCount && allows(fact) && fact.value == count;
    });
  }

  // Whether a count, a share or a difference of the evidence can be this many of so many.
  [[nodiscard]] bool known(double count, double total) const {
    constexpr double kHalf = 0.5001;
    return any([&](const Fact& fact) {
      if (!allows(fact)) return false;
      if (fact.unit == FactUnit::kCount) return std::fabs(fact.value) == count;
      const bool share_of_texts = fact.metric == "accuracy" || fact.metric == "error_rate" ||
                                  fact.metric == "gate_share" || fact.metric == "class_accuracy";
      if (fact.unit != FactUnit::kFraction || !share_of_texts || fact.difference) return false;
      const double share = std::fabs(fact.value) * total;
      return std::fabs(share - count) <= kHalf || std::fabs(total - share - count) <= kHalf;
    });
  }

 private:
  template <typename Test>
  [[nodiscard]] bool any(Test test) const {
    return std::ranges::any_of(evidence_.facts, test);
  }
  [[nodiscard]] bool allows(const Fact& fact) const {
    const auto in = [](const std::vector<std::string>& list, const std::string& value) {
      return list.empty() || value.empty() || std::ranges::find(list, value) != list.end();
    };
    return fact.source != FactSource::kModelled && fact.role == FactRole::kValue && in(models_, fact.model) &&
           in(recipes_, fact.recipe);
  }

  const AuditEvidence& evidence_;
  std::vector<std::string> models_;
  std::vector<std::string> recipes_;
};

}  // namespace

void check_counts(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                  const AuditEvidence& evidence) {
  constexpr double kLeastTotal = 60.0;
  constexpr double kLeastOfClass = 20.0;  // of a class that the sentence names
  const double least = said(passage.mentions, MentionKind::kLabel).empty() ? kLeastTotal : kLeastOfClass;
  if (passage.appendix || passage.kind != PassageKind::kSentence || says(passage.mentions, "hypothetical") ||
      says(passage.mentions, "modelled") || says(passage.mentions, "resampled"))
    return;
  const Counted counted(passage, evidence);
  if (!counted.names_whom()) return;
  const std::string_view text = passage.text;
  double total = 0.0;
  for (std::size_t i = 0; i + 1 < numbers.size(); ++i) {
    const WrittenNumber& count = passage.numbers[numbers[i]->number];
    const WrittenNumber& of = passage.numbers[numbers[i + 1]->number];
    if (!is_plain_count(count) || !is_plain_count(of) || of.begin < count.end || of.value < least) continue;
    const std::string_view gap = text.substr(count.end, of.begin - count.end);
    if (gap != " of " && gap != " of the " && gap != " out of ") continue;
    if (is_alarm(numbers[i]->finding.verdict) || is_alarm(numbers[i + 1]->finding.verdict)) continue;
    if (!counted.known_total(of.value)) continue;
    total = of.value;
    if (counted.known(count.value, of.value)) continue;
    numbers[i]->finding = {
        .verdict = NumberVerdict::kContradicts,
        .facts = {},
        .why = fmt::format("of the {:g} that the evidence has, nothing counts {:g}", of.value, count.value)};
  }
  // "..., 55 from right to wrong": of the same total.
  if (total == 0.0) return;
  for (CheckedNumber* each : numbers) {
    const WrittenNumber& number = passage.numbers[each->number];
    if (!is_plain_count(number) || is_alarm(each->finding.verdict)) continue;
    const std::string_view behind = text.substr(std::min(number.end, text.size()));
    const char* metric = behind.starts_with(" from right to wrong")   ? "lost"
                         : behind.starts_with(" from wrong to right") ? "gained"
                         : behind.starts_with(" from one wrong")      ? "wrong_to_wrong"
                                                                      : nullptr;
    if (metric == nullptr || counted.counts(metric, number.value)) continue;
    each->finding = {.verdict = NumberVerdict::kContradicts,
                     .facts = {},
                     .why = fmt::format("of {:g}, nothing counts {:g}", total, number.value)};
  }
}

}  // namespace quantier
