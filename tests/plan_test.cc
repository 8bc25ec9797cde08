// A plan file wherever a recipe is named: written by `inspect`, read by `predict` and `run`.
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/dataset/npz.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PlanFile : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    const std::string all = read_file(demo("data/validation.jsonl"));
    std::size_t end = 0;
    for (int line = 0; line < 20; ++line) end = all.find('\n', end) + 1;
    write_file(folder_ / "data.jsonl", all.substr(0, end));
  }
  std::string at(const std::string& name) { return (folder_ / name).string(); }
  std::vector<float> logits(const std::string& how) {
    const ProgramResult result = quantier("predict " + demo("demo-encoder") + " --data " + at("data.jsonl") +
                                          " --out " + at("out.npz") + " " + how);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const auto arrays = read_npz(at("out.npz"));
    if (!arrays) return {};
    for (const NpyArray& array : *arrays) {
      if (array.name == "logits") return std::get<std::vector<float>>(array.values);
    }
    return {};
  }
};

TEST_F(PlanFile, WhatInspectWritesGivesTheSameLogits) {
  const ProgramResult written = quantier("inspect " + demo("demo-encoder") +
                                         " --recipe int4-rtn:group=64 --write-plan " + at("plan.toml"));
  ASSERT_EQ(written.exit_code, 0) << written.err;
  const auto by_recipe = logits("--recipe int4-rtn:group=64");
  ASSERT_FALSE(by_recipe.empty());
  EXPECT_EQ(logits("--plan " + at("plan.toml")), by_recipe);
  // Another recipe for some layers is another model.
  std::string text = read_file(folder_ / "plan.toml");
  text.replace(text.find("[layers]\n"), 9, "[layers]\n\"layers.0-2\" = \"fp16\"\n");
  write_file(folder_ / "mixed.toml", text);
  const auto mixed = logits("--plan " + at("mixed.toml"));
  ASSERT_EQ(mixed.size(), by_recipe.size());
  EXPECT_NE(mixed, by_recipe);
  const ProgramResult shown =
      quantier("inspect " + demo("demo-encoder") + " --json --plan " + at("mixed.toml"));
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  const Json document = Json::parse(shown.out);
  for (const Json& linear : document["linears"]) {
    const auto name = linear["name"].get<std::string>();
    const bool kept =
        name.starts_with("layers.0") || name.starts_with("layers.2") || !name.starts_with("layers");
    if (kept) {
      EXPECT_EQ(linear["format"], "f16") << name;
    }
    if (name.starts_with("layers.3")) {
      EXPECT_EQ(linear["format"], "i4-group/64") << name;
    }
  }
}

TEST_F(PlanFile, ARunTakesItAsOneMoreRecipe) {
  write_file(folder_ / "mixed.toml", "base = \"int8\"\n[layers]\n\"layers.0-2\" = \"fp16\"\n");
  write_file(folder_ / "run.toml",
             "recipes = [\"fp16\"]\nplan = \"mixed.toml\"\nbootstrap_replicates = 100\n"
             "[[models]]\npath = \"" +
                 demo("demo-encoder") + "\"\n[data]\npath = \"data.jsonl\"\n[timing]\nenabled = false\n");
  const ProgramResult run = quantier("run " + at("run.toml") + " --out " + at("results"));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const ProgramResult shown = quantier("show " + at("results"));
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("mixed"));
  // The store knows the run by its name when the file is gone.
  std::filesystem::remove(folder_ / "mixed.toml");
  const ProgramResult report = quantier("report " + at("results"));
  EXPECT_EQ(report.exit_code, 0) << report.err;
}

// Weights that came quantized run as they are, beside models that get recipes.
TEST_F(PlanFile, ARunTakesQuantizedWeightsAsTheyAre) {
  const ProgramResult written = quantier("quantize " + demo("demo-encoder") +
                                         " --recipe int4 --format bitsandbytes --out " + at("small"));
  ASSERT_EQ(written.exit_code, 0) << written.err;
  write_file(
      folder_ / "run.toml",
      "recipes = [\"fp16\"]\nbootstrap_replicates = 100\n[[models]]\npath = \"" + demo("demo-encoder") +
          "\"\n[[models]]\npath = \"small\"\n[data]\npath = \"data.jsonl\"\n[timing]\nenabled = false\n");
  const ProgramResult run = quantier("run " + at("run.toml") + " --out " + at("results"));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(quantier("show " + at("results")).out, HasSubstr("bitsandbytes-nf4"));
  EXPECT_THAT(read_file(folder_ / "results/note.md"), HasSubstr("bitsandbytes-nf4"));
}

TEST_F(PlanFile, RefusesWhatDoesNotFitTheModel) {
  write_file(folder_ / "plan.toml", "base = \"int8\"\n[layers]\n\"layers.0.mlp.gateup\" = \"fp16\"\n");
  ProgramResult refused = quantier("inspect " + demo("demo-encoder") + " --plan " + at("plan.toml"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("layers.0.mlp.gate_up"));
  refused = quantier("predict " + demo("demo-encoder") + " --text x --plan " + at("none.toml"));
  EXPECT_EQ(refused.exit_code, 1);
  refused = quantier("inspect " + demo("demo-encoder") + " --recipe int8 --plan " + at("plan.toml"));
  EXPECT_EQ(refused.exit_code, 2);
  refused = quantier("inspect " + demo("demo-encoder") + " --write-plan " + at("new.toml"));
  EXPECT_EQ(refused.exit_code, 2);
  write_file(folder_ / "int8.toml", "base = \"fp16\"\n");
  write_file(folder_ / "run.toml", "recipes = [\"fp16\"]\nplan = [\"int8.toml\"]\n[[models]]\npath = \"" +
                                       demo("demo-encoder") + "\"\n[data]\npath = \"data.jsonl\"\n");
  refused = quantier("run " + at("run.toml") + " --out " + at("results"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("name of another recipe"));
}

}  // namespace
}  // namespace quantier::testing
