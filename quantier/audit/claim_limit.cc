// Who is said to pass or fail a limit, against who does.
#include <optional>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"

namespace quantier::audit_internal {
namespace {

// True: passes. "does not violate" passes, "does not meet" fails; both at once is not decided here.
std::optional<bool> outcome_said(const std::vector<Mention>& mentions) {
  const bool pass = says(mentions, "pass");
  const bool fail = says(mentions, "fail");
  const bool turned = negated(mentions, {"pass", "fail"});
  if (fail && !pass) return turned;
  // "is not within": a word of passing beside a negation fails; "no longer" and the like are left to a
  // person.
  if (pass && !fail) return !turned;
  return std::nullopt;
}

// The one limit that is meant.
const AuditLimit* limit_of(const std::vector<std::string>& metrics, const AuditEvidence& evidence) {
  const AuditLimit* limit = nullptr;
  for (const AuditLimit& each : evidence.limits) {
    if (!contains(metrics, each.metric)) continue;
    if (limit != nullptr) return nullptr;
    limit = &each;
  }
  return limit;
}

std::string verdict(const AuditLimit& limit, const std::string& configuration, bool passes) {
  const bool failed = contains(limit.failed_by, configuration);
  if (failed != passes) return {};
  return fmt::format("the evidence says that {} {} the limit on {} ({:g})", configuration,
                     failed ? "fails" : "passes", limit.metric, limit.limit);
}

// A table that says in a cell whether the row's configuration keeps the column's limit.
std::string of_cell(const Passage& cell, const AuditEvidence& evidence) {
  const std::vector<std::string> models = said(cell.row_mentions, MentionKind::kModel);
  const std::vector<std::string> recipes = said(cell.row_mentions, MentionKind::kRecipe);
  if (models.size() != 1 || recipes.size() != 1 || says(cell.mentions, "hedge")) return {};
  if (!said(cell.mentions, MentionKind::kModel).empty() || !said(cell.mentions, MentionKind::kMetric).empty())
    return {};
  const AuditLimit* limit = limit_of(said(cell.column_mentions, MentionKind::kMetric), evidence);
  const auto passes = outcome_said(cell.mentions);
  const bool other_reading =
      limit != nullptr && limit->metric == "ece" && !said(cell.column_mentions, MentionKind::kFit).empty();
  if (limit == nullptr || !passes || other_reading) return {};
  return verdict(*limit, models.front() + " " + recipes.front(), *passes);
}

}  // namespace

std::string wrong_outcome(const Passage& passage, const ClaimClause& clause, const AuditEvidence& evidence) {
  if (passage.kind == PassageKind::kCell) return of_cell(passage, evidence);
  if (is_cautious(clause.mentions, passage) || says(passage.mentions, "hypothetical")) return {};
  const std::vector<Mention>& mentions = clause.mentions;
  const std::vector<std::string> models = said(mentions, MentionKind::kModel);
  const std::vector<std::string> recipes = said(mentions, MentionKind::kRecipe);
  if (models.size() != 1 || recipes.size() != 1 || !says(mentions, "limit")) return {};
  const AuditLimit* limit = limit_of(said(mentions, MentionKind::kMetric), evidence);
  const auto passes = outcome_said(mentions);
  if (limit == nullptr || !passes) return {};
  // A number of another fit, or an earlier one, may pass where today's does not.
  if (limit->metric == "ece" &&
      (says(passage.mentions, "prior") || !said(mentions, MentionKind::kFit).empty()))
    return {};
  return verdict(*limit, models.front() + " " + recipes.front(), *passes);
}

}  // namespace quantier::audit_internal
