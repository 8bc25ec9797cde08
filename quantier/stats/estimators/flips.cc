#include "quantier/stats/estimators/flips.h"

#include "quantier/base/check.h"

namespace quantier {

FlipCounts count_flips(std::span<const std::int32_t> labels, std::span<const std::int32_t> reference,
                       std::span<const std::int32_t> candidate, std::span<const std::uint8_t> mask) {
  QT_CHECK(labels.size() == reference.size() && labels.size() == candidate.size() &&
               (mask.empty() || mask.size() == labels.size()),
           "one prediction of each run for every label");
  FlipCounts flips;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if ((!mask.empty() && mask[i] == 0) || reference[i] == candidate[i]) continue;
    if (reference[i] == labels[i]) {
      ++flips.right_to_wrong;
    } else if (candidate[i] == labels[i]) {
      ++flips.wrong_to_right;
    } else {
      ++flips.wrong_to_wrong;
    }
  }
  return flips;
}

}  // namespace quantier
