#include "quantier/pipeline/findings_parts.h"

#include <algorithm>

#include <fmt/format.h>

namespace quantier::findings_internal {

std::string interval_text(const Interval& interval) {
  return fmt::format("[{:+.6f}, {:+.6f}] at {:g} % ({})", interval.low, interval.high, 100.0 * interval.level,
                     interval.method);
}

Arithmetic of_flips(std::uint64_t n, const FlipCounts& flips) {
  return {
      {"examples", fmt::format("n = {}", n)},
      {"lost", fmt::format("{} right in the reference and wrong in the candidate", flips.right_to_wrong)},
      {"gained", fmt::format("{} wrong in the reference and right in the candidate", flips.wrong_to_right)},
      {"wrong both times", fmt::format("{} with another wrong answer", flips.wrong_to_wrong)},
      {"net and gross", fmt::format("net {:+}, gross {}", flips.net(), flips.gross())}};
}

std::string mid_p_text(const FlipCounts& flips, double mid_p) {
  const std::uint64_t m = flips.discordant();
  if (m == 0) return "no prediction changed between right and wrong: 1";
  const std::uint64_t less = std::min(flips.right_to_wrong, flips.wrong_to_right);
  if (2 * less == m) return fmt::format("X ~ Binomial({}, 1/2); both counts are equal: 1", m);
  return fmt::format("X ~ Binomial({}, 1/2); 2 P(X < {}) + P(X = {}) = {:.6g}", m, less, less, mid_p);
}

}  // namespace quantier::findings_internal
