// Statistics of what is read at one place of a model that stands between two steps.
//
// Errors: kUserInput when an input is not finite: the model overflows on the calibration texts, and nothing
// that is chosen by such numbers can be right.
#pragma once

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/input_place.h"
#include "quantier/engine/staged_model.h"
#include "quantier/formats/input_statistics.h"

namespace quantier {

// What is worth its time: the sums of products cost width^2 a row, the largest and the mean next to nothing.
struct StatisticsWanted {
  bool gram = false;
  bool cross = false;  // needs `reference`
};

// Where the model reads one row of each text alone (StagedModel::rows_read), sums of products are this share
// of the mean over these rows and the rest of the mean over all, times the number of rows: what is read
// counts most, and the other rows fill the directions that one row a text is too few for.
inline constexpr double kReadRowsShare = 0.9;

// `reference` is the float model over the same texts at the same place, or null.
[[nodiscard]] Result<InputStatistics> collect_inputs(StagedModel& model, StagedModel* reference,
                                                     InputPlace place, std::size_t width,
                                                     StatisticsWanted wanted, ThreadPool& pool);

}  // namespace quantier
