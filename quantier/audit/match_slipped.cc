// Numbers whose digits are right and whose unit is not.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "quantier/audit/matcher.h"

namespace quantier::audit_internal {

// "41.7 GB" where nothing has gigabytes and something has 41.7 MB: the digits of a measured number or of a
// limit, in a unit in which nothing here is near.
bool Matcher::slipped_unit(NumberFinding& finding) const {
  const bool named = !said(passage_.mentions, MentionKind::kModel).empty() ||
                     !said(passage_.mentions, MentionKind::kRecipe).empty();
  const double kTelling = named || follows_difference() ? 0.04 : 0.01;
  constexpr double kNear = 20.0;
  if (seconds_of_milliseconds(finding)) return true;
  const bool bytes = number_.unit == WrittenUnit::kBytes;
  // Seconds stand for anything that lasts; only beside a configuration are they its time.
  const bool seconds = number_.unit == WrittenUnit::kOther && !number_.integer && !passage_.appendix &&
                       (number_.text.ends_with(" s") || number_.text.ends_with("seconds")) &&
                       (scopes_.wide.model.pinned || !said(passage_.mentions, MentionKind::kRecipe).empty() ||
                        !said(passage_.column_mentions, MentionKind::kModel).empty());
  const double unit_scale = seconds ? 1e3 : 1.0;
  if ((!bytes && !seconds && number_.unit != WrittenUnit::kMilliseconds) || passage_.appendix ||
      (scopes_.convention && !seconds) || number_.in_words ||
      number_.half_width > kTelling * std::fabs(number_.value) || says(passage_.mentions, "hardware") ||
      says(passage_.mentions, "machine") || !cited_in(passage_.text, published_).empty())
    return false;
  const FactUnit unit = bytes ? FactUnit::kBytes : FactUnit::kMilliseconds;
  const Fact* same_digits = nullptr;
  for (const Fact& fact : evidence_.facts) {
    if (fact.unit != unit || fact.source == FactSource::kModelled || fact.difference || fact.value <= 0.0)
      continue;
    const double ratio = number_.value * unit_scale / fact.value;
    if (ratio > 1.0 / kNear && ratio < kNear) return false;
    // A supposition moves a limit to what one has and then names another.
    const bool own = (fact.model.empty() || scopes_.plausible.model.allows(fact.model)) &&
                     (fact.recipe.empty() || scopes_.plausible.recipe.allows(fact.recipe));
    if (!own && !scopes_.hypothetical) continue;
    for (const double scale : {1e3, 1e-3, 1e6, 1e-6}) {
      if (near(number_.value * unit_scale * scale, fact.value, number_.half_width * unit_scale * scale))
        same_digits = &fact;
    }
  }
  if (same_digits == nullptr && slipped_difference(unit)) {
    finding.verdict = NumberVerdict::kContradicts;
    finding.why = "the digits of a difference in another unit than that of the evidence";
    return true;
  }
  if (same_digits == nullptr) return false;
  finding.verdict = NumberVerdict::kContradicts;
  finding.why = fmt::format("in another unit than the evidence: {}", fact_text(*same_digits));
  return true;
}

// "takes 2.1 s": seconds for one text, where the evidence has 2.1 ms. Of a thousand texts they would be
// right.
bool Matcher::seconds_of_milliseconds(NumberFinding& finding) const {
  const bool seconds = number_.unit == WrittenUnit::kOther &&
                       (number_.text.ends_with(" s") || number_.text.ends_with("seconds"));
  if (!seconds || number_.integer || passage_.kind != PassageKind::kSentence || passage_.appendix)
    return false;
  if (says(passage_.mentions, "hardware") || !cited_in(passage_.text, published_).empty()) return false;
  const std::string& text = passage_.text;
  for (const char* many : {"1,000", "1000", "thousand", "whole", "all ", "batch of 32", "batches", "6,083"}) {
    if (text.find(many) != std::string::npos) return false;
  }
  const bool of_one =
      std::ranges::any_of(std::array<std::string_view, 10>{" per text", " per example", " per request",
                                                           " per item", "single request", "one text",
                                                           "a text", "each text", "a request", "one request"},
                          [&](std::string_view one) { return text.find(one) != std::string::npos; });
  const bool milliseconds = std::ranges::any_of(passage_.numbers, [&](const WrittenNumber& each) {
    return each.unit == WrittenUnit::kMilliseconds && each.value == number_.value;
  });
  if (milliseconds) return false;
  if (!of_one || (scopes_.wide.recipe.values.empty() && scopes_.wide.model.values.empty())) return false;
  const auto same = std::ranges::find_if(evidence_.facts, [&](const Fact& fact) {
    return fact.metric == "latency" && fact.unit == FactUnit::kMilliseconds &&
           fact.role == FactRole::kValue && !fact.difference && fact.source != FactSource::kModelled &&
           scopes_.wide.model.allows(fact.model) && scopes_.wide.recipe.allows(fact.recipe) &&
           near(number_.value, fact.value, number_.half_width);
  });
  if (same == evidence_.facts.end()) return false;
  finding.verdict = NumberVerdict::kContradicts;
  finding.why = fmt::format("in another unit than the evidence: {}", fact_text(*same));
  return true;
}

// "needs 1.5 KB more": no two of those named differ by so little, and two differ by 1.5 MB.
bool Matcher::slipped_difference(FactUnit unit) const {
  const std::string_view behind =
      std::string_view(passage_.text).substr(std::min(number_.end, passage_.text.size()), 8);
  if (!behind.starts_with(" more") && !behind.starts_with(" less") && !behind.starts_with(" fewer") &&
      !follows_difference())
    return false;
  bool slipped = false;
  for (const Fact& a : evidence_.facts) {
    if (a.unit != unit || a.difference || a.role != FactRole::kValue || a.source != FactSource::kMeasured ||
        a.model.empty() || !scopes_.wide.model.allows(a.model) || !scopes_.wide.recipe.allows(a.recipe))
      continue;
    for (const Fact& b : evidence_.facts) {
      if (b.unit != unit || b.difference || b.role != FactRole::kValue || b.source != FactSource::kMeasured ||
          b.metric != a.metric || b.model.empty() || !scopes_.wide.model.allows(b.model) ||
          !scopes_.wide.recipe.allows(b.recipe))
        continue;
      const double difference = a.value - b.value;
      if (near(number_.value, difference, 2.0 * number_.half_width)) return false;
      for (const double scale : {1e3, 1e-3})
        slipped = slipped || near(number_.value * scale, difference, number_.half_width * scale);
    }
  }
  return slipped;
}

}  // namespace quantier::audit_internal
