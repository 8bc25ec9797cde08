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

// Whether a configuration takes no less time, or memory, than the reference of its model: what a sentence of
// the kind "order" denies.
inline bool gains_nothing(const AuditEvidence& evidence, const AuditComparison& about,
                          const std::string& phrase) {
  const bool memory =
      phrase.find("memory") != std::string::npos || phrase.find("smaller") != std::string::npos ||
      phrase.find("lighter") != std::string::npos || phrase.find("shrink") != std::string::npos;
  // Inside the declared margin two of them are alike.
  double margin = 0.0;
  for (const Fact& fact : evidence.facts) {
    if (fact.metric == (memory ? "memory_headroom" : "latency_headroom") && fact.model.empty() &&
        fact.source == FactSource::kDeclared)
      margin = fact.value;
  }
  for (const Fact& fact : evidence.facts) {
    if (fact.metric != (memory ? "memory" : "latency") || fact.unit != FactUnit::kRatio ||
        fact.model != about.model || fact.recipe != about.recipe || fact.against_model != about.model ||
        fact.against_recipe != evidence.reference_recipe)
      continue;
    return fact.value > 1.0 + margin;
  }
  return false;
}

// "Halves the latency", "a third less time": words for a multiple that the evidence may have.
inline bool may_be_true(const AuditEvidence& evidence, const AuditComparison& about,
                        const std::string& sentence) {
  constexpr double kNear = 0.12;
  const double told = sentence.find("halves") != std::string::npos         ? 0.5
                      : sentence.find("a third less") != std::string::npos ? 0.67
                                                                           : 0.0;
  return told > 0.0 && std::ranges::any_of(evidence.facts, [&](const Fact& fact) {
           return fact.unit == FactUnit::kRatio && fact.model == about.model && fact.recipe == about.recipe &&
                  std::fabs(fact.value - told) < kNear;
         });
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
  if (kind == "order" && !gains_nothing(*context.evidence, *about, phrase)) {
    std::vector<const AuditComparison*> slow;
    for (const AuditComparison& each : context.evidence->comparisons) {
      if (gains_nothing(*context.evidence, each, phrase)) slow.push_back(&each);
    }
    if (slow.empty()) return std::nullopt;
    about = context.pick(slow);
    model = about->model;
    recipe = about->recipe;
  }
  const auto sentence =
      PhraseFiller(*context.evidence, *context.random, model, recipe, about->tier).fill(phrase);
  // Too small for its unit, or what the evidence says too.
  const bool empty = sentence && (sentence->find(" 0.00 ") != std::string::npos);
  if (empty || (sentence && may_be_true(*context.evidence, *about, *sentence))) return std::nullopt;
  if (!sentence || !insert_sentence(note, context, *sentence)) return std::nullopt;
  return sentence;
}

}  // namespace quantier::testing
