#include "quantier/pipeline/report_parts.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

Run run_of(const std::string& model, const std::string& recipe) {
  Run run;
  run.configuration = {model, recipe, "cpu"};
  run.key = "key-" + model + "-" + recipe;
  run.split = "validation";
  run.requested_batch_size = 32;
  run.effective_batch_size = 32;
  run.predictions.example_count = 300;
  run.provenance.quantier_version = "0.1.0";
  run.provenance.weights_sha256 = "0123456789abcdef0123";
  run.plan.recipe = recipe;
  return run;
}

TEST(ReportParts, TheEnvelopeIsReadAsConfigured) {
  RunConfig config;
  EXPECT_EQ(envelope_for(config, {})->requests_per_second,
            std::nullopt);  // nothing stated, nothing constrains
  EnvelopeConfig limits;
  limits.requests_per_second = 100.0;
  limits.memory_max_mb = 250.0;
  limits.ms_per_example_protocol = ConfiguredProtocol::kLatency;
  limits.tier_accuracy_min = {{"tail", 0.45}};
  limits.objectives = {ConfiguredObjective::kMemory, ConfiguredObjective::kEce,
                       ConfiguredObjective::kMacroF1};
  config.envelope = limits;
  config.prior = PriorConfig{.text = "Ship it.", .model = "decoder", .recipe = "fp16", .why = "Habit."};
  const Envelope envelope = *envelope_for(config, {.tiers = {"head", "tail"}, .classes = {}});
  EXPECT_EQ(envelope.requests_per_second, 100.0);
  EXPECT_EQ(envelope.memory_max_bytes, 250e6);
  EXPECT_EQ(envelope.latency_protocol, "latency");
  EXPECT_EQ(envelope.memory_definition, "process_peak");
  ASSERT_EQ(envelope.tier_floors.size(), 1U);
  EXPECT_EQ(envelope.tier_floors[0].accuracy_min, 0.45);
  EXPECT_EQ(envelope.order, (std::vector{Objective::kMemory, Objective::kEce, Objective::kQuality}));
  EXPECT_EQ(envelope.prior.model, "decoder");
}

TEST(ReportParts, FallbacksAndFailuresStandInTheAppendix) {
  RunConfig config;
  std::vector<quantier::Run> runs = {run_of("encoder", "fp16"), run_of("encoder", "int8")};
  runs[1].effective_batch_size = 8;
  FailureRecord failure;
  failure.configuration = {"encoder", "int4", "cpu"};
  failure.phase = "predictions";
  failure.error = {ErrorKind::kEnvironment, "the worker died", "", "killed by signal 9", ""};
  const auto rows = appendix_for(config, runs, {failure});
  EXPECT_THAT(rows, Contains(Pair("encoder int8", HasSubstr("batches of 8 were used"))));
  EXPECT_THAT(rows,
              Contains(Pair("Failed: encoder int4", HasSubstr("the worker died (killed by signal 9)"))));
  EXPECT_THAT(rows, Contains(Pair("encoder", HasSubstr("weights sha256 0123456789abcdef,"))));
}

TEST(ReportParts, EqualRemarksOfPlansAppearOnce) {
  std::vector<quantier::Run> runs = {run_of("encoder", "fp16"), run_of("decoder", "fp16"),
                                     run_of("encoder", "int4")};
  for (quantier::Run& run : runs) run.plan.remarks = {"memory, not speed, on this CPU"};
  EXPECT_THAT(plan_remarks_of(runs), ::testing::ElementsAre("fp16: memory, not speed, on this CPU",
                                                            "int4: memory, not speed, on this CPU"));
}

TEST(ReportParts, FiguresLieBesideTheNoteOnPaper) {
  std::string name = (std::filesystem::temp_directory_path() / "quantier-note-XXXXXX").string();
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const std::filesystem::path folder = std::filesystem::path(name) / "deeper";
  NoteDocument document;
  document.title = "A note";
  document.blocks.emplace_back(
      NoteFigure{"frontier", "A caption", "<svg xmlns=\"x\"><title>t</title></svg>"});
  const auto files = write_note_files(document, folder);
  ASSERT_TRUE(files) << files.error().message();
  const auto content = [](const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  };
  EXPECT_THAT(content(folder / "figures" / "frontier.svg"),
              HasSubstr("<svg xmlns=\"x\"><style>svg{color:#1a1a1a}</style><rect width=\"100%\""));
  EXPECT_THAT(content(files->markdown), HasSubstr("(figures/frontier.svg)"));
  EXPECT_THAT(content(files->html), HasSubstr("<svg xmlns=\"x\"><title>"));
  EXPECT_TRUE(content(files->pdf).starts_with("%PDF-"));
  EXPECT_TRUE(files->kept_changes.empty());
  // What a person adds stays, also when the note is written again.
  const std::string mine = "<!-- keep: mine -->\nWe need 0.75 here.\n<!-- /keep: mine -->\n";
  std::ofstream(files->markdown, std::ios::app) << mine;
  for (int i = 0; i < 2; ++i) {
    const auto again = write_note_files(document, folder);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_THAT(content(files->markdown), HasSubstr(mine));
    EXPECT_THAT(content(files->html), HasSubstr("<p>We need 0.75 here.</p>"));
    EXPECT_EQ(again->kept_changes, std::vector<std::string>{"mine: 0.75 stands nowhere else in this note."});
  }
  // A block that never ends is refused before anything is written.
  std::ofstream(files->markdown, std::ios::app) << "<!-- keep: open -->\nlost?\n";
  const std::string before = content(files->markdown);
  document.title = "Another title";
  EXPECT_FALSE(write_note_files(document, folder));
  EXPECT_EQ(content(files->markdown), before);
  EXPECT_THAT(content(files->html), HasSubstr("A note"));
  std::filesystem::remove_all(name);
  // A folder that cannot be made is an error with a reason, not a crash.
  EXPECT_FALSE(write_note_files(document, "/proc/nowhere"));
}

}  // namespace
}  // namespace quantier
