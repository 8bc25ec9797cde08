#include "quantier/audit/note_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/utf8.h"

namespace quantier {
namespace audit_internal {
namespace {

struct Replacement {
  std::string_view from;
  std::string_view to;
};

// Spaces of every width, hyphens, quotes; what carries no text disappears.
constexpr std::array<Replacement, 22> kReplacements = {{
    {"\u00a0", " "}, {"\u2002", " "},  {"\u2003", " "},  {"\u2007", " "}, {"\u2008", " "}, {"\u2009", " "},
    {"\u200a", " "}, {"\u202f", " "},  {"\u3000", " "},  {"\u2010", "-"}, {"\u2011", "-"}, {"\u00ad", ""},
    {"\u200b", ""},  {"\u200c", ""},   {"\u200d", ""},   {"\u2060", ""},  {"\ufeff", ""},  {"\u2018", "'"},
    {"\u2019", "'"}, {"\u201c", "\""}, {"\u201d", "\""}, {"\u00b6", ""},
}};

}  // namespace

std::string normalised(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto put = [&](std::string_view part) {
    for (const char c : part) {
      if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
      out += c;
    }
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      put(byte <= 0x20 || byte == 0x7f ? std::string_view(" ") : text.substr(at, 1));
      ++at;
      continue;
    }
    const auto* found = std::ranges::find_if(
        kReplacements, [&](const Replacement& each) { return text.substr(at).starts_with(each.from); });
    if (found != kReplacements.end()) {
      put(found->to);
      at += found->from.size();
    } else {
      out += text[at++];
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

Result<std::string> markdown_to_html(std::string_view markdown) {
  cmark_gfm_core_extensions_ensure_registered();
  // Raw HTML inside Markdown is text to be read, so nothing is left out of it here.
  constexpr int kOptions = CMARK_OPT_SOURCEPOS | CMARK_OPT_UNSAFE | CMARK_OPT_VALIDATE_UTF8;
  const std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)> parser(cmark_parser_new(kOptions),
                                                                           cmark_parser_free);
  cmark_syntax_extension* tables = cmark_find_syntax_extension("table");
  if (!parser || tables == nullptr || cmark_parser_attach_syntax_extension(parser.get(), tables) == 0) {
    return fail(ErrorKind::kEnvironment, "the Markdown parser offers no tables");
  }
  cmark_parser_feed(parser.get(), markdown.data(), markdown.size());
  const std::unique_ptr<cmark_node, decltype(&cmark_node_free)> document(cmark_parser_finish(parser.get()),
                                                                         cmark_node_free);
  if (!document) return fail(ErrorKind::kEnvironment, "out of memory");
  const std::unique_ptr<char, decltype(&std::free)> html(
      cmark_render_html(document.get(), kOptions, cmark_parser_get_syntax_extensions(parser.get())),
      &std::free);
  if (!html) return fail(ErrorKind::kEnvironment, "out of memory");
  return std::string(html.get());
}

}  // namespace audit_internal

std::string NotePlace::text() const {
  if (cell == 0) return line == 0 ? std::string("somewhere") : fmt::format("line {}", line);
  return line == 0 ? fmt::format("cell {}", cell) : fmt::format("cell {}, line {}", cell, line);
}

bool note_format_of(const std::filesystem::path& file, NoteFormat& format) {
  std::string end = file.extension().string();
  std::ranges::transform(end, end.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (end == ".md" || end == ".markdown") {
    format = NoteFormat::kMarkdown;
  } else if (end == ".ipynb") {
    format = NoteFormat::kNotebook;
  } else if (end == ".html" || end == ".htm") {
    format = NoteFormat::kHtml;
  } else {
    return false;
  }
  return true;
}

Result<NoteText> parse_note(std::string_view content, NoteFormat format, std::string name) {
  NoteText note;
  note.name = std::move(name);
  note.format = format;
  if (content.find('\0') != std::string_view::npos) {
    return fail(ErrorKind::kUserInput, "this is no text", note.name, "it contains zero bytes",
                "a note is Markdown, a notebook or HTML");
  }
  if (const auto at = find_invalid_utf8(content)) {
    return fail(ErrorKind::kUserInput, "the note is not UTF-8", note.name, fmt::format("at byte {}", *at),
                "save it as UTF-8");
  }
  switch (format) {
    case NoteFormat::kMarkdown: {
      QT_TRY(const std::string html, audit_internal::markdown_to_html(content));
      QT_TRY_STATUS(audit_internal::read_html(html, 0, note));
      break;
    }
    case NoteFormat::kNotebook:
      QT_TRY_STATUS(audit_internal::read_notebook(content, note));
      break;
    case NoteFormat::kHtml:
      QT_TRY_STATUS(audit_internal::read_html(content, 0, note));
      break;
  }
  if (note.blocks.empty()) {
    return fail(ErrorKind::kUserInput, "there is no text to audit", note.name,
                note.not_read.empty() ? "the note is empty" : "what is there is " + note.not_read.front());
  }
  return note;
}

Result<NoteText> read_note(const std::filesystem::path& file) {
  NoteFormat format = NoteFormat::kMarkdown;
  if (!note_format_of(file, format)) {
    return fail(ErrorKind::kUsage, "this kind of file is not read", file.string(),
                "the end of its name says what a note is",
                "give Markdown (.md), a notebook (.ipynb) or a page (.html)");
  }
  QT_TRY(const std::string content, read_text_file(file, kLargestNoteBytes));
  return parse_note(content, format, file.string());
}

namespace {

bool is_abbreviation(std::string_view before) {
  for (const std::string_view each :
       {"al.",  "e.g.", "i.e.", "vs.",  "cf.",  "resp.", "approx.", "ca.",  "Fig.", "fig.",
        "No.",  "no.",  "Sec.", "Tab.", "Eq.",  "ex.",   "etc.",    "acc.", "Acc.", "incl.",
        "enc.", "dec.", "Enc.", "Dec.", "mem.", "Mem.",  "lat.",    "Lat.", "avg.", "min.",
        "max.", "std.", "rel.", "abs.", "pp.",  "p.p.",  "prec.",   "Prec."}) {
    if (before.ends_with(each)) {
      const std::size_t start = before.size() - each.size();
      if (start == 0 || std::isalnum(static_cast<unsigned char>(before[start - 1])) == 0) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> sentences;
  std::size_t from = 0;
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' || c == '[') ++depth;
    if ((c == ')' || c == ']') && depth > 0) --depth;
    if ((c != '.' && c != '!' && c != '?') || depth > 0) continue;
    std::size_t next = at + 1;
    while (next < text.size() && (text[next] == '"' || text[next] == '\'' || text[next] == ')')) ++next;
    if (next < text.size() && text[next] != ' ') continue;
    // A small letter goes on with the sentence: "approx. the same". Models may be written small, so a stop
    // before a small letter ends a sentence unless an abbreviation stands before it.
    if (is_abbreviation(text.substr(from, at + 1 - from))) continue;
    sentences.emplace_back(text.substr(from, next - from));
    from = next;
    while (from < text.size() && text[from] == ' ') ++from;
    at = from == 0 ? 0 : from - 1;
  }
  if (from < text.size()) sentences.emplace_back(text.substr(from));
  return sentences;
}

}  // namespace quantier
