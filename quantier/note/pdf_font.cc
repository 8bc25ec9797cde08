#include "quantier/note/pdf_font.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <utf8proc.h>

namespace quantier::note_internal {
namespace {

constexpr unsigned kFirst = 32;
using Widths = std::array<std::uint16_t, 224>;

// clang-format off
constexpr Widths kRegularWidths = {
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 552,
    400, 549, 333, 333, 333, 576, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 549, 611, 556, 556, 556, 556, 500, 556, 500,
};
constexpr Widths kBoldWidths = {
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 350, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 552,
    400, 549, 333, 333, 333, 576, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 549, 611, 611, 611, 611, 611, 556, 611, 556,
};
// clang-format on

// 0x80 to 0x9f of WinAnsi (PDF 1.7, annex D.2); 0 where there is none.
constexpr std::array<char32_t, 32> kWinAnsi = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

std::optional<unsigned char> winansi_code(char32_t c) {
  if ((c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c <= 0xff && c != 0xad)) return static_cast<unsigned char>(c);
  for (std::size_t i = 0; i < kWinAnsi.size(); ++i) {
    if (kWinAnsi[i] != 0 && kWinAnsi[i] == c) return static_cast<unsigned char>(0x80 + i);
  }
  return std::nullopt;
}

// Characters that differ from one of WinAnsi in nothing a reader would see.
char32_t same_looking(char32_t c) {
  switch (c) {
    case 0x202f:  // narrow no-break space
    case 0x2007:
      return 0xa0;
    case 0x2010:  // hyphens
    case 0x2011:
      return '-';
    case 0x2044:  // slash of a fraction
    case 0x2215:
      return '/';
    case 0x2003:
    case 0x2009:
      return ' ';
    default:
      return c;
  }
}

const PdfSign* sign_of(char32_t c) {
  for (const PdfSign& sign : pdf_signs()) {
    if (sign.character == c) return &sign;
  }
  return nullptr;
}

std::uint16_t width_in(PdfFont font, unsigned char code) {
  return (font == PdfFont::kBold ? kBoldWidths : kRegularWidths).at(code - kFirst);
}

// One character that Helvetica or our own font has.
bool append_known(char32_t character, PdfFont font, std::uint8_t tone, std::vector<PdfGlyph>& glyphs) {
  const char32_t c = same_looking(character);
  if (const auto code = winansi_code(c)) {
    glyphs.push_back({font, *code, width_in(font, *code), c == ' ', tone});
    return true;
  }
  if (const PdfSign* sign = sign_of(c)) {
    glyphs.push_back({PdfFont::kSigns, sign->code, sign->width, false, tone});
    return true;
  }
  return false;
}

std::string utf8_of(char32_t c) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
  return {bytes.begin(), bytes.begin() + size};
}

// The character without its marks, where that is something that can be drawn.
bool append_bare(char32_t c, PdfFont font, std::uint8_t tone, std::vector<PdfGlyph>& glyphs) {
  const std::string text = utf8_of(c);
  utf8proc_uint8_t* raw = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
      &raw, static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> bare(raw, &std::free);
  if (size <= 0) return false;
  std::vector<PdfGlyph> found;
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t each = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(bare.get() + at, size - at, &each);
    if (used <= 0 || !append_known(static_cast<char32_t>(each), font, tone, found)) return false;
    at += used;
  }
  glyphs.insert(glyphs.end(), found.begin(), found.end());
  return true;
}

void append_literal(std::string_view winansi_text, PdfFont font, std::uint8_t tone,
                    std::vector<PdfGlyph>& glyphs) {
  for (const char c : winansi_text) {
    const auto code = static_cast<unsigned char>(c);
    glyphs.push_back({font, code, width_in(font, code), false, tone});
  }
}

}  // namespace

const std::vector<PdfSign>& pdf_signs() {
  static const std::vector<PdfSign> kSigns = {
      {"minus", 'a', 0x2212, 584, "45 309 494 66 re f"},
      {"lessequal", 'b', 0x2264, 549, "500 600 m 50 415 l 500 230 l S 50 110 m 500 110 l S"},
      {"greaterequal", 'c', 0x2265, 549, "50 600 m 500 415 l 50 230 l S 50 110 m 500 110 l S"},
      {"notequal", 'd', 0x2260, 549, "45 430 m 504 430 l S 45 250 m 504 250 l S 150 120 m 400 560 l S"},
      {"approxequal", 'e', 0x2248, 549,
       "45 390 m 150 500 250 470 280 440 c 310 410 400 380 504 490 c S "
       "45 200 m 150 310 250 280 280 250 c 310 220 400 190 504 300 c S"},
      {"arrowright", 'f', 0x2192, 1000, "60 342 m 940 342 l S 740 500 m 940 342 l 740 184 l S"},
      {"Delta", 'g', 0x0394, 612, "45 33 m 306 690 l 567 33 l s"},
      {"infinity", 'h', 0x221e, 713,
       "356 342 m 440 480 640 520 640 342 c 640 164 440 204 356 342 c "
       "272 480 72 520 72 342 c 72 164 272 204 356 342 c S"}};
  return kSigns;
}

void append_glyphs(std::string_view text, PdfFont font, std::uint8_t tone, std::vector<PdfGlyph>& glyphs,
                   std::set<std::string>& replaced) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t raw = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(bytes + at, size - at, &raw);
    if (used <= 0) {
      const std::string shown = fmt::format(
          "\x8b"
          "byte {:02X}\x9b",
          bytes[at]);
      append_literal(shown, font, tone, glyphs);
      replaced.insert("\xef\xbf\xbd");
      ++at;
      continue;
    }
    at += used;
    const auto c = static_cast<char32_t>(raw);
    if (append_known(c < 0x20 ? U' ' : c, font, tone, glyphs)) continue;
    replaced.insert(utf8_of(c));
    if (append_bare(c, font, tone, glyphs)) continue;
    append_literal(fmt::format("\x8bU+{:04X}\x9b", static_cast<unsigned>(c)), font, tone, glyphs);
  }
}

double width_of(const std::vector<PdfGlyph>& glyphs, double size) {
  double width = 0.0;
  for (const PdfGlyph& glyph : glyphs) width += glyph.width;
  return width * size / 1000.0;
}

}  // namespace quantier::note_internal
