// Which scales of a place's inputs lose least: a grid of exponents, each tried on the block as it will run.
//
// A candidate is the layers with scaled weights in their packed form and inputs multiplied by 1 / scale; its
// loss is the block's (BlockEval). The first candidate has no scales, so what is found is never worse on
// these texts than round to nearest. Source: Lin et al. 2024, "AWQ", section 3.2 and auto_scale.py; Xiao et
// al. 2023, "SmoothQuant", whose alpha is searched here for each place instead of once for a model.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/formats/block_eval.h"

namespace quantier {

struct ScaleSearch {
  std::vector<float> alphas;
  // [K] scales for an exponent.
  std::function<std::vector<float>(float alpha)> scales;
  // The layers with these scales.
  std::function<Result<std::vector<BlockCandidate>>(const std::vector<float>& scales)> candidates;
  // So many exponents that look best on the first rows are tried on all; 0: every one is.
  std::size_t finalists = 0;
};

struct FoundScales {
  std::optional<float> alpha;  // none: scales of 1 were best
  std::vector<float> scales;   // [K]
  double loss = 0;
};

// `width`: K. Errors: those of `candidates`; kUserInput when every candidate overflows.
[[nodiscard]] Result<FoundScales> search_scales(const ScaleSearch& search, std::size_t width,
                                                BlockEval& block);

}  // namespace quantier
