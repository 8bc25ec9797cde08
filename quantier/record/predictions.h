// What a model said about one split: logits of every example in the order of the data file, with what is
// known of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace quantier {

struct Predictions {
  std::size_t example_count = 0;
  std::size_t class_count = 0;
  std::vector<float> logits;                // [example_count, class_count], row-major
  std::vector<std::string> label_names;     // [class_count]
  std::vector<std::int32_t> labels;         // [example_count], or empty when the data has none
  std::vector<std::string> ids;             // [example_count], or empty
  std::vector<std::uint32_t> token_counts;  // [example_count] after truncation, or empty
  std::vector<std::uint8_t> truncated;      // [example_count] 1 where the text was cut, or empty

  // Values of grouping columns by name, each [example_count].
  std::map<std::string, std::vector<std::string>> groups = {};

  [[nodiscard]] std::span<const float> row(std::size_t example) const {
    return std::span(logits).subspan(example * class_count, class_count);
  }
};

// Index of the largest logit; the first of equals, as numpy's argmax. NaN never wins; a row of NaN gives 0.
[[nodiscard]] std::int32_t argmax(std::span<const float> row);

}  // namespace quantier
