// What kind of number stands there, by the words right beside it: a difference, a share of something, a cost
// without its unit. None of them is the value of what its sentence names.
#include <algorithm>
#include <array>
#include <cctype>

#include "quantier/audit/matcher.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

bool ends_with_word(std::string_view text, std::string_view word) {
  if (!text.ends_with(word)) return false;
  return text.size() == word.size() ||
         std::isalpha(static_cast<unsigned char>(text[text.size() - word.size() - 1])) == 0;
}

}  // namespace

// "would save another 1.5 MB", "costs 1.5 MB more", "smaller by 1.1 MB": how much more or less, of something
// named elsewhere.
bool Matcher::follows_difference() const {
  if (passage_.kind != PassageKind::kSentence) return false;
  std::string before = lowered(passage_.text.substr(0, number_.begin));
  while (before.ends_with(' ')) before.pop_back();
  constexpr std::array<std::string_view, 22> kWords = {
      "adds",   "add",        "added",     "save",       "saves",     "saved",    "saving", "spare",
      "spares", "another",    "further",   "additional", "extra",     "shaves",   "frees",  "freeing",
      "free",   "smaller by", "larger by", "bigger by",  "faster by", "slower by"};
  return std::ranges::any_of(kWords, [&](std::string_view word) { return ends_with_word(before, word); });
}

// "25 % to 64 % of its variance": a share of what is named behind it. Where the sentence speaks of a metric
// that is no share of anything, that metric does not have it.
bool Matcher::is_share_of_something() const {
  // "0.3 of its standard errors" is as little a value.
  const bool bare = number_.unit == WrittenUnit::kNone && !number_.integer;
  if ((number_.unit != WrittenUnit::kPercent && !bare) || passage_.kind != PassageKind::kSentence)
    return false;
  const auto index = static_cast<std::size_t>(&number_ - passage_.numbers.data());
  const bool opens_range = index + 1 < passage_.numbers.size() && joins_range(index);
  const std::size_t end = opens_range ? passage_.numbers[index + 1].end : number_.end;
  const std::string_view behind = std::string_view(passage_.text).substr(std::min(end, passage_.text.size()));
  const bool of_its = behind.starts_with(" of its ") || behind.starts_with(" of their ");
  if (!of_its && (bare || !behind.starts_with(" of "))) return false;
  const std::vector<std::string>& metrics = scopes_.narrow.metric.values;
  return !metrics.empty() && std::ranges::none_of(metrics, [](const std::string& metric) {
    return metric.starts_with("gate") || metric.ends_with("accuracy") || metric.ends_with("share") ||
           metric == "error_rate" || metric == "replication";
  });
}

// "tied inside a margin of 0.01": where only costs are named, a number without a unit is none of them.
bool Matcher::is_cost_without_unit() const {
  if (number_.unit != WrittenUnit::kNone || number_.listed_unit != WrittenUnit::kNone ||
      passage_.kind != PassageKind::kSentence)
    return false;
  // "1.21 ms and 2.12 ms, as against 2.30 and 4.15": above one, and of points nothing is said in the
  // sentence.
  const auto has_unit = [&](std::initializer_list<WrittenUnit> units) {
    return std::ranges::any_of(passage_.numbers, [&](const WrittenNumber& each) {
      return std::ranges::find(units, each.unit) != units.end();
    });
  };
  if (!number_.integer && number_.value > 1.0 && number_.sign == 0 && !scopes_.narrow.fit.pinned &&
      has_unit({WrittenUnit::kMilliseconds, WrittenUnit::kBytes}) &&
      !has_unit({WrittenUnit::kPoints, WrittenUnit::kPercent}))
    return true;
  if (scopes_.narrow.metric.values.empty()) return false;
  return std::ranges::all_of(scopes_.narrow.metric.values, [](const std::string& metric) {
    return metric.starts_with("latency") || metric.starts_with("memory");
  });
}

bool Matcher::stands_in_a_comparison() const {
  if (passage_.kind != PassageKind::kSentence) return false;
  constexpr std::array<std::string_view, 13> kAgainst = {
      " against ",     " versus ",        " vs ",       " vs. ",           " instead of ",
      " rather than ", ", down from ",    ", up from ", " compared with ", " compared to ",
      ", not ",        " as opposed to ", " v. "};
  const auto index = static_cast<std::size_t>(&number_ - passage_.numbers.data());
  const auto joined = [&](const WrittenNumber& first, const WrittenNumber& second) {
    if (second.begin < first.end) return false;
    const std::string_view gap = std::string_view(passage_.text).substr(first.end, second.begin - first.end);
    return std::ranges::find(kAgainst, gap) != kAgainst.end();
  };
  const bool first = index + 1 < passage_.numbers.size() && joined(number_, passage_.numbers[index + 1]);
  const bool second = index > 0 && joined(passage_.numbers[index - 1], number_);
  if (!first && !second) return false;
  // The sentence is about both, and names one of them at most.
  if (said(passage_.mentions, MentionKind::kModel).empty()) return true;
  const WrittenNumber& opening = first ? number_ : passage_.numbers[index - 1];
  return opening.begin > 0 && passage_.text[opening.begin - 1] == '(';
}

// "needs 1.6 MB less", "is 1.6 MB smaller": a difference to something that may stand in another sentence.
bool Matcher::compared_behind(std::string_view behind) {
  constexpr std::array<std::string_view, 21> kWords = {
      " off",     " on top",  " less",   " more",   " fewer",  " smaller", " larger",
      " lighter", " heavier", " bigger", " leaner", " slower", " faster",  " quicker",
      " shorter", " longer",  " lower",  " higher", " apart",  " below",   " above"};
  return std::ranges::any_of(kWords, [&](std::string_view word) { return behind.starts_with(word); });
}

}  // namespace quantier::audit_internal
