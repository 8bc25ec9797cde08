// Predictions of several configurations over one split: in the rows of the first, under one list of class
// names, and judged by one list of labels.
//
// Errors: those of the readers; kUserInput for other classes, other examples, labels that differ between the
// files or stand in another frame than the predictions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/interrupt.h"
#include "quantier/base/progress.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/prediction_input.h"

namespace quantier {

struct PredictionSetRequest {
  std::vector<std::string> names;  // runs or files; the first gives the order of the rows
  std::string labels;              // a file of labels, for predictions without; may be empty
  std::string label_names;         // a file of names; may be empty
  std::string other_than;  // a split of the store whose runs are not meant by "model recipe"; may be empty
  PredictionOptions reading;
  ProgressFunction progress = {};
  const Interrupt* interrupt = nullptr;
};

struct PredictionSet {
  std::vector<NamedPredictions> all;
  std::vector<std::string> label_names;  // [classes]
  std::vector<std::int32_t> labels;      // [examples]

  [[nodiscard]] const PredictionTable& first() const { return all.front().table; }
};

// `store`: null when none is given.
[[nodiscard]] Result<PredictionSet> load_prediction_set(const PredictionSetRequest& request, Store* store);

}  // namespace quantier
