// Recipes that look at calibration texts, through the whole program: every one of them on both families, what
// is said about the texts, and what is refused.
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/dataset/npz.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/run_config.h"
#include "quantier/pipeline/run_plan.h"
#include "tests/background_program.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string first_lines(const std::string& all, std::size_t lines) {
  std::size_t end = 0;
  for (std::size_t line = 0; line < lines; ++line) end = all.find('\n', end) + 1;
  return all.substr(0, end);
}

class CalibrationTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    data_ = folder_ / "data.jsonl";
    write_file(data_, first_lines(read_file(demo("data/validation.jsonl")), 60));
    texts_ = folder_ / "texts.jsonl";
    write_file(texts_, first_lines(read_file(demo("data/calibration.jsonl")), 32));
  }

  ProgramResult predict(const std::string& model, const std::string& recipe, const std::string& more = "") {
    return quantier(fmt::format("predict {} --data {} --max-length 64 --recipe {} {}", demo(model),
                                data_.string(), recipe, more));
  }
  [[nodiscard]] std::string with_texts() const { return "--calibration " + texts_.string(); }

  std::vector<float> logits(const std::string& model, const std::string& recipe, const std::string& more) {
    const std::filesystem::path out = folder_ / "out.npz";
    const ProgramResult result = predict(model, recipe, more + " --out " + out.string());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const auto arrays = read_npz(out);
    if (!arrays) {
      ADD_FAILURE() << arrays.error().message();
      return {};
    }
    for (const NpyArray& array : *arrays) {
      if (array.name == "logits") return std::get<std::vector<float>>(array.values);
    }
    ADD_FAILURE() << "no logits";
    return {};
  }

  std::filesystem::path data_;
  std::filesystem::path texts_;
};

class Recipes : public CalibrationTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(Recipes, RunAndSayWhatTheyDid) {
  for (const char* model : {"demo-encoder", "demo-decoder"}) {
    SCOPED_TRACE(model);
    const ProgramResult result = predict(model, GetParam(), with_texts() + " --json");
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const auto document = parse_json(result.out, "output");
    ASSERT_TRUE(document);
    // Trained models stay far above chance (1 of 58) at any sensible precision.
    EXPECT_GT((*document)["accuracy"].get<double>(), 0.4);
    const Json& calibration = (*document)["calibration"];
    EXPECT_EQ(calibration["texts"], 32);
    EXPECT_EQ(calibration["ids"].size(), 32U);
    EXPECT_EQ(calibration["sha256"].get<std::string>().size(), 64U);
    EXPECT_GT(calibration["tokens"].get<int>(), 500);
    double better = 0;
    for (const Json& layer : calibration["layers"]) {
      EXPECT_FALSE(layer["block_loss"].is_null()) << layer.dump();
      EXPECT_GE(layer["seconds"].get<double>(), 0.0);
      // Scaled inputs always say where their factors went.
      EXPECT_EQ(layer["alpha"].is_null(), layer["scales_in"].is_null()) << layer.dump();
      if (layer["block_loss"].get<double>() <= layer["block_loss_rtn"].get<double>()) ++better;
    }
    // On the very texts that it looks at, a method loses to round to nearest hardly anywhere.
    EXPECT_GE(better, 0.75 * static_cast<double>(calibration["layers"].size()));
    EXPECT_GE(calibration["layers"].size(), 4U * 4);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Recipes,
                         ::testing::Values("int8-smooth", "int4-gptq", "int4-gptq:published", "int4-awq",
                                           "int8:outliers=fixed", "int4-w4a8:method=gptq"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::erase_if(name, [](char c) { return std::isalnum(c) == 0; });
                           return name;
                         });

TEST_F(CalibrationTest, TheSameTextsGiveTheSameWeightsOnAnyNumberOfThreads) {
  for (const char* recipe : {"int4-gptq", "int8-smooth"}) {
    const auto one = logits("demo-encoder", recipe, with_texts() + " --threads 1");
    EXPECT_EQ(logits("demo-encoder", recipe, with_texts() + " --threads 2"), one) << recipe;
    EXPECT_NE(logits("demo-encoder", recipe, with_texts() + " --calibration-count 20"), one) << recipe;
  }
}

// What the paper and its code do, by its damping; other codes, and each layer's outputs lose less than by
// round to nearest all the same.
TEST_F(CalibrationTest, PublishedGptqRunsAsPublished) {
  const ProgramResult result = predict("demo-encoder", "int4-gptq:published", with_texts() + " --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto document = parse_json(result.out, "output");
  ASSERT_TRUE(document);
  EXPECT_EQ((*document)["recipe"], "int4-gptq:published");
  for (const Json& layer : (*document)["calibration"]["layers"]) {
    EXPECT_EQ(layer["method"], "gptq (published)");
    EXPECT_GE(layer["damping"].get<double>(), 0.01);
    EXPECT_LT(layer["output_error"].get<double>(), layer["output_error_rtn"].get<double>());
  }
  EXPECT_NE(logits("demo-encoder", "int4-gptq:published", with_texts()),
            logits("demo-encoder", "int4-gptq", with_texts()));
}

TEST_F(CalibrationTest, TheSeedDrawsOtherTexts) {
  const auto ids = [&](int seed) {
    const ProgramResult result =
        predict("demo-encoder", "int8:outliers=fixed",
                fmt::format("{} --calibration-count 20 --calibration-seed {} --json", with_texts(), seed));
    return parse_json(result.out, "output")->at("calibration")["ids"];
  };
  const Json first = ids(1);
  EXPECT_EQ(first.size(), 20U);
  EXPECT_EQ(ids(1), first);
  EXPECT_NE(ids(2), first);
}

TEST_F(CalibrationTest, RepeatsSayHowMuchTheTextsMatter) {
  const ProgramResult result = predict("demo-encoder", "int4-gptq",
                                       with_texts() + " --calibration-count 20 --calibration-seeds 3 --json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json spread = parse_json(result.out, "output")->at("calibration_spread");
  ASSERT_EQ(spread["repeats"].size(), 3U);
  EXPECT_EQ(spread["repeats"][2]["seed"], 2);
  EXPECT_EQ(spread["repeats"][2]["texts"], 20);
  EXPECT_LE(spread["mean_differing_predictions"], spread["most_differing_predictions"]);
  const ProgramResult all =
      predict("demo-encoder", "int8:outliers=fixed", with_texts() + " --calibration-seeds 2");
  EXPECT_EQ(all.exit_code, 2);
  EXPECT_THAT(all.err, HasSubstr("--calibration-count"));
}

TEST_F(CalibrationTest, ARecipeWithoutTextsNamesTheFlag) {
  const ProgramResult result = predict("demo-encoder", "int4-gptq");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("int4-gptq"), HasSubstr("--calibration FILE")));
  const ProgramResult other = predict("demo-encoder", "int4-rtn", with_texts());
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("looks at the weights alone"));
}

// A short name leaves the head alone; a plan that names it gets what it says, from what the head reads.
TEST_F(CalibrationTest, TheHeadIsFittedWhereAPlanNamesIt) {
  for (const char* model : {"demo-encoder", "demo-decoder"}) {
    for (const auto& [recipe, method] : {std::pair{"int4-gptq:group=32", "gptq"},
                                         {"int4-awq:group=32", "awq + gptq"},
                                         {"int4-awq:group=32,published", "awq (published)"},
                                         {"int8-smooth", "smoothquant"}}) {
      SCOPED_TRACE(std::string(model) + " " + recipe);
      write_file(folder_ / "head.toml",
                 std::string("base = \"fp16\"\n[layers]\n\"classifier\" = \"") + recipe + "\"\n");
      const ProgramResult result =
          quantier("predict " + demo(model) + " --plan " + (folder_ / "head.toml").string() +
                   " --max-length 64 --json --data " + data_.string() + " " + with_texts());
      ASSERT_EQ(result.exit_code, 0) << result.err;
      const Json layers = parse_json(result.out, "output")->at("calibration").at("layers");
      ASSERT_EQ(layers.size(), 1U);
      EXPECT_EQ(layers[0].at("layer"), "classifier");
      EXPECT_EQ(layers[0].at("method"), method);
      EXPECT_LT(layers[0].at("block_loss").get<double>(), layers[0].at("block_loss_rtn").get<double>());
    }
  }
}

TEST_F(CalibrationTest, TextsOfTheEvaluationDataAreRefused) {
  std::string all = read_file(texts_);
  const std::string evaluated = first_lines(read_file(data_), 3);
  const std::string line = evaluated.substr(evaluated.find('\n') + 1);
  write_file(texts_, all + first_lines(line, 1));
  const ProgramResult refused = predict("demo-encoder", "int4-gptq", with_texts());
  EXPECT_EQ(refused.exit_code, 6);
  const std::string id = parse_json(first_lines(line, 1), "line")->at("id");
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("are the same text"), HasSubstr("\"" + id + "\" and"),
                    HasSubstr(data_.string() + " \"" + id + "\""), HasSubstr("--calibration-overlap allow")));
  const ProgramResult allowed =
      predict("demo-encoder", "int8:outliers=fixed", with_texts() + " --calibration-overlap allow --json");
  ASSERT_EQ(allowed.exit_code, 0) << allowed.err;
  const Json record = parse_json(allowed.out, "output")->at("calibration");
  EXPECT_EQ(record["overlap_allowed"], true);
  EXPECT_THAT(record["overlaps"].dump(), HasSubstr(id));
}

TEST_F(CalibrationTest, ManyNearDuplicatesAreRefused) {
  // Every text with one word more.
  std::string near;
  std::istringstream lines(first_lines(read_file(data_), 10));
  for (std::string line; std::getline(lines, line);) {
    Json example = *parse_json(line, "line");
    example["text"] = example["text"].get<std::string>() + " indeed";
    near += example.dump() + "\n";
  }
  write_file(texts_, near);
  const ProgramResult result = predict("demo-encoder", "int4-gptq", with_texts());
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.err, AllOf(HasSubstr("0 equal and"), HasSubstr("three-word sequences")));
}

TEST_F(CalibrationTest, BadFilesAreErrors) {
  write_file(texts_, "");
  EXPECT_EQ(predict("demo-encoder", "int4-gptq", with_texts()).exit_code, 6);
  write_file(texts_, "{\"text\": \"one\"}\n{\"text\": \n");
  const ProgramResult malformed = predict("demo-encoder", "int4-gptq", with_texts());
  EXPECT_EQ(malformed.exit_code, 6);
  EXPECT_THAT(malformed.err, HasSubstr("line 2"));
  EXPECT_EQ(
      predict("demo-encoder", "int4-gptq", "--calibration " + (folder_ / "none.jsonl").string()).exit_code,
      1);
  EXPECT_EQ(predict("demo-encoder", "int4-gptq", with_texts() + " --calibration-count 0").exit_code, 2);
  EXPECT_EQ(predict("demo-encoder", "int4-gptq", "--calibration-count 3").exit_code, 2);
  // One short text is few, and enough to run.
  write_file(texts_, "{\"text\": \"a small parser\"}\n");
  const ProgramResult one = predict("demo-encoder", "int4-gptq", with_texts());
  EXPECT_EQ(one.exit_code, 0) << one.err;
}

TEST_F(CalibrationTest, ARunKeepsWhatItLookedAt) {
  const std::filesystem::path config = folder_ / "run.toml";
  const std::string head = fmt::format(R"(
recipes = ["fp16", "int4-gptq"]
max_length = 64
bootstrap_replicates = 200
{{}}
[data]
path = "{}"
[[models]]
name = "encoder"
path = "{}"
[timing]
throughput_examples = 8
throughput_passes = 1
latency_samples = 2
workload = false
)",
                                       data_.string(), demo("demo-encoder"));
  const std::string out = (folder_ / "out").string();
  write_file(config, fmt::format(fmt::runtime(head), ""));
  const ProgramResult without = quantier("run " + config.string() + " --dry-run");
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.err, HasSubstr("calibration = \"FILE\""));

  write_file(config, fmt::format(fmt::runtime(head), "calibration = \"texts.jsonl\""));
  const ProgramResult plan = quantier("run " + config.string() + " --dry-run");
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("calibration: 32 of 32 texts"));

  const ProgramResult run = quantier("run " + config.string() + " --out " + out);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const ProgramResult shown = quantier("show " + out + " --json");
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  const ProgramResult again = quantier("run " + config.string() + " --out " + out + " --resume --json");
  ASSERT_EQ(again.exit_code, 0) << again.err;

  // What was allowed stands in the evidence, and in the note that is made from it.
  write_file(folder_ / "overlapping.jsonl", read_file(texts_) + first_lines(read_file(data_), 2));
  const std::string overlapping = "[calibration]\npath = \"overlapping.jsonl\"\n";
  write_file(config, fmt::format(fmt::runtime(head), overlapping));
  EXPECT_EQ(quantier("run " + config.string() + " --out " + out).exit_code, 6);
  write_file(config, fmt::format(fmt::runtime(head), overlapping + "overlap = \"allow\"\n"));
  const std::string with_overlap = (folder_ / "with-overlap").string();
  const ProgramResult allowed = quantier("run " + config.string() + " --out " + with_overlap);
  ASSERT_EQ(allowed.exit_code, 0) << allowed.err;
  auto store = Store::open(with_overlap + "/evidence.sqlite", Store::Mode::kReadOnly);
  ASSERT_TRUE(store) << store.error().message();
  bool is_recorded = false;
  const auto summaries = store->runs();
  ASSERT_TRUE(summaries) << summaries.error().message();
  for (const RunSummary& summary : *summaries) {
    const auto stored = store->load_run(summary.key);
    ASSERT_TRUE(stored) << stored.error().message();
    for (const auto& [name, value] : stored->plan.options) {
      is_recorded = is_recorded || (name == "calibration_overlap_allowed" && value.starts_with("2: "));
    }
  }
  EXPECT_TRUE(is_recorded);
  EXPECT_THAT(read_file(with_overlap + "/note.md"),
              HasSubstr("2 of the calibration texts drawn stand in the evaluation data"));

  // Another sample is another configuration.
  write_file(config, fmt::format(fmt::runtime(head),
                                 "[calibration]\npath = \"texts.jsonl\"\ncount = 20\nseed = 5\n"));
  const ProgramResult other = quantier("run " + config.string() + " --dry-run --resume --json --out " + out);
  ASSERT_EQ(other.exit_code, 0) << other.err;
  const Json runs = parse_json(other.out, "output")->at("runs");
  EXPECT_EQ(runs[0]["finished"], true);
  EXPECT_EQ(runs[1]["finished"], false);
}

class CalibrationSamples : public CalibrationTest {
 protected:
  void write_config(const std::string& recipes, const std::string& calibration) {
    write_file(folder_ / "run.toml",
               fmt::format("recipes = [{}]\nmax_length = 64\nbootstrap_replicates = 200\n[data]\npath = "
                           "\"{}\"\n[[models]]\nname = \"encoder\"\npath = \"{}\"\n[timing]\nenabled = "
                           "false\n{}",
                           recipes, data_.string(), demo("demo-encoder"), calibration));
  }
  [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"run", (folder_ / "run.toml").string(), "--out", (folder_ / "out").string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  ProgramResult run(const std::string& more) {
    return quantier("run " + (folder_ / "run.toml").string() + " --out " + (folder_ / "out").string() + " " +
                    more);
  }
  Json shown() {
    const ProgramResult result = quantier("show --json " + (folder_ / "out").string());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return *parse_json(result.out, "show");
  }
};

TEST_F(CalibrationSamples, SurviveAnInterruptionAndStandBesideTheRun) {
  write_config("\"fp16\", \"int4-gptq\"", "[calibration]\npath = \"texts.jsonl\"\ncount = 20\nseed = 5\n");
  {
    BackgroundProgram program(words({"--calibration-seeds", "3"}), folder_ / "out.txt", folder_ / "err.txt");
    for (int worker = 0; worker < 3; ++worker) ASSERT_GT(::kill(program.stop_next_worker(), SIGCONT), -1);
    ASSERT_GT(program.stop_next_worker(), 0);  // the first of the other samples is in the store now
    program.signal(SIGINT);
    EXPECT_EQ(program.wait(), 130);
  }
  EXPECT_THAT(read_file(folder_ / "err.txt"), HasSubstr("--calibration-seeds 3 --resume"));
  const Json before = shown();
  ASSERT_EQ(before["runs"].size(), 2U);
  EXPECT_EQ(before["runs"][0]["calibration_sample_seeds"], Json::array());
  EXPECT_EQ(before["runs"][1]["calibration_sample_seeds"], Json({6}));
  EXPECT_EQ(before["failures"], 0);

  const ProgramResult resumed = run("--calibration-seeds 3 --resume");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  const Json after = shown();
  ASSERT_EQ(after["runs"].size(), 2U);  // the samples are no runs
  EXPECT_EQ(after["runs"][1]["calibration_sample_seeds"], Json({6, 7}));
  EXPECT_EQ(after["runs"][1]["created"], before["runs"][1]["created"]);

  // Each was calibrated with other texts, and answers a little differently.
  auto store = Store::open(folder_ / "out/evidence.sqlite", Store::Mode::kReadOnly);
  ASSERT_TRUE(store) << store.error().message();
  const std::string key = after["runs"][1]["key"];
  const auto own = store->load_run(key);
  const auto samples = store->calibration_samples(key);
  ASSERT_TRUE(own && samples);
  const auto option = [](const ExecutedPlan& plan, const std::string& name) {
    for (const auto& [key_of, value] : plan.options)
      if (key_of == name) return value;
    return std::string("none");
  };
  for (const CalibrationSample& sample : *samples) {
    EXPECT_EQ(option(sample.plan, "calibration_seed"), std::to_string(sample.seed));
    EXPECT_NE(option(sample.plan, "calibration_ids_sha256"), option(own->plan, "calibration_ids_sha256"));
    EXPECT_NE(sample.logits, own->predictions.logits);
  }

  // They are in the note and in the report, and the choice is read from the first sample alone.
  const std::string note = read_file(folder_ / "out/note.md");
  EXPECT_THAT(note, AllOf(HasSubstr("Other calibration texts move encoder int4-gptq"),
                          HasSubstr("over 3 samples"), HasSubstr("Calibrated again with other texts")));
  const ProgramResult verified =
      quantier("verify " + (folder_ / "out/note.md").string() + " --store " + (folder_ / "out").string());
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  // Its sentence on them is no alarm of the audit, which knows them.
  const ProgramResult audited =
      quantier("audit " + (folder_ / "out/note.md").string() + " --store " + (folder_ / "out").string());
  EXPECT_THAT(audited.out, AllOf(HasSubstr("numbers:"), Not(HasSubstr("Other calibration texts move"))));
  const ProgramResult report = quantier("report " + (folder_ / "out").string() + " --json");
  ASSERT_EQ(report.exit_code, 0) << report.err;
  const Json document = *parse_json(report.out, "report");
  const Json& spread = document.at("calibration_samples");
  ASSERT_EQ(spread.size(), 1U);
  EXPECT_EQ(spread[0]["samples"].size(), 3U);
  EXPECT_EQ(spread[0]["samples"][0]["macro_f1"], document["table"][1]["macro_f1"]);
  EXPECT_GT(spread[0]["most_differing_between_samples"], 0);

  // Asked for no more, nothing is measured and what is there stays.
  const ProgramResult again = run("--resume --json");
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(shown(), after);
  EXPECT_THAT(read_file(folder_ / "out/note.md"), HasSubstr("over 3 samples"));
}

TEST_F(CalibrationSamples, WhatCannotBeDrawnAgainIsRefusedBeforeAnythingRuns) {
  write_config("\"fp16\", \"int4-gptq\"", "[calibration]\npath = \"texts.jsonl\"\nseeds = 2\n");
  const ProgramResult all = run("");
  EXPECT_EQ(all.exit_code, 2);
  EXPECT_THAT(all.err, AllOf(HasSubstr("all of the calibration texts"), HasSubstr("`count`")));
  write_config("\"fp16\", \"int8\"", "[calibration]\npath = \"texts.jsonl\"\ncount = 20\nseeds = 2\n");
  const ProgramResult none = run("");
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("no recipe of this run looks at calibration texts"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

// A text of the evaluation data that only another sample draws is found when the run is planned.
TEST_F(CalibrationSamples, TheGuardLooksAtEverySample) {
  write_file(texts_, read_file(texts_) + first_lines(read_file(data_), 1));
  bool is_found = false;
  for (int seed = 0; seed < 30 && !is_found; ++seed) {
    const auto planned = [&](int seeds) {
      write_config("\"fp16\", \"int4-gptq\"",
                   fmt::format("[calibration]\npath = \"texts.jsonl\"\ncount = 12\nseed = {}\nseeds = {}\n",
                               seed, seeds));
      const auto config = read_run_config(folder_ / "run.toml");
      EXPECT_TRUE(config) << config.error().message();
      return plan_run(*config, std::nullopt);
    };
    if (!planned(1)) continue;  // the first sample has it
    const auto several = planned(4);
    if (several) continue;
    EXPECT_EQ(several.error().kind, ErrorKind::kUserInput);
    EXPECT_THAT(several.error().what, HasSubstr("evaluation data"));
    is_found = true;
  }
  EXPECT_TRUE(is_found);
}

}  // namespace
}  // namespace quantier::testing
