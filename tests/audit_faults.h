// Faults planted into a note, by a seed: what an audit has to catch. Shared by tests/audit_test.cc and
// bench/audit_faults.cc.
//
// An operator changes the source of a note so that it states something false, stops showing something
// demanded, or says more than the evidence carries; it knows nothing of how the audit works. It gives nullopt
// where a note offers no place for it. Phrases come in two sets: one that was looked at while the audit was
// made, and one that was not.
#pragma once

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/audit/fact.h"
#include "quantier/audit/note_text.h"
#include "quantier/base/json.h"
#include "quantier/base/rng.h"

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
  const std::size_t html = text.find("Appendix: ");
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
  bool fresh_phrases = false;

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
    const std::size_t row = text.rfind("<tr>", place.begin);
    const std::size_t row_end = text.find("</tr>", place.begin);
    const std::size_t closed = text.rfind("</tr>", place.begin);
    if (row != std::string::npos && row_end != std::string::npos &&
        (closed == std::string::npos || closed < row)) {
      return {row, row_end};
    }
    std::size_t begin = place.begin;
    while (begin > 0 &&
           !(text[begin - 1] == '>' || (text[begin - 1] == ' ' && begin > 1 && text[begin - 2] == '.')))
      --begin;
    std::size_t end = place.end;
    while (end < text.size() && text[end] != '<' &&
           !(text[end] == '.' && end + 1 < text.size() && text[end + 1] == ' '))
      ++end;
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
        const std::size_t style = text.rfind("<style", begin);
        const std::size_t style_end = text.rfind("</style>", begin);
        if (style != std::string::npos && (style_end == std::string::npos || style_end < style)) continue;
      }
      places.push_back(place);
    }
  }
  return places;
}

// Numbers with a decimal point that state a finding or a limit: no supposition, no other work, no name, no
// setting.
inline std::vector<Place> stated_numbers(const NoteSource& note) {
  std::vector<Place> places;
  for (const Place& place : places_of(note, R"((?:^|[^\w.])(\d+\.\d+)(?![\w.]|\s*(?:B|M|s)\b))")) {
    const std::string& text = note.parts[place.part];
    const std::string unit = unit_text(note, place);
    if (matches(
            unit,
            R"(\bif\b|raised|raising|relaxed|moved to|lifted|loosen|et al|tokens/s|would win|H100|H200|!\[)"))
      continue;
    if (place.begin > 0 && (text[place.begin - 1] == '(') &&
        matches(text.substr(place.begin, 12), R"(^figures)"))
      continue;
    places.push_back(place);
  }
  return places;
}

inline bool inside_brackets(const std::string& text, std::size_t at) {
  const std::size_t open = text.rfind('[', at);
  const std::size_t close = text.rfind(']', at);
  const std::size_t end = text.find(']', at);
  return open != std::string::npos && (close == std::string::npos || close < open) &&
         end != std::string::npos && end - open < 40;
}

inline std::optional<std::string> changed_digit(NoteSource& note, FaultContext& context) {
  std::vector<Place> places = stated_numbers(note);
  if (places.empty()) return std::nullopt;
  const Place place = context.pick(places);
  std::string& text = note.parts[place.part];
  const std::string before = text.substr(place.begin, place.end - place.begin);
  std::vector<std::size_t> digits;
  for (std::size_t i = place.begin; i < place.end; ++i) {
    if (text[i] != '.') digits.push_back(i);
  }
  // The last digit of a resampled bound is within what another seed would do.
  if (inside_brackets(text, place.begin) && digits.size() > 1) digits.pop_back();
  const std::size_t at = context.pick(digits);
  char digit = text[at];
  while (digit == text[at]) digit = static_cast<char>('0' + context.below(10));
  text[at] = digit;
  return fmt::format("{} -> {}", before, text.substr(place.begin, place.end - place.begin));
}

inline std::optional<std::string> flipped_sign(NoteSource& note, FaultContext& context) {
  std::vector<Place> places;
  for (const Place& place : places_of(note, "(−|&minus;|\\+|-)(?=[0-9]+\\.[0-9])")) {
    const std::string& text = note.parts[place.part];
    const std::string number = text.substr(place.end, 5);
    if (std::strtod(number.c_str(), nullptr) < 0.15 && number.starts_with("0.0"))
      continue;  // a sign of next to nothing
    if (place.begin > 0 && std::isalnum(static_cast<unsigned char>(text[place.begin - 1])) != 0) continue;
    places.push_back(place);
  }
  if (places.empty()) return std::nullopt;
  const Place place = context.pick(places);
  std::string& text = note.parts[place.part];
  const bool plus = text[place.begin] == '+';
  const std::string sign = plus ? "−" : "+";
  text.replace(place.begin, place.end - place.begin, sign);
  return "sign of " + text.substr(place.begin, 12);
}

// Replaces one word by another in a sentence or row with numbers that belong to it alone.
inline std::optional<std::string> swapped_word(NoteSource& note, FaultContext& context,
                                               const std::vector<std::pair<std::string, std::string>>& words,
                                               const char* telling) {
  std::vector<std::pair<Place, std::string>> places;
  for (const auto& [from, to] : words) {
    for (const Place& place : places_of(note, ("(?:^|[^\\w-])(" + from + ")(?![\\w-])").c_str())) {
      const std::string unit = unit_text(note, place);
      if (!matches(unit, telling) || matches(unit, R"(et al|runner-up|\bif\b|raised|class|LLM\.int8)"))
        continue;
      places.emplace_back(place, to);
    }
  }
  if (places.empty()) return std::nullopt;
  const auto [place, to] = context.pick(places);
  std::string& text = note.parts[place.part];
  const std::string from = text.substr(place.begin, place.end - place.begin);
  std::string replacement = to;
  if (std::isupper(static_cast<unsigned char>(from.front())) != 0) {
    if (from.size() > 1 && std::isupper(static_cast<unsigned char>(from[1])) != 0) {
      std::ranges::transform(replacement, replacement.begin(),
                             [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    } else {
      replacement.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(replacement.front())));
    }
  }
  const std::string unit = unit_text(note, place);
  text.replace(place.begin, place.end - place.begin, replacement);
  return fmt::format("{} -> {} in: {}", from, replacement, unit.substr(0, 160));
}

// A change of accuracy that only one tier has.
constexpr const char* kTierNumber =
    R"((2\.5|2\.47|10\.0|3\.2|3\.18|3\.5|3\.51|1\.7|1\.67|11 / 4|16 / 7)(?!\d))";
constexpr const char* kCostNumber =
    R"((2\.31|5\.80|3\.19|5\.05|12\.65|7\.92|0\.41|0\.59|0\.62|1\.15|1\.87|1\.89)(?!\d))";

inline std::optional<std::string> swapped_tier(NoteSource& note, FaultContext& context) {
  return swapped_word(note, context,
                      {{"head", "tail"}, {"tail", "head"}, {"head", "mid"}, {"tail", "mid"}, {"mid", "tail"}},
                      kTierNumber);
}
inline std::optional<std::string> swapped_model(NoteSource& note, FaultContext& context) {
  return swapped_word(note, context, {{"encoder", "decoder"}, {"decoder", "encoder"}}, kCostNumber);
}
inline std::optional<std::string> swapped_precision(NoteSource& note, FaultContext& context) {
  return swapped_word(note, context, {{"int8", "int4"}, {"int4", "int8"}, {"fp16", "int4"}, {"fp16", "int8"}},
                      kCostNumber);
}

// Removes every unit that matches; the number of removed ones.
inline std::size_t remove_units(NoteSource& note, const char* pattern, const char* unless = nullptr) {
  std::size_t removed = 0;
  for (int guard = 0; guard < 400; ++guard) {
    bool any = false;
    for (const Place& place : places_of(note, pattern)) {
      const std::string unit = unit_text(note, place);
      if (unless != nullptr && matches(unit, unless)) continue;
      const auto [begin, end] = unit_around(note, place);
      note.parts[place.part].erase(begin, end - begin);
      ++removed;
      any = true;
      break;
    }
    if (!any) break;
  }
  return removed;
}

inline std::optional<std::string> missing_precision(NoteSource& note, FaultContext& context) {
  const std::string recipe = context.below(2) == 0 ? "int8" : "int4";
  const std::string pattern = recipe == "int8" ? "(int8|8-bit)" : "(int4|4-bit)";
  // Headings and the first line of a table stay.
  if (remove_units(note, pattern.c_str(), R"(^\s*#|\|---)") == 0) return std::nullopt;
  return "everything about " + recipe;
}

inline std::optional<std::string> dominated_unnamed(NoteSource& note, FaultContext&) {
  if (remove_units(note, "(dominat|worse on both|no reason to pick)", R"(!\[)") == 0) return std::nullopt;
  return std::string("every sentence on dominated configurations");
}

inline std::optional<std::string> missing_intervals(NoteSource& note, FaultContext&) {
  std::size_t removed = 0;
  for (std::string& part : note.parts) {
    const std::regex bracket(R"(\s*\\?\[(?:−|\+|-)?[0-9.]+,\s*(?:−|\+|-)?[0-9.]+\\?\])");
    const std::string without = std::regex_replace(part, bracket, "");
    if (without != part) ++removed;
    part = without;
  }
  if (removed == 0 || note.format == NoteFormat::kHtml) return std::nullopt;
  return std::string("every interval");
}

inline std::optional<std::string> missing_gate(NoteSource& note, FaultContext&) {
  if (note.format == NoteFormat::kHtml && note.parts.front().find("<svg") != std::string::npos)
    return std::nullopt;
  const bool table = !places_of(note, "(confident ≥)").empty();
  if (table || remove_units(note, "(gate|threshold)", "!\\[") == 0) return std::nullopt;
  return std::string("the confidence gate");
}

// A sentence put behind another one, in a paragraph or as an item.
inline bool insert_sentence(NoteSource& note, FaultContext& context, const std::string& sentence) {
  std::vector<Place> places;
  for (const Place& place :
       places_of(note, note.format == NoteFormat::kHtml ? R"((\.)(?=</p>|</li>))" : R"((\.)(?=\n|$))")) {
    const std::string unit = unit_text(note, place);
    if (note.parts[place.part].substr(0, place.end).ends_with("al.")) continue;
    if (unit.starts_with("|") || unit.starts_with(">") || unit.starts_with("![") || unit.starts_with("*Mac"))
      continue;
    // Behind a supposition or a cited work it would read as a part of that.
    places.push_back(place);
  }
  if (places.empty()) return false;
  const Place place = context.pick(places);
  note.parts[place.part].insert(place.end, " " + sentence);
  return true;
}

inline std::string filled(std::string text, const std::string& model, const std::string& recipe,
                          const std::string& tier, double number) {
  const auto put = [&](const std::string& key, const std::string& value) {
    for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key))
      text.replace(at, key.size(), value);
  };
  put("{M}", model);
  put("{R}", recipe);
  put("{T}", tier);
  put("{x}", fmt::format("{:.2f}", number));
  return text;
}

inline const AuditComparison* weak_comparison(FaultContext& context) {
  std::vector<const AuditComparison*> weak;
  for (const AuditComparison& each : context.evidence->comparisons) {
    if (each.evidence != EvidenceWord::kEstablished && !each.tier.empty()) weak.push_back(&each);
  }
  return weak.empty() ? nullptr : context.pick(weak);
}

inline std::optional<std::string> inserted(NoteSource& note, FaultContext& context,
                                           const std::vector<std::string>& seen,
                                           const std::vector<std::string>& unseen) {
  const AuditComparison* about = weak_comparison(context);
  if (about == nullptr) return std::nullopt;
  const std::string& phrase = context.pick(context.fresh_phrases ? unseen : seen);
  const double number = 0.37 + 0.01 * static_cast<double>(context.below(60));
  const std::string sentence = filled(phrase, about->model, about->recipe, about->tier, number);
  if (!insert_sentence(note, context, sentence)) return std::nullopt;
  return sentence;
}

inline std::optional<std::string> overclaim(NoteSource& note, FaultContext& context) {
  return inserted(
      note, context,
      {"{M} {R} clearly hurts the {T}.", "The interval proves that {M} {R} changes the {T}.",
       "{R} devastates the {T} on the {M}.", "On the {M}, {R} significantly changes accuracy in the {T}.",
       "The effect of {M} {R} in the {T} generalizes.",
       "There is no doubt that {M} at {R} damages the {T} tier.",
       "{M} {R} demonstrably changes the {T} accuracy.", "This establishes a change in the {T} for {M} {R}.",
       "We have shown conclusively that {R} ruins the {T} of the {M}.",
       "The {T} effect of {M} {R} is statistically significant.", "{M} {R} wrecks accuracy in the {T}.",
       "It is certain that {M} {R} moves accuracy in the {T}."},
      {"Beyond question, {M} {R} alters the {T}.",
       "Accuracy in the {T} is unquestionably different for {M} {R}.",
       "The {T} of the {M} was massively affected by {R}.",
       "{R} has a dramatic effect on the {T} of the {M}.", "That {M} {R} moves the {T} is a solid result.",
       "{M} {R} degrades the {T}, full stop.", "The data confirm a real change in the {T} under {M} {R}.",
       "Statistically, the {T} shift of {M} {R} is highly significant."});
}

inline std::optional<std::string> modelled_as_measured(NoteSource& note, FaultContext& context) {
  return inserted(
      note, context,
      {"On an H100 we measured {x} ms per example for {M} {R}.", "Timed on an A100, {M} {R} takes {x} ms.",
       "On an L4, {M} {R} ran at {x} ms/example.", "Our H200 run of {M} {R} needed {x} ms per example.",
       "We benchmarked {M} {R} on an A10G: {x} ms/example.", "{M} {R} was clocked at {x} ms on a V100."},
      {"Measurements on an L40 gave {x} ms for {M} {R}.", "{M} {R} achieves {x} ms/example on an A100.",
       "With TensorRT, {M} {R} finished in {x} ms per example.",
       "On Hopper we recorded {x} ms for {M} {R}."});
}

inline std::optional<std::string> ratio_out_of_scope(NoteSource& note, FaultContext& context) {
  return inserted(note, context,
                  {"AWQ makes our {M} 4x faster.", "With Marlin kernels our {M} runs 4.4 times as fast.",
                   "GPTQ gives our {M} a 4x speedup.", "Swapping in AWQ speeds the {M} up 4.4×.",
                   "Since Marlin is 4x faster than bitsandbytes, so is our {M}."},
                  {"AWQ would cut the time of the {M} to a quarter, a 4x gain.",
                   "We get a factor of 4.4x on the {M} by moving to Marlin.",
                   "The {M} becomes 1.6 times faster with GPTQ."});
}

inline std::optional<std::string> invented_number(NoteSource& note, FaultContext& context) {
  return inserted(note, context,
                  {"{M} {R} reaches a macro-F1 of 0.617.", "The accuracy of {M} {R} is 71.3 %.",
                   "{M} {R} needs {x} ms/example.", "We see a latency of {x} ms for {M} {R}.",
                   "The ECE of {M} {R} is 0.133 before scaling.", "Peak memory of {M} {R} is 2.71 GB."},
                  {"{M} {R} ends up at an F1 of 0.702.", "It takes {M} {R} about {x} ms to answer.",
                   "In the {T}, {M} {R} is right 81.4 % of the time.", "{M} {R} occupies 3.3 GB."});
}

inline std::optional<std::string> wrong_outcome(NoteSource& note, FaultContext& context) {
  std::vector<std::string> failing;
  for (const AuditLimit& limit : context.evidence->limits) {
    if (limit.metric != "ece") continue;
    failing = limit.failed_by;
  }
  if (failing.empty()) return std::nullopt;
  const std::string& name = context.pick(failing);
  const std::vector<std::string> seen = {" passes the limit on ECE.", " meets the ECE ceiling.",
                                         " satisfies the ceiling on ECE.", " clears the ECE limit."};
  const std::vector<std::string> unseen = {" stays within the ECE limit.",
                                           " is fine with the ceiling on ECE.",
                                           " complies with the limit on ECE."};
  const std::string sentence = name + context.pick(context.fresh_phrases ? unseen : seen);
  if (!insert_sentence(note, context, sentence)) return std::nullopt;
  return sentence;
}

// The error on the rows of the fit where the held-out one is stated.
inline std::optional<std::string> in_sample_as_held_out(NoteSource& note, FaultContext& context) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Fact& held : context.evidence->facts) {
    if (held.metric != "ece" || held.fit != "held-out" || held.role != FactRole::kValue) continue;
    for (const Fact& own : context.evidence->facts) {
      if (own.metric != "ece" || own.fit != "in-sample" || own.model != held.model ||
          own.recipe != held.recipe)
        continue;
      for (const auto& format : {"{:.3f}", "{:.4f}"}) {
        const std::string from = fmt::format(fmt::runtime(format), held.value);
        const std::string to = fmt::format(fmt::runtime(format), own.value);
        if (from != to) pairs.emplace_back(from, to);
      }
      const std::string from = fmt::format("{:.1f}", 100.0 * held.value);
      const std::string to = fmt::format("{:.1f}", 100.0 * own.value);
      if (from != to && note.format == NoteFormat::kHtml)
        pairs.emplace_back(from + "&nbsp;%", to + "&nbsp;%");
      break;
    }
  }
  std::vector<std::pair<Place, std::string>> places;
  for (const auto& [from, to] : pairs) {
    std::string pattern = from;
    for (std::size_t at = pattern.find('.'); at != std::string::npos; at = pattern.find('.', at + 2))
      pattern.insert(at, "\\");
    for (const Place& place : places_of(note, ("(?:^|[^\\d.])(" + pattern + ")(?!\\d)").c_str())) {
      const std::string unit = unit_text(note, place);
      if (matches(unit, R"(\bif\b|raised|moved|lifted|relaxed|raising)")) continue;
      if (inside_brackets(note.parts[place.part], place.begin)) continue;
      // Only where the note says that the number is held out.
      const bool says_so = matches(unit, "held|cross-fitted|took no part|unseen");
      const std::string& text = note.parts[place.part];
      const std::size_t table = text.rfind(note.format == NoteFormat::kHtml ? "<table" : "\n\n", place.begin);
      const bool in_table =
          note.format == NoteFormat::kHtml ? unit.find("<td>") != std::string::npos : unit.starts_with("|");
      const bool header =
          table != std::string::npos && in_table && matches(text.substr(table, 260), "held|cross-fitted");
      // The held-out column is the last one with an error in it.
      const bool last = in_table && !matches(text.substr(place.end, unit.size()).substr(0, 12),
                                             R"(^\s*(\||</td><td>)\s*[0-9])");
      if (says_so || (header && last)) places.emplace_back(place, to);
    }
  }
  if (places.empty()) return std::nullopt;
  const auto [place, to] = context.pick(places);
  std::string& text = note.parts[place.part];
  const std::string from = text.substr(place.begin, place.end - place.begin);
  const std::string unit = unit_text(note, place);
  text.replace(place.begin, place.end - place.begin, to);
  return fmt::format("{} -> {} in: {}", from, to, unit.substr(0, 160));
}

using FaultFunction = std::function<std::optional<std::string>(NoteSource&, FaultContext&)>;
struct FaultOperator {
  const char* name;
  FaultFunction plant;
};

inline std::vector<FaultOperator> fault_operators() {
  return {{"changed digit", changed_digit},
          {"flipped sign", flipped_sign},
          {"swapped tier", swapped_tier},
          {"swapped model", swapped_model},
          {"swapped precision", swapped_precision},
          {"missing precision", missing_precision},
          {"dominated unnamed", dominated_unnamed},
          {"missing intervals", missing_intervals},
          {"missing gate", missing_gate},
          {"overclaim", overclaim},
          {"in-sample as held-out", in_sample_as_held_out},
          {"modelled as measured", modelled_as_measured},
          {"ratio out of scope", ratio_out_of_scope},
          {"invented number", invented_number},
          {"wrong outcome", wrong_outcome}};
}

}  // namespace quantier::testing
