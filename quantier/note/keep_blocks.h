// What a person wrote into note.md survives when the note is made again.
//
// A keep block is what stands between two lines of their own:
//     <!-- keep: deployment-context -->
//     Support agents read every prediction of the tail classes before anything is sent.
//     <!-- /keep: deployment-context -->
// Every gap of the note brings an empty one; a person may add others anywhere, under names of letters,
// digits,
// '.', '_' and '-'. The text is kept byte by byte. It answers the gap of its name; without one it stands at
// the end of the section it stood in, or, when that section is gone, before the appendix: never nowhere.
//
// Numbers in it are compared with the new note, and each that the evidence no longer carries is reported:
//  - copied with its link, [0.653](#r1f3a9c2e): against the figure the note now shows for that finding;
//  - bare: when it stood in the note before and stands nowhere in the new one. A decimal or a percentage that
//    stands in neither is named too: no run is behind it. Other bare whole numbers are let be.
// Names (int8, p95, macro-F1) are no numbers. The same text beside an unchanged note gives the same report.
//
// Errors: kUserInput with the line: a block that never ends, ends twice or under another name, a name used
// twice. Nothing is written then, so nothing is lost.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/note/document.h"

namespace quantier {

struct KeptBlock {
  std::string id;
  std::string text;
  std::string section;  // the heading above it, as it stands in the Markdown, without the hashes
};

// `source` names the file in errors.
[[nodiscard]] Result<std::vector<KeptBlock>> read_keep_blocks(std::string_view markdown,
                                                              std::string_view source);

// The new note with what was kept from the old one, and one sentence for each number that changed.
struct KeptNote {
  NoteDocument document;
  std::vector<std::string> changes;
};
[[nodiscard]] Result<KeptNote> keep_written_text(NoteDocument document, std::string_view old_markdown,
                                                 std::string_view source);

namespace note_internal {

// For renderers: kept text as marked plain text, paragraph by paragraph; items of lists start with a bullet,
// and [0.653](#r...) becomes a citation where `references` knows it. Other Markdown is shown as it is
// written.
[[nodiscard]] std::vector<std::string> kept_paragraphs(std::string_view text,
                                                       const std::vector<Reference>& references);

// The lines that enclose a block, without their ends of line.
[[nodiscard]] std::string keep_begin(std::string_view id);
[[nodiscard]] std::string keep_end(std::string_view id);

}  // namespace note_internal
}  // namespace quantier
