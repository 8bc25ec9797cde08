#include "quantier/audit/sheet.h"

#include <algorithm>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

constexpr std::size_t kQuoteBytes = 400;

std::string quoted(const Passage& passage) { return printable(passage.quote(), kQuoteBytes); }

// Inside a Markdown sheet a note's text is text: no markup of it takes effect.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_{}[]<>#|&!").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string demand_line(const DemandResult& each) {
  std::string line = each.demand.asks;
  if (!each.finding.missing.empty())
    line += fmt::format(" Missing: {}.", fmt::join(each.finding.missing, "; "));
  return line;
}

struct Item {
  std::string kind;
  std::string place;
  std::string subject;  // the number, or nothing
  std::string why;
  std::string quote;
};

std::vector<Item> items_of(const NoteAudit& audit) {
  std::vector<Item> items;
  std::vector<std::pair<std::size_t, Item>> placed;
  for (const CheckedNumber& each : audit.numbers) {
    if (!is_alarm(each.finding.verdict)) continue;
    const Passage& passage = audit.passages[each.passage];
    placed.push_back({each.passage,
                      {number_verdict_name(each.finding.verdict), passage.place.text(),
                       printable(passage.numbers[each.number].text, 60), each.finding.why, quoted(passage)}});
  }
  for (const ClaimFinding& each : audit.claims) {
    const Passage& passage = audit.passages[each.passage];
    placed.push_back(
        {each.passage, {claim_kind_name(each.kind), passage.place.text(), "", each.why, quoted(passage)}});
  }
  std::ranges::stable_sort(placed, {}, &std::pair<std::size_t, Item>::first);
  for (auto& [at, item] : placed) items.push_back(std::move(item));
  return items;
}

std::string counts_line(const NoteAudit& audit) {
  return fmt::format("{} numbers: {} sourced, {} derived from two of them, {} to look at, {} not checked.",
                     audit.numbers.size(), audit.numbers_with(NumberVerdict::kSourced),
                     audit.numbers_with(NumberVerdict::kDerived), audit.number_alarms(),
                     audit.numbers_with(NumberVerdict::kNotChecked));
}

std::string basis_line(const NoteAudit& audit) {
  if (audit.against_itself) {
    return "No evidence was given: sentences are compared with the note's own tables only, and nothing with "
           "what was measured.";
  }
  return fmt::format("Compared with {} ({} facts).", printable(audit.evidence, 200), audit.facts.size());
}

std::vector<std::string> limits_of_audit(const NoteAudit& audit) {
  std::vector<std::string> lines;
  for (const std::string& part : audit.not_read) lines.push_back("not read: " + part);
  std::size_t unknown = 0;
  for (const CheckedNumber& each : audit.numbers) {
    if (each.finding.verdict == NumberVerdict::kNotChecked) ++unknown;
  }
  if (unknown > 0) {
    lines.push_back(fmt::format(
        "{} numbers: conventions, suppositions, protocol, cited works, or sentences that do not say "
        "what is measured (--all lists them)",
        unknown));
  }
  for (const DemandResult& each : audit.demands) {
    if (each.finding.status == DemandStatus::kNotApplicable) {
      lines.push_back(fmt::format("\"{}\" {}", each.demand.asks, each.finding.why));
    } else if (each.finding.status == DemandStatus::kNotChecked && !audit.against_itself) {
      lines.push_back(fmt::format("\"{}\": {}", each.demand.asks, each.finding.why));
    }
  }
  lines.push_back(
      "whether the recommendation is the best one, and whether an argument convinces: that is for a person");
  return lines;
}

}  // namespace

std::string audit_text(const NoteAudit& audit, bool all) {
  std::string out =
      fmt::format("{}\n{}\n{}\n", printable(audit.note, 200), basis_line(audit), counts_line(audit));
  const std::vector<Item> items = items_of(audit);
  if (audit.to_look_at() == 0) {
    out += "\nNothing to look at.\n";
  } else {
    out += fmt::format("\nTo look at: {}\n", audit.to_look_at());
  }
  for (const Item& item : items) {
    out += fmt::format("\n  {}, {}{}\n    {}\n    \"{}\"\n", item.place, item.kind,
                       item.subject.empty() ? "" : ": " + item.subject, printable(item.why, kQuoteBytes),
                       item.quote);
  }
  for (const DemandResult& each : audit.demands) {
    if (each.finding.status != DemandStatus::kAbsent) continue;
    out += fmt::format("\n  {}, demanded evidence is not there\n    {}\n", each.demand.section,
                       printable(demand_line(each), 600));
  }
  if (!audit.against_itself) {
    out += "\nDemanded evidence:\n";
    for (const DemandResult& each : audit.demands) {
      out += fmt::format("  {:<14} {:<12} {}\n", demand_status_name(each.finding.status), each.demand.section,
                         printable(each.demand.asks, 200));
    }
  }
  if (all) {
    out += "\nEvery number:\n";
    for (const CheckedNumber& each : audit.numbers) {
      const Passage& passage = audit.passages[each.passage];
      std::string what = each.finding.why;
      if (!each.finding.facts.empty()) what = fact_text(audit.facts[each.finding.facts.front()]);
      out += fmt::format("  {:<16} {:<18} {:<24} {}\n", passage.place.text(),
                         printable(passage.numbers[each.number].text, 40),
                         number_verdict_name(each.finding.verdict), printable(what, 200));
    }
  }
  out += "\nNot checked:\n";
  for (const std::string& line : limits_of_audit(audit)) out += fmt::format("  {}\n", printable(line, 400));
  out += fmt::format("\nTables of this audit: words {}, demands {}, published {}.\n", audit.words_version,
                     audit.demands_version, audit.published_version);
  return out;
}

std::string audit_markdown(const NoteAudit& audit) {
  std::string out = fmt::format("# Audit of {}\n\n{} {}\n\n", escaped(printable(audit.note, 200)),
                                escaped(basis_line(audit)), counts_line(audit));
  out += fmt::format("## To look at: {}\n\n", audit.to_look_at());
  if (audit.to_look_at() == 0) out += "Nothing.\n\n";
  for (const Item& item : items_of(audit)) {
    out += fmt::format("- **{}{}** ({}): {}\n  > {}\n\n", item.kind,
                       item.subject.empty() ? "" : ": " + escaped(item.subject), item.place,
                       escaped(printable(item.why, kQuoteBytes)), escaped(item.quote));
  }
  for (const DemandResult& each : audit.demands) {
    if (each.finding.status != DemandStatus::kAbsent) continue;
    out += fmt::format("- **demanded evidence is not there** ({}): {}\n\n", each.demand.section,
                       escaped(printable(demand_line(each), 600)));
  }
  out += "## Demanded evidence\n\n| part | evidence | in this note |\n|---|---|---|\n";
  for (const DemandResult& each : audit.demands) {
    out += fmt::format("| {} | {} | {} |\n", each.demand.section, escaped(each.demand.asks),
                       demand_status_name(each.finding.status));
  }
  out += "\n## Not checked\n\n";
  for (const std::string& line : limits_of_audit(audit))
    out += fmt::format("- {}\n", escaped(printable(line, 400)));
  out += fmt::format("\nTables of this audit: words {}, demands {}, published {}.\n", audit.words_version,
                     audit.demands_version, audit.published_version);
  return out;
}

Json audit_json(const NoteAudit& audit) {
  Json numbers = Json::array();
  for (const CheckedNumber& each : audit.numbers) {
    const Passage& passage = audit.passages[each.passage];
    const WrittenNumber& number = passage.numbers[each.number];
    Json facts = Json::array();
    for (const std::size_t i : each.finding.facts) {
      if (facts.size() == 5) break;
      facts.push_back(audit.facts[i].id);
    }
    numbers.push_back({{"text", number.text},
                       {"value", number.value},
                       {"verdict", number_verdict_name(each.finding.verdict)},
                       {"look_at", is_alarm(each.finding.verdict)},
                       {"cell", passage.place.cell},
                       {"line", passage.place.line},
                       {"why", each.finding.why},
                       {"facts", std::move(facts)},
                       {"quote", passage.quote()}});
  }
  Json claims = Json::array();
  for (const ClaimFinding& each : audit.claims) {
    const Passage& passage = audit.passages[each.passage];
    claims.push_back({{"kind", claim_kind_name(each.kind)},
                      {"cell", passage.place.cell},
                      {"line", passage.place.line},
                      {"why", each.why},
                      {"quote", passage.quote()}});
  }
  Json demands = Json::array();
  for (const DemandResult& each : audit.demands) {
    demands.push_back({{"id", each.demand.id},
                       {"section", each.demand.section},
                       {"asks", each.demand.asks},
                       {"status", demand_status_name(each.finding.status)},
                       {"missing", each.finding.missing},
                       {"why", each.finding.why}});
  }
  return Json{{"note", audit.note},
              {"evidence", audit.against_itself ? Json(nullptr) : Json(audit.evidence)},
              {"to_look_at", audit.to_look_at()},
              {"numbers", std::move(numbers)},
              {"claims", std::move(claims)},
              {"demands", std::move(demands)},
              {"not_read", audit.not_read},
              {"tables",
               {{"words", audit.words_version},
                {"demands", audit.demands_version},
                {"published", audit.published_version}}}};
}

AuditRow row_of(const NoteAudit& audit, std::string sheet) {
  return {
      .note = audit.note,
      .sheet = std::move(sheet),
      .problem = {},
      .numbers = audit.numbers.size(),
      .sourced = audit.numbers_with(NumberVerdict::kSourced) + audit.numbers_with(NumberVerdict::kDerived),
      .number_alarms = audit.number_alarms(),
      .claims = audit.claims.size(),
      .absent = audit.absent_demands(),
      .not_checked = audit.numbers_with(NumberVerdict::kNotChecked)};
}

std::string csv_cell(std::string_view text) {
  std::string cell = printable(text, 1000);
  // A spreadsheet takes what begins so for a formula.
  if (!cell.empty() && std::string_view("=+-@\t\r|%").find(cell.front()) != std::string_view::npos)
    cell.insert(0, "'");
  if (cell.find_first_of(",\"\n;") == std::string::npos) return cell;
  std::string out = "\"";
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string audit_csv(std::vector<AuditRow> rows) {
  std::ranges::sort(rows, [](const AuditRow& a, const AuditRow& b) {
    if (a.problem.empty() != b.problem.empty()) return !a.problem.empty();
    const std::size_t look_a = a.number_alarms + a.claims + a.absent;
    const std::size_t look_b = b.number_alarms + b.claims + b.absent;
    if (look_a != look_b) return look_a > look_b;
    return a.note < b.note;
  });
  std::string out =
      "note,to_look_at,numbers_to_look_at,claims_to_look_at,demands_absent,numbers,numbers_sourced,numbers_"
      "not_checked,problem,sheet\n";
  for (const AuditRow& row : rows) {
    out += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_cell(row.note),
                       row.number_alarms + row.claims + row.absent, row.number_alarms, row.claims, row.absent,
                       row.numbers, row.sourced, row.not_checked, csv_cell(row.problem), csv_cell(row.sheet));
  }
  return out;
}

}  // namespace quantier
