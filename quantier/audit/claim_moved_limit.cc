// A limit that is imagined elsewhere, and which way it would have to move: "a ceiling below 0.021 would rule
// int8 out". Wrong when a limit is said to be loosened to a value that is stricter than today's, or when the
// move lets in whom it is said to shut out.
#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/moved_limit_words.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

bool is_floor(const AuditLimit& limit) {
  return limit.metric == "macro_f1" || limit.metric.find("accuracy") != std::string::npos;
}

bool fits_unit(const WrittenNumber& number, const std::string& metric) {
  if (metric == "latency") return number.unit == WrittenUnit::kMilliseconds;
  if (metric == "memory") return number.unit == WrittenUnit::kBytes;
  return number.unit == WrittenUnit::kNone || number.unit == WrittenUnit::kPercent ||
         number.unit == WrittenUnit::kPoints;
}

// The limit whose measure is named last before a number, or first behind it.
const AuditLimit* limit_beside(const Passage& passage, const Span& statement, const WrittenNumber& number,
                               const AuditEvidence& evidence) {
  const AuditLimit* found = nullptr;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kMetric || !statement.holds(each)) continue;
    if (found != nullptr && each.begin >= number.end) break;
    for (const AuditLimit& limit : evidence.limits) {
      if (contains(each.means, limit.metric) && fits_unit(number, limit.metric)) found = &limit;
    }
  }
  return found;
}

// Which way a limit would lie from a number: the word right before it says so.
std::optional<bool> way_before(std::string_view lower, std::size_t begin, std::size_t number) {
  constexpr std::size_t kReach = 26;
  const std::size_t from = std::max(begin, number > kReach ? number - kReach : 0);
  const std::string_view before = lower.substr(from, number - from);
  const bool up = any_word_of(before, kUp);
  const bool down = any_word_of(before, kDown);
  if (up == down) return std::nullopt;
  return up;
}

bool somebody_has(const AuditEvidence& evidence, const AuditLimit& limit, const WrittenNumber& number,
                  const std::vector<NamedConfiguration>& named) {
  return std::ranges::any_of(evidence.facts, [&](const Fact& fact) {
    if (fact.metric != limit.metric || fact.role != FactRole::kValue || fact.difference ||
        fact.tier != limit.tier || !fact.label.empty() || fact.model.empty() ||
        fact.source == FactSource::kModelled)
      return false;
    const bool meant = named.empty() || std::ranges::any_of(named, [&](const NamedConfiguration& each) {
                         return (each.model.empty() || each.model == fact.model) &&
                                (each.recipe.empty() || each.recipe == fact.recipe);
                       });
    return meant && std::fabs(fact.value - number.value) <= 1.01 * number.half_width + 1e-9;
  });
}

class MovedLimit {
 public:
  MovedLimit(const Passage& passage, const AuditEvidence& evidence)
      : passage_(passage), evidence_(evidence), lower_(lowered(passage.text)) {}

  [[nodiscard]] std::string read() const {
    for (const WrittenNumber& number : passage_.numbers) {
      if (number.in_brackets || number.sign != 0) continue;
      if (std::string why = at(number); !why.empty()) return why;
    }
    return {};
  }

 private:
  [[nodiscard]] std::string_view part(const Span& span) const {
    return std::string_view(lower_).substr(span.begin, span.end - span.begin);
  }

  // "No laxer limit ...", "need not be raised": nothing is said to move.
  [[nodiscard]] bool denies_the_move(const std::vector<Mention>& mentions) const {
    return std::ranges::any_of(mentions, [&](const Mention& each) {
      if (each.kind != MentionKind::kWord || each.means.front() != "negation") return false;
      const std::string_view behind = std::string_view(lower_).substr(each.end, 24);
      return any_word_of(behind, kLoosen) || any_word_of(behind, kTighten) || any_word_of(behind, kRaise) ||
             any_word_of(behind, kLower) || any_word_of(behind, kLimitWords);
    });
  }

  [[nodiscard]] std::string at(const WrittenNumber& number) const {
    const Span statement = statement_at(passage_.text, number.begin);
    const std::string_view text = part(statement);
    const std::optional<bool> up = way_before(lower_, statement.begin, number.begin);
    const AuditLimit* limit = limit_beside(passage_, statement, number, evidence_);
    if (!up || limit == nullptr) return {};
    const std::vector<Mention> mentions = between(passage_.mentions, statement.begin, statement.end);
    if (passage_.text.find('?') != std::string::npos || denies_the_move(mentions)) return {};
    const bool floor = is_floor(*limit);
    bool loosen =
        any_word_of(text, kLoosen) || any_word_of(text, floor ? std::span<const std::string_view>(kLower)
                                                              : std::span<const std::string_view>(kRaise));
    bool tighten =
        any_word_of(text, kTighten) || any_word_of(text, floor ? std::span<const std::string_view>(kRaise)
                                                               : std::span<const std::string_view>(kLower));
    if (!loosen && !tighten && !any_word_of(text, kLimitWords)) return {};
    const double tolerance = 1.01 * number.half_width;
    const bool looser_than_number = *up != floor;
    const bool stricter_value =
        floor ? number.value > limit->limit + tolerance : number.value < limit->limit - tolerance;
    const bool looser_value =
        floor ? number.value < limit->limit - tolerance : number.value > limit->limit + tolerance;
    const std::string word = passage_.text.substr(number.begin, number.end - number.begin);
    if (loosen && !tighten && looser_than_number && stricter_value)
      return fmt::format("the limit on {} is {:g} by now, so that it is not loosened to {}", limit->metric,
                         limit->limit, word);
    if (tighten && !loosen && !looser_than_number && looser_value)
      return fmt::format("the limit on {} is {:g} by now, so that it is not tightened to {}", limit->metric,
                         limit->limit, word);
    std::vector<NamedConfiguration> named;
    for (const NamedConfiguration& each : possible_configurations_in(passage_)) {
      if (each.begin >= statement.begin && each.end <= statement.end) named.push_back(each);
    }
    if (says(mentions, "negation")) return {};
    const bool loses = any_word_of(text, kLoses);
    const bool wins = any_word_of(text, kWins);
    if (loses == wins || named.size() > 1 || !somebody_has(evidence_, *limit, number, named)) return {};
    if (loses == looser_than_number) {
      return fmt::format("a limit on {} {} {} {} whoever is at {}", limit->metric, *up ? "above" : "below",
                         word, loses ? "lets in" : "shuts out", word);
    }
    return {};
  }

  const Passage& passage_;
  const AuditEvidence& evidence_;
  std::string lower_;
};

}  // namespace

std::string moved_limit(const Passage& passage, const AuditEvidence& evidence) {
  return MovedLimit(passage, evidence).read();
}

}  // namespace quantier::audit_internal
