// A smaller sample of a data set that keeps its mix of labels.
//
// Each label gets its share of the sample by largest remainder (ties to the smaller label), so that no label
// is off by one example or more; which of its examples are kept is drawn by seed. Without labels the sample
// is simply random.
#pragma once

#include <cstdint>
#include <vector>

#include "quantier/dataset/dataset.h"

namespace quantier {

// Indices of the examples kept, in file order; all of them when `size` is not smaller than the data.
[[nodiscard]] std::vector<std::size_t> stratified_sample(const Dataset& dataset, std::size_t size,
                                                         std::uint64_t seed);

// Only these examples. The hash still identifies the file that they came from.
[[nodiscard]] Dataset keep_examples(const Dataset& dataset, const std::vector<std::size_t>& indices);

}  // namespace quantier
