// "faster than", "shrinks", "better calibrated": which of two configurations has more of something.
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/relation.h"

namespace quantier::audit_internal {
namespace {

struct Side {
  std::vector<std::string> models;
  std::vector<std::string> recipes;
};

// Where the other side of a comparison begins; the end of the clause when it is not said.
std::size_t comparator(std::string_view text, const ClaimClause& clause) {
  constexpr std::array<std::string_view, 16> kWords = {
      " than ", " below that of ", " above that of ", " compared ", " relative to ", " against ",
      " vs ",   " vs. ",           " versus ",        " over ",     " below what ",  " beats ",
      " beat ", " outperforms ",   " bests ",         " trumps "};
  std::size_t first = clause.end;
  for (const std::string_view word : kWords) {
    const std::size_t at = text.find(word, clause.begin);
    if (at != std::string_view::npos) first = std::min(first, at);
  }
  return first;
}

Side side_of(const std::vector<Mention>& mentions, std::size_t begin, std::size_t end) {
  const std::vector<Mention> own = between(mentions, begin, end);
  return {said(own, MentionKind::kModel), said(own, MentionKind::kRecipe)};
}

// Whether nobody is named between two places.
bool nobody_named(const ClaimClause& clause, std::size_t begin, std::size_t end) {
  return !has_names(between(clause.mentions, begin, end));
}

// "beats decoder fp16 on latency": better by the one metric that is named.
std::optional<Mention> beating(const Passage& passage, const ClaimClause& clause) {
  std::size_t at = std::string::npos;
  for (const std::string_view word :
       {" beats ", " beat ", " outperforms ", " bests ", " trumps ", " surpasses "}) {
    const std::size_t found = passage.text.find(word, clause.begin);
    if (found < clause.end) at = std::min(at, found);
  }
  if (at == std::string::npos) return std::nullopt;
  const std::vector<std::string> metrics = said(clause.mentions, MentionKind::kMetric);
  std::optional<Mention> order;
  for (const char* metric : {"latency", "memory", "ece", "macro_f1", "accuracy"}) {
    if (!contains(metrics, metric)) continue;
    // "on time and memory": one that is turned over is enough, and the first one is looked at.
    if (order) break;
    const bool more = std::string_view(metric) == "macro_f1" || std::string_view(metric) == "accuracy";
    order = Mention{.kind = MentionKind::kOrder,
                    .means = {metric, more ? "more" : "less"},
                    .begin = at + 1,
                    .end = at + 6};
  }
  return order;
}

}  // namespace

std::string wrong_order(const Passage& passage, const ClaimClause& clause, const AuditEvidence& evidence,
                        const Published& published) {
  const Mention* order = nullptr;
  for (const Mention& each : clause.mentions) {
    if (each.kind != MentionKind::kOrder) continue;
    if (order != nullptr && order->means != each.means) return {};  // two comparisons in one clause
    order = &each;
  }
  const std::optional<Mention> beaten = order == nullptr ? beating(passage, clause) : std::nullopt;
  if (beaten) order = &*beaten;
  if (order == nullptr || is_cautious(clause.mentions, passage) || negated(clause.mentions, {})) return {};
  // "Vendors say"; "every other one is slower".
  const Span part = part_at(passage.text, order->begin);
  const std::string around = passage.text.substr(part.begin, part.end - part.begin);
  const std::vector<Mention> near = between(passage.mentions, part.begin, part.end);
  if (says(near, "reported") || around.find(" other ") != std::string::npos ||
      around.find(" others ") != std::string::npos)
    return {};
  if (says(near, "hardware") || !cited_in(around, published).empty() ||
      !said(clause.mentions, MentionKind::kTier).empty() ||
      !said(clause.mentions, MentionKind::kLabel).empty())
    return {};
  // "Latency leaves decoder int8; slower are ...": who stands in front of a semicolon is not who is compared.
  const std::size_t stop = passage.text.find_last_of(";:", order->begin);
  if (stop != std::string::npos && stop >= clause.begin &&
      has_names(between(clause.mentions, clause.begin, stop)) && nobody_named(clause, stop, order->begin))
    return {};
  // "a smaller loss of accuracy" is not about memory.
  const bool cost = order->means.front() == "latency" || order->means.front() == "memory";
  for (const Mention& each : clause.mentions) {
    if (!cost || each.kind != MentionKind::kMetric || (each.begin >= order->begin && each.end <= order->end))
      continue;
    if (!contains(each.means, "latency") && !contains(each.means, "memory")) return {};
  }
  const std::size_t cut = comparator(passage.text, clause);
  Side own = side_of(clause.mentions, clause.begin, cut);
  Side other = side_of(clause.mentions, cut, clause.end);
  if (own.models.empty()) own.models = said(passage.mentions, MentionKind::kModel);
  if (own.models.size() != 1 || other.models.size() > 1 || own.recipes.size() > 1 || other.recipes.size() > 1)
    return {};
  if (own.recipes.empty()) return {};
  if (other.models.empty()) other.models = own.models;
  if (other.recipes.empty()) {
    const bool across = other.models != own.models;
    other.recipes = across ? own.recipes : std::vector{evidence.reference_recipe};
  }
  if (own.models == other.models && own.recipes == other.recipes) return {};
  const std::vector<double> a = values_of(evidence, order->means[0], own.models.front(), own.recipes.front());
  const std::vector<double> b =
      values_of(evidence, order->means[0], other.models.front(), other.recipes.front());
  if (a.empty() || a.size() != b.size()) return {};
  const bool more = order->means[1] == "more";
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double off = more ? b[i] - a[i] : a[i] - b[i];
    if (off <= 1e-3 * std::fabs(b[i])) return {};  // some reading of it is right
  }
  std::string metric = order->means[0];
  std::ranges::replace(metric, '_', ' ');
  return fmt::format(
      "\"{}\", and the evidence has it the other way round: {} of {} {} is {:.4g}, of {} {} {:.4g}",
      passage.text.substr(order->begin, order->end - order->begin), metric, own.models.front(),
      own.recipes.front(), order->means[0] == "memory" ? a.front() / 1e6 : a.front(), other.models.front(),
      other.recipes.front(), order->means[0] == "memory" ? b.front() / 1e6 : b.front());
}

}  // namespace quantier::audit_internal
