#include "quantier/note/literature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/decide/workload_fixture.h"
#include "quantier/note/document.h"

namespace quantier {
namespace {

using note_internal::cited_for;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kWork =
    "[[work]]\nid = \"a-2020\"\nauthor = \"A et al.\"\nyear = 2020\nsource = \"S\"\nclaim = \"C.\"\nscope = "
    "\"s\"\n";

TEST(Literature, EveryFindingIsMetAndEveryWorkHasAScope) {
  for (std::size_t i = 0; i < literature_finding_names().size(); ++i) {
    bool met = false;
    for (const LiteratureWork& work : literature())
      met = met || work.meets.contains(static_cast<LiteratureFinding>(i));
    EXPECT_TRUE(met) << literature_finding_names()[i];
  }
  for (const LiteratureWork& work : literature()) {
    EXPECT_FALSE(work.scope.empty());
    for (const auto& [finding, sentence] : work.meets) {
      const bool named = sentence.find(work.author) != std::string::npos;
      EXPECT_TRUE(named || work.id == "vllm-benchmark") << sentence;
    }
  }
}

TEST(Literature, RefusesWhatCouldNotBeCited) {
  const auto refusal = [](const std::string& text) {
    const auto works = parse_literature(text, "works.toml");
    return works ? std::string() : works.error().message();
  };
  EXPECT_THAT(refusal(std::string(kWork) + "[work.meets]\nhardware = \"It says so.\"\n"), IsEmpty());
  EXPECT_THAT(refusal(kWork), HasSubstr("meets no finding"));
  EXPECT_THAT(refusal(std::string(kWork) + "[work.meets]\nhardwear = \"It says so.\"\n"),
              HasSubstr("not known"));
  EXPECT_THAT(refusal(std::string(kWork) + "[work.meets]\nhardware = \"no stop\"\n"),
              HasSubstr("no sentence"));
  EXPECT_THAT(refusal("[[work]]\nid = \"x\"\nname = \"y\"\n"), HasSubstr("lacks `author`"));
  EXPECT_THAT(refusal("work = 3\n"), HasSubstr("no [[work]]"));
  EXPECT_THAT(refusal("[[work\n"), HasSubstr("not TOML"));
}

NoteInput slower_int8() {
  NoteInput input;
  input.decision =
      decide_candidates(workload_fixture::candidates(), {}, workload_fixture::envelope()).value();
  Promises promises;
  promises.model = "encoder";
  promises.recipe = "int8";
  promises.reference_recipe = "fp16";
  promises.latency.outcome = PromiseOutcome::kBroken;
  input.promises.push_back(promises);
  return input;
}

TEST(Literature, AWorkIsCitedOnlyWhereItsFindingOccurred) {
  NoteInput input = slower_int8();
  EXPECT_THAT(cited_for(input, LiteratureFinding::kInt8Slower), HasSubstr("under 6.7 B parameters"));
  EXPECT_THAT(cited_for(input, LiteratureFinding::kInt8Faster), IsEmpty());
  EXPECT_THAT(cited_for(input, LiteratureFinding::kInt4Loss), IsEmpty());
  EXPECT_THAT(cited_for(input, LiteratureFinding::kFp8), IsEmpty());
  EXPECT_THAT(cited_for(input, LiteratureFinding::kCalibrationSet), IsEmpty());
  input.promises.front().latency.outcome = PromiseOutcome::kKept;
  EXPECT_THAT(cited_for(input, LiteratureFinding::kInt8Slower), IsEmpty());
  EXPECT_THAT(cited_for(input, LiteratureFinding::kInt8Faster), HasSubstr("the opposite"));
  input.promises.front().recipe = "int4";
  input.promises.front().accuracy.established_losses = {"head"};
  EXPECT_THAT(cited_for(input, LiteratureFinding::kInt4Loss), HasSubstr("Dettmers et al., 2023"));
}

TEST(Literature, TheBenchmarkComesWithItsScope) {
  const std::string markdown = render_markdown(build_note(slower_int8()));
  EXPECT_THAT(markdown, HasSubstr("one 32 B model on an H200"));
  EXPECT_THAT(markdown, HasSubstr("the direction carries over to small classifiers, the ratio does not"));
  EXPECT_THAT(markdown, Not(HasSubstr("Paglieri")));
}

TEST(Literature, TemperatureMeetsGuoBothWays) {
  NoteInput input;
  NoteCalibration row;
  row.ece_raw = 0.10;
  row.ece_cross_fitted = 0.02;
  input.calibration = {row};
  EXPECT_THAT(cited_for(input, LiteratureFinding::kTemperatureRecovers), HasSubstr("Guo et al. (2017)"));
  input.calibration.front().ece_cross_fitted = 0.08;
  EXPECT_THAT(cited_for(input, LiteratureFinding::kTemperatureRecovers), IsEmpty());
  EXPECT_THAT(cited_for(input, LiteratureFinding::kTemperatureFails), HasSubstr("Guo et al. (2017)"));
  // An error as small as the margin has nothing to recover.
  input.calibration.front().ece_raw = 0.006;
  EXPECT_THAT(cited_for(input, LiteratureFinding::kTemperatureFails), IsEmpty());
}

}  // namespace
}  // namespace quantier
