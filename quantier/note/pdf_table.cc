#include "quantier/note/pdf_table.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace quantier::note_internal {
namespace {

constexpr double kGap = 9.0;  // between columns
constexpr double kLargestSize = 8.0;
constexpr double kSmallestSize = 6.5;
constexpr double kSizeStep = 0.5;
constexpr double kCaptionSize = 8.5;
constexpr Rgb kRule = {200, 200, 200};
constexpr Rgb kMarked = {238, 242, 246};

using Cells = std::vector<std::vector<PdfGlyph>>;

// How well a table sits: whether words are cut, cells of the body wrapped, or neither.
enum class Fit { kCutsWords, kWraps, kWhole };

struct Widths {
  double size = kLargestSize;
  std::vector<double> columns;
  Fit fit = Fit::kCutsWords;
};

double sum(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

// `from` plus as much of the way to `to` as there is room for.
std::vector<double> between(const std::vector<double>& from, const std::vector<double>& to, double room) {
  const double way = sum(to) - sum(from);
  const double part = way > 0.0 ? std::clamp((room - sum(from)) / way, 0.0, 1.0) : 0.0;
  std::vector<double> out(from.size());
  for (std::size_t c = 0; c < from.size(); ++c) out[c] = from[c] + part * (to[c] - from[c]);
  return out;
}

Widths widths_at(double size, const std::vector<Cells>& rows, std::size_t columns) {
  const double room = kTextWidth - kGap * static_cast<double>(columns - 1);
  std::vector<double> least(columns, 0.0);   // no word cut
  std::vector<double> whole(columns, 0.0);   // nor a cell of the body wrapped
  std::vector<double> wanted(columns, 0.0);  // nor one of the header
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      const double piece = widest_piece(rows[r][c], size);
      const double all = width_of(rows[r][c], size);
      least[c] = std::max(least[c], piece);
      whole[c] = std::max(whole[c], r == 0 ? piece : all);
      wanted[c] = std::max(wanted[c], all);
    }
  }
  if (sum(whole) <= room) return {size, between(whole, wanted, room), Fit::kWhole};
  if (sum(least) <= room) return {size, between(least, whole, room), Fit::kWraps};
  const double tight = sum(least);
  for (double& width : least) width *= room / tight;
  return {size, least, Fit::kCutsWords};
}

// The best fit of all sizes, and the largest size that has it.
Widths widths_of(const std::vector<Cells>& rows, std::size_t columns) {
  Widths best;
  for (double size = kLargestSize; size >= kSmallestSize - 1e-9; size -= kSizeStep) {
    Widths widths = widths_at(size, rows, columns);
    if (best.columns.empty() || widths.fit > best.fit) best = std::move(widths);
    if (best.fit == Fit::kWhole) break;
  }
  return best;
}

class Grid {
 public:
  Grid(const NoteTable& table, PdfFlow& flow) : table_(table), flow_(flow) {
    columns_ = table.header.size();
    for (const auto& row : table.rows) columns_ = std::max(columns_, row.size());
    text_columns_ = std::min(table.text_columns, columns_);
    rows_.push_back(cells(table.header, PdfFont::kBold));
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
      rows_.push_back(cells(table.rows[r], table.marked_row == r ? PdfFont::kBold : PdfFont::kRegular));
    }
  }

  void draw() {
    if (columns_ == 0) return;
    std::vector<std::size_t> numbers(columns_ - text_columns_);
    std::iota(numbers.begin(), numbers.end(), text_columns_);
    std::size_t from = 0;
    do {
      // As many columns of numbers as fit beside those of text; one at least.
      std::size_t take = numbers.size() - from;
      while (take > 1 && widths_of(chosen(from, take), text_columns_ + take).fit == Fit::kCutsWords) {
        --take;
      }
      if (from > 0) flow_.skip(6.0);
      draw_part(chosen(from, take), text_columns_ + take);
      from += take;
    } while (from < numbers.size());
  }

 private:
  const NoteTable& table_;
  PdfFlow& flow_;
  std::size_t columns_ = 0;
  std::size_t text_columns_ = 0;
  std::vector<Cells> rows_;  // the header first

  Cells cells(const std::vector<std::string>& texts, PdfFont font) {
    Cells out(columns_);
    for (std::size_t c = 0; c < texts.size(); ++c) out[c] = flow_.glyphs(texts[c], font);
    return out;
  }

  [[nodiscard]] std::vector<Cells> chosen(std::size_t from, std::size_t take) const {
    std::vector<Cells> out;
    out.reserve(rows_.size());
    for (const Cells& row : rows_) {
      Cells part(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(text_columns_));
      const auto first = row.begin() + static_cast<std::ptrdiff_t>(text_columns_ + from);
      part.insert(part.end(), first, first + static_cast<std::ptrdiff_t>(take));
      out.push_back(std::move(part));
    }
    return out;
  }

  void draw_part(const std::vector<Cells>& rows, std::size_t columns) {
    const Widths widths = widths_of(rows, columns);
    const double leading = 1.28 * widths.size;
    std::vector<std::vector<std::vector<PdfLine>>> lines(rows.size());
    std::vector<double> heights;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      std::size_t most = 1;
      for (std::size_t c = 0; c < columns; ++c) {
        lines[r].push_back(wrap(rows[r][c], widths.size, widths.columns[c]));
        most = std::max(most, lines[r].back().size());
      }
      heights.push_back(leading * static_cast<double>(most));
    }
    constexpr double kPad = 2.0;
    const bool repeats = heights[0] < kTextHeight / 3.0;
    const double next = heights.size() > 1 ? heights[1] : 0.0;
    flow_.room(std::min(heights[0] + next + 4.0 * kPad, kTextHeight / 2.0));
    draw_row(lines[0], heights[0], widths, leading, false);
    for (std::size_t r = 1; r < rows.size(); ++r) {
      // A row of half a page or more may be cut; any other stays together.
      if (heights[r] < kTextHeight / 2.0) {
        const std::size_t page = flow_.pages().size();
        flow_.room(heights[r] + kPad);
        if (repeats && flow_.pages().size() != page) draw_row(lines[0], heights[0], widths, leading, false);
      }
      draw_row(lines[r], heights[r], widths, leading, table_.marked_row == r - 1);
    }
  }

  void draw_row(const std::vector<std::vector<PdfLine>>& cells, double height, const Widths& widths,
                double leading, bool marked) {
    constexpr double kPad = 2.0;
    const double whole = sum(widths.columns) + kGap * static_cast<double>(widths.columns.size() - 1);
    const auto count = static_cast<std::size_t>(std::lround(height / leading));
    if (marked && height < kTextHeight / 2.0) {
      flow_.canvas().fill(kMarginSide - 3.0, flow_.y() - height - kPad, whole + 6.0, height + kPad, kMarked);
    }
    for (std::size_t i = 0; i < count; ++i) {
      flow_.room(leading);
      flow_.skip(leading);
      double x = kMarginSide;
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (i < cells[c].size()) {
          const double spare =
              c < text_columns_ ? 0.0 : widths.columns[c] - width_of(cells[c][i], widths.size);
          flow_.canvas().text(x + spare, flow_.y() + 0.25 * leading, cells[c][i], widths.size);
        }
        x += widths.columns[c] + kGap;
      }
    }
    flow_.skip(kPad);
    flow_.canvas().rule(kMarginSide, flow_.y() + 0.3, kMarginSide + whole, 0.4, kRule);
  }
};

}  // namespace

void pdf_table(const NoteTable& table, PdfFlow& flow) {
  const std::vector<PdfGlyph> caption = flow.glyphs(table.caption, PdfFont::kRegular, kToneGrey);
  // The caption stays with the header and a row.
  const auto lines = static_cast<double>(wrap(caption, kCaptionSize, kTextWidth).size());
  flow.room(std::min(lines * 1.3 * kCaptionSize + 50.0, kTextHeight / 2.0));
  flow.skip(4.0);
  flow.paragraph(caption, kCaptionSize, 1.3 * kCaptionSize);
  flow.skip(2.0);
  Grid(table, flow).draw();
  flow.skip(8.0);
}

}  // namespace quantier::note_internal
