// The note as a document, and its renderings: Markdown, HTML, PDF.
//
// Text in the model is plain and unescaped; every renderer escapes for its own sink, so that a label such as
// <script> stays a label. The HTML is one file without any external request.
//
// For whoever writes a section:
//  - A number that rests on a finding is written with cite(), in prose as in a cell of a table:
//        const FindingRef ref{finding_id({delta.model, delta.recipe, delta.tier, "accuracy"}), "delta",
//                             delta.run_key, fmt::format("n = {}, {}", delta.examples, delta.verdict)};
//        text += fmt::format("{} points", cite(ref, points(delta.delta)));
//    Every rendering then leads from the number to the row of the finding under "Where the numbers come
//    from", which the renderers append by themselves: a link in Markdown, a link that also answers to hover
//    and focus in HTML, the appendix alone in PDF. Cite the number, not its unit and not the words around it;
//    an interval or counts behind it may share its citation (cited.h, which also has the names in use). The
//    field must be one that pipeline/findings*.cc gives, in that order: `quantier verify` reads it.
//    Cite last: lengths and first letters of a cited text are not those of what is seen (visible() gives
//    that).
//  - Sentences are measured unless they are wrapped: modelled("...") for what a model of the hardware says,
//    judged("...") for what somebody decided. A paragraph that is all of one kind can say so in `kind`.
//  - What only a person can answer is a NoteGap, never a sentence invented here. Under its id the person's
//    answer in note.md survives when the note is made again (keep_blocks.h).
//  - What nobody measured, and a command would, is a NoteAbsence: it says what is not known, which evidence
//    would say it, and the command that makes that evidence.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "quantier/note/inline.h"
#include "quantier/note/input.h"

namespace quantier {

struct NoteHeading {
  int level = 2;
  std::string text;
};

struct NoteParagraph {
  std::string text;
  bool lead = false;  // the answer itself, set off from the rest
  SentenceKind kind = SentenceKind::kMeasured;
};

struct NoteTable {
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::size_t text_columns = 1;                // left-aligned ones at the front; the others are numbers
  std::optional<std::size_t> marked_row = {};  // the configuration that is chosen
};

struct NoteFigure {
  std::string name;  // "frontier-latency": the Markdown refers to figures/NAME.svg
  std::string caption;
  std::string svg;
};

// A question that the evidence cannot answer.
struct NoteGap {
  std::string id;                          // "deployment-context": letters, digits, '.', '_' and '-'
  std::string question;                    // "Who is harmed when a rare class is missed?"
  std::string evidence;                    // what a person should look at to answer; may be empty
  std::optional<std::string> answer = {};  // what a person wrote, as they wrote it (Markdown)
  std::vector<std::string> stale = {};     // sentences on numbers in it that the evidence no longer carries
};

// What this evidence cannot show and other evidence would.
struct NoteAbsence {
  std::string what;      // "which answers changed, tier by tier"
  std::string evidence;  // "the logits of every example at every recipe"
  std::string command;   // "quantier import FOLDER --out STORE"; may be empty
};

// Text of a person at a place of its own, not the answer to a gap.
struct NoteKept {
  std::string id;
  std::string text;  // Markdown, kept byte by byte
  std::vector<std::string> stale = {};
};

using NoteBlock =
    std::variant<NoteHeading, NoteParagraph, NoteTable, NoteFigure, NoteGap, NoteAbsence, NoteKept>;

struct NoteDocument {
  std::string title;
  std::vector<NoteBlock> blocks;
};

[[nodiscard]] NoteDocument build_note(const NoteInput& input);

// The PDF is pdf.h's.
[[nodiscard]] std::string render_markdown(const NoteDocument& document);
[[nodiscard]] std::string render_html(const NoteDocument& document);

// Plain aligned columns for a terminal: one line per configuration. Control characters in names are replaced.
[[nodiscard]] std::string summary_table(const NoteInput& input);

// The choice, what binds, what nobody measured and what would change it: a sentence a line.
[[nodiscard]] std::string decision_summary(const Decision& decision);

[[nodiscard]] std::string escape_html(std::string_view text);
[[nodiscard]] std::string escape_markdown(std::string_view text);

}  // namespace quantier
