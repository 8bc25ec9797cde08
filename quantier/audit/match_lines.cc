#include "quantier/audit/match_lines.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "quantier/audit/line_explain.h"
#include "quantier/audit/roles.h"

namespace quantier {
namespace {

using audit_internal::Entry;
using audit_internal::explain;
using audit_internal::Explained;
using audit_internal::Identity;
using audit_internal::is_slip;
using audit_internal::only;
using audit_internal::same_configuration;

// Whether the head says in as many words that the line is of something else of the same kind: another fit, or
// another unit. Two signs, the head and the values, then say that the line stands under a wrong head.
bool head_denies(const std::vector<Entry>& line, const Explained& told) {
  return std::ranges::all_of(line, [&](const Entry& entry) {
    const ScopeSet& fit = entry.scope.fit;
    const bool other_fit = !told.identity.fit.empty() && fit.pinned && !fit.values.empty() &&
                           !fit.allows(told.identity.fit) && entry.scope.metric.allows(told.identity.metric);
    // "Right to wrong" over the answers that were won.
    const bool counts = told.identity.metric == "lost" || told.identity.metric == "gained";
    const bool other_way =
        counts && entry.scope.metric.values.size() == 1 &&
        entry.scope.metric.values.front() == (told.identity.metric == "lost" ? "gained" : "lost");
    return other_fit || other_way || is_slip(entry, told.identity);
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
                      const AuditEvidence& evidence, const std::set<std::string>& fits_of_table) {
  if (line.size() < 3) return;
  std::map<std::string, std::size_t> fits;
  std::vector<const Entry*> odd;
  const std::string said_fit = fit_around(passages, line.front().passage->section);
  // Another line of the table is of that fit: this one is not said to be.
  if (said_fit.empty() || fits_of_table.contains(said_fit)) return;
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
  std::map<std::size_t, std::set<std::string>> fits;  // of the tables, by block
  for (const auto& [line, standing] : all) {
    const std::optional<Explained> told = explain(*line, evidence);
    if (told && told->count == line->size() && line->size() >= 3 && told->identity.metric == "ece")
      fits[line->front().passage->block].insert(told->identity.fit);
  }
  for (const auto& [line, standing] : all) {
    check_line(*line, standing, evidence, known, passages, findings);
    check_fit_around(*line, passages, evidence, fits[line->front().passage->block]);
    const std::optional<Explained> told = explain(*line, evidence);
    const std::optional<std::size_t> head = head_of(*line, passages);
    if (told && head && told->count == line->size() && line->size() >= 3 && told->digits >= 5.0)
      findings.heads.push_back({.text = passages[*head].text, .fit = told->identity.fit});
  }
  return findings;
}

}  // namespace quantier
