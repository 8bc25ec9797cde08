#include "quantier/note/pdf.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <zlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/note/pdf_file.h"
#include "quantier/note/pdf_flow.h"
#include "quantier/note/svg.h"
#include "quantier/note/words.h"

namespace quantier {
namespace {

using note_internal::PdfFlow;
using note_internal::PdfFont;
using note_internal::PdfLine;
using ::testing::HasSubstr;
using ::testing::Not;

std::string inflated(std::string_view data) {
  std::string out(std::size_t{1} << 20, '\0');
  uLongf size = out.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                       reinterpret_cast<const Bytef*>(data.data()), static_cast<uLong>(data.size())),
            Z_OK);
  out.resize(size);
  return out;
}

// Every stream of the file, unpacked.
std::string streams(const std::string& pdf) {
  std::string out;
  for (std::size_t at = pdf.find("stream\n"); at != std::string::npos; at = pdf.find("stream\n", at)) {
    at += 7;
    const std::size_t end = pdf.find("\nendstream", at);
    out += inflated(std::string_view(pdf).substr(at, end - at)) + "\n";
    at = end + 10;
  }
  return out;
}

std::size_t occurrences(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

NoteDocument small_document() {
  NoteDocument document;
  document.title = "A (small) note";
  document.blocks.emplace_back(NoteHeading{2, "1. One"});
  document.blocks.emplace_back(NoteParagraph{"ECE ≤ 0.050, change −2.8 × 1."});
  note_internal::Svg svg(100.0, 50.0, "figure");
  svg.line(0.0, 0.0, 100.0, 50.0, "stroke:#0072B2;stroke-dasharray:0 0");
  svg.text(10.0, 10.0, "label");
  document.blocks.emplace_back(NoteFigure{"f", "A figure.", svg.finish()});
  return document;
}

TEST(Pdf, IsTheSameBytesWithATableThatPointsAtItsObjects) {
  const NotePdf pdf = render_pdf(small_document());
  EXPECT_EQ(pdf.bytes, render_pdf(small_document()).bytes);
  EXPECT_TRUE(pdf.bytes.starts_with("%PDF-1.7\n"));
  EXPECT_TRUE(pdf.bytes.ends_with("%%EOF\n"));
  EXPECT_THAT(pdf.bytes, Not(HasSubstr("CreationDate")));
  const std::size_t start = pdf.bytes.rfind("startxref\n") + 10;
  std::size_t at = std::strtoul(pdf.bytes.c_str() + start, nullptr, 10);
  ASSERT_TRUE(std::string_view(pdf.bytes).substr(at).starts_with("xref\n0 "));
  const std::size_t count = std::strtoul(pdf.bytes.c_str() + at + 7, nullptr, 10);
  at = pdf.bytes.find('\n', at + 5) + 1;
  for (std::size_t object = 1; object < count; ++object) {
    const std::string entry = pdf.bytes.substr(at + 20 * object, 20);
    EXPECT_TRUE(entry.ends_with(" 00000 n \n")) << entry;
    const std::size_t offset = std::strtoul(entry.c_str(), nullptr, 10);
    EXPECT_TRUE(std::string_view(pdf.bytes).substr(offset).starts_with(std::to_string(object) + " 0 obj\n"));
  }
  EXPECT_TRUE(pdf.remarks.empty());
  // For looking at the pages by eye.
  if (const char* path = std::getenv("QUANTIER_NOTE_PDF")) std::ofstream(path) << pdf.bytes;
}

TEST(Pdf, DrawsTextSignsAndFigures) {
  const std::string content = streams(render_pdf(small_document()).bytes);
  EXPECT_THAT(content, HasSubstr("(ECE ) Tj\n/F3 10 Tf\n(b) Tj"));  // ≤ in the font of our own signs
  EXPECT_THAT(content, HasSubstr("<62> <2264>"));                   // which copying gives back
  EXPECT_THAT(content, HasSubstr("(A \\(small\\) note) Tj"));
  EXPECT_THAT(content, HasSubstr("2.8 \\327 1."));  // × of WinAnsi
  EXPECT_THAT(content, HasSubstr("0.000 0.447 0.698 RG"));
  EXPECT_THAT(content, HasSubstr("(label) Tj"));
}

TEST(Pdf, CharactersItLacksAreReplacedInSightAndNamed) {
  NoteDocument document;
  document.title = "Příliš";
  document.blocks.emplace_back(NoteParagraph{"中 and \xff, Ωmega, ﬁ"});
  const NotePdf pdf = render_pdf(document);
  const std::string content = streams(pdf.bytes);
  EXPECT_THAT(content, HasSubstr("(Pr\\355li\\232) Tj"));
  EXPECT_THAT(content, HasSubstr("(\\213U+4E2D\\233 and \\213byte FF\\233, \\213U+03A9\\233mega, fi) Tj"));
  ASSERT_EQ(pdf.remarks.size(), 1U);
  EXPECT_THAT(pdf.remarks[0], HasSubstr("lack 5 of the characters"));
  EXPECT_THAT(pdf.bytes, HasSubstr("/Title <FEFF005001590"));  // whole in the title
}

TEST(Pdf, AFigureThatCannotBeDrawnIsSaidToBeMissing) {
  NoteDocument document;
  document.blocks.emplace_back(
      NoteFigure{"foreign", "Caption.", "<svg width=\"1\" height=\"1\"><image/></svg>"});
  const NotePdf pdf = render_pdf(document);
  ASSERT_EQ(pdf.remarks.size(), 1U);
  EXPECT_THAT(pdf.remarks[0], HasSubstr("The figure \"foreign\" is missing here"));
  EXPECT_THAT(streams(pdf.bytes), HasSubstr("The figure \"foreign\" is missing here"));
}

TEST(Pdf, LongTablesRepeatTheirHeaderAndLoseNoRow) {
  NoteTable table{"Rows.", {"configuration", "value"}, {}};
  for (int i = 0; i < 200; ++i) table.rows.push_back({"row" + std::to_string(i), "1"});
  NoteDocument document;
  document.blocks.emplace_back(table);
  const NotePdf pdf = render_pdf(document);
  EXPECT_GT(pdf.pages, 2U);
  const std::string content = streams(pdf.bytes);
  EXPECT_EQ(occurrences(content, "(configuration) Tj"), pdf.pages);
  for (int i = 0; i < 200; ++i) EXPECT_THAT(content, HasSubstr("(row" + std::to_string(i) + ") Tj"));
}

TEST(Pdf, TablesTooWideForThePageAreDealtOntoSeveral) {
  NoteTable table{"Wide.", {"configuration"}, {{"encoder"}}};
  for (int i = 0; i < 40; ++i) {
    table.header.push_back("limit" + std::to_string(i));
    table.rows[0].push_back("value" + std::to_string(i));
  }
  NoteDocument document;
  document.blocks.emplace_back(table);
  const std::string content = streams(render_pdf(document).bytes);
  EXPECT_GT(occurrences(content, "(encoder) Tj"), 2U);
  for (int i = 0; i < 40; ++i)
    EXPECT_EQ(occurrences(content, "(value" + std::to_string(i) + ") Tj"), 1U) << i;
}

TEST(Pdf, NothingLeavesThePageHoweverLong) {
  PdfFlow flow;
  const auto glyphs = flow.glyphs(std::string(5000, 'W') + " / " + std::string(300, 'i') + " end");
  std::size_t shown = 0;
  for (const PdfLine& line : note_internal::wrap(glyphs, 10.0, 200.0)) {
    EXPECT_LE(note_internal::width_of(line, 10.0), 200.0 + 1e-9);
    for (const auto& glyph : line) shown += glyph.space ? 0U : 1U;
  }
  EXPECT_EQ(shown, 5000U + 1U + 300U + 3U);
  NoteDocument document;
  document.title = std::string(20000, 'T');
  document.blocks.emplace_back(NoteHeading{2, std::string(20000, 'H')});
  document.blocks.emplace_back(NoteParagraph{std::string(100000, 'p'), true});
  document.blocks.emplace_back(NoteTable{
      std::string(9000, 'c'), {std::string(9000, 'h'), "v"}, {{std::string(90000, 'r'), "1"}}, 1, 0});
  document.blocks.emplace_back(NoteTable{});
  document.blocks.emplace_back(NoteGap{"id", std::string(30000, 'q'), ""});
  EXPECT_GT(render_pdf(document).pages, 10U);
}

TEST(Pdf, ProsePagesCountProseAlone) {
  NoteDocument document;
  document.title = "Note";
  document.blocks.emplace_back(NoteHeading{2, "1. One"});
  std::string prose;
  for (int i = 0; i < 780; ++i) prose += "measured ";
  document.blocks.emplace_back(NoteParagraph{prose});
  const double alone = prose_pages(document);
  EXPECT_GT(alone, 1.0);
  EXPECT_LT(alone, 2.0);
  document.blocks.emplace_back(NoteTable{"Rows", {"a"}, std::vector<std::vector<std::string>>(300, {"x"})});
  for (const NoteBlock& block : small_document().blocks) {
    if (std::holds_alternative<NoteFigure>(block)) document.blocks.push_back(block);
  }
  EXPECT_EQ(prose_pages(document), alone);
  document.blocks.emplace_back(NoteParagraph{prose});
  EXPECT_NEAR(prose_pages(document), 2.0 * alone, 0.15);
  const double two = prose_pages(document);
  document.blocks.emplace_back(NoteHeading{2, "Appendix: protocol"});
  document.blocks.emplace_back(NoteParagraph{prose});
  EXPECT_EQ(prose_pages(document), two);
}

TEST(Pdf, ReferencesStandInTheAppendix) {
  NoteDocument document;
  document.title = "Note";
  document.blocks.emplace_back(
      NoteParagraph{"It is " + note_internal::cite({"encoder/int4/ece", "", "0123456789"}, "0.021") +
                    " MB. " + note_internal::modelled("A guess.")});
  const std::string content = streams(render_pdf(document).bytes);
  EXPECT_THAT(content, HasSubstr("(It is 0.021\\240MB. ) Tj"));
  EXPECT_THAT(content, HasSubstr("(encoder/int4/ece) Tj"));
  EXPECT_THAT(content, HasSubstr("(\\240[modelled]) Tj"));
  EXPECT_THAT(content, HasSubstr("(Appendix: where the numbers come from) Tj"));
}

TEST(Pdf, NumbersAreWrittenWithoutExponents) {
  EXPECT_EQ(note_internal::pdf_number(0.0), "0");
  EXPECT_EQ(note_internal::pdf_number(-0.001), "0");
  EXPECT_EQ(note_internal::pdf_number(1e7), "10000000");
  EXPECT_EQ(note_internal::pdf_number(12.50), "12.5");
  EXPECT_EQ(note_internal::pdf_number(std::nan("")), "0");
  EXPECT_EQ(note_internal::pdf_text("a\xf0\x9f\x98\x80\xff"), "<FEFF0061D83DDE00FFFD>");
}

}  // namespace
}  // namespace quantier
