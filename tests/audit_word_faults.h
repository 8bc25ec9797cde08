// Faults in a word: a verdict, an outcome, who wins, which way a change goes.
#pragma once

#include <array>
#include <utility>

#include <fmt/format.h>

#include "tests/audit_number_faults.h"

namespace quantier::testing {

inline std::string replaced(NoteSource& note, const Place& place, const std::string& to) {
  std::string& text = note.parts[place.part];
  const std::string unit = visible(unit_text(note, place));
  const std::string from = text.substr(place.begin, place.end - place.begin);
  text.replace(place.begin, place.end - place.begin, to);
  return fmt::format("{} -> {} in: {}", from, to, unit.substr(0, 220));
}

// A comparison's verdict in the row or sentence of that comparison alone.
inline std::optional<std::string> stronger_verdict(NoteSource& note, FaultContext& context) {
  const AuditEvidence& evidence = *context.evidence;
  std::vector<Place> places;
  for (const Place& place :
       places_of(note, R"((?:^|[^\w-])(unresolved|directional|within noise|not resolved)(?![\w-]))")) {
    const std::string unit = visible(unit_text(note, place));
    const Named named = named_in(unit, evidence);
    if (named.models.size() != 1 || named.recipes.size() != 1 || named.tiers.size() > 1 ||
        matches(unit, R"(\bif\b|et al|mean|!\[|means|grouped|truncated|kept|calibration|:\s*none)"))
      continue;
    const bool weak = std::ranges::all_of(evidence.comparisons, [&](const AuditComparison& each) {
      const bool meant = each.model == *named.models.begin() && each.recipe == *named.recipes.begin() &&
                         (named.tiers.empty() || each.tier == *named.tiers.begin());
      return !meant || each.evidence != EvidenceWord::kEstablished;
    });
    if (weak) places.push_back(place);
  }
  if (places.empty()) return std::nullopt;
  return replaced(note, context.pick(places), "established");
}

// "Recommendation: demo-encoder int8", "int4 wins", "runner-up: ...": another configuration instead.
inline std::optional<std::string> wrong_outcome_name(NoteSource& note, FaultContext& context) {
  const AuditEvidence& evidence = *context.evidence;
  std::string recipes;
  std::string models;
  for (const std::string& each : evidence.recipes) recipes += (recipes.empty() ? "" : "|") + each;
  for (const std::string& each : evidence.models) models += (models.empty() ? "" : "|") + short_name(each);
  std::vector<Place> places;
  const std::string name = "((?:" + models + ") (?:" + recipes + "))";
  for (
      const std::string& pattern :
      {R"((?:recommendation:?|recommend(?:ed|s)?|we ship|ship|the choice is|the choice stays|choose|chosen:?|runner-up:?|adopt|deploy) (?:the )?(?:\*\*)?(?:demo-)?)" +
           name,
       "(?:demo-)?" + name +
           R"((?: wins| is the (?:choice|recommendation|runner-up|pick)| is (?:recommended|chosen)| is what we ship))"}) {
    for (const Place& place : places_of(note, pattern.c_str())) {
      const std::string unit = visible(unit_text(note, place));
      // What was recommended before, or would be elsewhere, is another matter.
      if (!matches(unit, R"(et al|\bif\b|earlier|previous|prior|!\[|would|“|modelled)"))
        places.push_back(place);
    }
  }
  if (places.empty()) return std::nullopt;
  const Place place = context.pick(places);
  const std::string& text = note.parts[place.part];
  const std::string from = text.substr(place.begin, place.end - place.begin);
  const std::string unit = visible(unit_text(note, place));
  std::vector<std::string> others;
  for (const std::string& model : evidence.models) {
    for (const std::string& recipe : evidence.recipes) {
      const std::string other = short_name(model) + " " + recipe;
      // Somebody whom the sentence does not name.
      if (unit.find(other) == std::string::npos) others.push_back(other);
    }
  }
  if (others.empty()) return std::nullopt;
  return replaced(note, place, context.pick(others));
}

// One word for its opposite, where it tells an outcome.
inline std::optional<std::string> opposite_word(NoteSource& note, FaultContext& context) {
  static const std::vector<std::pair<const char*, const char*>> kOpposites = {{"slower", "faster"},
                                                                              {"faster", "slower"},
                                                                              {"larger", "smaller"},
                                                                              {"smaller", "larger"},
                                                                              {"passes", "fails"},
                                                                              {"fails", "passes"},
                                                                              {"pass", "FAIL"},
                                                                              {"FAIL", "pass"},
                                                                              {"violated", "met"},
                                                                              {"meets", "misses"},
                                                                              {"misses", "meets"},
                                                                              {"kept", "broken"},
                                                                              {"no gain", "kept"},
                                                                              {"highest", "lowest"},
                                                                              {"lowest", "highest"},
                                                                              {"fastest", "slowest"},
                                                                              {"weakest", "strongest"},
                                                                              {"better", "worse"},
                                                                              {"worse", "better"},
                                                                              {"dominated by", "dominates"},
                                                                              {"lower", "higher"},
                                                                              {"higher", "lower"},
                                                                              {"more", "less"},
                                                                              {"less", "more"},
                                                                              {"overturned", "reinforced"},
                                                                              {"smallest", "largest"},
                                                                              {"beats", "loses to"},
                                                                              {"rises", "falls"},
                                                                              {"falls", "rises"},
                                                                              {"equivalent", "different"}};
  std::vector<std::pair<Place, std::string>> places;
  const auto& [from, to] = context.pick(kOpposites);
  for (const Place& place : places_of(note, (std::string("(?:^|[^\\w-])(") + from + ")(?![\\w-])").c_str())) {
    const std::string unit = visible(unit_text(note, place));
    if (matches(
            unit,
            R"(et al|\bif\b|!\[|would|could|more than|less than|no less|no more|or better|more or less|once more|any more|the more|means|kept when|when |how |what )"))
      continue;
    const Named named = named_in(unit, *context.evidence);
    if (unit.find('"') != std::string::npos || unit.find("“") != std::string::npos)
      continue;  // others' words
    // It says something of a configuration, in numbers.
    if (named.models.empty() || decimals_in(unit).empty()) continue;
    places.emplace_back(place, to);
  }
  if (places.empty()) return std::nullopt;
  const auto [place, word] = context.pick(places);
  return replaced(note, place, word);
}

// Who made a published observation: the writer instead of the work.
inline std::optional<std::string> published_as_own(NoteSource& note, FaultContext& context) {
  std::vector<Place> places;
  for (
      const Place& place : places_of(
          note,
          R"(([A-Z][a-zé]+ et al\.? \(20\d\d\))(?= (?:find|found|report|reported|show|showed|measure|measured|give|gave)\b))"))
    places.push_back(place);
  if (places.empty()) return std::nullopt;
  return replaced(note, context.pick(places), "we");
}

// A declared limit with another value.
inline std::optional<std::string> changed_limit(NoteSource& note, FaultContext& context) {
  std::vector<Place> places;
  for (const Place& place :
       places_of(note, R"((?:≤|≥|<=|>=|ceiling of|floor of|ceiling|floor|limit of)(?: |&nbsp;)(\d+\.\d+))")) {
    const std::string number = note.parts[place.part].substr(place.begin, place.end - place.begin);
    const double value = std::strtod(number.c_str(), nullptr);
    const bool declared = std::ranges::any_of(context.evidence->limits, [&](const AuditLimit& each) {
      return std::fabs(each.limit - value) < 1e-9;
    });
    if (declared && !states_nothing(visible(unit_text(note, place)))) places.push_back(place);
  }
  return changed_one(note, context, places);
}

}  // namespace quantier::testing
