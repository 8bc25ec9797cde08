// The note as a page. A number with a reference is a link to its row in the appendix that says on hover and
// on focus what it rests on, without any script.
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/document.h"
#include "quantier/note/html_page.h"
#include "quantier/note/keep_blocks.h"
#include "quantier/note/reference_table.h"
#include "quantier/note/words.h"

namespace quantier {
namespace {

using namespace note_internal;

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--rule:#ccc;--soft:#f3f5f7;--modelled:#00568c;--judged:#8c3c00;--series0:#0072B2;--series1:#D55E00;--series2:#009E73;--series3:#CC79A7}
@media (prefers-color-scheme:dark){:root{--ink:#e8e8e8;--paper:#16181b;--rule:#444;--soft:#22262b;--modelled:#7cc4f0;--judged:#f0b070;--series0:#56B4E9;--series1:#E69F00}}
body{margin:2rem auto;max-width:54rem;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.2rem;margin-top:2rem}
.lead,.gap,.kept{background:var(--soft);border-left:4px solid var(--series0);padding:.6rem .9rem;margin:1rem 0}
.gap{border-left-color:var(--series1);border-left-style:dashed}.absent{border-left-color:var(--ink)}code{overflow-wrap:anywhere}.kept{border-left-color:var(--series2)}.gap p,.kept p{margin:.3rem 0}.small{font-size:.85rem;opacity:.85}
.modelled,.judged{font-style:italic}.modelled{color:var(--modelled)}.judged{color:var(--judged)}
.tag{font-style:normal;font-size:.72em;border:1px solid currentColor;border-radius:.25em;padding:0 .25em;margin-left:.3em;white-space:nowrap}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;margin:.8rem 0;width:100%;font-variant-numeric:tabular-nums}
caption,figcaption{text-align:left;font-size:.85rem;padding:.3rem 0;opacity:.85}
th,td{border-bottom:1px solid var(--rule);padding:.25rem .4rem;text-align:right;vertical-align:top}
tr.chosen td{font-weight:600;background:var(--soft)}td{white-space:nowrap}th.t,td.t{text-align:left}td.t{white-space:normal}td.t:first-child{white-space:nowrap}
.sources td.t{overflow-wrap:anywhere;white-space:normal}tr:target td{background:var(--soft);box-shadow:inset 0 0 0 2px var(--series0)}
a.ref{color:inherit;text-decoration:underline dotted 1px;text-underline-offset:.2em}
a.ref:hover,a.ref:focus-visible{text-decoration-style:solid;background:var(--soft)}a.ref:focus-visible{outline:2px solid var(--series0)}
p a.ref,figcaption a.ref{position:relative}
p a.ref:focus-visible::after{content:attr(title);position:absolute;left:0;top:1.6em;z-index:1;width:max-content;max-width:18rem;padding:.3rem .5rem;font:400 .8rem/1.3 system-ui,sans-serif;color:var(--ink);background:var(--paper);border:1px solid var(--rule);white-space:normal}
figure{margin:1rem 0}svg{max-width:100%;height:auto}@media (max-width:40rem){figure svg{max-width:none}}
.stroke0{stroke:var(--series0)}.stroke1{stroke:var(--series1)}.stroke2{stroke:var(--series2)}.stroke3{stroke:var(--series3)}
.fill0{fill:var(--series0)}.fill1{fill:var(--series1)}.fill2{fill:var(--series2)}.fill3{fill:var(--series3)}
@media print{:root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#f3f5f7;--rule:#bbb;--modelled:#00568c;--judged:#8c3c00;--series0:#0072B2;--series1:#D55E00}body{margin:0;max-width:none;font-size:10.5pt}h2{break-after:avoid}table{font-size:8pt}thead{display:table-header-group}.scroll{overflow:visible}figure,tr,.lead,.gap,.kept{break-inside:avoid}a.ref{text-decoration:none}}
)";

std::string escaped(std::string_view text) {
  std::string out = escape_html(text);
  for (std::size_t at = out.find("\xc2\xa0"); at != std::string::npos; at = out.find("\xc2\xa0", at)) {
    out.replace(at, 2, "&nbsp;");
  }
  return out;
}

// "encoder/int4/tail/accuracy, delta; n = 210, Tango score interval; run 1d285b2b".
std::string explanation(const FindingRef& ref) {
  std::string text = ref.finding;
  if (!ref.field.empty()) text += (text.empty() ? "" : ", ") + ref.field;
  if (!ref.detail.empty()) text += (text.empty() ? "" : "; ") + ref.detail;
  if (!ref.run_key.empty()) text += (text.empty() ? "run " : "; run ") + short_key(ref.run_key);
  return text;
}

std::string inline_text(std::string_view marked, SentenceKind all = SentenceKind::kMeasured) {
  std::string out;
  SentenceKind open = SentenceKind::kMeasured;
  const auto close = [&] {
    if (open == SentenceKind::kMeasured) return;
    out += fmt::format("<span class=\"tag\">{}</span></span>", sentence_kind_name(open));
  };
  for (const Span& span : spans_of(keep_units(marked))) {
    const SentenceKind kind = span.kind == SentenceKind::kMeasured ? all : span.kind;
    if (kind != open) {
      close();
      if (kind != SentenceKind::kMeasured)
        out += fmt::format("<span class=\"{}\">", sentence_kind_name(kind));
      open = kind;
    }
    if (!span.cited) {
      out += escaped(span.text);
      continue;
    }
    const std::string why = explanation(span.ref);
    out +=
        fmt::format("<a class=\"ref\" href=\"#{}\" data-ref=\"{}\" title=\"{}\">{}</a>", anchor_of(span.ref),
                    escape_html(span.ref.finding), escape_html(why), escaped(span.text));
  }
  close();
  return out;
}

// What a place that scrolls is called: the first clause of its caption.
std::string beginning_of(std::string_view caption) {
  const std::string text = visible(caption);
  return text.substr(0, text.find_first_of(".;:"));
}

class Html {
 public:
  explicit Html(std::vector<Reference> references) : references_(std::move(references)) {}
  std::string text;

  void operator()(const NoteHeading& heading) {
    text += fmt::format("<h{0}>{1}</h{0}>\n", heading.level, inline_text(heading.text));
  }
  void operator()(const NoteParagraph& paragraph) {
    text += fmt::format("<p{}>{}</p>\n", paragraph.lead ? " class=\"lead\"" : "",
                        inline_text(paragraph.text, paragraph.kind));
  }
  void operator()(const NoteTable& table) { write(table, {}); }
  void operator()(const NoteFigure& figure) {
    text += fmt::format(
        "<figure><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Figure: {}\">{}</div>"
        "<figcaption>{}</figcaption></figure>\n",
        escape_html(beginning_of(figure.caption)), figure.svg, inline_text(figure.caption));
  }
  void operator()(const NoteGap& gap) {
    if (gap.answer) {
      text += fmt::format("<section class=\"kept\" id=\"gap-{}\"><p><strong>{}</strong></p>\n",
                          escape_html(gap.id), inline_text(gap.question));
      written(*gap.answer, gap.stale);
      return;
    }
    text += fmt::format(
        "<section class=\"gap\" id=\"gap-{}\"><p><strong>To be answered by a person:</strong> {}</p>\n",
        escape_html(gap.id), inline_text(gap.question));
    if (!gap.evidence.empty()) {
      text += fmt::format("<p class=\"small\">Look at: {}</p>\n", inline_text(gap.evidence));
    }
    text += "</section>\n";
  }
  void operator()(const NoteAbsence& absence) {
    text += fmt::format(
        "<div class=\"gap absent\"><p><strong>Not in this evidence:</strong> {}. It takes {}{}</p></div>\n",
        inline_text(absence.what), inline_text(absence.evidence),
        absence.command.empty() ? std::string(".")
                                : fmt::format(": <code>{}</code>", escape_html(visible(absence.command))));
  }
  void operator()(const NoteKept& kept) {
    text += "<section class=\"kept\">";
    written(kept.text, kept.stale);
  }

  void references(const NoteDocument& document) {
    for (const NoteBlock& block : reference_blocks(document, references_)) {
      if (const auto* table = std::get_if<NoteTable>(&block)) {
        write(*table, references_);
      } else {
        std::visit(*this, block);
      }
    }
  }

 private:
  std::vector<Reference> references_;

  void written(const std::string& by_a_person, const std::vector<std::string>& stale) {
    for (const std::string& each : kept_paragraphs(by_a_person, references_)) {
      text += fmt::format("<p>{}</p>\n", inline_text(each));
    }
    text += fmt::format("<p class=\"small judged\">{}</p>\n", escape_html(kWrittenByAPerson));
    for (const std::string& each : stale) text += fmt::format("<p><strong>{}</strong></p>\n", escaped(each));
    text += "</section>\n";
  }
  // With `anchors`, row i is the target of the links to anchors[i].
  void write(const NoteTable& table, const std::vector<Reference>& anchors) {
    text += fmt::format(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table: {}\"><table{}><caption>{}"
        "</caption>\n<thead>",
        escape_html(beginning_of(table.caption)), anchors.empty() ? "" : " class=\"sources\"",
        inline_text(table.caption));
    row(table.header, "th", table.text_columns, false, {});
    text += "</thead>\n<tbody>\n";
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      row(table.rows[i], "td", table.text_columns, table.marked_row == i,
          anchors.empty() ? std::string() : fmt::format(" id=\"{}\"", anchors[i].anchor));
    }
    text += "</tbody></table></div>\n";
  }
  void row(const std::vector<std::string>& cells, std::string_view tag, std::size_t text_columns, bool marked,
           const std::string& id) {
    text += fmt::format("<tr{}{}>", id, marked ? " class=\"chosen\"" : "");
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += fmt::format("<{0}{1}{3}>{2}</{0}>", tag, i < text_columns ? " class=\"t\"" : "",
                          inline_text(cells[i]), tag == "th" ? " scope=\"col\"" : "");
    }
    text += "</tr>\n";
  }
};

}  // namespace

namespace note_internal {

HtmlPage page_of(const NoteDocument& document) {
  Html html(references_of(document));
  for (const NoteBlock& block : document.blocks) std::visit(html, block);
  html.references(document);
  HtmlPage page;
  page.title = document.title;
  page.styles.emplace_back(kStyle);
  page.body = fmt::format("<h1>{}</h1>\n{}", escape_html(document.title), html.text);
  return page;
}

}  // namespace note_internal

std::string render_html(const NoteDocument& document) { return html_page(page_of(document)); }

}  // namespace quantier
