#include "quantier/note/inline.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/note/document.h"
#include "quantier/note/words.h"

namespace quantier {
namespace {

using note_internal::anchor_of;
using note_internal::cite;
using note_internal::finding_id;
using note_internal::judged;
using note_internal::modelled;
using note_internal::references_of;
using note_internal::Span;
using note_internal::spans_of;
using note_internal::visible;
using ::testing::HasSubstr;
using ::testing::Not;

const FindingRef kTail{finding_id({"encoder", "int4", "tail", "accuracy"}), "delta", "0123456789abcdef",
                       "n = 210, directional"};

NoteDocument cited_document() {
  NoteDocument document;
  document.title = "A note";
  document.blocks.emplace_back(NoteHeading{2, "1. Damage"});
  document.blocks.emplace_back(
      NoteParagraph{"It gains " + cite(kTail, "+2.8") + " points. " +
                    modelled("A T4 would need " + cite({"t4/latency", "", ""}, "2.31") + " ms.") + " " +
                    judged("That is enough.")});
  document.blocks.emplace_back(NoteTable{
      "Changes", {"tier", "change"}, {{"tail|<b>", cite(kTail, "+2.8")}, {"head", cite(kTail, "+2.81")}}});
  return document;
}

TEST(Inline, AMarkIsReadBackWithItsReference) {
  const std::vector<Span> spans = spans_of("a " + cite(kTail, "+2.8") + " b");
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].text, "a ");
  EXPECT_EQ(spans[1].text, "+2.8");
  EXPECT_TRUE(spans[1].cited);
  EXPECT_EQ(spans[1].ref.finding, "encoder/int4/tail/accuracy");
  EXPECT_EQ(spans[1].ref.field, "delta");
  EXPECT_EQ(spans[1].ref.detail, "n = 210, directional");
  EXPECT_EQ(spans[2].text, " b");
  EXPECT_EQ(visible("a " + cite(kTail, "+2.8") + modelled(" b")), "a +2.8 b");
  EXPECT_EQ(cite({}, "+2.8"), "+2.8");
}

TEST(Inline, WhatIsNoWholeMarkIsShownAsSpaces) {
  const std::string whole = cite(kTail, "+2.8");
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    for (const std::string& part : {whole.substr(0, cut), whole.substr(cut)}) {
      const std::string shown = visible(part + "x");
      EXPECT_EQ(shown.find_first_of("\x02\x03\x1f"), std::string::npos) << cut;
      EXPECT_TRUE(shown.ends_with("x"));
      for (const Span& span : spans_of(part)) EXPECT_FALSE(span.cited) << cut;
    }
  }
  EXPECT_EQ(visible("tab\tand\x7f"), "tab and ");
  // A text inside a mark cannot close it early.
  const std::vector<Span> spans = spans_of(cite(kTail, std::string("1\x03\x02") + whole));
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].text, "1  +2.8");
}

TEST(Inline, LabelsCannotForgeAReference) {
  NoteInput input;
  input.title = "T" + cite({"evil/finding", "", ""}, "0.999");
  input.missing = {"decoder " + cite({"evil/finding", "", ""}, "0.999")};
  input.appendix = {{"what", modelled("x") + cite({"evil/finding", "", ""}, "0.999")}};
  const NoteDocument document = build_note(input);
  EXPECT_TRUE(references_of(document).empty());
  EXPECT_THAT(render_html(document), Not(HasSubstr("data-ref")));
  EXPECT_THAT(render_html(document), HasSubstr("0.999"));
}

TEST(Inline, MarkdownLinksANumberToTheRowOfItsFinding) {
  const std::string markdown = render_markdown(cited_document());
  const std::string anchor = anchor_of(kTail);
  EXPECT_EQ(anchor.size(), 9U);
  EXPECT_THAT(markdown, HasSubstr("It gains [+2.8](#" + anchor + ") points."));
  EXPECT_THAT(markdown, HasSubstr("| tail\\|&lt;b> | [+2.8](#" + anchor + ") |"));
  // One row for the finding, with every way it is written.
  EXPECT_THAT(markdown, HasSubstr("| <a id=\"" + anchor +
                                  "\"></a>+2.8; +2.81 | encoder/int4/tail/accuracy | delta | n = 210, "
                                  "directional | 01234567 |"));
  EXPECT_THAT(markdown, HasSubstr("*A T4 would need [2.31](#"));
  EXPECT_THAT(markdown, HasSubstr(" ms.* \\[modelled\\] *That is enough.* \\[judged\\]"));
}

TEST(Inline, AnchorsDependOnNamesAlone) {
  FindingRef other_run = kTail;
  other_run.run_key = "ffff";
  other_run.detail.clear();
  EXPECT_EQ(anchor_of(other_run), anchor_of(kTail));
  FindingRef other_field = kTail;
  other_field.field = "low";
  EXPECT_NE(anchor_of(other_field), anchor_of(kTail));
}

TEST(Inline, HtmlSaysWhatANumberRestsOn) {
  const std::string html = render_html(cited_document());
  const std::string anchor = anchor_of(kTail);
  EXPECT_THAT(html,
              HasSubstr("<a class=\"ref\" href=\"#" + anchor +
                        "\" data-ref=\"encoder/int4/tail/accuracy\" title=\"encoder/int4/tail/accuracy, "
                        "delta; n = 210, directional; run 01234567\">+2.8</a>&nbsp;points"));
  EXPECT_THAT(html, HasSubstr("<tr id=\"" + anchor + "\">"));
  EXPECT_THAT(html, HasSubstr("<span class=\"modelled\">A T4"));
  EXPECT_THAT(html, HasSubstr("<span class=\"judged\">That is enough.<span class=\"tag\">judged</span>"));
}

TEST(Inline, AWholeParagraphCanBeOfAKind) {
  NoteDocument document;
  document.blocks.emplace_back(NoteParagraph{.text = "A guess.", .kind = SentenceKind::kJudged});
  EXPECT_THAT(render_markdown(document), HasSubstr("*A guess.* \\[judged\\]"));
  EXPECT_THAT(render_html(document), HasSubstr("<span class=\"judged\">A guess."));
}

TEST(Inline, HostileNamesInAReferenceStayText) {
  NoteDocument document;
  document.blocks.emplace_back(
      NoteParagraph{cite({"\"><script>alert(1)</script>", "|x|", "k", "'\n"}, "<1>")});
  const std::string html = render_html(document);
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, HasSubstr("data-ref=\"&quot;&gt;&lt;script&gt;"));
  EXPECT_THAT(render_markdown(document), HasSubstr("\\|x\\|"));
}

}  // namespace
}  // namespace quantier
