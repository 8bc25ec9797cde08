// A small writer of SVG elements; text is escaped here and nowhere else.
//
// Styles are declarations as in CSS ("stroke:currentColor;opacity:.5"), of these properties: stroke, fill,
// stroke-width, stroke-dasharray, stroke-linecap, opacity. They are written as attributes. What is drawn here
// the PDF draws too, through read_drawing() (drawing.h), which knows these elements and properties and no
// others: an addition here needs its counterpart there, and svg_test.cc holds the two together.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quantier::note_internal {

// Colour of the i-th series; the page overrides the variable for a dark background.
[[nodiscard]] std::string series_colour(std::size_t index);

class Svg {
 public:
  Svg(double width, double height, std::string_view description);

  void line(double x1, double y1, double x2, double y2, std::string_view style);
  void polyline(const std::string& points, std::string_view style);
  void rect(double x, double y, double width, double height, std::string_view style);
  // Circle, square, triangle and diamond in turn, another one each time the colours begin again; `hollow`
  // draws the outline only.
  void marker(double x, double y, std::size_t series, bool hollow);
  void dot(double x, double y, std::size_t series, bool hollow, double radius = 2.5);  // for dense curves
  void ring(double x, double y, double radius, std::string_view style);
  void text(double x, double y, std::string_view text, std::string_view anchor = "start", double size = 12.0,
            double rotate = 0.0);
  [[nodiscard]] std::string finish();

 private:
  std::string body_;
};

}  // namespace quantier::note_internal
