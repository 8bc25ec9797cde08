// Sources: peak of allocated device memory, transformers 5.17 on an H100, 32 texts of 128 tokens, measured
// for Quantier in the session that gave the times of the same name.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quantier/base/check.h"
#include "quantier/pipeline/cost_model.h"
#include "quantier/pipeline/roofline_anchors.h"

namespace quantier {
namespace {

constexpr double kMegabyte = 1e6;

constexpr MemoryAnchor kMemoryAnchors[] = {
    {AnchorRole::kWidth, "transformers", "modernbert-base", "h100", Stack::kEager, Technique::kFp16, 32, 128,
     720.0},
    {AnchorRole::kWidth, "transformers", "qwen2.5-0.5b", "h100", Stack::kEager, Technique::kFp16, 32, 128,
     1510.0},
};

MemoryCheck check_anchor(const MemoryAnchor& anchor) {
  const auto cost = forward_cost(anchor_model(anchor.model), anchor.technique,
                                 {anchor.batch, anchor.tokens, false}, anchor.stack);
  QT_CHECK(cost.has_value(), "anchors have a cost");
  const double measured = anchor.measured_mb * kMegabyte;
  MemoryCheck check{.anchor = anchor, .modelled = cost->memory, .interval = {}};
  check.log_excess =
      std::max({0.0, std::log(measured / cost->memory.high), std::log(cost->memory.low / measured)});
  check.interval.low = cost->weight_bytes;  // until the band is known
  return check;
}

}  // namespace

std::span<const MemoryAnchor> memory_anchors() { return kMemoryAnchors; }

MemoryValidation validate_memory(std::span<const MemoryAnchor> more) {
  MemoryValidation validation;
  std::vector<double> excess;
  for (const MemoryAnchor& anchor : memory_anchors()) {
    validation.checks.push_back(check_anchor(anchor));
    if (anchor.role == AnchorRole::kWidth) excess.push_back(validation.checks.back().log_excess);
  }
  for (const MemoryAnchor& anchor : more) validation.checks.push_back(check_anchor(anchor));
  validation.band = memory_band_of(excess);
  for (MemoryCheck& check : validation.checks) {
    check.interval = widened(check.modelled, validation.band, check.interval.low);
    const double measured = check.anchor.measured_mb * kMegabyte;
    check.inside = measured >= check.interval.low && measured <= check.interval.high;
    if (check.anchor.role != AnchorRole::kTest) continue;
    ++validation.tested;
    if (check.inside) ++validation.inside;
  }
  return validation;
}

std::string memory_validation_markdown(const MemoryValidation& validation) {
  std::string text =
      "| role | source | model | device | technique | modelled MB | interval MB | measured MB | inside |\n"
      "|---|---|---|---|---|---:|---:|---:|---|\n";
  for (const MemoryCheck& check : validation.checks) {
    const MemoryAnchor& anchor = check.anchor;
    text += fmt::format("| {} | {} | {} | {} | {} | {:.0f} to {:.0f} | {:.0f} to {:.0f} | {:.0f} | {} |\n",
                        anchor_role_name(anchor.role), anchor.source, anchor.model, anchor.device,
                        technique_name(anchor.technique), check.modelled.low / kMegabyte,
                        check.modelled.high / kMegabyte, check.interval.low / kMegabyte,
                        check.interval.high / kMegabyte, anchor.measured_mb, check.inside ? "yes" : "NO");
  }
  if (validation.band) {
    text += fmt::format(
        "\nFactor {:.2f} from {} anchors: it covers a new one with {:.0f} %. Test peaks inside: {} of "
        "{}.\n",
        std::exp(validation.band->size), validation.band->anchors, 100 * validation.band->nominal_coverage,
        validation.inside, validation.tested);
  }
  return text;
}

}  // namespace quantier
