// Which facts a number can be.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "quantier/audit/grammar.h"
#include "quantier/audit/matcher.h"

namespace quantier::audit_internal {

bool Matcher::role_fits(const Fact& fact) const {
  const bool end = fact.role == FactRole::kLow || fact.role == FactRole::kHigh;
  if (!number_.in_brackets) {
    // With an interval in brackets beside it, this is what the interval is of.
    if (end && !number_.in_range && brackets_) return false;
    if (end && place_ != 0 && (place_ == 1) != (fact.role == FactRole::kLow)) return false;
    if (!end && place_ != 0 && passage_.kind == PassageKind::kCell && !number_.in_range) return false;
    return !end || interval_said_;
  }
  return end && (place_ == 0 || (place_ == 1) == (fact.role == FactRole::kLow));
}

double Matcher::tolerance(const Fact& fact, const Reading& reading) const {
  double half = reading.half_width;
  if (scopes_.approximate) half = std::max(2.0 * half, 0.05 * std::fabs(reading.value));
  return half + 3.0 * fact.monte_carlo_sd;
}

bool Matcher::value_fits(const Fact& fact, const Reading& reading) const {
  if (fact.unit != reading.unit || (reading.difference && !fact.difference)) return false;
  const double limit = tolerance(fact, reading);
  if (near(reading.value, fact.value, limit)) return true;
  if (!fact.difference) return false;
  // "falls by 2.8 points" is the same as "-2.8 points".
  return number_.sign == 0 && near(std::fabs(reading.value), std::fabs(fact.value), limit);
}

bool Matcher::metric_fits_unit(const Fact& fact) const {
  // A probability of chance has no sign.
  if (fact.metric == "p" && number_.sign != 0) return false;
  // Points are differences, or errors; nobody says "80 points" of an accuracy and means its value.
  return number_.unit != WrittenUnit::kPoints || fact.difference || fact.role == FactRole::kLimit ||
         fact.metric == "ece" || fact.metric == "detectable" || fact.metric == "margin";
}

bool Matcher::difference_fits(const Fact& fact) const {
  if (!sides_fit(fact)) return false;
  // How far resampling shifts a number is told under its own name.
  if (fact.metric == "macro_f1_bias" && passage_.kind == PassageKind::kSentence &&
      passage_.text.find("bias") == std::string::npos)
    return false;
  if (!fact.difference || passage_.kind != PassageKind::kSentence) return true;
  return scopes_.is_difference || number_.unit == WrittenUnit::kPoints || number_.in_brackets ||
         number_.in_range || number_.integer || counts_in_points(passage_);
}

// "The difference between int8 and int4": of these two, and of no others.
bool Matcher::sides_fit(const Fact& fact) const {
  if (fact.metric != "macro_f1_difference" || fact.against_recipe.empty() ||
      passage_.kind != PassageKind::kSentence)
    return true;
  if (passage_.text.find(" between ") == std::string::npos) return true;
  const std::vector<std::string> models = said(passage_.mentions, MentionKind::kModel);
  const std::vector<std::string> recipes = said(passage_.mentions, MentionKind::kRecipe);
  if (models.size() != 1 || recipes.size() != 2) return true;
  const auto one = [&](const std::string& recipe) {
    return std::ranges::find(recipes, recipe) != recipes.end();
  };
  return fact.model == models.front() && fact.against_model == models.front() && one(fact.recipe) &&
         one(fact.against_recipe) && fact.recipe != fact.against_recipe;
}

bool Matcher::matched(const Scope& scope, NumberFinding& finding) const {
  for (std::size_t i = 0; i < evidence_.facts.size(); ++i) {
    const Fact& fact = evidence_.facts[i];
    // The value first: there are thousands of facts, and few of them have it.
    if (std::ranges::none_of(readings_, [&](const Reading& each) { return value_fits(fact, each); }))
      continue;
    if (!role_fits(fact) || !metric_fits_unit(fact) || !difference_fits(fact) || !in_scope(fact, scope) ||
        !device_fits(fact) || !ratio_fits(fact))
      continue;
    if ((fact.role == FactRole::kLimit || fact.role == FactRole::kStep) && !limit_said_) continue;
    if (fact.role == FactRole::kStep && !step_said_) continue;
    if (fact.metric == "resampled_share" && !resampled_) continue;
    finding.facts.push_back(i);
  }
  if (finding.facts.empty()) return false;
  finding.metric_is_known = !scope.metric.values.empty() && scopes_.metric_is_near;
  finding.verdict = NumberVerdict::kSourced;
  return true;
}

// Whether anything that a number may be of at all has this value, told as a difference or not.
bool Matcher::may_be(const Scope& scope) const {
  return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
    if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep ||
        (fact.role != FactRole::kValue) != number_.in_brackets)
      return false;
    return std::ranges::any_of(readings_, [&](const Reading& each) { return value_fits(fact, each); }) &&
           in_scope(fact, scope) && device_fits(fact);
  });
}

bool Matcher::same_subject(const Fact& a, const Fact& b) {
  return a.metric == b.metric && a.model == b.model && a.recipe == b.recipe && a.tier == b.tier &&
         a.label == b.label && a.fit == b.fit && a.against_model == b.against_model &&
         a.against_recipe == b.against_recipe;
}

bool Matcher::of_owner(NumberFinding& finding) const {
  const auto own = [&](const Fact& fact) {
    return fact.role != FactRole::kValue && role_fits(fact) &&
           std::ranges::any_of(owner_, [&](std::size_t o) { return same_subject(evidence_.facts[o], fact); });
  };
  for (std::size_t i = 0; i < evidence_.facts.size(); ++i) {
    const Fact& fact = evidence_.facts[i];
    const bool fits =
        std::ranges::any_of(readings_, [&](const Reading& each) { return value_fits(fact, each); });
    if (fits && own(fact)) finding.facts.push_back(i);
  }
  if (!finding.facts.empty()) {
    finding.verdict = NumberVerdict::kSourced;
    return true;
  }
  const auto nearest = std::ranges::find_if(evidence_.facts, own);
  if (nearest != evidence_.facts.end()) {
    finding.verdict = NumberVerdict::kContradicts;
    finding.why = fmt::format("the evidence has {}", fact_text(*nearest));
  }
  return false;
}

// "0.0 ± 0.3": both ends of the interval that the value before it has, or nothing that could be said.
NumberFinding Matcher::of_spread() const {
  NumberFinding finding;
  for (std::size_t i = 0; i < evidence_.facts.size(); ++i) {
    const Fact& fact = evidence_.facts[i];
    if (fact.role != FactRole::kLow && fact.role != FactRole::kHigh) continue;
    for (const std::size_t o : owner_) {
      const Fact& own = evidence_.facts[o];
      // Value and spread are both rounded.
      const double slack = 2.0 * number_.half_width + 3.0 * fact.monte_carlo_sd;
      if (same_subject(own, fact) && near(number_.value, std::fabs(fact.value - own.value), slack))
        finding.facts.push_back(i);
    }
  }
  if (finding.facts.empty()) {
    finding.why = "how far, of a value whose interval is not known";
  } else {
    finding.verdict = NumberVerdict::kSourced;
  }
  return finding;
}

// A declared bound beside what is held against it: "ECE 0.033 where 0.025 is allowed".
bool Matcher::is_limit(NumberFinding& finding) const {
  if (number_.in_brackets || number_.sign != 0) return false;
  const Fact* other = nullptr;
  for (std::size_t i = 0; i < evidence_.facts.size(); ++i) {
    const Fact& fact = evidence_.facts[i];
    if (fact.role != FactRole::kLimit || fact.difference) continue;
    // "passes 0.45": the word says that it is a limit, and the digits which.
    const bool verdict = says(passage_.mentions, "pass") || says(passage_.mentions, "fail");
    const auto index = static_cast<std::size_t>(&number_ - passage_.numbers.data());
    const bool named = scopes_.wide.metric.allows(fact.metric) || scopes_.narrow.metric.allows(fact.metric) ||
                       (verdict && !Reader(passage_, index).metric_in_clause());
    if (!named) continue;
    for (const Reading& reading : readings_) {
      if (reading.unit != fact.unit || std::fabs(reading.value - fact.value) > 1e-9 * std::fabs(fact.value))
        continue;
      // "accuracy in mid at least 0.45", where the limit is one on the tail.
      if (!fact.tier.empty() && scopes_.narrow.tier.pinned && !scopes_.narrow.tier.allows(fact.tier)) {
        other = &fact;
        continue;
      }
      finding.facts.push_back(i);
      finding.verdict = NumberVerdict::kSourced;
      return true;
    }
  }
  const bool of_nobody = said(passage_.mentions, MentionKind::kModel).empty() &&
                         said(passage_.mentions, MentionKind::kRecipe).empty() &&
                         said(passage_.row_mentions, MentionKind::kModel).empty();
  if (other != nullptr && of_nobody && passage_.kind == PassageKind::kSentence) {
    finding.verdict = NumberVerdict::kElsewhere;
    finding.why = fmt::format("this limit is one on {}", other->tier);
    return true;
  }
  return false;
}

bool Matcher::any_candidate(const Scope& scope) const {
  return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
    if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep ||
        std::ranges::none_of(readings_, [&](const Reading& each) { return each.unit == fact.unit; }))
      return false;
    if (fact.model.empty() && fact.metric != "n" && fact.metric != "classes" &&
        fact.metric != "resampled_share")
      return false;
    return role_fits(fact) && metric_fits_unit(fact) && in_scope(fact, scope) && device_fits(fact);
  });
}

std::vector<std::size_t> Matcher::anywhere() const {
  Scope open;
  open.metric = scopes_.wide.metric;
  open.label = scopes_.wide.label;
  NumberFinding found;
  static_cast<void>(matched(open, found));
  return found.facts;
}

// What was modelled for other hardware is the number of nothing else.
bool Matcher::device_fits(const Fact& fact) const {
  if (fact.source != FactSource::kModelled) return true;
  if (!says_modelled()) return false;
  if (fact.device.empty()) return true;
  for (const std::string* text :
       {&passage_.text, &passage_.row_text, &passage_.column_text, &passage_.around_text}) {
    if (text->find(fact.device) != std::string::npos) return true;
  }
  return false;
}

// A multiple is of the configuration that the sentence compares with, where it names one.
bool Matcher::ratio_fits(const Fact& fact) const {
  if (fact.unit != FactUnit::kRatio || fact.against_recipe.empty() || passage_.kind != PassageKind::kSentence)
    return true;
  const std::vector<std::string> recipes = said(passage_.mentions, MentionKind::kRecipe);
  const bool named =
      recipes.size() > 1 || (recipes.size() == 1 && recipes.front() == evidence_.reference_recipe);
  if (!named) return true;
  const std::vector<std::string> models = said(passage_.mentions, MentionKind::kModel);
  const auto among = [](const std::vector<std::string>& list, const std::string& name) {
    return list.empty() || std::ranges::find(list, name) != list.end();
  };
  return among(recipes, fact.against_recipe) && among(models, fact.against_model) &&
         among(models, fact.model) && (recipes.size() == 1 || among(recipes, fact.recipe));
}

bool Matcher::bound_broken(NumberFinding& finding) const {
  if (number_.in_brackets || number_.in_range || passage_.kind != PassageKind::kSentence || passage_.appendix)
    return false;
  std::string before = passage_.text.substr(number_.begin > 20 ? number_.begin - 20 : 0,
                                            std::min<std::size_t>(20, number_.begin));
  while (before.ends_with(' ')) before.pop_back();
  const auto ends_with = [&](std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return before.ends_with(word); });
  };
  const bool below = ends_with(
      {"<", "≤", "<=", " under", " below", " less than", " fewer than", " at most", " no more than"});
  const bool above =
      ends_with({">", "≥", ">=", " over", " above", " more than", " at least", " no less than"});
  if (below == above || says(passage_.mentions, "would_change")) return false;
  for (const char* word : {"negation", "hedge", "hypothetical", "limit", "pass", "fail", "binds",
                           "per-thousand", "resampled", "prior"}) {
    // "≤" and the like are themselves words of limits.
    if (says(passage_.mentions, word) && !(std::string_view(word) == "limit" && only_signs_of_limits()))
      return false;
  }
  const bool of_p = scopes_.wide.metric.values == std::vector<std::string>{"p"};
  if (!of_p &&
      (!scopes_.narrow.model.pinned || !scopes_.narrow.recipe.pinned || !scopes_.narrow.metric.pinned))
    return false;
  if (of_p && (scopes_.wide.model.values.empty() || scopes_.wide.recipe.values.empty())) return false;
  const Scope& scope = of_p ? scopes_.wide : scopes_.narrow;
  const Fact* nearest = nullptr;
  for (const Fact& fact : evidence_.facts) {
    if (fact.role != FactRole::kValue || fact.difference || fact.source == FactSource::kModelled ||
        !in_scope(fact, scope) || fact.model.empty() || fact.metric.ends_with("_headroom"))
      continue;
    for (const Reading& reading : readings_) {
      if (reading.unit != fact.unit || reading.difference) continue;
      const double off = below ? fact.value - reading.value : reading.value - fact.value;
      if (off <= reading.half_width) return false;
      nearest = &fact;
    }
  }
  if (nearest == nullptr) return false;
  finding.verdict = NumberVerdict::kContradicts;
  finding.why = fmt::format("the evidence has {}", fact_text(*nearest));
  return true;
}

// Whether no word of the passage speaks of a limit, signs apart.
bool Matcher::only_signs_of_limits() const {
  return std::ranges::none_of(passage_.mentions,
                              [&](const Mention& each) {
                                return each.kind == MentionKind::kWord && each.means.front() == "limit" &&
                                       std::isalpha(static_cast<unsigned char>(passage_.text[each.begin])) !=
                                           0 &&
                                       each.end > number_.begin;
                              }) &&
         std::ranges::none_of(passage_.mentions, [&](const Mention& each) {
           return each.kind == MentionKind::kWord && each.means.front() == "limit" &&
                  std::isalpha(static_cast<unsigned char>(passage_.text[each.begin])) != 0 &&
                  passage_.text.substr(each.begin, 3) != "at ";
         });
}

}  // namespace quantier::audit_internal
