// Draws the grid of a group of weights in until the error it makes is least: a few large weights may be
// clipped so that the many others lie on finer steps.
//
// The error of a candidate is e H e^T, with e the weights' rounding errors and H the group's own block of
// second moments of the inputs: what the group alone would add to the squared output. So errors of inputs
// that move together, or hardly at all, count as they do in the output. AWQ's clip search (Lin et al. 2024,
// section 4.1; published code, auto_clip.py) minimises the same quantity over a sample of tokens.
#pragma once

#include <span>

#include "quantier/formats/i4_group.h"

namespace quantier {

// The part of a Hessian that belongs to the inputs of one group: `values` points at its first entry, rows are
// `stride` apart.
struct GroupHessian {
  const float* values = nullptr;
  std::size_t stride = 0;
};

// Of the grids i4_grid(weights, symmetric, shrink) over `shrinks`, in (0, 1], the one with the least error;
// the first of equals.
[[nodiscard]] I4Grid least_error_grid(std::span<const float> weights, const GroupHessian& hessian,
                                      bool symmetric, std::span<const float> shrinks);

// The same over shrinks from 1 down to 0.4: steps of 0.04 first, of 0.005 around the best of them then.
[[nodiscard]] I4Grid searched_grid(std::span<const float> weights, const GroupHessian& hessian,
                                   bool symmetric);

}  // namespace quantier
