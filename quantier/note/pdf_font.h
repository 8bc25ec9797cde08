// Characters of the PDF: which font and code draws each, and how wide it is.
//
// The text is set in Helvetica, one of the 14 fonts that every PDF reader brings (PDF 1.7, 9.6.2.2), so that
// the same note is the same bytes on every machine, whatever fonts it has. Its encoding (WinAnsi) lacks a few
// signs that notes are full of ("−", "≤", "≥"); those are drawn as a small font of our own inside the file,
// with a map back to Unicode, so that copying and searching find them.
//
// Any other character is first written without its marks ("ř" as "r", compatibility decomposition of
// Unicode); where that leads nowhere (other scripts) its code is written: ‹U+4E2D›. Nothing vanishes, and
// what was replaced is collected so that the document can say so. Invalid UTF-8 is written as ‹byte FF›.
//
// Widths are thousandths of the font size. They are the published metrics of Helvetica, which Liberation Sans
// shares.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace quantier::note_internal {

enum class PdfFont : std::uint8_t { kRegular, kBold, kOblique, kSigns };
inline constexpr std::size_t kPdfFontCount = 4;

struct PdfGlyph {
  PdfFont font = PdfFont::kRegular;
  unsigned char code = 0;
  std::uint16_t width = 0;
  bool space = false;  // where a line may end; a no-break space is none
  std::uint8_t tone = 0;
};

// Appends the glyphs of `text`; characters without one go into `replaced` (as UTF-8).
void append_glyphs(std::string_view text, PdfFont font, std::uint8_t tone, std::vector<PdfGlyph>& glyphs,
                   std::set<std::string>& replaced);

// At a size in points.
[[nodiscard]] double width_of(const std::vector<PdfGlyph>& glyphs, double size);

// The signs that are drawn here: name, code and drawing in a square of 1000, and the Unicode character.
struct PdfSign {
  const char* name;
  unsigned char code;
  char32_t character;
  std::uint16_t width;
  const char* strokes;  // of width 66: operators of a content stream
};
[[nodiscard]] const std::vector<PdfSign>& pdf_signs();

}  // namespace quantier::note_internal
