#include "quantier/audit/match.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "quantier/audit/reading.h"

namespace quantier {
namespace {

using audit_internal::mentions_count;
using audit_internal::Reading;
using audit_internal::readings_of;

bool called_modelled(std::string_view text) {
  return text.find("modelled") != std::string_view::npos || text.find("Modelled") != std::string_view::npos;
}

bool near(double written, double known, double tolerance) {
  return std::fabs(written - known) <= tolerance * (1.0 + 1e-9) + 1e-12;
}

class Matcher {
 public:
  Matcher(const Passage& passage, std::size_t index, const AuditEvidence& evidence,
          const Published& published, const std::vector<std::size_t>& owner)
      : passage_(passage),
        owner_(owner),
        number_(passage.numbers[index]),
        evidence_(evidence),
        published_(published),
        scopes_(scopes_of(passage, index, evidence)) {
    // Of two numbers in brackets the first is the lower end.
    const std::vector<WrittenNumber>& numbers = passage.numbers;
    if (number_.in_brackets && index + 1 < numbers.size() && numbers[index + 1].in_brackets &&
        !(index > 0 && numbers[index - 1].in_brackets && paired(index - 1))) {
      place_ = paired(index) ? 1 : 0;
    } else if (number_.in_brackets && index > 0 && numbers[index - 1].in_brackets && paired(index - 1)) {
      place_ = 2;
    }
    if (passage.kind == PassageKind::kCell && !number_.in_brackets) place_ = column_end(passage.column_text);
    if (number_.in_range && !number_.in_brackets) {
      const bool first = index + 1 < numbers.size() && numbers[index + 1].in_range && joins_range(index);
      place_ = first ? 1 : 2;
    }
    brackets_ = std::ranges::any_of(numbers, &WrittenNumber::in_brackets);
    for (const std::vector<Mention>* list :
         {&passage.mentions, &passage.column_mentions, &passage.row_mentions}) {
      for (const char* word :
           {"limit", "fail", "pass", "hypothetical", "would_change", "bounding", "binds"}) {
        limit_said_ = limit_said_ || says(*list, word);
      }
    }
    interval_said_ = number_.in_brackets || number_.in_range;
    if (passage.kind != PassageKind::kSentence) {
      interval_said_ = interval_said_ || says(passage.mentions, "interval") ||
                       says(passage.column_mentions, "interval") || says(passage.row_mentions, "interval");
    }
    for (const Mention& each : passage.mentions) {
      if (each.kind != MentionKind::kWord || each.means.front() != "interval") continue;
      const std::size_t distance = each.end <= number_.begin   ? number_.begin - each.end
                                   : each.begin >= number_.end ? each.begin - number_.end
                                                               : 0;
      interval_said_ = interval_said_ || distance < 20;
      if (distance == 0 && number_.unit == WrittenUnit::kPercent) level_ = true;  // "95 %" itself
    }
  }

  NumberFinding check() {
    NumberFinding finding;
    if (skipped() || level_) return finding;
    readings_ = readings_of(number_, passage_, scopes_.narrow);
    if (number_.in_brackets && !owner_.empty()) {
      // The interval of the number before it, and of no other.
      if (of_owner(finding)) return finding;
      if (finding.verdict == NumberVerdict::kContradicts && excuse().empty()) return finding;
      finding = {};
    }
    if (matched(scopes_.narrow, finding)) return finding;
    readings_ = readings_of(number_, passage_, scopes_.wide);
    if (derived(finding)) return finding;
    const bool candidates_near = any_candidate(scopes_.narrow);
    NumberFinding wide;
    if (matched(scopes_.wide, wide)) {
      if (scopes_.narrow.pinned() && candidates_near && checkable() && excuse().empty()) {
        return alarm(NumberVerdict::kElsewhere, scopes_.narrow, wide.facts);
      }
      return wide;
    }
    if (const std::string reason = excuse(); !reason.empty()) {
      finding.why = reason;
      return finding;
    }
    if (!checkable()) {
      finding.why = "the sentence does not say what is measured";
      return finding;
    }
    const Scope& scope = candidates_near ? scopes_.narrow : scopes_.wide;
    const std::vector<std::size_t> elsewhere = anywhere();
    if (any_candidate(scope)) {
      if (const PublishedValue* value = in_published_table()) return published_alarm(*value);
      return alarm(elsewhere.empty() ? NumberVerdict::kContradicts : NumberVerdict::kElsewhere, scope,
                   elsewhere);
    }
    if (!elsewhere.empty()) {
      finding.why = "a fact has this value, but the sentence seems to speak of something else";
      return finding;
    }
    if (const PublishedValue* value = in_published_table()) return published_alarm(*value);
    finding.verdict = NumberVerdict::kUnsourced;
    finding.why = "the evidence has no number for this";
    return finding;
  }

 private:
  // Whether nothing but a word or dash of a range stands between this number and the next.
  bool joins_range(std::size_t at) const {
    const WrittenNumber& one = passage_.numbers[at];
    const WrittenNumber& two = passage_.numbers[at + 1];
    if (one.end > two.begin) return false;
    const std::string gap = passage_.text.substr(one.end, two.begin - one.end);
    return gap == " to " || gap == "–" || gap == " – " || gap == "-" || gap == " and ";
  }

  // "95 % CI low": which end of an interval a column holds.
  static int column_end(std::string_view header) {
    std::string words = " ";
    for (const char c : header)
      words += std::isalnum(static_cast<unsigned char>(c)) != 0
                   ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
                   : ' ';
    words += ' ';
    for (const char* low : {" low ", " lower ", " lo "}) {
      if (words.find(low) != std::string::npos) return 1;
    }
    for (const char* high : {" high ", " upper ", " hi "}) {
      if (words.find(high) != std::string::npos) return 2;
    }
    return 0;
  }

  // Whether this number and the next stand alone in one pair of brackets.
  bool paired(std::size_t at) const {
    const std::string_view text = passage_.text;
    const WrittenNumber& one = passage_.numbers[at];
    const WrittenNumber& two = passage_.numbers[at + 1];
    if (one.end > two.begin) return false;
    const std::string_view gap = text.substr(one.end, two.begin - one.end);
    return gap.find(']') == std::string_view::npos && gap.find('[') == std::string_view::npos;
  }

  // Not a statement about a measurement.
  bool skipped() const {
    if (number_.unit != WrittenUnit::kNone) return false;
    if (!number_.integer) return false;
    if (passage_.kind == PassageKind::kCell) {
      // "11 / 4" under a caption that says what is counted.
      const bool pair = passage_.numbers.size() == 2 && passage_.text.find('/') != std::string::npos;
      return !scopes_.narrow.metric.pinned && !(pair && mentions_count(scopes_.narrow.metric));
    }
    return !(scopes_.metric_is_near &&
             (mentions_count(scopes_.narrow.metric) || mentions_count(scopes_.wide.metric)));
  }

  // Whether it is known what kind of quantity this is.
  bool checkable() const {
    switch (number_.unit) {
      case WrittenUnit::kMilliseconds:
      case WrittenUnit::kBytes:
      case WrittenUnit::kPoints:
        return true;
      case WrittenUnit::kTimes:
        return scopes_.metric_is_near;
      case WrittenUnit::kRate:
      case WrittenUnit::kOther:
        return false;
      case WrittenUnit::kPercent:
        return scopes_.metric_is_near;
      case WrittenUnit::kNone:
        break;
    }
    if (counts_in_points(passage_) && scopes_.narrow.tier.pinned) return true;
    if (number_.integer && passage_.kind != PassageKind::kCell) {
      // Counts are everywhere; only one that is tied to a configuration or a tier is a finding.
      // A plain number of examples is of whatever was counted, unless a tier is tied to it.
      if (scopes_.narrow.metric.allows("n") && !scopes_.narrow.tier.pinned) return false;
      return scopes_.narrow.metric.pinned && (scopes_.narrow.recipe.pinned || scopes_.narrow.tier.pinned ||
                                              !said(passage_.mentions, MentionKind::kRecipe).empty());
    }
    return scopes_.metric_is_near || !said(passage_.before, MentionKind::kMetric).empty();
  }

  // Why an unexplained number may stand.
  std::string excuse() const {
    if (passage_.appendix) return "protocol and provenance are not compared";
    if (scopes_.convention) return "a convention or a setting";
    for (const std::vector<Mention>* list :
         {&passage_.mentions, &passage_.before, &passage_.lead_in, &passage_.column_mentions}) {
      if (says(*list, "resampled")) return "a share of resampled data, which another seed would draw anew";
      if (says(*list, "per-thousand")) return "counted per thousand";
    }
    // Modelled numbers are no findings of a run: the evidence has nothing to hold them against.
    if (called_modelled(passage_.row_text) || called_modelled(passage_.text)) {
      return "called modelled, and the evidence has only what was measured";
    }
    if (says(passage_.mentions, "by-confidence"))
      return "of examples by their confidence, which no tier names";
    const bool finding = number_.sign != 0 || number_.in_brackets || number_.unit == WrittenUnit::kPoints;
    if (scopes_.hypothetical && !finding &&
        (scopes_.limit || scopes_.bounding || says(passage_.mentions, "limit"))) {
      return "a supposition, not a measurement";
    }
    if (scopes_.bounding) return "a bound, not a value";
    if (!cited_in(passage_.text, published_).empty()) {
      // A sentence that cites may still speak of one's own configurations.
      const bool own = number_.unit == WrittenUnit::kPoints || scopes_.narrow.recipe.pinned ||
                       scopes_.narrow.tier.pinned ||
                       (!said(passage_.mentions, MentionKind::kModel).empty() &&
                        !said(passage_.mentions, MentionKind::kRecipe).empty());
      if (!own || number_.unit == WrittenUnit::kTimes || number_.unit == WrittenUnit::kOther)
        return "of a cited work";
    }
    if (says(passage_.mentions, "hardware") &&
        (scopes_.hypothetical || says(passage_.mentions, "modelled"))) {
      return "of other hardware, and said to be no measurement";
    }
    if (says(passage_.mentions, "prior") && !evidence_.has_earlier_calibration) return "of an earlier note";
    return {};
  }

  bool role_fits(const Fact& fact) const {
    const bool end = fact.role == FactRole::kLow || fact.role == FactRole::kHigh;
    if (!number_.in_brackets) {
      // With an interval in brackets beside it, this is what the interval is of.
      if (end && !number_.in_range && brackets_) return false;
      if (end && place_ != 0 && (place_ == 1) != (fact.role == FactRole::kLow)) return false;
      return !end || interval_said_;
    }
    return end && (place_ == 0 || (place_ == 1) == (fact.role == FactRole::kLow));
  }

  double tolerance(const Fact& fact, const Reading& reading) const {
    double half = reading.half_width;
    if (scopes_.approximate) half = std::max(2.0 * half, 0.05 * std::fabs(reading.value));
    return half + 3.0 * fact.monte_carlo_sd;
  }

  bool value_fits(const Fact& fact, const Reading& reading) const {
    if (fact.unit != reading.unit || (reading.difference && !fact.difference)) return false;
    const double limit = tolerance(fact, reading);
    if (near(reading.value, fact.value, limit)) return true;
    if (!fact.difference) return false;
    // "falls by 2.8 points" is the same as "-2.8 points".
    return number_.sign == 0 && near(std::fabs(reading.value), std::fabs(fact.value), limit);
  }

  bool metric_fits_unit(const Fact& fact) const {
    // Points are differences, or errors; nobody says "80 points" of an accuracy and means its value.
    return number_.unit != WrittenUnit::kPoints || fact.difference || fact.role == FactRole::kLimit ||
           fact.metric == "ece" || fact.metric == "detectable" || fact.metric == "margin";
  }

  // A plain number is a difference only where something says so.
  bool difference_fits(const Fact& fact) const {
    if (!fact.difference || passage_.kind != PassageKind::kSentence) return true;
    return scopes_.is_difference || number_.unit == WrittenUnit::kPoints || number_.in_brackets ||
           number_.in_range || number_.integer || counts_in_points(passage_);
  }

  bool matched(const Scope& scope, NumberFinding& finding) const {
    for (std::size_t i = 0; i < evidence_.facts.size(); ++i) {
      const Fact& fact = evidence_.facts[i];
      if (!role_fits(fact) || !metric_fits_unit(fact) || !difference_fits(fact) || !in_scope(fact, scope))
        continue;
      if ((fact.role == FactRole::kLimit || fact.role == FactRole::kStep) && !limit_said_) continue;
      for (const Reading& reading : readings_) {
        if (value_fits(fact, reading)) {
          finding.facts.push_back(i);
          break;
        }
      }
    }
    if (finding.facts.empty()) return false;
    finding.metric_is_known = !scope.metric.values.empty() && scopes_.metric_is_near;
    finding.verdict = NumberVerdict::kSourced;
    return true;
  }

  static bool same_subject(const Fact& a, const Fact& b) {
    return a.metric == b.metric && a.model == b.model && a.recipe == b.recipe && a.tier == b.tier &&
           a.label == b.label && a.fit == b.fit && a.against_model == b.against_model &&
           a.against_recipe == b.against_recipe;
  }

  // Ends of the intervals that the owner's facts have; kContradicts when they have some, and none is this.
  bool of_owner(NumberFinding& finding) const {
    const Fact* nearest = nullptr;
    for (std::size_t i = 0; i < evidence_.facts.size(); ++i) {
      const Fact& fact = evidence_.facts[i];
      if (fact.role == FactRole::kValue || !role_fits(fact)) continue;
      const bool own =
          std::ranges::any_of(owner_, [&](std::size_t o) { return same_subject(evidence_.facts[o], fact); });
      if (!own) continue;
      nearest = &fact;
      for (const Reading& reading : readings_) {
        if (value_fits(fact, reading)) {
          finding.facts.push_back(i);
          break;
        }
      }
    }
    if (!finding.facts.empty()) {
      finding.verdict = NumberVerdict::kSourced;
      return true;
    }
    if (nearest != nullptr) {
      finding.verdict = NumberVerdict::kContradicts;
      finding.why = fmt::format("the evidence has {}", fact_text(*nearest));
    }
    return false;
  }

  bool any_candidate(const Scope& scope) const {
    return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
      if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep) return false;
      if (fact.model.empty() && fact.metric != "n" && fact.metric != "classes") return false;
      const bool unit =
          std::ranges::any_of(readings_, [&](const Reading& each) { return each.unit == fact.unit; });
      return unit && role_fits(fact) && metric_fits_unit(fact) && in_scope(fact, scope);
    });
  }

  // Facts of the same unit and metric with this value, whatever they are about.
  std::vector<std::size_t> anywhere() const {
    Scope open;
    open.metric = scopes_.wide.metric;
    open.label = scopes_.wide.label;
    NumberFinding found;
    matched(open, found);
    return found.facts;
  }

  // Two facts of the sentence and the arithmetic that people do on them.
  bool derived(NumberFinding& finding) const {
    const bool ratio = number_.unit == WrittenUnit::kTimes;
    const bool percent =
        number_.unit == WrittenUnit::kPercent && scopes_.is_difference && passage_.kind != PassageKind::kCell;
    const bool subtraction = scopes_.is_difference || number_.unit == WrittenUnit::kPoints;
    if (!ratio && !percent && !subtraction) return false;
    // Where the evidence has the difference itself, arithmetic on other numbers explains nothing.
    if (!ratio && scopes_.narrow.tier.pinned && number_.unit != WrittenUnit::kPercent) return false;
    Scope scope = scopes_.wide;
    if (!scope.recipe.values.empty()) {
      if (std::ranges::find(scope.recipe.values, evidence_.reference_recipe) == scope.recipe.values.end()) {
        scope.recipe.values.push_back(evidence_.reference_recipe);
      }
    }
    scope.fit = {};
    // "5.80 against 2.31 ms: 2.5 times": the unit says which metrics can be divided.
    if (ratio && !scopes_.metric_is_near) scope.metric = {};
    std::vector<std::size_t> operands;
    for (std::size_t i = 0; i < evidence_.facts.size(); ++i) {
      const Fact& fact = evidence_.facts[i];
      if (fact.metric == "tier_f1" || fact.metric == "probability" || fact.unit == FactUnit::kCount) continue;
      if (fact.difference || fact.role == FactRole::kLow || fact.role == FactRole::kHigh ||
          fact.role == FactRole::kStep)
        continue;
      if (!fact.label.empty() && scope.label.values.empty()) continue;
      if (in_scope(fact, scope)) operands.push_back(i);
    }
    if (operands.size() > 400) return false;
    for (const std::size_t a : operands) {
      for (const std::size_t b : operands) {
        if (a != b && explains(evidence_.facts[a], evidence_.facts[b], ratio, percent, subtraction)) {
          finding.verdict = NumberVerdict::kDerived;
          finding.facts = {a, b};
          return true;
        }
      }
    }
    return false;
  }

  bool explains(const Fact& a, const Fact& b, bool ratio, bool percent, bool subtraction) const {
    if (a.metric != b.metric || a.unit != b.unit || a.tier != b.tier || a.label != b.label) return false;
    // What one fit does to two models, or two fits to one; not both at once.
    if (a.fit != b.fit && (a.model != b.model || a.recipe != b.recipe)) return false;
    const double written = std::fabs(number_.value);
    double half = number_.half_width;
    if (scopes_.approximate) half = std::max(2.0 * half, 0.05 * written);
    const bool scale = a.metric == "latency" || a.metric == "memory";
    if (ratio) return b.value != 0.0 && near(written, a.value / b.value, half);
    if (percent && b.value != 0.0 && (scale || a.metric == "ece")) {
      if (near(written, std::fabs(a.value - b.value) / std::fabs(b.value), half)) return true;
      if (near(written, a.value / b.value, half)) return true;
    }
    if (!subtraction && !percent) return false;
    const double difference = std::fabs(a.value - b.value);
    // The difference of two rounded numbers is off by up to one unit in their last digit.
    return std::ranges::any_of(readings_, [&](const Reading& each) {
      return each.unit == a.unit &&
             near(std::fabs(each.value), difference, 2.0 * each.half_width + (half - number_.half_width));
    });
  }

  const PublishedValue* in_published_table() const {
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

  NumberFinding published_alarm(const PublishedValue& value) const {
    return {.verdict = NumberVerdict::kPublished,
            .facts = {},
            .why = fmt::format("not your run: {} has it ({})", work_->name, value.what)};
  }

  NumberFinding alarm(NumberVerdict verdict, const Scope& scope,
                      const std::vector<std::size_t>& elsewhere) const {
    // The fact nearest to what is written, of those it should be.
    const Fact* nearest = nullptr;
    double distance = std::numeric_limits<double>::infinity();
    for (const Fact& fact : evidence_.facts) {
      if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep) continue;
      if (!role_fits(fact) || !metric_fits_unit(fact) || !in_scope(fact, scope)) continue;
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

  const Passage& passage_;
  const std::vector<std::size_t>& owner_;
  const WrittenNumber& number_;
  const AuditEvidence& evidence_;
  const Published& published_;
  NumberScopes scopes_;
  std::vector<Reading> readings_;
  bool interval_said_ = false;
  bool level_ = false;       // the level of an interval, no measurement
  bool brackets_ = false;    // somewhere in the passage
  bool limit_said_ = false;  // likewise
  int place_ = 0;            // in brackets: 1 the first of two, 2 the second, 0 not known
  mutable const PublishedWork* work_ = nullptr;
};

}  // namespace

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
  if (!is_alarm(finding.verdict) || written.listed_unit == WrittenUnit::kNone) return finding;
  // "3.19 and 7.92 ms": read once more with the unit that stands behind the list.
  Passage other = passage;
  WrittenNumber& changed = other.numbers[number];
  changed.unit = written.listed_unit;
  changed.value *= written.listed_scale;
  changed.half_width *= written.listed_scale;
  changed.scale = written.listed_scale;
  changed.binary_scale = written.listed_binary;
  NumberFinding again = Matcher(other, number, evidence, published, owner).check();
  return is_alarm(again.verdict) ? finding : again;
}

}  // namespace quantier
