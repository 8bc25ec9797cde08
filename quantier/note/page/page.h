// The note as a page that answers at once and decides again: a card with the decision, sliders for its
// limits, a gate, the flips behind each tier, and the note below.
//
// The card is markup and needs no script; the rest is hidden from print. The script (page.js) runs the rule
// of choice over a table that was computed before (decide/choice_table.h) and estimates nothing. One file, no
// network; style and script are named by hash in the page's policy (html_page.h).
#pragma once

#include <string>

#include "quantier/note/document.h"
#include "quantier/note/input.h"

namespace quantier {

[[nodiscard]] std::string render_page(const NoteDocument& document, const NoteInput& input);

namespace note_internal {

// "Ship ...", what it costs per 1,000 requests, what binds, what it assumes and what would change it.
[[nodiscard]] std::string decision_card(const NoteInput& input);
// The limits as sliders and the table that they change; empty when there is none.
[[nodiscard]] std::string limit_controls(const NoteInput& input);
[[nodiscard]] std::string gate_controls(const NoteInput& input);
[[nodiscard]] std::string flips_section(const NoteInput& input);
// What the script reads, as JSON.
[[nodiscard]] std::string choice_data(const NoteInput& input);

// As they stand in page.js and page.css.
[[nodiscard]] std::string page_script();
[[nodiscard]] std::string page_style();

}  // namespace note_internal
}  // namespace quantier
