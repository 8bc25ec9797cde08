// Pages that fill from top to bottom: A4, one column, a footer with the page number.
//
// Text is set ragged right: without hyphenation, justified lines of numbers and long names tear open. A line
// ends after a space; a word wider than the line after one of its slashes, or where the line ends, so that no
// label can leave the page. Lengths are points; the cursor is the distance from the top of the printed area.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantier/note/inline.h"
#include "quantier/note/pdf_canvas.h"
#include "quantier/note/pdf_font.h"

namespace quantier::note_internal {

inline constexpr double kPageWidth = 595.28;
inline constexpr double kPageHeight = 841.89;
inline constexpr double kMarginSide = 62.0;
inline constexpr double kMarginTop = 58.0;
inline constexpr double kMarginBottom = 62.0;
inline constexpr double kTextWidth = kPageWidth - 2.0 * kMarginSide;
inline constexpr double kTextHeight = kPageHeight - kMarginTop - kMarginBottom;

using PdfLine = std::vector<PdfGlyph>;

[[nodiscard]] std::vector<PdfLine> wrap(const std::vector<PdfGlyph>& glyphs, double size, double width);
// The widest piece that no line may break.
[[nodiscard]] double widest_piece(const std::vector<PdfGlyph>& glyphs, double size);

struct PdfBookmark {
  int level = 1;
  std::string title;
  std::size_t page = 0;
  double top = 0.0;  // from the bottom of the page
};

class PdfFlow {
 public:
  PdfFlow() : pages_(1) {}

  // Glyphs of a text with its marks: modelled and judged sentences in italics, in a colour of their own and
  // with the word behind them.
  [[nodiscard]] std::vector<PdfGlyph> glyphs(std::string_view marked, PdfFont font = PdfFont::kRegular,
                                             std::uint8_t tone = kToneInk,
                                             SentenceKind kind = SentenceKind::kMeasured);

  // A new page unless `height` still fits on this one.
  void room(double height);
  void skip(double height) { used_ += height; }  // nothing at the top of a page
  void line(const PdfLine& line, double size, double leading, double indent = 0.0);
  void paragraph(const std::vector<PdfGlyph>& glyphs, double size, double leading, double indent = 0.0);
  // Set off by a bar and a tint; one that is longer than a page is set without them.
  void boxed(const std::vector<std::vector<PdfGlyph>>& paragraphs, double size, double leading, Rgb bar);
  void bookmark(int level, std::string title);

  [[nodiscard]] PdfCanvas& canvas() { return pages_.back(); }
  [[nodiscard]] std::vector<PdfCanvas>& pages() { return pages_; }
  [[nodiscard]] const std::vector<PdfBookmark>& bookmarks() const { return bookmarks_; }
  [[nodiscard]] std::set<std::string>& replaced() { return replaced_; }
  [[nodiscard]] double used() const { return used_; }
  [[nodiscard]] double y() const { return kPageHeight - kMarginTop - used_; }
  [[nodiscard]] bool at_top() const { return used_ <= 0.0; }

 private:
  std::vector<PdfCanvas> pages_;
  double used_ = 0.0;
  std::vector<PdfBookmark> bookmarks_;
  std::set<std::string> replaced_;
};

}  // namespace quantier::note_internal
