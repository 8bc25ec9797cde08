// What is drawn on one page, as operators of a content stream: text, rules, fills and figures.
//
// Lengths are points of 1/72 inch; y grows upwards from the bottom of the page. A figure is drawn from its
// shapes as vectors; its transparent strokes are mixed with white, since they lie on white paper.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "quantier/note/drawing.h"
#include "quantier/note/pdf_font.h"

namespace quantier::note_internal {

// Colours of text: a tone is an index into these.
inline constexpr std::uint8_t kToneInk = 0;
inline constexpr std::uint8_t kToneGrey = 1;
inline constexpr std::uint8_t kToneModelled = 2;
inline constexpr std::uint8_t kToneJudged = 3;
[[nodiscard]] Rgb tone_colour(std::uint8_t tone);

class PdfCanvas {
 public:
  void text(double x, double y, const std::vector<PdfGlyph>& glyphs, double size,
            double rotate_degrees = 0.0);
  void fill(double x, double y, double width, double height, Rgb colour);
  void rule(double x1, double y, double x2, double line_width, Rgb colour);
  // With its upper left corner at (x, y); labels that Helvetica lacks go into `replaced`.
  void drawing(const Drawing& drawing, double x, double y, double scale, std::set<std::string>& replaced);

  [[nodiscard]] const std::string& content() const { return content_; }

 private:
  std::string content_;
};

}  // namespace quantier::note_internal
