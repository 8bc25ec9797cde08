#include "quantier/audit/claim.h"

#include <algorithm>
#include <optional>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/prose_cells.h"

namespace quantier {

const char* claim_kind_name(ClaimKind kind) {
  switch (kind) {
    case ClaimKind::kOverclaim:
      return "overclaim";
    case ClaimKind::kModelledAsMeasured:
      return "modelled told as measured";
    case ClaimKind::kOutOfScope:
      return "ratio out of its scope";
    case ClaimKind::kOutcome:
      return "limit decided otherwise";
    case ClaimKind::kOrder:
      return "order is the other way round";
    case ClaimKind::kPublishedAsOwn:
      return "published, told as one's own";
    case ClaimKind::kMembership:
      return "of another group or size";
    case ClaimKind::kHead:
      return "head of other numbers";
    case ClaimKind::kRepeated:
      return "named twice in a list";
  }
  return "overclaim";
}

std::vector<ClaimFinding> check_claims(const std::vector<Passage>& passages,
                                       const std::vector<CheckedNumber>& numbers,
                                       const AuditEvidence& evidence, const Published& published,
                                       const std::vector<ReadHead>& heads) {
  namespace internal = audit_internal;
  std::vector<ClaimFinding> found;
  for (std::size_t p = 0; p < passages.size(); ++p) {
    const std::optional<Passage> prose = internal::sentence_in_cell(passages[p]);
    const Passage& passage = prose ? *prose : passages[p];
    if (passage.appendix) continue;
    const auto add = [&](ClaimKind kind, std::string why) {
      // One alarm of a kind for a sentence: the reader looks at all of it anyway.
      const bool known = std::ranges::any_of(
          found, [&](const ClaimFinding& each) { return each.kind == kind && each.passage == p; });
      if (!why.empty() && !known) found.push_back({.kind = kind, .passage = p, .why = std::move(why)});
    };
    if (passage.kind != PassageKind::kHeading)
      add(ClaimKind::kMembership, internal::wrong_membership(passage, evidence));
    add(ClaimKind::kOutcome, internal::misstated_limit(passage, evidence));
    add(ClaimKind::kOutcome, internal::other_limit(passage, evidence));
    if (passage.kind == PassageKind::kHeaderCell) continue;
    if (passage.kind == PassageKind::kSentence)
      add(ClaimKind::kHead, internal::misdefined_head(passage, heads));
    add(ClaimKind::kOrder, internal::misdefined_pairs(passage, passages, evidence));
    for (const internal::ClaimClause& clause : internal::claim_clauses(passage)) {
      add(ClaimKind::kOverclaim, internal::overclaimed(passage, clause, evidence, published));
      add(ClaimKind::kOverclaim, internal::claimed_absence(passage, clause, evidence, published));
      add(ClaimKind::kOverclaim, internal::too_sure_of_choice(passage, clause, evidence));
      add(ClaimKind::kOverclaim, internal::too_sure_of_better(passage, clause, evidence));
      if (passage.kind == PassageKind::kHeading || clause.inherits) continue;
      add(ClaimKind::kOutcome, internal::wrong_outcome(passage, clause, evidence));
      if (passage.kind != PassageKind::kSentence) continue;
      add(ClaimKind::kOrder, internal::wrong_order(passage, clause, evidence, published));
    }
    add(ClaimKind::kRepeated, internal::named_twice(passage));
    add(ClaimKind::kOutcome, internal::wrong_runner_up(passage, evidence));
    add(ClaimKind::kOutcome, internal::wrong_winner(passage, evidence));
    internal::CellClaim cell = internal::wrong_cell(passage, evidence);
    add(cell.kind, std::move(cell.why));
    add(ClaimKind::kOrder, internal::wrong_confidence(passage, evidence));
    if (passage.kind != PassageKind::kHeading)
      add(ClaimKind::kOrder, internal::turned_flips(passage, evidence));
    if (passage.kind == PassageKind::kCell)
      add(ClaimKind::kModelledAsMeasured, internal::untold_model(passage, evidence));
    if (passage.kind != PassageKind::kSentence) continue;
    std::vector<const CheckedNumber*> checked;
    for (const CheckedNumber& each : numbers) {
      if (each.passage == p) checked.push_back(&each);
    }
    const bool led =
        p > 0 && passages[p - 1].block == passage.block && passages[p - 1].column == passage.column;
    add(ClaimKind::kOrder,
        internal::wrong_relation(passage, led ? &passages[p - 1] : nullptr, evidence, published));
    add(ClaimKind::kOrder, internal::turned_ratio(passage, evidence));
    add(ClaimKind::kOrder, internal::turned_amount(passage, evidence));
    add(ClaimKind::kOrder, internal::turned_saving(passage, evidence));
    add(ClaimKind::kOutcome, internal::moved_limit(passage, evidence));
    add(ClaimKind::kOrder, internal::turned_direction(passage, checked, evidence));
    add(ClaimKind::kOrder, internal::turned_difference(passage, checked, evidence));
    add(ClaimKind::kOrder, internal::wrong_tier(passage, evidence));
    add(ClaimKind::kOrder, internal::wrong_extreme(passage, evidence));
    add(ClaimKind::kOrder, internal::wrong_ranking(passage, evidence));
    add(ClaimKind::kOrder, internal::wrong_dominance(passage, evidence));
    add(ClaimKind::kOrder, internal::wrong_frontier(passage, evidence));
    add(ClaimKind::kOutOfScope, internal::carried_over(passage, led ? &passages[p - 1] : nullptr, published));
    add(ClaimKind::kPublishedAsOwn, internal::published_as_own(passage, evidence, published));
    add(ClaimKind::kModelledAsMeasured, internal::modelled_as_measured(passage, evidence, published));
    add(ClaimKind::kModelledAsMeasured, internal::said_to_have_run(passage, evidence, published));
    add(ClaimKind::kModelledAsMeasured, internal::untold_model(passage, evidence));
    add(ClaimKind::kModelledAsMeasured, internal::multiple_elsewhere(passage, evidence, published));
    add(ClaimKind::kOverclaim, internal::untrue_split(passage, evidence));
    add(ClaimKind::kOverclaim, internal::untested_load(passage, evidence));
    add(ClaimKind::kOverclaim, internal::said_of_any_data(passage, evidence));
    const bool follows = p + 1 < passages.size() && passages[p + 1].block == passage.block &&
                         passages[p + 1].column == passage.column;
    add(ClaimKind::kOutOfScope,
        internal::ratio_out_of_scope(passage, follows ? &passages[p + 1] : nullptr, evidence, published));
  }
  for (ClaimFinding& each : internal::torn_recommendation(passages, evidence))
    found.push_back(std::move(each));
  return found;
}

}  // namespace quantier
