// Which group a class is of, and how many examples a group has: said right beside its name, and held against
// the evidence where that knows both.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/roles.h"

namespace quantier::audit_internal {
namespace {

// The groups that the evidence has for a class; empty where it says nothing of it.
std::vector<std::string> tiers_of(const std::string& label, const AuditEvidence& evidence) {
  std::vector<std::string> tiers;
  for (const Fact& fact : evidence.facts) {
    if (fact.label == label && !fact.tier.empty() && !contains(tiers, fact.tier)) tiers.push_back(fact.tier);
  }
  return tiers;
}

bool is_size_of(const Fact& fact) {
  return fact.metric == "n" && fact.unit == FactUnit::kCount && !fact.tier.empty() && fact.label.empty();
}

// "libs (head)", "the head class libs".
std::string of_another_group(const Passage& passage, const AuditEvidence& evidence) {
  const std::string_view text = passage.text;
  for (const Mention& label : passage.mentions) {
    if (label.kind != MentionKind::kLabel || label.means.size() != 1) continue;
    for (const Mention& tier : passage.mentions) {
      if (tier.kind != MentionKind::kTier || tier.means.size() != 1 || tier.means.front().empty()) continue;
      const bool behind = label.end <= tier.begin;
      std::string between(behind ? text.substr(label.end, tier.begin - label.end)
                                 : text.substr(std::min(tier.end, label.begin),
                                               label.begin - std::min(tier.end, label.begin)));
      std::erase_if(between, [](char c) { return c == '`' || c == '*' || c == '_' || c == '"'; });
      const char next = tier.end < text.size() ? text[tier.end] : ')';
      const bool closed =
          next == ')' || next == ',' || next == ';' || next == ':' || next == '.' || tier.end >= text.size();
      const bool beside =
          behind ? ((between == " (" || between == ", " || between == " is " || between == " is in the " ||
                     between == " belongs to the " || between == " is a " || between == ", a " ||
                     between == ", in the " || between == ", from the ") &&
                    (closed || text.substr(tier.end).starts_with(" class") ||
                     text.substr(tier.end).starts_with(" tier") ||
                     text.substr(tier.end).starts_with(" section") ||
                     text.substr(tier.end).starts_with(" and ")))
                 : (between == " class " || between == " section " || between == "'s ") &&
                       tier.end <= label.begin;
      if (!beside) continue;
      const std::vector<std::string> known = tiers_of(label.means.front(), evidence);
      if (known.empty() || contains(known, tier.means.front())) continue;
      return fmt::format("{} is a class of the {}, not of the {}", label.means.front(), known.front(),
                         tier.means.front());
    }
  }
  return {};
}

// The name of a group for a size that only another one has.
std::string of_another_size(const std::string& tier, double size, const AuditEvidence& evidence) {
  constexpr double kTelling = 50.0;  // a smaller number may count anything
  if (size < kTelling) return {};
  std::string other;
  double own = 0.0;
  for (const Fact& fact : evidence.facts) {
    if (!is_size_of(fact)) continue;
    if (fact.tier == tier) own = fact.value;
    if (fact.value == size) {
      if (fact.tier == tier) return {};
      other = fact.tier;
    }
  }
  if (other.empty() || own == 0.0) return {};
  return fmt::format("{:.0f} is how many examples the {} has; the {} has {:.0f}", size, other, tier, own);
}

bool is_bare_count(const WrittenNumber& number) {
  return number.integer && number.unit == WrittenUnit::kNone && number.sign == 0 && number.pair == 0 &&
         !number.in_words && !number.in_brackets;
}

// The groups that a passage names before a place, one right after the other.
std::vector<std::string> groups_before(const Passage& passage, std::size_t at) {
  std::vector<std::string> tiers;
  std::size_t end = 0;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kTier || each.end > at || each.means.size() != 1 ||
        each.means.front().empty())
      continue;
    const bool listed =
        !tiers.empty() && only_separators(std::string_view(passage.text).substr(end, each.begin - end));
    if (!tiers.empty() && !listed) tiers.clear();
    tiers.push_back(each.means.front());
    end = each.end;
  }
  return tiers;
}

// Whether a number is followed by a group of its own: "3,502 head texts, 2,088 mid".
bool names_group_behind(const Passage& passage, const WrittenNumber& number) {
  constexpr std::size_t kReach = 14;
  return std::ranges::any_of(passage.mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kTier && each.begin >= number.end && each.begin - number.end <= kReach &&
           passage.text.substr(number.end, each.begin - number.end).find_first_of(",;.)") ==
               std::string::npos;
  });
}

// "Head, mid and tail, with 3,502, 2,088 and 493": the k-th size is that of the k-th group.
std::string sizes_in_list(const Passage& passage, const AuditEvidence& evidence) {
  constexpr std::size_t kFewest = 2;
  for (std::size_t n = 0; n < passage.numbers.size(); ++n) {
    const NumberRun run = run_of(passage.text, passage.numbers, n);
    if (run.first != n || run.size() < kFewest) continue;
    const std::vector<std::string> tiers = groups_before(passage, passage.numbers[n].begin);
    if (tiers.size() != run.size()) continue;
    for (std::size_t k = 0; k < run.size(); ++k) {
      const WrittenNumber& number = passage.numbers[n + k];
      if (!is_bare_count(number)) break;
      if (std::string why = of_another_size(tiers[k], number.value, evidence); !why.empty()) return why;
    }
  }
  return {};
}

// "head (3,502 texts)", "head, n = 3,502", "the head has 3,502".
std::string size_beside_name(const Passage& passage, const AuditEvidence& evidence) {
  constexpr std::size_t kReach = 16;
  for (const WrittenNumber& number : passage.numbers) {
    if (!is_bare_count(number) || names_group_behind(passage, number)) continue;
    const auto n = static_cast<std::size_t>(&number - passage.numbers.data());
    const NumberRun run = run_of(passage.text, passage.numbers, n);
    if (run.size() > 1 && groups_before(passage, passage.numbers[run.first].begin).size() == run.size())
      continue;
    const Mention* tier = nullptr;
    for (const Mention& each : passage.mentions) {
      if (each.end > number.begin) break;
      if (each.kind == MentionKind::kTier) tier = &each;
    }
    if (tier == nullptr || tier->means.size() != 1 || tier->means.front().empty() ||
        number.begin - tier->end > kReach)
      continue;
    const std::string between = passage.text.substr(tier->end, number.begin - tier->end);
    if (between.find_first_of(";.0123456789") != std::string::npos) continue;
    if (std::string why = of_another_size(tier->means.front(), number.value, evidence); !why.empty())
      return why;
  }
  return {};
}

// A cell that holds nothing but a count, in the row or under the head of one group and of no configuration.
std::string size_in_table(const Passage& passage, const AuditEvidence& evidence) {
  if (passage.kind != PassageKind::kCell || passage.numbers.size() != 1 ||
      !is_bare_count(passage.numbers.front()))
    return {};
  std::vector<std::string> tiers = said(passage.row_mentions, MentionKind::kTier);
  for (const std::string& tier : said(passage.column_mentions, MentionKind::kTier)) {
    if (!contains(tiers, tier)) tiers.push_back(tier);
  }
  const bool of_configuration = !said(passage.column_mentions, MentionKind::kRecipe).empty() &&
                                !said(passage.row_mentions, MentionKind::kRecipe).empty();
  if (tiers.size() != 1 || tiers.front().empty() || of_configuration) return {};
  return of_another_size(tiers.front(), passage.numbers.front().value, evidence);
}

}  // namespace

std::string wrong_membership(const Passage& passage, const AuditEvidence& evidence) {
  for (const auto& check : {of_another_group, sizes_in_list, size_beside_name, size_in_table}) {
    if (std::string why = check(passage, evidence); !why.empty()) return why;
  }
  return {};
}

}  // namespace quantier::audit_internal
