#include "quantier/note/page/page.h"

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/decide/workload_fixture.h"
#include "quantier/note/html_page.h"

namespace quantier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHostile = "<script>alert(1)</script>";

NoteInput table_input() {
  NoteInput input;
  input.decision = decide_candidates(workload_fixture::candidates(), {}, workload_fixture::envelope())
                       .value_or(Decision{});
  input.evidence_hash = "abc123";
  return input;
}

std::string page_with(const NoteInput& input) { return render_page(build_note(input), input); }

TEST(PageTest, OpensWithTheDecision) {
  const std::string page = page_with(table_input());
  EXPECT_THAT(page,
              AllOf(HasSubstr("Ship encoder fp16"), HasSubstr("2.31 s of computing"), HasSubstr("abc123")));
  EXPECT_LT(page.find("Ship encoder fp16"), page.find("<main>"));
}

TEST(PageTest, NothingFromOutsideCanRun) {
  NoteInput input = table_input();
  input.decision.candidates[0].name = kHostile;
  input.dataset = kHostile;
  input.flipped_examples = {{.model = "encoder",
                             .recipe = "int4",
                             .baseline = "fp16",
                             .tier = "tail",
                             .lost = 1,
                             .gained = 0,
                             .shown = {{.id = kHostile, .label = kHostile, .before = "a", .after = "b"}}}};
  const std::string page = page_with(input);
  EXPECT_THAT(page, Not(HasSubstr(kHostile)));
  EXPECT_THAT(page, AllOf(HasSubstr("default-src 'none'"), Not(HasSubstr("unsafe-inline")),
                          HasSubstr(note_internal::csp_hash(note_internal::page_script())),
                          HasSubstr(note_internal::csp_hash(note_internal::page_style()))));
  for (const char* outside :
       {"href=\"http", "https://", " src=", "@import", "url(", " style=\"", "onclick"}) {
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  }
}

TEST(PageTest, TheScriptReadsWhatTheRuleNeeds) {
  const auto data = parse_json(note_internal::choice_data(table_input()), "data");
  ASSERT_TRUE(data) << data.error().message();
  EXPECT_EQ(data->at("names").size(), 6U);
  EXPECT_EQ(data->at("chosen"), 0);
  const Json& table = data->at("table");
  EXPECT_EQ(table.at("comparisons").at("quality").size(), 36U);
  // The two that tie by the margin, and one that is ahead.
  EXPECT_EQ(table.at("comparisons").at("quality")[0 * 6 + 2], 0);
  EXPECT_EQ(table.at("comparisons").at("quality")[0 * 6 + 3], -1);
  EXPECT_EQ(table.at("limits").size(), 3U);
  for (const Json& limit : table.at("limits")) {
    EXPECT_EQ(limit.at("values").size(), 6U);
    EXPECT_EQ(limit.at("texts").size(), 6U);
  }
}

TEST(PageTest, AValueThatNobodyMeasuredIsNull) {
  NoteInput input;
  std::vector<Candidate> list = workload_fixture::candidates();
  list[1].ms_per_example = std::nullopt;
  input.decision = decide_candidates(list, {}, workload_fixture::envelope()).value_or(Decision{});
  const auto data = parse_json(note_internal::choice_data(input), "data");
  ASSERT_TRUE(data);
  EXPECT_TRUE(data->at("table").at("values").at("latency")[1].is_null());
}

TEST(PageTest, GatesAreShownWhereThereAreAny) {
  NoteInput input = table_input();
  EXPECT_EQ(note_internal::gate_controls(input), "");
  input.calibration.resize(2);
  input.calibration[0].gates = {{0.5, 0.9, 0.8, 0.75, 0.85}, {0.9, 0.4, 0.95, 0.9, 0.99}};
  input.calibration[1].gates = {{0.8, 0.5, 0.9, 0.85, 0.95}};
  EXPECT_THAT(note_internal::gate_controls(input), HasSubstr("max=\"2\""));  // three thresholds
}

TEST(PageTest, WithoutConfigurationsThereIsOnlyTheNote) {
  const std::string page = page_with(NoteInput{});
  EXPECT_THAT(page, AllOf(Not(HasSubstr("card-title")), Not(HasSubstr("quantier-choice"))));
}

}  // namespace
}  // namespace quantier
