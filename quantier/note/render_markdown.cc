// Markdown as GitHub and CommonMark show it. A number with a reference is a link to its row in the appendix,
// [0.653](#r1f3a9c2e): it reads as the number it is, where a footnote's raised digit beside a figure would
// read as an exponent. Anchors are made of names, so that two versions of a note differ only where the
// numbers do.
#include <algorithm>
#include <cstddef>
#include <string>
#include <type_traits>

#include <fmt/format.h>

#include "quantier/note/document.h"
#include "quantier/note/keep_blocks.h"
#include "quantier/note/reference_table.h"
#include "quantier/note/words.h"

namespace quantier {
namespace {

using namespace note_internal;

// Spaces stay outside emphasis, where they would keep it from being any.
std::string emphasised(const std::string& text, std::string_view how) {
  const std::size_t from = text.find_first_not_of(' ');
  if (from == std::string::npos) return text;
  const std::size_t to = text.find_last_not_of(' ') + 1;
  return fmt::format("{}{}{}{}{}", text.substr(0, from), how, text.substr(from, to - from), how,
                     text.substr(to));
}

std::string inline_text(std::string_view marked, SentenceKind all = SentenceKind::kMeasured) {
  std::string out;
  std::string piece;  // of one kind
  SentenceKind open = SentenceKind::kMeasured;
  const auto close = [&] {
    if (open == SentenceKind::kMeasured) {
      out += piece;
    } else if (!piece.empty()) {
      out += fmt::format("{} \\[{}\\]", emphasised(piece, "*"), sentence_kind_name(open));
    }
    piece.clear();
  };
  for (const Span& span : spans_of(marked)) {
    const SentenceKind kind = span.kind == SentenceKind::kMeasured ? all : span.kind;
    if (kind != open) close();
    open = kind;
    const std::string text = escape_markdown(span.text);
    piece += span.cited ? fmt::format("[{}](#{})", text, anchor_of(span.ref)) : text;
  }
  close();
  return out;
}

// Inside a code span nothing is escaped; a backtick would end it.
std::string code_text(std::string_view command) {
  std::string text = visible(command);
  std::replace(text.begin(), text.end(), '`', '\'');
  return text;
}

class Markdown {
 public:
  std::string text;

  void operator()(const NoteHeading& heading) {
    // Plain: the headings are what keep blocks are found by.
    text += fmt::format("{} {}\n\n", std::string(static_cast<std::size_t>(heading.level), '#'),
                        escape_markdown(heading.text));
  }
  void operator()(const NoteParagraph& paragraph) {
    text += (paragraph.lead ? "> " : "") + inline_text(paragraph.text, paragraph.kind) + "\n\n";
  }
  void operator()(const NoteTable& table) { write(table, {}); }
  void operator()(const NoteFigure& figure) {
    text += fmt::format("![{0}](figures/{1}.svg)\n\n*{2}*\n\n", escape_markdown(figure.caption), figure.name,
                        inline_text(figure.caption));
  }
  void operator()(const NoteGap& gap) {
    if (gap.answer) {
      text += fmt::format("> **{}**\n\n", inline_text(gap.question));
      kept(gap.id, *gap.answer, gap.stale);
      return;
    }
    text += fmt::format("> **To be answered by a person:** {}\n", inline_text(gap.question));
    if (!gap.evidence.empty()) text += fmt::format(">\n> Look at: {}\n", inline_text(gap.evidence));
    text += fmt::format("\n{}\n{}\n\n", keep_begin(gap.id), keep_end(gap.id));
  }
  void operator()(const NoteAbsence& absence) {
    text += fmt::format("> **Not in this evidence:** {}. It takes {}", inline_text(absence.what),
                        inline_text(absence.evidence));
    // A command is to be copied as it is.
    text += absence.command.empty() ? ".\n\n" : fmt::format(": `{}`\n\n", code_text(absence.command));
  }
  void operator()(const NoteKept& block) { kept(block.id, block.text, block.stale); }

  void references(const NoteDocument& document) {
    const std::vector<Reference> references = references_of(document);
    for (const NoteBlock& block : reference_blocks(document, references)) {
      if (const auto* table = std::get_if<NoteTable>(&block)) {
        write(*table, references);
      } else {
        std::visit(*this, block);
      }
    }
  }

 private:
  void kept(const std::string& id, const std::string& written, const std::vector<std::string>& stale) {
    text += keep_begin(id) + "\n" + written;
    if (!written.ends_with('\n')) text += '\n';
    text += keep_end(id) + "\n\n";
    text += fmt::format("> *{}*", escape_markdown(kWrittenByAPerson));
    for (const std::string& each : stale) text += fmt::format(" **{}**", escape_markdown(each));
    text += "\n\n";
  }

  // With `anchors`, row i is the target of the links to anchors[i].
  void write(const NoteTable& table, const std::vector<Reference>& anchors) {
    text += inline_text(table.caption) + "\n\n";
    row(table.header, false, {});
    for (std::size_t i = 0; i < table.header.size(); ++i) text += i < table.text_columns ? "|---" : "|---:";
    text += "|\n";
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      row(table.rows[i], table.marked_row == i,
          anchors.empty() ? std::string() : fmt::format("<a id=\"{}\"></a>", anchors[i].anchor));
    }
    text += "\n";
  }
  void row(const std::vector<std::string>& cells, bool marked, const std::string& anchor) {
    for (const std::string& cell : cells) {
      const bool first = &cell == cells.data();
      text +=
          fmt::format("| {2}{1}{0}{1} ", inline_text(cell), marked && first ? "**" : "", first ? anchor : "");
    }
    text += "|\n";
  }
};

}  // namespace

std::string render_markdown(const NoteDocument& document) {
  Markdown markdown;
  markdown.text = "# " + escape_markdown(document.title) + "\n\n";
  for (const NoteBlock& block : document.blocks) std::visit(markdown, block);
  markdown.references(document);
  return markdown.text;
}

}  // namespace quantier
