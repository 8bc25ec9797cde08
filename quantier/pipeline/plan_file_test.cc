// Plan files as a user writes them: what they say, in which order, and what is refused where.
#include "quantier/pipeline/plan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kPlan =
    "base = \"int8\"\n"
    "embedding = \"i8-row\"\n"
    "[layers]\n"
    "\"layers.1-3\" = \"int4-rtn:group=64,zero=on\"   # b before a: order is the file's\n"
    "\"layers.0-3\" = \"int8-rtn\"\n"
    "\"classifier\" = \"fp16\"\n";

TEST(PlanFile, KeepsTheOrderOfItsLines) {
  const auto rules = parse_plan_file(kPlan, "stem", "plan.toml");
  ASSERT_TRUE(rules) << rules.error().message();
  EXPECT_EQ(rules->name, "stem");
  EXPECT_EQ(rules->base, "int8");
  EXPECT_EQ(rules->embedding, EmbeddingFormat::kI8Row);
  const std::vector<PlanRules::Rule> expected = {
      {"layers.1-3", "int4-rtn:group=64,zero=on"}, {"layers.0-3", "int8-rtn"}, {"classifier", "fp16"}};
  EXPECT_EQ(rules->layers, expected);
  const auto again = plan_rules_from_json(to_json(*rules), "test");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, *rules);
}

TEST(PlanFile, WhatIsWrittenReadsBackAsTheSameRules) {
  const auto rules = parse_plan_file(kPlan, "a \"name\" with \\", "plan.toml");
  ASSERT_TRUE(rules);
  ModelSpec spec;
  for (int layer = 0; layer < 4; ++layer) {
    LinearSpec linear;
    linear.name = "layers." + std::to_string(layer) + ".mlp.down";
    linear.role = LinearRole::kMlpDown;
    linear.out_features = 8;
    linear.in_features = 64;
    spec.linears.push_back(linear);
  }
  LinearSpec head;
  head.name = "classifier";
  head.out_features = 3;
  head.in_features = 8;
  spec.linears.push_back(head);
  const auto plan = resolve_rules(*rules, spec);
  ASSERT_TRUE(plan) << plan.error().message();
  const std::string text = plan_file_text(*rules, spec, *plan);
  const auto again = parse_plan_file(text, "another", "written.toml");
  ASSERT_TRUE(again) << again.error().message() << text;
  EXPECT_EQ(*again, *rules);
  EXPECT_THAT(text, HasSubstr("layers.3.mlp.down"));
}

TEST(PlanFile, KeepsWhatItWasSelectedOn) {
  const std::string text =
      "base = \"fp16\"\n[selected_on]\ndata = \"a.jsonl\"\nsha256 = \"ff\"\n"
      "fingerprints = [\"0123456789abcdef\", \"fedcba9876543210\"]\n";
  const auto rules = parse_plan_file(text, "mixed", "plan.toml");
  ASSERT_TRUE(rules) << rules.error().message();
  ASSERT_TRUE(rules->selected_on);
  EXPECT_EQ(rules->selected_on->fingerprints.size(), 2U);
  const auto plan = resolve_rules(*rules, ModelSpec{});
  ASSERT_TRUE(plan);
  const auto again = parse_plan_file(plan_file_text(*rules, ModelSpec{}, *plan), "mixed", "written.toml");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->selected_on, rules->selected_on);
  EXPECT_FALSE(parse_plan_file("base = \"fp16\"\n[selected_on]\ndata = \"a\"\n", "", "plan.toml"));
}

TEST(PlanFile, KeepsTheTimesThatItWasChosenBy) {
  const std::string text =
      "base = \"fp16\"\n[timed_on]\nbudget_ms = 20\nbase_ms = 31.5\nplan_ms = 19.25\nbatch = 32\ntokens = "
      "128\nthreads = 2\nprocessor = \"some \\\"one\\\"\"\nkernels = \"avx2\"\n[timed_on.unit_ms]\n"
      "\"layers.1\" = { \"fp16\" = 2.5, \"int4-rtn:group=64,zero=on\" = 1.125 }\n"
      "\"layers.0\" = { \"fp16\" = 2.75 }\n";
  const auto rules = parse_plan_file(text, "mixed", "plan.toml");
  ASSERT_TRUE(rules) << rules.error().message();
  ASSERT_TRUE(rules->timed_on);
  EXPECT_EQ(rules->timed_on->processor, "some \"one\"");
  const std::vector<TimedOn::UnitTime> expected = {{"layers.1", "fp16", 2.5},
                                                   {"layers.1", "int4-rtn:group=64,zero=on", 1.125},
                                                   {"layers.0", "fp16", 2.75}};
  EXPECT_EQ(rules->timed_on->units, expected);
  const auto plan = resolve_rules(*rules, ModelSpec{});
  ASSERT_TRUE(plan);
  const auto again = parse_plan_file(plan_file_text(*rules, ModelSpec{}, *plan), "mixed", "written.toml");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->timed_on, rules->timed_on);
  EXPECT_FALSE(parse_plan_file("base = \"fp16\"\n[timed_on]\nbatch = 0\n", "", "plan.toml"));
  EXPECT_FALSE(parse_plan_file("base = \"fp16\"\n[timed_on]\nbudget = 3\n", "", "plan.toml"));
  EXPECT_FALSE(parse_plan_file("base = \"fp16\"\n[timed_on.unit_ms]\n\"layers.0\" = 3\n", "", "plan.toml"));
  EXPECT_FALSE(parse_plan_file("base = \"fp16\"\n[timed_on.unit_ms]\n\"layers.0\" = { \"a\" = -1 }\n", "",
                               "plan.toml"));
}

TEST(PlanFile, RefusesWithLineAndHint) {
  const auto refusal = [](const std::string& text) {
    const auto rules = parse_plan_file(text, "p", "plan.toml");
    EXPECT_FALSE(rules) << text;
    return rules ? std::string() : rules.error().message();
  };
  EXPECT_THAT(refusal("base = \"in8\""), AllOf(HasSubstr("line 1"), HasSubstr("did you mean \"int8\"")));
  EXPECT_THAT(refusal("bse = \"int8\""), HasSubstr("did you mean \"base\""));
  EXPECT_THAT(refusal("[layers]\n\"layers.0\" = \"int8\"\n"), HasSubstr("`base` is missing"));
  EXPECT_THAT(refusal("base = \"int8\"\n[layers]\n\"layers.0\" = \"int4-rnt\"\n"),
              AllOf(HasSubstr("line 3"), HasSubstr("int4-rtn")));
  EXPECT_THAT(refusal("base = \"int8\"\n[layers]\n\"layers.0\" = 8\n"), HasSubstr("expected a string"));
  EXPECT_THAT(refusal("base = \"int8\"\nembedding = \"int8\"\n"), HasSubstr("i8-row"));
  EXPECT_THAT(refusal("base = \"int8\"\n[layers]\nlayers.0 = \"int8\"\n"), HasSubstr("expected a string"));
  EXPECT_THAT(refusal("base = \"int8"), HasSubstr("not TOML"));
  EXPECT_THAT(refusal("base = \"int8\xff\""), HasSubstr("not UTF-8"));
  EXPECT_EQ(read_plan_file("/no/such/plan.toml").error().kind, ErrorKind::kEnvironment);
  for (const char* damaged :
       {"[]", "{\"name\":\"\",\"base\":\"int8\"}", "{\"name\":\"\",\"base\":\"int8\",\"layers\":[[\"a\"]]}",
        "{\"name\":\"\",\"base\":\"int8\",\"embedding\":\"x\",\"layers\":[]}"}) {
    EXPECT_FALSE(plan_rules_from_json(Json::parse(damaged), "test")) << damaged;
  }
}

}  // namespace
}  // namespace quantier
