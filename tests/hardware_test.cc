// `quantier hardware`: modelled times of models and shapes, measured ones of a store, and bad input.
#include <string>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kShapes = R"([[model]]
name = "small"
kind = "qwen2"
layers = 2
hidden = 64
intermediate = 96
heads = 4
kv_heads = 2
vocabulary = 100
)";

class HardwareTest : public CommandLineTest {
 protected:
  std::string shapes(const std::string& text) {
    write_file(folder_ / "shapes.toml", text);
    return (folder_ / "shapes.toml").string();
  }
  Json json(const std::string& arguments) {
    const ProgramResult result = quantier("hardware --json " + arguments);
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    const auto document = parse_json(result.out, "output");
    return document ? *document : Json::object();
  }
  void expect_refused(const std::string& arguments, int exit_code, const std::string& part) {
    const ProgramResult result = quantier("hardware " + arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr(part));
    EXPECT_EQ(result.out, "");
  }
};

TEST_F(HardwareTest, TechniquesNeedNoModel) {
  const Json document = json("--device t4,h100");
  ASSERT_EQ(document["devices"].size(), 2U);
  EXPECT_TRUE(document["modelled"].empty());
  for (const Json& technique : document["devices"][0]["techniques"]) {
    if (technique["technique"] == "bf16") {
      EXPECT_EQ(technique["support"], "emulated");
    }
    if (technique["technique"] == "FP8 W8A8") {
      EXPECT_EQ(technique["support"], "not there");
    }
  }
  EXPECT_THAT(document["devices"][0]["rates"][0]["source"].get<std::string>(), Not(HasSubstr("unknown")));
}

TEST_F(HardwareTest, DirectoryConfigAndShapesAgree) {
  const std::string directory = demo("demo-encoder");
  const Json a = json("--device t4 --model m=" + directory);
  const Json b = json("--device t4 --model m=" + directory + "/config.json");
  EXPECT_EQ(a["modelled"], b["modelled"]);
  ASSERT_EQ(a["modelled"].size(), 2U);  // fused and eager
  const Json& row = a["modelled"][0]["configurations"][0];
  EXPECT_EQ(row["kind"], "modelled");
  EXPECT_LT(row["ms_per_example"]["low"], row["ms_per_example"]["point"]);
  EXPECT_LT(row["ms_per_example"]["point"], row["ms_per_example"]["high"]);
  const ProgramResult text = quantier("hardware --device t4 --model " + directory);
  EXPECT_THAT(text.out, AllOf(HasSubstr("demo-encoder int8"), HasSubstr("modelled"), HasSubstr("order:")));
}

TEST_F(HardwareTest, LongerTextsAndLargerBatchesTakeLonger) {
  const std::string model = shapes(kShapes);
  const auto point = [&](const std::string& more) {
    return json("--device a100 --stack fused --model " + model +
                more)["modelled"][0]["configurations"][0]["ms_per_example"]["point"]
        .get<double>();
  };
  EXPECT_GT(point(" --tokens 512"), point(" --tokens 128"));
  EXPECT_LT(point(" --batch 128"), point(" --batch 1"));  // an example: launches are shared
}

TEST_F(HardwareTest, MeasuredValuesOfAStoreStandBeside) {
  const std::string store = (folder_ / "store").string();
  const std::string notebook = std::string(QUANTIER_SOURCE_DIR) + "/testdata/notebook";
  const ProgramResult imported = quantier("import " + notebook + " --out " + store + " --device \"one T4\"");
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  const Json document = json("--device t4 --store " + store + " --model encoder=" + demo("demo-encoder"));
  ASSERT_EQ(document["measured"].size(), 6U);
  for (const Json& row : document["measured"]) {
    EXPECT_EQ(row["kind"], "measured, other stack");
    EXPECT_EQ(row["device"], "one T4");
    EXPECT_GT(row["ms_per_example"], 0);
    const bool encoder = row["configuration"].get<std::string>().starts_with("encoder");
    EXPECT_EQ(row["has_roofline"], encoder);
    EXPECT_EQ(row["beside"]["device"], "t4");
    EXPECT_EQ(row["beside"]["stack"], "eager");
    EXPECT_EQ(row["inside_modelled_interval"].is_boolean(), encoder);
  }
  ASSERT_EQ(document["remarks"].size(), 1U);
  EXPECT_THAT(document["remarks"][0].get<std::string>(), HasSubstr("no roofline for decoder"));
}

TEST_F(HardwareTest, BadInput) {
  const std::string model = "--model " + shapes(kShapes);
  expect_refused("--device t44 " + model, 2, "did you mean \"t4\"");
  expect_refused("--tokens 0 " + model, 2, "--tokens");
  expect_refused("--batch 0 " + model, 2, "--batch");
  expect_refused("--tokens -3 " + model, 2, "tokens");
  expect_refused("--tokens 99999999 " + model, 2, "positions");
  expect_refused("--recipes int9 " + model, 2, "did you mean \"int8\"");
  expect_refused("--recipes fp16,fp16 " + model, 2, "twice");
  expect_refused("--stack fuse " + model, 2, "did you mean \"fused\"");
  expect_refused("--model " + (folder_ / "absent").string(), 1, "no such model");
  expect_refused(model + " " + model, 2, "two models are called");
  expect_refused("--store " + (folder_ / "absent").string(), 1, "absent");
}

TEST_F(HardwareTest, BadShapes) {
  const auto refused = [&](const std::string& text, const std::string& part) {
    expect_refused("--model " + shapes(text), 2, part);
  };
  refused("x", "not TOML");
  refused("", "[[model]]");
  refused("\xff", "UTF-8");
  refused("model = 3", "a list of tables");
  refused("[[model]]\nname = \"a\"\n", "`kind`");
  refused(std::string(kShapes) + "widht = 3\n", "widht");
  const auto with = [](std::string from, const std::string& to) {
    std::string text = kShapes;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  refused(with("layers = 2", "layers = 0"), "layers");
  refused(with("hidden = 64", "hidden = \"64\""), "a whole number");
  refused(with("qwen2", "gpt2"), "not known");
  refused(with("vocabulary = 100\n", ""), "vocabulary");
  const ProgramResult odd = quantier("hardware --model " + shapes(with("heads = 4", "heads = 5")));
  EXPECT_NE(odd.exit_code, 0);
  EXPECT_THAT(odd.err, HasSubstr("small"));
}

}  // namespace
}  // namespace quantier::testing
