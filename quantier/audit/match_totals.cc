#include "quantier/audit/match_totals.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/slip.h"
#include "quantier/audit/word_forms.h"

namespace quantier {
namespace {

using audit_internal::is_word;
using audit_internal::lowered;

constexpr std::array<std::string_view, 9> kTexts = {"texts",     "examples",  "items",
                                                    "rows",      "samples",   "descriptions",
                                                    "documents", "sentences", "validation texts"};

bool starts_with_texts(std::string_view behind) {
  return std::ranges::any_of(kTexts, [&](std::string_view noun) {
    return behind.starts_with(' ') && behind.substr(1).starts_with(noun) &&
           (behind.size() == noun.size() + 1 ||
            (!is_word(behind[noun.size() + 1]) && behind[noun.size() + 1] != '/' &&
             !behind.substr(noun.size() + 1).starts_with(" per ") &&
             !behind.substr(noun.size() + 1).starts_with(" a second")));
  });
}

bool is_plain_count(const WrittenNumber& number) {
  return number.integer && number.unit == WrittenUnit::kNone && number.pair == 0 && number.sign == 0 &&
         !number.in_words && !number.in_brackets;
}

bool is_slip_of(double one, double other) {
  return are_slipped(fmt::format("{:.0f}", one), fmt::format("{:.0f}", other));
}

void contradict(CheckedNumber& number, std::string why) {
  number.finding = {.verdict = NumberVerdict::kContradicts, .facts = {}, .why = std::move(why)};
}

// "hamradio has 22 texts": of the only class that the sentence names, right before it.
void check_class(const Passage& passage, CheckedNumber& checked, const AuditEvidence& evidence) {
  const WrittenNumber& number = passage.numbers[checked.number];
  constexpr std::size_t kReach = 30;
  const std::vector<std::string> labels = said(passage.mentions, MentionKind::kLabel);
  if (labels.size() != 1) return;
  const bool close = std::ranges::any_of(passage.mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kLabel && each.end <= number.begin && number.begin - each.end <= kReach;
  });
  if (!close || said(passage.mentions, MentionKind::kTier).size() > 1) return;
  const Fact* size = nullptr;
  for (const Fact& fact : evidence.facts) {
    if ((fact.metric != "class_n" && fact.metric != "n") || fact.label != labels.front()) continue;
    if (fact.value == number.value) return;
    if (fact.metric == "class_n") size = &fact;
  }
  if (size != nullptr) contradict(checked, fmt::format("{} has {:g} examples", labels.front(), size->value));
}

// "over the whole split of 6,085 texts": nothing is that large, and one thing nearly is.
void check_split(const Passage& passage, CheckedNumber& checked, const AuditEvidence& evidence) {
  constexpr double kLeast = 100.0;
  const WrittenNumber& number = passage.numbers[checked.number];
  if (number.value < kLeast || lowered(passage.text).find("train") != std::string::npos) return;
  const Fact* total = nullptr;
  for (const Fact& fact : evidence.facts) {
    if (fact.unit != FactUnit::kCount) continue;
    if (fact.value == number.value) return;
    const bool whole = (fact.metric == "n" || fact.metric == "class_n") && fact.value >= kLeast;
    if (whole && is_slip_of(number.value, fact.value)) total = &fact;
  }
  if (total != nullptr) contradict(checked, fmt::format("the evidence has {:g} of them", total->value));
}

// "4,886" in a column of texts that were right.
void check_right(const Passage& cell, CheckedNumber& checked, const AuditEvidence& evidence) {
  const WrittenNumber& number = cell.numbers[checked.number];
  const std::string header = lowered(cell.column_text);
  if (header.find("right") == std::string::npos && header.find("correct") == std::string::npos) return;
  if (header.find('%') != std::string::npos || header.find("share") != std::string::npos) return;
  const Scope scope = scopes_of(cell, checked.number, evidence).narrow;
  if (!scope.model.pinned || !scope.recipe.pinned || scope.model.values.size() != 1 ||
      scope.recipe.values.size() != 1)
    return;
  const std::string tier =
      scope.tier.pinned && scope.tier.values.size() == 1 ? scope.tier.values.front() : "";
  double total = 0.0;
  for (const Fact& fact : evidence.facts) {
    // How many it was measured on, and not how many it would take.
    if (fact.metric == "n" && fact.tier == tier && fact.label.empty() && fact.model.empty() &&
        fact.role == FactRole::kValue && total == 0.0)
      total = fact.value;
  }
  if (total < number.value) return;
  constexpr double kNear = 0.1;
  for (std::size_t i = 0; i < evidence.facts.size(); ++i) {
    const Fact& fact = evidence.facts[i];
    if (fact.metric != "accuracy" || fact.model != scope.model.values.front() ||
        fact.recipe != scope.recipe.values.front() || fact.tier != tier || !fact.label.empty() ||
        fact.difference || fact.role != FactRole::kValue)
      continue;
    const double right = fact.value * total;
    if (std::fabs(right - number.value) < 0.6) {
      checked.finding = {.verdict = NumberVerdict::kDerived, .facts = {i}, .why = {}};
      return;
    }
    if (std::fabs(right - number.value) > kNear * total) continue;
    contradict(checked,
               fmt::format("an accuracy of {:.4f} makes {:.0f} of {:.0f}", fact.value, right, total));
  }
}

}  // namespace

void check_totals(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                  const AuditEvidence& evidence) {
  if (passage.appendix || says(passage.mentions, "hypothetical") || says(passage.mentions, "would_change"))
    return;
  for (CheckedNumber* each : numbers) {
    const WrittenNumber& number = passage.numbers[each->number];
    if (!is_plain_count(number) || each->finding.verdict != NumberVerdict::kNotChecked) continue;
    if (passage.kind == PassageKind::kCell) {
      check_right(passage, *each, evidence);
      continue;
    }
    if (passage.kind != PassageKind::kSentence) continue;
    const std::string_view text = passage.text;
    const bool texts = starts_with_texts(text.substr(std::min(number.end, text.size())));
    const std::string_view before = text.substr(0, number.begin);
    const bool is_n = before.ends_with("n = ") || before.ends_with("N = ") || before.ends_with("n=") ||
                      before.ends_with("N=");
    if (texts) check_class(passage, *each, evidence);
    if ((texts || is_n) && each->finding.verdict == NumberVerdict::kNotChecked)
      check_split(passage, *each, evidence);
  }
}

}  // namespace quantier
