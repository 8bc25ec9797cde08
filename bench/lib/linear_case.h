// Linear layers of the two full geometries with random weights, for benchmarks of single products.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/engine/weights.h"

namespace quantier {

struct BenchmarkShape {
  const char* name;
  std::size_t out_features;
  std::size_t in_features;
};
[[nodiscard]] std::span<const BenchmarkShape> benchmark_shapes();

// One layer packed for a recipe, and inputs as its plan stores activations.
struct LinearCase {
  Plan plan;
  LinearWeights weights;
  std::vector<float> x;  // [rows, in_features]
};
[[nodiscard]] Result<LinearCase> make_linear_case(const BenchmarkShape& shape, const std::string& recipe,
                                                  std::size_t rows);

[[nodiscard]] std::vector<float> normal_values(std::size_t count, ActivationRounding rounding);

// Processor time of this thread for one run, from as many runs as take 20 ms.
[[nodiscard]] double seconds_of(const std::function<void()>& run);

}  // namespace quantier
