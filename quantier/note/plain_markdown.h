// For tests of what a note says: its Markdown with the text of a reference in place of the link.
#pragma once

#include <string>
#include <string_view>

#include "quantier/note/document.h"

namespace quantier {

inline std::string without_links(std::string_view markdown) {
  std::string out;
  for (std::size_t at = 0; at < markdown.size(); ++at) {
    const bool escaped = at > 0 && markdown[at - 1] == '\\';
    if (markdown[at] != '[' || escaped) {
      out += markdown[at];
      continue;
    }
    std::size_t close = markdown.find(']', at);
    while (close != std::string_view::npos && markdown[close - 1] == '\\')
      close = markdown.find(']', close + 1);
    if (close == std::string_view::npos || !markdown.substr(close).starts_with("](#r")) {
      out += markdown[at];
      continue;
    }
    out += markdown.substr(at + 1, close - at - 1);
    at = markdown.find(')', close);
  }
  return out;
}

inline std::string plain_markdown(const NoteDocument& document) {
  return without_links(render_markdown(document));
}

}  // namespace quantier
