// Flip matrices: where answers that changed went, tier to tier, one row of three matrices a candidate.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/figure_axes.h"
#include "quantier/note/figures.h"
#include "quantier/note/svg.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr double kSmallCharacter = 6.4;  // an upper bound of the mean advance at 11 px
constexpr double kCellHeight = 24.0;
constexpr double kGap = 30.0;  // between matrices
constexpr std::size_t kLongestName = 14;

// Code points: a cut must not fall inside one.
std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string shortened(const std::string& name) {
  if (characters(name) <= kLongestName) return name;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < name.size(); ++end) {
    if ((static_cast<unsigned char>(name[end]) & 0xC0) != 0x80 && ++seen == kLongestName) break;
  }
  return name.substr(0, end) + "…";
}

struct Direction {
  const char* title;
  NoteTierMatrix NoteFlips::* matrix;
  std::size_t series;
};
constexpr Direction kDirections[] = {{"right to wrong", &NoteFlips::right_to_wrong, 1},
                                     {"wrong to right", &NoteFlips::wrong_to_right, 0},
                                     {"wrong to another wrong", &NoteFlips::wrong_to_wrong, 2}};

std::uint64_t total(const NoteTierMatrix& matrix) {
  std::uint64_t sum = 0;
  for (const auto& row : matrix) {
    for (const std::uint64_t cell : row) sum += cell;
  }
  return sum;
}

std::uint64_t total(const NoteFlips& flips) {
  return total(flips.right_to_wrong) + total(flips.wrong_to_right) + total(flips.wrong_to_wrong);
}

// What all matrices of the figure share.
struct Grid {
  std::vector<std::string> names;  // with "none" only where something lies there
  double cell = 48.0;
  double row_names = 0.0;
  std::uint64_t largest = 1;

  Grid(const std::vector<NoteFlips>& flips, const std::vector<std::string>& tiers) {
    for (const std::string& tier : tiers) names.push_back(shortened(tier));
    bool outside = tiers.empty();
    for (const NoteFlips& each : flips) {
      for (const Direction& direction : kDirections) {
        const NoteTierMatrix& matrix = each.*direction.matrix;
        for (std::size_t r = 0; r < matrix.size(); ++r) {
          for (std::size_t c = 0; c < matrix[r].size(); ++c) {
            largest = std::max(largest, matrix[r][c]);
            outside = outside || (matrix[r][c] > 0 && (r >= tiers.size() || c >= tiers.size()));
          }
        }
      }
    }
    if (outside) names.emplace_back(tiers.empty() ? "all" : "none");
    for (const std::string& name : names) {
      const double width = kSmallCharacter * static_cast<double>(characters(name));
      cell = std::max(cell, width + 10.0);
      row_names = std::max(row_names, width);
    }
  }
  [[nodiscard]] double side() const { return cell * static_cast<double>(names.size()); }
  [[nodiscard]] double height() const { return kCellHeight * static_cast<double>(names.size()); }
};

void draw_matrix(Svg& svg, const Grid& grid, const NoteTierMatrix& matrix, std::size_t series, double left,
                 double top) {
  for (std::size_t r = 0; r < grid.names.size(); ++r) {
    for (std::size_t c = 0; c < grid.names.size(); ++c) {
      const double x = left + grid.cell * static_cast<double>(c);
      const double y = top + kCellHeight * static_cast<double>(r);
      const std::uint64_t answers = r < matrix.size() && c < matrix[r].size() ? matrix[r][c] : 0;
      // Light enough for a number in ink, by the root: the few stay visible beside the many.
      const double share =
          answers == 0 ? 0.0 : std::sqrt(static_cast<double>(answers) / static_cast<double>(grid.largest));
      svg.rect(x, y, grid.cell, kCellHeight,
               fmt::format("fill:{};fill-opacity:{:.2f};stroke:currentColor;stroke-opacity:.25",
                           series_colour(series), answers == 0 ? 0.0 : 0.08 + 0.42 * share));
      svg.text(x + grid.cell / 2.0, y + kCellHeight / 2.0 + 4.0, answers == 0 ? "·" : count(answers),
               "middle");
    }
  }
}

}  // namespace

bool has_flips(const std::vector<NoteFlips>& flips) {
  return std::any_of(flips.begin(), flips.end(), [](const NoteFlips& each) { return total(each) > 0; });
}

std::string flip_svg(const std::vector<NoteFlips>& flips, const std::vector<std::string>& tier_names) {
  const Grid grid(flips, tier_names);
  constexpr double kHeader = 54.0;  // of a candidate: its name, the titles, the names of the columns
  constexpr double kBelow = 22.0;
  const double left = 34.0 + grid.row_names;
  // A title may be wider than a small matrix.
  const double title = kSmallCharacter * 29.0;
  const double step = std::max(grid.side(), title) + kGap;
  double height = 14.0;
  double names = 0.0;
  for (const NoteFlips& each : flips) {
    height += total(each) == 0 ? 26.0 : kHeader + grid.height() + kBelow;
    names = std::max(names, 7.2 * static_cast<double>(characters(each.model + each.recipe + each.baseline)));
  }
  Svg svg(std::max(left + 3.0 * step - kGap + 12.0, names + 300.0), height,
          "Answers that changed, from tier to tier");
  double y = 18.0;
  for (const NoteFlips& each : flips) {
    const std::string name = each.model.empty() ? each.recipe : each.model + " " + each.recipe;
    const std::uint64_t moved = total(each);
    if (moved == 0) {
      svg.text(
          8.0, y,
          fmt::format("{} against {}: no answer of {} changed", name, each.baseline, count(each.examples)));
      y += 26.0;
      continue;
    }
    svg.text(8.0, y,
             fmt::format("{} against {}: {} of {} answers changed", name, each.baseline, count(moved),
                         count(each.examples)));
    const double top = y + kHeader - 14.0;
    for (std::size_t d = 0; d < 3; ++d) {
      const Direction& direction = kDirections[d];
      const double x = left + step * static_cast<double>(d);
      svg.text(x, y + 19.0, fmt::format("{}: {}", direction.title, count(total(each.*direction.matrix))),
               "start", 11.0);
      for (std::size_t c = 0; c < grid.names.size(); ++c) {
        svg.text(x + grid.cell * (static_cast<double>(c) + 0.5), top - 5.0, grid.names[c], "middle", 11.0);
      }
      draw_matrix(svg, grid, each.*direction.matrix, direction.series, x, top);
    }
    for (std::size_t r = 0; r < grid.names.size(); ++r) {
      svg.text(left - 6.0, top + kCellHeight * (static_cast<double>(r) + 0.5) + 4.0, grid.names[r], "end",
               11.0);
    }
    svg.text(14.0, top + grid.height() / 2.0, "before", "middle", 11.0, -90.0);
    svg.text(left + grid.side() / 2.0, top + grid.height() + 14.0, "after", "middle", 11.0);
    y = top + grid.height() + kBelow + 14.0;
  }
  return svg.finish();
}

}  // namespace quantier::note_internal
