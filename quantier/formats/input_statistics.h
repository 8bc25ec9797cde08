// What calibration texts say about the inputs of one linear layer (or of several that read the same inputs):
// all that a calibrated method may look at besides the weights.
//
// Inputs are what the layer really multiplies, one row for each token: x from the model whose earlier layers
// are quantized already, f from the float model. Sums, not means; row-major; in the units of the inputs
// squared.
#pragma once

#include <cstdint>
#include <vector>

namespace quantier {

struct InputStatistics {
  std::uint64_t in_features = 0;  // K
  std::uint64_t rows = 0;         // tokens seen
  std::vector<float> gram;        // [K, K] sum of x^T x, symmetric
  std::vector<float> cross;       // [K, K] sum of (f - x)^T x; empty when nobody asked for it
  std::vector<float> absmax;      // [K] largest |x|
  std::vector<float> abs_mean;    // [K] mean of |x|
};

}  // namespace quantier
