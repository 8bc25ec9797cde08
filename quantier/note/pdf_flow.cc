#include "quantier/note/pdf_flow.h"

#include <algorithm>

#include <fmt/format.h>

namespace quantier::note_internal {
namespace {

bool breaks_after(const PdfGlyph& glyph) {
  return glyph.space || (glyph.font != PdfFont::kSigns && glyph.code == '/');
}

PdfLine trimmed(std::vector<PdfGlyph>::const_iterator from, std::vector<PdfGlyph>::const_iterator to) {
  while (to != from && std::prev(to)->space) --to;
  return {from, to};
}

}  // namespace

std::vector<PdfLine> wrap(const std::vector<PdfGlyph>& glyphs, double size, double width) {
  std::vector<PdfLine> lines;
  const double limit = width * 1000.0 / size + 1e-6;
  auto start = glyphs.begin();
  while (start != glyphs.end() && start->space) ++start;
  while (start != glyphs.end()) {
    double taken = 0.0;
    auto end = start;
    auto after_space = start;
    auto after_slash = start;
    for (; end != glyphs.end(); ++end) {
      // A space may hang over the end of a line.
      if (taken + end->width > limit && !end->space) break;
      taken += end->width;
      if (breaks_after(*end)) (end->space ? after_space : after_slash) = std::next(end);
    }
    if (end != glyphs.end()) {
      // Inside a word only where the word does not fit on a line of its own.
      const auto at = after_space != start ? after_space : after_slash;
      if (at != start) end = at;
    }
    if (end == start) ++end;  // wider than the line by itself
    lines.push_back(trimmed(start, end));
    start = end;
    while (start != glyphs.end() && start->space) ++start;
  }
  return lines;
}

double widest_piece(const std::vector<PdfGlyph>& glyphs, double size) {
  double widest = 0.0;
  double here = 0.0;
  for (const PdfGlyph& glyph : glyphs) {
    if (!glyph.space) here += glyph.width;
    widest = std::max(widest, here);
    if (breaks_after(glyph)) here = 0.0;
  }
  return widest * size / 1000.0;
}

std::vector<PdfGlyph> PdfFlow::glyphs(std::string_view marked, PdfFont font, std::uint8_t tone,
                                      SentenceKind kind) {
  std::vector<PdfGlyph> out;
  const auto close = [&](SentenceKind ended) {
    if (ended == SentenceKind::kMeasured) return;
    append_glyphs(fmt::format("\xc2\xa0[{}]", sentence_kind_name(ended)), PdfFont::kRegular, kToneGrey, out,
                  replaced_);
  };
  SentenceKind open = SentenceKind::kMeasured;
  for (const Span& span : spans_of(keep_units(marked))) {
    const SentenceKind now = span.kind == SentenceKind::kMeasured ? kind : span.kind;
    if (now != open) close(open);
    open = now;
    const bool measured = now == SentenceKind::kMeasured;
    append_glyphs(span.text, measured ? font : PdfFont::kOblique,
                  measured ? tone : (now == SentenceKind::kModelled ? kToneModelled : kToneJudged), out,
                  replaced_);
  }
  close(open);
  return out;
}

void PdfFlow::room(double height) {
  if (at_top() || used_ + height <= kTextHeight) return;
  pages_.emplace_back();
  used_ = 0.0;
}

void PdfFlow::line(const PdfLine& line, double size, double leading, double indent) {
  room(leading);
  used_ += leading;
  // The baseline stands a quarter of the size above the bottom of its line.
  canvas().text(kMarginSide + indent, y() + 0.25 * leading, line, size);
}

void PdfFlow::paragraph(const std::vector<PdfGlyph>& glyphs, double size, double leading, double indent) {
  const std::vector<PdfLine> lines = wrap(glyphs, size, kTextWidth - indent);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // No first or last line of a paragraph alone on a page.
    const bool pair = i == 0 || i + 2 == lines.size();
    room(pair && lines.size() > 1 ? 2.0 * leading : leading);
    line(lines[i], size, leading, indent);
  }
}

void PdfFlow::boxed(const std::vector<std::vector<PdfGlyph>>& paragraphs, double size, double leading,
                    Rgb bar) {
  constexpr double kInside = 10.0;
  constexpr double kPad = 5.0;
  constexpr double kBetween = 3.0;
  std::vector<std::vector<PdfLine>> texts;
  double height = 2.0 * kPad - kBetween;
  for (const auto& glyphs : paragraphs) {
    if (glyphs.empty()) continue;
    texts.push_back(wrap(glyphs, size, kTextWidth - 2.0 * kInside));
    height += leading * static_cast<double>(texts.back().size()) + kBetween;
  }
  if (texts.empty()) return;
  const bool box = height <= kTextHeight;
  if (box) {
    room(height);
    canvas().fill(kMarginSide, y() - height, kTextWidth, height, {243, 245, 247});
    canvas().fill(kMarginSide, y() - height, 3.0, height, bar);
    used_ += kPad;
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) used_ += kBetween;
    for (const PdfLine& each : texts[i]) line(each, size, leading, kInside);
  }
  if (box) used_ += kPad;
}

void PdfFlow::bookmark(int level, std::string title) {
  bookmarks_.push_back({level, std::move(title), pages_.size() - 1, y()});
}

}  // namespace quantier::note_internal
