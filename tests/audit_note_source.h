// A note as its author edits it, and where in it a fault can be planted. Shared by the operators of
// audit_faults.h.
#pragma once

#include <algorithm>
#include <cctype>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "quantier/audit/fact.h"
#include "quantier/audit/note_text.h"
#include "quantier/base/json.h"
#include "quantier/base/rng.h"
#include "tests/audit_phrases.h"

namespace quantier::testing {

// A note as its author edits it: the text of a file, or of the Markdown cells of a notebook.
struct NoteSource {
  NoteFormat format = NoteFormat::kMarkdown;
  std::vector<std::string> parts;
  Json notebook;  // of a notebook: everything else

  static std::optional<NoteSource> read(const std::string& content, NoteFormat format) {
    NoteSource source;
    source.format = format;
    if (format != NoteFormat::kNotebook) {
      source.parts = {content};
      return source;
    }
    auto json = parse_json(content, "notebook");
    if (!json) return std::nullopt;
    source.notebook = std::move(*json);
    for (const Json& cell : source.notebook["cells"]) {
      std::string text;
      for (const Json& line : cell["source"]) text += line.is_string() ? line.get<std::string>() : "";
      if (cell["cell_type"] == "markdown") source.parts.push_back(std::move(text));
    }
    return source;
  }

  [[nodiscard]] std::string content() const {
    if (format != NoteFormat::kNotebook) return parts.front();
    Json out = notebook;
    std::size_t next = 0;
    for (Json& cell : out["cells"]) {
      if (cell["cell_type"] == "markdown") cell["source"] = parts[next++];
    }
    return out.dump();
  }
};

// Where the appendix begins: what stands there is protocol, and no operator touches it.
inline std::size_t end_of_findings(const std::string& text) {
  const std::size_t at = text.find("## Appendix");
  const std::size_t html = text.find(">Appendix: ");
  return std::min({at, html, text.size()});
}

struct Place {
  std::size_t part = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct FaultContext {
  const AuditEvidence* evidence = nullptr;
  Philox* random = nullptr;
  const std::vector<FaultPhrase>* phrases = nullptr;  // those that may be put in

  [[nodiscard]] std::size_t below(std::size_t bound) const {
    return static_cast<std::size_t>(random->next_below(bound));
  }
  template <class T>
  [[nodiscard]] const T& pick(const std::vector<T>& list) const {
    return list[below(list.size())];
  }
};

// The sentence, list item or table row around a place.
inline std::pair<std::size_t, std::size_t> unit_around(const NoteSource& note, const Place& place) {
  const std::string& text = note.parts[place.part];
  if (note.format == NoteFormat::kHtml) {
    const std::size_t row = text.rfind("<tr", place.begin);
    const std::size_t row_end = text.find("</tr>", place.begin);
    const std::size_t closed = text.rfind("</tr>", place.begin);
    if (row != std::string::npos && row_end != std::string::npos &&
        (closed == std::string::npos || closed < row)) {
      return {row, row_end};
    }
    // Tags inside of a sentence (a link, emphasis) do not end it.
    const auto inside = [&](std::size_t open) {
      std::size_t at = open + 1;
      if (at < text.size() && text[at] == '/') ++at;
      std::size_t stop = at;
      while (stop < text.size() && std::isalnum(static_cast<unsigned char>(text[stop])) != 0) ++stop;
      const std::string name = text.substr(at, stop - at);
      return name == "a" || name == "b" || name == "i" || name == "em" || name == "strong" ||
             name == "code" || name == "span" || name == "sup" || name == "sub";
    };
    std::size_t begin = place.begin;
    while (begin > 0) {
      if (text[begin - 1] == '>') {
        const std::size_t open = text.rfind('<', begin - 1);
        if (open == std::string::npos || !inside(open)) break;
        begin = open;
        continue;
      }
      if (text[begin - 1] == ' ' && begin > 1 && text[begin - 2] == '.') break;
      --begin;
    }
    std::size_t end = place.end;
    while (end < text.size()) {
      if (text[end] == '<') {
        const std::size_t close = text.find('>', end);
        if (close == std::string::npos || !inside(end)) break;
        end = close + 1;
        continue;
      }
      if (text[end] == '.' && end + 1 < text.size() && text[end + 1] == ' ') break;
      ++end;
    }
    return {begin, end};
  }
  std::size_t line = text.rfind('\n', place.begin);
  line = line == std::string::npos ? 0 : line + 1;
  if (text[line] == '|') return {line, std::min(text.find('\n', place.begin), text.size())};
  // A sentence may run over lines; a paragraph ends at an empty one.
  std::size_t begin = place.begin;
  while (begin > 0) {
    if (text[begin - 1] == '\n' &&
        (begin == 1 || text[begin - 2] == '\n' || text[begin] == '*' || text[begin] == '-'))
      break;
    if (text[begin - 1] == ' ' && begin > 1 && text[begin - 2] == '.' &&
        std::islower(static_cast<unsigned char>(text[begin])) == 0)
      break;
    --begin;
  }
  std::size_t end = place.end;
  while (end < text.size()) {
    if (text[end] == '\n' &&
        (end + 1 == text.size() || text[end + 1] == '\n' || text[end + 1] == '*' || text[end + 1] == '-'))
      break;
    if (text[end] == '.' && (end + 1 == text.size() || text[end + 1] == ' ' || text[end + 1] == '\n')) break;
    ++end;
  }
  return {begin, end};
}

inline std::string unit_text(const NoteSource& note, const Place& place) {
  const auto [begin, end] = unit_around(note, place);
  return note.parts[place.part].substr(begin, end - begin);
}

inline bool matches(const std::string& text, const char* pattern) {
  return std::regex_search(text, std::regex(pattern, std::regex::icase));
}

// Every match of a pattern (its first group where it has one) that lies in the findings.
inline std::vector<Place> places_of(const NoteSource& note, const char* pattern) {
  std::vector<Place> places;
  const std::regex expression(pattern, std::regex::icase);
  bool appendix = false;
  for (std::size_t p = 0; p < note.parts.size() && !appendix; ++p) {
    const std::string& text = note.parts[p];
    const std::size_t stop = end_of_findings(text);
    appendix = stop < text.size();
    std::size_t from = note.format == NoteFormat::kHtml ? text.find("<h1") : 0;
    if (from == std::string::npos) from = 0;
    for (std::sregex_iterator it(text.begin() + static_cast<std::ptrdiff_t>(from),
                                 text.begin() + static_cast<std::ptrdiff_t>(stop), expression),
         end;
         it != end; ++it) {
      const std::size_t group = it->size() > 1 ? 1 : 0;
      const std::size_t begin = from + static_cast<std::size_t>(it->position(group));
      const Place place{p, begin, begin + static_cast<std::size_t>(it->length(group))};
      if (note.format == NoteFormat::kHtml) {
        // Text only: no tag, no drawing, no program output.
        const std::size_t open = text.rfind('<', begin);
        const std::size_t close = text.rfind('>', begin);
        if (open != std::string::npos && (close == std::string::npos || close < open)) continue;
        const std::size_t svg = text.rfind("<svg", begin);
        const std::size_t svg_end = text.rfind("</svg>", begin);
        if (svg != std::string::npos && (svg_end == std::string::npos || svg_end < svg)) continue;
        const std::size_t pre = text.rfind("<pre>", begin);
        const std::size_t pre_end = text.rfind("</pre>", begin);
        if (pre != std::string::npos && (pre_end == std::string::npos || pre_end < pre)) continue;
        const std::size_t script = text.rfind("<script", begin);
        const std::size_t script_end = text.rfind("</script>", begin);
        if (script != std::string::npos && (script_end == std::string::npos || script_end < script)) continue;
        const std::size_t style = text.rfind("<style", begin);
        const std::size_t style_end = text.rfind("</style>", begin);
        if (style != std::string::npos && (style_end == std::string::npos || style_end < style)) continue;
      }
      places.push_back(place);
    }
  }
  return places;
}

}  // namespace quantier::testing
