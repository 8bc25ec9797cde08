// Tiers by training frequency: head = the most frequent classes, then mid, then tail. Fixed before anything
// is measured. Order: training count descending, ties by label id; classes without training examples come
// last.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quantier/base/error.h"

namespace quantier {

struct Tiers {
  std::vector<std::string> names;           // {"head", "mid", "tail"}
  std::vector<std::int32_t> tier_of_class;  // [classes]
};

// sizes: classes per tier but the last, which takes the rest. An error when they do not fit.
[[nodiscard]] Result<Tiers> make_tiers(const std::vector<std::int64_t>& training_counts,
                                       const std::vector<std::string>& names,
                                       const std::vector<std::size_t>& sizes);

// A JSON object label -> count, in any order; labels absent from it count 0, unknown labels are an error.
[[nodiscard]] Result<std::vector<std::int64_t>> read_training_counts(
    const std::filesystem::path& path, const std::vector<std::string>& label_names);

}  // namespace quantier
