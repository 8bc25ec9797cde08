#include "quantier/note/pdf.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/note/keep_blocks.h"
#include "quantier/note/pdf_file.h"
#include "quantier/note/pdf_flow.h"
#include "quantier/note/pdf_table.h"
#include "quantier/note/reference_table.h"
#include "quantier/note/words.h"

namespace quantier {
namespace note_internal {
namespace {

constexpr double kBody = 10.0;
constexpr double kLeading = 13.6;
constexpr double kSmall = 8.5;
constexpr double kSmallLeading = 11.0;
constexpr Rgb kBlue = {0, 114, 178};
constexpr Rgb kOrange = {213, 94, 0};
constexpr Rgb kGrey = {90, 90, 90};
constexpr Rgb kGreen = {0, 158, 115};

// One block after the other onto the pages.
class Setter {
 public:
  Setter(PdfFlow& flow, const std::vector<Reference>& references) : flow_(flow), references_(references) {}

  std::vector<std::string> remarks;

  void title(const std::string& text) {
    constexpr double kTitle = 17.0;
    flow_.bookmark(1, visible(text));
    flow_.paragraph(flow_.glyphs(text, PdfFont::kBold), kTitle, 1.25 * kTitle);
    flow_.skip(8.0);
  }

  void operator()(const NoteHeading& heading) {
    const double size = heading.level <= 2 ? 12.5 : 10.5;
    if (!flow_.at_top()) flow_.skip(heading.level <= 2 ? 12.0 : 7.0);
    // Never at the foot of a page: a few lines must follow, or the caption, header and first rows of a table.
    flow_.room(1.3 * size + 8.0 * kLeading);
    flow_.bookmark(std::max(heading.level, 2), visible(heading.text));
    flow_.paragraph(flow_.glyphs(heading.text, PdfFont::kBold), size, 1.3 * size);
    flow_.skip(4.0);
  }

  void operator()(const NoteParagraph& paragraph) {
    const auto glyphs = flow_.glyphs(paragraph.text, PdfFont::kRegular, kToneInk, paragraph.kind);
    if (glyphs.empty()) return;
    if (paragraph.lead) {
      flow_.boxed({glyphs}, kBody, kLeading, kBlue);
    } else {
      flow_.paragraph(glyphs, kBody, kLeading);
    }
    flow_.skip(6.0);
  }

  void operator()(const NoteTable& table) { pdf_table(table, flow_); }

  void operator()(const NoteFigure& figure) {
    const auto caption = flow_.glyphs(figure.caption, PdfFont::kRegular, kToneGrey);
    const double below = kSmallLeading * static_cast<double>(wrap(caption, kSmall, kTextWidth).size());
    const Result<Drawing> drawing = read_drawing(figure.svg);
    if (!drawing) {
      remarks.push_back(fmt::format("The figure \"{}\" is missing here ({}: {}); the HTML has it.",
                                    visible(figure.name), drawing.error().where, drawing.error().why));
      flow_.paragraph(flow_.glyphs(remarks.back()), kSmall, kSmallLeading);
    } else {
      const double height_left = std::max(kTextHeight - below - 8.0, kTextHeight / 4.0);
      // Labels of 12 pixels at just under 8 points, and less where the page is too narrow.
      constexpr double kPoints = 0.65;
      double scale = std::min({kPoints, kTextWidth / drawing->width, height_left / drawing->height});
      const double extra = std::min(below, kTextHeight / 2.0) + 8.0;
      // Rather a little smaller than a page half empty.
      constexpr double kSmallest = 0.82;
      const double fitting = (kTextHeight - flow_.used() - extra) / drawing->height;
      if (fitting < scale && fitting >= kSmallest * scale) scale = fitting;
      const double height = scale * drawing->height;
      flow_.room(height + extra);
      flow_.skip(2.0);
      flow_.canvas().drawing(*drawing, kMarginSide, flow_.y(), scale, flow_.replaced());
      flow_.skip(height + 2.0);
    }
    flow_.paragraph(caption, kSmall, kSmallLeading);
    flow_.skip(8.0);
  }

  void operator()(const NoteGap& gap) {
    if (gap.answer) {
      std::vector<std::vector<PdfGlyph>> parts = {flow_.glyphs(gap.question, PdfFont::kBold)};
      add_kept(*gap.answer, gap.stale, parts);
      flow_.boxed(parts, kBody, kLeading, kGreen);
      flow_.skip(6.0);
      return;
    }
    std::vector<std::vector<PdfGlyph>> parts = {
        flow_.glyphs("To be answered by a person", PdfFont::kBold, kToneJudged), flow_.glyphs(gap.question)};
    if (!gap.evidence.empty()) {
      parts.push_back(flow_.glyphs("Look at: " + gap.evidence, PdfFont::kRegular, kToneGrey));
    }
    flow_.boxed(parts, kBody, kLeading, kOrange);
    flow_.skip(6.0);
  }

  void operator()(const NoteAbsence& absence) {
    std::vector<std::vector<PdfGlyph>> parts = {
        flow_.glyphs(fmt::format("Not in this evidence: {}. It takes {}{}", absence.what, absence.evidence,
                                 absence.command.empty() ? "." : ":"))};
    if (!absence.command.empty()) parts.push_back(flow_.glyphs(visible(absence.command), PdfFont::kOblique));
    flow_.boxed(parts, kBody, kLeading, kGrey);
    flow_.skip(6.0);
  }

  void operator()(const NoteKept& kept) {
    std::vector<std::vector<PdfGlyph>> parts;
    add_kept(kept.text, kept.stale, parts);
    flow_.boxed(parts, kBody, kLeading, kGreen);
    flow_.skip(6.0);
  }

 private:
  PdfFlow& flow_;
  const std::vector<Reference>& references_;

  void add_kept(const std::string& text, const std::vector<std::string>& stale,
                std::vector<std::vector<PdfGlyph>>& parts) {
    for (const std::string& each : kept_paragraphs(text, references_)) parts.push_back(flow_.glyphs(each));
    parts.push_back(flow_.glyphs(kWrittenByAPerson, PdfFont::kOblique, kToneJudged));
    for (const std::string& each : stale) {
      parts.push_back(flow_.glyphs(each, PdfFont::kRegular, kToneJudged));
    }
  }
};

// Written as everything else, so each shows how it is replaced.
std::string shown(const std::set<std::string>& characters) {
  constexpr std::size_t kNamed = 12;
  std::string text;
  std::size_t named = 0;
  for (const std::string& character : characters) {
    if (named == kNamed) return text + fmt::format(" and {} more", characters.size() - kNamed);
    text += (named++ == 0 ? "" : ", ") + character;
  }
  return text;
}

std::string to_unicode() {
  std::string map =
      "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
      "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
      "/CMapName /Signs def /CMapType 2 def\n1 begincodespacerange <00> <FF> endcodespacerange\n";
  map += fmt::format("{} beginbfchar\n", pdf_signs().size());
  for (const PdfSign& sign : pdf_signs()) {
    map += fmt::format("<{:02X}> <{:04X}>\n", static_cast<unsigned>(sign.code),
                       static_cast<unsigned>(sign.character));
  }
  return map + "endbfchar\nendcmap CMapName currentdict /CMap defineresource pop end end\n";
}

// The font of our own signs: Type 3, every glyph a few strokes (PDF 1.7, 9.6.5).
std::size_t add_signs(PdfFile& file) {
  std::string procedures;
  std::string differences;
  std::string widths;
  for (const PdfSign& sign : pdf_signs()) {
    const std::string drawn = fmt::format("{} 0 d0 66 w 0 J 0 j [] 0 d {}", sign.width, sign.strokes);
    procedures += fmt::format("/{} {} 0 R ", sign.name, file.add_stream(drawn));
    differences += fmt::format("{} /{} ", static_cast<unsigned>(sign.code), sign.name);
    widths += fmt::format("{} ", sign.width);
  }
  const std::size_t unicode = file.add_stream(to_unicode());
  return file.add(fmt::format(
      "<< /Type /Font /Subtype /Type3 /Name /F3 /FontBBox [0 -100 1000 900] /FontMatrix [0.001 0 0 0.001 0 "
      "0] /Resources << >> /CharProcs << {}>> /Encoding << /Type /Encoding /Differences [ {}] >> "
      "/FirstChar {} /LastChar {} /Widths [ {}] /ToUnicode {} 0 R >>",
      procedures, differences, static_cast<unsigned>(pdf_signs().front().code),
      static_cast<unsigned>(pdf_signs().back().code), widths, unicode));
}

std::string font_resources(PdfFile& file) {
  std::string fonts;
  constexpr std::array<const char*, 3> kNames = {"Helvetica", "Helvetica-Bold", "Helvetica-Oblique"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    fonts += fmt::format(
        "/F{} {} 0 R ", i,
        file.add(fmt::format("<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>",
                             kNames[i])));
  }
  return fonts + fmt::format("/F3 {} 0 R ", add_signs(file));
}

void footers(const std::string& title, PdfFlow& flow) {
  constexpr double kSize = 8.0;
  constexpr double kBaseline = 36.0;
  std::vector<PdfCanvas>& pages = flow.pages();
  const std::vector<PdfLine> name = wrap(flow.glyphs(title, PdfFont::kRegular, kToneGrey), kSize, 380.0);
  for (std::size_t p = 0; p < pages.size(); ++p) {
    const auto number =
        flow.glyphs(fmt::format("{} / {}", p + 1, pages.size()), PdfFont::kRegular, kToneGrey);
    if (!name.empty()) pages[p].text(kMarginSide, kBaseline, name.front(), kSize);
    pages[p].text(kPageWidth - kMarginSide - width_of(number, kSize), kBaseline, number, kSize);
  }
}

// A flat list of bookmarks below the title.
std::optional<std::size_t> add_outline(PdfFile& file, const PdfFlow& flow,
                                       const std::vector<std::size_t>& pages) {
  const std::vector<PdfBookmark>& marks = flow.bookmarks();
  if (marks.empty()) return std::nullopt;
  const std::size_t root = file.reserve();
  std::vector<std::size_t> items(marks.size());
  for (std::size_t& item : items) item = file.reserve();
  for (std::size_t i = 0; i < marks.size(); ++i) {
    std::string body =
        fmt::format("<< /Title {} /Parent {} 0 R /Dest [{} 0 R /XYZ 0 {} null]", pdf_text(marks[i].title),
                    root, pages.at(marks[i].page), pdf_number(marks[i].top + 8.0));
    if (i > 0) body += fmt::format(" /Prev {} 0 R", items[i - 1]);
    if (i + 1 < items.size()) body += fmt::format(" /Next {} 0 R", items[i + 1]);
    file.fill(items[i], body + " >>");
  }
  file.fill(root, fmt::format("<< /Type /Outlines /First {} 0 R /Last {} 0 R /Count {} >>", items.front(),
                              items.back(), items.size()));
  return root;
}

std::string write_file(const std::string& title, PdfFlow& flow) {
  PdfFile file;
  const std::size_t root = file.reserve();
  const std::size_t tree = file.reserve();
  const std::string fonts = font_resources(file);
  std::vector<std::size_t> pages;
  std::string kids;
  for (const PdfCanvas& page : flow.pages()) {
    const std::size_t content = file.add_stream(page.content());
    pages.push_back(
        file.add(fmt::format("<< /Type /Page /Parent {} 0 R /Contents {} 0 R >>", tree, content)));
    kids += fmt::format("{} 0 R ", pages.back());
  }
  file.fill(tree,
            fmt::format("<< /Type /Pages /Kids [ {}] /Count {} /MediaBox [0 0 {} {}] /Resources << /Font "
                        "<< {}>> >> >>",
                        kids, pages.size(), pdf_number(kPageWidth), pdf_number(kPageHeight), fonts));
  const auto outline = add_outline(file, flow, pages);
  file.fill(root, fmt::format("<< /Type /Catalog /Pages {} 0 R{} /Lang (en) /ViewerPreferences << "
                              "/DisplayDocTitle true >> >>",
                              tree, outline ? fmt::format(" /Outlines {} 0 R", *outline) : std::string()));
  const std::size_t info =
      file.add(fmt::format("<< /Title {} /Producer (Quantier) >>", pdf_text(visible(title))));
  return file.finish(root, info);
}

}  // namespace
}  // namespace note_internal

NotePdf render_pdf(const NoteDocument& document) {
  using namespace note_internal;
  PdfFlow flow;
  const std::vector<Reference> references = references_of(document);
  Setter setter(flow, references);
  setter.title(document.title);
  for (const NoteBlock& block : document.blocks) std::visit(setter, block);
  for (const NoteBlock& block : reference_blocks(document, references)) std::visit(setter, block);
  NotePdf pdf;
  pdf.remarks = std::move(setter.remarks);
  if (!flow.replaced().empty()) {
    const std::string remark = fmt::format(
        "This PDF's fonts lack {} of the characters above ({}). They are written without their "
        "marks, or by their code in Unicode; the HTML and the Markdown have them as they are.",
        flow.replaced().size(), shown(flow.replaced()));
    pdf.remarks.push_back(remark);
    flow.paragraph(flow.glyphs(remark, PdfFont::kRegular, kToneGrey), kSmall, kSmallLeading);
  }
  footers(document.title, flow);
  pdf.pages = flow.pages().size();
  pdf.bytes = write_file(document.title, flow);
  return pdf;
}

double prose_pages(const NoteDocument& document) {
  using namespace note_internal;
  PdfFlow flow;
  const std::vector<Reference> none;
  Setter setter(flow, none);
  setter.title(document.title);
  for (const NoteBlock& block : document.blocks) {
    if (const auto* heading = std::get_if<NoteHeading>(&block)) {
      if (heading->text.starts_with(kAppendix)) break;
    }
    if (std::holds_alternative<NoteTable>(block) || std::holds_alternative<NoteFigure>(block)) continue;
    std::visit(setter, block);
  }
  return static_cast<double>(flow.pages().size() - 1) + std::min(flow.used() / kTextHeight, 1.0);
}

}  // namespace quantier
