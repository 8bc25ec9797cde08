// What belongs to which row: labels as class ids, files joined by their ids, and label frames that do not
// fit.
//
// A wrong frame is the quiet failure of imported predictions: everything computes, and nothing means
// anything. So predictions whose accuracy is no better than chance are tried with their labels moved by some
// rows, turned round, counted from another number, and with the classes renamed; when one of these recovers
// an accuracy that chance does not explain, it is named.
// Errors: kUserInput with the file and what was found.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/dataset/prediction_file.h"

namespace quantier {

// Labels of a table as class ids in [0, class_count). Names need `class_names`.
[[nodiscard]] Result<std::vector<std::int32_t>> class_ids_of(const PredictionTable& table,
                                                             std::size_t class_count,
                                                             const std::vector<std::string>& class_names);

// Position in `other` of each row of `reference`: by id where both have ids, otherwise row by row.
[[nodiscard]] Result<std::vector<std::size_t>> join_rows(const PredictionTable& reference,
                                                         const PredictionTable& other);

// Rows in a new order; `order` is a permutation.
void reorder(PredictionTable& table, const std::vector<std::size_t>& order);

struct LabelFrameFault {
  std::string what;  // "the labels moved by 1 row", "classes counted from 1", "another order of the classes"
  double accuracy = 0.0;  // as the files stand
  double chance = 0.0;    // of predictions that know the frequencies alone
  double recovered = 0.0;
};
// Whether another frame explains predictions at chance; nullopt when they are better than chance or when
// nothing recovers them. `predictions` and `labels` of one length; ids in [0, class_count) or [0,
// class_count].
[[nodiscard]] std::optional<LabelFrameFault> find_label_frame_fault(std::span<const std::int32_t> predictions,
                                                                    std::span<const std::int32_t> labels,
                                                                    std::size_t class_count);
// The same as an error.
[[nodiscard]] Status check_label_frame(std::span<const std::int32_t> predictions,
                                       std::span<const std::int32_t> labels, std::size_t class_count,
                                       const std::string& source);

}  // namespace quantier
