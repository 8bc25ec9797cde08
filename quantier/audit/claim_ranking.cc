// An order of three or more: "from fastest to slowest: A, B, C", "by memory they rank A, B, C".
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
#include "quantier/audit/roles.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

// Three or more named one behind the other; empty where there is no such list, or two of them.
std::vector<NamedConfiguration> listed(const Passage& passage) {
  std::vector<NamedConfiguration> best;
  std::vector<NamedConfiguration> run;
  const std::string_view text = passage.text;
  for (const NamedConfiguration& each : configurations_in(passage)) {
    const bool joins = !run.empty() && each.begin >= run.back().end && [&] {
      const std::string_view between = text.substr(run.back().end, each.begin - run.back().end);
      return only_separators(between) || between == " > " || between == " < " || between == ", then " ||
             between == " before " || between == " ahead of " || between == ", and ";
    }();
    if (!joins) run.clear();
    run.push_back(each);
    if (run.size() >= 3 && run.size() > best.size()) best = run;
  }
  return best;
}

struct Order {
  std::string metric;
  int sign = 0;  // +1: the most of it first
};

// "From fastest to slowest", "from the heaviest down".
std::optional<Order> by_superlatives(const Passage& passage, std::size_t before) {
  const std::string lower = lowered(passage.text);
  for (const Relation& each : relations_in(passage)) {
    if (each.form != RelationForm::kSuperlative || each.end > before) continue;
    const std::string_view start = std::string_view(lower).substr(0, each.begin);
    const bool first =
        start.ends_with("from ") || start.ends_with("from the ") || start.ends_with("from its ");
    const bool alone = std::string_view(lower).substr(each.end, 7) == " first:" ||
                       std::string_view(lower).substr(each.end, 7) == " first,";
    if (first || alone) return Order{.metric = each.metric, .sign = each.sign};
  }
  return std::nullopt;
}

// "By speed they rank": the best comes first.
std::optional<Order> by_measure(const Passage& passage, const Span& statement) {
  const std::string lower = lowered(passage.text);
  constexpr std::array<std::string_view, 8> kRank = {" rank ",   " ranks ", " ranking ", " order is ",
                                                     " ranked ", " rank:",  " ranking:", " order:"};
  if (std::ranges::none_of(kRank,
                           [&](std::string_view word) { return lower.find(word) != std::string::npos; }))
    return std::nullopt;
  if (lower.find(" rises") != std::string::npos || lower.find("ascending") != std::string::npos ||
      lower.find("descending") != std::string::npos)
    return std::nullopt;
  const std::vector<std::string> measures = measures_in(passage, statement);
  if (measures.size() != 1 || measures.front() == "other") return std::nullopt;
  const bool quality = measures.front() == "macro_f1" || measures.front() == "accuracy";
  return Order{.metric = measures.front(), .sign = quality ? 1 : -1};
}

}  // namespace

std::string wrong_ranking(const Passage& passage, const AuditEvidence& evidence) {
  if (is_cautious(passage.mentions, passage) || negated(passage.mentions, {}) ||
      says(passage.mentions, "hardware") || says(passage.mentions, "reported") ||
      says(passage.mentions, "prior"))
    return {};
  const std::vector<NamedConfiguration> list = listed(passage);
  if (list.empty()) return {};
  auto order = by_superlatives(passage, list.front().begin);
  if (!order) order = by_measure(passage, {.begin = 0, .end = passage.text.size()});
  if (!order) return {};
  for (std::size_t i = 0; i + 1 < list.size(); ++i) {
    const std::vector<double> a = values_of(evidence, order->metric, list[i].model, list[i].recipe);
    const std::vector<double> b = values_of(evidence, order->metric, list[i + 1].model, list[i + 1].recipe);
    if (a.empty() || a.size() != b.size() || list[i].recipe.empty() || list[i + 1].recipe.empty()) return {};
    const bool turned = [&] {
      for (std::size_t k = 0; k < a.size(); ++k) {
        if (order->sign * (a[k] - b[k]) >= -0.01 * std::fabs(b[k])) return false;
      }
      return true;
    }();
    if (!turned) continue;
    return fmt::format("{} {} stands before {} {}, and in {} it is the other way round", list[i].model,
                       list[i].recipe, list[i + 1].model, list[i + 1].recipe, order->metric);
  }
  return {};
}

}  // namespace quantier::audit_internal
