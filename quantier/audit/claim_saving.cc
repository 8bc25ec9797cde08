// Amounts that are saved or spent, against whomever they fit: "int4 would need another 1.4 MB". Wrong when
// every configuration from which the one spoken of lies so far away lies on the other side.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

constexpr std::array<std::string_view, 26> kSpares = {
    "saves", "save",   "saved",  "saving",  "frees",      "free",       "freed",     "freeing",   "spares",
    "spare", "spared", "shaves", "shave",   "shaved",     "trims",      "trim",      "trimmed",   "sheds",
    "shed",  "cuts",   "cut",    "removes", "lighter by", "smaller by", "faster by", "quicker by"};
constexpr std::array<std::string_view, 13> kSpends = {
    "costs",      "cost",      "costing",   "adds",      "add",       "added", "adding",
    "heavier by", "larger by", "bigger by", "slower by", "lengthens", "spends"};
constexpr std::array<std::string_view, 20> kNeeds = {
    "needs", "need", "needed",   "takes",   "take",     "took",   "taking",   "uses", "use",    "used",
    "wants", "want", "requires", "require", "occupies", "occupy", "asks for", "asks", "claims", "swallows"};
constexpr std::array<std::string_view, 6> kMore = {"another", "extra",     "additional",
                                                   "further", "a further", "an extra"};

// +1: so much more is spent, -1: so much is saved; nullopt: neither, or both.
std::optional<int> way_of(std::string_view before, std::string_view behind) {
  const bool spares = any_word_of(before, kSpares);
  bool spends = any_word_of(before, kSpends);
  const bool more = any_word_of(before, kMore) || behind.starts_with(" more") ||
                    behind.starts_with(" extra") || behind.starts_with(" of extra") ||
                    behind.starts_with(" on top");
  if (any_word_of(before, kNeeds) && more) spends = true;
  if (spares == spends) return std::nullopt;
  return spends ? 1 : -1;
}

// Who is spoken of: the precision that a step leads to, or the only one that the statement names before the
// amount.
std::optional<NamedConfiguration> subject_of(const Passage& passage, const Span& statement,
                                             std::size_t number) {
  std::optional<NamedConfiguration> found;
  std::string model;
  std::vector<NamedConfiguration> list;
  for (const NamedConfiguration& each : possible_configurations_in(passage)) {
    if (each.begin < statement.begin || each.end > number) continue;
    if (each.recipe.empty()) {
      if (!model.empty() && model != each.model) return std::nullopt;
      model = each.model;
      continue;
    }
    list.push_back(each);
  }
  if (list.empty() || list.size() > 2) return std::nullopt;
  found = list.back();
  if (list.size() == 2) {
    const std::string_view between =
        std::string_view(passage.text).substr(list[0].end, list[1].begin - list[0].end);
    if (between != " to " && between != " → " && between != " -> " && between != "→") return std::nullopt;
  }
  if (found->model.empty()) {
    found->model = model;
  } else if (!model.empty() && model != found->model) {
    return std::nullopt;
  }
  return found;
}

}  // namespace

std::string turned_saving(const Passage& passage, const AuditEvidence& evidence) {
  if (passage.text.find('?') != std::string::npos || says(passage.mentions, "hardware")) return {};
  const std::string lower = lowered(passage.text);
  for (const WrittenNumber& number : passage.numbers) {
    const bool bytes = number.unit == WrittenUnit::kBytes;
    if ((!bytes && number.unit != WrittenUnit::kMilliseconds) || number.in_brackets || number.sign != 0)
      continue;
    const Span statement = statement_at(passage.text, number.begin);
    const std::vector<Mention> mentions = between(passage.mentions, statement.begin, statement.end);
    if (says(mentions, "negation") || says(mentions, "limit") || says(mentions, "modelled")) continue;
    const Span segment = segment_at(passage.text, number.begin);
    const std::string_view behind = std::string_view(lower).substr(std::min(number.end, lower.size()), 12);
    const auto way =
        way_of(std::string_view(lower).substr(segment.begin, number.begin - segment.begin), behind);
    const auto subject = subject_of(passage, statement, number.begin);
    if (!way || !subject) continue;
    const char* metric = bytes ? "memory" : "latency";
    const std::string_view before =
        std::string_view(lower).substr(segment.begin, number.begin - segment.begin);
    const bool more_of_it = any_word_of(before, kMore);
    // Precisions of one model are held against each other first; other models only where none of these fits.
    for (const bool same_model : {true, false}) {
      bool right = false;
      std::string why;
      for (const AuditConfiguration& own : evidence.configurations) {
        if (own.recipe != subject->recipe || (!subject->model.empty() && own.model != subject->model))
          continue;
        const std::vector<double> a = values_of(evidence, metric, own.model, own.recipe);
        const double slack = std::max(1.6 * number.half_width, 0.01 * number.value);
        // "it takes 0.9 ms"
        right = right || (!more_of_it && std::ranges::any_of(a, [&](double each) {
                  return std::fabs(each - number.value) <= slack;
                }));
        for (const AuditConfiguration& other : evidence.configurations) {
          if ((other.model == own.model) != same_model) continue;
          const std::vector<double> b = values_of(evidence, metric, other.model, other.recipe);
          for (std::size_t i = 0; i < a.size() && a.size() == b.size(); ++i) {
            if (std::fabs(std::fabs(a[i] - b[i]) - number.value) > slack) continue;
            right = right || *way * (a[i] - b[i]) > 0.0;
            why = fmt::format("{} has {} {} than {}", own.display(), a[i] < b[i] ? "less" : "more", metric,
                              other.display());
          }
        }
      }
      if (right) break;
      if (!why.empty()) return why;
    }
  }
  return {};
}

}  // namespace quantier::audit_internal
