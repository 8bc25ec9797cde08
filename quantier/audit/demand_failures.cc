// For every limit that somebody fails: who, beside which limit.
#include <fmt/format.h>

#include "quantier/audit/demand_parts.h"
#include "quantier/audit/grammar.h"

namespace quantier::audit_internal {
namespace {

std::vector<Mention> around(const Passage& passage) {
  std::vector<Mention> mentions = passage.mentions;
  mentions.insert(mentions.end(), passage.row_mentions.begin(), passage.row_mentions.end());
  mentions.insert(mentions.end(), passage.column_mentions.begin(), passage.column_mentions.end());
  return mentions;
}

bool is_of_limit(const std::vector<Mention>& mentions, const AuditLimit& limit) {
  // A limit on a tier's accuracy is named by its tier.
  if (limit.metric == "accuracy") return has(said(mentions, MentionKind::kTier), limit.tier);
  return has(said(mentions, MentionKind::kMetric), limit.metric);
}

// "memory keeps fp16 out".
bool keeps_out(std::string_view text) {
  for (const std::string_view verb : {"keep ", "keeps ", "kept "}) {
    const std::size_t at = text.find(verb);
    if (at != std::string_view::npos && text.substr(at, 40).find(" out") != std::string_view::npos)
      return true;
  }
  return false;
}

bool tells_failure(const Passage& passage, const AuditLimit& limit, const AuditConfiguration& one) {
  const std::vector<Mention> mentions = around(passage);
  if (passage.kind == PassageKind::kCell) {
    if (!says(passage.mentions, "fail") && !says(passage.mentions, "negation")) return false;
  } else {
    const bool failing = says(mentions, "fail") || says(mentions, "binds") || keeps_out(passage.text) ||
                         (says(mentions, "pass") && says(mentions, "negation")) ||
                         (says(mentions, "bounding") && says(mentions, "limit"));
    if (!failing || passage.kind != PassageKind::kSentence) return false;
  }
  if (!has(said(mentions, MentionKind::kModel), one.model)) return false;
  const std::vector<std::string> recipes = said(mentions, MentionKind::kRecipe);
  return (recipes.empty() || has(recipes, one.recipe)) && is_of_limit(mentions, limit);
}

}  // namespace

bool DemandChecker::told_to_pass(const std::string& configuration, const std::string& metric) const {
  const auto judged = [&](const AuditLimit& limit) {
    return std::ranges::any_of(passages_, [&](const Passage& passage) {
      return passage.kind == PassageKind::kSentence && !passage.appendix &&
             (says(passage.mentions, "pass") || says(passage.mentions, "fail")) &&
             is_of_limit(passage.mentions, limit);
    });
  };
  return std::ranges::any_of(evidence_.limits, [&](const AuditLimit& limit) {
    return limit.metric == metric && !has(limit.failed_by, configuration) && judged(limit);
  });
}

// The model and the limit stand in one paragraph or section with a word of failing or with both numbers: who
// is meant may need a reader.
bool DemandChecker::may_tell_failure(const AuditLimit& limit, const AuditConfiguration& one) const {
  for (const char* kind : {"paragraph", "section"}) {
    for (const Window& window : windows_of(kind)) {
      if (!has(said(window.mentions, MentionKind::kModel), one.model) || !is_of_limit(window.mentions, limit))
        continue;
      const std::vector<std::string> recipes = said(window.mentions, MentionKind::kRecipe);
      if (!recipes.empty() && !has(recipes, one.recipe)) continue;
      const bool bound = has_fact(window, [&](const Fact& fact) {
        return fact.role == FactRole::kLimit && fact.metric == limit.metric && fact.tier == limit.tier;
      });
      const bool value = has_fact(window, [&](const Fact& fact) {
        return fact.metric == limit.metric && fact.model == one.model && fact.recipe == one.recipe;
      });
      const bool judged = says(window.mentions, "pass") || says(window.mentions, "limit");
      if (says(window.mentions, "fail") || says(window.mentions, "binds") || keeps_out(window.text) ||
          (value && (bound || judged)))
        return true;
    }
  }
  return false;
}

// "decoder 0.418-0.420 and failing": in its own clause a model without a precision is meant at all of them,
// whatever precisions the rest of the sentence names.
bool DemandChecker::fails_in_a_clause(const AuditConfiguration& one) const {
  return std::ranges::any_of(passages_, [&](const Passage& passage) {
    if (passage.kind != PassageKind::kSentence || passage.appendix) return false;
    return std::ranges::any_of(passage.mentions, [&](const Mention& model) {
      if (model.kind != MentionKind::kModel || !has(model.means, one.model)) return false;
      const Clause clause = clause_at(passage.text, model.begin, model.end);
      const auto inside = [&](const Mention& each) {
        return each.begin >= clause.begin && each.end <= passage.text.find_first_of(");", clause.end - 1);
      };
      bool fails = false;
      for (const Mention& each : passage.mentions) {
        if (!inside(each)) continue;
        if (each.kind == MentionKind::kRecipe) return false;
        fails = fails || (each.kind == MentionKind::kWord && each.means.front() == "fail");
      }
      return fails;
    });
  });
}

DemandFinding DemandChecker::failures() const {
  DemandFinding finding{.status = DemandStatus::kPresent, .missing = {}, .why = {}};
  std::size_t asked = 0;
  bool open = false;
  for (const AuditLimit& limit : evidence_.limits) {
    for (const AuditConfiguration& one : evidence_.configurations) {
      if (!has(limit.failed_by, one.display())) continue;
      ++asked;
      const bool said_so = std::ranges::any_of(
          passages_, [&](const Passage& passage) { return tells_failure(passage, limit, one); });
      if (said_so) continue;
      const auto of_limit = [&](const Fact& fact) {
        return fact.role == FactRole::kLimit && fact.metric == limit.metric && fact.tier == limit.tier;
      };
      if (may_tell_failure(limit, one) || fails_in_a_clause(one) ||
          limit_stands(limit, of_limit) == DemandStatus::kNotChecked) {
        open = true;
      } else {
        finding.missing.push_back(fmt::format("{} fails {}", one.display(), limit.metric));
      }
    }
  }
  if (asked == 0) {
    // Somebody has to say that nothing binds.
    const bool said_so = std::ranges::any_of(passages_, [](const Passage& passage) {
      return says(passage.mentions, "binds") ||
             (says(passage.mentions, "pass") && says(passage.mentions, "limit"));
    });
    finding.status = said_so ? DemandStatus::kPresent : DemandStatus::kAbsent;
    return finding;
  }
  if (!finding.missing.empty()) {
    finding.status = DemandStatus::kAbsent;
  } else if (open) {
    finding.status = DemandStatus::kNotChecked;
    finding.why =
        "a part of the note speaks of the limit and of who fails it, in words that were not understood";
  }
  if (finding.missing.size() == asked) finding.missing.clear();
  return finding;
}

}  // namespace quantier::audit_internal
