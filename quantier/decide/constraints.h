// Limits: from the envelope to a list, and every configuration checked against every one of them.
//
// A value that nobody measured never passes, and the check says what to run. Throughput is an upper bound of
// the sustained rate: below the limit it fails it, above it shows nothing. "No worse than" is a test of
// non-inferiority: it passes when the whole paired interval of the difference lies above minus the margin,
// fails when the difference itself lies below, and is not shown in between or without paired predictions.
// With replicates every check has the probability of being met on resampled data, the value staying centred
// on what was observed.
#pragma once

#include <vector>

#include "quantier/decide/decision.h"

namespace quantier::decide_internal {

// Errors of decide_candidates().
[[nodiscard]] Status check_envelope(const std::vector<Candidate>& candidates, const Envelope& envelope);

[[nodiscard]] std::vector<Constraint> make_constraints(const std::vector<Candidate>& candidates,
                                                       const Envelope& envelope);

// Centred replicates of what a constraint reads; empty without.
[[nodiscard]] std::vector<float> constraint_replicates(const Candidate& candidate, std::size_t index,
                                                       const std::vector<Candidate>& candidates,
                                                       const Constraint& constraint, const Envelope& envelope,
                                                       const MetricReplicates* replicates);

[[nodiscard]] Check check_one(const Candidate& candidate, const std::vector<Candidate>& candidates,
                              const Constraint& constraint, const Margins& margins,
                              const std::vector<float>& replicates);

// By the constraint alone: is it met, missed or unknown at another limit?
[[nodiscard]] CheckOutcome outcome_at(const Check& check, const Constraint& constraint, double limit);

// The declared margin in the unit of the metric, at a value.
[[nodiscard]] double margin_of(const Metric& metric, double value, const Margins& margins);

// The metric whose replicates stand for this one: the protocol that the envelope compares, for example.
[[nodiscard]] std::string replicate_key(const Metric& metric, const Envelope& envelope);

}  // namespace quantier::decide_internal
