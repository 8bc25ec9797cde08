#include "quantier/note/svg.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/note/drawing.h"

namespace quantier::note_internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string everything() {
  Svg svg(200.0, 100.0, "A <title> & more");
  svg.line(1.0, 2.0, 3.5, 4.0,
           "stroke:currentColor;stroke-width:1.5;stroke-dasharray:1 4;stroke-linecap:round");
  svg.polyline("0.0,0.0 10.0,-5.5 ", "stroke:" + series_colour(1) + ";opacity:.5");
  svg.rect(5.0, 6.0, 7.0, 8.0, "fill:#009E73");
  for (std::size_t series = 0; series < 4; ++series) svg.marker(50.0, 50.0, series, series % 2 == 0);
  svg.dot(1.0, 1.0, 2, false);
  svg.ring(9.0, 9.0, 3.0, "stroke:currentColor;fill:none");
  svg.text(20.0, 30.0, "≤ 5 % & <x>", "middle", 11.0, -90.0);
  return svg.finish();
}

TEST(Svg, WhatIsDrawnIsReadBackAsShapes) {
  const auto drawing = read_drawing(everything());
  ASSERT_TRUE(drawing) << drawing.error().message();
  EXPECT_EQ(drawing->width, 200.0);
  EXPECT_EQ(drawing->height, 100.0);
  ASSERT_EQ(drawing->shapes.size(), 10U);
  const Shape& line = drawing->shapes[0];
  EXPECT_EQ(line.points, (std::vector<Point>{{1.0, 2.0}, {3.5, 4.0}}));
  EXPECT_EQ(line.style.dashes, (std::vector<double>{1.0, 4.0}));
  EXPECT_TRUE(line.style.round_caps);
  EXPECT_FALSE(line.style.stroke.none);
  EXPECT_FALSE(line.style.stroke.colour);  // of the text around it
  const Shape& curve = drawing->shapes[1];
  EXPECT_EQ(curve.points, (std::vector<Point>{{0.0, 0.0}, {10.0, -5.5}}));
  EXPECT_TRUE(curve.style.fill.none);
  EXPECT_EQ(curve.style.stroke.colour, (Rgb{0xd5, 0x5e, 0x00}));
  EXPECT_EQ(curve.style.opacity, 0.5);
  EXPECT_EQ(drawing->shapes[2].points.size(), 4U);
  EXPECT_EQ(drawing->shapes[2].style.fill.colour, (Rgb{0x00, 0x9e, 0x73}));
  EXPECT_EQ(drawing->shapes[3].what, Shape::What::kCircle);
  EXPECT_TRUE(drawing->shapes[3].style.fill.none);
  EXPECT_FALSE(drawing->shapes[4].style.fill.none);
  EXPECT_EQ(drawing->shapes[5].points.size(), 3U);
  EXPECT_EQ(drawing->shapes[6].points.size(), 4U);
  const Shape& text = drawing->shapes[9];
  EXPECT_EQ(text.text, "≤ 5 % & <x>");
  EXPECT_EQ(text.anchor, 0.5);
  EXPECT_EQ(text.size, 11.0);
  EXPECT_EQ(text.rotate, -90.0);
}

TEST(Svg, CarriesNoStyleThatAStrictPolicyWouldBlock) {
  const std::string svg = everything();
  EXPECT_THAT(svg, Not(HasSubstr("style=")));
  EXPECT_THAT(svg, HasSubstr("class=\"stroke1\""));  // for the page to override on a dark background
  EXPECT_THAT(svg, HasSubstr("stroke=\"#D55E00\""));
}

TEST(Svg, ALaterDeclarationReplacesAnEarlierOne) {
  Svg svg(10.0, 10.0, "");
  svg.polyline("0,0 1,1 ", "stroke:#000000;fill:#ffffff");
  const std::string text = svg.finish();
  EXPECT_EQ(text.find("fill="), text.rfind("fill="));  // twice would be no XML
  EXPECT_THAT(text, HasSubstr("fill=\"#ffffff\""));
}

TEST(Svg, OtherPicturesAreRefusedNotGuessed) {
  const std::string good = everything();
  EXPECT_FALSE(read_drawing(""));
  EXPECT_FALSE(read_drawing("<svg>"));
  EXPECT_FALSE(read_drawing("<svg width=\"10\" height=\"0\"></svg>"));
  for (const char* inside : {"<path d=\"M0 0\"/>", "<line x1=\"a\" y1=\"0\" x2=\"0\" y2=\"0\"/>",
                             "<rect x=\"1e99\"/>", "<circle cx=\"1\" cy=\"1\" r=\"1\" filter=\"url(#x)\"/>",
                             "<text x=\"0\" y=\"0\" font-size=\"9\"><b/></text>",
                             "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"0\" stroke=\"red\"/>", "text"}) {
    EXPECT_FALSE(read_drawing("<svg width=\"10\" height=\"10\">" + std::string(inside) + "</svg>")) << inside;
  }
  // Cut anywhere, it is refused; and reading never leaves the text.
  for (std::size_t cut = 0; cut + 7 < good.size(); ++cut)
    EXPECT_FALSE(read_drawing(good.substr(0, cut))) << cut;
}

}  // namespace
}  // namespace quantier::note_internal
