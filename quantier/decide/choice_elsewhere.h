// What the same limits and the same rule would choose where times and memory are modelled and everything else
// stays as measured.
//
// A modelled time has an error that all configurations of a device share (clock, length, power) and one that
// is its own; the published anchors give the size of both (roofline.h). Every corner of that box is decided:
// a common factor at either end or none, and each configuration's own factor so that two differ by at most
// the error of ratios; memory at its lower or upper end for all, or for all but one. One configuration in all
// corners is an answer; several are an honest "unknown between these". With more configurations than
// kMostCorners the corners are those in which one is favoured and all others are not, and the reverse.
//
// Pure. Milliseconds per example, bytes. Errors: none; what has no time makes the answer unknown when it
// could have been chosen.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "quantier/decide/decision.h"

namespace quantier {

struct ElsewhereCost {
  std::optional<double> ms_per_example;  // the model's point
  double common_error = 0.0;             // log: the interval is point * exp(+-common_error)
  double memory_low_bytes = 0.0;
  double memory_high_bytes = 0.0;
};

struct ChoiceElsewhere {
  std::vector<std::size_t> possible;  // candidates that some corner chooses, ascending
  bool nothing_possible = false;      // in some corner nothing passes
  bool without_time = false;          // a configuration that could have been chosen has no modelled time
  std::optional<std::size_t>
      unmodelled_limit;  // a hard limit that no model answers: tested rates, percentiles

  // The one choice, when it is certain.
  [[nodiscard]] std::optional<std::size_t> certain() const {
    const bool open = nothing_possible || without_time || unmodelled_limit || possible.size() != 1;
    return open ? std::nullopt : std::optional(possible.front());
  }
};

inline constexpr std::size_t kMostCorners = 8;  // configurations of which every corner is decided

// `costs`: one for each candidate. `ratio_error`: |log| within which two times may stand to each other
// otherwise.
[[nodiscard]] ChoiceElsewhere choice_elsewhere(const Decision& decision, std::span<const ElsewhereCost> costs,
                                               double ratio_error);

}  // namespace quantier
