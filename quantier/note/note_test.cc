#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/decide/workload_fixture.h"
#include "quantier/note/document.h"
#include "quantier/note/pdf.h"
#include "quantier/note/plain_markdown.h"

namespace quantier {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

NoteInput workload_note() {
  NoteInput input;
  input.title = "Encoder or decoder";
  input.dataset = "2,000 validation examples, 20 classes";
  input.stack = "published table of one T4, batch 32";
  input.decision = decide_candidates(workload_fixture::candidates(), {}, workload_fixture::envelope())
                       .value_or(Decision{});
  input.tier_deltas = {{"encoder", "int8", "fp16", "head", 5180, -0.001, -0.004, 0.002, 60, 55, "unresolved",
                        "negligible", "enc8"},
                       {"encoder", "int8", "fp16", "mid", 1040, 0.000, -0.009, 0.009, 12, 12, "unresolved",
                        "undetermined", "enc8"},
                       {"encoder", "int8", "fp16", "tail", 210, -0.005, -0.027, 0.014, 2, 1, "unresolved",
                        "undetermined", "enc8"},
                       {"encoder", "int4", "fp16", "head", 5180, -0.028, -0.034, -0.022, 260, 115,
                        "established", "material", "enc4"},
                       {"encoder", "int4", "fp16", "mid", 1040, 0.004, -0.010, 0.018, 30, 34, "unresolved",
                        "undetermined", "enc4"},
                       {"encoder", "int4", "fp16", "tail", 210, 0.028, 0.005, 0.053, 0, 6, "directional",
                        "undetermined", "enc4"},
                       {"decoder", "int4", "fp16", "head", 5180, -0.030, -0.036, -0.024, 280, 125,
                        "established", "material", "dec4"},
                       {"decoder", "int4", "fp16", "mid", 1040, -0.031, -0.050, -0.012, 62, 30, "established",
                        "material", "dec4"},
                       {"decoder", "int4", "fp16", "tail", 210, -0.005, -0.036, 0.027, 6, 5, "unresolved",
                        "undetermined", "dec4"}};
  input.named_classes = {{"encoder", "fp16", "<script>alert(1)</script>", "head", 812, 0.71, 0.62, "enc16"}};
  for (const Candidate& candidate : input.decision.candidates) {
    NoteCalibration row;
    row.model = candidate.model;
    row.recipe = candidate.recipe;
    row.ece_raw = candidate.model == "encoder" ? 0.062 : 0.101;
    row.temperature = 1.21;
    row.ece_in_sample = 0.030;
    row.ece_cross_fitted = candidate.ece;
    row.gate_share = 0.41;
    row.gate_accuracy = 0.86;
    row.run_key = candidate.run_key;
    for (int i = 1; i < 15; ++i) {
      const double confidence = (i + 0.5) / 15.0;
      row.before.push_back({confidence, confidence * 0.85, 100});
      row.after.push_back({confidence * 0.95, confidence * 0.93, 100});
    }
    input.calibration.push_back(row);
  }
  for (NoteCalibration& row : input.calibration) {
    row.ece_low = *row.ece_cross_fitted - 0.01;
    row.ece_high = *row.ece_cross_fitted + 0.01;
    row.gates = {{0.5, 0.9, 0.7, 0.68, 0.72}, {0.8, 0.41, 0.86, 0.83, 0.89}};
  }
  input.residuals = {
      {"encoder", "int8", "fp16", -0.001, -0.004, 0.002, "negligible", false, 0.000, -0.001, 0.001, "enc8"},
      {"encoder", "int4", "fp16", -0.013, -0.019, -0.007, "material", true, 0.004, 0.001, 0.007, "enc4"},
      {"decoder", "int8", "fp16", 0.003, -0.005, 0.011, "undetermined", false, 0.001, -0.002, 0.004, "dec8"}};
  input.patterns = {{"encoder", "int4", "established", {"head"}, {"tail"}, {"mid"}, true, "enc4"},
                    {"decoder", "int4", "established", {"head", "mid"}, {}, {"tail"}, false, "dec4"}};
  input.appendix = {{"protocol", "3 warm-up batches, 5 timed batches of 32"}};
  input.plan_remarks = {"int8: outlier columns in fp16"};
  return input;
}

TEST(Note, HasFiveSectionsAndTheChoice) {
  const std::string markdown = plain_markdown(build_note(workload_note()));
  for (const char* part : {"1. Accuracy-efficiency frontier", "2. Where the damage lands",
                           "3. Calibration under compression", "4. Operational decision", "5. Revisiting"}) {
    EXPECT_THAT(markdown, HasSubstr(part));
  }
  EXPECT_THAT(
      markdown,
      HasSubstr("Recommendation: encoder fp16, with macro-F1 0.210, 2.31 ms/example, 410.0 MB of memory"));
  EXPECT_THAT(markdown, HasSubstr("It is overturned: decoder fp16 fails ECE ≤ 0.050 with 0.069"));
  EXPECT_THAT(markdown, HasSubstr("What macro-F1 hides: for encoder int4 it goes from 0.210 to 0.212"));
  EXPECT_THAT(markdown, HasSubstr("Directional only: int4 tail (+2.8 points, 0 lost and 6 gained of 210)"));
  EXPECT_THAT(markdown,
              HasSubstr("moved to 0.069 (by 0.019) lets in decoder fp16: the choice becomes decoder fp16"));
}

TEST(Note, HtmlIsSelfContainedAndEscaped) {
  const std::string html = render_html(build_note(workload_note()));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  for (const char* bad : {"<script", "src=\"", "@import", "url(", ">nan", " nan", "\"nan", ">inf"}) {
    EXPECT_THAT(html, Not(HasSubstr(bad)));
  }
  // Links lead to rows of the same page.
  for (std::size_t at = html.find("href="); at != std::string::npos; at = html.find("href=", at + 1)) {
    EXPECT_EQ(html.substr(at, 8), "href=\"#r");
  }
  // For looking at the page by eye.
  if (const char* path = std::getenv("QUANTIER_NOTE_HTML")) std::ofstream(path) << html;
}

TEST(Note, ProseTakesAtMostThreePages) {
  NoteInput input = workload_note();
  const double pages = prose_pages(build_note(input));
  EXPECT_GT(pages, 0.8);
  EXPECT_LE(pages, 3.0);
}

TEST(Note, EveryFigureIsDrawnInThePdf) {
  const NotePdf pdf = render_pdf(build_note(workload_note()));
  EXPECT_TRUE(pdf.remarks.empty()) << pdf.remarks.front();
}

TEST(Note, NumbersStayOnTheLineOfTheirUnit) {
  const std::string html = render_html(build_note(workload_note()));
  EXPECT_THAT(html, ::testing::AllOf(HasSubstr(">2.31</a>&nbsp;ms/example, "),
                                     HasSubstr(">410.0&nbsp;MB</a> of memory")));
}

TEST(Note, MarkdownLabelsCannotBreakOut) {
  EXPECT_EQ(escape_markdown("a|b\n<img>"), "a\\|b &lt;img>");
  EXPECT_THAT(plain_markdown(build_note(workload_note())), Not(HasSubstr("<script")));
}

TEST(Note, EveryTableRowCarriesARunKey) {
  for (const NoteBlock& block : build_note(workload_note()).blocks) {
    const auto* table = std::get_if<NoteTable>(&block);
    // A row of a named class holds several runs, each named in the other tables.
    if (table == nullptr || table->header.at(0) == "what" || table->header.at(0) == "class") continue;
    EXPECT_NE(std::find(table->header.begin(), table->header.end(), "run"), table->header.end())
        << table->caption;
    for (const auto& row : table->rows) EXPECT_EQ(row.size(), table->header.size()) << table->caption;
  }
}

TEST(Note, LimitedRunsMarkTheirFindings) {
  NoteInput input = workload_note();
  EXPECT_THAT(plain_markdown(build_note(input)), Not(HasSubstr("limited:")));
  input.limited = "the first 500 of 2,000 examples";
  const std::string html = render_html(build_note(input));
  std::size_t marks = 0;
  for (std::size_t at = html.find("[limited:"); at != std::string::npos; at = html.find("[limited:", at + 1))
    ++marks;
  EXPECT_GE(marks, 9U);
}

TEST(Note, UnconvergedTemperatureIsShownToTurnTheDecision) {
  NoteInput input = workload_note();
  std::vector<Candidate> converged = workload_fixture::candidates();
  for (Candidate& candidate : converged) candidate.ece = 0.03;
  NoteAlternative other;
  other.what_differs = "the temperature of an unconverged fit";
  other.decision = input.decision;
  input.decision = decide_candidates(converged, {}, workload_fixture::envelope()).value_or(Decision{});
  input.alternatives.push_back(other);
  EXPECT_THAT(render_html(build_note(input)),
              HasSubstr("the choice would have been encoder fp16 instead of decoder fp16"));
}

TEST(Note, EmptyEvidenceStillRenders) {
  NoteInput input;
  std::vector<Candidate> bare(1);
  bare[0].name = "only\x1b[31m one";
  Envelope limits = workload_fixture::envelope();
  input.decision = decide_candidates(bare, {}, limits).value_or(Decision{});
  const std::string html = render_html(build_note(input));
  EXPECT_THAT(html, HasSubstr("No recommendation"));
  EXPECT_EQ(summary_table(input).find('\x1b'), std::string::npos);
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
}

TEST(Note, QualityCostAndTestsStandBesideTheNumbers) {
  NoteInput input = workload_note();
  const std::string before = plain_markdown(build_note(input));
  EXPECT_THAT(before, Not(HasSubstr("two definitions")));
  EXPECT_THAT(before, Not(HasSubstr("Holm")));
  NoteQuality quality;
  quality.model = "encoder";
  quality.recipe = "int4";
  quality.accuracy = 0.701;
  quality.macro_f1_low = 0.191;
  quality.macro_f1_high = 0.233;
  quality.macro_f1_sklearn = 0.208;
  quality.macro_f1_differ = true;
  input.quality = {quality};
  NoteCost cost;
  cost.model = "encoder";
  cost.recipe = "int4";
  cost.throughput_ms = 3.19;
  cost.weights_bytes = 98.4e6;
  input.cost = {cost};
  input.tier_deltas[3].holm_p = 0.0001;
  input.tier_deltas[3].replication = 0.994;
  input.tier_deltas[5].holm_p = 0.21;
  input.tier_deltas[5].detectable = 0.062;
  const std::string markdown = plain_markdown(build_note(input));
  EXPECT_THAT(markdown, HasSubstr("| 0.701 | 0.212 | \\[0.191, 0.233\\] | 0.208 |"));
  EXPECT_THAT(markdown, HasSubstr("The two definitions of macro-F1 differ for encoder int4"));
  EXPECT_THAT(markdown, HasSubstr("| 3.190 | – | – | – | 98.4 MB | – |"));  // a dash, never a zero
  EXPECT_THAT(markdown, HasSubstr("| −2.8 \\[−3.4, −2.2\\] | 260 / 115 | &lt;0.001 | 0.99 |"));
  EXPECT_THAT(markdown, HasSubstr("would have to reach 6.2 points to be seen in four splits of five"));
}

TEST(Note, WeakTiersNamedClassesAndGatesAreReadNotOnlyTabulated) {
  NoteInput input = workload_note();
  std::vector<Candidate> list = workload_fixture::candidates();
  for (Candidate& candidate : list) candidate.tiers = {{"head", 0.8}, {"mid", 0.4}, {"tail", 0.1}};
  input.decision = decide_candidates(list, {}, workload_fixture::envelope()).value_or(Decision{});
  input.named_classes = {{"encoder", "fp16", "rare", "tail", 10, 0.5, 0.4, "enc16"},
                         {"encoder", "int8", "rare", "tail", 10, 0.5, 0.4, "enc8"},
                         {"encoder", "int4", "rare", "tail", 10, 0.8, 0.6, "enc4"}};
  const std::string markdown = plain_markdown(build_note(input));
  EXPECT_THAT(
      markdown,
      HasSubstr(
          "encoder is weakest in tail (accuracy 0.100 at fp16): int8 −0.5 points (unresolved) and int4 +2.8 "
          "points (directional); decoder is weakest"));
  EXPECT_THAT(markdown, HasSubstr("rare (tail) moves most: on encoder, from 0.500 at fp16 to 0.800 at int4. "
                                  "That is 3 predictions of 10, an anecdote and not a finding"));
  EXPECT_THAT(markdown, HasSubstr("what is left after it is equivalent for encoder int8; different for "
                                  "encoder int4; neither shown equivalent nor different for decoder int8."));
  EXPECT_THAT(markdown, HasSubstr("minus fp16's \\[95 %\\]"));
  for (const char* difference :
       {"−0.001 \\[−0.004, +0.002\\]", "−0.013 \\[−0.019, −0.007\\]", "+0.003 \\[−0.005, +0.011\\]"}) {
    EXPECT_THAT(markdown, HasSubstr(difference));
  }
  EXPECT_THAT(markdown, HasSubstr("would cost at most +0.004 \\[+0.001, +0.007\\] of ECE (encoder int4)"));
  EXPECT_THAT(markdown, HasSubstr("The pattern: int4 loses in head and gains in tail, while nothing shows in "
                                  "mid; that these differ is itself resolved."));
  EXPECT_THAT(markdown,
              HasSubstr("int4 loses in head and mid, while nothing shows in tail; that these differ "
                        "is not resolved."));
  EXPECT_THAT(
      markdown,
      HasSubstr("encoder fp16 would answer 41.0 % of the examples by itself and be right in 86.0 % of"));
  EXPECT_THAT(markdown, HasSubstr("turn it over: macro-F1 ≥ 0.200 for encoder fp16 and encoder int8"));
}

TEST(Note, TheTerminalSaysWhatBindsAndWhatWouldChangeIt) {
  const std::string text = decision_summary(workload_note().decision);
  EXPECT_THAT(
      text,
      HasSubstr("Violated: latency ≤ 10 ms/example (by decoder int8) and ECE ≤ 0.050 (by every "
                "decoder configuration). Binding (relaxed alone, it changes the choice): ECE ≤ 0.050."));
  EXPECT_THAT(text, HasSubstr("What would change it: ECE ≤ 0.050 moved to 0.069"));
  EXPECT_THAT(text, Not(HasSubstr("moved to 0.070")));  // lets in one more and changes nothing
  Envelope none;
  const auto free_choice = decide_candidates(workload_fixture::candidates(), {}, none);
  ASSERT_TRUE(free_choice);
  EXPECT_THAT(decision_summary(*free_choice), ::testing::EndsWith("scaling.\nNo limits were stated.\n"));
}

TEST(Note, SummaryIsAligned) {
  NoteInput input = workload_note();
  NoteQuality quality;
  quality.model = "encoder";
  quality.recipe = "fp16";
  quality.accuracy = 0.712;
  input.quality = {quality};
  NoteCost cost;
  cost.model = "encoder";
  cost.recipe = "fp16";
  cost.throughput_ms = 2.31;
  cost.latency_p50_ms = 9.5;
  cost.latency_p95_ms = 12.25;
  cost.process_peak_bytes = 410e6;
  input.cost = {cost};
  const std::string text = summary_table(input);
  EXPECT_THAT(
      text,
      HasSubstr("configuration  accuracy  macro-F1    ECE  ms/example  p50 ms  p95 ms  peak MB  verdict\n"));
  EXPECT_THAT(
      text,
      HasSubstr("encoder fp16      0.712     0.210  0.040        2.31    9.50   12.25    410.0  CHOSEN\n"));
  EXPECT_THAT(
      text,
      HasSubstr("encoder int8          –     0.207  0.039           –       –       –        –  passes\n"));
  EXPECT_THAT(text, HasSubstr("fails latency and ECE"));
}

TEST(Note, WhatMovesByItselfStandsBeforeTheAnswer) {
  NoteInput input = workload_note();
  input.noise_floor = {{"encoder", "int8", "batch 1 against batch 32", 6083, 2, 0.015, "enc8"},
                       {"encoder", "fp16", "batch 1 against batch 32", 6083, 0, 0.0, "enc16"},
                       {"encoder", "fp16", "the same again", 6083, 0, 0.0, "enc16"},
                       {"encoder", "fp16", "the same again", 6083, 1, 0.25, "enc16"}};
  NoteCost cost;
  cost.model = "encoder";
  cost.recipe = "fp16";
  cost.throughput_ms = 1.0;
  cost.throughput_low_ms = 0.98;
  cost.throughput_high_ms = 1.029;
  input.cost = {cost};
  const std::string markdown = plain_markdown(build_note(input));
  const std::size_t noise = markdown.find("Batch 1 against batch 32: a logit by up to 0.015, and 2 of 6,083");
  ASSERT_NE(noise, std::string::npos) << markdown.substr(0, 2000);
  EXPECT_LT(noise, markdown.find("Recommendation"));
  EXPECT_THAT(markdown, HasSubstr("passes over the same examples differ by up to 5.0 % (encoder fp16)"));
  // Once for each configuration, at its worst.
  EXPECT_THAT(markdown,
              HasSubstr("the same again: 6,083 examples, largest change of a logit 0.25, 1 flip |"));
}

TEST(Note, WhatIsMissingIsSaidBeforeTheAnswer) {
  NoteInput input = workload_note();
  input.missing = {"decoder fp32 (the worker died)"};
  EXPECT_THAT(
      plain_markdown(build_note(input)),
      HasSubstr("Not measured, and so not considered: decoder fp32 (the worker died).\n\n> Recommendation"));
}

TEST(Note, RivalsStandBesideTheChoiceWithPairedIntervals) {
  NoteInput input = workload_note();
  input.quality_differences = {{"encoder fp16", "encoder int8", 0.003, -0.004, 0.010},
                               {"decoder fp16", "encoder fp16", 0.030, 0.012, 0.048}};
  const std::string markdown = plain_markdown(build_note(input));
  EXPECT_THAT(
      markdown,
      HasSubstr("| encoder int8 | run-enc- | slower | +0.003 \\[−0.004, +0.010\\] | 2.51× | 1.44× |"));
  // Turned over so that it still reads choice minus rival.
  EXPECT_THAT(markdown, HasSubstr("fails ECE | −0.030 \\[−0.048, −0.012\\]"));
}

TEST(Note, ASweepIsSaidPlainlyWithItsNumbers) {
  EXPECT_THAT(plain_markdown(build_note(workload_note())), Not(HasSubstr("Said plainly")));
  NoteInput input = workload_note();
  std::vector<Candidate> list = workload_fixture::candidates();
  for (Candidate& candidate : list) {
    if (candidate.model == "decoder") candidate.macro_f1 = 0.15;
  }
  input.decision = decide_candidates(list, {}, workload_fixture::envelope()).value_or(Decision{});
  EXPECT_THAT(
      plain_markdown(build_note(input)),
      HasSubstr("Said plainly: encoder beats decoder on quality, size and speed: precision by precision, and "
                "encoder fp16 alone beats every decoder configuration on all three. Over its precisions "
                "macro-F1 is 0.207 to 0.212 against 0.150, memory peaks at 410.0 MB to 620.0 MB against "
                "1.15 GB to 1.89 GB, and an example takes 2.31 to 5.80 against 5.05 to 12.65 ms."));
}

TEST(Note, OtherReadingsThatChangeNothingShareASentence) {
  NoteInput input = workload_note();
  for (const char* what : {"memory put before latency", "time read one text at a time"}) {
    input.alternatives.push_back({.what_differs = what, .decision = input.decision});
  }
  EXPECT_THAT(
      plain_markdown(build_note(input)),
      HasSubstr("The choice stays encoder fp16 with memory put before latency and time read one text at"));
}

TEST(Note, AFrontierOfEqualsIsCalledOne) {
  EXPECT_THAT(plain_markdown(build_note(workload_note())),
              HasSubstr("On macro-F1 against latency the frontier is encoder fp16 and decoder fp16."));
  NoteInput input = workload_note();
  std::vector<Candidate> list = workload_fixture::candidates();
  list.resize(2);
  list[1].macro_f1 = 0.2105;
  list[1].ms_per_example = 2.35;
  input.decision = decide_candidates(list, {}, workload_fixture::envelope()).value_or(Decision{});
  EXPECT_THAT(plain_markdown(build_note(input)),
              HasSubstr("latency the frontier is every configuration, which tie inside the margins."));
}

TEST(Note, FiguresShowTheLimitsThatLieNear) {
  NoteInput input = workload_note();
  const auto figure = [&](const std::string& name) {
    for (const NoteBlock& block : build_note(input).blocks) {
      const auto* found = std::get_if<NoteFigure>(&block);
      if (found != nullptr && found->name == name) return found->svg + found->caption;
    }
    return std::string();
  };
  EXPECT_THAT(figure("frontier-latency"), HasSubstr(">limit<"));
  EXPECT_THAT(figure("frontier-latency"), HasSubstr("dotted: a limit"));
  input.decision = decide_candidates(workload_fixture::candidates(), {}, Envelope{}).value_or(Decision{});
  EXPECT_THAT(figure("frontier-memory"), Not(HasSubstr(">limit<")));
}

}  // namespace
}  // namespace quantier
