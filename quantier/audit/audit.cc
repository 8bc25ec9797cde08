#include "quantier/audit/audit.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include "quantier/audit/match_choice_share.h"
#include "quantier/audit/match_cost_share.h"
#include "quantier/audit/match_counts.h"
#include "quantier/audit/match_ends.h"
#include "quantier/audit/match_lines.h"
#include "quantier/audit/match_misprint.h"
#include "quantier/audit/match_range.h"
#include "quantier/audit/match_reference.h"
#include "quantier/audit/match_series.h"
#include "quantier/audit/match_steps.h"
#include "quantier/audit/match_together.h"
#include "quantier/audit/match_totals.h"
#include "quantier/audit/match_triples.h"

namespace quantier {

Result<AuditTables> audit_tables() {
  AuditTables tables;
  QT_TRY(tables.demands, builtin_demands());
  QT_TRY(tables.published, builtin_published());
  return tables;
}

std::size_t NoteAudit::numbers_with(NumberVerdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      numbers, [&](const CheckedNumber& each) { return each.finding.verdict == verdict; }));
}

std::size_t NoteAudit::number_alarms() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      numbers, [](const CheckedNumber& each) { return is_alarm(each.finding.verdict); }));
}

std::size_t NoteAudit::absent_demands() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      demands, [](const DemandResult& each) { return each.finding.status == DemandStatus::kAbsent; }));
}

namespace {

FactUnit unit_of(const std::string& metric) {
  if (metric == "latency") return FactUnit::kMilliseconds;
  if (metric == "memory") return FactUnit::kBytes;
  if (metric == "temperature") return FactUnit::kPlain;
  return FactUnit::kFraction;
}

}  // namespace

AuditEvidence evidence_of_tables(const std::vector<Passage>& passages) {
  AuditEvidence evidence;
  const auto add_once = [](std::vector<std::string>& list, const std::string& value) {
    if (std::ranges::find(list, value) == list.end()) list.push_back(value);
  };
  for (const Passage& passage : passages) {
    if (passage.kind != PassageKind::kCell || passage.appendix || passage.numbers.size() != 1) continue;
    const NumberScopes scopes = scopes_of(passage, 0, evidence);
    const Scope& scope = scopes.narrow;
    if (!scope.model.pinned || scope.model.values.size() != 1 || !scope.recipe.pinned ||
        scope.recipe.values.size() != 1)
      continue;
    if (!scope.metric.pinned || !scope.label.values.empty()) continue;
    const WrittenNumber& number = passage.numbers.front();
    Fact fact;
    fact.metric = scope.metric.values.front();
    for (const char* one : {"macro_f1", "latency", "memory", "ece", "temperature"}) {
      if (scope.metric.allows(one)) {
        fact.metric = one;
        break;
      }
    }
    fact.unit = unit_of(fact.metric);
    fact.model = scope.model.values.front();
    fact.recipe = scope.recipe.values.front();
    if (scope.tier.pinned && scope.tier.values.size() == 1) fact.tier = scope.tier.values.front();
    if (scope.fit.pinned && scope.fit.values.size() == 1) fact.fit = scope.fit.values.front();
    fact.difference = fact.metric == "accuracy_change";
    fact.source = FactSource::kStated;
    fact.id = "table, " + passage.place.text();
    double scale = number.unit == WrittenUnit::kNone ? passage.column_scale : 1.0;
    if (fact.unit == FactUnit::kBytes && number.unit == WrittenUnit::kNone &&
        passage.column_unit == WrittenUnit::kNone)
      continue;
    fact.value = number.value * scale;
    // As exact as it is written; rounding of a rounded number comes on top.
    fact.monte_carlo_sd = number.half_width * scale / 3.0;
    add_once(evidence.models, fact.model);
    add_once(evidence.recipes, fact.recipe);
    if (!fact.tier.empty()) add_once(evidence.tiers, fact.tier);
    evidence.facts.push_back(std::move(fact));
  }
  if (!evidence.recipes.empty()) evidence.reference_recipe = evidence.recipes.front();
  return evidence;
}

namespace {

// "4.2 macro-F1 >= 0.58", "4.3 ECE ...": numbers that a note gives to its own items, by which it may call
// them anywhere. Two of one family make labels.
std::set<std::string> item_labels(const std::vector<Passage>& passages) {
  std::map<std::string, std::set<std::string>> families;
  for (const Passage& passage : passages) {
    if (passage.numbers.empty() || passage.kind != PassageKind::kSentence) continue;
    const WrittenNumber& first = passage.numbers.front();
    const std::size_t dot = first.text.find('.');
    const std::string_view prefix = std::string_view(passage.text).substr(0, first.begin);
    const bool leads = prefix.empty() || prefix == "[x] " || prefix == "[X] " || prefix == "[ ] ";
    const bool plain = first.unit == WrittenUnit::kNone && first.sign == 0 && !first.integer &&
                       !first.in_words && dot != std::string::npos && dot <= 2 &&
                       first.text.size() - dot <= 3;
    const std::string_view behind =
        std::string_view(passage.text).substr(std::min(first.end, passage.text.size()), 2);
    const bool word = behind.size() == 2 && behind.front() == ' ' &&
                      std::isalpha(static_cast<unsigned char>(behind.back())) != 0;
    if (leads && plain && word) families[first.text.substr(0, dot)].insert(first.text);
  }
  std::set<std::string> labels;
  for (const auto& [family, members] : families) {
    if (members.size() >= 2) labels.insert(members.begin(), members.end());
  }
  return labels;
}

constexpr std::size_t kUnreadTable = 6;  // as many decimal numbers as a small table has

// Where nothing says what is measured, a number that fits somebody owns no interval.
bool speaks_of_a_metric(const Passage& passage) {
  return std::ranges::any_of(
      std::array{&passage.mentions, &passage.column_mentions, &passage.metric_mentions, &passage.row_mentions,
                 &passage.before},
      [](const std::vector<Mention>* list) { return !said(*list, MentionKind::kMetric).empty(); });
}

}  // namespace

Result<NoteAudit> audit_note(const NoteText& note, const AuditEvidence& evidence, const AuditTables& tables) {
  NoteAudit audit;
  audit.note = note.name;
  audit.not_read = note.not_read;
  audit.against_itself = evidence.configurations.empty();
  audit.evidence = evidence.source;
  QT_TRY(Vocabulary words, Vocabulary::make(evidence));
  for (const TextBlock& block : note.blocks) words.learn(block.text, block.ordinal);
  audit.words_version = words.version();
  audit.demands_version = tables.demands.version;
  audit.published_version = tables.published.version;
  audit.passages = passages_of(note, words);
  const AuditEvidence own = audit.against_itself ? evidence_of_tables(audit.passages) : AuditEvidence();
  const AuditEvidence& known = audit.against_itself ? own : evidence;
  const std::set<std::string> labels = item_labels(audit.passages);
  for (std::size_t p = 0; p < audit.passages.size(); ++p) {
    const Passage& passage = audit.passages[p];
    if (passage.kind == PassageKind::kHeading) continue;
    const std::size_t first = audit.numbers.size();
    std::vector<std::size_t> owner;  // facts of the last number outside of brackets
    for (std::size_t n = 0; n < passage.numbers.size(); ++n) {
      CheckedNumber checked{
          .passage = p, .number = n, .finding = check_number(passage, n, known, tables.published, owner)};
      const WrittenNumber& number = passage.numbers[n];
      if (!number.in_brackets && !number.is_spread) {
        // "0.0" of nobody knows what rounds to anything small, and owns no interval.
        const bool telling =
            checked.finding.metric_is_known ||
            (number.half_width < 0.3 * std::fabs(number.value) && speaks_of_a_metric(passage));
        owner = telling ? checked.finding.facts : std::vector<std::size_t>();
      }
      if (is_alarm(checked.finding.verdict) && number.unit == WrittenUnit::kNone && number.sign == 0 &&
          passage.kind == PassageKind::kSentence && labels.contains(number.text)) {
        checked.finding = {.verdict = NumberVerdict::kNotChecked,
                           .facts = {},
                           .why = "a label that the note gives to an item"};
      }
      // A table cannot be compared with itself, and what it does not hold is no fault of the sentence.
      NumberVerdict& verdict = checked.finding.verdict;
      if (audit.against_itself && is_alarm(verdict) && verdict != NumberVerdict::kPublished &&
          (passage.kind != PassageKind::kSentence || verdict == NumberVerdict::kUnsourced)) {
        checked.finding = {.verdict = NumberVerdict::kNotChecked,
                           .facts = {},
                           .why = "there is no evidence to compare with"};
      }
      audit.numbers.push_back(std::move(checked));
    }
    if (audit.against_itself) continue;
    std::vector<CheckedNumber*> here;
    for (std::size_t n = first; n < audit.numbers.size(); ++n) here.push_back(&audit.numbers[n]);
    check_series(passage, here, known);
    check_intervals(passage, here, known);
    check_gates(here, known);
    check_totals(passage, here, known);
    explain_triples(passage, here, known);
    check_ranges(passage, here, known);
    check_misprints(passage, here, known);
    check_counts(passage, here, known);
    check_cost_shares(passage, here, known);
    check_choice_shares(passage, here, known);
    check_ends(passage, here);
    check_modelled_steps(passage, here, known);
    check_references(passage, here, known);
  }
  LineFindings lines;
  if (!audit.against_itself) lines = check_lines(audit.passages, audit.numbers, known);
  audit.claims = check_claims(audit.passages, audit.numbers, known, tables.published, lines.heads);
  audit.claims.insert(audit.claims.end(), lines.wrong.begin(), lines.wrong.end());
  for (const Demand& demand : tables.demands.list) {
    DemandFinding finding{
        .status = DemandStatus::kNotChecked, .missing = {}, .why = "needs evidence to tell"};
    if (!audit.against_itself)
      finding = check_demand(demand, audit.passages, audit.numbers, evidence, tables.published);
    // What looks absent may stand in a text that could not be read.
    if (finding.status == DemandStatus::kAbsent && note.unread_numbers >= kUnreadTable) {
      finding.status = DemandStatus::kNotChecked;
      finding.why = "it may stand in a text with numbers that was not read";
    }
    audit.demands.push_back({.demand = demand, .finding = std::move(finding)});
  }
  audit.facts = known.facts;
  return audit;
}

}  // namespace quantier
