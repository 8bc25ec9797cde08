#include "quantier/pipeline/calibration_text.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

constexpr std::size_t kShownOverlaps = 5;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// The middle one; nothing of nothing.
std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

std::string calibration_text(const CalibrationRecord& record, const std::vector<LayerReport>& layers) {
  std::string text = fmt::format("calibrated with {} of {} texts ({} tokens, seed {}) of {}, sha256 {}\n",
                                 record.texts, record.examples_in_file, record.tokens, record.seed,
                                 printable(record.file, 200), record.sha256.substr(0, 16));
  for (std::size_t i = 0; i < std::min(kShownOverlaps, record.overlaps.size()); ++i)
    text += fmt::format("  {}{}\n", record.overlaps[i], record.overlap_allowed ? " (allowed)" : "");
  if (record.overlaps.size() > kShownOverlaps)
    text += fmt::format("  and {} more like these\n", record.overlaps.size() - kShownOverlaps);
  std::map<std::string, std::vector<const LayerReport*>> by_method;
  for (const LayerReport& layer : layers) by_method[layer.method].push_back(&layer);
  for (const auto& [method, members] : by_method) {
    std::vector<double> ratios;
    double seconds = 0;
    for (const LayerReport* layer : members) {
      seconds = std::max(seconds, layer->seconds);
      if (layer->loss && layer->loss_rtn && *layer->loss_rtn > 0)
        ratios.push_back(*layer->loss / *layer->loss_rtn);
    }
    text += fmt::format("  {}: {} layers", method, members.size());
    if (const auto ratio = median(ratios))
      text += fmt::format(", squared error of their blocks {:.2f} of round to nearest's (median)", *ratio);
    text += fmt::format(", at most {:.1f} s a place\n", seconds);
  }
  return text;
}

Json calibration_to_json(const CalibrationRecord& record, const std::vector<LayerReport>& layers) {
  Json rows = Json::array();
  for (const LayerReport& layer : layers) {
    rows.push_back({{"layer", layer.linear},
                    {"method", layer.method},
                    {"alpha", or_null(layer.alpha)},
                    {"scales_in", layer.scales_in.empty() ? Json(nullptr) : Json(layer.scales_in)},
                    {"damping", or_null(layer.damping)},
                    {"outlier_columns", or_null(layer.outliers)},
                    {"dead_inputs", or_null(layer.dead_inputs)},
                    {"output_error_rtn", or_null(layer.output_error_rtn)},
                    {"output_error", or_null(layer.output_error)},
                    {"block_loss_rtn", or_null(layer.loss_rtn)},
                    {"block_loss", or_null(layer.loss)},
                    {"seconds", layer.seconds}});
  }
  return {{"file", record.file},
          {"sha256", record.sha256},
          {"examples_in_file", record.examples_in_file},
          {"seed", record.seed},
          {"texts", record.texts},
          {"tokens", record.tokens},
          {"cut_texts", record.cut_texts},
          {"ids", record.ids},
          {"overlaps", record.overlaps},
          {"overlap_allowed", record.overlap_allowed},
          {"layers", std::move(rows)}};
}

}  // namespace quantier
