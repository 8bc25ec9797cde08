#include "quantier/decide/constraints.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "quantier/base/utf8.h"
#include "quantier/decide/compare.h"

namespace quantier {

std::optional<MetricValue> metric_value(const Candidate& candidate, const Metric& metric) {
  const auto found = candidate.values.find(metric.key());
  std::optional<MetricValue> stored;
  if (found != candidate.values.end() && std::isfinite(found->second.value)) stored = found->second;
  const auto field = [&](const std::optional<double>& value) -> std::optional<MetricValue> {
    if (!value || !std::isfinite(*value)) return std::nullopt;
    // The interval belongs to the value that it came with.
    if (stored && stored->value == *value) return stored;
    return MetricValue{.value = *value};
  };
  switch (metric.kind) {
    case MetricKind::kMacroF1:
      return field(candidate.macro_f1);
    case MetricKind::kLatency:
      return metric.variant.empty() ? field(candidate.ms_per_example) : stored;
    case MetricKind::kEce:
      return metric.variant.empty() ? field(candidate.ece) : stored;
    case MetricKind::kMemory:
      return field(candidate.memory_bytes);
    case MetricKind::kTierAccuracy:
      for (const Candidate::Tier& tier : candidate.tiers) {
        if (tier.name == metric.part) return field(tier.accuracy);
      }
      return stored;
    default:
      return stored;
  }
}

namespace decide_internal {
namespace {

std::unexpected<Error> refuse(const std::string& where, std::string why, std::string hint) {
  return fail(ErrorKind::kUsage, "cannot decide under this envelope", where, std::move(why), std::move(hint));
}

Status check_number(const std::string& name, double value, bool positive) {
  const bool good = std::isfinite(value) && (positive ? value > 0.0 : value >= 0.0);
  if (good) return {};
  return refuse(name, fmt::format("{} is not a {} number", value, positive ? "positive" : "non-negative"),
                "give a finite number, or leave the limit out");
}

Status check_stated(const StatedConstraint& stated, const std::vector<Candidate>& candidates) {
  const std::string name = stated.metric.name();
  if (!stated.no_worse_than.empty()) {
    QT_TRY_STATUS(check_number(name + ", margin", stated.margin, false));
    if (std::ranges::none_of(candidates,
                             [&](const auto& each) { return each.name == stated.no_worse_than; })) {
      std::vector<std::string> known;
      for (const Candidate& candidate : candidates) known.push_back(candidate.name);
      const std::string near = nearest_name(stated.no_worse_than, known);
      return refuse(name,
                    fmt::format("no_worse_than names \"{}\", which is no configuration of this decision",
                                printable(stated.no_worse_than, 80)),
                    near.empty() ? fmt::format("there are: {}", fmt::join(known, ", "))
                                 : fmt::format("did you mean \"{}\"?", near));
    }
    return {};
  }
  if (!stated.min && !stated.max) return refuse(name, "no limit is given", "give min, max or no_worse_than");
  for (const auto& limit : {stated.min, stated.max}) {
    if (!limit) continue;
    QT_TRY_STATUS(check_number(name, *limit, false));
  }
  if (stated.min && stated.metric.is_fraction() && *stated.min > 1.0) {
    return refuse(name, fmt::format("at least {:g} is impossible: it is never above 1", *stated.min),
                  "shares are fractions: 60 % is 0.6");
  }
  if (stated.max && !stated.metric.is_fraction() && !(*stated.max > 0.0)) {
    return refuse(name, "at most 0 is impossible", "give a positive number");
  }
  return {};
}

// The same thing required to be above one number and below a smaller one.
Status check_contradictions(const std::vector<Constraint>& constraints) {
  for (const Constraint& lower : constraints) {
    for (const Constraint& upper : constraints) {
      if (lower.upper || !upper.upper || lower.no_worse_than || upper.no_worse_than) continue;
      if (!(lower.metric == upper.metric) || !(lower.limit > upper.limit)) continue;
      return refuse(lower.metric.name(),
                    fmt::format("at least {:g} and at most {:g} contradict each other: nothing can be both",
                                lower.limit, upper.limit),
                    "remove one of the two limits");
    }
  }
  return {};
}

Constraint simple(const Metric& metric, double limit, bool upper, std::string basis) {
  return {.kind = metric.kind,
          .tier = metric.part,
          .limit = limit,
          .upper = upper,
          .basis = std::move(basis),
          .metric = metric};
}

void add_latency(const Envelope& envelope, std::vector<Constraint>& constraints) {
  std::optional<Constraint> latency;
  const Metric metric{MetricKind::kLatency};
  if (envelope.max_ms_per_example) latency = simple(metric, *envelope.max_ms_per_example, true, "stated");
  if (envelope.requests_per_second && envelope.rate_from_throughput) {
    const double budget_ms = 1000.0 / *envelope.requests_per_second;
    if (!latency || budget_ms < latency->limit) {
      latency =
          simple(metric, budget_ms, true, fmt::format("{:g} requests/s", *envelope.requests_per_second));
    }
  }
  if (latency) constraints.push_back(*latency);
}

void add_memory(const Envelope& envelope, std::vector<Constraint>& constraints) {
  std::optional<Constraint> memory;
  const Metric metric{MetricKind::kMemory};
  if (envelope.memory_max_bytes) memory = simple(metric, *envelope.memory_max_bytes, true, "stated");
  if (envelope.hardware_memory_bytes) {
    const double usable = *envelope.hardware_memory_bytes * (1.0 - envelope.memory_headroom);
    if (!memory || usable < memory->limit) {
      memory = simple(metric, usable, true,
                      fmt::format("{:g} GB of the device, {:g} % of it left free",
                                  *envelope.hardware_memory_bytes / 1e9, 100.0 * envelope.memory_headroom));
    }
  }
  if (memory) constraints.push_back(*memory);
}

double difference_sign(const Metric& metric) { return metric.less_is_better() ? -1.0 : 1.0; }

// What is missing of a value, and what would give it.
std::string missing_text(const Candidate& candidate, const Constraint& constraint) {
  const auto known = candidate.missing.find(constraint.metric.key());
  if (known != candidate.missing.end()) {
    return fmt::format("{} of {}: {}", constraint.metric.name(), candidate.name, known->second);
  }
  return fmt::format("{} of {} is not known: {}", constraint.metric.name(), candidate.name,
                     constraint.metric.how_to_measure());
}

void fill(Check& check, const Constraint& constraint, const Margins& margins,
          const std::vector<float>& replicates) {
  const double value = *check.value;
  check.headroom = constraint.upper ? constraint.limit - value : value - constraint.limit;
  check.headroom_fraction = constraint.limit != 0.0 ? check.headroom / std::abs(constraint.limit) : 0.0;
  const double margin = margin_of(constraint.metric, constraint.limit, margins);
  check.within_margin = !constraint.no_worse_than && std::abs(check.headroom) <= margin + 1e-12;
  double unit = standard_deviation(replicates);
  if (!replicates.empty()) {
    std::size_t met = 0;
    for (const float each : replicates) {
      met += satisfies(static_cast<double>(each), constraint.limit, constraint.upper) ? 1 : 0;
    }
    check.probability = static_cast<double>(met) / static_cast<double>(replicates.size());
  }
  if (!(unit > 0.0)) {
    check.distance_in_margins = true;
    unit = margin;
  }
  if (unit > 0.0) check.distance = check.headroom / unit;
}

}  // namespace

double margin_of(const Metric& metric, double value, const Margins& margins) {
  switch (metric.kind) {
    case MetricKind::kLatency:
    case MetricKind::kLatencyPercentile:
    case MetricKind::kRequestsPerSecond:
      return margins.latency_fraction * std::abs(value);
    case MetricKind::kMemory:
      return margins.memory_fraction * std::abs(value);
    case MetricKind::kEce:
      return margins.ece;
    default:
      return margins.macro_f1;
  }
}

std::string replicate_key(const Metric& metric, const Envelope& envelope) {
  if (metric.kind == MetricKind::kLatency && metric.variant.empty()) {
    return Metric{.kind = metric.kind, .variant = envelope.latency_protocol}.key();
  }
  return metric.key();
}

Status check_envelope(const std::vector<Candidate>& candidates, const Envelope& envelope) {
  if (candidates.empty()) {
    return fail(ErrorKind::kUsage, "cannot decide", "configurations", "there is none to choose from",
                "measure or import at least one configuration");
  }
  std::set<std::string> names;
  const Candidate* first = nullptr;
  for (const Candidate& candidate : candidates) {
    if (!names.insert(candidate.name).second) {
      return fail(ErrorKind::kUsage, "cannot decide", candidate.name, "two configurations have this name",
                  "give every configuration a name of its own");
    }
    if (candidate.evidence_set.empty()) continue;
    if (first == nullptr) first = &candidate;
    if (first->evidence_set != candidate.evidence_set) {
      return fail(ErrorKind::kUserInput, "these configurations cannot be decided between",
                  fmt::format("{} and {}", first->name, candidate.name),
                  "they were measured over different examples or label sets",
                  "measure them on the same split, or name those that belong together with --config");
    }
  }
  if (envelope.requests_per_second) {
    QT_TRY_STATUS(check_number("requests_per_second", *envelope.requests_per_second, true));
  }
  QT_TRY_STATUS(check_number("requests_per_second_bound_ms", envelope.rate_bound_ms, true));
  if (!(envelope.rate_percentile > 0.0 && envelope.rate_percentile < 100.0)) {
    return refuse("requests_per_second_percentile",
                  fmt::format("{} is no percentile", envelope.rate_percentile),
                  "99 means that 99 % of the requests are faster");
  }
  if (envelope.max_ms_per_example) {
    QT_TRY_STATUS(check_number("max_ms_per_example", *envelope.max_ms_per_example, true));
  }
  if (envelope.macro_f1_min) QT_TRY_STATUS(check_number("macro_f1_min", *envelope.macro_f1_min, false));
  if (envelope.ece_max) QT_TRY_STATUS(check_number("ece_max", *envelope.ece_max, false));
  if (envelope.memory_max_bytes) {
    QT_TRY_STATUS(check_number("memory_max_bytes", *envelope.memory_max_bytes, true));
  }
  if (envelope.hardware_memory_bytes) {
    QT_TRY_STATUS(check_number("hardware memory", *envelope.hardware_memory_bytes, true));
  }
  if (!(envelope.memory_headroom >= 0.0 && envelope.memory_headroom < 1.0)) {
    return refuse("memory headroom", fmt::format("{} is not a share below 1", envelope.memory_headroom),
                  "0.1 leaves a tenth of the device's memory free");
  }
  for (const TierFloor& floor : envelope.tier_floors) {
    QT_TRY_STATUS(check_number("tier accuracy floor", floor.accuracy_min, false));
  }
  QT_TRY_STATUS(check_number("margin macro_f1", envelope.margins.macro_f1, false));
  QT_TRY_STATUS(check_number("margin latency", envelope.margins.latency_fraction, false));
  QT_TRY_STATUS(check_number("margin memory", envelope.margins.memory_fraction, false));
  QT_TRY_STATUS(check_number("margin ece", envelope.margins.ece, false));
  for (const StatedConstraint& stated : envelope.constraints) {
    QT_TRY_STATUS(check_stated(stated, candidates));
  }
  return check_contradictions(make_constraints(candidates, envelope));
}

std::vector<Constraint> make_constraints(const std::vector<Candidate>& candidates, const Envelope& envelope) {
  std::vector<Constraint> constraints;
  add_latency(envelope, constraints);
  if (envelope.requests_per_second && !envelope.rate_from_throughput) {
    constraints.push_back(simple(
        {MetricKind::kRequestsPerSecond}, *envelope.requests_per_second, false,
        fmt::format("a load test at p{:g} <= {:g} ms", envelope.rate_percentile, envelope.rate_bound_ms)));
  }
  if (envelope.macro_f1_min) {
    constraints.push_back(simple({MetricKind::kMacroF1}, *envelope.macro_f1_min, false, "stated"));
  }
  if (envelope.ece_max) {
    const std::string fit = envelope.ece_fit == "cross-fitted" ? std::string() : envelope.ece_fit;
    constraints.push_back(
        simple({.kind = MetricKind::kEce, .variant = fit}, *envelope.ece_max, true, "stated"));
  }
  add_memory(envelope, constraints);
  for (const TierFloor& floor : envelope.tier_floors) {
    constraints.push_back(
        simple({.kind = MetricKind::kTierAccuracy, .part = floor.tier}, floor.accuracy_min, false, "stated"));
  }
  for (const StatedConstraint& stated : envelope.constraints) {
    std::vector<Constraint> made;
    if (!stated.no_worse_than.empty()) {
      Constraint constraint =
          simple(stated.metric, -stated.margin, false, "no worse than " + stated.no_worse_than);
      const auto found = std::ranges::find(candidates, stated.no_worse_than, &Candidate::name);
      constraint.no_worse_than = static_cast<std::size_t>(found - candidates.begin());
      made.push_back(std::move(constraint));
    }
    if (stated.min) made.push_back(simple(stated.metric, *stated.min, false, "stated"));
    if (stated.max) made.push_back(simple(stated.metric, *stated.max, true, "stated"));
    for (Constraint& constraint : made) {
      constraint.hard = stated.hard;
      constraints.push_back(std::move(constraint));
    }
  }
  return constraints;
}

std::vector<float> constraint_replicates(const Candidate& candidate, std::size_t index,
                                         const std::vector<Candidate>& candidates,
                                         const Constraint& constraint, const Envelope& envelope,
                                         const MetricReplicates* replicates) {
  const auto value = metric_value(candidate, constraint.metric);
  if (replicates == nullptr || !value) return {};
  const std::string key = replicate_key(constraint.metric, envelope);
  const std::span<const float> own = replicates->column(key, index);
  if (own.empty() || !constraint.no_worse_than) return centred(own, value->value);
  const auto base = metric_value(candidates[*constraint.no_worse_than], constraint.metric);
  const std::span<const float> other = replicates->column(key, *constraint.no_worse_than);
  if (!base || other.empty()) return {};
  const double sign = difference_sign(constraint.metric);
  std::vector<float> difference(own.size());
  for (std::size_t r = 0; r < own.size(); ++r) difference[r] = static_cast<float>(sign) * (own[r] - other[r]);
  return centred(difference, sign * (value->value - base->value));
}

Check check_one(const Candidate& candidate, const std::vector<Candidate>& candidates,
                const Constraint& constraint, const Margins& margins, const std::vector<float>& replicates) {
  Check check;
  const auto value = metric_value(candidate, constraint.metric);
  if (constraint.no_worse_than) {
    const Candidate& base = candidates[*constraint.no_worse_than];
    const auto other = metric_value(base, constraint.metric);
    if (!value || !other) {
      check.why = missing_text(value ? base : candidate, constraint);
      return check;
    }
    check.value = difference_sign(constraint.metric) * (value->value - other->value);
    fill(check, constraint, margins, replicates);
    if (&base == &candidate) {
      check.outcome = CheckOutcome::kPass;
      check.probability.reset();
      return check;
    }
    if (!satisfies(*check.value, constraint.limit, false)) {
      check.outcome = CheckOutcome::kFail;
      return check;
    }
    if (replicates.empty()) {
      check.why = "no worse is not shown: it takes predictions of both over the same examples";
      return check;
    }
    check.interval = percentile_interval(replicates, "paired percentile bootstrap, centred");
    if (satisfies(check.interval->low, constraint.limit, false)) {
      check.outcome = CheckOutcome::kPass;
    } else {
      check.why = fmt::format("no worse is not shown: the interval of the difference reaches {:.3g}",
                              check.interval->low);
    }
    return check;
  }
  if (constraint.kind == MetricKind::kRequestsPerSecond && !value) {
    const auto ms = known(candidate.ms_per_example);
    if (!ms || !(*ms > 0.0)) {
      check.why = missing_text(candidate, constraint);
      return check;
    }
    const double bound = 1000.0 / *ms;
    if (satisfies(bound, constraint.limit, constraint.upper)) {
      const auto tested = candidate.missing.find(constraint.metric.key());
      check.why = fmt::format(
          "throughput bounds it by {:.4g} requests/s from above, which shows nothing: {}", bound,
          tested == candidate.missing.end() ? constraint.metric.how_to_measure() : tested->second);
      return check;
    }
    check.value = bound;
    check.outcome = CheckOutcome::kFail;
    check.why = "an upper bound, from throughput";
    fill(check, constraint, margins, {});
    return check;
  }
  if (!value) {
    check.why = missing_text(candidate, constraint);
    return check;
  }
  check.value = value->value;
  check.interval = value->interval;
  const bool pass = satisfies(value->value, constraint.limit, constraint.upper);
  check.outcome = pass ? CheckOutcome::kPass : CheckOutcome::kFail;
  fill(check, constraint, margins, replicates);
  if (!check.interval && check.probability) {
    check.interval = percentile_interval(replicates, "percentile bootstrap, centred");
  }
  return check;
}

CheckOutcome outcome_at(const Check& check, const Constraint& constraint, double limit) {
  if (!check.value) return CheckOutcome::kUnknown;
  if (constraint.no_worse_than && check.outcome == CheckOutcome::kUnknown) return CheckOutcome::kUnknown;
  return satisfies(*check.value, limit, constraint.upper) ? CheckOutcome::kPass : CheckOutcome::kFail;
}

}  // namespace decide_internal
}  // namespace quantier
