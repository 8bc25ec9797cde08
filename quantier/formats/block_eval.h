// How a method asks what a choice does to the model, without knowing how the model is run.
//
// A block is what lies between linear layers that share an input and the next place where the residual stream
// is joined: attention up to and with its output layer, gate, up and down together, or an output layer alone.
// It stands on cached inputs of calibration texts; its answer is compared with that of the float weights on
// the same inputs. Source: Lin et al. 2023, "AWQ", section 3.2 (the loss of the scale search).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/formats/packed_linear.h"

namespace quantier {

struct BlockCandidate {
  std::size_t linear = 0;  // index into ModelSpec::linears, one of those that share the block's input
  PackedLinear packed;     // with the multiplier of its input, where the method scales it
};

// On which inputs a choice is tried.
enum class BlockRows : std::uint8_t { kAll, kFirst };  // kFirst: some of them, for a fraction of the time

class BlockEval {
 public:
  virtual ~BlockEval() = default;
  // Mean squared difference of the block's output, with these layers in place, from its output with the float
  // weights; layers that are not named keep those. Not finite when the candidate overflows.
  [[nodiscard]] virtual double loss(std::vector<BlockCandidate> candidates, BlockRows rows) = 0;
};

}  // namespace quantier
