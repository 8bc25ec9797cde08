#include "quantier/note/html_page.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/note/document.h"

namespace quantier::note_internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Of `echo -n "alert('Hello, world.');" | openssl sha256 -binary | openssl base64`, as the standard gives it.
TEST(HtmlPage, HashesAreThoseOfThePolicy) {
  EXPECT_EQ(csp_hash("alert('Hello, world.');"), "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=");
}

TEST(HtmlPage, AllowsWhatStandsInItAndNothingElse) {
  HtmlPage page;
  page.title = "a</title><script>";
  page.styles = {"p{color:red}"};
  page.scripts = {"let a=1"};
  page.data = {{"grid", R"({"label":"</script><b>"})"}};
  page.first_screen = "<p>card</p>";
  page.body = "<p>note</p>";
  const std::string html = html_page(page);
  EXPECT_THAT(html,
              HasSubstr("default-src 'none'; style-src '" + csp_hash("p{color:red}") + "'; script-src '" +
                        csp_hash("let a=1") + "'; img-src data:; base-uri 'none'; form-action 'none'"));
  EXPECT_THAT(html, Not(HasSubstr("unsafe")));
  EXPECT_THAT(html, HasSubstr("<style>p{color:red}</style>"));
  EXPECT_THAT(html, HasSubstr("<script>let a=1</script>"));
  EXPECT_THAT(html, HasSubstr("{\"label\":\"\\u003c/script>\\u003cb>\"}"));
  EXPECT_THAT(html, HasSubstr("<header><p>card</p></header>\n<main><p>note</p></main>"));
  EXPECT_THAT(html, HasSubstr("a&lt;/title&gt;"));
}

TEST(HtmlPage, ANoteRunsNoScript) {
  NoteDocument document;
  document.title = "Note";
  const std::string html = render_html(document);
  EXPECT_THAT(html, HasSubstr("script-src 'none'"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr(" style=")));
  const std::size_t from = html.find("<style>") + 7;
  const std::string style = html.substr(from, html.find("</style>") - from);
  EXPECT_THAT(html, HasSubstr("style-src '" + csp_hash(style) + "'"));
}

}  // namespace
}  // namespace quantier::note_internal
