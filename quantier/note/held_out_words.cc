#include "quantier/note/held_out_words.h"

#include <optional>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/decision_words.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

// "0.641 [0.622, 0.659]"
std::string with_interval(const std::optional<MetricValue>& value) {
  if (!value) return "–";
  std::string text = fixed(value->value, 3);
  if (value->interval) {
    text += fmt::format(" [{}, {}]", fixed(value->interval->low, 3), fixed(value->interval->high, 3));
  }
  return text;
}

std::string held_out_f1(const Decision& decision, std::size_t i) {
  return Cites(decision.candidates[i])("held-out/macro-f1", "",
                                       with_interval(decision.held_out->rows[i].macro_f1));
}

std::string held_out_ece(const Decision& decision, std::size_t i) {
  return Cites(decision.candidates[i])("held-out/ece", "", with_interval(decision.held_out->rows[i].ece));
}

// Hard limits that it does not meet there.
std::string not_met(const Decision& decision, const HeldOut::Row& row) {
  std::vector<std::string> limits;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (!decision.constraints[c].hard || row.checks[c].outcome == CheckOutcome::kPass) continue;
    limits.push_back(short_name(decision.constraints[c]));
  }
  return join(limits);
}

}  // namespace

std::string held_out_sentence(const Decision& decision) {
  if (!decision.held_out || !decision.chosen) return {};
  const HeldOut& held = *decision.held_out;
  const std::size_t chosen = *decision.chosen;
  const HeldOut::Row& row = held.rows[chosen];
  std::string text = fmt::format(
      "Chosen on \"{}\" and read on \"{}\", which took no part in the choice ({} examples): macro-F1 {} "
      "there "
      "for {} where it was picked",
      held.selected_on, held.reported_on, cite_decision("held-out", "n", count(held.examples)),
      held_out_f1(decision, chosen),
      Cites(decision.candidates[chosen])("macro-f1", "", fixed(decision.candidates[chosen].macro_f1, 3)));
  const std::string failed = not_met(decision, row);
  text += failed.empty() ? "; it meets every limit there too" : fmt::format("; there it misses {}", failed);
  if (held.would_choose != decision.chosen) {
    text += held.would_choose ? fmt::format(", and the same rule would choose {} there",
                                            decision.candidates[*held.would_choose].name)
                              : std::string(", and nothing passes there");
  } else {
    text += ", and the same rule chooses it there";
  }
  return text + ".";
}

NoteTable held_out_table(const Decision& decision) {
  const HeldOut& held = *decision.held_out;
  NoteTable table;
  table.caption = fmt::format(
      "Every configuration where the choice was made (\"{}\") and on the held-out \"{}\", with 95 % "
      "intervals.",
      held.selected_on, held.reported_on);
  table.header = {"configuration",
                  "run",
                  "macro-F1, " + held.selected_on,
                  "macro-F1, " + held.reported_on,
                  "ECE, " + held.reported_on,
                  "limits there"};
  table.text_columns = 2;
  table.marked_row = decision.chosen;
  for (std::size_t i = 0; i < held.rows.size(); ++i) {
    const Candidate& candidate = decision.candidates[i];
    const std::string failed = not_met(decision, held.rows[i]);
    table.rows.push_back({candidate.name, short_key(held.rows[i].run_key),
                          Cites(candidate)("macro-f1", "", fixed(candidate.macro_f1, 3)),
                          held_out_f1(decision, i), held_out_ece(decision, i),
                          failed.empty() ? "met" : "misses " + failed});
  }
  return table;
}

std::string choice_quality_sentence(const Decision& decision) {
  return decision.held_out ? held_out_sentence(decision) : selection_sentence(decision);
}

}  // namespace quantier::note_internal
