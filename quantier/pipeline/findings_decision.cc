// Findings of the decision: what it reads of each configuration, every limit, and the shares of resampled
// data.
#include <cmath>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/words.h"
#include "quantier/pipeline/findings_parts.h"

namespace quantier::findings_internal {
namespace {

using note_internal::limit_name;
using note_internal::limit_text;
using note_internal::value_text;

class DecisionFindings {
 public:
  DecisionFindings(const Analysis& analysis, const Decision& decision, std::vector<Finding>& findings)
      : analysis_(analysis), decision_(decision), findings_(findings) {}

  void add() {
    for (std::size_t i = 0; i < decision_.candidates.size(); ++i) {
      costs(i);
      limits(i);
      against_the_choice(i);
      membership(i);
      held_out(i);
    }
    held_out_split();
    stability();
    selection();
    relaxations();
    breakpoints();
    shortfall();
  }

 private:
  // The reference stays good until the next one.
  Finding& start(std::string name, std::string statement, double estimate) {
    Finding& finding = findings_.emplace_back();
    finding.name = std::move(name);
    finding.statement = std::move(statement);
    finding.estimate = estimate;
    finding.n = analysis_.examples;
    return finding;
  }
  Finding& of(std::size_t i, const std::string& what, std::string statement, double estimate) {
    const Candidate& candidate = decision_.candidates[i];
    Finding& finding = start(fmt::format("{}/{}/{}", candidate.model, candidate.recipe, what),
                             std::move(statement), estimate);
    finding.runs = {candidate.run_key};
    return finding;
  }
  [[nodiscard]] const Candidate* reference_of(const Candidate& candidate) const {
    for (const Candidate& each : decision_.candidates) {
      if (each.model == candidate.model && each.recipe == analysis_.reference_recipe) return &each;
    }
    return nullptr;
  }

  void costs(std::size_t i) {
    const Candidate& candidate = decision_.candidates[i];
    const Candidate* reference = reference_of(candidate);
    const auto cost = [&](const char* what, const std::optional<double>& value,
                          const std::optional<double>& base, const std::string& words,
                          const std::string& definition, const Metric& metric) {
      if (!value || !std::isfinite(*value)) return;
      Constraint plain;
      plain.kind = metric.kind;
      Finding& finding = of(i, what,
                            fmt::format("{} of {} as the decision reads it: {}", words, candidate.name,
                                        value_text(plain, *value)),
                            *value);
      if (const auto known = metric_value(candidate, metric)) {
        finding.interval = known->interval;
        if (known->n > 0) finding.n = known->n;
      }
      finding.arithmetic = {{"definition", definition}, {"value", fmt::format("{:.6f}", *value)}};
      if (!base || !(*base > 0.0)) return;
      finding.arithmetic.emplace_back(fmt::format("against {}", analysis_.reference_recipe),
                                      fmt::format("{:.6f} / {:.6f} = {:.6f}", *value, *base, *value / *base));
      finding.fields = {{"ratio", {*value / *base, *value, *base}}};
    };
    const Envelope& envelope = decision_.envelope;
    cost("time", candidate.ms_per_example, reference != nullptr ? reference->ms_per_example : std::nullopt,
         "Time",
         envelope.latency_protocol.empty() ? "the throughput protocol"
                                           : fmt::format("the {} protocol", envelope.latency_protocol),
         {.kind = MetricKind::kLatency});
    cost("memory", candidate.memory_bytes, reference != nullptr ? reference->memory_bytes : std::nullopt,
         "Memory", envelope.memory_definition.empty() ? "process_peak" : envelope.memory_definition,
         {.kind = MetricKind::kMemory});
    const Metric reported{.kind = MetricKind::kEce, .variant = "reported"};
    if (const auto value = metric_value(candidate, reported)) {
      Finding& finding =
          of(i, "ece-reported",
             fmt::format("Calibration error of {} at the temperature that its files report: {:.4f}",
                         candidate.name, value->value),
             value->value);
      finding.interval = value->interval;
      finding.arithmetic = {{"value", fmt::format("{:.6f}", value->value)}};
    }
  }

  void limits(std::size_t i) {
    const Candidate& candidate = decision_.candidates[i];
    for (std::size_t c = 0; c < decision_.constraints.size(); ++c) {
      const Check& check = decision_.checks[i].checks[c];
      if (!check.value || !std::isfinite(*check.value)) continue;
      const Constraint& constraint = decision_.constraints[c];
      const char* word = check.outcome == CheckOutcome::kPass   ? "met"
                         : check.outcome == CheckOutcome::kFail ? "violated"
                                                                : "not shown";
      Finding& finding =
          start(fmt::format("decision/{}/{}/{}", candidate.model, candidate.recipe, limit_name(decision_, c)),
                fmt::format("{} against {}: {} ({})", candidate.name, limit_text(constraint),
                            value_text(constraint, *check.value), word),
                *check.value);
      finding.interval = check.interval;
      finding.runs = {candidate.run_key};
      finding.verdict = word;
      FindingField shown{"", {*check.value}};
      if (check.interval) shown.interval = std::pair(check.interval->low, check.interval->high);
      finding.arithmetic = {
          {"to the limit",
           fmt::format("{:.6f} against {:.6f}: {:+.6f} in the value's unit, negative is short", *check.value,
                       constraint.limit, check.headroom)}};
      if (!check.why.empty()) finding.arithmetic.emplace_back("missing", check.why);
      if (check.distance) {
        finding.arithmetic.emplace_back(
            "distance", fmt::format("{:.6f} {}", *check.distance,
                                    check.distance_in_margins ? "declared margins" : "standard errors"));
        finding.fields.push_back({"distance", {*check.distance}});
      }
      if (check.probability) {
        finding.arithmetic.emplace_back("probability", fmt::format("met in {:.6f} of {} resampled data sets",
                                                                   *check.probability, decision_.replicates));
        finding.fields.push_back({"probability", {*check.probability}});
        shown.numbers.push_back(*check.probability);
      }
      finding.fields.push_back(std::move(shown));
    }
  }

  void against_the_choice(std::size_t i) {
    if (!decision_.chosen || *decision_.chosen == i) return;
    const Candidate& own = decision_.candidates[i];
    const Candidate& chosen = decision_.candidates[*decision_.chosen];
    std::vector<FindingField> fields;
    Arithmetic lines;
    const auto ratio = [&](const char* what, const std::optional<double>& value,
                           const std::optional<double>& base) {
      if (!value || !base || !(*base > 0.0) || !std::isfinite(*value)) return;
      fields.push_back({what, {*value / *base}});
      lines.emplace_back(what, fmt::format("{:.6f} / {:.6f} = {:.6f}", *value, *base, *value / *base));
    };
    ratio("time", own.ms_per_example, chosen.ms_per_example);
    ratio("memory", own.memory_bytes, chosen.memory_bytes);
    if (fields.empty()) return;
    Finding& finding = of(i, "against-the-choice",
                          fmt::format("Costs of {} as multiples of those of {}", own.name, chosen.name),
                          fields.front().numbers.front());
    finding.runs.push_back(chosen.run_key);
    finding.arithmetic = std::move(lines);
    finding.fields = std::move(fields);
  }

  void membership(std::size_t i) {
    if (i >= decision_.frontier.points.size() || !decision_.frontier.points[i].membership) return;
    const double share = *decision_.frontier.points[i].membership;
    of(i, "frontier",
       fmt::format("{} is dominated by nobody in {:.4f} of resampled data", decision_.candidates[i].name,
                   share),
       share)
        .arithmetic = {
        {"share", fmt::format("{:.6f} of {} resampled data sets", share, decision_.replicates)}};
  }

  void stability() {
    if (!decision_.stability) return;
    const Stability& stability = *decision_.stability;
    Finding& finding = start("decision/stability",
                             fmt::format("The same choice on {:.4f} of {} resampled data sets",
                                         stability.same_choice, stability.replicates),
                             stability.same_choice);
    finding.seed = analysis_.seed;
    finding.fields = {{"", {stability.same_choice, static_cast<double>(stability.replicates)}},
                      {"nothing", {stability.nothing_share}}};
    for (std::size_t i = 0; i < stability.chosen_share.size(); ++i) {
      const std::string& name = decision_.candidates[i].name;
      finding.fields.push_back({name, {stability.chosen_share[i]}});
      finding.arithmetic.emplace_back(name, fmt::format("chosen in {:.6f}", stability.chosen_share[i]));
      finding.runs.push_back(decision_.candidates[i].run_key);
    }
    finding.arithmetic.emplace_back("nothing passes", fmt::format("in {:.6f}", stability.nothing_share));
  }

  void held_out(std::size_t i) {
    if (!decision_.held_out) return;
    const HeldOut& held = *decision_.held_out;
    const HeldOut::Row& row = held.rows[i];
    const auto add = [&](const char* what, const char* words, const std::optional<MetricValue>& value) {
      if (!value) return;
      Finding& finding = of(i, what,
                            fmt::format("{} of {} on the held-out split \"{}\": {:.4f}", words,
                                        decision_.candidates[i].name, held.reported_on, value->value),
                            value->value);
      finding.interval = value->interval;
      finding.n = held.examples;
      finding.runs = {row.run_key};
      finding.arithmetic = {{"chosen on", held.selected_on}, {"read on", held.reported_on}};
    };
    add("held-out/macro-f1", "Macro-F1", row.macro_f1);
    add("held-out/ece", "Calibration error, cross-fitted there,", row.ece);
  }

  void held_out_split() {
    if (!decision_.held_out) return;
    const HeldOut& held = *decision_.held_out;
    Finding& finding = start("decision/held-out",
                             fmt::format("The split \"{}\" took no part in the choice on \"{}\"",
                                         held.reported_on, held.selected_on),
                             static_cast<double>(held.examples));
    finding.n = held.examples;
    finding.fields = {{"n", {static_cast<double>(held.examples)}}};
    for (const HeldOut::Row& row : held.rows) finding.runs.push_back(row.run_key);
  }

  void selection() {
    if (!decision_.selection || !decision_.chosen) return;
    const SelectionCorrection& selection = *decision_.selection;
    Finding& finding =
        start("decision/selection",
              fmt::format("Macro-F1 of the choice without what it owes to being picked: {:.4f}",
                          selection.corrected),
              selection.corrected);
    finding.seed = analysis_.seed;
    finding.runs = {decision_.candidates[*decision_.chosen].run_key};
    finding.arithmetic = {
        {"optimism", fmt::format("{:+.6f}, out of bag over {} replicates, among {} configurations",
                                 selection.optimism, selection.replicates, selection.among)}};
    finding.fields = {{"optimism", {selection.optimism}}};
  }

  // One finding for a limit, its steps as fields.
  void relaxations() {
    for (std::size_t c = 0; c < decision_.constraints.size(); ++c) {
      const Constraint& constraint = decision_.constraints[c];
      Finding finding;
      for (const Relaxation& each : decision_.relaxations) {
        if (each.constraint != c) continue;
        const std::string step = note_internal::step_name(decision_, each);
        finding.fields.push_back({step, {each.new_limit, each.change}});
        finding.arithmetic.emplace_back(
            step, fmt::format("{:.6f} to {:.6f} lets in {}; then the choice is {}", constraint.limit,
                              each.new_limit, note_internal::names(decision_, each.becomes_viable),
                              note_internal::name(decision_, each.winner)));
      }
      if (finding.fields.empty()) continue;
      Finding& kept = start(fmt::format("decision/{}/relaxation", limit_name(decision_, c)),
                            fmt::format("What moving {} alone lets in", limit_text(constraint)),
                            finding.fields.front().numbers.front());
      kept.fields = std::move(finding.fields);
      kept.arithmetic = std::move(finding.arithmetic);
    }
  }

  void breakpoints() {
    for (const Breakpoints& points : decision_.breakpoints) {
      const Constraint& constraint = decision_.constraints[points.constraint];
      std::vector<FindingField> fields;
      Arithmetic lines;
      for (std::size_t k = 0; k < points.ranges.size(); ++k) {
        const BoundRange& range = points.ranges[k];
        const std::string name = fmt::format("range {}", k + 1);
        // As the note reads them: the end that lies nearer to the limit first.
        const bool above = range.from >= constraint.limit;
        const double near = above ? range.from : range.to;
        const double far = above ? range.to : range.from;
        if (std::isfinite(near)) fields.push_back({name, {near}});
        if (std::isfinite(far)) fields.push_back({name + ", end", {far}});
        lines.emplace_back(name, fmt::format("{:.6f} to {:.6f}: {}", range.from, range.to,
                                             note_internal::name(decision_, range.winner)));
      }
      if (fields.empty()) continue;
      Finding& finding = start(
          fmt::format("decision/{}/breakpoints", limit_name(decision_, points.constraint)),
          fmt::format("The choice as {} moves", limit_text(constraint)), fields.front().numbers.front());
      finding.fields = std::move(fields);
      finding.arithmetic = std::move(lines);
    }
  }

  void shortfall() {
    if (!decision_.minimal_relaxation) return;
    const Shortfall& shortfall = *decision_.minimal_relaxation;
    Finding& finding = start("decision/shortfall",
                             fmt::format("What {} lacks", decision_.candidates[shortfall.candidate].name),
                             shortfall.largest_fraction);
    finding.runs = {decision_.candidates[shortfall.candidate].run_key};
    for (const Shortfall::Part& part : shortfall.parts) {
      finding.fields.push_back({limit_name(decision_, part.constraint), {part.new_limit}});
      finding.arithmetic.emplace_back(
          limit_text(decision_.constraints[part.constraint]),
          fmt::format("to {:.6f}, {:.6f} of the limit", part.new_limit, part.fraction));
    }
  }

  const Analysis& analysis_;
  const Decision& decision_;
  std::vector<Finding>& findings_;
};

}  // namespace

void add_decision_findings(const Analysis& analysis, const Decision& decision,
                           std::vector<Finding>& findings) {
  DecisionFindings(analysis, decision, findings).add();
}

}  // namespace quantier::findings_internal
