#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/clean_input.h"
#include "quantier/note/damage_words.h"
#include "quantier/note/decision_words.h"
#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier {
namespace note_internal {
namespace {

// How far the passes of one configuration lie apart, at worst.
std::string clock_noise(const NoteInput& input) {
  const NoteCost* worst = nullptr;
  double widest = 0.0;
  for (const NoteCost& row : input.cost) {
    if (!row.throughput_low_ms || !row.throughput_high_ms || !(*row.throughput_low_ms > 0.0)) continue;
    const double spread = *row.throughput_high_ms / *row.throughput_low_ms - 1.0;
    if (worst != nullptr && spread <= widest) continue;
    worst = &row;
    widest = spread;
  }
  if (worst == nullptr) return {};
  const double margin = input.decision.envelope.margins.latency_fraction;
  const std::string noisy =
      widest > margin
          ? fmt::format(", more than the margin of {:g} % inside which times count as equal", 100.0 * margin)
          : std::string();
  return fmt::format("time: passes over the same examples differ by up to {:.1f} % ({} {}){}", 100.0 * widest,
                     worst->model, worst->recipe, noisy);
}

// What moves when nothing about a model changes: stands before any claim.
std::string noise_sentence(const NoteInput& input) {
  std::string text;
  std::vector<std::string> kinds;
  for (const NoteNoiseFloor& floor : input.noise_floor) {
    if (std::find(kinds.begin(), kinds.end(), floor.what) == kinds.end()) kinds.push_back(floor.what);
  }
  std::vector<std::string> parts;
  for (const std::string& kind : kinds) {
    const NoteNoiseFloor* worst = nullptr;
    bool all_same = true;
    for (const NoteNoiseFloor& floor : input.noise_floor) {
      if (floor.what != kind) continue;
      all_same = all_same && floor.flips == 0 && floor.max_abs_logit_difference == 0.0;
      // NaN, a logit that came and went, is worse than any number.
      const bool worse = worst == nullptr || floor.flips > worst->flips ||
                         (floor.flips == worst->flips &&
                          !(floor.max_abs_logit_difference <= worst->max_abs_logit_difference));
      if (worse) worst = &floor;
    }
    parts.push_back(all_same ? fmt::format("{}: every logit identical", kind)
                             : fmt::format("{}: a logit by up to {:.2g}, and {} of {} predictions ({} {})",
                                           kind, worst->max_abs_logit_difference, count(worst->flips),
                                           count(worst->examples), worst->model, worst->recipe));
  }
  const std::string clock = clock_noise(input);
  if (!clock.empty()) parts.push_back(clock);
  if (parts.empty()) return {};
  text = join(parts, "; ");
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return fmt::format(
      "Noise floor first: what moves when nothing about a configuration changes. {}. Read every difference "
      "below against this.",
      text);
}

// What was measured of one configuration under the same name more than once shows its worst.
std::vector<std::string> noise_of(const NoteInput& input, const Candidate& candidate) {
  std::vector<NoteNoiseFloor> worst;
  for (const NoteNoiseFloor& floor : input.noise_floor) {
    if (floor.model != candidate.model || floor.recipe != candidate.recipe) continue;
    const auto same = std::find_if(worst.begin(), worst.end(),
                                   [&](const NoteNoiseFloor& each) { return each.what == floor.what; });
    if (same == worst.end()) {
      worst.push_back(floor);
    } else {
      same->flips = std::max(same->flips, floor.flips);
      if (!(floor.max_abs_logit_difference <= same->max_abs_logit_difference)) {
        same->max_abs_logit_difference = floor.max_abs_logit_difference;
      }
    }
  }
  std::vector<std::string> parts;
  parts.reserve(worst.size());
  for (const NoteNoiseFloor& floor : worst) {
    parts.push_back(floor.flips == 0 && floor.max_abs_logit_difference == 0.0
                        ? fmt::format("{}: {} examples, identical", floor.what, count(floor.examples))
                        : fmt::format("{}: {} examples, largest change of a logit {:.3g}, {} flip{}",
                                      floor.what, count(floor.examples), floor.max_abs_logit_difference,
                                      count(floor.flips), floor.flips == 1 ? "" : "s"));
  }
  return parts;
}

// Of what a table tells and no run does.
std::string elsewhere_sentence(const NoteInput& input) {
  if (!input.reported || input.reported->only || input.reported->configurations.empty()) return {};
  std::vector<std::string> who;
  for (const auto& row : input.reported->configurations) who.push_back(row.display());
  return fmt::format(
      "Reported by the files and not run here, so in no comparison and no choice: {}. Section 1 has their "
      "numbers.",
      join(who));
}

// A column that says of no row in which run it was measured says nothing.
void drop_empty_run_columns(Blocks& blocks) {
  for (NoteBlock& block : blocks) {
    auto* table = std::get_if<NoteTable>(&block);
    if (table == nullptr || table->header.size() < 2 || table->header[1] != "run") continue;
    if (std::ranges::any_of(table->rows, [](const auto& row) { return row[1] != "–"; })) continue;
    const auto drop = [](std::vector<std::string>& cells) { cells.erase(cells.begin() + 1); };
    drop(table->header);
    for (auto& row : table->rows) drop(row);
    if (table->text_columns > 1) --table->text_columns;
  }
}

}  // namespace

std::string limited_mark(const NoteInput& input) {
  return input.limited.empty() ? std::string() : fmt::format(" [limited: {}]", input.limited);
}

void appendix_section(const NoteInput& input, Blocks& blocks) {
  blocks.emplace_back(NoteHeading{2, "Appendix: protocol and provenance"});
  NoteTable table;
  table.caption = "How these numbers were made.";
  table.header = {"what", "value"};
  table.text_columns = 2;
  for (const auto& [what, value] : input.appendix) table.rows.push_back({what, value});
  for (const Candidate& candidate : input.decision.candidates) {
    const std::vector<std::string> noise = noise_of(input, candidate);
    if (!noise.empty()) table.rows.push_back({"Noise floor, " + candidate.name, join(noise, "; ")});
  }
  for (const Candidate& candidate : input.decision.candidates) {
    if (input.reported && input.reported->only) break;
    table.rows.push_back({"Run key, " + candidate.name, candidate.run_key.empty() ? "–" : candidate.run_key});
  }
  for (const std::string& remark : input.plan_remarks) table.rows.push_back({"Executed plan", remark});
  const Margins& margins = input.decision.envelope.margins;
  table.rows.push_back({"Margins", fmt::format("macro-F1 {:g}, latency {:g} %, memory {:g} %, ECE {:g}",
                                               margins.macro_f1, 100.0 * margins.latency_fraction,
                                               100.0 * margins.memory_fraction, margins.ece)});
  blocks.emplace_back(std::move(table));
}

}  // namespace note_internal

NoteDocument build_note(const NoteInput& given) {
  const NoteInput input = note_internal::without_controls(given);
  NoteDocument document;
  document.title = input.title.empty() ? "Which configuration to ship" : input.title;
  auto& blocks = document.blocks;
  std::string setting = input.dataset;
  if (!input.stack.empty()) setting += (setting.empty() ? "" : "; ") + input.stack;
  if (!setting.empty()) blocks.emplace_back(NoteParagraph{setting + "."});
  if (!input.limited.empty()) {
    blocks.emplace_back(NoteParagraph{fmt::format(
        "Limited run: it saw only {}. Every finding below is marked and holds for that part alone.",
        input.limited)});
  }
  if (!input.missing.empty()) {
    blocks.emplace_back(NoteParagraph{
        fmt::format("Not measured, and so not considered: {}.", note_internal::join(input.missing, "; "))});
  }
  const std::string elsewhere = note_internal::elsewhere_sentence(input);
  if (!elsewhere.empty()) blocks.emplace_back(NoteParagraph{elsewhere});
  const std::string noise = note_internal::noise_sentence(input);
  if (!noise.empty()) blocks.emplace_back(NoteParagraph{noise + note_internal::limited_mark(input)});
  blocks.emplace_back(NoteParagraph{note_internal::choice_sentence(input.decision) +
                                        note_internal::hangs_on_temperature(input.decision) +
                                        note_internal::limited_mark(input),
                                    true});
  note_internal::promises_section(input, blocks);
  note_internal::frontier_section(input, blocks);
  note_internal::damage_section(input, blocks);
  note_internal::calibration_section(input, blocks);
  note_internal::decision_section(input, blocks);
  note_internal::prior_section(input, blocks);
  note_internal::damage_tables(input, blocks);
  note_internal::appendix_section(input, blocks);
  note_internal::drop_empty_run_columns(blocks);
  return document;
}

}  // namespace quantier
