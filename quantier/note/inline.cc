#include "quantier/note/inline.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <type_traits>

#include "quantier/base/sha256.h"
#include "quantier/note/document.h"
#include "quantier/note/words.h"

namespace quantier {

const char* sentence_kind_name(SentenceKind kind) {
  switch (kind) {
    case SentenceKind::kModelled:
      return "modelled";
    case SentenceKind::kJudged:
      return "judged";
    case SentenceKind::kMeasured:
      break;
  }
  return "measured";
}

namespace note_internal {
namespace {

// finding, field, run key and detail, each ended by kNext; then the text, ended by kEnd.
constexpr char kBegin = '\x02';
constexpr char kNext = '\x1f';
constexpr char kEnd = '\x03';
constexpr char kKind = '\x0e';  // then 'm' or 'j'
constexpr char kPlain = '\x0f';
constexpr std::size_t kFields = 4;

// A mark that starts at the front of `text`, and how long it is.
struct Mark {
  FindingRef ref;
  std::string_view text;
  std::size_t size = 0;
};

std::string without_controls(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f; },
      ' ');
  return out;
}

std::optional<Mark> mark_at(std::string_view text) {
  std::size_t at = 1;
  std::string_view fields[kFields];
  for (std::string_view& field : fields) {
    const std::size_t end = text.find_first_of("\x02\x1f\x03", at);
    if (end == std::string_view::npos || text[end] != kNext) return std::nullopt;
    field = text.substr(at, end - at);
    at = end + 1;
  }
  const std::size_t end = text.find_first_of("\x02\x1f\x03", at);
  if (end == std::string_view::npos || text[end] != kEnd) return std::nullopt;
  return Mark{{without_controls(fields[0]), without_controls(fields[1]), without_controls(fields[2]),
               without_controls(fields[3])},
              text.substr(at, end - at),
              end + 1};
}

std::string of_kind(std::string_view sentences, char kind) {
  if (sentences.empty()) return {};
  return std::string{kKind, kind} + std::string(sentences) + kPlain;
}

}  // namespace

std::string finding_id(const std::vector<std::string>& parts) {
  std::string id;
  for (const std::string& part : parts) id += (id.empty() ? "" : "/") + visible(part);
  return id;
}

std::string cite(const FindingRef& ref, std::string_view text) {
  if (ref.finding.empty() && ref.run_key.empty()) return std::string(text);
  std::string out(1, kBegin);
  for (const std::string* field : {&ref.finding, &ref.field, &ref.run_key, &ref.detail}) {
    out += visible(*field) + kNext;
  }
  return out + visible(text) + kEnd;
}

std::string modelled(std::string_view sentences) { return of_kind(sentences, 'm'); }
std::string judged(std::string_view sentences) { return of_kind(sentences, 'j'); }

std::vector<Span> spans_of(std::string_view text) {
  std::vector<Span> spans;
  SentenceKind kind = SentenceKind::kMeasured;
  std::string plain;
  const auto flush = [&] {
    if (!plain.empty()) spans.push_back({std::move(plain), kind});
    plain.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == kBegin) {
      if (const auto mark = mark_at(text.substr(i))) {
        flush();
        if (!mark->text.empty()) spans.push_back({without_controls(mark->text), kind, true, mark->ref});
        i += mark->size - 1;
        continue;
      }
    }
    if (c == kKind && i + 1 < text.size() && (text[i + 1] == 'm' || text[i + 1] == 'j')) {
      flush();
      kind = text[++i] == 'm' ? SentenceKind::kModelled : SentenceKind::kJudged;
      continue;
    }
    if (c == kPlain) {
      flush();
      kind = SentenceKind::kMeasured;
      continue;
    }
    plain += without_controls(std::string_view(&c, 1));
  }
  flush();
  return spans;
}

std::string keep_units(std::string_view text) {
  constexpr std::string_view kUnits[] = {"%", "MB", "GB", "ms", "points"};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // A number may end with the end of its reference.
    const bool after_number =
        i > 0 && text[i] == ' ' && ((text[i - 1] >= '0' && text[i - 1] <= '9') || text[i - 1] == kEnd);
    const std::string_view rest = text.substr(i + 1);
    const bool unit =
        after_number && std::any_of(std::begin(kUnits), std::end(kUnits),
                                    [&](std::string_view each) { return rest.starts_with(each); });
    if (unit) {
      out += "\xc2\xa0";
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string anchor_of(const FindingRef& ref) {
  constexpr std::size_t kDigits = 8;
  const std::string& named = ref.finding.empty() ? ref.run_key : ref.finding;
  return "r" + sha256_hex(named + kNext + ref.field).substr(0, kDigits);
}

std::vector<Reference> references_of(const NoteDocument& document) {
  std::vector<Reference> found;
  std::map<std::string, std::size_t> place;  // of an anchor
  const auto read = [&](std::string_view text) {
    for (const Span& span : spans_of(text)) {
      if (!span.cited) continue;
      const std::string anchor = anchor_of(span.ref);
      const auto [entry, fresh] = place.emplace(anchor, found.size());
      if (fresh) found.push_back({anchor, span.ref, {}});
      // Where the choice is named first, its details may come later.
      FindingRef& known = found[entry->second].ref;
      if (known.detail.empty()) known.detail = span.ref.detail;
      std::vector<std::string>& figures = found[entry->second].figures;
      if (std::find(figures.begin(), figures.end(), span.text) == figures.end()) figures.push_back(span.text);
    }
  };
  for (const NoteBlock& block : document.blocks) {
    std::visit(
        [&](const auto& each) {
          using Block = std::decay_t<decltype(each)>;
          if constexpr (std::is_same_v<Block, NoteParagraph> || std::is_same_v<Block, NoteHeading>) {
            read(each.text);
          } else if constexpr (std::is_same_v<Block, NoteTable>) {
            read(each.caption);
            for (const std::string& cell : each.header) read(cell);
            for (const auto& row : each.rows) {
              for (const std::string& cell : row) read(cell);
            }
          } else if constexpr (std::is_same_v<Block, NoteFigure>) {
            read(each.caption);
          } else if constexpr (std::is_same_v<Block, NoteGap>) {
            read(each.question);
            read(each.evidence);
          } else if constexpr (std::is_same_v<Block, NoteAbsence>) {
            read(each.what);
            read(each.evidence);
          }
        },
        block);
  }
  return found;
}

}  // namespace note_internal
}  // namespace quantier
