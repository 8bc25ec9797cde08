// How much the logits of one configuration move when nothing about the model changes: only the batch it runs
// in, or nothing at all. A difference between configurations below this is not a finding.
#pragma once

#include <cstdint>
#include <string>

namespace quantier {

struct NoiseFloor {
  std::string comparison;               // "batch 1 against batch 32", "the same batches again"
  std::uint64_t examples = 0;           // compared
  double max_abs_logit_difference = 0;  // NaN when a logit was NaN on one side only
  std::uint64_t flips = 0;              // predictions that changed
};

}  // namespace quantier
