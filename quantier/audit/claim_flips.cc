// Answers lost and won back, told the wrong way round: "3 lost, 6 gained" where 6 were lost and 3 gained.
//
// Each word of losing or winning takes the whole number beside it; a pair is wrong when nothing that is
// spoken of has it so, and something has it turned round.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

constexpr std::array<std::string_view, 20> kLost = {"wrong that were right",
                                                    "right to wrong",
                                                    "newly wrong",
                                                    "turned wrong",
                                                    "went wrong",
                                                    "lost",
                                                    "loses",
                                                    "lose",
                                                    "losses",
                                                    "losing",
                                                    "broken",
                                                    "worse",
                                                    "down",
                                                    "broke",
                                                    "wrong",
                                                    "breaks",
                                                    "dropped",
                                                    "spoiled",
                                                    "regressions",
                                                    "worsened"};
constexpr std::array<std::string_view, 24> kGained = {"right that were wrong",
                                                      "wrong to right",
                                                      "newly right",
                                                      "newly correct",
                                                      "turned right",
                                                      "went right",
                                                      "gained",
                                                      "gains",
                                                      "gain",
                                                      "won back",
                                                      "wins back",
                                                      "regained",
                                                      "repaired",
                                                      "fixed",
                                                      "better",
                                                      "up",
                                                      "right",
                                                      "recovered",
                                                      "won",
                                                      "wins",
                                                      "correct",
                                                      "rescued",
                                                      "improved",
                                                      "gaining"};

struct Told {
  bool gained = false;
  double count = 0.0;
  std::size_t begin = 0;  // of the number
};

// The longest word of either list that begins at a place.
std::optional<std::pair<bool, std::size_t>> word_at(std::string_view text, std::size_t at) {
  std::optional<std::pair<bool, std::size_t>> best;
  const auto look = [&](const auto& list, bool gained) {
    for (const std::string_view word : list) {
      const std::size_t end = at + word.size();
      if (!text.substr(at).starts_with(word) || (end < text.size() && is_word(text[end]))) continue;
      if (!best || word.size() > best->second) best = {gained, word.size()};
    }
  };
  look(kLost, false);
  look(kGained, true);
  return best;
}

bool is_count(const WrittenNumber& number) {
  return number.integer && number.unit == WrittenUnit::kNone && number.sign == 0 && !number.in_brackets &&
         number.pair == 0;
}

// Between a number and its word: nothing, or what is counted.
bool belongs(std::string_view between) {
  constexpr std::array<std::string_view, 17> kNouns = {
      "head",     "mid",         "tail",  "rare", "frequent", "answers", "answer",  "texts", "text",
      "examples", "predictions", "cases", "were", "got",      "are",     "of them", "newly"};
  std::size_t words = 0;
  for (std::size_t at = 0; at < between.size();) {
    if (!is_word(between[at])) {
      if (between[at] != ' ') return false;
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < between.size() && is_word(between[end])) ++end;
    if (std::ranges::find(kNouns, between.substr(at, end - at)) == kNouns.end() || ++words > 3) return false;
    at = end;
  }
  return true;
}

std::vector<Told> told_in(const Passage& passage) {
  const std::string text = lowered(passage.text);
  std::vector<Told> told;
  std::vector<std::size_t> used;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_word(text[at]) || (at > 0 && is_word(text[at - 1]))) continue;
    const auto word = word_at(text, at);
    if (!word) continue;
    const std::size_t end = at + word->second;
    const WrittenNumber* own = nullptr;
    for (const WrittenNumber& each : passage.numbers) {
      if (!is_count(each) || std::ranges::find(used, each.begin) != used.end()) continue;
      // "6 lost" before "lost 6": what stands in front is nearer in sense.
      const bool front = each.end <= at && belongs(std::string_view(text).substr(each.end, at - each.end));
      const bool behind = each.begin >= end && own == nullptr && text.substr(end, each.begin - end) == " ";
      if (front || behind) own = &each;
      if (front) break;
    }
    if (own != nullptr) {
      told.push_back({.gained = word->first, .count = own->value, .begin = own->begin});
      used.push_back(own->begin);
    }
    at = end - 1;
  }
  return told;
}

const Fact* same_cell(const AuditEvidence& evidence, const Fact& lost) {
  for (const Fact& fact : evidence.facts) {
    if (fact.metric == "gained" && fact.role == FactRole::kValue && fact.model == lost.model &&
        fact.recipe == lost.recipe && fact.tier == lost.tier && fact.label == lost.label)
      return &fact;
  }
  return nullptr;
}

}  // namespace

std::string turned_flips(const Passage& passage, const AuditEvidence& evidence) {
  if (says(passage.mentions, "hedge") && passage.text.find('?') != std::string::npos) return {};
  const std::vector<Told> told = told_in(passage);
  for (std::size_t i = 0; i + 1 < told.size(); ++i) {
    const Told& a = told[i];
    const Told& b = told[i + 1];
    if (a.gained == b.gained || a.count == b.count) continue;
    const double lost_count = a.gained ? b.count : a.count;
    const double gained_count = a.gained ? a.count : b.count;
    const auto allowed = [&](MentionKind kind, const std::string& value) {
      for (const std::vector<Mention>* list :
           {&passage.mentions, &passage.row_mentions, &passage.column_mentions, &passage.before,
            &passage.lead_in, &passage.heading}) {
        const std::vector<std::string> names = said(*list, kind);
        if (!names.empty()) return contains(names, value);
      }
      return true;
    };
    const Fact* turned = nullptr;
    bool right = false;
    for (const Fact& lost : evidence.facts) {
      if (lost.metric != "lost" || lost.role != FactRole::kValue) continue;
      const Fact* gained = same_cell(evidence, lost);
      if (gained == nullptr) continue;
      right = right || (lost.value == lost_count && gained->value == gained_count);
      const bool spoken_of =
          allowed(MentionKind::kModel, lost.model) && allowed(MentionKind::kRecipe, lost.recipe) &&
          (lost.tier.empty() || allowed(MentionKind::kTier, lost.tier)) && lost.label.empty();
      if (spoken_of && lost.value == gained_count && gained->value == lost_count) turned = &lost;
    }
    if (right || turned == nullptr) continue;
    return fmt::format("{:g} lost and {:g} gained is the other way round for {} {}{}{}", lost_count,
                       gained_count, turned->model, turned->recipe, turned->tier.empty() ? "" : ", ",
                       turned->tier);
  }
  return {};
}

std::string misdefined_pairs(const Passage& passage, const std::vector<Passage>& passages,
                             const AuditEvidence& evidence) {
  const std::vector<std::string> order = order_of_pairs(passage);
  if (order.empty() || order != passage.pair_order) return {};
  constexpr std::size_t kFewest = 4;
  std::size_t right = 0;
  std::size_t turned = 0;
  const auto has = [&](double lost_count, double gained_count) {
    return std::ranges::any_of(evidence.facts, [&](const Fact& lost) {
      if (lost.metric != "lost" || lost.role != FactRole::kValue || lost.value != lost_count) return false;
      const Fact* gained = same_cell(evidence, lost);
      return gained != nullptr && gained->value == gained_count;
    });
  };
  for (const Passage& each : passages) {
    for (std::size_t i = 0; i + 1 < each.numbers.size(); ++i) {
      double a = each.numbers[i].value;
      double b = each.numbers[i + 1].value;
      if (each.numbers[i].pair != 1 || each.numbers[i + 1].pair != 2 || a == b) continue;
      if (order.front() == "gained") std::swap(a, b);
      right += has(a, b) ? 1 : 0;
      turned += has(b, a) ? 1 : 0;
    }
  }
  if (turned < kFewest || turned <= 3 * right) return {};
  return fmt::format("{} pairs of the note are {} and {} in the evidence, in this order", turned,
                     order.back(), order.front());
}

}  // namespace quantier::audit_internal
