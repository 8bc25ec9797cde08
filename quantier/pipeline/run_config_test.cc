#include "quantier/pipeline/run_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTop = "recipes = [\"fp16\", \"int8\"]\n";
const std::string kRest = "[[models]]\nname = \"enc\"\npath = \"models/enc\"\n[data]\npath = \"v.jsonl\"\n";
const std::string kTiers =
    "[tiers]\ntraining_counts = \"c.json\"\nnames = [\"head\", \"tail\"]\nsizes = [10]\n";

Result<RunConfig> parse(const std::string& text) { return parse_run_config(text, "/home/me", "x.toml"); }

// The message of the error, which must be the user's to mend.
std::string refusal(const std::string& text) {
  const auto config = parse(text);
  EXPECT_FALSE(config.has_value()) << text;
  if (config.has_value()) return {};
  EXPECT_EQ(config.error().kind, ErrorKind::kUsage);
  EXPECT_THAT(config.error().where, HasSubstr("x.toml"));
  return config.error().message();
}

TEST(RunConfig, Minimal) {
  const auto config = parse(kTop + kRest);
  ASSERT_TRUE(config.has_value()) << config.error().message();
  ASSERT_EQ(config->models.size(), 1u);
  EXPECT_EQ(config->models[0].path, "/home/me/models/enc");
  EXPECT_EQ(config->data.path, "/home/me/v.jsonl");
  EXPECT_EQ(config->data.split, "validation");
  EXPECT_THAT(config->recipes, ElementsAre("fp16", "int8"));
  EXPECT_EQ(config->reference_recipe, "fp16");
  EXPECT_EQ(config->bootstrap_replicates, 10000u);
  EXPECT_FALSE(config->tiers.has_value());
  EXPECT_FALSE(config->envelope.has_value());
  EXPECT_FALSE(config->prior.has_value());
  EXPECT_FALSE(config->title.empty());
  EXPECT_EQ(config->source_text, kTop + kRest);
}

TEST(RunConfig, TheDeviceIsNamed) {
  EXPECT_EQ(parse(kTop + kRest)->engine, EngineChoice(EngineKind::kCpu));
  const auto config = parse("device = \"cuda:1\"\n" + kTop + kRest);
  ASSERT_TRUE(config.has_value()) << config.error().message();
  EXPECT_EQ(config->engine, EngineChoice(EngineKind::kCuda, 1));
  EXPECT_THAT(refusal("device = \"gpu\"\n" + kTop + kRest), HasSubstr("cuda:N"));
  EXPECT_THAT(refusal("device = 1\n" + kTop + kRest), HasSubstr("a string"));
}

TEST(RunConfig, CalibrationIsAFileOrATable) {
  const auto file = parse("seed = 5\ncalibration = \"train.jsonl\"\n" + kTop + kRest);
  ASSERT_TRUE(file.has_value()) << file.error().message();
  ASSERT_TRUE(file->calibration.has_value());
  EXPECT_EQ(file->calibration->path, "/home/me/train.jsonl");
  EXPECT_EQ(file->calibration->seed, 5U);
  EXPECT_FALSE(file->calibration->count.has_value());
  EXPECT_FALSE(file->calibration->allow_overlap);

  const auto table = parse(kTop + kRest +
                           "[calibration]\npath = \"t.csv\"\ntext = \"body\"\ncount = 300\nseed = 7\n"
                           "tokens = 9000\noverlap = \"allow\"\nseeds = 3\n");
  ASSERT_TRUE(table.has_value()) << table.error().message();
  EXPECT_EQ(table->calibration->text_column, "body");
  EXPECT_EQ(table->calibration->count, 300U);
  EXPECT_EQ(table->calibration->seed, 7U);
  EXPECT_EQ(table->calibration->tokens, 9000U);
  EXPECT_TRUE(table->calibration->allow_overlap);
  EXPECT_EQ(file->calibration_seeds, 1U);
  EXPECT_EQ(table->calibration_seeds, 3U);
  // What a worker is told is what was read.
  const auto sent = calibration_options_from_json(to_json(*table->calibration), "test");
  ASSERT_TRUE(sent.has_value()) << sent.error().message();
  EXPECT_EQ(to_json(*sent), to_json(*table->calibration));

  EXPECT_THAT(refusal("calibration = 3\n" + kTop + kRest), HasSubstr("`path`"));
  EXPECT_THAT(refusal(kTop + kRest + "[calibration]\ncount = 3\n"), HasSubstr("`path`"));
  EXPECT_THAT(refusal(kTop + kRest + "[calibration]\npath = \"a\"\ncount = 0\n"), HasSubstr("`count`"));
  EXPECT_THAT(refusal(kTop + kRest + "[calibration]\npath = \"a\"\nseeds = 0\n"), HasSubstr("`seeds`"));
  EXPECT_THAT(refusal(kTop + kRest + "[calibration]\npath = \"a\"\nsedd = 1\n"), HasSubstr("\"seed\""));
  EXPECT_THAT(refusal(kTop + kRest + "[calibration]\npath = \"a\"\noverlap = \"drop\"\n"),
              HasSubstr("`overlap`"));
}

TEST(RunConfig, TheDemo) {
  const std::filesystem::path folder = std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo";
  const auto config = read_run_config(folder / "demo.toml");
  ASSERT_TRUE(config.has_value()) << config.error().message();
  ASSERT_EQ(config->models.size(), 2u);
  EXPECT_TRUE(std::filesystem::exists(config->models[0].path / "config.json")) << config->models[0].path;
  EXPECT_TRUE(std::filesystem::exists(config->data.path));
  ASSERT_TRUE(config->tiers.has_value());
  EXPECT_TRUE(std::filesystem::exists(config->tiers->training_counts));
  EXPECT_THAT(config->tiers->sizes, ElementsAre(10, 20));
  EXPECT_EQ(config->named_classes.size(), 3u);
  ASSERT_TRUE(config->envelope.has_value());
  ASSERT_EQ(config->envelope->tier_accuracy_min.size(), 1u);
  EXPECT_EQ(config->envelope->tier_accuracy_min[0].name, "tail");
  EXPECT_EQ(config->envelope->ms_per_example_protocol, ConfiguredProtocol::kThroughput);
  ASSERT_TRUE(config->prior.has_value());
  EXPECT_EQ(config->prior->model, "demo-decoder");
  EXPECT_EQ(config->file, folder / "demo.toml");
}

TEST(RunConfig, EveryField) {
  const auto config = parse(
      "title = \"T\"\nrecipes = [\"fp32\", \"int4\"]\nreference_recipe = \"fp32\"\n"
      "named_classes = [\"a\"]\nmax_length = 64\nbatch_size = 8\nthreads = 2\nseed = 9\n"
      "bootstrap_replicates = 500\nmemory_budget_mb = 100.5\n" +
      kRest +
      "split = \"test\"\ntext = \"t\"\nlabel = \"l\"\nid = \"i\"\n"
      "[int8]\noutlier_scope = \"batch\"\noutlier_weights = \"f16\"\n" +
      kTiers +
      "[timing]\nenabled = false\nthroughput_examples = 5\nthroughput_passes = 2\n"
      "latency_samples = 7\nworkload = false\n"
      "[envelope]\ndevice = \"d\"\nrequests_per_second = 100\nms_per_example_max = 2.5\n"
      "ms_per_example_protocol = \"workload\"\nmacro_f1_min = 0.2\nece_max = 0.05\n"
      "memory_max_mb = 300\nobjectives = [\"ece\", \"memory\"]\n"
      "[envelope.tier_accuracy_min]\nhead = 0.8\ntail = 1\n"
      "[envelope.margins]\nmacro_f1 = 0.02\nlatency_relative = 0.1\n"
      "memory_relative = 0.03\nece = 0\n"
      "[prior]\ntext = \"x\"\nmodel = \"enc\"\nrecipe = \"int4\"\nwhy = \"y\"\n");
  ASSERT_TRUE(config.has_value()) << config.error().message();
  EXPECT_EQ(config->title, "T");
  EXPECT_EQ(config->reference_recipe, "fp32");
  EXPECT_EQ(config->max_length, 64u);
  EXPECT_EQ(config->batch_size, 8u);
  EXPECT_EQ(config->threads, 2u);
  EXPECT_EQ(config->seed, 9u);
  EXPECT_EQ(config->bootstrap_replicates, 500u);
  EXPECT_EQ(config->memory_budget_mb, 100.5);
  EXPECT_EQ(config->data.split, "test");
  EXPECT_EQ(config->data.columns.id, "i");
  EXPECT_EQ(config->recipe_options.outlier_scope, OutlierScope::kBatch);
  EXPECT_EQ(config->recipe_options.outlier_weights, OutlierWeights::kF16);
  EXPECT_FALSE(config->timing.enabled);
  EXPECT_EQ(config->timing.throughput_examples, 5u);
  EXPECT_EQ(config->timing.latency_samples, 7u);
  EXPECT_FALSE(config->timing.workload);
  const EnvelopeConfig& envelope = *config->envelope;
  EXPECT_EQ(envelope.requests_per_second, 100.0);
  EXPECT_EQ(envelope.ms_per_example_max, 2.5);
  EXPECT_EQ(envelope.ms_per_example_protocol, ConfiguredProtocol::kWorkload);
  EXPECT_THAT(envelope.objectives, ElementsAre(ConfiguredObjective::kEce, ConfiguredObjective::kMemory));
  ASSERT_EQ(envelope.tier_accuracy_min.size(), 2u);
  EXPECT_EQ(envelope.tier_accuracy_min[1].value, 1.0);
  EXPECT_EQ(envelope.margins.ece, 0.0);
  EXPECT_EQ(envelope.margins.macro_f1, 0.02);
  EXPECT_EQ(config->prior->why, "y");
}

TEST(RunConfig, UnknownKeysSuggestTheNearest) {
  EXPECT_THAT(refusal("recipies = [\"fp16\"]\n" + kRest), HasSubstr("did you mean \"recipes\""));
  EXPECT_THAT(refusal("recipies = [\"fp16\"]\n" + kRest), HasSubstr("line 1"));
  EXPECT_THAT(refusal(kTop + kRest + "[envelope]\nmacro_f1_mn = 0.3\n"), HasSubstr("\"macro_f1_min\""));
  EXPECT_THAT(refusal(kTop + kRest + "[envelope]\nmacro_f1_mn = 0.3\n"), HasSubstr("line 8"));
  EXPECT_THAT(refusal(kTop + kRest + "[envelope.margins]\nf1 = 0.3\n"), HasSubstr("\"macro_f1\""));
  EXPECT_THAT(refusal(kTop + kRest + "[enveloppe]\n"), HasSubstr("\"envelope\""));
  EXPECT_THAT(refusal(kTop + kRest + "[zzzzzzzzzz]\n"), HasSubstr("known: title"));
  EXPECT_THAT(refusal(kTop + kRest + kTiers + "[envelope.tier_accuracy_min]\ntial = 0.3\n"),
              HasSubstr("did you mean \"tail\""));
}

TEST(RunConfig, NotToml) {
  EXPECT_THAT(refusal("recipes = [\n[data"), HasSubstr("line 2"));
  EXPECT_THAT(refusal("a = 1\na = 2\n"), HasSubstr("line 2"));
  EXPECT_THAT(refusal("title = \"\xFF\""), HasSubstr("byte offset 9"));
  EXPECT_THAT(refusal("a = " + std::string(5000, '[')), HasSubstr("line 1"));
}

TEST(RunConfig, MissingParts) {
  EXPECT_THAT(refusal(""), HasSubstr("`models` is missing"));
  EXPECT_THAT(refusal(kRest), HasSubstr("`recipes` is missing"));
  EXPECT_THAT(refusal(kTop + "[[models]]\npath = \"x\"\n"), HasSubstr("`data` is missing"));
  EXPECT_THAT(refusal(kTop + "[[models]]\nname = \"x\"\n"), HasSubstr("`path` in [[models]] is missing"));
  EXPECT_THAT(refusal(kTop + "[[models]]\npath = \"x\"\n[data]\nsplit = \"v\"\n"),
              HasSubstr("`path` in [data] is missing"));
  EXPECT_THAT(refusal(kTop + kRest + "[tiers]\nnames = [\"a\"]\nsizes = []\n"), HasSubstr("training_counts"));
  EXPECT_THAT(refusal(kTop + kRest + "[prior]\ntext = \"t\"\n"), HasSubstr("`model` in [prior]"));
}

TEST(RunConfig, WrongTypesAndRanges) {
  EXPECT_THAT(refusal("batch_size = \"32\"\n" + kTop + kRest),
              HasSubstr("expected a whole number, found a string"));
  EXPECT_THAT(refusal("batch_size = 1.5\n" + kTop + kRest), HasSubstr("found a number"));
  EXPECT_THAT(refusal("batch_size = 0\n" + kTop + kRest), HasSubstr("not between 1 and"));
  EXPECT_THAT(refusal("seed = -1\n" + kTop + kRest), HasSubstr("not between"));
  EXPECT_THAT(refusal("title = 3\n" + kTop + kRest), HasSubstr("expected a string"));
  EXPECT_THAT(refusal("title = \"\"\n" + kTop + kRest), HasSubstr("empty"));
  EXPECT_THAT(refusal("data = 3\n" + kTop), HasSubstr("expected a table"));
  EXPECT_THAT(refusal("models = [3]\n" + kTop), HasSubstr("[[models]]"));
  EXPECT_THAT(refusal("models = []\n" + kTop), HasSubstr("empty"));
  EXPECT_THAT(refusal("named_classes = [\"a\", 1]\n" + kTop + kRest), HasSubstr("list of strings"));
  EXPECT_THAT(refusal("named_classes = [\"a\", \"a\"]\n" + kTop + kRest), HasSubstr("twice"));
  EXPECT_THAT(refusal(kTop + kRest + "[envelope]\nece_max = nan\n"), HasSubstr("between 0 and 1"));
  EXPECT_THAT(refusal(kTop + kRest + "[envelope]\nms_per_example_max = inf\n"), HasSubstr("between"));
  EXPECT_THAT(refusal(kTop + kRest + "[envelope]\nmacro_f1_min = 20\n"), HasSubstr("between 0 and 1"));
  EXPECT_THAT(refusal(kTop + kRest + "[timing]\nworkload = 1\n"), HasSubstr("true or false"));
}

TEST(RunConfig, ThingsThatDoNotFitTogether) {
  EXPECT_THAT(refusal("recipes = [\"fp16\", \"in8\"]\n" + kRest), HasSubstr("did you mean \"int8\""));
  EXPECT_THAT(refusal("recipes = [\"int8\"]\n" + kRest), HasSubstr("reference recipe \"fp16\""));
  EXPECT_THAT(refusal("recipes = []\n" + kRest), HasSubstr("empty"));
  EXPECT_THAT(refusal(kTop + "[[models]]\npath = \"a/m\"\n[[models]]\npath = \"b/m\"\n"),
              HasSubstr("two models are called \"m\""));
  EXPECT_THAT(refusal(kTop + "[[models]]\nname = \"../x\"\npath = \"a\"\n"), HasSubstr("plain name"));
  EXPECT_THAT(refusal(kTop + kRest + "[tiers]\ntraining_counts = \"c\"\nnames = [\"a\"]\nsizes = [1]\n"),
              HasSubstr("1 names and 1 sizes"));
  EXPECT_THAT(refusal(kTop + kRest + "[envelope.tier_accuracy_min]\ntail = 0.3\n"), HasSubstr("no [tiers]"));
  EXPECT_THAT(refusal(kTop + kRest + "[envelope]\nobjectives = [\"f1\"]\n"), HasSubstr("macro_f1"));
  EXPECT_THAT(refusal(kTop + kRest + "[prior]\ntext = \"t\"\nmodel = \"dec\"\nrecipe = \"fp16\"\n"),
              HasSubstr("\"dec\" is not known"));
  EXPECT_THAT(refusal(kTop + kRest + "[prior]\ntext = \"t\"\nmodel = \"enc\"\nrecipe = \"int4\"\n"),
              HasSubstr("\"int4\" is not known"));
  EXPECT_THAT(refusal(kTop + kRest + "[int8]\noutlier_scope = \"row\"\n"), HasSubstr("sequence, batch"));
}

TEST(RunConfig, ReasonsOfThePriorNameWhatTheyCompare) {
  const std::string prior = kTop + kRest + "[prior]\ntext = \"t\"\nmodel = \"enc\"\nrecipe = \"fp16\"\n";
  EXPECT_THAT(refusal(prior + "[[prior.claim]]\nabout = \"ECE\"\nbetter = \"enc\"\n"),
              HasSubstr("`than` in [[prior.claim]] is missing"));
  EXPECT_THAT(refusal(prior + "[[prior.claim]]\nabout = \"ECE\"\nbetter = \"encc\"\nthan = \"enc\"\n"),
              HasSubstr("did you mean \"enc\""));
  EXPECT_THAT(refusal(prior + "[prior.claim]\nabout = \"ECE\"\n"), HasSubstr("written [[prior.claim]]"));
  EXPECT_THAT(refusal(prior + "[[prior.claim]]\nwhy = \"x\"\n"), HasSubstr("[[prior.claim]]"));
}

TEST(RunConfig, MissingFile) {
  EXPECT_EQ(read_run_config("/no/such.toml").error().kind, ErrorKind::kEnvironment);
}

TEST(RunConfig, AnalysisHasColumnsFilesAndASecondSplit) {
  const auto config = parse(kTop + kRest +
                            "[analysis]\ngroups = [\"source\", \"meta/regions.json\", \"m.csv#part\"]\n"
                            "second_split = \"test\"\n");
  ASSERT_TRUE(config.has_value()) << config.error().message();
  EXPECT_THAT(config->analysis.group_columns, ElementsAre("source"));
  EXPECT_THAT(config->analysis.group_files, ElementsAre("/home/me/meta/regions.json", "/home/me/m.csv#part"));
  EXPECT_EQ(config->analysis.second_split, "test");
  EXPECT_TRUE(parse(kTop + kRest)->analysis.group_columns.empty());
  EXPECT_THAT(refusal(kTop + kRest + "[analysis]\ngroup = [\"source\"]\n"), HasSubstr("groups"));
  EXPECT_THAT(refusal(kTop + kRest + "[analysis]\nsecond_split = \"validation\"\n"),
              HasSubstr("repeat themselves"));
}

}  // namespace
}  // namespace quantier
