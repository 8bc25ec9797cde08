#include "quantier/note/page/page.h"

#include <fmt/format.h>

#include "quantier/note/html_page.h"

namespace quantier {

std::string render_page(const NoteDocument& document, const NoteInput& input) {
  using namespace note_internal;
  HtmlPage page = page_of(document);
  if (input.decision.candidates.empty()) return html_page(page);
  // One title above everything, so that headings go down in order.
  const std::string title = fmt::format("<h1>{}</h1>\n", escape_html(document.title));
  if (page.body.starts_with(title)) page.body.erase(0, title.size());
  page.first_screen =
      title + decision_card(input) + limit_controls(input) + gate_controls(input) + flips_section(input);
  page.styles.push_back(page_style());
  page.scripts.push_back(page_script());
  page.data.emplace_back("quantier-choice", choice_data(input));
  return html_page(page);
}

}  // namespace quantier
