#include <algorithm>

#include <fmt/format.h>

#include "quantier/note/document.h"
#include "quantier/note/words.h"

namespace quantier {
namespace {

// A name must not move the cursor of a terminal or hide in a page.
std::string visible(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return out;
}

// Code points, near enough to columns for the Latin text and signs used here.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--rule:#ccc;--soft:#f3f5f7;--series0:#0072B2;--series1:#D55E00;--series2:#009E73;--series3:#CC79A7}
@media (prefers-color-scheme:dark){:root{--ink:#e8e8e8;--paper:#16181b;--rule:#444;--soft:#22262b;--series0:#56B4E9;--series1:#E69F00}}
body{margin:2rem auto;max-width:54rem;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.2rem;margin-top:2rem}
.lead{background:var(--soft);border-left:4px solid var(--series0);padding:.6rem .9rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;margin:.8rem 0;width:100%;font-variant-numeric:tabular-nums}
caption,figcaption{text-align:left;font-size:.85rem;padding:.3rem 0;opacity:.85}
th,td{border-bottom:1px solid var(--rule);padding:.25rem .4rem;text-align:right;vertical-align:top}
tr.chosen td{font-weight:600;background:var(--soft)}td{white-space:nowrap}th.t,td.t{text-align:left}td.t{white-space:normal}td.t:first-child{white-space:nowrap}figure{margin:1rem 0}svg{max-width:100%;height:auto}
@media print{:root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#f3f5f7;--rule:#bbb;--series0:#0072B2;--series1:#D55E00}body{margin:0;max-width:none;font-size:10.5pt}h2{break-after:avoid}table{font-size:8pt}.scroll{overflow:visible}figure,tr,.lead{break-inside:avoid}}
)";

class Html {
 public:
  std::string text;

  void operator()(const NoteHeading& heading) {
    text += fmt::format("<h{0}>{1}</h{0}>\n", heading.level, escape_html(heading.text));
  }
  void operator()(const NoteParagraph& paragraph) {
    text +=
        fmt::format("<p{}>{}</p>\n", paragraph.lead ? " class=\"lead\"" : "", escape_html(paragraph.text));
  }
  void operator()(const NoteTable& table) {
    text += fmt::format("<div class=\"scroll\" tabindex=\"0\"><table><caption>{}</caption>\n<thead>",
                        escape_html(table.caption));
    row(table.header, "th", table.text_columns, false);
    text += "</thead>\n<tbody>\n";
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      row(table.rows[i], "td", table.text_columns, table.marked_row == i);
    }
    text += "</tbody></table></div>\n";
  }
  void operator()(const NoteFigure& figure) {
    text += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", figure.svg,
                        escape_html(figure.caption));
  }

 private:
  void row(const std::vector<std::string>& cells, std::string_view tag, std::size_t text_columns,
           bool marked) {
    text += marked ? "<tr class=\"chosen\">" : "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += fmt::format("<{0}{1}>{2}</{0}>", tag, i < text_columns ? " class=\"t\"" : "",
                          escape_html(cells[i]));
    }
    text += "</tr>\n";
  }
};

class Markdown {
 public:
  std::string text;

  void operator()(const NoteHeading& heading) {
    text += fmt::format("{} {}\n\n", std::string(static_cast<std::size_t>(heading.level), '#'),
                        escape_markdown(heading.text));
  }
  void operator()(const NoteParagraph& paragraph) {
    text += (paragraph.lead ? "> " : "") + escape_markdown(paragraph.text) + "\n\n";
  }
  void operator()(const NoteTable& table) {
    text += escape_markdown(table.caption) + "\n\n";
    row(table.header, false);
    for (std::size_t i = 0; i < table.header.size(); ++i) text += i < table.text_columns ? "|---" : "|---:";
    text += "|\n";
    for (std::size_t i = 0; i < table.rows.size(); ++i) row(table.rows[i], table.marked_row == i);
    text += "\n";
  }
  void operator()(const NoteFigure& figure) {
    const std::string caption = escape_markdown(figure.caption);
    text += fmt::format("![{0}](figures/{1}.svg)\n\n*{0}*\n\n", caption, figure.name);
  }

 private:
  void row(const std::vector<std::string>& cells, bool marked) {
    for (const std::string& cell : cells) {
      const bool strong = marked && &cell == cells.data();
      text += fmt::format("| {1}{0}{1} ", escape_markdown(cell), strong ? "**" : "");
    }
    text += "|\n";
  }
};

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : visible(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escape_markdown(std::string_view text) {
  std::string out;
  for (const char c : visible(text)) {
    // '<' and '&' as entities, because Markdown passes HTML through; the rest by a backslash.
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      if (std::string_view("\\`*_[]|#!~$").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string render_html(const NoteDocument& document) {
  Html html;
  for (const NoteBlock& block : document.blocks) std::visit(html, block);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "img-src data:\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0}</title><style>{1}</style></head>\n<body><main><h1>{0}</h1>\n{2}</main></body></html>\n",
      escape_html(document.title), kStyle, html.text);
}

std::string render_markdown(const NoteDocument& document) {
  Markdown markdown;
  markdown.text = "# " + escape_markdown(document.title) + "\n\n";
  for (const NoteBlock& block : document.blocks) std::visit(markdown, block);
  return markdown.text;
}

namespace {

template <class Row>
const Row* row_of(const std::vector<Row>& rows, const Candidate& candidate) {
  for (const Row& row : rows) {
    if (row.model == candidate.model && row.recipe == candidate.recipe) return &row;
  }
  return nullptr;
}

// "CHOSEN", "passes", or every limit that is not passed.
std::string verdict_of(const Decision& decision, std::size_t candidate) {
  if (decision.chosen == candidate) return "CHOSEN";
  std::vector<std::string> failed;
  std::vector<std::string> unknown;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const Constraint& constraint = decision.constraints[c];
    const std::string what = constraint.kind == ConstraintKind::kTierAccuracy
                                 ? constraint.tier + " accuracy"
                                 : std::string(constraint_kind_name(constraint.kind));
    const CheckOutcome outcome = decision.checks[candidate].checks[c].outcome;
    if (outcome == CheckOutcome::kFail) failed.push_back(what);
    if (outcome == CheckOutcome::kUnknown) unknown.push_back(what);
  }
  if (failed.empty() && unknown.empty()) return "passes";
  std::string text = failed.empty() ? "" : "fails " + note_internal::join(failed);
  if (!unknown.empty())
    text += (text.empty() ? "" : "; ") + ("not measured: " + note_internal::join(unknown));
  return text;
}

std::string megabytes(const std::optional<double>& bytes) {
  return note_internal::fixed(bytes ? std::optional(*bytes / 1e6) : std::nullopt, 1);
}

}  // namespace

std::string summary_table(const NoteInput& input) {
  using note_internal::fixed;
  const Decision& decision = input.decision;
  std::vector<std::vector<std::string>> rows = {{"configuration", "accuracy", "macro-F1", "ECE", "ms/example",
                                                 "p50 ms", "p95 ms", "peak MB", "verdict"}};
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    const Candidate& candidate = decision.candidates[i];
    const NoteQuality* quality = row_of(input.quality, candidate);
    const NoteCost* cost = row_of(input.cost, candidate);
    const NoteCost none;
    if (cost == nullptr) cost = &none;
    rows.push_back({visible(candidate.name),
                    fixed(quality != nullptr ? std::optional(quality->accuracy) : std::nullopt, 3),
                    fixed(candidate.macro_f1, 3), fixed(candidate.ece, 3), fixed(cost->throughput_ms, 2),
                    fixed(cost->latency_p50_ms, 2), fixed(cost->latency_p95_ms, 2),
                    megabytes(cost->process_peak_bytes), visible(verdict_of(decision, i))});
  }
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - columns(row[i]), ' ');
      const bool last = i + 1 == row.size();
      const bool number = i >= 1 && !last;
      text += number ? padding + row[i] : row[i] + (last ? std::string() : padding);
      text += last ? "\n" : "  ";
    }
  }
  return text;
}

std::string decision_summary(const Decision& decision) {
  std::string text = visible(note_internal::choice_sentence(decision)) + "\n" +
                     visible(note_internal::binding_sentence(decision)) + "\n";
  const std::vector<Relaxation> telling = note_internal::telling_relaxations(decision);
  for (const Relaxation& relaxation : telling) {
    text +=
        "What would change it: " + visible(note_internal::relaxation_sentence(decision, relaxation)) + "\n";
  }
  if (telling.empty() && decision.chosen && !decision.constraints.empty()) {
    text += "No single limit, relaxed alone, would change the choice.\n";
  }
  return text;
}

}  // namespace quantier
