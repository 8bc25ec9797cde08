#include "quantier/note/svg.h"

#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/note/document.h"

namespace quantier::note_internal {
namespace {

// "stroke:var(--series0, #0072B2);opacity:.5" as attributes: a page whose policy names its styles by hash
// shows no style attribute. The colour of a series stands as it is, and as a class that the page may override
// for a dark background.
std::string attributes(std::string_view style) {
  std::vector<std::pair<std::string_view, std::string_view>> declarations;  // the last of a name counts
  while (!style.empty()) {
    const std::size_t end = style.find(';');
    const std::string_view declaration = style.substr(0, end);
    style = end == std::string_view::npos ? std::string_view() : style.substr(end + 1);
    const std::size_t colon = declaration.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view property = declaration.substr(0, colon);
    std::erase_if(declarations, [&](const auto& earlier) { return earlier.first == property; });
    declarations.emplace_back(property, declaration.substr(colon + 1));
  }
  std::string classes;
  std::string out;
  for (auto [property, value] : declarations) {
    constexpr std::string_view kSeries = "var(--series";
    const std::size_t comma = value.find(", ");
    if (value.starts_with(kSeries) && comma != std::string_view::npos && value.ends_with(')')) {
      const std::string_view index = value.substr(kSeries.size(), comma - kSeries.size());
      classes += fmt::format("{}{}{}", classes.empty() ? "" : " ", property, index);
      value = value.substr(comma + 2, value.size() - comma - 3);
    }
    out += fmt::format(" {}=\"{}\"", property, escape_html(value));
  }
  return classes.empty() ? out : fmt::format(" class=\"{}\"{}", classes, out);
}

}  // namespace

std::string series_colour(std::size_t index) {
  constexpr std::array<const char*, 4> kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7"};
  const std::size_t i = index % kColours.size();
  return fmt::format("var(--series{}, {})", i, kColours[i]);
}

Svg::Svg(double width, double height, std::string_view description) {
  body_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" role=\"img\" font-family=\"system-ui, sans-serif\"><title>{2}</title>\n",
      width, height, escape_html(description));
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view style) {
  body_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"{}/>\n", x1, y1, x2, y2,
                       attributes(style));
}

void Svg::polyline(const std::string& points, std::string_view style) {
  body_ +=
      fmt::format("<polyline points=\"{}\"{}/>\n", points, attributes("fill:none;" + std::string(style)));
}

void Svg::rect(double x, double y, double width, double height, std::string_view style) {
  body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"{}/>\n", x, y,
                       width, height, attributes(style));
}

void Svg::marker(double x, double y, std::size_t series, bool hollow) {
  const std::string colour = series_colour(series);
  const std::string style =
      fmt::format("stroke:{0};stroke-width:2;fill:{1}", colour, hollow ? std::string("none") : colour);
  // The fifth has the colour of the first and another shape: sixteen that differ.
  switch ((series + series / 4) % 4) {
    case 0:
      ring(x, y, 5.0, style);
      break;
    case 1:
      rect(x - 4.5, y - 4.5, 9.0, 9.0, style);
      break;
    case 2:
      body_ += fmt::format("<polygon points=\"{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}\"{}/>\n", x, y - 6.0,
                           x + 5.5, y + 3.5, x - 5.5, y + 3.5, attributes(style));
      break;
    default:
      body_ +=
          fmt::format("<polygon points=\"{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}\"{}/>\n", x,
                      y - 6.0, x + 6.0, y, x, y + 6.0, x - 6.0, y, attributes(style));
  }
}

void Svg::dot(double x, double y, std::size_t series, bool hollow, double radius) {
  const std::string colour = series_colour(series);
  ring(x, y, radius, fmt::format("stroke:{};fill:{}", colour, hollow ? std::string("none") : colour));
}

void Svg::ring(double x, double y, double radius, std::string_view style) {
  body_ +=
      fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"{}/>\n", x, y, radius, attributes(style));
}

void Svg::text(double x, double y, std::string_view text, std::string_view anchor, double size,
               double rotate) {
  const std::string turn = rotate == 0.0
                               ? std::string()
                               : fmt::format(" transform=\"rotate({:.0f} {:.1f} {:.1f})\"", rotate, x, y);
  body_ += fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{:.0f}\"{} "
      "fill=\"currentColor\">{}</text>\n",
      x, y, anchor, size, turn, escape_html(text));
}

std::string Svg::finish() { return body_ + "</svg>\n"; }

}  // namespace quantier::note_internal
