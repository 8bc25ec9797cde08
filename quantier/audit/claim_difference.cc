// A number that tells how far two lie apart, and which way: "trails by 0.058", "0.2 MB more than int4". Held
// against every pair that may be meant: wrong only where some pair lies so far apart, and each of these the
// other way round.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/direction_words.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

// "slower than the encoder and 0.059 behind it": who is named behind a word of comparing is not the subject.
bool is_compared_with(std::string_view text, const NamedConfiguration& named) {
  std::string_view before = text.substr(0, named.begin);
  // "Fp16 against fp16 the decoder is ahead": like against like, and then who is.
  if (before.ends_with(" against ") && before.size() >= 13 &&
      lowered(before.substr(before.size() - 13, 4)) == lowered(text.substr(named.begin, 4)))
    return false;
  for (const std::string_view article : {"the ", "its ", "that of ", "of "}) {
    if (before.ends_with(article)) before.remove_suffix(article.size());
  }
  for (const std::string_view word : {"than ", "against ", "versus ", "vs ", "vs. ", "over ", "behind ",
                                      "to ", "with ", " as ", " like "}) {
    if (before.ends_with(word)) return true;
  }
  return false;
}

bool is_cost(std::string_view metric) { return metric == "latency" || metric == "memory" || metric == "ece"; }

std::vector<const char*> metrics_of(const WrittenNumber& number) {
  switch (number.unit) {
    case WrittenUnit::kMilliseconds:
      return {"latency"};
    case WrittenUnit::kBytes:
      return {"memory"};
    case WrittenUnit::kPoints:
    case WrittenUnit::kPercent:
      return {"macro_f1", "accuracy", "ece"};
    case WrittenUnit::kNone:
      if (!number.integer) return {"macro_f1", "accuracy", "ece"};
      return {};
    default:
      return {};
  }
}

class DifferenceReader {
 public:
  DifferenceReader(const Passage& passage, const CheckedNumber& checked, const AuditEvidence& evidence)
      : passage_(passage),
        checked_(checked),
        number_(passage.numbers[checked.number]),
        evidence_(evidence),
        named_(configurations_in(passage)) {}

  [[nodiscard]] std::string read() {
    constexpr double kTelling = 0.12;
    if (number_.sign != 0 || number_.in_brackets || number_.in_words || number_.is_spread ||
        number_.value == 0.0 || number_.half_width > kTelling * number_.value ||
        is_alarm(checked_.finding.verdict))
      return {};
    direction_ = direction_beside();
    if (!direction_) return {};
    const NamedConfiguration* subject = last_before(named_, direction_->begin);
    if (subject == nullptr) return read_from_the_other_side();
    if (is_compared_with(passage_.text, *subject) || denied(*subject)) return {};
    subject_ = *subject;
    weigh_facts();
    if (!right_ && turned_.empty()) weigh_pairs();
    if (right_ || turned_.empty()) return {};
    return told();
  }

 private:
  // "0.058 more macro-F1 than X", of somebody whom another sentence names: X has so much less.
  [[nodiscard]] std::string read_from_the_other_side() {
    const std::size_t than = passage_.text.find(" than ", direction_->end);
    if (than == std::string::npos || named_.empty() || named_.front().recipe.empty() ||
        segment_at(passage_.text, direction_->begin).end < than)
      return {};
    const NamedConfiguration& other = named_.front();
    if (other.begin < than || other.begin - than > 12 || denied(other)) return {};
    subject_ = other;
    direction_->up = !direction_->up;
    weigh_facts();
    if (right_ || turned_.empty()) return {};
    return told();
  }
  [[nodiscard]] std::string told() const {
    return fmt::format("\"{}\" {}, and the evidence has it the other way round: {}",
                       passage_.text.substr(direction_->begin, direction_->end - direction_->begin),
                       number_.text, turned_);
  }

  // "2.5 points lower" behind it, or "trails by 0.058" before it in its clause.
  [[nodiscard]] std::optional<Direction> direction_beside() const {
    constexpr std::size_t kReachBefore = 48;
    constexpr std::size_t kReachBehind = 10;
    const std::string_view text = passage_.text;
    // "By 10 points and lowers": what is joined on has a number of its own.
    const std::size_t joined = text.find(" and ", number_.end);
    const auto stands =
        direction_in(text, number_.end, std::min({text.size(), number_.end + kReachBehind, joined}));
    // "By 0.066 under int4" tells where, and not which way.
    const bool is_place = stands && std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
                            return each.kind == MentionKind::kRecipe && each.begin == stands->end + 1 &&
                                   text.substr(stands->begin, stands->end - stands->begin) == "under";
                          });
    if (stands && !is_place) return stands;
    const std::size_t reach = number_.begin - std::min(number_.begin, kReachBefore);
    const std::size_t cut = text.find_last_of(",;:(", number_.begin);
    const std::string_view behind = text.substr(std::min(cut, text.size()));
    const bool relative = behind.starts_with(", which is") || behind.starts_with(", where");
    const bool cuts = cut != std::string::npos && cut >= reach && cut < number_.begin && !relative;
    const auto before = direction_in(text, cuts ? cut + 1 : reach, number_.begin);
    // "More than 0.01": how large, and not who has more.
    if (before && text.substr(before->end).starts_with(" than ") && before->end + 16 > number_.begin)
      return {};
    return before;
  }

  // Between who is spoken of and the number. "No longer 0.058 behind" says that it is behind now.
  [[nodiscard]] bool denied(const NamedConfiguration& subject) const {
    const std::size_t begin =
        std::max(std::min(subject.end, number_.begin),
                 statement_at(passage_.text, std::min(direction_->begin, number_.begin)).begin);
    const std::size_t end = std::max(direction_->end, number_.end);
    std::vector<Mention> mentions = between(passage_.mentions, begin, end);
    std::erase_if(mentions, [&](const Mention& each) {
      return std::string_view(passage_.text).substr(each.begin).starts_with("no longer");
    });
    // "The claim that decoders are better fails by 0.058": it is refused, and so is its direction.
    const std::string part =
        lowered(std::string_view(passage_.text).substr(begin, std::min(end, passage_.text.size()) - begin));
    for (const std::string_view refused :
         {" fails", "claim that", "idea that", "refuted", "contradicted", "overturned",
          "less than our margin", "less than the margin", "within"}) {
      if (part.find(refused) != std::string::npos) return true;
    }
    const Span segment = segment_at(passage_.text, direction_->begin);
    return negated(mentions, {}) ||
           supposes(between(passage_.mentions, segment.begin, segment.end), passage_.text) ||
           passage_.text.find('?') != std::string::npos;
  }

  [[nodiscard]] bool is_subject(const std::string& model, const std::string& recipe) const {
    return model == subject_.model && (subject_.recipe.empty() || recipe == subject_.recipe);
  }

  void weigh(double difference, std::string_view metric, const std::string& told) {
    const bool up = direction_->up != (direction_->judges && is_cost(metric));
    if (difference == 0.0) return;
    if ((difference > 0.0) == up) {
      right_ = true;
    } else {
      turned_ = told;
    }
  }

  // What the number was found to be.
  void weigh_facts() {
    for (const std::size_t i : checked_.finding.facts) {
      const Fact& fact = evidence_.facts[i];
      if (!fact.difference) {
        right_ = right_ || checked_.finding.verdict != NumberVerdict::kDerived;  // it may be a value
        continue;
      }
      const bool own = is_subject(fact.model, fact.recipe);
      const bool other = is_subject(fact.against_model, fact.against_recipe);
      if (own == other) continue;
      weigh(own ? fact.value : -fact.value, fact.metric.starts_with("ece") ? "ece" : fact.metric,
            fact_text(fact));
    }
  }

  // Everybody of whom the subject may lie so far away: those named beside it, or where nobody is, all of
  // them.
  void weigh_pairs() {
    const bool somebody = std::ranges::any_of(named_, [&](const NamedConfiguration& each) {
      return each.model != subject_.model || each.recipe != subject_.recipe;
    });
    constexpr double kTellingAlone = 0.03;
    if (!somebody && number_.half_width > kTellingAlone * number_.value) return;
    for (const AuditConfiguration& one : evidence_.configurations) {
      if (!is_subject(one.model, one.recipe)) continue;
      for (const AuditConfiguration& other : evidence_.configurations) {
        if (is_subject(other.model, other.recipe)) continue;
        // Of two models the same precision is meant, unless the other one's is said.
        const bool meant =
            somebody ? std::ranges::any_of(named_,
                                           [&](const NamedConfiguration& each) {
                                             return each.model == other.model &&
                                                    (each.recipe.empty() ? other.recipe == one.recipe
                                                                         : each.recipe == other.recipe);
                                           })
                     : (one.model == other.model || one.recipe == other.recipe);
        if (meant) weigh_pair(one, other);
      }
    }
  }

  void weigh_pair(const AuditConfiguration& one, const AuditConfiguration& other) {
    for (const char* metric : metrics_of(number_)) {
      const std::vector<double> a = values_of(evidence_, metric, one.model, one.recipe);
      const std::vector<double> b = values_of(evidence_, metric, other.model, other.recipe);
      if (a.size() != b.size()) continue;
      for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = a[i] - b[i];
        if (std::fabs(std::fabs(difference) - number_.value) > 2.0 * number_.half_width) continue;
        weigh(difference, metric,
              fmt::format("in {} {} lies {} {}", metric, one.display(), difference > 0.0 ? "above" : "below",
                          other.display()));
      }
    }
  }

  const Passage& passage_;
  const CheckedNumber& checked_;
  const WrittenNumber& number_;
  const AuditEvidence& evidence_;
  std::vector<NamedConfiguration> named_;
  std::optional<Direction> direction_;
  NamedConfiguration subject_;
  bool right_ = false;
  std::string turned_;
};

// "A minus B is +0.058", where it is B minus A.
std::string turned_subtraction(const Passage& passage, const CheckedNumber& checked,
                               const std::vector<NamedConfiguration>& named, const AuditEvidence& evidence) {
  constexpr std::size_t kReach = 32;
  const WrittenNumber& number = passage.numbers[checked.number];
  if (number.in_brackets) return {};
  for (std::size_t i = 0; i + 1 < named.size(); ++i) {
    const NamedConfiguration& a = named[i];
    const NamedConfiguration& b = named[i + 1];
    if (b.begin < a.end || number.begin < b.end || number.begin - b.end > kReach) continue;
    const std::string_view gap = std::string_view(passage.text).substr(a.end, b.begin - a.end);
    if (gap != " minus " && gap != " minus that of " && gap != " minus the ") continue;
    bool turned = false;
    for (const std::size_t f : checked.finding.facts) {
      const Fact& fact = evidence.facts[f];
      const auto is = [](const NamedConfiguration& one, const std::string& model, const std::string& recipe) {
        return one.model == model && (one.recipe.empty() || one.recipe == recipe);
      };
      if (!fact.difference) continue;
      if (is(a, fact.model, fact.recipe) && is(b, fact.against_model, fact.against_recipe)) return {};
      turned = turned || (is(b, fact.model, fact.recipe) && is(a, fact.against_model, fact.against_recipe));
    }
    if (turned) return fmt::format("{} is told of what stands behind the minus", number.text);
  }
  return {};
}

}  // namespace

std::string turned_difference(const Passage& passage, const std::vector<const CheckedNumber*>& checked,
                              const AuditEvidence& evidence) {
  if (passage.of_conditions) return {};
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  for (const CheckedNumber* each : checked) {
    if (std::string why = DifferenceReader(passage, *each, evidence).read(); !why.empty()) return why;
    if (std::string why = turned_subtraction(passage, *each, named, evidence); !why.empty()) return why;
  }
  return {};
}

}  // namespace quantier::audit_internal
