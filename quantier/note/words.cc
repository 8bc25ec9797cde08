#include "quantier/note/words.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/note/cited.h"

namespace quantier::note_internal {

std::string visible(std::string_view text) {
  std::string out;
  for (const Span& span : spans_of(text)) out += span.text;
  return out;
}

std::string fixed(const std::optional<double>& value, int digits) {
  if (!value || !std::isfinite(*value)) return "–";
  return fmt::format("{:.{}f}", *value, digits);
}

std::string milliseconds(const std::optional<double>& value, int digits) {
  constexpr int kSignificant = 3;
  constexpr int kMostDigits = 6;  // nanoseconds
  if (value && *value > 0.0 && *value < 1.0) {
    const int zeros = static_cast<int>(-std::floor(std::log10(*value))) - 1;  // behind the point
    digits = std::max(digits, std::min(zeros + kSignificant, kMostDigits));
  }
  return fixed(value, digits);
}

std::string signed_fixed(double value, int digits) {
  if (!std::isfinite(value)) return "–";
  std::string size = fmt::format("{:.{}f}", std::abs(value), digits);
  if (size.find_first_not_of("0.") == std::string::npos) return size;
  return (value < 0.0 ? "−" : "+") + size;
}

std::string points(double fraction) { return signed_fixed(100.0 * fraction, 1); }

std::string count(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string range(double low, double high, int digits) {
  const std::string first = fixed(low, digits);
  const std::string last = fixed(high, digits);
  return first == last ? first : fmt::format("{} to {}", first, last);
}

std::string memory(const std::optional<double>& bytes) {
  if (!bytes || !std::isfinite(*bytes)) return "–";
  if (*bytes >= 1e9) return fmt::format("{:.2f} GB", *bytes / 1e9);
  return fmt::format("{:.1f} MB", *bytes / 1e6);
}

std::string short_key(std::string_view run_key) {
  constexpr std::size_t kShown = 8;
  return run_key.empty() ? "–" : std::string(run_key.substr(0, kShown));
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator == ", " && i + 1 == parts.size() ? " and " : separator;
    text += parts[i];
  }
  return text;
}

std::string value_text(const Constraint& constraint, double value) {
  const std::string sign = constraint.no_worse_than && value > 0.0 ? "+" : "";
  switch (constraint.kind) {
    case ConstraintKind::kLatency:
      return sign + milliseconds(value) + " ms/example";
    case ConstraintKind::kLatencyPercentile:
      return sign + milliseconds(value) + " ms";
    case ConstraintKind::kMemory:
      return sign + memory(value);
    case ConstraintKind::kRequestsPerSecond:
      return sign + fmt::format("{:.4g} requests/s", value);
    default:
      return constraint.no_worse_than ? signed_fixed(value, 3) : fixed(value, 3);
  }
}

std::string limit_text(const Constraint& constraint) {
  if (constraint.no_worse_than) {
    return fmt::format("{} {}, by at most {}", constraint.metric.name(), constraint.basis,
                       fixed(-constraint.limit, 3));
  }
  std::string what = constraint.metric.name();
  if (constraint.kind == ConstraintKind::kTierAccuracy)
    what = fmt::format("accuracy in tier {}", constraint.tier);
  if (constraint.kind == ConstraintKind::kLatency && constraint.metric.variant.empty()) what = "latency";
  std::string limit = value_text(constraint, constraint.limit);
  // As it was stated: "10 ms/example", not "10.00".
  if (constraint.kind == ConstraintKind::kLatency) limit = fmt::format("{:g} ms/example", constraint.limit);
  if (constraint.kind == ConstraintKind::kLatencyPercentile) limit = fmt::format("{:g} ms", constraint.limit);
  if (constraint.kind == ConstraintKind::kMemory && constraint.limit < 1e9) {
    limit = fmt::format("{:g} MB", constraint.limit / 1e6);
  }
  return fmt::format("{} {} {}{}", what, constraint.upper ? "≤" : "≥", limit,
                     constraint.hard ? "" : " (soft)");
}

std::string check_text(const Decision& decision, std::size_t candidate, std::size_t c) {
  const Constraint& constraint = decision.constraints[c];
  const Check& check = decision.checks[candidate].checks[c];
  if (!check.value) return "unknown";
  const auto cited = [&](const std::string& text) { return cite_check(decision, candidate, c, "", text); };
  if (check.outcome == CheckOutcome::kUnknown) {
    return cited(value_text(constraint, *check.value)) + " not shown";
  }
  const char* word = check.outcome == CheckOutcome::kPass ? "pass" : "FAIL";
  const std::string value = constraint.kind == ConstraintKind::kLatency
                                ? milliseconds(check.value)
                                : value_text(constraint, *check.value);
  const std::string chance = check.probability ? ", " + probability(*check.probability) : std::string();
  return fmt::format("{}{}", cited(fmt::format("{} {}{}", value, word, chance)),
                     check.within_margin ? " (near)" : "");
}

std::string probability(double share) {
  if (share > 0.0 && share < 0.005) return "<1 %";
  if (share < 1.0 && share > 0.995) return ">99 %";
  return fmt::format("{:.0f} %", 100.0 * share);
}

std::string name(const Decision& decision, const std::optional<std::size_t>& index) {
  return index ? decision.candidates[*index].name : std::string("no configuration");
}

std::string names(const Decision& decision, const std::vector<std::size_t>& indices) {
  const std::vector<Candidate>& all = decision.candidates;
  if (indices.size() > 1 && indices.size() == all.size()) return "every configuration";
  std::vector<std::string> parts;
  std::vector<std::string> whole;  // models already named
  for (const std::size_t i : indices) {
    const std::string& model = all[i].model;
    const auto of_model = [&](const Candidate& candidate) { return candidate.model == model; };
    const auto there =
        std::count_if(indices.begin(), indices.end(), [&](std::size_t k) { return of_model(all[k]); });
    if (there < 2 || there != std::count_if(all.begin(), all.end(), of_model)) {
      parts.push_back(all[i].name);
    } else if (std::find(whole.begin(), whole.end(), model) == whole.end()) {
      whole.push_back(model);
      parts.push_back(fmt::format("every {} configuration", model));
    }
  }
  return join(parts);
}

std::optional<QualityDifference> paired_lead(const std::vector<QualityDifference>& differences,
                                             const std::string& first, const std::string& second) {
  for (const QualityDifference& pair : differences) {
    if (pair.first == first && pair.second == second) return pair;
    if (pair.first == second && pair.second == first) {
      return QualityDifference{first, second, -pair.difference, -pair.high, -pair.low};
    }
  }
  return std::nullopt;
}

std::string lead_text(const std::vector<QualityDifference>& differences, const Candidate& first,
                      const Candidate& second) {
  if (!first.macro_f1 || !second.macro_f1) return "–";
  std::string lead = signed_fixed(*first.macro_f1 - *second.macro_f1, 3);
  const auto pair = paired_lead(differences, first.name, second.name);
  if (!pair) return cite_lead(differences, first, second, lead);
  return cite_lead(differences, first, second,
                   fmt::format("{} [{}, {}]", lead, signed_fixed(pair->low, 3), signed_fixed(pair->high, 3)));
}

std::string short_name(const Constraint& constraint) {
  if (constraint.kind == ConstraintKind::kLatency && constraint.metric.variant.empty()) return "latency";
  return constraint.metric.name();
}

std::string limits_not_passed(const Decision& decision, std::size_t candidate) {
  std::vector<std::string> failed;
  std::vector<std::string> unknown;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    if (!decision.constraints[c].hard) continue;
    const CheckOutcome outcome = decision.checks[candidate].checks[c].outcome;
    if (outcome == CheckOutcome::kFail) failed.push_back(short_name(decision.constraints[c]));
    if (outcome == CheckOutcome::kUnknown) unknown.push_back(short_name(decision.constraints[c]));
  }
  std::string text = failed.empty() ? "" : "fails " + join(failed);
  if (!unknown.empty()) text += (text.empty() ? "" : "; ") + ("not measured: " + join(unknown));
  return text;
}

std::string choice_sentence(const Decision& decision) {
  if (decision.chosen) {
    const Candidate& chosen = decision.candidates[*decision.chosen];
    std::vector<std::string> known;
    std::vector<std::string> missing;
    const auto add = [&](const std::optional<double>& value, const char* what, std::string text) {
      if (value && std::isfinite(*value)) {
        known.push_back(std::move(text));
      } else {
        missing.emplace_back(what);
      }
    };
    const Cites cites(chosen);
    add(chosen.macro_f1, "macro-F1", "macro-F1 " + cites("macro-f1", "", fixed(chosen.macro_f1, 3)));
    add(chosen.ms_per_example, "time",
        cites("time", "", milliseconds(chosen.ms_per_example)) + " ms/example");
    add(chosen.memory_bytes, "memory", cites("memory", "", memory(chosen.memory_bytes)) + " of memory");
    add(chosen.ece, "ECE",
        fmt::format("ECE {} after temperature scaling", cites("ece", "", fixed(chosen.ece, 3))));
    return fmt::format("Recommendation: {}{}{}{}.", chosen.name, known.empty() ? "" : ", with ", join(known),
                       missing.empty() ? "" : fmt::format("; not measured: {}", join(missing)));
  }
  if (!decision.minimal_relaxation) {
    return "No recommendation: no configuration is known to meet every limit.";
  }
  std::vector<std::string> moves;
  for (const Shortfall::Part& part : decision.minimal_relaxation->parts) {
    const Constraint& constraint = decision.constraints[part.constraint];
    moves.push_back(fmt::format("{} moved to {}", limit_text(constraint),
                                cite_decision("shortfall", limit_name(decision, part.constraint),
                                              value_text(constraint, part.new_limit))));
  }
  return fmt::format("No configuration meets every limit. Nearest is {}; it would need {}.",
                     name(decision, decision.minimal_relaxation->candidate), join(moves));
}

std::string binding_sentence(const Decision& decision) {
  std::vector<std::string> violated;
  std::vector<std::string> binding;
  std::vector<std::string> unknown;
  for (std::size_t c = 0; c < decision.constraints.size(); ++c) {
    const ConstraintSummary& summary = decision.summaries[c];
    const std::string limit = limit_text(decision.constraints[c]);
    if (summary.binds)
      violated.push_back(fmt::format("{} (by {})", limit, names(decision, summary.failed_by)));
    if (summary.binding) binding.push_back(limit);
    if (!summary.unknown_for.empty()) {
      unknown.push_back(fmt::format("{} for {}", limit, names(decision, summary.unknown_for)));
    }
  }
  if (decision.constraints.empty()) return "No limits were stated.";
  std::string text = fmt::format("Violated: {}.", join(violated));
  if (violated.empty())
    text = unknown.empty() ? "No limit is violated." : "No limit is known to be violated.";
  if (!unknown.empty()) text += fmt::format(" Not shown, and so not passed: {}.", join(unknown));
  if (!binding.empty()) {
    text += fmt::format(" Binding (relaxed alone, it {}): {}.",
                        decision.chosen ? "changes the choice" : "lets something in", join(binding));
  } else if (decision.chosen) {
    text += " No limit binds.";
  }
  if (decision.chosen && decision.tightest) {
    const Check& check = decision.checks[*decision.chosen].checks[*decision.tightest];
    const auto cited = [&](const char* field, const std::string& shown) {
      return cite_check(decision, *decision.chosen, *decision.tightest, field, shown);
    };
    text +=
        fmt::format(" {} passes every hard limit; tight, the nearest to failing, is {}: {}, {} {} away{}.",
                    name(decision, decision.chosen), limit_text(decision.constraints[*decision.tightest]),
                    cited("", value_text(decision.constraints[*decision.tightest], *check.value)),
                    cited("distance", fixed(check.distance, 1)),
                    check.distance_in_margins ? "declared margins" : "of its standard errors",
                    check.probability ? fmt::format(" (met in {} of resampled data)",
                                                    cited("probability", probability(*check.probability)))
                                      : std::string());
  }
  return text;
}

std::vector<Relaxation> telling_relaxations(const Decision& decision) {
  std::vector<Relaxation> telling;
  for (const Relaxation& relaxation : decision.relaxations) {
    // They come by limit, smallest move first.
    const bool same_limit = !telling.empty() && telling.back().constraint == relaxation.constraint;
    const std::optional<std::size_t> before = same_limit ? telling.back().winner : decision.chosen;
    if (relaxation.winner != before) telling.push_back(relaxation);
  }
  return telling;
}

std::string relaxation_sentence(const Decision& decision, const Relaxation& relaxation) {
  const Constraint& constraint = decision.constraints[relaxation.constraint];
  const std::string winner = relaxation.changes_choice
                                 ? fmt::format("the choice becomes {}", name(decision, relaxation.winner))
                                 : fmt::format("the choice stays {}", name(decision, relaxation.winner));
  const std::string moved = fmt::format("{} (by {})", value_text(constraint, relaxation.new_limit),
                                        value_text(constraint, relaxation.change));
  return fmt::format("{} moved to {} lets in {}: {}.", limit_text(constraint),
                     cite_decision(limit_name(decision, relaxation.constraint) + "/relaxation",
                                   step_name(decision, relaxation), moved),
                     names(decision, relaxation.becomes_viable), winner);
}

}  // namespace quantier::note_internal
