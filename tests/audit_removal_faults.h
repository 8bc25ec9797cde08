// Faults by leaving out: what a note no longer shows.
#pragma once

#include <fmt/format.h>

#include "tests/audit_note_source.h"

namespace quantier::testing {

// The head of a table, which says what its columns are and states nothing.
inline bool is_table_head(const std::string& unit) {
  return unit.find("<th") != std::string::npos && unit.find("<td") == std::string::npos;
}

// Removes every unit that matches; the number of removed ones. From the end, so that places in front stay.
inline std::size_t remove_units(NoteSource& note, const char* pattern, const char* unless = nullptr) {
  std::size_t removed = 0;
  std::vector<Place> places = places_of(note, pattern);
  std::size_t part = note.parts.size();
  std::size_t first = 0;  // of what was removed last in this part
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    if (place->part == part && place->begin >= first) continue;
    const std::string unit = unit_text(note, *place);
    if (is_table_head(unit) || (unless != nullptr && matches(unit, unless))) continue;
    const auto [begin, end] = unit_around(note, *place);
    note.parts[place->part].erase(begin, end - begin);
    part = place->part;
    first = begin;
    ++removed;
  }
  return removed;
}

// Nothing left of one of the quantized precisions but headings and the heads of tables.
inline std::optional<std::string> missing_precision(NoteSource& note, FaultContext& context) {
  std::vector<std::string> quantized;
  for (const std::string& each : context.evidence->recipes) {
    if (each != context.evidence->reference_recipe) quantized.push_back(each);
  }
  if (quantized.empty()) return std::nullopt;
  const std::string recipe = context.pick(quantized);
  std::string pattern = recipe;
  for (const char* bits : {"8", "4"}) {
    if (recipe.ends_with(bits)) pattern += std::string("|") + bits + "-bit";
  }
  if (remove_units(note, ("(" + pattern + ")").c_str(), R"(^\s*#|\|---)") == 0) return std::nullopt;
  return "everything about " + recipe;
}

// Every sentence and row with a word of these.
inline std::optional<std::string> missing_sentences(NoteSource& note, const char* pattern, const char* unless,
                                                    std::string what) {
  if (remove_units(note, pattern, unless) == 0) return std::nullopt;
  return what;
}

inline std::optional<std::string> dominated_unnamed(NoteSource& note, FaultContext&) {
  return missing_sentences(note,
                           "(dominat|worse on both|no reason to pick|beats .{0,40} on (?:quality|both|all))",
                           R"(!\[)", "every sentence on dominated configurations");
}

inline std::optional<std::string> missing_intervals(NoteSource& note, FaultContext&) {
  std::size_t removed = 0;
  for (std::string& part : note.parts) {
    static const std::regex bracket(R"(\s*\\?\[(?:−|\+|-)?[0-9.]+,\s*(?:−|\+|-)?[0-9.]+\\?\])");
    const std::string without = std::regex_replace(part, bracket, "");
    if (without != part) ++removed;
    part = without;
  }
  if (removed == 0) return std::nullopt;
  return std::string("every interval");
}

inline std::optional<std::string> missing_gate(NoteSource& note, FaultContext&) {
  const bool table = !places_of(note, "(confident ≥)").empty();
  if (table) {
    // The gate of a table is two of its columns: its numbers go.
    std::size_t removed = 0;
    for (std::string& part : note.parts) {
      static const std::regex columns(
          R"(\| \[[0-9.]+ %\]\(#r[0-9a-f]+\) \| \[0\.[0-9]+\]\(#r[0-9a-f]+\) \|\n)");
      const std::string without = std::regex_replace(part, columns, "| – | – |\n");
      if (without != part) ++removed;
      part = without;
    }
    if (removed == 0) return std::nullopt;
    remove_units(note, "(gate|threshold|let through|held back)", "!\\[");
    return std::string("the confidence gate and its columns");
  }
  return missing_sentences(note, "(gate|threshold)", "!\\[", "the confidence gate");
}

// What would change the choice.
inline std::optional<std::string> missing_breakpoints(NoteSource& note, FaultContext&) {
  return missing_sentences(
      note,
      R"((\bwins\b|would win|would change|breakpoint|nothing passes|relaxed|loosen|moved to|lifted|tighten|raised|down to))",
      R"(!\[|^\s*#)", "every breakpoint");
}

}  // namespace quantier::testing
