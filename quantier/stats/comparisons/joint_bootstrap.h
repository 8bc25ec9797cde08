// Paired bootstrap of accuracy and F1, for any number of runs at once.
//
// Each replicate draws the examples once, with replacement, and reads every run on that draw: one set of
// draws serves the interval of each run and of each pair. Examples with the same label and the same
// predictions in every run are one cell, so that a replicate costs O(cells) whatever the number of examples.
// Replicate r is a pure function of (seed, r). Source: Efron and Tibshirani, "An introduction to the
// bootstrap", 1993, section 13.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/base/thread_pool.h"
#include "quantier/stats/estimators/interval.h"

namespace quantier::analysis_internal {

struct JointBootstrap {
  std::span<const std::int32_t> labels;  // in [0, classes)
  std::vector<std::span<const std::int32_t>>
      predictions;  // [run][example], in [0, classes]: "no answer" last
  std::size_t classes = 0;
  std::vector<std::int32_t> tier_of_class;  // empty, or [class]; -1 for a class in no tier
  std::size_t tiers = 0;
  std::uint64_t seed = 0;
  std::uint32_t replicates = 0;
  std::uint32_t class_replicates = 0;  // the first so many also keep the F1 of every class
  ThreadPool* pool = nullptr;
  ProgressFunction progress;
  const Interrupt* interrupt = nullptr;
};

// Columns of replicates. Group 0 is everything, group 1 + t is tier t. A tier without an example in the split
// reads 0; so does the accuracy of a tier in a replicate that drew none of its examples.
struct JointReplicates {
  std::size_t runs = 0;
  std::size_t groups = 0;
  std::size_t classes = 0;
  std::size_t replicates = 0;
  std::size_t class_replicates = 0;
  std::size_t cells = 0;
  std::vector<double> macro_f1;  // [group][run][replicate]; mean over the group's classes with support
  std::vector<double> accuracy;  // [group][run][replicate]
  std::vector<float> class_f1;   // [run][class][replicate]

  [[nodiscard]] std::span<const double> macro_f1_of(std::size_t group, std::size_t run) const {
    return std::span(macro_f1).subspan((group * runs + run) * replicates, replicates);
  }
  [[nodiscard]] std::span<const double> accuracy_of(std::size_t group, std::size_t run) const {
    return std::span(accuracy).subspan((group * runs + run) * replicates, replicates);
  }
  [[nodiscard]] std::span<const float> class_f1_of(std::size_t run, std::size_t class_id) const {
    return std::span(class_f1).subspan((run * classes + class_id) * class_replicates, class_replicates);
  }
};

// Errors: kInterrupted.
[[nodiscard]] Result<JointReplicates> run_joint_bootstrap(const JointBootstrap& input);

// 95 % percentile interval, read without interpolation, and the mean. `values` is reordered; not empty.
struct ReplicateSummary {
  Interval interval;
  double mean = 0.0;
};
[[nodiscard]] ReplicateSummary summarise_replicates(std::span<double> values, const char* method);

}  // namespace quantier::analysis_internal
