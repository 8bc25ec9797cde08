#include "quantier/note/page/page.h"

#include "quantier/note/html_page.h"

namespace quantier {

std::string render_page(const NoteDocument& document, const NoteInput& input) {
  using namespace note_internal;
  HtmlPage page = page_of(document);
  if (input.decision.candidates.empty()) return html_page(page);
  page.first_screen =
      decision_card(input) + limit_controls(input) + gate_controls(input) + flips_section(input);
  page.styles.push_back(page_style());
  page.scripts.push_back(page_script());
  page.data.emplace_back("quantier-choice", choice_data(input));
  return html_page(page);
}

}  // namespace quantier
