// Faults in how a number came about: fitted told as held out, modelled told as measured.
#pragma once

#include <utility>

#include <fmt/format.h>

#include "tests/audit_number_faults.h"

namespace quantier::testing {

// The error on the rows of the fit where the held-out one is stated.
inline std::optional<std::string> in_sample_as_held_out(NoteSource& note, FaultContext& context) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Fact& held : context.evidence->facts) {
    if (held.metric != "ece" || held.fit != "held-out" || held.role != FactRole::kValue) continue;
    for (const Fact& own : context.evidence->facts) {
      if (own.metric != "ece" || own.fit != "in-sample" || own.model != held.model ||
          own.recipe != held.recipe || own.role != FactRole::kValue)
        continue;
      for (const auto& format : {"{:.3f}", "{:.4f}"}) {
        const std::string from = fmt::format(fmt::runtime(format), held.value);
        const std::string to = fmt::format(fmt::runtime(format), own.value);
        if (from != to) pairs.emplace_back(from, to);
      }
      break;
    }
  }
  std::vector<std::pair<Place, std::string>> places;
  for (const auto& [from, to] : pairs) {
    std::string pattern = from;
    pattern.insert(pattern.find('.'), "\\");
    for (const Place& place : places_of(note, ("(?:^|[^\\d.])(" + pattern + ")(?!\\d)").c_str())) {
      const std::string unit = visible(unit_text(note, place));
      if (states_nothing(unit) || inside_brackets(note.parts[place.part], place.begin)) continue;
      // Whoever else is named may have the other number.
      if (!facts_of(written_from(to, ""), named_in(unit, *context.evidence), *context.evidence).empty()) {
        const auto also =
            facts_of(written_from(to, ""), named_in(unit, *context.evidence), *context.evidence);
        if (std::ranges::any_of(also,
                                [](const Fact* f) { return f->metric == "ece" && f->fit == "held-out"; }))
          continue;
      }
      // Only where the note says that the number is held out.
      const bool says_so = matches(unit, "held.?out|cross-fitted|took no part|unseen");
      const std::string& text = note.parts[place.part];
      const std::size_t table = text.rfind(note.format == NoteFormat::kHtml ? "<table" : "\n\n", place.begin);
      const bool in_table = note.format == NoteFormat::kHtml
                                ? unit_text(note, place).find("<td") != std::string::npos
                                : unit_text(note, place).starts_with("|");
      const bool header = table != std::string::npos && in_table &&
                          matches(visible(text.substr(table, 900)).substr(0, 400), "held.?out|cross-fitted");
      // The held-out column stands behind that of the same rows.
      const bool before = in_table && unit_text(note, place).find(to) != std::string::npos;
      if (says_so || (header && (before || !matches(text.substr(table, 900), "in-sample"))))
        places.emplace_back(place, to);
    }
  }
  if (places.empty()) return std::nullopt;
  const auto [place, to] = context.pick(places);
  std::string& text = note.parts[place.part];
  const std::string from = text.substr(place.begin, place.end - place.begin);
  const std::string unit = visible(unit_text(note, place));
  text.replace(place.begin, place.end - place.begin, to);
  return fmt::format("{} -> {} in: {}", from, to, unit.substr(0, 200));
}

inline std::string without_modelled(const std::string& text) {
  static const std::regex denied(R"(,? (?:and )?not measured|,? never measured)", std::regex::icase);
  static const std::regex tag(R"((?:\\\[|<span class="tag">)(?:modelled|modeled)(?:\\\]|</span>))");
  static const std::regex cell(R"(, modell?ed\b)");
  static const std::regex capital(R"(\b(?:Modell?ed|Roofline)\b)");
  static const std::regex small(R"(\b(?:modell?ed|roofline)\b)");
  std::string told = std::regex_replace(text, denied, "");
  told = std::regex_replace(told, tag, "");
  told = std::regex_replace(told, cell, "");
  told = std::regex_replace(told, std::regex(R"(<span class="modelled">)"), "<span>");
  told = std::regex_replace(told, capital, "Measured");
  return std::regex_replace(told, small, "measured");
}

// The words that say that numbers come from a model of hardware, taken out of a sentence with such numbers;
// of a caption together with the table below it.
inline std::optional<std::string> modelled_word_dropped(NoteSource& note, FaultContext& context) {
  std::vector<Place> places;
  const bool html = note.format == NoteFormat::kHtml;
  const auto end_of_table = [&](const Place& place) -> std::size_t {
    const std::string& text = note.parts[place.part];
    const std::size_t end = unit_around(note, place).second;
    if (html) {
      const std::size_t close = text.find("</table>", end);
      return text.substr(end, 40).find("</caption>") != std::string::npos ? close : end;
    }
    const std::size_t table = text.find_first_not_of(" \n*[]\\.modelled", end);
    if (table == std::string::npos || text[table] != '|') return end;
    return std::min(text.find("\n\n", table), text.size());
  };
  for (const Place& place : places_of(note, "(modelled|modeled|roofline)")) {
    const std::string whole = unit_text(note, place);
    const std::string unit = visible(whole);
    if (matches(unit, R"(!\[|nothing|no roofline|not modelled)")) continue;
    if (whole.starts_with("|") || whole.starts_with("<tr")) continue;  // the caption says it of all rows
    const bool caption = end_of_table(place) != unit_around(note, place).second;
    if (!caption && (decimals_in(unit).size() < 2 || named_in(unit, *context.evidence).models.empty()))
      continue;
    places.push_back(place);
  }
  if (places.empty()) return std::nullopt;
  const Place place = context.pick(places);
  const std::size_t begin = unit_around(note, place).first;
  const std::size_t end = end_of_table(place);
  std::string& text = note.parts[place.part];
  const std::string unit = text.substr(begin, end - begin);
  const std::string told = without_modelled(unit);
  if (told == unit) return std::nullopt;
  text.replace(begin, end - begin, told);
  return fmt::format("told as measured: {}", visible(told).substr(0, 220));
}

}  // namespace quantier::testing
