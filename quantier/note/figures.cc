#include "quantier/note/figures.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "quantier/note/figure_axes.h"
#include "quantier/note/svg.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr double kCharacter = 7.2;  // an upper bound of the mean advance at 12 px

struct Box {
  double x, y, width, height;
  [[nodiscard]] bool overlaps(const Box& other) const {
    return x < other.x + other.width && other.x < x + width && y < other.y + other.height &&
           other.y < y + height;
  }
};

std::size_t series_of(std::vector<std::string>& models, const std::string& model) {
  const auto found = std::find(models.begin(), models.end(), model);
  if (found != models.end()) return static_cast<std::size_t>(found - models.begin());
  models.push_back(model);
  return models.size() - 1;
}

struct Label {
  double x, y;  // of the point
  std::string text;
};

// Every label goes to the first free place around its point; a thin line leads back from a far one.
void place_labels(Svg& svg, const std::vector<Label>& labels, std::vector<Box> taken, double left,
                  double right, double top, double bottom) {
  constexpr double kHeight = 14.0;
  for (const Label& label : labels) taken.push_back({label.x - 9.0, label.y - 9.0, 18.0, 18.0});
  for (const Label& label : labels) {
    const double width = kCharacter * static_cast<double>(label.text.size());
    Box chosen{label.x + 10.0, label.y - 7.0, width, kHeight};
    bool near = true;
    bool placed = false;
    for (double distance = 0.0; distance < 120.0 && !placed; distance += 8.0) {
      for (const auto& [dx, dy] :
           {std::pair{13.0, -7.0 - distance}, std::pair{13.0, -7.0 + distance},
            std::pair{-13.0 - width, -7.0 - distance}, std::pair{-13.0 - width, -7.0 + distance},
            std::pair{-width / 2.0, -25.0 - distance}, std::pair{-width / 2.0, 11.0 + distance}}) {
        const Box box{label.x + dx, label.y + dy, width, kHeight};
        const bool inside =
            box.x >= left && box.x + width <= right && box.y >= top && box.y + kHeight <= bottom;
        const bool free =
            std::none_of(taken.begin(), taken.end(), [&](const Box& other) { return box.overlaps(other); });
        if (!inside || !free) continue;
        chosen = box;
        near = distance < 12.0;
        placed = true;
        break;
      }
    }
    taken.push_back(chosen);
    if (!near) svg.line(label.x, label.y, chosen.x, chosen.y + kHeight / 2.0, kGrid);
    svg.text(chosen.x, chosen.y + 11.0, label.text);
  }
}

}  // namespace

namespace {

std::optional<double> limit_of(const Decision& decision, ConstraintKind kind) {
  for (const Constraint& constraint : decision.constraints) {
    if (constraint.kind == kind) return constraint.limit;
  }
  return std::nullopt;
}

// The points of a frontier that can be drawn, and the axes that hold them and the limits near them.
struct FrontierView {
  std::vector<FrontierPoint> shown;
  double scale = 1.0;  // of the cost: what one unit of the axis is
  double cost_start = 0.0;
  double cost_end = 1.0;
  double f1_low = 0.0;
  double f1_high = 1.0;
  std::optional<double> cost_limit;  // in units of the axis, only when it is drawn
  std::optional<double> f1_limit;

  FrontierView(const Decision& decision, const Frontier& frontier) {
    for (const FrontierPoint& point : frontier.points) {
      if (point.status != FrontierStatus::kNotMeasured) shown.push_back(point);
    }
    if (shown.empty()) return;
    const bool latency = frontier.cost == FrontierCost::kLatency;
    double cost_low = HUGE_VAL;
    double cost_high = 0.0;
    f1_low = 1.0;
    f1_high = 0.0;
    for (const FrontierPoint& point : shown) {
      cost_low = std::min(cost_low, point.cost);
      cost_high = std::max(cost_high, point.cost);
      f1_low = std::min(f1_low, point.macro_f1);
      f1_high = std::max(f1_high, point.macro_f1);
    }
    scale = latency ? 1.0 : (cost_high >= 1e9 ? 1e9 : 1e6);
    // From zero, unless that would press what is to be told apart into a corner.
    constexpr double kFarFromZero = 0.35;
    if (cost_low > kFarFromZero * cost_high) {
      cost_start =
          std::max(0.0, cost_low - std::max(0.25 * (cost_high - cost_low), 0.05 * cost_high)) / scale;
    }
    cost_end = cost_start + 1.12 * (cost_high / scale - cost_start);
    const auto limit = limit_of(decision, latency ? ConstraintKind::kLatency : ConstraintKind::kMemory);
    // A far limit would squeeze the points into a corner.
    constexpr double kNear = 1.5;
    if (limit && *limit <= kNear * cost_high) {
      cost_limit = *limit / scale;
      cost_end = std::max(cost_end, cost_start + 1.06 * (*cost_limit - cost_start));
    }
    const double room = std::max(0.25 * (f1_high - f1_low), 0.005);
    const auto floor = limit_of(decision, ConstraintKind::kMacroF1);
    if (floor && *floor <= f1_high && *floor >= f1_low - 2.0 * room) {
      f1_limit = floor;
      f1_low = std::min(f1_low, *floor);
    }
    f1_low -= room;
    f1_high += room;
  }
};

constexpr std::string_view kLimit =
    "stroke:currentColor;stroke-width:1.5;stroke-dasharray:1 4;stroke-linecap:round";

// Beyond so many points a name at each would hide the points.
constexpr std::size_t kMostNamed = 12;
constexpr double kLegendRow = 18.0;

// One marker for each model, and what it is called, over as many rows as it takes: where each stands.
std::vector<std::pair<double, double>> legend_places(const std::vector<std::string>& models, double left,
                                                     double right, double top) {
  std::vector<std::pair<double, double>> places;
  double x = left;
  double y = top;
  for (const std::string& model : models) {
    const double width = 34.0 + kCharacter * static_cast<double>(model.size());
    if (x > left && x + width > right) {
      x = left;
      y += kLegendRow;
    }
    places.emplace_back(x, y);
    x += width;
  }
  return places;
}

void legend(Svg& svg, const std::vector<std::string>& models,
            const std::vector<std::pair<double, double>>& places) {
  for (std::size_t i = 0; i < models.size(); ++i) {
    svg.marker(places[i].first, places[i].second, i, false);
    svg.text(places[i].first + 11.0, places[i].second + 4.0, models[i]);
  }
}

}  // namespace

bool names_every_point(const Frontier& frontier) {
  const auto shown = std::ranges::count_if(frontier.points, [](const FrontierPoint& point) {
    return point.status != FrontierStatus::kNotMeasured;
  });
  return static_cast<std::size_t>(shown) <= kMostNamed;
}

bool limit_shown(const Decision& decision, FrontierCost cost) {
  const FrontierView view(
      decision, cost == FrontierCost::kLatency ? decision.latency_frontier : decision.memory_frontier);
  return view.cost_limit || view.f1_limit;
}

std::string frontier_svg(const Decision& decision, const Frontier& frontier) {
  constexpr double kWidth = 680.0;
  const bool latency = frontier.cost == FrontierCost::kLatency;
  const FrontierView view(decision, frontier);
  std::vector<std::string> models;
  for (const FrontierPoint& point : view.shown) series_of(models, decision.candidates[point.candidate].model);
  const auto places = legend_places(models, 72.0, kWidth, 14.0);
  const double below_legend = places.empty() ? 0.0 : places.back().second - 14.0;
  const double height = 350.0 + below_legend;
  Svg svg(kWidth, height, latency ? "Macro-F1 against latency" : "Macro-F1 against memory");
  if (view.shown.empty()) {
    svg.text(20.0, 30.0, "Nothing was measured on both axes.");
    return svg.finish();
  }
  const Axis x{view.cost_start, std::max(view.cost_end, view.cost_start + 1e-9), 64.0, kWidth - 16.0};
  const Axis y{view.f1_low, view.f1_high, height - 52.0, 34.0 + below_legend};
  const double step_x = tick_step(x.high - x.low);
  for (const double tick : ticks(x.low, x.high, step_x)) {
    svg.line(x.at(tick), y.from, x.at(tick), y.to, kGrid);
    svg.text(x.at(tick), y.from + 18.0, fmt::format("{:g}", tick), "middle");
  }
  const double step_y = tick_step(y.high - y.low);
  for (const double tick : ticks(y.low, y.high, step_y)) {
    svg.line(x.from, y.at(tick), x.to, y.at(tick), kGrid);
    svg.text(x.from - 8.0, y.at(tick) + 4.0, fmt::format("{:.3f}", tick), "end");
  }
  svg.line(x.from, y.from, x.to, y.from, kAxis);
  svg.line(x.from, y.from, x.from, y.to, kAxis);
  svg.text((x.from + x.to) / 2.0, height - 12.0,
           latency ? "ms per example (less is better)"
                   : (view.scale == 1e9 ? "memory, GB (less is better)" : "memory, MB (less is better)"),
           "middle");
  svg.text(16.0, (y.from + y.to) / 2.0, "macro-F1 (more is better)", "middle", 12.0, -90.0);

  std::vector<Box> taken;  // by lines and what is written along them
  if (view.cost_limit) {
    const double at = x.at(*view.cost_limit);
    svg.line(at, y.from, at, y.to, kLimit);
    svg.text(at - 5.0, y.from - 6.0, "limit", "end", 11.0);
    taken.push_back({at - 36.0, y.from - 18.0, 36.0, 16.0});
    taken.push_back({at - 1.0, y.to, 2.0, y.from - y.to});
  }
  if (view.f1_limit) {
    const double at = y.at(*view.f1_limit);
    svg.line(x.from, at, x.to, at, kLimit);
    svg.text(x.from + 6.0, at - 4.0, "limit", "start", 11.0);
    taken.push_back({x.from + 6.0, at - 16.0, 30.0, 14.0});
    taken.push_back({x.from, at - 1.0, x.to - x.from, 2.0});
  }

  std::vector<FrontierPoint> members;
  for (const FrontierPoint& point : view.shown) {
    if (point.status == FrontierStatus::kMember || point.status == FrontierStatus::kMemberByTie) {
      members.push_back(point);
    }
  }
  std::sort(members.begin(), members.end(),
            [](const FrontierPoint& a, const FrontierPoint& b) { return a.cost < b.cost; });
  std::string steps;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const double px = x.at(members[i].cost / view.scale);
    const double here_y = y.at(members[i].macro_f1);
    if (i > 0) {
      const double before_x = x.at(members[i - 1].cost / view.scale);
      const double before_y = y.at(members[i - 1].macro_f1);
      steps += fmt::format("{:.1f},{:.1f} ", px, before_y);
      taken.push_back({before_x, before_y - 1.0, px - before_x, 2.0});
      taken.push_back({px - 1.0, std::min(before_y, here_y), 2.0, std::abs(before_y - here_y)});
    }
    steps += fmt::format("{:.1f},{:.1f} ", px, here_y);
  }
  svg.polyline(steps, "stroke:currentColor;stroke-width:1.5;stroke-dasharray:5 4;opacity:.55");

  const bool all_named = names_every_point(frontier);
  std::vector<Label> labels;
  for (const FrontierPoint& point : view.shown) {
    const Candidate& candidate = decision.candidates[point.candidate];
    const bool beaten = point.status == FrontierStatus::kDominated || point.status == FrontierStatus::kTied;
    const double px = x.at(point.cost / view.scale);
    const double py = y.at(point.macro_f1);
    svg.marker(px, py, series_of(models, candidate.model), beaten);
    if (decision.chosen == point.candidate) {
      svg.ring(px, py, 9.5, "stroke:currentColor;stroke-width:1.5;fill:none");
    }
    const bool tie = point.status == FrontierStatus::kTied || point.status == FrontierStatus::kMemberByTie;
    const std::string mark = tie ? " (tie)" : "";
    if (all_named) {
      labels.push_back({px, py, candidate.recipe + mark});
    } else if (!beaten || decision.chosen == point.candidate) {
      labels.push_back({px, py, candidate.name + mark});
    } else {
      taken.push_back({px - 7.0, py - 7.0, 14.0, 14.0});
    }
  }
  legend(svg, models, places);
  place_labels(svg, labels, std::move(taken), x.from, x.to, y.to, y.from);
  return svg.finish();
}

std::string tier_forest_svg(const std::vector<NoteTierDelta>& deltas) {
  const auto row_label = [](const NoteTierDelta& delta) {
    return fmt::format("{} {}, {}", delta.model, delta.recipe, delta.tier == "all" ? "overall" : delta.tier);
  };
  double names = 172.0;  // what the longest name takes
  for (const NoteTierDelta& delta : deltas) {
    names = std::max(names, kCharacter * static_cast<double>(row_label(delta).size()));
  }
  const double width = 508.0 + names;
  constexpr double kRow = 22.0;
  constexpr double kBetween = 12.0;  // configurations
  const auto starts_group = [&](std::size_t i) {
    return i > 0 && (deltas[i].model != deltas[i - 1].model || deltas[i].recipe != deltas[i - 1].recipe);
  };
  double height = 70.0 + kRow * static_cast<double>(deltas.size());
  for (std::size_t i = 0; i < deltas.size(); ++i) height += starts_group(i) ? kBetween : 0.0;
  Svg svg(width, height, "Change of accuracy per tier against the baseline, with 95 % intervals");
  double reach = 0.01;
  for (const NoteTierDelta& delta : deltas) {
    for (const double value : {delta.low, delta.high, delta.delta}) {
      if (std::isfinite(value)) reach = std::max(reach, std::abs(value));
    }
  }
  const Axis x{-110.0 * reach, 110.0 * reach, names + 18.0, width - 130.0};
  const double bottom = height - 42.0;
  const double step = tick_step(x.high - x.low);
  for (const double tick : ticks(x.low, x.high, step)) {
    const double rounded = tick + 0.0;  // no minus before zero
    svg.line(x.at(tick), 22.0, x.at(tick), bottom, kGrid);
    svg.text(x.at(tick), bottom + 16.0, (rounded < 0.0 ? "−" : "") + fmt::format("{:g}", std::abs(rounded)),
             "middle");
  }
  svg.line(x.at(0.0), 22.0, x.at(0.0), bottom, kAxis);
  svg.text((x.from + x.to) / 2.0, height - 8.0, "change of accuracy, percentage points", "middle");
  svg.text(width - 8.0, 14.0, "lost / gained", "end");
  std::vector<std::string> models;
  double y = 34.0;
  for (std::size_t i = 0; i < deltas.size(); ++i) {
    const NoteTierDelta& delta = deltas[i];
    if (starts_group(i)) {
      y += kBetween;
      svg.line(8.0, y - (kRow + kBetween) / 2.0, width - 8.0, y - (kRow + kBetween) / 2.0, kGrid);
    }
    const std::size_t series = series_of(models, delta.model);
    svg.text(names + 8.0, y + 4.0, row_label(delta), "end");
    if (std::isfinite(delta.low) && std::isfinite(delta.high)) {
      svg.line(x.at(100.0 * delta.low), y, x.at(100.0 * delta.high), y,
               fmt::format("stroke:{};stroke-width:2", series_colour(series)));
    }
    if (std::isfinite(delta.delta)) {
      svg.marker(x.at(100.0 * delta.delta), y, series, delta.verdict != "established");
    }
    svg.text(width - 8.0, y + 4.0,
             fmt::format("{} / {} of {}", count(delta.lost), count(delta.gained), count(delta.examples)),
             "end");
    y += kRow;
  }
  return svg.finish();
}

}  // namespace quantier::note_internal
