// From runs and findings to what a decision reads: numbers by metric, paired intervals, what a tier lost, and
// the joint replicates.
//
// Everything an envelope may ask for is kept under its metric's key, whatever this envelope asks; only the
// replicates of single classes and gates are made on request. So the evidence of one set of runs serves any
// number of decisions, and a store keeps it (decide_cache.h). Nothing here depends on limits, margins or
// objectives. Errors: kInterrupted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/base/thread_pool.h"
#include "quantier/decide/decision.h"
#include "quantier/pipeline/load_evidence.h"
#include "quantier/record/run.h"
#include "quantier/stats/comparisons/analysis.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {

struct DecisionEvidence {
  std::vector<Candidate> candidates;
  std::vector<QualityDifference> differences;
  MetricReplicates replicates;  // empty: the numbers of a table, without predictions
  std::vector<std::string> tier_names;
  std::vector<std::string> label_names;
  std::vector<std::string> remarks;  // a sentence each
};

struct EvidenceOptions {
  std::uint64_t seed = 0;
  std::size_t replicates = 0;
  std::vector<Metric> wanted;  // beyond the usual ones: single classes and gates
  ThreadPool* pool = nullptr;
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

// `analysis` is of exactly these runs, in this order.
[[nodiscard]] Result<DecisionEvidence> decision_evidence(const std::vector<Run>& runs,
                                                         const Analysis& analysis, const AnalysisTiers& tiers,
                                                         const EvidenceOptions& options);

// The metrics of an envelope whose replicates are made on request.
[[nodiscard]] std::vector<Metric> wanted_metrics(const Envelope& envelope);

// Fills ms_per_example and memory_bytes by the protocol and the definition that the envelope compares.
// `rates`: requests per second, from load tests (load_evidence.h).
void apply_protocol(const Envelope& envelope, const LoadEvidence& rates, std::vector<Candidate>& candidates);

}  // namespace quantier
