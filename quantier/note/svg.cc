#include "quantier/note/svg.h"

#include <array>

#include <fmt/format.h>

#include "quantier/note/document.h"

namespace quantier::note_internal {

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
  body_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" style=\"{}\"/>\n", x1,
                       y1, x2, y2, style);
}

void Svg::polyline(const std::string& points, std::string_view style) {
  body_ += fmt::format("<polyline points=\"{}\" style=\"fill:none;{}\"/>\n", points, style);
}

void Svg::rect(double x, double y, double width, double height, std::string_view style) {
  body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" style=\"{}\"/>\n",
                       x, y, width, height, style);
}

void Svg::marker(double x, double y, std::size_t series, bool hollow) {
  const std::string colour = series_colour(series);
  const std::string style =
      fmt::format("stroke:{0};stroke-width:2;fill:{1}", colour, hollow ? std::string("none") : colour);
  switch (series % 4) {
    case 0:
      body_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" style=\"{}\"/>\n", x, y, style);
      break;
    case 1:
      rect(x - 4.5, y - 4.5, 9.0, 9.0, style);
      break;
    case 2:
      body_ += fmt::format("<path d=\"M{:.1f} {:.1f}l5.5 9.5h-11z\" style=\"{}\"/>\n", x, y - 6.0, style);
      break;
    default:
      body_ += fmt::format("<path d=\"M{:.1f} {:.1f}l6 6l-6 6l-6 -6z\" style=\"{}\"/>\n", x, y - 6.0, style);
  }
}

void Svg::dot(double x, double y, std::size_t series, bool hollow, double radius) {
  const std::string colour = series_colour(series);
  ring(x, y, radius, fmt::format("stroke:{};fill:{}", colour, hollow ? std::string("none") : colour));
}

void Svg::ring(double x, double y, double radius, std::string_view style) {
  body_ +=
      fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" style=\"{}\"/>\n", x, y, radius, style);
}

void Svg::text(double x, double y, std::string_view text, std::string_view anchor, double size,
               double rotate) {
  const std::string turn = rotate == 0.0
                               ? std::string()
                               : fmt::format(" transform=\"rotate({:.0f} {:.1f} {:.1f})\"", rotate, x, y);
  body_ += fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{:.0f}\"{} "
      "style=\"fill:currentColor\">{}</text>\n",
      x, y, anchor, size, turn, escape_html(text));
}

std::string Svg::finish() { return body_ + "</svg>\n"; }

}  // namespace quantier::note_internal
