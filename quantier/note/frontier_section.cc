#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "quantier/decide/compare.h"
#include "quantier/note/axis_frontier.h"
#include "quantier/note/cited.h"
#include "quantier/note/decision_words.h"
#include "quantier/note/figures.h"
#include "quantier/note/reported.h"
#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

using decide_internal::compare_cost;
using decide_internal::compare_quality;
using decide_internal::known;

constexpr double kTellingBias = 0.005;  // of macro-F1: beyond it a percentile interval sits visibly askew

// What a whole model spans on the three axes of a sweep.
struct ModelExtent {
  CitedExtent quality, time, size;
  ModelExtent(const Decision& decision, const std::string& model) {
    for (const Candidate& candidate : decision.candidates) {
      if (candidate.model != model) continue;
      const Cites cites(candidate);
      const auto add = [&](CitedExtent& extent, const std::optional<double>& value, const char* what,
                           const std::string& text) {
        if (known(value)) extent.add(*value, cites(what, "", text));
      };
      add(quality, candidate.macro_f1, "macro-f1", fixed(candidate.macro_f1, 3));
      add(time, candidate.ms_per_example, "time", milliseconds(candidate.ms_per_example));
      add(size, candidate.memory_bytes, "memory", memory(candidate.memory_bytes));
    }
  }
};

std::string sweep_sentence(const Decision& decision, const CleanSweep& sweep) {
  const ModelExtent winner(decision, sweep.winner_model);
  const ModelExtent loser(decision, sweep.loser_model);
  const auto against = [](const CitedExtent& a, const CitedExtent& b) {
    return fmt::format("{} against {}", a.text(), b.text());
  };
  std::string how = sweep.at_every_recipe ? "precision by precision" : "";
  if (sweep.by) {
    how += fmt::format("{}{} alone beats every {} configuration on all three", how.empty() ? "" : ", and ",
                       decision.candidates[*sweep.by].name, sweep.loser_model);
  }
  return fmt::format(
      "Said plainly: {} beats {} on quality, size and speed: {}. Over its precisions macro-F1 is {}, memory "
      "peaks at {}, and an example takes {} ms.",
      sweep.winner_model, sweep.loser_model, how, against(winner.quality, loser.quality),
      against(winner.size, loser.size), against(winner.time, loser.time));
}

void configurations_table(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  NoteTable table;
  table.caption =
      "Every configuration; the choice in bold. Macro-F1 averages over the classes that have examples in the "
      "split, its other column over those present in labels or predictions, as scikit-learn does. ECE is "
      "cross-fitted, after temperature.";
  const Envelope& envelope = decision.envelope;
  if (!envelope.latency_protocol.empty()) {
    table.caption += fmt::format(" Time is by the {} protocol.", envelope.latency_protocol);
  }
  if (envelope.memory_definition == "process_peak") {
    const bool on_device = std::ranges::any_of(
        input.cost, [](const NoteCost& row) { return !row.imported && row.device_peak_bytes.has_value(); });
    table.caption += on_device ? " Memory is what the engine allocated on the device at its peak."
                               : " Memory is the peak of the whole process.";
  } else if (!envelope.memory_definition.empty()) {
    table.caption += fmt::format(" Memory is {}.", envelope.memory_definition);
  }
  table.header = {"configuration",          "run",        "accuracy", "macro-F1", "95 % interval",
                  "macro-F1, scikit-learn", "ms/example", "memory",   "ECE"};
  table.text_columns = 2;
  table.marked_row = decision.chosen;
  std::vector<std::string> other_f1;
  for (const Candidate& candidate : decision.candidates) {
    const auto found = std::find_if(input.quality.begin(), input.quality.end(), [&](const NoteQuality& q) {
      return q.model == candidate.model && q.recipe == candidate.recipe;
    });
    const bool known_here = found != input.quality.end();
    const std::string interval =
        known_here && found->macro_f1_low
            ? fmt::format("[{}, {}]", fixed(found->macro_f1_low, 3), fixed(found->macro_f1_high, 3))
            : std::string("–");
    const Cites cites(candidate);
    table.rows.push_back(
        {candidate.name, short_key(candidate.run_key),
         known_here ? cites("accuracy", "", fixed(found->accuracy, 3)) : "–",
         cites("macro-f1", "", fixed(candidate.macro_f1, 3)), cites("macro-f1", "interval", interval),
         known_here ? cites("macro-f1", "as scikit-learn counts", fixed(found->macro_f1_sklearn, 3)) : "–",
         cites("time", "", milliseconds(candidate.ms_per_example)),
         cites("memory", "", memory(candidate.memory_bytes)), cites("ece", "", fixed(candidate.ece, 3))});
    if (known_here && found->macro_f1_differ) other_f1.push_back(candidate.name);
  }
  blocks.emplace_back(std::move(table));
  const NoteQuality* biased = nullptr;
  for (const NoteQuality& quality : input.quality) {
    if (biased == nullptr || std::abs(quality.macro_f1_bias) > std::abs(biased->macro_f1_bias)) {
      biased = &quality;
    }
  }
  if (biased != nullptr && std::abs(biased->macro_f1_bias) > kTellingBias) {
    blocks.emplace_back(NoteParagraph{fmt::format(
        "Resampling misses rare classes, which moves the replicates of macro-F1 by up to {}: read its "
        "intervals as widths, not as places.{}",
        cites_of(*biased)("macro-f1", "bias", signed_fixed(biased->macro_f1_bias, 3)), limited_mark(input))});
  }
  if (!other_f1.empty()) {
    blocks.emplace_back(
        NoteParagraph{fmt::format("The two definitions of macro-F1 differ for {}: something was predicted "
                                  "that no example of this split "
                                  "is.{}",
                                  join(other_f1), limited_mark(input))});
  }
}

// Of runs that were imported: what their files state, in the columns that have something to say.
NoteTable stated_cost_table(const NoteInput& input) {
  NoteTable table;
  table.caption =
      "Time and memory as the imported files state them for the declared device; nothing was measured here. "
      "A "
      "dash: not stated, or no device declared.";
  table.header = {"configuration", "run", "file order: ms/example", "peak of allocated device memory"};
  table.text_columns = 2;
  for (const NoteCost& row : input.cost) {
    table.rows.push_back({row.model + " " + row.recipe, short_key(row.run_key),
                          cites_of(row)("time/workload", "", milliseconds(row.workload_ms, 3)),
                          cites_of(row)("memory/device-peak", "", memory(row.device_peak_bytes))});
  }
  return table;
}

NoteTable measured_cost_table(const NoteInput& input) {
  NoteTable table;
  table.caption =
      "Time and memory by definition; the protocols are in the appendix. Weights are computed, peaks "
      "measured.";
  table.header = {
      "configuration",          "run",     "batches: ms/example", "batch 1: p50, ms", "batch 1: p95, ms",
      "file order: ms/example", "weights", "process peak"};
  table.text_columns = 2;
  const bool devices = std::any_of(input.cost.begin(), input.cost.end(),
                                   [](const NoteCost& row) { return row.device_peak_bytes.has_value(); });
  if (devices) table.header.emplace_back("device peak");
  bool stated = false;
  for (const NoteCost& row : input.cost) {
    stated = stated || row.imported;
    const Cites cites = cites_of(row);
    table.rows.push_back({row.model + " " + row.recipe + (row.imported ? "*" : ""), short_key(row.run_key),
                          cites("time/throughput", "", milliseconds(row.throughput_ms, 3)),
                          cites("time/latency", "p50", milliseconds(row.latency_p50_ms)),
                          cites("time/latency", "p95", milliseconds(row.latency_p95_ms)),
                          cites("time/workload", "", milliseconds(row.workload_ms, 3)),
                          cites("memory/weights", "", memory(row.weights_bytes)),
                          cites("memory/process-peak", "", memory(row.process_peak_bytes))});
    if (devices) {
      table.rows.back().push_back(cites("memory/device-peak", "", memory(row.device_peak_bytes)));
    }
  }
  if (stated) table.caption += " *: as imported files state for the declared device, not measured here.";
  return table;
}

bool all_stated(const NoteInput& input) {
  return !input.cost.empty() &&
         std::all_of(input.cost.begin(), input.cost.end(), [](const NoteCost& row) { return row.imported; });
}

void cost_table(const NoteInput& input, Blocks& blocks) {
  if (input.cost.empty()) return;
  NoteTable table = all_stated(input) ? stated_cost_table(input) : measured_cost_table(input);
  const auto& chosen = input.decision.chosen;
  for (std::size_t i = 0; chosen && i < input.cost.size(); ++i) {
    const NoteCost& row = input.cost[i];
    if (input.decision.candidates[*chosen].name == row.model + " " + row.recipe) table.marked_row = i;
  }
  blocks.emplace_back(std::move(table));
}

// Equal inside the margins on both axes, each with each.
bool all_tied(const NoteInput& input, const Frontier& frontier, const std::vector<std::size_t>& members) {
  const Decision& decision = input.decision;
  const Margins& margins = decision.envelope.margins;
  const double fraction =
      frontier.cost == FrontierCost::kLatency ? margins.latency_fraction : margins.memory_fraction;
  for (const std::size_t a : members) {
    for (const std::size_t b : members) {
      const bool tied = compare_quality(decision.candidates[a], decision.candidates[b],
                                        input.quality_differences, margins) == 0 &&
                        compare_cost(frontier.points[a].cost, frontier.points[b].cost, fraction) == 0;
      if (!tied) return false;
    }
  }
  return true;
}

void frontier_figure(const NoteInput& input, const Frontier& frontier, Blocks& blocks) {
  const Decision& decision = input.decision;
  const bool latency = frontier.cost == FrontierCost::kLatency;
  const char* axis = latency ? "latency" : "memory";
  std::vector<std::size_t> members;
  std::vector<std::size_t> missing;
  // Those that share a fate and the one behind it stand in one clause.
  std::map<std::pair<FrontierStatus, std::size_t>, std::vector<std::size_t>> others;
  for (const FrontierPoint& point : frontier.points) {
    if (point.status == FrontierStatus::kMember) members.push_back(point.candidate);
    if (point.status == FrontierStatus::kNotMeasured) missing.push_back(point.candidate);
    if (point.by) others[{point.status, *point.by}].push_back(point.candidate);
  }
  std::vector<std::string> remarks;
  for (const auto& [fate, who] : others) {
    const std::string by = decision.candidates[fate.second].name;
    const char* what = fate.first == FrontierStatus::kMemberByTie
                           ? "on the line too, but better only within the margin than"
                       : fate.first == FrontierStatus::kTied ? "tied with"
                                                             : "dominated by";
    remarks.push_back(fmt::format("{} {}: {}", what, by, names(decision, who)));
  }
  std::string text;
  if (members.empty()) {
    text = fmt::format("On macro-F1 against {} no configuration stands out.", axis);
  } else if (members.size() == 1) {
    text = fmt::format("On macro-F1 against {} the frontier is {} alone.", axis, names(decision, members));
  } else {
    text = fmt::format("On macro-F1 against {} the frontier is {}{}.", axis, names(decision, members),
                       all_tied(input, frontier, members) ? ", which tie inside the margins" : "");
  }
  if (!remarks.empty()) {
    std::string rest = join(remarks, "; ");
    rest.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(rest.front())));
    text += " " + rest + ".";
  }
  if (!missing.empty()) text += fmt::format(" Not measured on this axis: {}.", names(decision, missing));
  blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
  blocks.emplace_back(NoteFigure{
      fmt::format("frontier-{}", axis),
      fmt::format("Macro-F1 against {}; the axes need not start at zero. Filled: on the frontier "
                  "(dashed line); hollow: dominated or tied; "
                  "ringed: the choice{}.{}",
                  axis, limit_shown(decision, frontier.cost) ? "; dotted: a limit" : "",
                  names_every_point(frontier)
                      ? ""
                      : " Named are those on the frontier and the choice; the table has them all."),
      frontier_svg(decision, frontier)});
}

}  // namespace

void frontier_section(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  blocks.emplace_back(NoteHeading{2, "1. Accuracy-efficiency frontier"});
  if (table_only(input)) {
    reported_configurations(input, blocks);
  } else {
    configurations_table(input, blocks);
  }
  frontier_figure(input, decision.latency_frontier, blocks);
  frontier_figure(input, decision.memory_frontier, blocks);
  axis_frontier_blocks(input, blocks);
  for (const CleanSweep& sweep : decision.sweeps) {
    blocks.emplace_back(NoteParagraph{sweep_sentence(decision, sweep) + limited_mark(input)});
  }
  if (table_only(input)) {
    frontier_absence(input, blocks);
  } else {
    cost_table(input, blocks);
    reported_elsewhere(input, blocks);
  }
}

}  // namespace quantier::note_internal
