// Compares predictions with reference logits: the largest difference and the predictions that flip.
//   fidelity PREDICTIONS.npz REFERENCE.npz ARRAY
// PREDICTIONS has `logits`, as `quantier predict` writes it; ARRAY names the reference's array of the same
// shape.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/dataset/npz.h"
#include "quantier/record/predictions.h"

namespace {

using quantier::NpyArray;

quantier::Result<NpyArray> find_array(const std::string& path, const std::string& name) {
  QT_TRY(auto arrays, quantier::read_npz(path));
  for (NpyArray& array : arrays) {
    if (array.name == name) return std::move(array);
  }
  return quantier::fail(quantier::ErrorKind::kUserInput, "array not found", path, name);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: fidelity PREDICTIONS.npz REFERENCE.npz ARRAY\n");
    return 2;
  }
  const auto predicted = find_array(argv[1], "logits");
  const auto reference = find_array(argv[2], argv[3]);
  for (const auto* array : {&predicted, &reference}) {
    if (!array->has_value()) {
      fmt::print(stderr, "fidelity: {}\n", array->error().message());
      return 1;
    }
  }
  const auto* ours = std::get_if<std::vector<float>>(&predicted->values);
  const auto* theirs = std::get_if<std::vector<float>>(&reference->values);
  if (ours == nullptr || theirs == nullptr || predicted->shape != reference->shape ||
      predicted->shape.size() != 2) {
    fmt::print(stderr, "fidelity: both arrays must be float32 of the same shape [N, C]\n");
    return 1;
  }
  const std::size_t classes = predicted->shape[1];
  double largest = 0;
  std::size_t flips = 0;
  for (std::size_t row = 0; row < predicted->shape[0]; ++row) {
    const auto a = std::span(*ours).subspan(row * classes, classes);
    const auto b = std::span(*theirs).subspan(row * classes, classes);
    for (std::size_t c = 0; c < classes; ++c) {
      const double difference = std::abs(static_cast<double>(a[c]) - static_cast<double>(b[c]));
      // A NaN must not pass as "not larger".
      if (!(difference <= largest)) largest = difference;
    }
    if (quantier::argmax(a) != quantier::argmax(b)) ++flips;
  }
  fmt::print("{} examples, max |logit - reference| = {:.3g}, flips = {}\n", predicted->shape[0], largest,
             flips);
  return std::isfinite(largest) ? 0 : 1;
}
