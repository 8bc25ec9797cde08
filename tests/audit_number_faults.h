// Faults in a number: a digit, a sign, an end of an interval, a count, a unit.
#pragma once

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "tests/audit_written.h"

namespace quantier::testing {

// A note may write decimal commas.
inline bool writes_commas(const NoteSource& note) {
  return places_of(note, R"(\b0,\d\d)").size() > 10 && places_of(note, R"(\b0\.\d\d)").empty();
}

inline bool inside_brackets(const std::string& text, std::size_t at) {
  const std::size_t open = text.rfind('[', at);
  const std::size_t close = text.rfind(']', at);
  const std::size_t end = text.find(']', at);
  // A link to where the number comes from is no interval.
  return open != std::string::npos && (close == std::string::npos || close < open) &&
         end != std::string::npos && end - open < 40 && text.substr(end, 2) != "](" &&
         text.substr(open, end - open).find(',') != std::string::npos;
}

// "If the ceiling were 0.05", a picture: nothing that is stated.
inline bool states_nothing(const std::string& unit) {
  return matches(unit,
                 R"(\bif\b|raised|raising|relaxed|lifted|loosen|et al|tokens/s|would win|!\[|^\s*figures)");
}

// Numbers of this pattern that state a finding or a limit.
inline std::vector<Place> stated(const NoteSource& note, const char* pattern) {
  std::vector<Place> places;
  for (const Place& place : places_of(note, pattern)) {
    if (!states_nothing(visible(unit_text(note, place)))) places.push_back(place);
  }
  return places;
}

inline std::vector<Place> stated_numbers(const NoteSource& note) {
  return stated(note, writes_commas(note) ? R"((?:^|[^\w,])(\d+,\d+)(?![\w.]|\s*(?:B|M|s)\b))"
                                          : R"((?:^|[^\w.])(\d+\.\d+)(?![\w.]|\s*(?:B|M|s)\b))");
}

inline Written written_at(const NoteSource& note, const Place& place) {
  const std::string& text = note.parts[place.part];
  std::string number = text.substr(place.begin, place.end - place.begin);
  for (const std::string_view sign : {"−", "-", "+"}) {
    if (std::string_view(text).substr(0, place.begin).ends_with(sign)) number = std::string(sign) + number;
  }
  return written_from(number, visible(text.substr(place.end, 80)));
}

// Whether a number that was right is still so: another of those named has this value too.
inline bool still_right(const Written& before, const Written& after, const Named& named,
                        const AuditEvidence& evidence) {
  if (std::fabs(before.value - after.value) <= 1.01 * before.half_width) return true;
  const std::vector<const Fact*> facts = facts_of(before, named, evidence);
  std::set<std::string> metrics;
  for (const Fact* fact : facts) {
    metrics.insert(fact->metric);
    if (rounds_to(*fact, after)) return true;  // within what resampling would move it by
  }
  return std::ranges::any_of(facts_of(after, named, evidence),
                             [&](const Fact* fact) { return metrics.contains(fact->metric); });
}

inline std::optional<std::string> changed_one(NoteSource& note, FaultContext& context,
                                              const std::vector<Place>& places) {
  constexpr int kTries = 60;
  if (places.empty()) return std::nullopt;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const Place place = context.pick(places);
    NoteSource changed = note;
    std::string& text = changed.parts[place.part];
    std::vector<std::size_t> digits;
    for (std::size_t i = place.begin; i < place.end; ++i) {
      if (std::isdigit(static_cast<unsigned char>(text[i])) != 0) digits.push_back(i);
    }
    // The last digit of a resampled bound is within what another seed would do.
    if (inside_brackets(text, place.begin) && digits.size() > 1) digits.pop_back();
    const std::size_t at = context.pick(digits);
    const char digit = static_cast<char>('0' + context.below(10));
    if (digit == text[at] || (at == place.begin && digit == '0' && place.end - place.begin > 1 &&
                              std::isdigit(static_cast<unsigned char>(text[at + 1])) != 0))
      continue;
    text[at] = digit;
    const std::string unit = visible(unit_text(note, place));
    if (still_right(written_at(note, place), written_at(changed, place), named_in(unit, *context.evidence),
                    *context.evidence))
      continue;
    const std::string before = note.parts[place.part].substr(place.begin, place.end - place.begin);
    const std::string after = text.substr(place.begin, place.end - place.begin);
    note = std::move(changed);
    return fmt::format("{} -> {} in: {}", before, after, unit.substr(0, 220));
  }
  return std::nullopt;
}

inline std::optional<std::string> changed_digit(NoteSource& note, FaultContext& context) {
  return changed_one(note, context, stated_numbers(note));
}

// "4 / 3" flips, "220 of 6,083", "82 %": whole numbers that a reader would check.
inline std::optional<std::string> changed_count(NoteSource& note, FaultContext& context) {
  return changed_one(
      note, context,
      stated(note, R"((?:^|[^\w.,/≥≤−])(\d+)(?= / \d| of \d[\d,]*(?![\d.])| (?:from|to) (?:right|wrong)))"));
}

inline std::optional<std::string> changed_percent(NoteSource& note, FaultContext& context) {
  std::vector<Place> places;
  for (const Place& place : stated(note, R"((?:^|[^\w.,±-])(\d\d)(?=(?: |&nbsp;)%))")) {
    // Levels of intervals are no findings.
    const std::string& text = note.parts[place.part];
    if (text.substr(place.begin, 2) != "95") places.push_back(place);
  }
  return changed_one(note, context, places);
}

// One end of an interval, by a digit that counts.
inline std::optional<std::string> changed_interval(NoteSource& note, FaultContext& context) {
  std::vector<Place> places;
  for (const Place& place : stated_numbers(note)) {
    if (inside_brackets(note.parts[place.part], place.begin)) places.push_back(place);
  }
  return changed_one(note, context, places);
}

inline std::optional<std::string> flipped_sign(NoteSource& note, FaultContext& context) {
  std::vector<Place> places;
  for (const Place& place : places_of(note, "(−|&minus;|\\+|-)(?=[0-9]+\\.[0-9])")) {
    const std::string& text = note.parts[place.part];
    if (place.begin > 0 && std::isalnum(static_cast<unsigned char>(text[place.begin - 1])) != 0) continue;
    Place number = place;
    number.begin = place.end;
    number.end = place.end + text.substr(place.end).find_first_not_of("0123456789.");
    const Written written = written_at(note, number);
    if (written.digits < 2 && std::fabs(written.value) <= 4.0 * written.half_width)
      continue;  // a sign of next to nothing
    Written other = written;
    other.value = -written.value;
    other.sign = written.sign == '-' ? '+' : '-';
    const std::string unit = visible(unit_text(note, place));
    if (states_nothing(unit) ||
        still_right(written, other, named_in(unit, *context.evidence), *context.evidence))
      continue;
    places.push_back(place);
  }
  if (places.empty()) return std::nullopt;
  const Place place = context.pick(places);
  std::string& text = note.parts[place.part];
  const std::string unit = visible(unit_text(note, place)).substr(0, 200);
  const bool plus = text[place.begin] == '+';
  text.replace(place.begin, place.end - place.begin, plus ? "−" : "+");
  return fmt::format("sign of {} in: {}", text.substr(place.begin, 9), unit);
}

// Milliseconds told as seconds, megabytes as gigabytes.
inline std::optional<std::string> changed_unit(NoteSource& note, FaultContext& context) {
  std::vector<std::pair<Place, std::string>> places;
  for (const auto& [pattern, to] : {std::pair(R"(\d(?: |&nbsp;)(ms)(?=[ ,.;:)\]/]))", "s"),
                                    std::pair(R"(\d(?: |&nbsp;)(MB)(?![\w/]))", "GB")}) {
    for (const Place& place : stated(note, pattern)) places.emplace_back(place, to);
  }
  if (places.empty()) return std::nullopt;
  const auto [place, to] = context.pick(places);
  std::string& text = note.parts[place.part];
  const std::string unit = visible(unit_text(note, place)).substr(0, 200);
  const std::string from = text.substr(place.begin, place.end - place.begin);
  text.replace(place.begin, place.end - place.begin, to);
  return fmt::format("{} -> {} behind {} in: {}", from, to,
                     text.substr(place.begin > 8 ? place.begin - 8 : 0, 8), unit);
}

}  // namespace quantier::testing
