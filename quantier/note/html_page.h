// The frame of an HTML page that works from disk, without network and without trust: one file, everything in
// it named by hash in its content security policy, so that nothing that a label might smuggle in could ever
// run or load. No style attribute and no handler attribute is allowed by that policy; figures use attributes
// and classes (svg.h), behaviour is attached by a script that stands here.
//
// Whoever adds something that moves (sliders, a card that decides again) appends its style and its script to
// the lists, and its markup to `first_screen`, which stands above the note; data for a script goes into
// `data` and is embedded as JSON that no browser runs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quantier {
struct NoteDocument;
}

namespace quantier::note_internal {

struct HtmlPage {
  std::string title;                                      // plain
  std::vector<std::string> styles;                        // CSS, trusted
  std::vector<std::string> scripts;                       // JavaScript, trusted; at the end of the page
  std::vector<std::pair<std::string, std::string>> data;  // id of the element, JSON; escaped here
  std::string first_screen;                               // markup, escaped by whoever made it
  std::string body;
};

// The note alone: its style and its body.
[[nodiscard]] HtmlPage page_of(const NoteDocument& document);

[[nodiscard]] std::string html_page(const HtmlPage& page);

// "sha256-...": the source expression of a policy for exactly this text between the tags.
[[nodiscard]] std::string csp_hash(std::string_view text);

}  // namespace quantier::note_internal
