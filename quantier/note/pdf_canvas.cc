#include "quantier/note/pdf_canvas.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "quantier/note/pdf_file.h"

namespace quantier::note_internal {
namespace {

std::string colour_text(Rgb colour, double opacity = 1.0) {
  std::string out;
  for (const int part : colour) {
    const double value = 1.0 - (1.0 - part / 255.0) * opacity;
    out += fmt::format("{}{:.3f}", out.empty() ? "" : " ", value);
  }
  return out;
}

// A string of codes: printable ones as they are, the others in octal.
std::string literal(std::string_view codes) {
  std::string out = "(";
  for (const char c : codes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '(' || c == ')' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      out += fmt::format("\\{:03o}", static_cast<unsigned>(byte));
    } else {
      out += c;
    }
  }
  return out + ")";
}

// Four Bezier curves; the distance of the handles makes the error of the radius less than 0.03 %.
std::string circle(Point centre, double r) {
  constexpr double kHandle = 0.5522847498;
  const double k = kHandle * r;
  const auto n = [](double value) { return pdf_number(value); };
  const auto [x, y] = centre;
  return fmt::format(
      "{} {} m {} {} {} {} {} {} c {} {} {} {} {} {} c {} {} {} {} {} {} c {} {} {} {} {} {} c h ", n(x + r),
      n(y),                                                    //
      n(x + r), n(y + k), n(x + k), n(y + r), n(x), n(y + r),  //
      n(x - k), n(y + r), n(x - r), n(y + k), n(x - r), n(y),  //
      n(x - r), n(y - k), n(x - k), n(y - r), n(x), n(y - r),  //
      n(x + k), n(y - r), n(x + r), n(y - k), n(x + r), n(y));
}

}  // namespace

Rgb tone_colour(std::uint8_t tone) {
  // Dark enough on white for small print; the hues tell modelled and judged apart for the colour-blind too.
  constexpr std::array<Rgb, 4> kTones = {Rgb{26, 26, 26}, Rgb{95, 95, 95}, Rgb{0, 86, 140}, Rgb{140, 60, 0}};
  return kTones.at(tone);
}

void PdfCanvas::text(double x, double y, const std::vector<PdfGlyph>& glyphs, double size,
                     double rotate_degrees) {
  if (glyphs.empty()) return;
  const double turn = rotate_degrees * std::numbers::pi / 180.0;
  content_ += fmt::format("BT {:.5f} {:.5f} {:.5f} {:.5f} {} {} Tm\n", std::cos(turn), std::sin(turn),
                          -std::sin(turn), std::cos(turn), pdf_number(x), pdf_number(y));
  const PdfGlyph* before = nullptr;
  std::string codes;
  const auto show = [&] {
    if (!codes.empty()) content_ += literal(codes) + " Tj\n";
    codes.clear();
  };
  for (const PdfGlyph& glyph : glyphs) {
    if (before == nullptr || before->font != glyph.font) {
      show();
      content_ += fmt::format("/F{} {} Tf\n", static_cast<int>(glyph.font), pdf_number(size));
    }
    if (before == nullptr || before->tone != glyph.tone) {
      show();
      // Strokes as well: the signs of our own font are drawn with them.
      const std::string colour = colour_text(tone_colour(glyph.tone));
      content_ += fmt::format("{0} rg {0} RG\n", colour);
    }
    codes += static_cast<char>(glyph.code);
    before = &glyph;
  }
  show();
  content_ += "ET\n";
}

void PdfCanvas::fill(double x, double y, double width, double height, Rgb colour) {
  content_ += fmt::format("{} rg {} {} {} {} re f\n", colour_text(colour), pdf_number(x), pdf_number(y),
                          pdf_number(width), pdf_number(height));
}

void PdfCanvas::rule(double x1, double y, double x2, double line_width, Rgb colour) {
  content_ +=
      fmt::format("{} RG {} w [] 0 d {} {} m {} {} l S\n", colour_text(colour), pdf_number(line_width),
                  pdf_number(x1), pdf_number(y), pdf_number(x2), pdf_number(y));
}

void PdfCanvas::drawing(const Drawing& drawing, double x, double y, double scale,
                        std::set<std::string>& replaced) {
  const auto place = [&](Point point) { return Point{x + scale * point.x, y - scale * point.y}; };
  const Rgb ink = tone_colour(kToneInk);
  for (const Shape& shape : drawing.shapes) {
    if (shape.points.empty()) continue;
    const Point first = place(shape.points.front());
    if (shape.what == Shape::What::kText) {
      std::vector<PdfGlyph> glyphs;
      append_glyphs(shape.text, PdfFont::kRegular, kToneInk, glyphs, replaced);
      const double size = shape.size * scale;
      const double turn = -shape.rotate * std::numbers::pi / 180.0;
      const double back = shape.anchor * width_of(glyphs, size);
      text(first.x - back * std::cos(turn), first.y - back * std::sin(turn), glyphs, size, -shape.rotate);
      continue;
    }
    const ShapeStyle& style = shape.style;
    const bool fills = !style.fill.none;
    const bool strokes = !style.stroke.none && style.stroke_width > 0.0;
    if (!fills && !strokes) continue;
    content_ += "q\n";
    if (fills)
      content_ += colour_text(style.fill.colour.value_or(ink), style.opacity * style.fill_opacity) + " rg\n";
    if (strokes) {
      std::string dashes;
      // A pattern of nothing would be an error of the format.
      const bool dashed = std::any_of(style.dashes.begin(), style.dashes.end(),
                                      [&](double dash) { return dash * scale >= 0.01; });
      for (const double dash : style.dashes)
        dashes += dashed ? pdf_number(dash * scale) + " " : std::string();
      content_ +=
          fmt::format("{} RG {} w {} J [{}] 0 d\n",
                      colour_text(style.stroke.colour.value_or(ink), style.opacity * style.stroke_opacity),
                      pdf_number(style.stroke_width * scale), style.round_caps ? 1 : 0, dashes);
    }
    if (shape.what == Shape::What::kCircle) {
      content_ += circle(first, shape.radius * scale);
    } else {
      for (std::size_t i = 0; i < shape.points.size(); ++i) {
        const Point point = place(shape.points[i]);
        content_ += fmt::format("{} {} {} ", pdf_number(point.x), pdf_number(point.y), i == 0 ? "m" : "l");
      }
      if (shape.closed) content_ += "h ";
    }
    content_ += fills && strokes ? "B\nQ\n" : (fills ? "f\nQ\n" : "S\nQ\n");
  }
}

}  // namespace quantier::note_internal
