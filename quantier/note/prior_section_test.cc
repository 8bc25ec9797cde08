#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/decide/workload_fixture.h"
#include "quantier/note/document.h"
#include "quantier/note/hardware_words.h"
#include "quantier/note/judgement.h"
#include "quantier/note/prior_words.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

NoteInput decided(const Envelope& envelope) {
  NoteInput input;
  input.decision = decide_candidates(workload_fixture::candidates(), {}, envelope).value();
  return input;
}

TEST(PriorSection, WithoutAPriorItAsksAndInventsNothing) {
  Envelope envelope = workload_fixture::envelope();
  envelope.prior = {};
  const std::string markdown = render_markdown(build_note(decided(envelope)));
  EXPECT_THAT(markdown,
              AllOf(HasSubstr("To be answered by a person:** What was recommended before, and why?"),
                    HasSubstr("<!-- keep: earlier-recommendation -->"), Not(HasSubstr("overturned"))));
}

TEST(PriorSection, AReasonIsAnsweredWithItsNumbers) {
  Envelope envelope = workload_fixture::envelope();
  envelope.prior.claims = {{"It is fast.", {MetricKind::kLatency}, "decoder fp16", "encoder fp16"}};
  EXPECT_THAT(claim_sentences(decided(envelope)), ElementsAre(AllOf(HasSubstr("“It is fast” is overturned"),
                                                                    HasSubstr("5.05"), HasSubstr("2.31"))));
}

TEST(PriorSection, TheRecipeGrowsOnlyWhileTheModelStays) {
  Envelope envelope = workload_fixture::envelope();
  NoteInput input = decided(envelope);
  NoteCalibration row;
  row.model = "encoder";
  row.recipe = "fp16";
  row.temperature = 1.26;
  row.gate_share = 0.41;
  row.gate_accuracy = 0.86;
  input.calibration = {row};
  EXPECT_THAT(recipe_sentence(input), IsEmpty());
  envelope.prior.model = "encoder";
  envelope.prior.recipe = "int8";
  const std::vector<NoteCalibration> calibration = input.calibration;
  input = decided(envelope);
  input.calibration = calibration;
  EXPECT_THAT(recipe_sentence(input),
              AllOf(HasSubstr("fp16 instead of int8"), HasSubstr("1.26"), HasSubstr("41.0 %")));
}

TEST(PriorSection, ExperimentsNameWhatTheyNeed) {
  NoteInput input = decided(workload_fixture::envelope());
  NoteTierDelta delta;
  delta.model = "encoder";  // the runner-up
  delta.recipe = "int4";
  delta.baseline = "fp16";
  delta.tier = "tail";
  delta.examples = 210;
  delta.delta = 0.010;
  delta.verdict = "unresolved";
  delta.n_to_resolve = 1900;
  input.tier_deltas = {delta};
  EXPECT_THAT(experiments_sentence(input),
              AllOf(HasSubstr("about 1,900 labelled examples of the tier tail instead of 210"),
                    HasSubstr("a load test (quantier load) at 100 requests/s")));
  // Nothing to resolve where nothing shows.
  input.tier_deltas[0].delta = 0.0;
  EXPECT_THAT(experiments_sentence(input), Not(HasSubstr("1,900")));
  input.tier_deltas[0].verdict = "directional";
  EXPECT_THAT(experiments_sentence(input), HasSubstr("a second split of the same size"));
}

NoteInput with_hardware() {
  NoteInput input = decided(workload_fixture::envelope());
  NoteHardware hardware;
  hardware.stack = "fused kernels";
  hardware.workload = "batches of 32 texts of 128 tokens";
  hardware.configurations = {"encoder fp16", "encoder int8"};
  NoteDevice known;
  known.name = "H100";
  known.times = {NoteModelledTime{0.1, 0.2}, NoteModelledTime{0.02, 0.04}};
  known.known_pairs = known.pairs = 1;
  known.possible = {"encoder int8"};
  NoteDevice open = known;
  open.name = "T4";
  open.known_pairs = 0;
  open.possible = {"encoder fp16", "encoder int8"};
  hardware.devices = {known, open};
  hardware.tested_anchors = 40;
  hardware.anchors_inside = 38;
  input.hardware = hardware;
  return input;
}

TEST(OtherHardware, WhatIsModelledLooksSoAndUnknownStaysUnknown) {
  Blocks blocks;
  hardware_blocks(with_hardware(), blocks);
  ASSERT_EQ(blocks.size(), 2U);
  const auto& table = std::get<NoteTable>(blocks[0]);
  EXPECT_EQ(spans_of(table.caption).at(0).kind, SentenceKind::kModelled);
  EXPECT_THAT(table.rows.at(0), ElementsAre("encoder fp16, modelled", "0.1–0.2", "0.1–0.2"));
  EXPECT_THAT(table.rows.at(3),
              ElementsAre("choice there, modelled", "encoder int8", "unknown (2 possible)"));
  const auto& text = std::get<NoteParagraph>(blocks[1]).text;
  EXPECT_EQ(spans_of(text).at(0).kind, SentenceKind::kModelled);
  EXPECT_THAT(visible(text), AllOf(HasSubstr("on H100 encoder int8"), HasSubstr("on T4 unknown"),
                                   HasSubstr("38 of 40 published times")));
  EXPECT_EQ(devices_to_measure(with_hardware()), "T4");
}

TEST(OtherHardware, ATestedRateIsNotModelled) {
  NoteInput input = with_hardware();
  for (NoteDevice& device : input.hardware->devices)
    device.choice_why = "requests per second has to be measured there";
  Blocks blocks;
  hardware_blocks(input, blocks);
  EXPECT_THAT(std::get<NoteTable>(blocks[0]).rows.at(3),
              ElementsAre("choice there, modelled", "unknown", "unknown"));
  EXPECT_THAT(std::get<NoteParagraph>(blocks[1]).text, HasSubstr("has to be measured there"));
}

TEST(Judgement, AsksAtMostThreeQuestions) {
  Envelope envelope = workload_fixture::envelope();
  envelope.macro_f1_min = 0.9;  // nothing passes
  Blocks blocks;
  judgement_blocks(decided(envelope), blocks);
  ASSERT_GE(blocks.size(), 2U);
  EXPECT_LE(blocks.size(), 4U);
  EXPECT_EQ(std::get<NoteParagraph>(blocks[0]).kind, SentenceKind::kJudged);
  EXPECT_EQ(std::get<NoteGap>(blocks[1]).id, "limit-to-relax");
}

}  // namespace
}  // namespace quantier::note_internal
