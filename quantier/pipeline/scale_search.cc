#include "quantier/pipeline/scale_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace quantier {

Result<FoundScales> search_scales(const ScaleSearch& search, std::size_t width, BlockEval& block) {
  const auto loss_of = [&](const std::vector<float>& scales, BlockRows rows) -> Result<double> {
    QT_TRY(std::vector<BlockCandidate> candidates, search.candidates(scales));
    return block.loss(std::move(candidates), rows);
  };
  std::vector<float> alphas = search.alphas;
  if (search.finalists > 0 && search.finalists < alphas.size()) {
    std::vector<std::pair<double, float>> first;
    for (const float alpha : alphas) {
      QT_TRY(const double loss, loss_of(search.scales(alpha), BlockRows::kFirst));
      first.emplace_back(std::isfinite(loss) ? loss : std::numeric_limits<double>::infinity(), alpha);
    }
    std::ranges::sort(first);
    alphas.clear();
    for (std::size_t i = 0; i < search.finalists; ++i) alphas.push_back(first[i].second);
    std::ranges::sort(alphas);
  }
  FoundScales best;
  best.loss = std::numeric_limits<double>::infinity();
  const auto attempt = [&](std::optional<float> alpha, std::vector<float> scales) -> Status {
    QT_TRY(const double loss, loss_of(scales, BlockRows::kAll));
    if (loss < best.loss) best = {alpha, std::move(scales), loss};
    return {};
  };
  QT_TRY_STATUS(attempt(std::nullopt, std::vector<float>(width, 1.0F)));
  for (const float alpha : alphas) QT_TRY_STATUS(attempt(alpha, search.scales(alpha)));
  if (!std::isfinite(best.loss)) {
    return fail(ErrorKind::kUserInput, "no scales give finite outputs on the calibration texts", "",
                "the block overflows in half precision", "take a recipe without scales");
  }
  return best;
}

}  // namespace quantier
