// Reliability diagrams and gate curves.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/figure_axes.h"
#include "quantier/note/figures.h"
#include "quantier/note/svg.h"

namespace quantier::note_internal {

std::string reliability_svg(const std::vector<NoteCalibration>& calibration) {
  constexpr double kPanel = 210.0;
  constexpr double kPlot = 150.0;
  // A row for each model where that fits.
  const auto of_first = static_cast<std::size_t>(
      std::count_if(calibration.begin(), calibration.end(),
                    [&](const NoteCalibration& row) { return row.model == calibration.front().model; }));
  const std::size_t across = std::clamp<std::size_t>(of_first, 2, 4);
  const std::size_t rows = (calibration.size() + across - 1) / across;
  Svg svg(std::max(kPanel * static_cast<double>(across) + 20.0, 420.0),
          30.0 + kPanel * static_cast<double>(rows),
          "Accuracy against confidence, before and after temperature");
  svg.dot(46.0, 12.0, 1, true);
  svg.text(56.0, 16.0, "before temperature");
  svg.dot(196.0, 12.0, 0, false);
  svg.text(206.0, 16.0, "after temperature");
  for (std::size_t i = 0; i < calibration.size(); ++i) {
    const double left = 40.0 + kPanel * static_cast<double>(i % across);
    const std::size_t row = i / across;
    const double top = 50.0 + kPanel * static_cast<double>(row);
    const Axis x{0.0, 1.0, left, left + kPlot};
    const Axis y{0.0, 1.0, top + kPlot, top};
    svg.text(left, top - 8.0, calibration[i].model + " " + calibration[i].recipe);
    for (const double tick : {0.0, 0.5, 1.0}) {
      svg.line(x.at(tick), y.from, x.at(tick), y.to, kGrid);
      svg.line(x.from, y.at(tick), x.to, y.at(tick), kGrid);
      svg.text(x.at(tick), y.from + 14.0, fmt::format("{:g}", tick), "middle", 11.0);
      svg.text(x.from - 5.0, y.at(tick) + 4.0, fmt::format("{:g}", tick), "end", 11.0);
    }
    svg.line(x.from, y.from, x.to, y.to, "stroke:currentColor;stroke-dasharray:3 3;opacity:.5");
    for (const bool after : {false, true}) {
      const auto& bins = after ? calibration[i].after : calibration[i].before;
      const std::size_t series = after ? 0 : 1;
      std::string path;
      double examples = 0.0;
      for (const NoteReliabilityBin& bin : bins) examples += static_cast<double>(bin.examples);
      for (const NoteReliabilityBin& bin : bins) {
        if (bin.examples == 0 || !std::isfinite(bin.confidence) || !std::isfinite(bin.accuracy)) continue;
        path += fmt::format("{:.1f},{:.1f} ", x.at(bin.confidence), y.at(bin.accuracy));
      }
      svg.polyline(path, fmt::format("stroke:{};stroke-width:1.5", series_colour(series)));
      for (const NoteReliabilityBin& bin : bins) {
        if (bin.examples == 0 || !std::isfinite(bin.confidence) || !std::isfinite(bin.accuracy)) continue;
        const double share = static_cast<double>(bin.examples) / std::max(examples, 1.0);
        svg.dot(x.at(bin.confidence), y.at(bin.accuracy), series, !after, 1.2 + 6.0 * std::sqrt(share));
      }
    }
    if (i / across + 1 == rows) svg.text(x.from + kPlot / 2.0, y.from + 30.0, "confidence", "middle", 11.0);
    if (i % across == 0) svg.text(left - 28.0, top + kPlot / 2.0, "accuracy", "middle", 11.0, -90.0);
  }
  return svg.finish();
}

// Where an answer by itself is right how often: one panel for each model, a curve for each recipe, a point
// for each threshold.
std::string gate_svg(const std::vector<NoteCalibration>& calibration) {
  constexpr double kPanel = 330.0;
  constexpr double kPlot = 260.0;
  constexpr double kHeight = 180.0;
  std::vector<std::string> models;
  std::vector<std::string> recipes;
  double lowest = 1.0;
  double narrowest = 1.0;
  for (const NoteCalibration& row : calibration) {
    if (std::find(models.begin(), models.end(), row.model) == models.end()) models.push_back(row.model);
    if (std::find(recipes.begin(), recipes.end(), row.recipe) == recipes.end()) recipes.push_back(row.recipe);
    for (const NoteGate& gate : row.gates) {
      lowest = std::min(lowest, gate.low);
      narrowest = std::min(narrowest, gate.share);
    }
  }
  const double step = tick_step(1.0 - lowest);
  const double share_step = tick_step(1.0 - narrowest);
  lowest = std::floor(lowest / step) * step;
  narrowest = std::floor(narrowest / share_step) * share_step;
  std::size_t longest = 0;
  for (const std::string& recipe : recipes) longest = std::max(longest, recipe.size());
  const double apart = std::max(90.0, 30.0 + 7.2 * static_cast<double>(longest));
  // Two beside each other: more in a row would shrink until nobody can read them.
  constexpr std::size_t kColumns = 2;
  constexpr double kRow = kHeight + 70.0;
  const std::size_t columns = std::clamp<std::size_t>(models.size(), 1, kColumns);
  const std::size_t panel_rows = std::max<std::size_t>(1, (models.size() + kColumns - 1) / kColumns);
  Svg svg(std::max(kPanel * static_cast<double>(columns) + 40.0,
                   60.0 + apart * static_cast<double>(recipes.size())),
          kRow * static_cast<double>(panel_rows) + 30.0,
          "Accuracy of the answers that pass a confidence threshold against their share");
  for (std::size_t r = 0; r < recipes.size(); ++r) {
    svg.marker(60.0 + apart * static_cast<double>(r), 12.0, r, r > 0);
    svg.text(72.0 + apart * static_cast<double>(r), 16.0, recipes[r]);
  }
  for (std::size_t m = 0; m < models.size(); ++m) {
    const double left = 54.0 + kPanel * static_cast<double>(m % kColumns);
    const double top = 50.0 + kRow * static_cast<double>(m / kColumns);
    const Axis x{narrowest, 1.0, left, left + kPlot};
    const Axis y{lowest, 1.0, top + kHeight, top};
    svg.text(left, top - 8.0, models[m]);
    for (const double tick : ticks(narrowest, 1.0, share_step)) {
      svg.line(x.at(tick), y.from, x.at(tick), y.to, kGrid);
      svg.text(x.at(tick), y.from + 14.0, fmt::format("{:.0f} %", 100.0 * tick), "middle", 11.0);
    }
    for (const double tick : ticks(lowest, 1.0, step)) {
      svg.line(x.from, y.at(tick), x.to, y.at(tick), kGrid);
      svg.text(x.from - 5.0, y.at(tick) + 4.0, fmt::format("{:.2f}", tick), "end", 11.0);
    }
    bool labelled = false;
    std::vector<std::pair<double, double>> labels;  // where thresholds are written
    for (const NoteCalibration& row : calibration) {
      if (row.model != models[m] || row.gates.empty()) continue;
      const auto series =
          static_cast<std::size_t>(std::find(recipes.begin(), recipes.end(), row.recipe) - recipes.begin());
      std::string path;
      for (const NoteGate& gate : row.gates)
        path += fmt::format("{:.1f},{:.1f} ", x.at(gate.share), y.at(gate.accuracy));
      svg.polyline(path, fmt::format("stroke:{};stroke-width:1.5", series_colour(series)));
      for (const NoteGate& gate : row.gates) {
        if (!labelled) {
          svg.line(x.at(gate.share), y.at(gate.low), x.at(gate.share), y.at(gate.high),
                   fmt::format("stroke:{};stroke-width:1.5", series_colour(series)));
          // Above the point, or below it; where others stand in both places the point says enough.
          for (const double aside : {-9.0, 19.0}) {
            const double at_x = x.at(gate.share) + 7.0;
            const double at_y = y.at(gate.accuracy) + aside;
            // Above the plot stands its title.
            const bool free =
                at_y > top + 8.0 && std::none_of(labels.begin(), labels.end(), [&](const auto& other) {
                  return std::abs(other.first - at_x) < 40.0 && std::abs(other.second - at_y) < 13.0;
                });
            if (!free) continue;
            svg.text(at_x, at_y, fmt::format("≥ {:g}", gate.threshold), "start", 11.0);
            labels.emplace_back(at_x, at_y);
            break;
          }
        }
        svg.marker(x.at(gate.share), y.at(gate.accuracy), series, series > 0);
      }
      labelled = true;
    }
    svg.text(left + kPlot / 2.0, y.from + 32.0, "share of the examples answered", "middle", 11.0);
    if (m % kColumns == 0)
      svg.text(left - 42.0, top + kHeight / 2.0, "accuracy of these", "middle", 11.0, -90.0);
  }
  return svg.finish();
}

}  // namespace quantier::note_internal
