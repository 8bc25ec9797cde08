// A figure as a list of shapes: what Svg draws, what an SVG file of ours holds, what the PDF draws again.
//
// Sections hand a figure on as the text of its SVG. read_drawing() reads such a text back into shapes; it
// knows exactly what Svg writes and refuses anything else, so that a figure that cannot be drawn is said to
// be missing rather than drawn in part. Lengths are pixels of the figure, y grows downwards. Errors:
// kCorruptData with the offset of what was not understood.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"

namespace quantier::note_internal {

// Red, green, blue, 0 to 255; absent is the colour of the text around the figure.
using Rgb = std::array<int, 3>;
struct Paint {
  bool none = true;
  std::optional<Rgb> colour = {};
  bool operator==(const Paint&) const = default;
};

struct ShapeStyle {
  Paint stroke = {};
  Paint fill = {};
  double stroke_width = 1.0;
  double opacity = 1.0;         // of both
  double fill_opacity = 1.0;    // of the fill, times `opacity`
  double stroke_opacity = 1.0;  // of the stroke, likewise
  std::vector<double> dashes = {};
  bool round_caps = false;
  bool operator==(const ShapeStyle&) const = default;
};

struct Point {
  double x = 0.0;
  double y = 0.0;
  bool operator==(const Point&) const = default;
};

// Lines, outlines, rectangles and markers are all paths; a circle has one point and a radius.
struct Shape {
  enum class What { kPath, kCircle, kText };
  What what = What::kPath;
  std::vector<Point> points = {};
  bool closed = false;
  double radius = 0.0;
  std::string text = {};
  double anchor = 0.0;  // part of the text's width that lies left of its point: 0, 0.5 or 1
  double size = 12.0;   // of the text
  double rotate = 0.0;  // of the text, degrees clockwise
  ShapeStyle style = {};
  bool operator==(const Shape&) const = default;
};

struct Drawing {
  double width = 0.0;
  double height = 0.0;
  std::vector<Shape> shapes = {};
};

[[nodiscard]] Result<Drawing> read_drawing(std::string_view svg);

}  // namespace quantier::note_internal
