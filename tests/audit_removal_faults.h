// Faults by leaving out: what a note no longer shows.
#pragma once

#include <fmt/format.h>

#include "tests/audit_note_source.h"

namespace quantier::testing {

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

}  // namespace quantier::testing
