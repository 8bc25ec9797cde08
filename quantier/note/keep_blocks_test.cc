#include "quantier/note/keep_blocks.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/note/kept_numbers.h"
#include "quantier/note/words.h"

namespace quantier {
namespace {

using note_internal::cite;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const FindingRef kF1{"encoder/int8/macro-f1", "", "run", ""};

NoteDocument note_with(const std::string& f1) {
  NoteDocument document;
  document.title = "A note";
  document.blocks.emplace_back(NoteHeading{2, "1. Frontier | axes"});
  document.blocks.emplace_back(NoteParagraph{"Macro-F1 is " + cite(kF1, f1) + " over 6,083 examples."});
  document.blocks.emplace_back(
      NoteGap{.id = "harm", .question = "Who is harmed?", .evidence = "the tail of the table"});
  document.blocks.emplace_back(NoteHeading{2, "2. Decision"});
  document.blocks.emplace_back(NoteParagraph{"Ship it."});
  document.blocks.emplace_back(NoteHeading{2, "Appendix: protocol"});
  return document;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

const std::string kEmptyGap = "<!-- keep: harm -->\n<!-- /keep: harm -->";

std::string answered(const std::string& markdown, const std::string& answer) {
  return replaced(markdown, kEmptyGap, "<!-- keep: harm -->\n" + answer + "<!-- /keep: harm -->");
}

TEST(KeepBlocks, AGapIsMarkedUntilAPersonAnswersAndTheAnswerSurvives) {
  const std::string fresh = render_markdown(note_with("0.653"));
  EXPECT_THAT(fresh, HasSubstr("> **To be answered by a person:** Who is harmed?\n>\n> Look at: the tail"));
  EXPECT_THAT(fresh, HasSubstr(kEmptyGap));
  const std::string answer = "Agents *read* every <b>tail</b> case.\r\n\n- one\x01\n";
  const auto kept = keep_written_text(note_with("0.653"), answered(fresh, answer), "note.md");
  ASSERT_TRUE(kept) << kept.error().message();
  const std::string again = render_markdown(kept->document);
  EXPECT_THAT(again, HasSubstr("<!-- keep: harm -->\n" + answer + "<!-- /keep: harm -->"));  // byte by byte
  EXPECT_THAT(again, Not(HasSubstr("To be answered")));
  EXPECT_THAT(kept->changes, IsEmpty());
  // And again the same bytes.
  const auto twice = keep_written_text(note_with("0.653"), again, "note.md");
  ASSERT_TRUE(twice);
  EXPECT_EQ(render_markdown(twice->document), again);
  const std::string html = render_html(kept->document);
  EXPECT_THAT(html, HasSubstr("Agents *read* every &lt;b&gt;tail&lt;/b&gt; case."));
  EXPECT_THAT(html, HasSubstr("• one"));
  EXPECT_THAT(html, HasSubstr("written by a person"));
}

TEST(KeepBlocks, AnEmptyGapStaysAGap) {
  const auto kept =
      keep_written_text(note_with("0.653"), answered(render_markdown(note_with("0.653")), " \n\n"), "x");
  ASSERT_TRUE(kept);
  EXPECT_EQ(render_markdown(kept->document), render_markdown(note_with("0.653")));
}

TEST(KeepBlocks, TextOfAPersonsOwnStaysInItsSectionOrBeforeTheAppendix) {
  const std::string own = "<!-- keep: mine -->\nMy words.\n<!-- /keep: mine -->\n";
  const std::string markdown =
      replaced(render_markdown(note_with("0.653")), "## 2. Decision", own + "\n## 2. Decision");
  auto kept = keep_written_text(note_with("0.653"), markdown, "note.md");
  ASSERT_TRUE(kept);
  std::string again = render_markdown(kept->document);
  EXPECT_LT(again.find("My words."), again.find("## 2. Decision"));
  EXPECT_GT(again.find("My words."), again.find("Who is harmed?"));
  // Its section is gone.
  NoteDocument other;
  other.blocks.emplace_back(NoteHeading{2, "2. Decision"});
  other.blocks.emplace_back(NoteHeading{2, "Appendix: protocol"});
  kept = keep_written_text(other, markdown, "note.md");
  ASSERT_TRUE(kept);
  again = render_markdown(kept->document);
  EXPECT_LT(again.find("## Kept from an earlier note"), again.find("My words."));
  EXPECT_LT(again.find("My words."), again.find("## Appendix"));
  EXPECT_GT(again.find("My words."), again.find("## 2. Decision"));
  // Above every heading.
  kept = keep_written_text(note_with("0.653"), "# T\n\n" + own, "note.md");
  ASSERT_TRUE(kept);
  again = render_markdown(kept->document);
  EXPECT_LT(again.find("My words."), again.find("## 1."));
}

TEST(KeepBlocks, NumbersThatTheEvidenceNoLongerCarriesAreReported) {
  const std::string anchor = note_internal::anchor_of(kF1);
  const std::string fresh = render_markdown(note_with("0.653"));
  const std::string answer =
      "We rely on 0.653, linked [0.653](#" + anchor +
      "), over 6083 examples at int8 (p95, 2 options) and 99.5 % of [1](#r00000000).\n";
  const auto same = keep_written_text(note_with("0.653"), answered(fresh, answer), "note.md");
  ASSERT_TRUE(same);
  EXPECT_THAT(same->changes, ElementsAre("harm: 99.5 stands nowhere else in this note.",
                                         "harm: 1 is linked to a figure that this note no longer has."));
  const auto moved = keep_written_text(note_with("0.649"), answered(fresh, answer), "note.md");
  ASSERT_TRUE(moved);
  EXPECT_THAT(moved->changes,
              ElementsAre("harm: 0.653 stood in the note before and stands nowhere in this one.",
                          "harm: 0.653 is now 0.649 (encoder/int8/macro-f1).",
                          "harm: 99.5 stands nowhere else in this note.",
                          "harm: 1 is linked to a figure that this note no longer has."));
  const std::string markdown = render_markdown(moved->document);
  EXPECT_THAT(markdown, HasSubstr(answer));  // never rewritten
  EXPECT_THAT(markdown, HasSubstr("**0.653 is now 0.649"));
  EXPECT_THAT(render_html(moved->document), HasSubstr("0.653 is now 0.649"));
  // The report does not go away by itself.
  const auto later = keep_written_text(note_with("0.649"), markdown, "note.md");
  ASSERT_TRUE(later);
  EXPECT_EQ(later->changes, moved->changes);
}

TEST(KeepBlocks, BrokenMarksAreRefusedWithTheirLine) {
  for (const auto& [text, line] : {std::pair{"a\n<!-- keep: x -->\nlost?\n", "line 2"},
                                   {"<!-- keep: x -->\n<!-- keep: y -->\n", "line 2"},
                                   {"<!-- /keep: x -->\n", "line 1"},
                                   {"<!-- keep: x -->\n<!-- /keep: y -->\n", "line 2"},
                                   {"<!-- keep: x -->\n<!-- /keep: x -->\n<!-- keep: x -->\n", "line 3"},
                                   {"<!-- keep: a b -->\n", "line 1"},
                                   {"<!-- keep: -->\n", "line 1"}}) {
    const auto blocks = read_keep_blocks(text, "note.md");
    ASSERT_FALSE(blocks) << text;
    EXPECT_EQ(blocks.error().kind, ErrorKind::kUserInput);
    EXPECT_THAT(blocks.error().where, HasSubstr(line)) << text;
  }
  const auto empty = read_keep_blocks("", "note.md");
  ASSERT_TRUE(empty);
  EXPECT_THAT(*empty, IsEmpty());
}

TEST(KeepBlocks, AFigureWithItsIntervalIsOneLink) {
  const std::string copied = "it fell by [−2.8 \\[−4.1, −1.2\\]](#r12345678) points";
  std::vector<std::string> values;
  for (const auto& number : note_internal::numbers_in(copied)) {
    EXPECT_EQ(number.anchor, "r12345678");
    values.push_back(number.value);
  }
  EXPECT_THAT(values, ElementsAre("-2.8", "-4.1", "-1.2"));
  const note_internal::Reference reference{
      "r12345678", {"encoder/int4/tail/accuracy", "delta", "run", ""}, {}};
  EXPECT_EQ(note_internal::with_citations(copied, {reference}),
            "it fell by " + cite(reference.ref, "−2.8 [−4.1, −1.2]") + " points");
}

TEST(KeepBlocks, NumbersAreToldFromNames) {
  std::vector<std::string> values;
  for (const auto& number : note_internal::numbers_in(
           "int8 fp16 macro-F1 p95 −2.8 points, 6,083 of 12,158; 1.5. -0.25 3-4 v0.1 #7 (12 %) 1,2 x=5")) {
    values.push_back(number.value);
  }
  EXPECT_THAT(values, ElementsAre("-2.8", "6083", "12158", "1.5", "-0.25", "3", "4", "12", "1", "2", "5"));
}

}  // namespace
}  // namespace quantier
