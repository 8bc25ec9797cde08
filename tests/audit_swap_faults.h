// Faults by a name that belongs to somebody else: a tier, a model, a precision, where a number beside it is
// of the right one alone.
#pragma once

#include <utility>

#include <fmt/format.h>

#include "tests/audit_written.h"

namespace quantier::testing {

enum class NameKind : std::uint8_t { kModel, kRecipe, kTier };

inline std::set<std::string>& names_of(Named& named, NameKind kind) {
  return kind == NameKind::kModel ? named.models : kind == NameKind::kRecipe ? named.recipes : named.tiers;
}

inline bool fact_has(const Fact& fact, NameKind kind, const std::string& name) {
  if (kind == NameKind::kTier) return fact.tier == name;
  if (kind == NameKind::kModel) return fact.model == name || fact.against_model == name;
  return fact.recipe == name || fact.against_recipe == name;
}

// Whether this number is of `from`, whoever else is named, and under the same measure not of `to`.
inline bool is_of_one_alone(const Written& number, const Named& named, NameKind kind, const std::string& from,
                            const std::string& to, const AuditEvidence& evidence) {
  constexpr std::size_t kTelling = 2;  // digits: fewer are anybody's
  if (number.digits < kTelling) return false;
  Named open = named;
  names_of(open, kind) = {};
  std::set<std::string> metrics;
  bool other = false;
  const std::vector<const Fact*> facts = facts_of(number, open, evidence);
  for (const Fact* fact : facts) {
    if (fact_has(*fact, kind, from)) metrics.insert(fact->metric);
  }
  for (const Fact* fact : facts) {
    const bool nobodys = kind == NameKind::kTier    ? fact->tier.empty()
                         : kind == NameKind::kModel ? fact->model.empty()
                                                    : fact->recipe.empty();
    other = other || nobodys || (fact_has(*fact, kind, to) && metrics.contains(fact->metric));
  }
  return !metrics.empty() && !other;
}

inline std::string like(const std::string& from, std::string to) {
  if (std::isupper(static_cast<unsigned char>(from.front())) == 0) return to;
  const bool all = from.size() > 1 && std::isupper(static_cast<unsigned char>(from[1])) != 0;
  for (std::size_t i = 0; i < (all ? to.size() : 1); ++i)
    to[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(to[i])));
  return to;
}

inline std::optional<std::string> swapped_name(NoteSource& note, FaultContext& context, NameKind kind) {
  const AuditEvidence& evidence = *context.evidence;
  const std::vector<std::string>& all = kind == NameKind::kModel    ? evidence.models
                                        : kind == NameKind::kRecipe ? evidence.recipes
                                                                    : evidence.tiers;
  struct Swap {
    Place place;
    std::string to;
  };
  std::vector<Swap> swaps;
  for (const std::string& name : all) {
    const std::string word = kind == NameKind::kModel ? short_name(name) : name;
    const std::string pattern = "(?:^|[^\\w-]|demo-)(" + word + ")(?![\\w-])";
    for (const Place& place : places_of(note, pattern.c_str())) {
      const std::string unit = visible(unit_text(note, place));
      if (matches(unit, R"(et al|\bif\b|raised|LLM\.int8|!\[)")) continue;
      Named named = named_in(unit, evidence);
      if (names_of(named, kind).size() != 1) continue;
      const std::vector<Written> numbers = decimals_in(unit);
      for (const std::string& to : all) {
        const bool wrong = to != name && std::ranges::any_of(numbers, [&](const Written& number) {
                             return is_of_one_alone(number, named, kind, name, to, evidence);
                           });
        if (wrong) swaps.push_back({place, kind == NameKind::kModel ? short_name(to) : to});
      }
    }
  }
  if (swaps.empty()) return std::nullopt;
  const auto& [place, to] = context.pick(swaps);
  std::string& text = note.parts[place.part];
  const std::string from = text.substr(place.begin, place.end - place.begin);
  const std::string unit = visible(unit_text(note, place));
  text.replace(place.begin, place.end - place.begin, like(from, to));
  return fmt::format("{} -> {} in: {}", from, to, unit.substr(0, 200));
}

inline std::optional<std::string> swapped_tier(NoteSource& note, FaultContext& context) {
  return swapped_name(note, context, NameKind::kTier);
}
inline std::optional<std::string> swapped_model(NoteSource& note, FaultContext& context) {
  return swapped_name(note, context, NameKind::kModel);
}
inline std::optional<std::string> swapped_precision(NoteSource& note, FaultContext& context) {
  return swapped_name(note, context, NameKind::kRecipe);
}

// Two configurations of one sentence change places: each number beside a name is then the other's.
inline std::optional<std::string> exchanged_names(NoteSource& note, FaultContext& context) {
  const AuditEvidence& evidence = *context.evidence;
  struct Pair {
    Place first;
    Place second;
  };
  std::vector<Pair> pairs;
  std::string any;
  for (const std::string& each : evidence.recipes) any += (any.empty() ? "" : "|") + each;
  const std::vector<Place> places = places_of(note, ("(?:^|[^\\w-])(" + any + ")(?![\\w-])").c_str());
  const auto text_at = [&](const Place& place) {
    return note.parts[place.part].substr(place.begin, place.end - place.begin);
  };
  // The number right behind a name.
  const auto number_behind = [&](const Place& place, std::size_t stop) -> std::optional<Written> {
    const std::string& text = note.parts[place.part];
    const std::string behind = visible(text.substr(place.end, std::min<std::size_t>(stop - place.end, 160)));
    const std::vector<Written> numbers = decimals_in(behind.substr(0, 30));
    return numbers.empty() ? std::nullopt : std::optional(numbers.front());
  };
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    const auto [begin, end] = unit_around(note, places[i]);
    if (places[i + 1].part != places[i].part || places[i + 1].begin >= end) continue;
    const std::string unit = visible(note.parts[places[i].part].substr(begin, end - begin));
    if (matches(unit, R"(et al|\bif\b|raised|!\[|^\s*\|)")) continue;
    const Named named = named_in(unit, evidence);
    const std::string first = text_at(places[i]);
    const std::string second = text_at(places[i + 1]);
    if (first == second || named.models.size() != 1) continue;
    const auto one = number_behind(places[i], places[i + 1].begin);
    const auto two = number_behind(places[i + 1], end);
    if (!one || !two || !is_of_one_alone(*one, named, NameKind::kRecipe, first, second, evidence) ||
        !is_of_one_alone(*two, named, NameKind::kRecipe, second, first, evidence))
      continue;
    pairs.push_back({places[i], places[i + 1]});
  }
  if (pairs.empty()) return std::nullopt;
  const auto [first, second] = context.pick(pairs);
  std::string& text = note.parts[first.part];
  const std::string unit = visible(unit_text(note, first));
  const std::string a = text_at(first);
  const std::string b = text_at(second);
  text.replace(second.begin, second.end - second.begin, a);
  text.replace(first.begin, first.end - first.begin, b);
  return fmt::format("{} and {} exchanged in: {}", a, b, unit.substr(0, 200));
}

}  // namespace quantier::testing
