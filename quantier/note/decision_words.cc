#include "quantier/note/decision_words.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/note/cited.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

Constraint as_constraint(const Metric& metric) {
  Constraint constraint;
  constraint.kind = metric.kind;
  constraint.metric = metric;
  constraint.tier = metric.part;
  return constraint;
}

std::string lead_of(const Decision& decision, const QualityDifference& lead) {
  std::string text = signed_fixed(lead.difference, 3);
  if (std::isfinite(lead.low) && std::isfinite(lead.high)) {
    text += fmt::format(" [{}, {}]", signed_fixed(lead.low, 3), signed_fixed(lead.high, 3));
  }
  return cite_lead(decision, lead, text);
}

std::string violated_text(const Decision& decision, const NaiveChoice& naive) {
  std::vector<std::string> limits;
  for (const std::size_t c : naive.violates) {
    const Check& check = decision.checks[*naive.chosen].checks[c];
    const Constraint& constraint = decision.constraints[c];
    limits.push_back(
        check.value && check.outcome == CheckOutcome::kFail
            ? fmt::format("{} with {}", limit_text(constraint),
                          cite_check(decision, *naive.chosen, c, "", value_text(constraint, *check.value)))
            : fmt::format("{}, which is not shown", limit_text(constraint)));
  }
  return join(limits);
}

// Why the naive winner is not the choice: the finding that makes the difference.
std::string difference_text(const Decision& decision, const NaiveChoice& naive) {
  std::vector<std::string> reasons;
  if (!naive.violates.empty()) reasons.push_back("it fails " + violated_text(decision, naive));
  if (naive.lead && naive.tie) {
    const bool interval = std::isfinite(naive.lead->low);
    reasons.push_back(
        fmt::format("its lead of {} {}", lead_of(decision, *naive.lead),
                    interval ? "is a tie by its paired interval" : "lies inside the margin, a tie"));
  }
  if (naive.hidden) {
    reasons.push_back(fmt::format("its macro-F1 hides that {}",
                                  tier_change_text(decision.candidates[*naive.chosen], *naive.hidden)));
  }
  return join(reasons, "; ");
}

std::string conflict_list(const Decision& decision, const std::vector<std::size_t>& who) {
  const Metric reported{.kind = MetricKind::kEce, .variant = "reported"};
  std::vector<std::string> parts;
  for (const std::size_t i : who) {
    const auto at_reported = metric_value(decision.candidates[i], reported);
    const Cites cites(decision.candidates[i]);
    parts.push_back(fmt::format(
        "{} ({} there, {} at the converged fit)", decision.candidates[i].name,
        cites("ece-reported", "", fixed(at_reported ? std::optional(at_reported->value) : std::nullopt, 3)),
        cites("ece", "", fixed(decision.candidates[i].ece, 3))));
  }
  return join(parts);
}

std::string bound_word(const Constraint& constraint) {
  return fmt::format("{} {}", short_name(constraint), constraint.upper ? "ceiling" : "floor");
}

}  // namespace

std::string tier_change_text(const Candidate& candidate, const TierChange& change) {
  const std::string what = change.tier + "/accuracy";
  const Cites cites(candidate);
  return fmt::format(
      "{} accuracy changes by {}, {} ({})", change.tier,
      cites(what, "delta",
            fmt::format("{} points [{}, {}]", points(change.delta), points(change.low), points(change.high))),
      cites(what, "flips",
            fmt::format("{} lost and {} gained of {}", count(change.lost), count(change.gained),
                        count(change.n))),
      change.verdict);
}

std::string axis_value_text(const Metric& metric, double value) {
  return value_text(as_constraint(metric), value);
}

std::string temperature_sentence(const Decision& decision) {
  if (!decision.temperature) return {};
  const TemperatureConflict& conflict = *decision.temperature;
  const bool same = conflict.chosen_at_reported == decision.chosen;
  std::string text = fmt::format(
      "First, the temperature: {}. With it converged and cross-fitted the choice is {}; at the temperatures "
      "that the files report it is {}.",
      same ? "the fit turns limits over, and the choice stays" : "the choice hangs on how it was fitted",
      name(decision, decision.chosen), name(decision, conflict.chosen_at_reported));
  if (!conflict.fails_only_reported.empty()) {
    text += fmt::format(" The ceiling on ECE fails only at the reported temperature: {}.",
                        conflict_list(decision, conflict.fails_only_reported));
  }
  if (!conflict.fails_only_converged.empty()) {
    text += fmt::format(" It fails only at the converged one: {}.",
                        conflict_list(decision, conflict.fails_only_converged));
  }
  const NaiveChoice& points = conflict.by_points_at_reported;
  if (points.chosen && conflict.chosen_at_reported && points.chosen != conflict.chosen_at_reported) {
    text += fmt::format(
        " At the reported temperatures the highest macro-F1 that passes is {}, and it is not the "
        "choice there: {}.",
        name(decision, points.chosen),
        difference_text(decision, {.chosen = points.chosen,
                                   .violates = {},
                                   .lead = points.lead,
                                   .tie = points.tie,
                                   .hidden = points.hidden}));
  }
  return text;
}

std::string hangs_on_temperature(const Decision& decision) {
  if (!decision.temperature || decision.temperature->chosen_at_reported == decision.chosen) return {};
  return fmt::format(" This hangs on the temperature: at those that the files report the choice is {}.",
                     name(decision, decision.temperature->chosen_at_reported));
}

std::string stability_sentence(const Decision& decision) {
  if (!decision.stability) {
    return "No probabilities: these are single numbers of a table, so ties come from the declared margins "
           "alone.";
  }
  const Stability& stability = *decision.stability;
  std::vector<std::pair<double, std::size_t>> others;
  for (std::size_t i = 0; i < stability.chosen_share.size(); ++i) {
    if (decision.chosen != i && stability.chosen_share[i] > 0.0)
      others.emplace_back(stability.chosen_share[i], i);
  }
  std::ranges::sort(others, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  constexpr std::size_t kShown = 3;
  std::vector<std::string> parts;
  for (std::size_t k = 0; k < std::min(kShown, others.size()); ++k) {
    parts.push_back(
        fmt::format("{} {}", decision.candidates[others[k].second].name,
                    cite_decision("stability", visible(decision.candidates[others[k].second].name),
                                  probability(others[k].first))));
  }
  if (decision.chosen && stability.nothing_share > 0.0) {
    parts.push_back(fmt::format("nothing {}",
                                cite_decision("stability", "nothing", probability(stability.nothing_share))));
  }
  std::string text = fmt::format(
      "{} resampled data sets {}",
      cite_decision("stability", "",
                    fmt::format("{} of {}", probability(stability.same_choice), count(stability.replicates))),
      decision.chosen ? "lead to the same choice" : "let nothing pass either");
  if (!parts.empty()) text += fmt::format("; the others: {}", join(parts));
  return text + ".";
}

std::string selection_sentence(const Decision& decision) {
  if (!decision.selection || !decision.chosen) return {};
  const SelectionCorrection& selection = *decision.selection;
  if (selection.among < 2) return {};
  return fmt::format(
      "Picking among {} configurations flatters the one picked: its macro-F1 of {} reads {} without that "
      "(out-of-bag bootstrap, optimism {}).",
      selection.among,
      Cites(decision.candidates[*decision.chosen])("macro-f1", "",
                                                   fixed(decision.candidates[*decision.chosen].macro_f1, 3)),
      cite_decision("selection", "", fixed(selection.corrected, 3)),
      cite_decision("selection", "optimism", signed_fixed(selection.optimism, 3)));
}

std::string margins_sentence(const Decision& decision) {
  const Margins& margins = decision.envelope.margins;
  std::vector<std::string> order;
  for (const Objective objective : decision.envelope.order) {
    order.emplace_back(objective == Objective::kQuality ? "macro-F1" : objective_name(objective));
  }
  return fmt::format(
      "Declared margins: macro-F1 and shares {:g}, time {:g} %, memory {:g} %, ECE {:g}. "
      "Objectives in order: {}; what ties on all of them is settled by {}.",
      margins.macro_f1, 100.0 * margins.latency_fraction, 100.0 * margins.memory_fraction, margins.ece,
      join(order, ", then "), tie_rule_text(decision.envelope.tie_rule));
}

std::string runner_up_sentence(const Decision& decision) {
  if (!decision.runner_up || !decision.chosen) return {};
  const Candidate& second = decision.candidates[*decision.runner_up];
  const Candidate& first = decision.candidates[*decision.chosen];
  std::vector<std::string> distance;
  if (second.macro_f1 && first.macro_f1) {
    distance.push_back("macro-F1 " + lead_text(decision.differences, second, first));
  }
  const auto times = [&](const std::optional<double>& own, const std::optional<double>& base,
                         const char* what) {
    if (!own || !base || !(*base > 0.0)) return std::string();
    return fmt::format("{} the {}",
                       Cites(second)("against-the-choice", what, fmt::format("{:.2f}×", *own / *base)), what);
  };
  for (const std::string& part : {times(second.ms_per_example, first.ms_per_example, "time"),
                                  times(second.memory_bytes, first.memory_bytes, "memory")}) {
    if (!part.empty()) distance.push_back(part);
  }
  return fmt::format("Runner-up: {}, at {} against the choice.", second.name, join(distance));
}

std::string macro_f1_alone_sentence(const Decision& decision) {
  const NaiveChoice& naive = decision.by_macro_f1;
  if (!naive.chosen) return {};
  if (naive.chosen == decision.chosen) return "Macro-F1 alone would have chosen the same.";
  const std::string why = difference_text(decision, naive);
  return fmt::format("Macro-F1 alone would have chosen {}{}.", name(decision, naive.chosen),
                     why.empty() ? "" : fmt::format("; what makes the difference: {}", why));
}

std::string points_alone_sentence(const Decision& decision) {
  const NaiveChoice& naive = decision.by_points;
  if (!naive.chosen || !decision.chosen) return {};
  if (naive.chosen == decision.chosen) {
    std::string text = "Point estimates alone, the highest macro-F1 that passes, would have chosen the same.";
    if (naive.hidden) {
      text += fmt::format(" Its macro-F1 hides that {}.",
                          tier_change_text(decision.candidates[*naive.chosen], *naive.hidden));
    }
    return text;
  }
  const std::string why = difference_text(decision, naive);
  return fmt::format("Point estimates alone, the highest macro-F1 that passes, would have chosen {}{}.",
                     name(decision, naive.chosen),
                     why.empty() ? "" : fmt::format("; what makes the difference: {}", why));
}

std::vector<std::string> breakpoint_sentences(const Decision& decision) {
  std::vector<std::string> sentences;
  for (const Breakpoints& points : decision.breakpoints) {
    const Constraint& constraint = decision.constraints[points.constraint];
    for (std::size_t k = 0; k < points.ranges.size(); ++k) {
      const BoundRange& range = points.ranges[k];
      const bool here = constraint.upper ? range.from <= constraint.limit && constraint.limit < range.to
                                         : range.from < constraint.limit && constraint.limit <= range.to;
      if (here || range.winner == decision.chosen) continue;
      // The end of the range that lies nearer to the limit as stated.
      const bool above = range.from >= constraint.limit;
      const double at = above ? range.from : range.to;
      if (!std::isfinite(at)) continue;
      const std::string limit = limit_text(constraint);
      const std::string stated = limit.substr(limit.find_last_of("≤≥") + 1);
      // An upper bound counts from its value on, a lower one as soon as it is above.
      const bool strictly = constraint.upper ? !above : above;
      const double far = above ? range.to : range.from;
      const auto cited = [&](const char* end, const std::string& text) {
        return cite_decision(limit_name(decision, points.constraint) + "/breakpoints",
                             fmt::format("range {}{}", k + 1, end), text);
      };
      sentences.push_back(fmt::format(
          "{}{} → {}{}: {}{}", bound_word(constraint), stated, strictly ? (above ? "above " : "below ") : "",
          cited("", value_text(constraint, at)),
          range.winner ? name(decision, range.winner) + " wins" : std::string("nothing passes"),
          std::isfinite(far) ? fmt::format(" (until {})", cited(", end", value_text(constraint, far)))
                             : std::string()));
    }
  }
  return sentences;
}

std::string relaxation_advice(const Decision& decision) {
  if (decision.chosen) return {};
  std::vector<std::string> moves;
  std::optional<std::size_t> last;
  for (const Relaxation& relaxation : decision.relaxations) {
    if (!relaxation.winner || last == relaxation.constraint) continue;  // the smallest of each limit
    last = relaxation.constraint;
    moves.push_back(relaxation_sentence(decision, relaxation));
  }
  if (moves.empty()) return {};
  std::string text = "The smallest single relaxations: " + join(moves, " ");
  if (decision.recommended_relaxation) {
    const Relaxation& best = decision.relaxations[*decision.recommended_relaxation];
    text += fmt::format(
        " Of these the smallest as a share of its limit is {} to {}: relax that one, if one must be.",
        short_name(decision.constraints[best.constraint]),
        cite_decision(limit_name(decision, best.constraint) + "/relaxation", step_name(decision, best),
                      value_text(decision.constraints[best.constraint], best.new_limit)));
  }
  return text;
}

std::vector<std::string> axis_frontier_sentences(const Decision& decision) {
  const AxisFrontier& frontier = decision.frontier;
  if (frontier.axes.size() < 2) return {};
  std::vector<std::string> axes;
  for (const Metric& metric : frontier.axes) axes.push_back(short_name(as_constraint(metric)));
  std::vector<std::string> members;
  std::vector<std::string> beaten;
  std::vector<std::string> tied;
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < frontier.points.size(); ++i) {
    const AxisPoint& point = frontier.points[i];
    const std::string chance = point.membership
                                   ? fmt::format(" ({})", Cites(decision.candidates[i])(
                                                              "frontier", "", probability(*point.membership)))
                                   : std::string();
    const std::string own = decision.candidates[i].name + chance;
    if (point.status == AxisStatus::kMember) members.push_back(own);
    if (point.status == AxisStatus::kDominated) {
      beaten.push_back(fmt::format("{} by {}", own, names(decision, point.dominated_by)));
    }
    if (point.status == AxisStatus::kTied) {
      tied.push_back(fmt::format("{} with {}", own, names(decision, point.tied_with)));
    }
    if (point.status == AxisStatus::kNotMeasured) missing.push_back(i);
  }
  std::vector<std::string> sentences;
  const bool chances =
      std::ranges::any_of(frontier.points, [](const AxisPoint& p) { return p.membership.has_value(); });
  sentences.push_back(fmt::format(
      "On {} together the frontier is {}{}.", join(axes), members.empty() ? "empty" : join(members),
      chances ? "; in brackets, the share of resampled data in which nobody dominates it" : ""));
  if (!beaten.empty()) sentences.push_back(fmt::format("Dominated: {}.", join(beaten, "; ")));
  if (!tied.empty()) sentences.push_back(fmt::format("Beaten only inside a tie: {}.", join(tied, "; ")));
  if (!missing.empty()) {
    sentences.push_back(fmt::format("Not measured on every axis: {}.", names(decision, missing)));
  }
  std::vector<std::string> firsts;
  for (std::size_t x = 0; x < frontier.axes.size(); ++x) {
    if (frontier.firsts[x].empty()) continue;
    std::vector<std::size_t> ties(frontier.firsts[x].begin() + 1, frontier.firsts[x].end());
    firsts.push_back(fmt::format("{} on {}{}", decision.candidates[frontier.firsts[x].front()].name, axes[x],
                                 ties.empty() ? "" : fmt::format(" (tied: {})", names(decision, ties))));
  }
  if (!firsts.empty()) {
    sentences.push_back(fmt::format("First on one axis, which is not to dominate: {}.", join(firsts, "; ")));
  }
  return sentences;
}

std::vector<std::string> missing_evidence(const Decision& decision) {
  std::vector<std::string> missing;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const Metric& metric = decision.constraints[c].metric;
    std::vector<std::size_t> unmeasured;
    for (const std::size_t i : decision.summaries[c].unknown_for) {
      const bool bounded =
          metric.kind == MetricKind::kRequestsPerSecond && decision.candidates[i].ms_per_example;
      const bool tested = decision.candidates[i].missing.contains(metric.key());
      if (!metric_value(decision.candidates[i], metric) && !bounded && !tested) {
        unmeasured.push_back(i);
        continue;
      }
      const std::string why =
          fmt::format("{}: {}", decision.candidates[i].name, decision.checks[i].checks[c].why);
      if (std::ranges::find(missing, why) == missing.end()) missing.push_back(why);
    }
    if (unmeasured.empty()) continue;
    missing.push_back(fmt::format("{} of {} is not known: {}", metric.name(), names(decision, unmeasured),
                                  metric.how_to_measure()));
  }
  return missing;
}

}  // namespace quantier::note_internal
