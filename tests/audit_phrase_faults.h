// Faults by saying more: sentences put into a note that are false, or more than the evidence carries.
#pragma once

#include "tests/audit_note_source.h"

namespace quantier::testing {

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

inline const AuditComparison* weak_comparison(FaultContext& context) {
  std::vector<const AuditComparison*> weak;
  for (const AuditComparison& each : context.evidence->comparisons) {
    if (each.evidence != EvidenceWord::kEstablished && !each.tier.empty()) weak.push_back(&each);
  }
  return weak.empty() ? nullptr : context.pick(weak);
}

// A sentence of one kind, about a configuration that it is false of.
inline std::optional<std::string> inserted(NoteSource& note, FaultContext& context, std::string_view kind) {
  std::vector<const FaultPhrase*> phrases;
  for (const FaultPhrase& each : *context.phrases) {
    if (each.kind == kind) phrases.push_back(&each);
  }
  const AuditComparison* about = weak_comparison(context);
  if (about == nullptr || phrases.empty()) return std::nullopt;
  std::string model = about->model;
  std::string recipe = about->recipe;
  if (kind == "outcome") {
    std::vector<std::string> failing;
    for (const AuditLimit& limit : context.evidence->limits) {
      if (limit.metric == "ece") failing = limit.failed_by;
    }
    if (failing.empty()) return std::nullopt;
    const std::string& name = context.pick(failing);
    model = name.substr(0, name.find(' '));
    recipe = name.substr(name.find(' ') + 1);
  }
  const std::string& phrase = context.pick(phrases)->text;
  const auto sentence =
      PhraseFiller(*context.evidence, *context.random, model, recipe, about->tier).fill(phrase);
  if (!sentence || !insert_sentence(note, context, *sentence)) return std::nullopt;
  return sentence;
}

}  // namespace quantier::testing
