#include <gmock/gmock.h>

#include "quantier/note/document.h"

namespace quantier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

NoteDocument with(NoteAbsence absence) {
  NoteDocument document;
  document.title = "A note";
  document.blocks.emplace_back(std::move(absence));
  return document;
}

TEST(NoteAbsence, SaysWhatIsMissingWhatItTakesAndWhichCommandGetsIt) {
  const std::string text = render_markdown(with({.what = "which answers changed, tier by tier",
                                                 .evidence = "the logits of every example",
                                                 .command = "quantier import FOLDER --out STORE"}));
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("Not in this evidence:"), HasSubstr("which answers changed, tier by tier"),
            HasSubstr("the logits of every example"), HasSubstr("`quantier import FOLDER --out STORE`")));
}

TEST(NoteAbsence, WithoutACommandEndsAsASentence) {
  const std::string text =
      render_markdown(with({.what = "whether it holds", .evidence = "a second split", .command = {}}));
  EXPECT_THAT(text, AllOf(HasSubstr("It takes a second split."), Not(HasSubstr("`"))));
}

}  // namespace
}  // namespace quantier
