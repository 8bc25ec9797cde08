#include "quantier/audit/match.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/grammar.h"
#include "quantier/audit/matcher.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/word_forms.h"

namespace quantier {
namespace audit_internal {

NumberFinding Matcher::check() {
  NumberFinding finding;
  if (number_.is_spread) return of_spread();
  if (skipped() || level_) return finding;
  const auto read = [&](const Scope& scope) {
    if (!per_thousand_) return readings_of(number_, passage_, scope);
    return std::vector<Reading>{
        {FactUnit::kFraction, number_.value / 1000.0, 0.5 / 1000.0, number_.sign != 0}};
  };
  // "In 18 % of the resamples it misses": the rest of those in which it passes.
  const Span segment = segment_at(passage_.text, number_.begin);
  const std::vector<Mention> beside = between(passage_.mentions, segment.begin, segment.end);
  const bool of_failing = resampled_ && (says(beside, "fail") || says(beside, "negation"));
  const auto add_rest = [&] {
    if (!of_failing) return;
    const std::vector<Reading> told = readings_;
    for (const Reading& each : told) {
      if (each.unit == FactUnit::kFraction)
        readings_.push_back({each.unit, 1.0 - each.value, each.half_width, false});
    }
  };
  readings_ = read(scopes_.narrow);
  add_rest();
  if (bound_broken(finding)) return finding;
  if (number_.in_brackets && !owner_.empty()) {
    // The interval of the number before it, and of no other.
    if (of_owner(finding)) return finding;
    if (finding.verdict == NumberVerdict::kContradicts && excuse().empty()) return finding;
    finding = {};
  }
  if (matched(scopes_.narrow, finding)) return finding;
  readings_ = read(scopes_.wide);
  add_rest();
  if (derived(finding)) return finding;
  if (is_limit(finding)) return finding;
  const bool candidates_near = any_candidate(scopes_.narrow);
  NumberFinding wide;
  if (matched(scopes_.wide, wide)) {
    if (scopes_.narrow.pinned() && candidates_near && checkable() && !number_.in_words && excuse().empty()) {
      // Of whom it is said, but of which tier or fit only the text around says: then it may be of another.
      Scope own = scopes_.narrow;
      own.tier = scopes_.plausible.tier;
      own.label = scopes_.plausible.label;
      own.fit = scopes_.plausible.fit;
      const bool relaxed =
          own.tier.values != scopes_.narrow.tier.values || own.fit.values != scopes_.narrow.fit.values;
      if (relaxed && !scopes_.narrow.tier.pinned && !scopes_.narrow.fit.pinned && may_be(own)) {
        finding.why = "it may be of something that its sentence does not name";
        return finding;
      }
      // A range without a precision of its own runs over all of them.
      if (!scopes_.narrow.recipe.pinned && number_.in_range && !number_.in_brackets) {
        own = scopes_.narrow;
        own.recipe = {};
        if (may_be(own)) return wide;
      }
      if (stands_in_a_comparison()) {
        finding.why = "one of two that are compared, and whose is whose only the text around says";
        return finding;
      }
      return alarm(NumberVerdict::kElsewhere, scopes_.narrow, wide.facts);
    }
    return wide;
  }
  if (slipped_unit(finding)) return finding;
  if (const std::string reason = excuse(); !reason.empty()) {
    finding.why = reason;
    finding.set_aside = true;
    return finding;
  }
  if (!checkable() && !per_thousand_) {
    finding.why = "the sentence does not say what is measured";
    return finding;
  }
  // A count of something that its own clause does not name may be of anything.
  const bool count =
      number_.integer && number_.unit == WrittenUnit::kNone && passage_.kind == PassageKind::kSentence;
  if (count && (is_a_total() || !scopes_.narrow.metric.pinned)) {
    finding.why = "a number of things that are not named beside it";
    return finding;
  }
  if (counts_what_nobody_named()) {
    finding.why = "a whole number beside a share: of what, only its cell says";
    return finding;
  }
  // "needs 1.8 MB less": of something that may stand in another sentence.
  const std::string_view behind =
      std::string_view(passage_.text).substr(std::min(number_.end, passage_.text.size()), 10);
  const bool cost = number_.unit == WrittenUnit::kMilliseconds || number_.unit == WrittenUnit::kBytes;
  if (cost && follows_difference()) {
    finding.why = "a difference to something that is not named beside it";
    return finding;
  }
  if (is_share_of_something()) {
    finding.why = "a share of something else than what is measured";
    return finding;
  }
  if (is_cost_without_unit()) {
    finding.why = "a cost without its unit";
    return finding;
  }
  if (cost && compared_behind(behind)) {
    finding.why = "a difference to something that is not named beside it";
    return finding;
  }
  if (differs_from_somebody()) {
    finding.why = "a difference to something that is not named beside it";
    return finding;
  }
  if (cost && scopes_.wide.model.values.empty() && scopes_.wide.recipe.values.empty() &&
      passage_.kind == PassageKind::kSentence) {
    finding.why = "nobody is named whose it could be";
    return finding;
  }
  // A range without a precision of its own runs over all of them, whatever the text around speaks of.
  Scope plausible = scopes_.plausible;
  if (!scopes_.narrow.recipe.pinned && number_.in_range && !number_.in_brackets) plausible.recipe = {};
  // Where its own sentence names nobody and the text around speaks of several, it may be any of theirs.
  const bool several = said(passage_.before, MentionKind::kModel).size() > 1 ||
                       said(passage_.before, MentionKind::kRecipe).size() > 1;
  if (several && passage_.kind == PassageKind::kSentence &&
      said(passage_.mentions, MentionKind::kModel).empty() &&
      said(passage_.mentions, MentionKind::kRecipe).empty()) {
    if (!scopes_.narrow.recipe.pinned) plausible.recipe = {};
    if (!scopes_.narrow.model.pinned) plausible.model = {};
  }
  if (may_be(plausible)) {
    finding.why = "it may be of something that its sentence does not name";
    return finding;
  }
  // "would reopen if its macro-F1 were level with 0.653": a supposition names what it compares with.
  const bool interval = number_.in_range || number_.in_brackets;
  if (says(passage_.mentions, "would_change") && number_.sign == 0 && !interval && !told_of_today() &&
      !anywhere().empty()) {
    finding.why = "a supposition, which compares with what something else has";
    return finding;
  }
  if (is_room_left()) {
    finding.why = "what is left to a limit";
    return finding;
  }
  if (is_worth_of_one()) {
    finding.why = "what one example is worth";
    return finding;
  }
  if (is_gate_value()) {
    finding.why = "what a gate lets through, or how often that is right";
    return finding;
  }
  if (of_another_metric()) {
    finding.why = "its clause does not say what is measured, and something else has this value";
    return finding;
  }
  const Scope& scope = candidates_near ? scopes_.narrow : scopes_.wide;
  const std::vector<std::size_t> elsewhere = anywhere();
  if (any_candidate(scope)) {
    if (const PublishedValue* value = in_published_table()) return published_alarm(*value);
    if (stands_in_a_comparison()) {
      finding.why = "one of two that are compared, and whose is whose only the text around says";
      return finding;
    }
    return alarm(elsewhere.empty() ? NumberVerdict::kContradicts : NumberVerdict::kElsewhere, scope,
                 elsewhere);
  }
  if (!elsewhere.empty()) {
    finding.why = "a fact has this value, but the sentence seems to speak of something else";
    return finding;
  }
  if (const PublishedValue* value = in_published_table()) return published_alarm(*value);
  if (number_.in_words) {
    finding.why = "a number in words, which may be a way of speaking";
    return finding;
  }
  // Nothing measures it: an alarm only of what is plainly a cost of one configuration.
  if (!cost || !scopes_.narrow.model.pinned || !scopes_.narrow.recipe.pinned) {
    finding.why = "the evidence has no number that this could be compared with";
    return finding;
  }
  finding.verdict = NumberVerdict::kUnsourced;
  finding.why = "the evidence has no number for this";
  return finding;
}

// A whole number without a unit, in a cell: "2 wrong, 1 right" behind a change, or "4,886" texts in a column
// about accuracy. A share is no such number, so no share contradicts it.
bool Matcher::counts_what_nobody_named() const {
  constexpr double kMoreThanPerCent = 100.0;
  if (passage_.kind != PassageKind::kCell || !number_.integer || number_.unit != WrittenUnit::kNone ||
      number_.pair != 0 || passage_.column_unit == WrittenUnit::kRate)
    return false;
  return passage_.numbers.size() > 1 || std::fabs(number_.value) > kMoreThanPerCent;
}

// "0.0033 left", "0.003 of room": how far somebody who is meant stays from a limit.
bool Matcher::is_room_left() const {
  const std::string_view behind =
      std::string_view(passage_.text).substr(std::min(number_.end, passage_.text.size()));
  const bool room = std::ranges::any_of(
      std::array<std::string_view, 8>{" left", " of room", " of headroom", " headroom", " to spare",
                                      " of slack", " of margin", " below the limit"},
      [&](std::string_view word) { return behind.starts_with(word); });
  return room && std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
           return fact.metric.ends_with("_headroom") &&
                  std::ranges::any_of(readings_, [&](const Reading& each) { return value_fits(fact, each); });
         });
}

// "One text is 4.5 points": one of the examples of a class or a tier.
bool Matcher::is_worth_of_one() const {
  const bool share = number_.unit == WrittenUnit::kPoints || number_.unit == WrittenUnit::kPercent;
  const std::string text = lowered(passage_.text);
  const bool one = text.starts_with("one ") || text.find(" one ") != std::string::npos ||
                   text.find("single") != std::string::npos || text.find("each ") != std::string::npos;
  if (!share || !one || number_.value <= 0.0) return false;
  return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
    return (fact.metric == "n" || fact.metric == "class_n") && fact.unit == FactUnit::kCount &&
           fact.value > 0.0 && near(number_.value, 1.0 / fact.value, number_.half_width);
  });
}

// "answers 70.4 %, and 94.2 % of them are right": both are of a gate, which no word says.
bool Matcher::is_gate_value() const {
  constexpr double kTelling = 0.004;
  const std::string text = lowered(passage_.text);
  const bool spoken_of = std::ranges::any_of(
      std::array<std::string_view, 10>{"answer", "gate", "confiden", "thresh", "file", "automat", "by itself",
                                       "alone", "let through", "lets through"},
      [&](std::string_view stem) { return text.find(stem) != std::string::npos; });
  if (!spoken_of || scopes_.narrow.label.pinned) return false;
  const double value =
      number_.unit == WrittenUnit::kPercent || number_.unit == WrittenUnit::kNone ? number_.value : -1.0;
  if (value <= 0.0 || value >= 1.0 || number_.sign != 0 || number_.half_width > kTelling * value)
    return false;
  return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
    return (fact.metric == "gate_share" || fact.metric == "gate_accuracy") && fact.role == FactRole::kValue &&
           scopes_.narrow.model.allows(fact.model) && scopes_.narrow.recipe.allows(fact.recipe) &&
           near(value, fact.value, number_.half_width);
  });
}

// "its calibration error is 3.3 points, its rare sections come to 42.0 %": what was named for one number need
// not hold for the next.
bool Matcher::of_another_metric() const {
  // Few digits are anybody's: the value has to tell something by itself.
  constexpr double kTelling = 0.004;
  if (passage_.kind != PassageKind::kSentence || number_.in_brackets || number_.integer ||
      number_.half_width > kTelling * std::fabs(number_.value))
    return false;
  const auto index = static_cast<std::size_t>(&number_ - passage_.numbers.data());
  // A fit is one of calibration.
  const Reader reader(passage_, index);
  if (reader.metric_in_clause() || reader.metric_before_brackets() || scopes_.narrow.label.pinned ||
      !said(passage_.mentions, MentionKind::kFit).empty())
    return false;
  Scope open = scopes_.plausible;
  open.model = scopes_.narrow.model;
  open.recipe = scopes_.narrow.recipe;
  open.metric = {};
  open.fit = {};
  return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
    const bool other = fact.role == FactRole::kValue && !scopes_.wide.metric.allows(fact.metric) &&
                       in_scope(fact, open) && device_fits(fact);
    return other &&
           std::ranges::any_of(readings_, [&](const Reading& each) { return value_fits(fact, each); });
  });
}

const PublishedValue* Matcher::in_published_table() const {
  for (const PublishedWork& work : published_.works) {
    if (!work.table) continue;
    for (const PublishedValue& value : work.values) {
      if (!value.metric.empty() && !scopes_.wide.metric.values.empty() &&
          !scopes_.wide.metric.allows(value.metric))
        continue;
      for (const Reading& reading : readings_) {
        if (near(reading.value, value.value, reading.half_width + value.half_width)) {
          work_ = &work;
          return &value;
        }
      }
    }
  }
  return nullptr;
}

NumberFinding Matcher::published_alarm(const PublishedValue& value) const {
  return {.verdict = NumberVerdict::kPublished,
          .facts = {},
          .why = fmt::format("not your run: {} has it ({})", work_->name, value.what)};
}

NumberFinding Matcher::alarm(NumberVerdict verdict, const Scope& scope,
                             const std::vector<std::size_t>& elsewhere) const {
  // The fact nearest to what is written, of those it should be.
  const Fact* nearest = nullptr;
  double distance = std::numeric_limits<double>::infinity();
  for (const Fact& fact : evidence_.facts) {
    if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep) continue;
    if (!role_fits(fact) || !metric_fits_unit(fact) || !in_scope(fact, scope) || !device_fits(fact)) continue;
    for (const Reading& reading : readings_) {
      if (reading.unit != fact.unit) continue;
      const double off = std::fabs(reading.value - fact.value);
      if (off < distance) {
        distance = off;
        nearest = &fact;
      }
    }
  }
  NumberFinding finding{.verdict = verdict, .facts = elsewhere, .why = {}};
  if (nearest != nullptr) finding.why = fmt::format("the evidence has {}", fact_text(*nearest));
  if (!elsewhere.empty()) {
    finding.why += fmt::format("{}this is the number of {}", finding.why.empty() ? "" : "; ",
                               fact_text(evidence_.facts[elsewhere.front()]));
  }
  return finding;
}

}  // namespace audit_internal

using audit_internal::Matcher;

const char* number_verdict_name(NumberVerdict verdict) {
  switch (verdict) {
    case NumberVerdict::kSourced:
      return "sourced";
    case NumberVerdict::kDerived:
      return "derived";
    case NumberVerdict::kContradicts:
      return "contradicts";
    case NumberVerdict::kElsewhere:
      return "of something else";
    case NumberVerdict::kPublished:
      return "published, not your run";
    case NumberVerdict::kUnsourced:
      return "unsourced";
    case NumberVerdict::kNotChecked:
      return "not checked";
  }
  return "not checked";
}

NumberFinding check_number(const Passage& passage, std::size_t number, const AuditEvidence& evidence,
                           const Published& published, const std::vector<std::size_t>& owner) {
  NumberFinding finding = Matcher(passage, number, evidence, published, owner).check();
  const WrittenNumber& written = passage.numbers[number];
  const bool unread = finding.verdict == NumberVerdict::kNotChecked && !finding.set_aside && !written.integer;
  if ((!is_alarm(finding.verdict) && !unread) || written.listed_unit == WrittenUnit::kNone) return finding;
  // "3.19 and 7.92 ms": read once more with the unit that stands behind the list.
  Passage other = passage;
  WrittenNumber& changed = other.numbers[number];
  changed.unit = written.listed_unit;
  changed.value *= written.listed_scale;
  changed.half_width *= written.listed_scale;
  changed.scale = written.listed_scale;
  changed.binary_scale = written.listed_binary;
  NumberFinding again = Matcher(other, number, evidence, published, owner).check();
  return is_alarm(again.verdict) && !unread ? finding : again;
}

}  // namespace quantier
