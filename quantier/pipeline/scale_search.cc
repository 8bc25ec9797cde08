#include "quantier/pipeline/scale_search.h"

#include <cmath>
#include <limits>
#include <utility>

namespace quantier {

Result<FoundScales> search_scales(const ScaleSearch& search, std::size_t width, BlockEval& block) {
  FoundScales best;
  best.loss = std::numeric_limits<double>::infinity();
  const auto attempt = [&](std::optional<float> alpha, std::vector<float> scales) -> Status {
    QT_TRY(std::vector<BlockCandidate> candidates, search.candidates(scales));
    const double loss = block.loss(std::move(candidates));
    if (loss < best.loss) best = {alpha, std::move(scales), loss};
    return {};
  };
  QT_TRY_STATUS(attempt(std::nullopt, std::vector<float>(width, 1.0F)));
  for (const float alpha : search.alphas) QT_TRY_STATUS(attempt(alpha, search.scales(alpha)));
  if (!std::isfinite(best.loss)) {
    return fail(ErrorKind::kUserInput, "no scales give finite outputs on the calibration texts", "",
                "the block overflows in half precision", "take a recipe without scales");
  }
  return best;
}

}  // namespace quantier
