// Faults in what a note states: a digit, a sign, a name, a fit.
#pragma once

#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "tests/audit_note_source.h"

namespace quantier::testing {

// Numbers with a decimal point that state a finding or a limit: no supposition, no other work, no name, no
// setting.
// A note may write decimal commas.
inline bool writes_commas(const NoteSource& note) {
  return places_of(note, R"(\b0,\d\d)").size() > 10 && places_of(note, R"(\b0\.\d\d)").empty();
}

inline std::vector<Place> stated_numbers(const NoteSource& note) {
  std::vector<Place> places;
  const char* pattern = writes_commas(note) ? R"((?:^|[^\w,])(\d+,\d+)(?![\w.]|\s*(?:B|M|s)\b))"
                                            : R"((?:^|[^\w.])(\d+\.\d+)(?![\w.]|\s*(?:B|M|s)\b))";
  for (const Place& place : places_of(note, pattern)) {
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
    if (text[i] != '.' && text[i] != ',') digits.push_back(i);
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
    R"((2[.,]5|2\.47|10[.,]0|3[.,]2|3\.18|3[.,]5|3\.51|1[.,]7|1\.67|11 / 4|16 / 7)(?!\d))";
constexpr const char* kCostNumber =
    R"((2[.,]31|5[.,]80|3[.,]19|5[.,]05|12[.,]65|7[.,]92|0\.41|0\.59|0\.62|1\.15|1\.87|1\.89)(?!\d))";

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

}  // namespace quantier::testing
