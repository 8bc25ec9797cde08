#include "quantier/audit/match_series.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "quantier/audit/grammar.h"
#include "quantier/audit/roles.h"

namespace quantier {
namespace {

using audit_internal::NumberRun;
using audit_internal::Reader;
using audit_internal::run_of;

// What a series can be of: everything of a fact but its precision.
struct Kind {
  std::string metric;
  std::string model;
  std::string tier;
  std::string label;
  std::string fit;
  bool operator==(const Kind&) const = default;
};

bool is_kind_of(const Fact& fact, const Kind& kind) {
  return fact.metric == kind.metric && fact.model == kind.model && fact.tier == kind.tier &&
         fact.label == kind.label && fact.fit == kind.fit;
}

bool may_be_series(const Fact& fact) {
  return fact.role == FactRole::kValue && !fact.difference && !fact.model.empty() && !fact.recipe.empty() &&
         fact.against_model.empty() && fact.source != FactSource::kModelled &&
         (fact.metric == "ece" || fact.metric == "accuracy" || fact.metric == "class_accuracy" ||
          fact.metric == "macro_f1" || fact.metric == "latency" || fact.metric == "memory");
}

struct Member {
  double value = 0.0;
  double half_width = 0.0;
  FactUnit unit = FactUnit::kFraction;
  std::string recipe;
};

// The numbers of a run with the precisions that they are of, in their order; empty where it is none.
std::vector<Member> members_of(const Passage& passage, const NumberRun& run, const AuditEvidence& evidence,
                               bool alone) {
  std::vector<Member> members;
  const WrittenNumber& last = passage.numbers[run.last];
  for (std::size_t i = run.first; i <= run.last; ++i) {
    const WrittenNumber& number = passage.numbers[i];
    // The unit stands once, behind the last one.
    const bool listed = number.unit == WrittenUnit::kNone && last.unit != WrittenUnit::kNone;
    const double scale = listed ? last.scale : 1.0;
    const WrittenUnit unit = listed ? last.unit : number.unit;
    if (number.in_brackets || (alone && number.in_range) || number.sign != 0 || number.in_words ||
        number.pair != 0)
      return {};
    Member member{.value = number.value * scale,
                  .half_width = number.half_width * scale,
                  .unit = FactUnit::kFraction,
                  .recipe = {}};
    switch (unit) {
      case WrittenUnit::kNone:
        if (number.integer) return {};
        break;
      case WrittenUnit::kPercent:
      case WrittenUnit::kPoints:
        break;
      case WrittenUnit::kMilliseconds:
        member.unit = FactUnit::kMilliseconds;
        break;
      case WrittenUnit::kBytes:
        member.unit = FactUnit::kBytes;
        break;
      default:
        return {};
    }
    const audit_internal::Chosen named = Reader(passage, i).by_list(MentionKind::kRecipe);
    member.recipe = alone && named.pinned && named.values.size() == 1 ? named.values.front()
                                                                      : evidence.recipes[i - run.first];
    members.push_back(std::move(member));
  }
  return members;
}

bool fits(const Member& member, const Fact& fact) {
  return member.unit == fact.unit && fact.recipe == member.recipe &&
         std::fabs(member.value - fact.value) <= member.half_width * 1.001 + 1e-12;
}

std::vector<bool> matches(const std::vector<Member>& members, const Kind& kind,
                          const AuditEvidence& evidence) {
  std::vector<bool> found;
  found.reserve(members.size());
  for (const Member& member : members) {
    found.push_back(std::ranges::any_of(evidence.facts, [&](const Fact& fact) {
      return may_be_series(fact) && is_kind_of(fact, kind) && fits(member, fact);
    }));
  }
  return found;
}

std::vector<Kind> kinds_of(const AuditEvidence& evidence) {
  std::vector<Kind> kinds;
  for (const Fact& fact : evidence.facts) {
    if (!may_be_series(fact)) continue;
    Kind kind{fact.metric, fact.model, fact.tier, fact.label, fact.fit};
    if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(std::move(kind));
  }
  return kinds;
}

// What the sentence says of a series; an empty text is not said.
struct Said {
  std::vector<std::string> metrics;
  std::string model;
  std::string tier;
  std::string label;
  std::string fit;  // only one that is named exactly
};

std::string only(const ScopeSet& set) {
  return set.pinned && set.values.size() == 1 ? set.values.front() : "";
}

Said said_of(const Passage& passage, std::size_t index, const AuditEvidence& evidence) {
  const Scope scope = scopes_of(passage, index, evidence).narrow;
  Said said_here{.metrics = scope.metric.pinned ? scope.metric.values : std::vector<std::string>{},
                 .model = only(scope.model),
                 .tier = only(scope.tier),
                 .label = only(scope.label),
                 .fit = {}};
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kFit || each.means.size() != 1 || each.means.front() == "reported")
      continue;
    if (!said_here.fit.empty() && said_here.fit != each.means.front()) {
      said_here.fit.clear();
      break;
    }
    said_here.fit = each.means.front();
  }
  return said_here;
}

bool agrees(const Kind& kind, const Said& what, bool with_model, bool with_fit) {
  const auto same = [](const std::string& one, const std::string& other) {
    return other.empty() || one == other;
  };
  if (!what.label.empty() ? kind.metric != "class_accuracy" || kind.label != what.label : !kind.label.empty())
    return false;
  if (what.label.empty() && !what.metrics.empty() &&
      std::ranges::find(what.metrics, kind.metric) == what.metrics.end())
    return false;
  if (what.label.empty() && kind.tier != what.tier) return false;
  return (!with_model || same(kind.model, what.model)) && (!with_fit || same(kind.fit, what.fit));
}

void alarm(CheckedNumber& number, NumberVerdict verdict, std::string why) {
  if (is_alarm(number.finding.verdict)) return;
  number.finding = {.verdict = verdict, .facts = {}, .why = std::move(why)};
}

std::string text_of(const Kind& kind) {
  std::string metric = kind.metric;
  std::ranges::replace(metric, '_', ' ');
  return fmt::format("{}{}{}, {}{}{}", kind.model, kind.tier.empty() ? "" : " " + kind.tier,
                     kind.label.empty() ? "" : " " + kind.label, metric, kind.fit.empty() ? "" : " ",
                     kind.fit);
}

void check_run(const Passage& passage, const NumberRun& run, const std::vector<CheckedNumber*>& numbers,
               const AuditEvidence& evidence, const std::vector<Kind>& kinds, bool alone) {
  const std::vector<Member> members = members_of(passage, run, evidence, alone);
  if (members.empty()) return;
  Said what = said_of(passage, run.first, evidence);
  if (!alone) what.model.clear();  // of two series, who is whose is not known
  const auto full = [](const std::vector<bool>& found) {
    return std::ranges::all_of(found, [](bool each) { return each; });
  };
  const Kind* other = nullptr;
  const Kind* nearly = nullptr;
  std::size_t odd = 0;
  std::vector<std::pair<const Kind*, std::size_t>> almost;  // of anything, all but one
  bool of_somebody = false;
  for (const Kind& kind : kinds) {
    if (!agrees(kind, what, false, false)) continue;
    const std::vector<bool> found = matches(members, kind, evidence);
    const bool named = agrees(kind, what, true, true);
    if (full(found)) {
      of_somebody = true;
      if (named) return;
      // Only one of the two may be otherwise: of another model in the same fit, or of another fit.
      if (agrees(kind, what, true, false) || agrees(kind, what, false, true)) other = &kind;
      continue;
    }
    if (std::ranges::count(found, false) != 1 || members.size() <= 2) continue;
    const auto at = static_cast<std::size_t>(std::ranges::find(found, false) - found.begin());
    almost.emplace_back(&kind, at);
    if (named) {
      nearly = &kind;
      odd = at;
    }
  }
  const bool anybody = what.model.empty() && what.fit.empty();
  if (other != nullptr && !anybody) {
    for (std::size_t i = run.first; i <= run.last; ++i) {
      alarm(*numbers[i], NumberVerdict::kElsewhere,
            fmt::format("these are the numbers of {}", text_of(*other)));
    }
    return;
  }
  // All but one are of the same, and few digits would make that an accident. Where nothing says of whom,
  // they must be of nobody else.
  const auto telling = [](const Member& member) {
    return member.half_width <= 0.004 * std::fabs(member.value);
  };
  if (nearly == nullptr || what.model.empty() || (what.metrics.empty() && what.label.empty())) {
    if (of_somebody || almost.size() != 1 || !std::ranges::all_of(members, telling)) return;
    nearly = almost.front().first;
    odd = almost.front().second;
  }
  const Member& member = members[odd];
  if (!telling(member)) return;
  alarm(*numbers[run.first + odd], NumberVerdict::kContradicts,
        fmt::format("the others in its row are of {}, and the evidence has another number for {}",
                    text_of(*nearly), member.recipe));
}

}  // namespace

void check_series(const Passage& passage, const std::vector<CheckedNumber*>& numbers,
                  const AuditEvidence& evidence) {
  if (passage.kind != PassageKind::kSentence || passage.appendix || evidence.recipes.size() < 3 ||
      numbers.size() != passage.numbers.size() || says(passage.mentions, "hypothetical"))
    return;
  std::vector<Kind> kinds;
  for (std::size_t i = 0; i < passage.numbers.size();) {
    const NumberRun run = run_of(passage.text, passage.numbers, i);
    const std::size_t each = evidence.recipes.size();
    // "0.020, 0.021, 0.021 and 0.033, 0.033, 0.034": one series behind the other.
    if (run.size() % each == 0 && run.first == i) {
      if (kinds.empty()) kinds = kinds_of(evidence);
      for (std::size_t first = run.first; first < run.last; first += each)
        check_run(passage, {.first = first, .last = first + each - 1}, numbers, evidence, kinds,
                  run.size() == each);
    }
    i = std::max(i, run.last) + 1;
  }
}

}  // namespace quantier
