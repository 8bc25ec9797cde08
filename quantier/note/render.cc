// Escaping for the sinks of a note; marks of references and kinds are dropped (visible()).
#include "quantier/note/document.h"
#include "quantier/note/words.h"

namespace quantier {

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

}  // namespace quantier
