#include "quantier/audit/match_lines.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "quantier/audit/roles.h"

namespace quantier {
namespace {

// A number of a line with the configuration that its row or its column names.
struct Entry {
  CheckedNumber* checked = nullptr;
  const Passage* passage = nullptr;
  const WrittenNumber* number = nullptr;
  Scope scope;
};

// What a whole line can be of: everything of a fact but its configuration, and the unit it is written in.
struct Identity {
  std::string metric;
  std::string fit;
  std::string device;
  FactRole role = FactRole::kValue;
  FactSource source = FactSource::kMeasured;
  FactUnit unit = FactUnit::kFraction;
  double scale = 1.0;
  auto operator<=>(const Identity&) const = default;
};

Identity identity_of(const Fact& fact, double scale) {
  return {.metric = fact.metric,
          .fit = fact.fit,
          .device = fact.device,
          .role = fact.role,
          .source = fact.source,
          .unit = fact.unit,
          .scale = scale};
}

const std::string* only(const ScopeSet& set) {
  return set.pinned && set.values.size() == 1 ? &set.values.front() : nullptr;
}

WrittenUnit unit_of(const Entry& entry) {
  return entry.number->unit != WrittenUnit::kNone ? entry.number->unit : entry.passage->column_unit;
}

// The factors that turn a number into the unit of a fact. Where a unit is written, of another than that one
// only to tell a slip: see `is_slip`.
std::vector<double> scales_of(const Entry& entry, FactUnit unit) {
  const WrittenUnit written = unit_of(entry);
  const bool integer = entry.number->integer;
  switch (unit) {
    case FactUnit::kFraction:
      if (integer && written == WrittenUnit::kNone) return {};
      return {1.0, 0.01};
    case FactUnit::kMilliseconds:
      return {1.0, 1e3, 1e-3};
    case FactUnit::kBytes:
      return {1.0, 1e3, 1024.0, 1e6, 1048576.0, 1e9, 1073741824.0};
    case FactUnit::kCount:
      return integer && written != WrittenUnit::kMilliseconds && written != WrittenUnit::kBytes
                 ? std::vector{1.0}
                 : std::vector<double>{};
    case FactUnit::kRate:
      return {1.0, 1.0 / 60.0};
    case FactUnit::kPlain:
    case FactUnit::kRatio:
      return {1.0};
  }
  return {};
}

// As it is written, its unit apart.
double as_written(const Entry& entry) { return entry.number->value / entry.number->scale; }
double half_as_written(const Entry& entry) { return entry.number->half_width / entry.number->scale; }

// Whether the unit beside a number is another than the one in which it is right.
bool is_slip(const Entry& entry, const Identity& identity) {
  const WrittenUnit written = unit_of(entry);
  if (written == WrittenUnit::kNone) return false;
  const double own =
      entry.number->unit != WrittenUnit::kNone ? entry.number->scale : entry.passage->column_scale;
  switch (identity.unit) {
    case FactUnit::kFraction:
      return identity.scale == 1.0 && (written == WrittenUnit::kPercent || written == WrittenUnit::kPoints);
    case FactUnit::kMilliseconds:
      return written == WrittenUnit::kMilliseconds &&
             std::fabs(identity.scale - own / entry.passage->column_together) > 1e-9 * identity.scale;
    case FactUnit::kBytes: {
      // "MB" may be either.
      const double ratio = identity.scale / own;
      return written == WrittenUnit::kBytes && (ratio < 0.99 || ratio > 1.08);
    }
    case FactUnit::kRate:
      return written == WrittenUnit::kRate && std::fabs(identity.scale - own) > 1e-9;
    default:
      return false;
  }
}

// Whether a unit that is written leaves room for a kind of fact at all.
bool unit_may_be(const Entry& entry, FactUnit unit) {
  switch (unit_of(entry)) {
    case WrittenUnit::kMilliseconds:
      return unit == FactUnit::kMilliseconds;
    case WrittenUnit::kBytes:
      return unit == FactUnit::kBytes;
    case WrittenUnit::kPercent:
    case WrittenUnit::kPoints:
      return unit == FactUnit::kFraction ||
             (entry.number->unit == WrittenUnit::kNone && unit == FactUnit::kCount);
    case WrittenUnit::kRate:
      return unit == FactUnit::kRate;
    case WrittenUnit::kTimes:
      return unit == FactUnit::kRatio;
    default:
      return true;
  }
}

bool same_configuration(const Fact& fact, const Scope& scope) {
  const std::string* tier = only(scope.tier);
  const std::string* label = only(scope.label);
  return fact.model == *only(scope.model) && fact.recipe == *only(scope.recipe) &&
         fact.tier == (tier != nullptr && label == nullptr ? *tier : std::string()) &&
         fact.label == (label != nullptr ? *label : std::string());
}

bool has_value(const Entry& entry, const Fact& fact, double scale) {
  const double value = as_written(entry) * scale;
  const double half = half_as_written(entry) * scale;
  const double slack = half * 1.001 + 3.0 * fact.monte_carlo_sd + 1e-12;
  if (std::fabs(value - fact.value) <= slack) return true;
  return fact.difference && entry.number->sign == 0 &&
         std::fabs(std::fabs(value) - std::fabs(fact.value)) <= slack;
}

// How many digits of a number an accident would have to hit.
double digits_of(const Entry& entry) {
  const double ratio = std::fabs(entry.number->value) / entry.number->half_width;
  return ratio > 1.0 ? std::log10(ratio) : 0.0;
}

struct Explained {
  Identity identity;
  std::vector<std::optional<std::size_t>> facts;  // of each entry, in their order
  std::size_t count = 0;
  double digits = 0.0;
};

std::optional<Explained> explain(const std::vector<Entry>& line, const AuditEvidence& evidence) {
  std::map<Identity, Explained> found;
  for (std::size_t e = 0; e < line.size(); ++e) {
    const Entry& entry = line[e];
    for (std::size_t i = 0; i < evidence.facts.size(); ++i) {
      const Fact& fact = evidence.facts[i];
      if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep ||
          !same_configuration(fact, entry.scope) || !unit_may_be(entry, fact.unit))
        continue;
      for (const double scale : scales_of(entry, fact.unit)) {
        if (!has_value(entry, fact, scale)) continue;
        Explained& one = found[identity_of(fact, scale)];
        if (one.facts.empty()) {
          one.identity = identity_of(fact, scale);
          one.facts.resize(line.size());
        }
        if (one.facts[e]) continue;
        one.facts[e] = i;
        ++one.count;
        one.digits += digits_of(entry);
      }
    }
  }
  const Explained* best = nullptr;
  for (const auto& [identity, one] : found) {
    if (best == nullptr || std::pair(one.count, one.digits) > std::pair(best->count, best->digits))
      best = &one;
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

// Whether the head says in as many words that the line is of something else of the same kind: another fit, or
// another unit. Two signs, the head and the values, then say that the line stands under a wrong head.
bool head_denies(const std::vector<Entry>& line, const Explained& told) {
  return std::ranges::all_of(line, [&](const Entry& entry) {
    const ScopeSet& fit = entry.scope.fit;
    const bool other_fit = !told.identity.fit.empty() && fit.pinned && !fit.values.empty() &&
                           !fit.allows(told.identity.fit) && entry.scope.metric.allows(told.identity.metric);
    return other_fit || is_slip(entry, told.identity);
  });
}

void set(CheckedNumber& number, NumberVerdict verdict, std::vector<std::size_t> facts, std::string why) {
  number.finding = {.verdict = verdict, .facts = std::move(facts), .why = std::move(why)};
}

std::string name_of(const Identity& identity) {
  std::string name = identity.metric;
  std::ranges::replace(name, '_', ' ');
  return identity.fit.empty() ? name : fmt::format("{}, {}", name, identity.fit);
}

// Whether all of a line says that it is of one other thing, or that its own numbers changed places: each of
// them is that of another configuration, under the same metric.
bool told_alike(const std::vector<Entry>& line, const AuditEvidence& evidence) {
  const Fact* first = nullptr;
  bool same_tier = true;
  bool among_them = true;
  for (const Entry& entry : line) {
    if (entry.checked->finding.verdict != NumberVerdict::kElsewhere || entry.checked->finding.facts.empty())
      return false;
    const Fact& fact = evidence.facts[entry.checked->finding.facts.front()];
    if (first == nullptr) first = &fact;
    if (fact.metric != first->metric || fact.fit != first->fit) return false;
    same_tier = same_tier && fact.tier == first->tier;
    among_them = among_them && std::ranges::any_of(line, [&](const Entry& other) {
                   return same_configuration(fact, other.scope);
                 });
  }
  return first != nullptr && (same_tier || among_them);
}

// How a line stands before anything of it is changed.
struct Standing {
  std::size_t alarms = 0;
  std::size_t open = 0;
  std::size_t sourced = 0;
  std::size_t by_value = 0;  // of these such of which nothing said what is measured
};

Standing standing_of(const std::vector<Entry>& line) {
  Standing standing;
  for (const Entry& each : line) {
    const NumberFinding& finding = each.checked->finding;
    if (is_alarm(finding.verdict)) ++standing.alarms;
    if (finding.verdict == NumberVerdict::kNotChecked && !finding.set_aside) ++standing.open;
    if (finding.verdict == NumberVerdict::kSourced) ++standing.sourced;
    if (finding.verdict == NumberVerdict::kSourced && !finding.metric_is_known) ++standing.by_value;
  }
  return standing;
}

// What the text around a table says of the fit of its errors, where it says one and no other.
std::string fit_around(const std::vector<Passage>& passages, std::size_t section) {
  std::string fit;
  for (const Passage& passage : passages) {
    if (passage.section != section || passage.appendix) continue;
    for (const Mention& each : passage.mentions) {
      if (each.kind != MentionKind::kFit || each.means.size() != 1 || each.means.front() == "raw") continue;
      if (!fit.empty() && fit != each.means.front()) return {};
      fit = each.means.front();
    }
  }
  return fit;
}

// "ECE after temperature" in the table and "cross-fitted" below it, and all numbers are those of the other
// fit.
void check_fit_around(const std::vector<Entry>& line, const std::vector<Passage>& passages,
                      const AuditEvidence& evidence) {
  if (line.size() < 3) return;
  std::map<std::string, std::size_t> fits;
  std::vector<const Entry*> odd;
  const std::string said_fit = fit_around(passages, line.front().passage->section);
  if (said_fit.empty()) return;
  for (const Entry& entry : line) {
    if (entry.scope.fit.values.size() == 1 || !entry.scope.metric.pinned ||
        !entry.scope.metric.allows("ece") || entry.checked->finding.verdict != NumberVerdict::kSourced)
      return;
    bool own = false;
    std::set<std::string> here;
    for (const std::size_t i : entry.checked->finding.facts) {
      const Fact& fact = evidence.facts[i];
      if (fact.metric != "ece" || fact.role != FactRole::kValue) continue;
      own = own || fact.fit == said_fit;
      here.insert(fact.fit);
    }
    for (const std::string& fit : here) ++fits[fit];
    if (!own) odd.push_back(&entry);
  }
  for (const auto& [fit, count] : fits) {
    // What somebody reported may be fitted either way.
    if (fit == said_fit || fit == "raw" || fit == "reported" || count != line.size() || odd.empty()) continue;
    for (const Entry* entry : odd)
      set(*entry->checked, NumberVerdict::kElsewhere, entry->checked->finding.facts,
          fmt::format("all of its line is {}, and the text says {}", fit, said_fit));
  }
}

// The cell that names a line: the head of its column, or the label of its row.
std::optional<std::size_t> head_of(const std::vector<Entry>& line, const std::vector<Passage>& passages) {
  const Passage& first = *line.front().passage;
  const bool column =
      std::ranges::all_of(line, [&](const Entry& each) { return each.passage->column == first.column; });
  for (std::size_t p = 0; p < passages.size(); ++p) {
    const Passage& each = passages[p];
    if (each.block != first.block) continue;
    const bool head = each.kind == PassageKind::kHeaderCell && column && each.column == first.column;
    const bool label =
        each.kind == PassageKind::kCell && !column && each.row == first.row && each.numbers.empty();
    if (head || label) return p;
  }
  return std::nullopt;
}

// `known`: numbers that stand in another line as well, which was read rightly.
void check_line(const std::vector<Entry>& line, const Standing& standing, const AuditEvidence& evidence,
                const std::set<const CheckedNumber*>& known, const std::vector<Passage>& passages,
                LineFindings& findings) {
  constexpr std::size_t kFewest = 3;
  constexpr std::size_t kFewestToAlarm = 4;
  constexpr double kTellingDigits = 5.0;
  if (line.size() < 2) return;
  const bool doubtful = 2 * standing.alarms > line.size();
  const bool unread =
      standing.alarms == 0 && standing.open > 0 && standing.open + standing.by_value + 1 >= line.size();
  if (!doubtful && !unread) return;
  const std::optional<Explained> told = explain(line, evidence);
  const bool established =
      told && line.size() >= kFewest && told->digits >= kTellingDigits &&
      (told->count == line.size() || (line.size() >= kFewestToAlarm && told->count + 1 == line.size()));
  if (told && told->count + 1 >= line.size() && head_denies(line, *told)) {
    const std::optional<std::size_t> head = head_of(line, passages);
    if (head && line.size() >= kFewest && told->digits >= kTellingDigits)
      findings.wrong.push_back(
          {.kind = ClaimKind::kHead,
           .passage = *head,
           .why = fmt::format("its numbers are {}{}", name_of(told->identity),
                              is_slip(line.front(), told->identity) ? " in another unit" : "")});
    return;
  }
  if (established) {
    for (std::size_t e = 0; e < line.size(); ++e) {
      CheckedNumber& number = *line[e].checked;
      if (known.contains(&number)) continue;
      if (told->facts[e]) {
        if (number.finding.facts.empty() || is_alarm(number.finding.verdict))
          set(number, NumberVerdict::kSourced, {*told->facts[e]}, "");
        number.finding.metric_is_known = true;
      } else {
        set(number, NumberVerdict::kContradicts, {},
            fmt::format("all others in its line are {} of their configurations, and this is not",
                        name_of(told->identity)));
      }
    }
    return;
  }
  if (!doubtful || told_alike(line, evidence)) return;
  for (const Entry& entry : line) {
    if (!is_alarm(entry.checked->finding.verdict) || known.contains(entry.checked)) continue;
    set(*entry.checked, NumberVerdict::kNotChecked, {},
        "most of its column or row does not fit what its head was read as: what it is of is not known");
  }
}

enum class Direction : std::uint8_t { kColumn, kRow, kList };
using LineKey = std::tuple<Direction, std::size_t, std::size_t, std::size_t>;

}  // namespace

LineFindings check_lines(const std::vector<Passage>& passages, std::vector<CheckedNumber>& numbers,
                         const AuditEvidence& evidence) {
  LineFindings findings;
  std::map<LineKey, std::vector<Entry>> lines;
  for (CheckedNumber& checked : numbers) {
    const Passage& passage = passages[checked.passage];
    if (passage.kind != PassageKind::kCell || passage.appendix) continue;
    const NumberScopes scopes = scopes_of(passage, checked.number, evidence);
    // "< 1 %" is a bound, and no value of its line.
    if (scopes.bounding || scopes.approximate) continue;
    Entry entry{.checked = &checked,
                .passage = &passage,
                .number = &passage.numbers[checked.number],
                .scope = scopes.narrow};
    if (entry.number->in_words || entry.number->is_spread || only(entry.scope.model) == nullptr ||
        only(entry.scope.recipe) == nullptr)
      continue;
    const audit_internal::NumberRun run =
        audit_internal::run_of(passage.text, passage.numbers, checked.number);
    lines[{Direction::kColumn, passage.block, passage.column, checked.number}].push_back(entry);
    lines[{Direction::kRow, passage.block, passage.row, checked.number}].push_back(entry);
    if (run.size() >= 3 && entry.number->pair == 0)
      lines[{Direction::kList, checked.passage, run.first, 0}].push_back(entry);
  }
  std::vector<std::pair<const std::vector<Entry>*, Standing>> all;
  std::set<const CheckedNumber*> known;
  for (const auto& [key, line] : lines) {
    // One number of each configuration, or of one in several tiers.
    std::vector<std::tuple<std::string, std::string, std::string, std::string>> seen;
    for (const Entry& entry : line) {
      const std::string* tier = only(entry.scope.tier);
      const std::string* label = only(entry.scope.label);
      std::tuple<std::string, std::string, std::string, std::string> of{
          *only(entry.scope.model), *only(entry.scope.recipe), tier != nullptr ? *tier : "",
          label != nullptr ? *label : ""};
      if (std::ranges::find(seen, of) == seen.end()) seen.push_back(std::move(of));
    }
    if (seen.size() != line.size()) continue;
    const Standing standing = standing_of(line);
    all.emplace_back(&line, standing);
    if (2 * (standing.sourced - standing.by_value) < line.size() || 2 * standing.alarms > line.size() ||
        line.size() < 3)
      continue;
    for (const Entry& entry : line) known.insert(entry.checked);
  }
  for (const auto& [line, standing] : all) {
    check_line(*line, standing, evidence, known, passages, findings);
    check_fit_around(*line, passages, evidence);
    const std::optional<Explained> told = explain(*line, evidence);
    const std::optional<std::size_t> head = head_of(*line, passages);
    if (told && head && told->count == line->size() && line->size() >= 3 && told->digits >= 5.0)
      findings.heads.push_back({.text = passages[*head].text, .fit = told->identity.fit});
  }
  return findings;
}

}  // namespace quantier
