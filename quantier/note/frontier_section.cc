#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/decide/compare.h"
#include "quantier/note/figures.h"
#include "quantier/note/sections.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

using decide_internal::compare_cost;
using decide_internal::known;

constexpr double kTellingBias = 0.005;  // of macro-F1: beyond it a percentile interval sits visibly askew

// "slower (5.80 against 2.31 ms/example) and larger (...)", by direction.
struct Against {
  std::vector<std::string> kept;
  std::vector<std::string> broken;
};

Against against(const Candidate& other, const Candidate& base, const Margins& margins) {
  Against found;
  const auto ms = known(other.ms_per_example);
  const auto base_ms = known(base.ms_per_example);
  if (ms && base_ms) {
    const int side = compare_cost(*ms, *base_ms, margins.latency_fraction);
    const std::string numbers = fmt::format("({} against {} ms/example)", fixed(ms, 2), fixed(base_ms, 2));
    if (side < 0) found.broken.push_back("slower " + numbers);
    if (side > 0) found.kept.push_back("faster " + numbers);
  }
  const auto bytes = known(other.memory_bytes);
  const auto base_bytes = known(base.memory_bytes);
  if (bytes && base_bytes) {
    const int side = compare_cost(*bytes, *base_bytes, margins.memory_fraction);
    const std::string numbers = fmt::format("({} against {})", memory(bytes), memory(base_bytes));
    if (side < 0) found.broken.push_back("larger " + numbers);
    if (side > 0) found.kept.push_back("smaller " + numbers);
  }
  return found;
}

// Smaller and faster is what compression promises; where a precision is neither, the reader is told.
std::string promises(const NoteInput& input) {
  const Decision& decision = input.decision;
  std::vector<std::string> kept;
  std::vector<std::string> broken;
  bool int8_slower = false;
  for (const Candidate& base : decision.candidates) {
    if (base.recipe != input.reference_recipe) continue;
    for (const Candidate& other : decision.candidates) {
      // fp32 promises nothing: it is what compression starts from.
      if (other.model != base.model || other.recipe == base.recipe || other.recipe == "fp32") continue;
      const Against found = against(other, base, decision.envelope.margins);
      if (!found.kept.empty()) kept.push_back(fmt::format("{} is {}", other.name, join(found.kept)));
      if (found.broken.empty()) continue;
      broken.push_back(fmt::format("{} is {}", other.name, join(found.broken)));
      int8_slower = int8_slower || (other.recipe.find("int8") != std::string::npos &&
                                    found.broken.front().starts_with("slower"));
    }
  }
  std::string text;
  if (!kept.empty()) {
    text += fmt::format("What compression bought, against {} of the same model: {}.", input.reference_recipe,
                        join(kept));
  }
  if (!broken.empty()) {
    text += fmt::format(
        "{}Compression does not pay everywhere. Against {} of the same model, {}. This belongs to these "
        "kernels on this machine{}. What other hardware or another stack would show is unknown here, not "
        "measured.",
        text.empty() ? "" : " ", input.reference_recipe, join(broken),
        int8_slower ? "; Dettmers et al. (2022) themselves report LLM.int8() as slower below 6.7 B parameters"
                    : "");
  }
  return text;
}

void configurations_table(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  NoteTable table;
  table.caption = "Every configuration. ECE is cross-fitted, after temperature.";
  const Envelope& envelope = decision.envelope;
  if (!envelope.latency_protocol.empty()) {
    table.caption += fmt::format(" Time is by the {} protocol.", envelope.latency_protocol);
  }
  if (envelope.memory_definition == "process_peak") {
    table.caption += " Memory is the peak of the whole process.";
  } else if (!envelope.memory_definition.empty()) {
    table.caption += fmt::format(" Memory is {}.", envelope.memory_definition);
  }
  table.header = {"configuration", "run", "macro-F1", "ms/example", "memory", "ECE"};
  table.text_columns = 2;
  const bool with_quality = !input.quality.empty();
  if (with_quality) {
    table.caption +=
        " The interval is each configuration's own; differences between configurations are "
        "paired, and so narrower than these intervals suggest.";
    table.header.insert(table.header.begin() + 2, "accuracy");
    table.header.insert(table.header.begin() + 4, "95 % interval");
  }
  std::vector<std::string> other_f1;
  for (const Candidate& candidate : decision.candidates) {
    std::vector<std::string> row = {candidate.name,
                                    short_key(candidate.run_key),
                                    fixed(candidate.macro_f1, 3),
                                    fixed(candidate.ms_per_example, 2),
                                    memory(candidate.memory_bytes),
                                    fixed(candidate.ece, 3)};
    if (with_quality) {
      const auto found = std::find_if(input.quality.begin(), input.quality.end(), [&](const NoteQuality& q) {
        return q.model == candidate.model && q.recipe == candidate.recipe;
      });
      const bool known_here = found != input.quality.end();
      row.insert(row.begin() + 2, known_here ? fixed(found->accuracy, 3) : "–");
      row.insert(row.begin() + 4,
                 known_here && found->macro_f1_low
                     ? fmt::format("[{}, {}]", fixed(found->macro_f1_low, 3), fixed(found->macro_f1_high, 3))
                     : std::string("–"));
      if (known_here && found->macro_f1_differ) {
        other_f1.push_back(fmt::format("{} {}", candidate.name, fixed(found->macro_f1_sklearn, 3)));
      }
    }
    table.rows.push_back(std::move(row));
  }
  blocks.emplace_back(std::move(table));
  double bias = 0.0;
  for (const NoteQuality& quality : input.quality) {
    if (std::abs(quality.macro_f1_bias) > std::abs(bias)) bias = quality.macro_f1_bias;
  }
  if (std::abs(bias) > kTellingBias) {
    blocks.emplace_back(NoteParagraph{fmt::format(
        "Resampling misses rare classes, which moves the replicates of macro-F1 by up to {:+.3f}: read its "
        "intervals as widths, not as places.{}",
        bias, limited_mark(input))});
  }
  if (!other_f1.empty()) {
    blocks.emplace_back(NoteParagraph{fmt::format(
        "Macro-F1 here averages over the classes that have examples in the split. Over the classes present "
        "in labels or predictions, as scikit-learn counts, it differs: {}.{}",
        join(other_f1), limited_mark(input))});
  }
}

void cost_table(const NoteInput& input, Blocks& blocks) {
  if (input.cost.empty()) return;
  NoteTable table;
  table.caption =
      "Time and memory by definition; protocols are in the appendix. Weights are computed, peaks measured.";
  table.header = {"configuration",
                  "run",
                  "throughput, ms/example",
                  "batch 1: p50, ms",
                  "batch 1: p95, ms",
                  "file order, ms/example",
                  "weights",
                  "process peak"};
  table.text_columns = 2;
  for (const NoteCost& row : input.cost) {
    table.rows.push_back({row.model + " " + row.recipe, short_key(row.run_key), fixed(row.throughput_ms, 3),
                          fixed(row.latency_p50_ms, 2), fixed(row.latency_p95_ms, 2),
                          fixed(row.workload_ms, 3), memory(row.weights_bytes),
                          memory(row.process_peak_bytes)});
  }
  blocks.emplace_back(std::move(table));
}

void frontier_figure(const NoteInput& input, const Frontier& frontier, Blocks& blocks) {
  const Decision& decision = input.decision;
  const bool latency = frontier.cost == FrontierCost::kLatency;
  const char* axis = latency ? "latency" : "memory";
  const char* verb = latency ? "faster" : "smaller";
  std::vector<std::size_t> members;
  std::vector<std::string> remarks;
  std::vector<std::size_t> missing;
  for (const FrontierPoint& point : frontier.points) {
    const std::string& own = decision.candidates[point.candidate].name;
    switch (point.status) {
      case FrontierStatus::kMember:
        members.push_back(point.candidate);
        break;
      case FrontierStatus::kMemberByTie:
        remarks.push_back(fmt::format("{} is on the line only by a difference inside the margin, against {}",
                                      own, name(decision, point.by)));
        break;
      case FrontierStatus::kTied:
        remarks.push_back(fmt::format("{} ties with {}", own, name(decision, point.by)));
        break;
      case FrontierStatus::kDominated:
        remarks.push_back(fmt::format("{} is dominated by {}", own, name(decision, point.by)));
        break;
      case FrontierStatus::kNotMeasured:
        missing.push_back(point.candidate);
        break;
    }
  }
  std::string text = members.empty()
                         ? fmt::format("No configuration stands out on macro-F1 against {}.", axis)
                         : fmt::format(
                               "On macro-F1 against {}, {} form{} the frontier: nothing else is both {} "
                               "and at least as accurate.",
                               axis, names(decision, members), members.size() == 1 ? "s" : "", verb);
  if (!remarks.empty()) text += fmt::format(" Of the others, {}.", join(remarks));
  if (!missing.empty()) text += fmt::format(" Not measured on this axis: {}.", names(decision, missing));
  blocks.emplace_back(NoteParagraph{text + limited_mark(input)});
  blocks.emplace_back(NoteFigure{
      fmt::format("frontier-{}", axis),
      fmt::format("Macro-F1 against {}. Filled: on the frontier (dashed line). Hollow: dominated or tied.",
                  axis),
      frontier_svg(decision, frontier)});
}

}  // namespace

void frontier_section(const NoteInput& input, Blocks& blocks) {
  const Decision& decision = input.decision;
  blocks.emplace_back(NoteHeading{2, "1. Accuracy-efficiency frontier"});
  configurations_table(input, blocks);
  frontier_figure(input, decision.latency_frontier, blocks);
  frontier_figure(input, decision.memory_frontier, blocks);
  for (const CleanSweep& sweep : decision.sweeps) {
    blocks.emplace_back(NoteParagraph{
        fmt::format("Said plainly: {} beats every {} configuration on quality, size and speed at once.{}",
                    decision.candidates[sweep.by].name, sweep.loser_model, limited_mark(input))});
  }
  const std::string promise = promises(input);
  if (!promise.empty()) blocks.emplace_back(NoteParagraph{promise + limited_mark(input)});
  cost_table(input, blocks);
  if (!input.hardware_caveat.empty()) blocks.emplace_back(NoteParagraph{input.hardware_caveat});
}

}  // namespace quantier::note_internal
