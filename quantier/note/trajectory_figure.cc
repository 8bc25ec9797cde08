// Trajectories of named classes over the recipes: a row for each model, accuracy at the left, the mean
// probability of the true class at the right.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/figure_axes.h"
#include "quantier/note/figures.h"
#include "quantier/note/svg.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr std::size_t kMostClasses = 8;  // four shapes, filled and hollow
constexpr double kWidth = 680.0;
constexpr double kPlotWidth = 262.0;
constexpr double kPlotHeight = 130.0;
constexpr double kCharacter = 7.2;  // an upper bound of the mean advance at 12 px

void add_once(std::vector<std::string>& list, const std::string& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

struct Place {
  double x = 0.0;
  double y = 0.0;
};

// Rows of marker and name; returns where they end.
double draw_legend(Svg& svg, const std::vector<NoteNamedClass>& rows,
                   const std::vector<std::string>& classes) {
  Place at{18.0, 14.0};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const NoteNamedClass& each) { return each.label == classes[i]; });
    const std::string text =
        row->tier.empty() ? fmt::format("{} (n = {})", row->label, count(row->examples))
                          : fmt::format("{} ({}, n = {})", row->label, row->tier, count(row->examples));
    const double width = 34.0 + kCharacter * static_cast<double>(text.size());
    if (at.x > 18.0 && at.x + width > kWidth) at = {18.0, at.y + 20.0};
    svg.marker(at.x, at.y, i, i >= kMostClasses / 2);
    svg.text(at.x + 11.0, at.y + 4.0, text);
    at.x += width;
  }
  return at.y + 18.0;
}

// How much lower the names of the recipes reach when they stand too close to be written level; 0: they do
// not.
double turned_by(const std::vector<std::string>& recipes) {
  std::size_t longest = 0;
  for (const std::string& recipe : recipes) longest = std::max(longest, recipe.size());
  const double width = 6.4 * static_cast<double>(longest);
  const double apart = kPlotWidth / (static_cast<double>(std::max<std::size_t>(recipes.size(), 2)) - 0.5);
  return width + 6.0 <= apart ? 0.0 : 0.5 * width;
}

void draw_frame(Svg& svg, const Axis& x, const Axis& y, const std::vector<std::string>& recipes) {
  for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    svg.line(x.from, y.at(tick), x.to, y.at(tick), kGrid);
    svg.text(x.from - 6.0, y.at(tick) + 4.0, fmt::format("{:g}", tick), "end", 11.0);
  }
  svg.line(x.from, y.from, x.to, y.from, kAxis);
  const bool turned = turned_by(recipes) > 0.0;
  for (std::size_t r = 0; r < recipes.size(); ++r) {
    const double at = x.at(static_cast<double>(r));
    if (turned) {
      svg.text(at + 4.0, y.from + 13.0, recipes[r], "end", 11.0, -30.0);
    } else {
      svg.text(at, y.from + 15.0, recipes[r], "middle", 11.0);
    }
  }
}

// A line that breaks where a recipe has no value, and its markers.
void draw_curve(Svg& svg, const std::vector<std::optional<Place>>& places, std::size_t series) {
  const std::string style = fmt::format("stroke:{};stroke-width:1.5;opacity:.7", series_colour(series));
  std::string path;
  for (const std::optional<Place>& place : places) {
    if (place) {
      path += fmt::format("{:.1f},{:.1f} ", place->x, place->y);
    } else {
      if (!path.empty()) svg.polyline(path, style);
      path.clear();
    }
  }
  if (!path.empty()) svg.polyline(path, style);
  for (const std::optional<Place>& place : places) {
    if (place) svg.marker(place->x, place->y, series, series >= kMostClasses / 2);
  }
}

std::optional<double> finite(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace

std::vector<std::string> trajectory_classes(const std::vector<NoteNamedClass>& rows) {
  std::vector<std::string> classes;
  for (const NoteNamedClass& row : rows) {
    if (classes.size() < kMostClasses) add_once(classes, row.label);
  }
  return classes;
}

std::string trajectory_svg(const std::vector<NoteNamedClass>& rows) {
  const std::vector<std::string> classes = trajectory_classes(rows);
  std::vector<std::string> models;
  std::vector<std::string> recipes;
  for (const NoteNamedClass& row : rows) {
    add_once(models, row.model);
    add_once(recipes, row.recipe);
  }
  const double block = kPlotHeight + 62.0 + turned_by(recipes);
  // The legend may take a row for each class at most.
  Svg probe(kWidth, 10.0, "");
  const double legend = draw_legend(probe, rows, classes);
  Svg svg(kWidth, legend + block * static_cast<double>(models.size()) + 6.0,
          "Accuracy and probability of the true class of named classes over the recipes");
  draw_legend(svg, rows, classes);
  const double most = static_cast<double>(std::max<std::size_t>(recipes.size(), 2)) - 1.0;
  for (std::size_t m = 0; m < models.size(); ++m) {
    const double top = legend + block * static_cast<double>(m) + 32.0;
    const Axis y{0.0, 1.0, top + kPlotHeight, top};
    for (const bool probability : {false, true}) {
      const double left = probability ? kWidth - kPlotWidth - 14.0 : 44.0;
      // Room for the markers that stand beside each other at the ends.
      const Axis x{-0.25, most + 0.25, left, left + kPlotWidth};
      const std::string accuracy =
          models[m].empty() ? "accuracy, 95 % interval" : models[m] + ": accuracy, 95 % interval";
      svg.text(left, top - 10.0, probability ? "mean probability of the true class" : accuracy);
      draw_frame(svg, x, y, recipes);
      for (std::size_t c = 0; c < classes.size(); ++c) {
        const double aside = 11.0 * (static_cast<double>(c) - static_cast<double>(classes.size() - 1) / 2.0);
        std::vector<std::optional<Place>> places(recipes.size());
        for (const NoteNamedClass& row : rows) {
          if (row.model != models[m] || row.label != classes[c]) continue;
          const auto r = static_cast<std::size_t>(std::find(recipes.begin(), recipes.end(), row.recipe) -
                                                  recipes.begin());
          const auto value = finite(probability ? row.true_class_probability : row.accuracy);
          if (!value) continue;
          places[r] = Place{x.at(static_cast<double>(r)) + aside, y.at(*value)};
          if (!probability && finite(row.accuracy_low) && finite(row.accuracy_high)) {
            svg.line(places[r]->x, y.at(*row.accuracy_low), places[r]->x, y.at(*row.accuracy_high),
                     fmt::format("stroke:{};stroke-width:1.5", series_colour(c)));
          }
        }
        draw_curve(svg, places, c);
      }
    }
  }
  return svg.finish();
}

}  // namespace quantier::note_internal
