// Flips: examples whose prediction differs between two runs, by direction.
//
// Gross and net are told apart, because two models of equal accuracy may disagree on every tenth example.
// Errors: none; the spans must have equal lengths (a bug otherwise). `mask` selects examples; empty selects
// all.
#pragma once

#include <cstdint>
#include <span>

namespace quantier {

struct FlipCounts {
  std::uint64_t right_to_wrong = 0;
  std::uint64_t wrong_to_right = 0;
  std::uint64_t wrong_to_wrong = 0;  // from one wrong class to another

  // Change in the number of right predictions.
  [[nodiscard]] std::int64_t net() const {
    return static_cast<std::int64_t>(wrong_to_right) - static_cast<std::int64_t>(right_to_wrong);
  }
  [[nodiscard]] std::uint64_t gross() const { return right_to_wrong + wrong_to_right + wrong_to_wrong; }
  // Those that change accuracy.
  [[nodiscard]] std::uint64_t discordant() const { return right_to_wrong + wrong_to_right; }
};

[[nodiscard]] FlipCounts count_flips(std::span<const std::int32_t> labels,
                                     std::span<const std::int32_t> reference,
                                     std::span<const std::int32_t> candidate,
                                     std::span<const std::uint8_t> mask = {});

}  // namespace quantier
