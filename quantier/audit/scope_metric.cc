#include "quantier/audit/scope_metric.h"

#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

#include "quantier/audit/grammar.h"

namespace quantier {
namespace audit_internal {
namespace {

// Behind a tier: only numbers, signs and words of its limit before the number that is meant.
bool leads_to_number(std::string_view between) {
  constexpr std::array<std::string_view, 16> kWords = {
      "floor", "limit", "accuracy", "ceiling", "against", "vs",   "at",  "of",
      "is",    "was",   "the",      "minimum", "pp",      "tier", "and", "to"};
  for (std::size_t at = 0; at < between.size();) {
    const char c = between[at];
    if (c == ';') return false;
    if (std::isalpha(static_cast<unsigned char>(c)) == 0) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < between.size() && std::isalpha(static_cast<unsigned char>(between[end])) != 0) ++end;
    if (std::ranges::find(kWords, between.substr(at, end - at)) == kWords.end()) return false;
    at = end;
  }
  return between.size() <= 60;
}

}  // namespace

void metric_of_pair(const Passage& passage, const WrittenNumber& number, NumberScopes& scopes) {
  if (number.pair == 0) return;
  const auto is = [&](const std::string& metric) {
    for (Scope* scope : {&scopes.narrow, &scopes.wide}) scope->metric = {.values = {metric}, .pinned = true};
    scopes.metric_is_near = true;
  };
  for (const std::vector<Mention>* list :
       {&passage.mentions, &passage.column_mentions, &passage.before, &passage.lead_in, &passage.heading}) {
    std::vector<std::string> order;
    for (const Mention& each : *list) {
      if (each.kind != MentionKind::kMetric || each.means.size() != 1) continue;
      if (each.means.front() == "lost" || each.means.front() == "gained") merge(order, each.means);
    }
    if (order.size() != 2) continue;
    is(order[static_cast<std::size_t>(number.pair) - 1]);
    return;
  }
  if (passage.pair_order.size() == 2) is(passage.pair_order[static_cast<std::size_t>(number.pair) - 1]);
}

void widen_metrics(const Passage& passage, const WrittenNumber& number, NumberScopes& scopes) {
  const auto named = [](const ScopeSet& set, std::string_view metric) {
    return std::ranges::any_of(set.values, [&](const std::string& each) { return each == metric; });
  };
  const auto gated = [&](const std::vector<Mention>& mentions) {
    const std::vector<std::string> metrics = said(mentions, MentionKind::kMetric);
    return std::ranges::find(metrics, "gate_share") != metrics.end();
  };
  const bool gate =
      passage.kind == PassageKind::kSentence && (gated(passage.mentions) || gated(passage.before));
  for (Scope* scope : {&scopes.narrow, &scopes.wide}) {
    // A column of temperatures holds nothing else, unless it names the fit that an error is of.
    const bool temperatures =
        passage.kind == PassageKind::kCell && said(passage.column_mentions, MentionKind::kFit).empty();
    if (!temperatures && named(scope->metric, "temperature"))
      merge(scope->metric.values, {"ece", "ece_difference"});
    // "4,280 out of 6,083 texts".
    const std::string_view behind = std::string_view(passage.text).substr(number.end);
    if (gate && number.integer && number.unit == WrittenUnit::kNone &&
        (behind.starts_with(" out of ") || behind.starts_with(" of ")))
      scope->metric = {.values = {"gate_kept"}, .pinned = true};
    if (gate && !scope->metric.values.empty())
      merge(scope->metric.values,
            {"gate_threshold", "gate_share", "gate_accuracy", "gate_error", "gate_kept"});
  }
}

void metric_of_tier(const Passage& passage, const WrittenNumber& number, NumberScopes& scopes) {
  if (passage.kind != PassageKind::kSentence || (number.integer && number.unit == WrittenUnit::kNone)) return;
  if (number.unit != WrittenUnit::kNone && number.unit != WrittenUnit::kPercent) return;
  std::size_t tier = 0;  // behind the last one
  std::size_t metric = 0;
  for (const Mention& each : passage.mentions) {
    if (each.end > number.begin) continue;
    if (each.kind == MentionKind::kTier) tier = each.means.front().empty() ? 0 : std::max(tier, each.end);
    if (each.kind == MentionKind::kMetric && !counts_things(each)) metric = std::max(metric, each.begin);
  }
  if (tier == 0 || tier <= metric) return;
  const std::string_view between = std::string_view(passage.text).substr(tier, number.begin - tier);
  if (!leads_to_number(between)) return;
  for (Scope* scope : {&scopes.narrow, &scopes.wide}) {
    scope->metric = {
        .values = {"accuracy", "accuracy_change", "tier_f1", "detectable", "contrast", "class_accuracy"},
        .pinned = true};
    scope->fit = {};
  }
  scopes.metric_is_near = true;
}

void metric_of_unit(const Passage& passage, const WrittenNumber& number, bool metric_is_near, Scope& scope) {
  if (number.pair != 0) return;  // counts, whatever the column is in
  const WrittenUnit unit = number.unit == WrittenUnit::kNone ? passage.column_unit : number.unit;
  if (unit == WrittenUnit::kMilliseconds || unit == WrittenUnit::kBytes) {
    const char* metric = unit == WrittenUnit::kMilliseconds ? "latency" : "memory";
    const std::string headroom = std::string(metric) + "_headroom";
    scope.metric = {.values = {metric, headroom}, .pinned = true};
    return;
  }
  if (unit == WrittenUnit::kRate && number.unit == WrittenUnit::kNone) {
    scope.metric = {.values = {"requests"}, .pinned = true};
    return;
  }
  // A multiple is one of costs or errors, whatever quality stands beside it.
  if (unit == WrittenUnit::kTimes && std::ranges::none_of(scope.metric.values, [](const std::string& each) {
        return each == "latency" || each == "memory" || each == "ece" || each == "requests";
      })) {
    scope.metric = {};
    return;
  }
  // A class's number stands beside its name, whatever the changes around it are counted in.
  const bool points_around = !scope.label.pinned && counts_in_points(passage);
  const bool bare = number.unit == WrittenUnit::kNone && !number.integer;
  const bool points = number.unit == WrittenUnit::kPoints ||
                      (number.unit == WrittenUnit::kNone && passage.column_unit == WrittenUnit::kPoints) ||
                      (bare && points_around && scope.metric.values.empty());
  if (points) {
    constexpr std::array<std::string_view, 9> kDifferences = {
        "accuracy_change", "contrast",   "macro_f1_difference", "tier_f1",   "ece",
        "ece_difference",  "detectable", "class_accuracy",      "gate_share"};
    std::erase_if(scope.metric.values, [&](const std::string& each) {
      return std::ranges::find(kDifferences, each) == kDifferences.end();
    });
    const bool tiers = !said(passage.mentions, MentionKind::kTier).empty();
    if (tiers && !metric_is_near) scope.metric.values.clear();
    // Of accuracy unless something else is named; a tier has no other number that is counted in points.
    if (scope.metric.values.empty() || tiers) {
      merge(scope.metric.values, {"accuracy_change", "detectable"});
      // One change against another needs both sides in the sentence.
      const auto count_of = [&](MentionKind kind) { return said(passage.mentions, kind).size(); };
      if (says(passage.mentions, "comparison") &&
          (count_of(MentionKind::kTier) > 1 || count_of(MentionKind::kModel) > 1 ||
           count_of(MentionKind::kRecipe) > 2)) {
        merge(scope.metric.values, {"contrast"});
      }
    }
    return;
  }
  // A class's own numbers, where nothing says which.
  if (scope.label.pinned && !scope.metric.pinned && number.integer) scope.metric = {};
  if (scope.label.pinned && !scope.metric.pinned && !number.integer) {
    // Its accuracy, unless what stands around speaks of something else.
    ScopeSet of_class{.values = {"class_accuracy"}, .pinned = false};
    for (const char* other : {"tier_f1", "probability"}) {
      if (std::ranges::find(scope.metric.values, other) != scope.metric.values.end())
        of_class.values.emplace_back(other);
    }
    scope.metric = std::move(of_class);
  }
  if (!scope.label.values.empty() && !number.integer && !scope.metric.values.empty()) {
    merge(scope.metric.values, {"class_accuracy"});
  }
  if (bare && points_around && !scope.metric.values.empty()) merge(scope.metric.values, {"accuracy_change"});
}

}  // namespace audit_internal

bool counts_in_points(const Passage& passage) {
  if (passage.kind != PassageKind::kSentence) return false;
  if (std::ranges::any_of(passage.numbers,
                          [](const WrittenNumber& each) { return each.unit == WrittenUnit::kPoints; }))
    return true;
  // A heading or the paragraph before a list may say it once for all of it; then a tier is what is counted.
  // An interval around zero beside a tier is one of a change.
  const bool own_tier = !said(passage.mentions, MentionKind::kTier).empty();
  const bool points_around =
      says(passage.before, "points") || says(passage.lead_in, "points") || says(passage.heading, "points");
  // "**Head** (n = 3,502). Encoder int8 0.0 [-0.2, +0.1]; ...": the tier may stand once in front of all of
  // it.
  if (!own_tier && (said(passage.before, MentionKind::kTier).empty() || !points_around)) return false;
  for (std::size_t i = 0; i + 1 < passage.numbers.size(); ++i) {
    const WrittenNumber& low = passage.numbers[i];
    const WrittenNumber& high = passage.numbers[i + 1];
    if (low.in_brackets && high.in_brackets && low.unit == WrittenUnit::kNone && low.value < 0.0 &&
        high.value > 0.0)
      return true;
  }
  const auto is_change = [](const WrittenNumber& each) {
    return each.sign != 0 && each.unit == WrittenUnit::kNone && std::abs(each.value) >= 0.1;
  };
  if (std::ranges::any_of(passage.numbers, is_change)) return true;
  return points_around;
}

}  // namespace quantier
