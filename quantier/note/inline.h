// Text inside a block: numbers with a reference to what they rest on, and sentences of another kind.
//
// Sections build their text with fmt and std::string, so the marks are in band: control characters around a
// piece of text, written by cite(), modelled() and judged() and read by spans_of(). Nothing that a user
// supplies can forge one: build_note() takes control characters out of everything that enters a note, and
// what does not read as a whole mark is shown as spaces. visible() (words.h) drops the marks, so a terminal,
// a figure or a file name gets the text alone.
//
// A reference names a finding as `quantier explain` knows it ("encoder/int4/tail/accuracy"), the field of it
// that is shown ("delta", "low", "n") and the run. What is no finding (a time, a peak of memory) is named in
// the same way ("encoder/int4/latency") with the run it was measured in. Its anchor is made of the names
// alone: it stays the same when a note is made again, so that a person can link to it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quantier {

struct NoteDocument;

// Every sentence of a note is one of these, and looks so.
enum class SentenceKind { kMeasured, kModelled, kJudged };
[[nodiscard]] const char* sentence_kind_name(SentenceKind kind);  // "measured", "modelled", "judged"

struct FindingRef {
  std::string finding;  // "encoder/int4/tail/accuracy"
  std::string field;    // "delta"; empty for the estimate itself
  std::string run_key;
  std::string detail = {};  // for a reader who hovers: "n = 210, Tango score interval, directional"
};

namespace note_internal {

// "encoder", "int4", "tail", "accuracy" -> "encoder/int4/tail/accuracy".
[[nodiscard]] std::string finding_id(const std::vector<std::string>& parts);

// `text` carrying a reference; without any name in it, `text` alone. Marks inside `text` are dropped.
[[nodiscard]] std::string cite(const FindingRef& ref, std::string_view text);
// One or more whole sentences; references inside stay.
[[nodiscard]] std::string modelled(std::string_view sentences);
[[nodiscard]] std::string judged(std::string_view sentences);

struct Span {
  std::string text;  // without control characters
  SentenceKind kind = SentenceKind::kMeasured;
  bool cited = false;
  FindingRef ref = {};
};
// Neighbours differ in kind or reference; empty pieces are left out.
[[nodiscard]] std::vector<Span> spans_of(std::string_view text);

// Spaces between a number and its unit as no-break spaces (U+00A0): "70.4 %", "43.2 MB".
[[nodiscard]] std::string keep_units(std::string_view text);

// "r1f3a9c2e": of the finding and the field; of the run too where there is no finding.
[[nodiscard]] std::string anchor_of(const FindingRef& ref);

// One row of "Where the numbers come from".
struct Reference {
  std::string anchor;
  FindingRef ref;
  std::vector<std::string> figures;  // as they are written in the note, each once
};
// In the order in which they first appear.
[[nodiscard]] std::vector<Reference> references_of(const NoteDocument& document);

}  // namespace note_internal
}  // namespace quantier
