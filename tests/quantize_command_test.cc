// `quantier quantize` end to end: what is written opens like any model and gives the logits of the recipe in
// memory, bit by bit; an interrupted run goes on; what a format cannot express is refused by layer and rule.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/random_checkpoint.h"
#include "quantier/dataset/npz.h"
#include "quantier/formats/i4_group.h"
#include "quantier/interchange/stored_model.h"
#include "quantier/pipeline/load_classifier.h"
#include "quantier/pipeline/quantize_repeats.h"
#include "tests/background_program.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Quantize : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    const std::string all = read_file(demo("data/validation.jsonl"));
    std::size_t end = 0;
    for (int line = 0; line < 24; ++line) end = all.find('\n', end) + 1;
    write_file(folder_ / "data.jsonl", all.substr(0, end));
  }
  std::string at(const std::string& name) { return (folder_ / name).string(); }
  std::vector<float> logits(const std::string& model, const std::string& how = "") {
    std::filesystem::remove(folder_ / "out.npz");
    const ProgramResult result = quantier("predict " + model + " --max-length 64 --data " + at("data.jsonl") +
                                          " --out " + at("out.npz") + " " + how);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const auto arrays = read_npz(at("out.npz"));
    if (!arrays) return {};
    for (const NpyArray& array : *arrays) {
      if (array.name == "logits") return std::get<std::vector<float>>(array.values);
    }
    return {};
  }
  void expect_same_logits(const std::string& model, const std::string& how, const std::string& more = "") {
    SCOPED_TRACE(model + " " + how + " " + more);
    std::filesystem::remove_all(folder_ / "q");
    const ProgramResult result = quantier("quantize " + model + " " + how + " " + more + " --out " + at("q"));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const std::vector<float> in_memory = logits(model, how);
    ASSERT_FALSE(in_memory.empty());
    EXPECT_EQ(logits(at("q")), in_memory);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "q.partial"));
  }
};

TEST_F(Quantize, ItsOwnCheckpointGivesTheLogitsOfTheRecipeInMemory) {
  for (const char* model : {"demo-encoder", "demo-decoder"}) {
    for (const char* recipe :
         {"fp16", "bf16", "int8", "int8-rtn:embedding=int8", "int4", "int4:double=off", "int4-rtn",
          "int4-rtn:group=64,zero=on", "int4-w4a8:group=32", "fp8", "fp8:scale=tensor"}) {
      expect_same_logits(demo(model), std::string("--recipe ") + recipe);
    }
  }
  expect_same_logits(demo("demo-encoder"), "--recipe fp32");
  expect_same_logits(demo("demo-encoder"), "--recipe int8 --outlier-weights f16");
}

// The walk over the texts is the same, so is every weight; the report has what it did to outputs.
TEST_F(Quantize, ACalibratedRecipeIsWrittenAsItRuns) {
  const std::string texts = " --calibration " + demo("data/calibration.jsonl") + " --calibration-count 12";
  for (const char* recipe :
       {"int4-gptq:group=64", "int4-gptq:published", "int4-awq:group=64", "int8-smooth"}) {
    std::filesystem::remove_all(folder_ / "q");
    const std::string how = std::string("--recipe ") + recipe + texts;
    const ProgramResult written =
        quantier("quantize " + demo("demo-decoder") + " " + how + " --max-length 64 --json --out " + at("q"));
    ASSERT_EQ(written.exit_code, 0) << recipe << written.err;
    EXPECT_EQ(logits(at("q")), logits(demo("demo-decoder"), how)) << recipe;
    const Json document = Json::parse(written.out);
    EXPECT_EQ(document["calibration"]["texts"], 12) << document["calibration"];
    std::size_t compared = 0;  // layers of which the report says what their outputs, or their block's, lost
    for (const Json& layer : document["layers"]) {
      for (const char* key : {"output_error", "block_loss"}) {
        if (layer.contains(key) && layer[key].is_number()) ++compared;
      }
    }
    EXPECT_GT(compared, 0U) << recipe;
    if (std::string_view(recipe) == "int4-gptq:published") {
      EXPECT_EQ(Json::parse(quantier("inspect " + at("q") + " --json").out)["linears"][0]["method"],
                "gptq (published)");
    }
  }
  ProgramResult refused =
      quantier("quantize " + demo("demo-decoder") + " --recipe int4-gptq --out " + at("r"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--calibration FILE"));
  refused = quantier("quantize " + demo("demo-decoder") + " --recipe int8-rtn" + texts + " --out " + at("r"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("looks at the weights alone"));
}

// What is reported of another sample is what quantizing with that sample writes; the first one is written as
// ever.
TEST_F(Quantize, RepeatsSayHowMuchEachLayerMoves) {
  const std::string how = "quantize " + demo("demo-encoder") +
                          " --recipe int4-gptq:group=64 --max-length 64 " + "--calibration " +
                          demo("data/calibration.jsonl") + " --calibration-count 12 --json ";
  const ProgramResult repeated = quantier(how + "--calibration-seeds 2 --out " + at("q"));
  ASSERT_EQ(repeated.exit_code, 0) << repeated.err;
  const Json document = Json::parse(repeated.out);
  const ProgramResult other = quantier(how + "--calibration-seed 1 --out " + at("other"));
  ASSERT_EQ(other.exit_code, 0) << other.err;
  const Json spread = document["calibration_spread"];
  EXPECT_EQ(spread["samples"], Json::parse(R"([{"seed": 1, "texts": 12}])"));
  EXPECT_EQ(Json::parse(read_file(folder_ / "q/quantization_report.json"))["calibration_spread"], spread);
  ASSERT_EQ(spread["layers"].size(), 24U);
  const auto here = Checkpoint::open(folder_ / "q");
  const auto there = Checkpoint::open(folder_ / "other");
  ASSERT_TRUE(here && there);
  const auto plan = stored_plan(*here);
  ASSERT_TRUE(plan);
  const auto error_in = [](const Json& report, const Json& layer) {
    for (const Json& row : report["layers"]) {
      if (row["layer"] == layer["layer"]) return row["output_error"].get<double>();
    }
    return 0.0;
  };
  for (const Json& layer : spread["layers"]) {
    const auto linear =
        std::ranges::find(here->spec().linears, layer["layer"].get<std::string>(), &LinearSpec::name);
    ASSERT_NE(linear, here->spec().linears.end());
    const auto& recipe = plan->layers[static_cast<std::size_t>(linear - here->spec().linears.begin())].recipe;
    const auto written = stored_linear(*here, *linear, recipe, *plan);
    const auto another = stored_linear(*there, *linear, recipe, *plan);
    ASSERT_TRUE(written && another);
    EXPECT_EQ(layer["codes_differing"].get<double>(), differing_codes(*written, *another)) << layer;
    EXPECT_GT(layer["codes_differing"].get<double>(), 0.01) << layer;
    EXPECT_EQ(layer["output_error"][0],
              std::min(error_in(document, layer), error_in(Json::parse(other.out), layer)));
    EXPECT_EQ(layer["output_error"][1],
              std::max(error_in(document, layer), error_in(Json::parse(other.out), layer)));
  }
  ASSERT_EQ(quantier(how + "--out " + at("once")).exit_code, 0);
  EXPECT_EQ(read_file(folder_ / "q/model.safetensors"), read_file(folder_ / "once/model.safetensors"));
  const ProgramResult refused =
      quantier("quantize " + demo("demo-encoder") + " --recipe int8-smooth --calibration " +
               at("data.jsonl") + " --calibration-seeds 2 --out " + at("r"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--calibration-count"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "r.partial"));
}

TEST(DifferingCodes, CountsCodesNotBytes) {
  PackedLinear a;
  a.out_features = 2;
  a.in_features = 3;
  a.weights = make_i4_group(2, 3, 0, true);
  PackedLinear b = clone(a);
  EXPECT_EQ(differing_codes(a, b), 0.0);
  auto& codes = std::get<I4GroupWeights>(b.weights);
  i4_set_code(codes, 3, 0, 0, 5);  // both in one byte
  i4_set_code(codes, 3, 0, 1, 9);
  i4_set_code(codes, 3, 1, 2, 1);
  EXPECT_EQ(differing_codes(a, b), 0.5);
  b.weights = F16Weights{};
  EXPECT_EQ(differing_codes(a, b), std::nullopt);
}

// The texts stand in the checkpoint by fingerprint, whatever its format, and through another conversion.
TEST_F(Quantize, ACheckpointRemembersWhatItWasFittedTo) {
  const std::string all = read_file(demo("data/calibration.jsonl"));
  std::size_t end = 0;
  for (int line = 0; line < 24; ++line) end = all.find('\n', end) + 1;
  write_file(folder_ / "seen.jsonl", all.substr(0, end));
  const std::string made = "quantize " + demo("demo-decoder") +
                           " --recipe int4-gptq:group=64 --max-length 64 --calibration " + at("seen.jsonl");
  ASSERT_EQ(quantier(made + " --out " + at("q")).exit_code, 0);
  ASSERT_EQ(quantier(made + " --format gptq --out " + at("gptq")).exit_code, 0);
  ASSERT_EQ(quantier("quantize " + at("gptq") + " --out " + at("again")).exit_code, 0);
  const auto run = [&](const std::string& model, const std::string& data) {
    write_file(folder_ / "run.toml",
               fmt::format("recipes = [\"fp16\"]\n[[models]]\npath = \"{}\"\n[data]\npath = "
                           "\"{}\"\n[timing]\nenabled = false\n",
                           at(model), at(data)));
    std::filesystem::remove_all(folder_ / "results");
    return quantier("run " + at("run.toml") + " --dry-run --out " + at("results"));
  };
  for (const char* model : {"q", "gptq", "again"}) {
    SCOPED_TRACE(model);
    const ProgramResult refused = run(model, "seen.jsonl");
    EXPECT_EQ(refused.exit_code, 6) << refused.out << refused.err;
    EXPECT_THAT(refused.err,
                AllOf(HasSubstr("fitted to examples"), HasSubstr("24 of 24"), HasSubstr("calibration")));
    const ProgramResult unseen = run(model, "data.jsonl");
    EXPECT_EQ(unseen.exit_code, 0) << unseen.err;
    const std::string predict = "predict " + at(model) + " --max-length 64 --json --data ";
    const ProgramResult marked = quantier(predict + at("seen.jsonl"));
    ASSERT_EQ(marked.exit_code, 0) << marked.err;
    EXPECT_EQ(Json::parse(marked.out)["fitted_in_sample"], 24);
    EXPECT_THAT(marked.err, HasSubstr("fitted in-sample"));
    EXPECT_EQ(Json::parse(quantier(predict + at("data.jsonl")).out)["fitted_in_sample"], 0);
  }
  const std::string manifest = read_file(folder_ / "q" / "quantier.json");
  for (const auto& [list, text] :
       {std::pair("7", "not a list"), std::pair("[7]", "something else than objects"),
        std::pair(R"([{"by": "x", "data": "y", "sha256": "z", "fingerprints": [1]}])", "fingerprints")}) {
    Json damaged = Json::parse(manifest);
    damaged["fitted_on"] = Json::parse(list);
    write_file(folder_ / "q" / "quantier.json", damaged.dump());
    const ProgramResult refused = run("q", "data.jsonl");
    EXPECT_EQ(refused.exit_code, 6) << list;
    EXPECT_THAT(refused.err, HasSubstr(text));
  }
  Json older = Json::parse(manifest);
  older.erase("fitted_on");
  write_file(folder_ / "q" / "quantier.json", older.dump());
  EXPECT_EQ(run("q", "seen.jsonl").exit_code, 0) << "what is not known is not refused";
}

// A near duplicate has another fingerprint, and is known by its signature.
TEST_F(Quantize, ACheckpointKnowsNearDuplicatesOfWhatItWasFittedTo) {
  const std::string all = read_file(demo("data/calibration.jsonl"));
  std::vector<Json> seen;
  for (std::size_t begin = 0; seen.size() < 24;) {
    const std::size_t end = all.find('\n', begin);
    Json example = Json::parse(all.substr(begin, end - begin));
    begin = end + 1;
    if (example["text"].get<std::string>().size() > 200) seen.push_back(std::move(example));
  }
  // The first `changed` of them with another last word, among texts that were not seen.
  const auto write = [&](const std::string& name, std::size_t changed) {
    std::string lines = read_file(folder_ / "data.jsonl");
    for (std::size_t i = 0; i < changed; ++i) {
      Json example = seen[i];
      const std::string text = example["text"];
      example["text"] = text.substr(0, text.rfind(' ')) + " altered";
      example["id"] = fmt::format("changed-{}", i);
      lines += example.dump() + "\n";
    }
    write_file(folder_ / name, lines);
  };
  std::string lines;
  for (const Json& example : seen) lines += example.dump() + "\n";
  write_file(folder_ / "seen.jsonl", lines);
  write("two.jsonl", 2);
  write("one.jsonl", 1);
  ASSERT_EQ(quantier("quantize " + demo("demo-encoder") +
                     " --recipe int4-gptq:group=64 --max-length 64 --calibration " + at("seen.jsonl") +
                     " --out " + at("q"))
                .exit_code,
            0);
  const auto run = [&](const std::string& data, const std::string& more) {
    write_file(folder_ / "run.toml",
               fmt::format("recipes = [\"fp16\"]\nmax_length = 64\nbootstrap_replicates = 200\n[[models]]\n"
                           "path = \"{}\"\n[data]\npath = \"{}\"\n[timing]\nenabled = false\n",
                           at("q"), at(data)));
    std::filesystem::remove_all(folder_ / "results");
    return quantier("run " + at("run.toml") + " --out " + at("results") + more);
  };
  const ProgramResult refused = run("two.jsonl", " --dry-run");
  EXPECT_EQ(refused.exit_code, 6) << refused.out << refused.err;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("nearly those of this data"), HasSubstr("2 of 24 texts"),
                                 HasSubstr("\"changed-0\"")));
  // One may be alike by chance: the run goes on, and its note says so.
  const ProgramResult one = run("one.jsonl", "");
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_THAT(read_file(folder_ / "results/note.md"),
              AllOf(HasSubstr("fitted to a text that shares about"), HasSubstr("changed-0")));
  const ProgramResult marked =
      quantier("predict " + at("q") + " --max-length 64 --json --data " + at("two.jsonl"));
  ASSERT_EQ(marked.exit_code, 0) << marked.err;
  EXPECT_EQ(Json::parse(marked.out)["fitted_in_sample"], 0);
  EXPECT_EQ(Json::parse(marked.out)["fitted_nearly"], 2);
  EXPECT_THAT(marked.err, HasSubstr("fitted nearly in-sample"));

  const Json manifest = Json::parse(read_file(folder_ / "q/quantier.json"));
  for (const auto& [signatures, text] :
       {std::pair("[]", "as long as the fingerprints"), std::pair("7", "as long as the fingerprints"),
        std::pair("[7]", "something else than signatures")}) {
    Json damaged = manifest;
    Json& fitted = damaged["fitted_on"][0];
    fitted["minhash_128"] = Json::parse(signatures);
    if (fitted["minhash_128"] == Json({7})) fitted["fingerprints"] = Json({"x"});
    write_file(folder_ / "q/quantier.json", damaged.dump());
    const ProgramResult broken = run("one.jsonl", " --dry-run");
    EXPECT_EQ(broken.exit_code, 6) << signatures;
    EXPECT_THAT(broken.err, HasSubstr(text));
  }
}

// Which inputs a search multiplies is known late: the refusal names the layer and leaves nothing behind.
TEST_F(Quantize, AFormatWithoutInputMultipliersRefusesALayerThatHasThem) {
  const ProgramResult refused =
      quantier("quantize " + demo("demo-decoder") + " --recipe int4-awq:group=64 --calibration " +
               demo("data/calibration.jsonl") + " --calibration-count 8 --format awq --out " + at("q"));
  EXPECT_EQ(refused.exit_code, 7) << refused.err;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("attention.output"), HasSubstr("inputs are multiplied")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "q"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "q.partial"));
}

TEST_F(Quantize, AMixedPlanKeepsItsLayersAndItsName) {
  write_file(folder_ / "mixed.toml",
             "base = \"int8-rtn\"\n[layers]\n\"layers.0-2\" = \"int4-rtn:group=64\"\n\"classifier\" = "
             "\"int8-rtn\"\n");
  expect_same_logits(demo("demo-decoder"), "--plan " + at("mixed.toml"));
  const ProgramResult shown = quantier("inspect " + at("q") + " --json");
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  const Json document = Json::parse(shown.out);
  EXPECT_EQ(document["plan"]["recipe"], "mixed");
  for (const Json& linear : document["linears"]) {
    const auto name = linear["name"].get<std::string>();
    if (name.starts_with("layers.1.")) {
      EXPECT_EQ(linear["format"], "i4-group/64") << name;
    }
    if (name.starts_with("layers.4.")) {
      EXPECT_EQ(linear["format"], "i8-row x i8") << name;
    }
    if (name == "classifier") {
      EXPECT_EQ(linear["format"], "i8-row x i8");
    }
  }
  // Weights that are quantized have their recipe already.
  const ProgramResult refused = quantier("predict " + at("q") + " --recipe int8 --text x");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("quantized already"));
  EXPECT_EQ(quantier("predict " + at("q") + " --recipe mixed --text x").exit_code, 0);
}

// All layers of a model, whatever its tokenizer.
std::vector<float> logits_of(const ModelLocation& location, const PlanRules& rules) {
  ThreadPool pool(1);
  const auto checkpoint = Checkpoint::open(location);
  EXPECT_TRUE(checkpoint) << checkpoint.error().message();
  if (!checkpoint) return {};
  const auto model = load_first_layers(*checkpoint, rules, {}, checkpoint->spec().layers.size(), pool);
  EXPECT_TRUE(model) << model.error().message();
  if (!model) return {};
  const std::vector<std::int32_t> tokens = {2, 7, 11, 5, 3};
  const std::vector<std::uint32_t> offsets = {0, 5};
  std::vector<float> logits(model->classifier->class_count());
  EXPECT_TRUE(model->classifier->predict({tokens, offsets}, logits));
  return logits;
}

TEST_F(Quantize, AnAdapterIsMergedFirst) {
  const std::string adapters = std::string(QUANTIER_SOURCE_DIR) + "/testdata/adapter/";
  for (const auto& [name, base] :
       {std::pair{"encoder-rslora", "encoder-bf16"}, {"decoder-all-linear", "decoder-f32"}}) {
    SCOPED_TRACE(name);
    std::filesystem::remove_all(folder_ / "adapter");
    std::filesystem::remove_all(folder_ / "q");
    std::filesystem::copy(adapters + name, folder_ / "adapter");
    std::filesystem::copy_file(demo("demo-encoder/tokenizer.json"), folder_ / "adapter/tokenizer.json");
    const std::filesystem::path of_base = adapters + "bases/" + base;
    const ProgramResult result = quantier("quantize " + at("adapter") + " --base " + of_base.string() +
                                          " --recipe int8-rtn --out " + at("q"));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const std::vector<float> merged = logits_of({folder_ / "adapter", of_base}, PlanRules::of("int8-rtn"));
    ASSERT_FALSE(merged.empty());
    EXPECT_EQ(logits_of({folder_ / "q"}, PlanRules()), merged);
    const ProgramResult shown = quantier("inspect " + at("q") + " --json");
    ASSERT_EQ(shown.exit_code, 0) << shown.err;
    EXPECT_FALSE(Json::parse(shown.out).contains("adapter"));
  }
}

TEST_F(Quantize, ReportsEveryLayer) {
  const ProgramResult result =
      quantier("quantize " + demo("demo-encoder") + " --recipe int4-rtn:group=64 --json --out " + at("q"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json document = Json::parse(result.out);
  ASSERT_EQ(document["layers"].size(), 26U);
  for (const Json& layer : document["layers"]) {
    const bool quantized = layer["layer"].get<std::string>().starts_with("layers.");
    if (quantized) {
      EXPECT_GT(layer["sqnr_db"].get<double>(), 15.0);
      EXPECT_LT(layer["sqnr_db"].get<double>(), 30.0);
      EXPECT_GT(layer["cosine"].get<double>(), 0.98);
      EXPECT_GT(layer["largest_error"].get<double>(), 0.0);
      EXPECT_NEAR(layer["bits_per_weight"].get<double>(), 4.25, 1e-9);
    } else {
      EXPECT_TRUE(layer["sqnr_db"].is_null());  // halves are stored as they are
      EXPECT_EQ(layer["largest_error"].get<double>(), 0.0);
    }
    EXPECT_GE(layer["seconds"].get<double>(), 0.0);
  }
  EXPECT_EQ(Json::parse(read_file(folder_ / "q/quantization_report.json"))["layers"], document["layers"]);
  EXPECT_EQ(Json::parse(read_file(folder_ / "q/config.json"))["quantization_config"]["quant_method"],
            "quantier");
  const ProgramResult again =
      quantier("quantize " + demo("demo-encoder") + " --recipe int8 --out " + at("q"));
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("there already"));
}

// A model that takes a moment, so that it can be interrupted.
std::string slow_model(const std::filesystem::path& folder) {
  RandomGeometry geometry;
  geometry.hidden = 512;
  geometry.intermediate = 1024;
  geometry.layers = 12;
  geometry.heads = 8;
  geometry.vocabulary = 8192;
  const auto written = write_random_checkpoint(folder, geometry, {.dtype = DType::kF16});
  EXPECT_TRUE(written);
  std::filesystem::copy_file(std::string(QUANTIER_SOURCE_DIR) + "/demo/demo-encoder/tokenizer.json",
                             folder / "tokenizer.json");
  return folder.string();
}

std::size_t lines_of(const std::filesystem::path& path) {
  return static_cast<std::size_t>(std::ranges::count(read_file(path), '\n'));
}

TEST_F(Quantize, GoesOnWhereItWasInterrupted) {
  const std::string model = slow_model(folder_ / "model");
  const std::string command = "quantize " + model + " --recipe int4-rtn:group=64 --json --out ";
  ASSERT_EQ(quantier(command + at("whole")).exit_code, 0);
  const std::filesystem::path journal = folder_ / "q.partial/journal.jsonl";
  BackgroundProgram program({"quantize", model, "--recipe", "int4-rtn:group=64", "--json", "--out", at("q")},
                            folder_ / "o", folder_ / "e");
  while (is_running(program.pid()) && lines_of(journal) < 30)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  program.signal(SIGINT);
  EXPECT_EQ(program.wait(), 130);
  EXPECT_THAT(read_file(folder_ / "o"), AllOf(HasSubstr("same command again"), HasSubstr("interrupted")));
  ASSERT_TRUE(std::filesystem::exists(journal));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "q"));
  const std::size_t kept = lines_of(journal);
  EXPECT_GE(kept, 30U);
  // Another recipe is another result.
  const ProgramResult other = quantier("quantize " + model + " --recipe int8-rtn --out " + at("q"));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("different: plan"));
  // As if the power had failed in the middle of the next layer.
  std::ofstream(journal, std::ios::app) << "{\"item\": \"layers.11.mlp";
  std::ofstream(folder_ / "q.partial/tensors.data", std::ios::app) << "half a tensor";
  const ProgramResult resumed = quantier(command + at("q"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(Json::parse(resumed.out)["resumed_items"].get<std::size_t>(), kept - 1);
  EXPECT_EQ(read_file(folder_ / "q/model.safetensors"), read_file(folder_ / "whole/model.safetensors"));
  EXPECT_EQ(read_file(folder_ / "q/quantier.json"), read_file(folder_ / "whole/quantier.json"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "q.partial"));
}

TEST_F(Quantize, ADamagedJournalIsNotTakenForWork) {
  const std::string command = "quantize " + demo("demo-encoder") + " --recipe int8-rtn --out " + at("q");
  for (const char* journal : {"{}\n", "no JSON\n", "[]\n"}) {
    std::filesystem::remove_all(folder_ / "q.partial");
    write_file(folder_ / "q.partial/journal.jsonl", journal);
    const ProgramResult refused = quantier(command);
    EXPECT_THAT(refused.exit_code, ::testing::AnyOf(2, 6)) << journal << refused.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "q"));
  }
}

TEST_F(Quantize, RefusesWhatAFormatCannotExpress) {
  const auto refused = [&](const std::string& model, const std::string& recipe, const std::string& format) {
    const ProgramResult result = quantier("quantize " + demo(model) + " --recipe " + recipe + " --format " +
                                          format + " --out " + at("q"));
    EXPECT_EQ(result.exit_code, 7) << result.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "q"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "q.partial"));
    return result.err;
  };
  EXPECT_THAT(
      refused("demo-encoder", "int4-rtn", "compressed-tensors"),
      AllOf(HasSubstr("layers.0.attention.qkv"), HasSubstr("192 inputs are not divisible by groups of 128")));
  EXPECT_THAT(refused("demo-encoder", "int8", "compressed-tensors"), HasSubstr("outlier columns"));
  EXPECT_THAT(refused("demo-encoder", "int4-rtn:group=64", "bitsandbytes"), HasSubstr("i4-group"));
  EXPECT_THAT(refused("demo-encoder", "int8:embedding=int8", "bitsandbytes"), HasSubstr("embedding"));
  EXPECT_THAT(refused("demo-encoder", "fp16", "bitsandbytes"), HasSubstr("no layer is quantized"));
  EXPECT_THAT(refused("demo-encoder", "fp8", "gptq"), HasSubstr("fp8-row"));
  EXPECT_THAT(refused("demo-encoder", "int4-rtn", "awq"), HasSubstr("192 inputs"));
  write_file(folder_ / "head.toml",
             "base = \"int4-rtn:group=64\"\n[layers]\nclassifier = \"int4-rtn:group=64\"\n");
  const ProgramResult head = quantier("quantize " + demo("demo-encoder") + " --plan " + at("head.toml") +
                                      " --format gptq --out " + at("q"));
  EXPECT_EQ(head.exit_code, 7);
  EXPECT_THAT(head.err, AllOf(HasSubstr("classifier"), HasSubstr("58 outputs")));
}

TEST_F(Quantize, EveryForeignFormatReadsBack) {
  struct Case {
    const char* recipe;
    const char* format;
    bool exact;  // scales are stored as they are
  };
  for (const char* model : {"demo-encoder", "demo-decoder"}) {
    for (const Case& each :
         {Case{"int8", "bitsandbytes", true}, Case{"int8-rtn", "bitsandbytes", true},
          Case{"int4", "bitsandbytes", true}, Case{"int4:double=off", "bitsandbytes", true},
          Case{"int8-rtn", "compressed-tensors", false},
          Case{"int4-rtn:group=64", "compressed-tensors", true},
          Case{"int4-rtn:group=64,zero=on", "compressed-tensors", true},
          Case{"int4-rtn:group=row", "compressed-tensors", true}, Case{"fp8", "compressed-tensors", true},
          Case{"fp8:scale=tensor", "compressed-tensors", true}, Case{"int4-rtn:group=64", "gptq", true},
          Case{"int4-rtn:group=32,zero=on", "gptq", true}, Case{"int4-rtn:group=64,zero=on", "awq", true},
          Case{"int4-rtn:group=64", "awq", true}}) {
      SCOPED_TRACE(std::string(model) + " " + each.recipe + " " + each.format);
      std::filesystem::remove_all(folder_ / "q");
      const ProgramResult written = quantier("quantize " + demo(model) + " --recipe " + each.recipe +
                                             " --format " + each.format + " --out " + at("q"));
      ASSERT_EQ(written.exit_code, 0) << written.err;
      const std::vector<float> ours = logits(demo(model), std::string("--recipe ") + each.recipe);
      const std::vector<float> read_back = logits(at("q"));
      if (each.exact) {
        EXPECT_EQ(read_back, ours);
        continue;
      }
      ASSERT_EQ(read_back.size(), ours.size());
      double largest = 0;
      for (std::size_t i = 0; i < ours.size(); ++i) {
        largest = std::max(largest, static_cast<double>(std::abs(read_back[i] - ours[i])));
      }
      EXPECT_LT(largest, 0.05);  // absmax / 127 * 127 is not always absmax to the last bit
    }
  }
}

}  // namespace
}  // namespace quantier::testing
