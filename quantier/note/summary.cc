// The end of a run for a terminal: a table and a few sentences.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/decision_words.h"
#include "quantier/note/document.h"
#include "quantier/note/words.h"

namespace quantier {
namespace {

using note_internal::fixed;
using note_internal::milliseconds;
using note_internal::visible;

// Code points, near enough to columns for the Latin text and signs used here.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

template <class Row>
const Row* row_of(const std::vector<Row>& rows, const Candidate& candidate) {
  for (const Row& row : rows) {
    if (row.model == candidate.model && row.recipe == candidate.recipe) return &row;
  }
  return nullptr;
}

std::string verdict_of(const Decision& decision, std::size_t candidate) {
  if (decision.chosen == candidate) return "CHOSEN";
  const std::string failed = note_internal::limits_not_passed(decision, candidate);
  return failed.empty() ? "passes" : failed;
}

std::string megabytes(const std::optional<double>& bytes) {
  return note_internal::fixed(bytes ? std::optional(*bytes / 1e6) : std::nullopt, 1);
}

constexpr std::string_view kAbsent = "–";

std::string starred(std::string text) { return text == kAbsent ? text : text + "*"; }

// What was measured, or what files state for a declared device, starred.
std::string stated_time(const NoteCost& cost) {
  if (!cost.imported) return milliseconds(cost.throughput_ms);
  return starred(milliseconds(cost.throughput_ms ? cost.throughput_ms : cost.workload_ms));
}

std::string stated_memory(const NoteCost& cost) {
  if (!cost.imported)
    return megabytes(cost.device_peak_bytes ? cost.device_peak_bytes : cost.process_peak_bytes);
  return starred(megabytes(cost.device_peak_bytes ? cost.device_peak_bytes : cost.process_peak_bytes));
}

void drop_empty_columns(std::vector<std::vector<std::string>>& rows) {
  for (std::size_t column = rows[0].size() - 1; column > 0; --column) {
    const bool empty =
        std::all_of(rows.begin() + 1, rows.end(), [&](const auto& row) { return row[column] == kAbsent; });
    if (!empty) continue;
    for (auto& row : rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
  }
}

// Two spaces between columns; the first and the last read from the left.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - columns(row[i]), ' ');
      const bool last = i + 1 == row.size();
      const bool number = i >= 1 && !last;
      text += number ? padding + row[i] : row[i] + (last ? std::string() : padding);
      text += last ? "\n" : "  ";
    }
  }
  return text;
}

}  // namespace

std::string summary_table(const NoteInput& input) {
  const Decision& decision = input.decision;
  std::vector<std::vector<std::string>> rows = {{"configuration", "accuracy", "macro-F1", "ECE", "ms/example",
                                                 "p50 ms", "p95 ms", "peak MB", "verdict"}};
  bool stated = false;      // by files
  bool undeclared = false;  // imported, and nothing that could count
  for (std::size_t i = 0; i < decision.candidates.size(); ++i) {
    const Candidate& candidate = decision.candidates[i];
    const NoteQuality* quality = row_of(input.quality, candidate);
    const NoteCost* cost = row_of(input.cost, candidate);
    const NoteCost none;
    if (cost == nullptr) cost = &none;
    const std::string ms = stated_time(*cost);
    const std::string peak = stated_memory(*cost);
    stated = stated || (cost->imported && (ms != kAbsent || peak != kAbsent));
    undeclared = undeclared || (cost->imported && ms == kAbsent && peak == kAbsent);
    std::optional<double> accuracy;
    if (quality != nullptr) accuracy = quality->accuracy;
    const auto stated_accuracy = metric_value(candidate, {.kind = MetricKind::kAccuracy});
    if (quality == nullptr && stated_accuracy) accuracy = stated_accuracy->value;
    rows.push_back({visible(candidate.name), fixed(accuracy, 3), fixed(candidate.macro_f1, 3),
                    fixed(candidate.ece, 3), ms, milliseconds(cost->latency_p50_ms),
                    milliseconds(cost->latency_p95_ms), peak, visible(verdict_of(decision, i))});
  }
  // Files say nothing about single texts: two columns of dashes would be about nothing.
  if (stated || undeclared) drop_empty_columns(rows);
  std::string text = aligned(rows);
  if (stated) {
    text +=
        "* as the imported files state for the declared device: not measured here. Memory is the device's "
        "peak.\n";
  }
  if (undeclared) {
    text +=
        "Time and memory of imported runs count only for a declared device (import --device); nothing was "
        "measured here.\n";
  }
  return text;
}

std::string decision_summary(const Decision& decision) {
  using namespace note_internal;
  std::string text;
  const auto add = [&](const std::string& sentence) {
    if (!sentence.empty()) text += visible(sentence) + "\n";
  };
  add(temperature_sentence(decision));
  add(choice_sentence(decision));
  if (decision.stability) add(stability_sentence(decision));
  add(binding_sentence(decision));
  const std::vector<Relaxation> telling = telling_relaxations(decision);
  for (const Relaxation& relaxation : telling) {
    add("What would change it: " + relaxation_sentence(decision, relaxation));
  }
  if (telling.empty() && decision.chosen && !decision.constraints.empty()) {
    add("No single limit, relaxed alone, would change the choice.");
  }
  return text;
}

}  // namespace quantier
