#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "quantier/note/document.h"
#include "quantier/note/words.h"

namespace quantier {
namespace {

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

// A number stays on the line of its unit: "70.4 %", "43.2 MB".
std::string keep_units(std::string text) {
  constexpr std::string_view kUnits[] = {"%", "MB", "GB", "ms", "points"};
  for (std::size_t at = text.find(' '); at != std::string::npos; at = text.find(' ', at + 1)) {
    if (at == 0 || text[at - 1] < '0' || text[at - 1] > '9') continue;
    const std::string_view rest = std::string_view(text).substr(at + 1);
    const bool unit = std::any_of(std::begin(kUnits), std::end(kUnits),
                                  [&](std::string_view each) { return rest.starts_with(each); });
    if (unit) text.replace(at, 1, "&nbsp;");
  }
  return text;
}

class Html {
 public:
  std::string text;

  void operator()(const NoteHeading& heading) {
    text += fmt::format("<h{0}>{1}</h{0}>\n", heading.level, escape_html(heading.text));
  }
  void operator()(const NoteParagraph& paragraph) {
    text += fmt::format("<p{}>{}</p>\n", paragraph.lead ? " class=\"lead\"" : "",
                        keep_units(escape_html(paragraph.text)));
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
  for (const char c : note_internal::visible(text)) {
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
  for (const char c : note_internal::visible(text)) {
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

}  // namespace quantier
