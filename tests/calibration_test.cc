// Recipes that look at calibration texts, through the whole program: every one of them on both families, what
// is said about the texts, and what is refused.
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/dataset/npz.h"
#include "quantier/evidence/store.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

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

}  // namespace
}  // namespace quantier::testing
