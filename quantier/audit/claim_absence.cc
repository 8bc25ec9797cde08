// That nothing happens, said without reserve: "no harm in any tier", "quantization is free everywhere", "the
// very same answers". Such a sentence needs comparisons that are shown to be negligible, every one that it
// covers; an unresolved one is no proof of absence. What was not seen, shown or resolved is caution and
// raises nothing.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/absence_words.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

bool denies_harm(std::string_view text) {
  for (const std::string_view denial : kDenials) {
    for (std::size_t at = find_word(text, denial); at != std::string_view::npos;
         at = find_word(text, denial, at + 1)) {
      // Up to four words on.
      std::size_t end = at + denial.size();
      for (int word = 0; word < 4 && end < text.size(); ++word) {
        while (end < text.size() && !is_word(text[end])) ++end;
        const std::size_t begin = end;
        while (end < text.size() && (is_word(text[end]) || text[end] == '-')) ++end;
        if (std::ranges::find(kHarms, text.substr(begin, end - begin)) != kHarms.end()) return true;
      }
    }
  }
  return false;
}

bool told_in_figures(const Passage& passage, const ClaimClause& clause) {
  return std::ranges::any_of(passage.numbers, [&](const WrittenNumber& each) {
    return each.begin >= clause.begin && each.end <= clause.end &&
           (!each.integer || each.unit != WrittenUnit::kNone);
  });
}

// Other matters than accuracy: time, memory, calibration, limits, the choice.
bool of_other_matter(const ClaimClause& clause) {
  const std::vector<std::string> metrics = said(clause.mentions, MentionKind::kMetric);
  for (const char* each : {"latency", "memory", "ece", "temperature", "gate_threshold", "nll", "p"}) {
    if (contains(metrics, each) && !contains(metrics, "accuracy")) return true;
  }
  for (const char* each : {"limit", "recommend", "frontier", "dominated", "hardware", "prior", "hedge",
                           "machine", "would_change", "relax", "scope"}) {
    if (says(clause.mentions, each)) return true;
  }
  return false;
}

// "The vendor promises": somebody else does. "I promise", "we can promise" are the writer's own.
bool told_by_others(const Passage& passage) {
  const std::string text = lowered(passage.text);
  return std::ranges::any_of(passage.mentions, [&](const Mention& each) {
    if (each.kind != MentionKind::kWord || each.means.front() != "reported") return false;
    const std::string_view before = std::string_view(text).substr(0, each.begin);
    for (const std::string_view own : {"i ", "we ", "can ", "may ", "will ", "hereby ", "gladly "}) {
      if (before.ends_with(own) &&
          (before.size() == own.size() || !is_word(before[before.size() - own.size() - 1])))
        return false;
    }
    return true;
  });
}

class AbsenceReader {
 public:
  AbsenceReader(const Passage& passage, const ClaimClause& clause, const AuditEvidence& evidence)
      : passage_(passage),
        clause_(clause),
        evidence_(evidence),
        text_(lowered(std::string_view(passage.text).substr(clause.begin, clause.end - clause.begin))) {}

  [[nodiscard]] std::string read() const {
    if (!names_who()) return {};
    if (any_word_of(text_, kSame) && !any_word_of(text_, kNearly)) return flips();
    if (!denies_harm(text_) && !any_word_of(text_, kAbsent)) return {};
    const bool strong = says(clause_.mentions, "strong");
    if (strong && denied_before_strong()) return {};
    if (!any_word_of(text_, kForce) && !strong) return {};
    if (!strong && any_word_of(text_, kSeen)) return {};
    if (denied_absence()) return {};
    return weakest();
  }

 private:
  [[nodiscard]] bool names_who() const {
    return !said(passage_.mentions, MentionKind::kRecipe).empty() || says(passage_.mentions, "quantized") ||
           !said(passage_.mentions, MentionKind::kModel).empty() ||
           text_.find("precision") != std::string::npos ||
           // Of every tier and of nobody: of all.
           any_word_of(text_,
                       {"any tier", "every tier", "no tier", "all tiers", "each tier", "tier by tier"});
  }

  // "Does not prove that it is harmless", "not proven safe": the certainty is what is denied.
  [[nodiscard]] bool denied_before_strong() const {
    const Mention* strong = first_word(clause_.mentions, "strong");
    // "None can be told from zero, which proves ...": what another part of the sentence denies is no matter
    // here.
    const Span segment = segment_at(passage_.text, strong->begin);
    return std::ranges::any_of(clause_.mentions, [&](const Mention& each) {
      return each.kind == MentionKind::kWord && each.means.front() == "negation" &&
             each.begin <= strong->begin && each.begin >= segment.begin;
    });
  }

  // "Is not free", "not harmless in every tier": absence itself is denied.
  [[nodiscard]] bool denied_absence() const {
    for (const std::string_view word : kAbsent) {
      const std::size_t at = find_word(text_, word);
      if (at == std::string::npos) continue;
      std::string_view before =
          std::string_view(text_).substr(at > 24 ? at - 24 : 0, std::min<std::size_t>(at, 24));
      // "No. It is free.": an answer, and no denial of it.
      if (const std::size_t stop = before.rfind(". "); stop != std::string_view::npos)
        before.remove_prefix(stop + 2);
      if (any_word_of(before, {"not", "n't", "no", "never", "hardly", "neither", "nothing", "cannot", "isn't",
                               "far from", "anything but", "rather than", "call", "called", "mean", "means",
                               "nobody", "none"}))
        return true;
    }
    return any_word_of(text_, {"not the same", "not proof", "no proof", "no guarantee", "not a guarantee",
                               "not mean", "does not follow"});
  }

  [[nodiscard]] std::vector<const AuditComparison*> covered() const {
    std::vector<std::string> tiers = said(clause_.mentions, MentionKind::kTier);
    std::erase(tiers, "");
    const std::vector<std::string> models = names(clause_.mentions, passage_, MentionKind::kModel);
    std::vector<std::string> recipes = said(clause_.mentions, MentionKind::kRecipe);
    if (recipes.empty()) recipes = said(passage_.mentions, MentionKind::kRecipe);
    if (recipes.empty() && !says(passage_.mentions, "quantized"))
      recipes = names(clause_.mentions, passage_, MentionKind::kRecipe);
    std::erase(recipes, evidence_.reference_recipe);
    const bool whole = any_word_of(text_, {"overall", "on average", "in aggregate", "in total"});
    std::vector<const AuditComparison*> list;
    for (const AuditComparison& each : evidence_.comparisons) {
      if (!models.empty() && !contains(models, each.model)) continue;
      if (!recipes.empty() && !contains(recipes, each.recipe)) continue;
      if (!tiers.empty() && !contains(tiers, each.tier)) continue;
      if (tiers.empty() && each.tier.empty() != whole) continue;
      list.push_back(&each);
    }
    return list;
  }

  [[nodiscard]] std::string weakest() const {
    const std::vector<const AuditComparison*> list = covered();
    const auto weak =
        std::ranges::find_if(list, [](const auto* each) { return each->size != SizeWord::kNegligible; });
    if (weak == list.end()) return {};
    return fmt::format(
        "that nothing is lost is more than the evidence carries: {} {}, {}: {:+.1f} points, {}, {}",
        (*weak)->model, (*weak)->recipe, (*weak)->tier.empty() ? std::string("all examples") : (*weak)->tier,
        100.0 * (*weak)->delta, evidence_word_name((*weak)->evidence), size_word_name((*weak)->size));
  }

  // "The very same answers": how many changed.
  [[nodiscard]] std::string flips() const {
    const std::vector<std::string> models = names(clause_.mentions, passage_, MentionKind::kModel);
    std::vector<std::string> recipes = names(clause_.mentions, passage_, MentionKind::kRecipe);
    std::erase(recipes, evidence_.reference_recipe);
    if (recipes.size() > 1 || models.size() > 1) return {};
    for (const Fact& fact : evidence_.facts) {
      if (fact.metric != "lost" && fact.metric != "gained") continue;
      if ((!models.empty() && fact.model != models.front()) ||
          (!recipes.empty() && fact.recipe != recipes.front()))
        continue;
      if (fact.value > 0.0)
        return fmt::format("{} {} turned {:.0f} answers {}{}{}", fact.model, fact.recipe, fact.value,
                           fact.metric == "lost" ? "from right to wrong" : "from wrong to right",
                           fact.tier.empty() ? "" : " in ", fact.tier);
    }
    return {};
  }

  const Passage& passage_;
  const ClaimClause& clause_;
  const AuditEvidence& evidence_;
  std::string text_;
};

}  // namespace

std::string claimed_absence(const Passage& passage, const ClaimClause& clause, const AuditEvidence& evidence,
                            const Published& published) {
  if (evidence.configurations.empty() || evidence.comparisons.empty()) return {};
  if (passage.of_conditions || passage.text.find('?') != std::string::npos ||
      supposes(clause.mentions, passage.text))
    return {};
  if (of_other_matter(clause) || told_in_figures(passage, clause) ||
      !cited_in(passage.text, published).empty())
    return {};
  if (told_by_others(passage) || says(passage.mentions, "hardware")) return {};
  return AbsenceReader(passage, clause, evidence).read();
}

}  // namespace quantier::audit_internal
