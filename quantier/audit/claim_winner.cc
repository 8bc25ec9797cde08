// Who would be the choice with one limit moved ("ECE ceiling 0.025 | below 0.021 | encoder fp16 wins"), and
// one recommendation beside another in the same note.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

constexpr std::array<std::string_view, 7> kWins = {
    "wins",      "would win",          "is the choice",      "takes over",
    "is chosen", "becomes the choice", "would be the choice"};

// The configuration right before a word of winning; nullptr: there is none.
const NamedConfiguration* winner_in(const std::string& lower, const std::vector<NamedConfiguration>& named) {
  constexpr std::size_t kReach = 3;
  for (const NamedConfiguration& each : named) {
    if (each.recipe.empty() || each.end > lower.size()) continue;
    for (const std::string_view word : kWins) {
      const std::size_t at = find_word(lower, word, each.end);
      if (at != std::string_view::npos && at - each.end <= kReach) return &each;
    }
  }
  return nullptr;
}

struct Moved {
  double value = 0.0;
  double half_width = 0.0;
  bool below = false;
};

// "below 0.021", "above 0.653": the last one before a place. Only where its direction is said.
bool moved_in(const std::string& text, std::size_t before, Moved& moved) {
  bool found = false;
  const std::string lower = lowered(text);
  for (const WrittenNumber& number : numbers_in(text)) {
    if (number.begin >= before || number.begin == 0) continue;
    const std::string_view lead = std::string_view(lower).substr(0, number.begin);
    const bool below = lead.ends_with("below ") || lead.ends_with("under ");
    const bool above = lead.ends_with("above ") || lead.ends_with("over ");
    if (below == above) continue;
    moved = {.value = number.value, .half_width = number.half_width, .below = below};
    found = true;
  }
  return found;
}

}  // namespace

std::string wrong_winner(const Passage& passage, const AuditEvidence& evidence) {
  if (evidence.ranges.empty() || passage.appendix) return {};
  const bool cell = passage.kind == PassageKind::kCell;
  if (!cell && passage.kind != PassageKind::kSentence) return {};
  const std::string lower = lowered(passage.text);
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  const NamedConfiguration* winner = winner_in(lower, named);
  const bool nothing = lower.find("nothing passes") != std::string::npos;
  if (winner == nullptr && !nothing) return {};
  if (says(passage.mentions, "negation") && winner != nullptr) return {};
  // In a table the limit and where it is moved to stand in the cells before.
  std::string text = passage.text;
  std::size_t at = winner != nullptr ? winner->begin : lower.find("nothing passes");
  std::vector<Mention> mentions = passage.mentions;
  if (cell) {
    const std::size_t place = passage.row_text.find(passage.text);
    if (place == std::string::npos) return {};
    text = passage.row_text;
    at = place;
    mentions.insert(mentions.end(), passage.row_mentions.begin(), passage.row_mentions.end());
  }
  Moved moved;
  if (!moved_in(text, at, moved)) return {};
  const std::vector<std::string> metrics = said(mentions, MentionKind::kMetric);
  const std::vector<std::string> tiers = said(mentions, MentionKind::kTier);
  const std::string name = winner == nullptr ? std::string() : winner->model + " " + winner->recipe;
  std::string other;
  std::string_view metric;
  for (const AuditRange& range : evidence.ranges) {
    if (!contains(metrics, range.metric) || (!range.tier.empty() && !contains(tiers, range.tier))) continue;
    if (!metric.empty() && metric != range.metric) return {};  // of which limit is not known
    metric = range.metric;
    // The stretch that ends, or begins, where the value is a rounding of; and where nothing does, the one
    // that holds it.
    const double slack = 1.01 * moved.half_width + 1e-9 * std::fabs(moved.value);
    const bool at_end = std::ranges::any_of(evidence.ranges, [&](const AuditRange& each) {
      return each.metric == range.metric && each.tier == range.tier &&
             std::fabs(each.to - moved.value) <= slack;
    });
    const double end = moved.below ? range.to : range.from;
    const bool here =
        at_end ? std::fabs(end - moved.value) <= slack : range.from <= moved.value && moved.value <= range.to;
    if (!here) continue;
    if (range.winner == name) return {};
    other = range.winner.empty() ? std::string("nothing passes") : range.winner + " wins";
  }
  return other.empty() ? std::string() : fmt::format("with this limit there, {}", other);
}

namespace {

// "The memo we inherited says to ship the decoder".
bool tells_of_others(const Passage& passage) {
  return any_word_of(
      lowered(passage.text),
      {"says", "said", "memo", "advised", "advice", "suggests", "suggested", "earlier", "inherited", "old",
       "previous", "previously", "last", "was", "were", "used to", "their", "proposal"});
}

// "Recommendation: X", "we ship X", "the choice is X".
const NamedConfiguration* recommended_in(const Passage& passage,
                                         const std::vector<NamedConfiguration>& named) {
  constexpr std::array<std::string_view, 22> kLeads = {"recommendation:",
                                                       "recommendation is",
                                                       "recommendation is:",
                                                       "i recommend",
                                                       "we recommend",
                                                       "i'd recommend",
                                                       "ship",
                                                       "we ship",
                                                       "we will ship",
                                                       "the choice is",
                                                       "the choice stays",
                                                       "choice:",
                                                       "our choice is",
                                                       "my choice is",
                                                       "chosen:",
                                                       "deploy",
                                                       "we deploy",
                                                       "adopt",
                                                       "we adopt",
                                                       "go with",
                                                       "recommended:",
                                                       "pick:"};
  const std::string lower = lowered(passage.text);
  for (const NamedConfiguration& each : named) {
    if (each.recipe.empty() || each.model.empty()) continue;
    std::string_view before = std::string_view(lower).substr(0, each.begin);
    for (bool again = true; again;) {
      again = false;
      while (before.ends_with(' ')) before.remove_suffix(1);
      for (const std::string_view article : {" the", " our", " to", " that"}) {
        if (!before.ends_with(article)) continue;
        before.remove_suffix(article.size());
        again = true;
      }
    }
    const bool leads = std::ranges::any_of(kLeads, [&](std::string_view lead) {
      return before.ends_with(lead) &&
             (before.size() == lead.size() || !is_word(before[before.size() - lead.size() - 1]));
    });
    if (leads) return &each;
  }
  return nullptr;
}

}  // namespace

std::vector<ClaimFinding> torn_recommendation(const std::vector<Passage>& passages,
                                              const AuditEvidence& evidence) {
  struct Told {
    std::size_t passage = 0;
    std::string name;
  };
  std::vector<Told> told;
  std::map<std::string, std::size_t> counts;
  for (std::size_t p = 0; p < passages.size(); ++p) {
    const Passage& passage = passages[p];
    if (passage.appendix || passage.kind == PassageKind::kHeaderCell) continue;
    if (is_cautious(passage.mentions, passage) || says(passage.mentions, "prior") ||
        says(passage.mentions, "negation") || says(passage.mentions, "modelled") ||
        says(passage.mentions, "hardware") || says(passage.mentions, "would_change") ||
        says(passage.heading, "prior") || passage.text.find('"') != std::string::npos ||
        says(passage.mentions, "relax") || tells_of_others(passage))
      continue;
    const std::vector<NamedConfiguration> named = configurations_in(passage);
    const NamedConfiguration* one = recommended_in(passage, named);
    if (one == nullptr) continue;
    told.push_back({p, one->model + " " + one->recipe});
    ++counts[told.back().name];
  }
  if (counts.size() != 2) return {};
  // The one that the evidence chooses is not the odd one; otherwise the rarer.
  const auto chosen = std::ranges::find_if(evidence.configurations,
                                           [](const AuditConfiguration& each) { return each.chosen; });
  const auto& [first, second] = std::pair(*counts.begin(), *std::next(counts.begin()));
  std::string odd = first.second < second.second ? first.first : second.first;
  if (chosen != evidence.configurations.end() && counts.contains(chosen->display()))
    odd = first.first == chosen->display() ? second.first : first.first;
  std::vector<ClaimFinding> found;
  for (const Told& each : told) {
    if (each.name != odd) continue;
    found.push_back({.kind = ClaimKind::kOutcome,
                     .passage = each.passage,
                     .why = fmt::format("the note recommends {} elsewhere",
                                        odd == first.first ? second.first : first.first)});
    break;
  }
  return found;
}

}  // namespace quantier::audit_internal
