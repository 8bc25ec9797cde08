// Predictions against a reference, without a model, an engine or a configuration: what changed, in which
// tier, and whether that is more than noise.
//
// All predictions are brought into the reference's rows (by ids where both have them) and judged by its
// labels. The family of Holm's correction is every candidate times (all examples and each tier): what is
// named on the command line is what was declared. Groups are beside it, and where the runs know which texts
// were cut, "truncated" is one of them unasked. Errors: those of the readers and of analyze(); kUserInput for
// labels that differ between files or stand in another frame than the predictions, and for a second split
// that is the first again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/json.h"
#include "quantier/base/progress.h"
#include "quantier/pipeline/prediction_input.h"
#include "quantier/pipeline/tier_input.h"
#include "quantier/stats/comparisons/analysis.h"

namespace quantier {

// The same configurations on examples that took no part: what they show takes the place of R (analysis.h).
struct SecondSplitRequest {
  std::vector<std::string> files;  // in the order of reference and candidates; empty: none
  std::string labels;              // a file of labels for them; may be empty
  std::string stored;              // name of a split of the store, instead of files; empty: none
};

struct CompareOptions {
  std::string reference;
  std::vector<std::string> candidates;
  std::string store;  // empty: files only
  PredictionOptions reading;
  std::string labels;       // a file of labels, for predictions without; may be empty
  std::string label_names;  // a file of names; may be empty
  TierRequest tiers;
  std::vector<std::string> groups;  // FILE.json or FILE#KEY each (group_input.h): exploratory
  SecondSplitRequest second;
  std::uint64_t seed = 20260101;
  std::uint32_t replicates = 10000;
  double margin = 0.01;
  double gate_threshold = 0.8;
  std::filesystem::path figures;           // folder; empty: none
  std::vector<std::string> named_classes;  // followed one by one over the predictions
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct Comparison {
  Analysis analysis;  // configurations[0] is the reference; recipes carry the names
  std::vector<std::string> names;
  std::vector<std::string> sources;  // files and keys, or runs
  std::vector<std::string> remarks;
  std::vector<std::filesystem::path> figures;
};

[[nodiscard]] Result<Comparison> compare_predictions(const CompareOptions& options);

[[nodiscard]] Json comparison_to_json(const Comparison& comparison);

// A terminal's table: per candidate and tier, groups and a second split where there are any, then the whole
// split. `detail`: also what stands beside the words and never changes them (half splits, whole classes
// resampled, bootstrap, margins by decile).
[[nodiscard]] std::string comparison_text(const Comparison& comparison, bool detail);

}  // namespace quantier
