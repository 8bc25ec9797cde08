// The parts of analyze(), each in its own file; not for other stages.
//
// A row of logits that are all NaN has no answer: its prediction is kNoAnswer's class id, one past the last
// class, so that it is wrong for every label and equal to no other prediction but its like.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/stats/comparisons/analysis.h"
#include "quantier/stats/comparisons/analyze.h"
#include "quantier/stats/comparisons/joint_bootstrap.h"
#include "quantier/stats/estimators/calibration.h"
#include "quantier/stats/estimators/calibration_interval.h"

namespace quantier::analysis_internal {

// What the parts need of one run, computed once.
struct RunView {
  const Run* run = nullptr;
  std::vector<std::int32_t> predictions;  // in [0, class_count]; class_count: no answer
  std::vector<std::uint8_t> right;
  std::vector<std::size_t> finite_rows;  // positions whose logits are all finite, ascending

  [[nodiscard]] const Predictions& data() const { return run->predictions; }
  [[nodiscard]] LabelledLogits labelled() const {
    return {data().logits, data().class_count, data().labels, right};
  }
};

// What all runs share.
struct Split {
  std::span<const std::int32_t> labels;
  std::size_t class_count = 0;
  std::vector<std::uint64_t> support;                 // [class_count] examples
  std::vector<std::vector<std::uint8_t>> tier_masks;  // [tier][example]
  std::vector<std::uint64_t> tier_examples;           // [tier]
  std::vector<std::uint64_t> tier_classes;            // [tier] classes with at least one example

  // The classes and "no answer".
  [[nodiscard]] std::size_t predicted_classes() const { return class_count + 1; }
  // The fixed set of macro-F1.
  [[nodiscard]] std::vector<std::size_t> supported_classes() const {
    std::vector<std::size_t> classes;
    for (std::size_t c = 0; c < class_count; ++c) {
      if (support[c] > 0) classes.push_back(c);
    }
    return classes;
  }
};

// On the pool where there is one; tasks must not depend on each other.
template <class Body>
void for_each_task(ThreadPool* pool, std::size_t tasks, const Body& body) {
  if (pool == nullptr) {
    for (std::size_t task = 0; task < tasks; ++task) body(task);
  } else {
    pool->run(tasks, [&](std::size_t task, std::size_t) { body(task); });
  }
}

// The errors that analyze.h names.
[[nodiscard]] Status check_options(const std::vector<Run>& runs, const AnalysisTiers& tiers,
                                   const AnalysisOptions& options);
[[nodiscard]] Status check_runs(const std::vector<Run>& runs);

[[nodiscard]] RunView view_of(const Run& run);
[[nodiscard]] Split describe_split(const Predictions& predictions, const AnalysisTiers& tiers);

// Everything about one run alone but its bootstrap.
[[nodiscard]] Quality quality_of(const RunView& view, const Split& split, const AnalysisTiers& tiers);
[[nodiscard]] std::vector<NamedClass> named_classes_of(const RunView& view, const Split& split,
                                                       const AnalysisTiers& tiers,
                                                       const std::vector<std::string>& labels);

// One summary per protocol with usable samples; what was left out becomes a remark.
[[nodiscard]] std::vector<LatencySummary> latency_of(const Run& run, std::vector<std::string>& remarks);
[[nodiscard]] std::optional<MemoryRecord> memory_of(const Run& run);

// Fills contrasts, shapes and patterns; after compare_with_reference.
[[nodiscard]] Status add_contrasts(const std::vector<RunView>& views, const Split& split,
                                   const AnalysisTiers& tiers, const AnalysisOptions& options,
                                   Analysis& analysis);
// Fills group_comparisons.
[[nodiscard]] Status compare_groups(const std::vector<RunView>& views, const Split& split,
                                    const AnalysisOptions& options, Analysis& analysis);
// One comparison over the examples of a mask (empty: all); holm_p and the words are not filled.
[[nodiscard]] TierComparison compare_masked(const RunView& reference, const RunView& candidate,
                                            const Split& split, std::span<const std::uint8_t> mask,
                                            const std::string& name, const AnalysisOptions& options);
// The words, once p is adjusted. A real second split takes the place of R.
void judge(TierComparison& comparison, double holm_p);

// Fills Analysis::comparisons and family_size.
[[nodiscard]] Status compare_with_reference(const std::vector<RunView>& views, const Split& split,
                                            const AnalysisTiers& tiers, const AnalysisOptions& options,
                                            Analysis& analysis);
// The run of the reference recipe with the same model and device.
[[nodiscard]] std::optional<std::size_t> reference_of(const std::vector<RunView>& views,
                                                      std::size_t candidate, const std::string& recipe);

// The error at temperatures that others report or would fit.
[[nodiscard]] std::vector<TemperatureReading> temperature_readings_of(const RunView& view,
                                                                      const Calibration& calibration,
                                                                      const AnalysisOptions& options);
// Fills generalisation, temperature_interval and calibration_comparisons.
[[nodiscard]] Status bootstrap_calibration(const std::vector<RunView>& views, const AnalysisOptions& options,
                                           Analysis& analysis);
[[nodiscard]] WeaknessFinding weakness_of(const RunView& reference, const RunView& candidate,
                                          const Split& split, const AnalysisOptions& options);
// Fills classes, support, error_landing and tier intervals of every configuration, class_comparisons, hidden
// and weakness; after compare_with_reference.
void add_class_findings(const std::vector<RunView>& views, const Split& split, const AnalysisTiers& tiers,
                        const AnalysisOptions& options, const JointReplicates& replicates,
                        Analysis& analysis);
// Fills sample_spreads.
[[nodiscard]] Status add_sample_spreads(const std::vector<RunView>& views, const Split& split,
                                        const AnalysisTiers& tiers, const AnalysisOptions& options,
                                        Analysis& analysis);
// Fills the bootstrap's share: intervals of macro-F1 and the differences of every pair.
[[nodiscard]] Status bootstrap_macro_f1(const std::vector<RunView>& views, const Split& split,
                                        const AnalysisTiers& tiers, const AnalysisOptions& options,
                                        Analysis& analysis);

}  // namespace quantier::analysis_internal
