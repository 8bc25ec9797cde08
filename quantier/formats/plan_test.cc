// Recipes and plan files as a user writes them: what they resolve to, and what is refused with which hint.
#include "quantier/formats/plan.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using testing::HasSubstr;

ModelSpec small_model() {
  ModelSpec spec;
  spec.hidden = 64;
  spec.vocabulary = 100;
  const auto add = [&](std::string name, LinearRole role, std::uint64_t out, std::uint64_t in) {
    LinearSpec linear;
    linear.name = std::move(name);
    linear.role = role;
    linear.out_features = out;
    linear.in_features = in;
    spec.linears.push_back(std::move(linear));
  };
  for (int layer = 0; layer < 12; ++layer) {
    const std::string name = "layers." + std::to_string(layer);
    add(name + ".attention.qkv", LinearRole::kAttentionQkv, 192, 64);
    add(name + ".mlp.down", LinearRole::kMlpDown, 64, 128);
  }
  add("head.dense", LinearRole::kHeadDense, 64, 64);
  add("classifier", LinearRole::kClassifier, 5, 64);
  return spec;
}

const LayerRecipe& of(const Plan& plan, std::string_view layer) {
  for (const LayerPlan& each : plan.layers) {
    if (each.linear == layer) return each.recipe;
  }
  ADD_FAILURE() << "no layer " << layer;
  return plan.layers.front().recipe;
}

TEST(Recipe, EveryKnownOneResolves) {
  for (const KnownRecipe& known : recipe_table()) {
    const auto plan = resolve_recipe(known.name, small_model());
    ASSERT_TRUE(plan) << plan.error().message();
    EXPECT_EQ(plan->recipe, known.name);
    EXPECT_FALSE(known.summary.empty());
    for (const LayerPlan& layer : plan->layers) EXPECT_GT(layer.bytes, 0U) << layer.linear;
    // The head is never quantized by a short name.
    EXPECT_EQ(of(*plan, "classifier").method, Method::kNone);
  }
}

TEST(Recipe, OptionsAreReadAndWrongOnesRefused) {
  const auto recipe = parse_recipe("int4-rtn:group=32,zero=on,embedding=int8");
  ASSERT_TRUE(recipe) << recipe.error().message();
  EXPECT_EQ(recipe->body.options.group, 32U);
  EXPECT_FALSE(recipe->body.options.symmetric);
  EXPECT_EQ(recipe->embedding, EmbeddingFormat::kI8Row);
  EXPECT_EQ(recipe->name, "int4-rtn:group=32,zero=on,embedding=int8");

  const auto hint = [](const char* text) {
    const auto refused = parse_recipe(text);
    EXPECT_FALSE(refused) << text;
    return refused ? std::string() : refused.error().message();
  };
  EXPECT_THAT(hint("int4-rnt"), HasSubstr("did you mean \"int4-rtn\"?"));
  EXPECT_THAT(hint("int4-rtn:gruop=32"), HasSubstr("did you mean \"group\"?"));
  EXPECT_THAT(hint("int4-rtn:group=48"), HasSubstr("group=32|64|128|row"));
  EXPECT_THAT(hint("int4-rtn:"), HasSubstr("no option"));
  EXPECT_THAT(hint("int8:scale=row"), HasSubstr("no option"));
  EXPECT_THAT(hint("fp32:group=32"), HasSubstr("it has none"));
  EXPECT_THAT(hint(""), HasSubstr("known:"));
  EXPECT_THAT(hint("int4-w4a8:method=awq"), HasSubstr("method=rtn|gptq"));
  EXPECT_THAT(hint("int4-gptq:published=maybe"), HasSubstr("published=on|off"));
  EXPECT_THAT(hint("int4-awq:published=1"), HasSubstr("published=on|off"));
}

TEST(Recipe, PublishedGptqIsAnotherMethod) {
  const auto ours = parse_recipe("int4-gptq:group=64");
  const auto published = parse_recipe("int4-gptq:group=64,published");
  ASSERT_TRUE(ours && published);
  EXPECT_FALSE(ours->body.published);
  EXPECT_TRUE(published->body.published);
  EXPECT_FALSE(parse_recipe("int4-gptq:published=off")->body.published);
  // Zero points are what the published programs have; the format with int8 inputs goes without.
  EXPECT_FALSE(parse_recipe("int4-gptq")->body.options.symmetric);
  EXPECT_FALSE(parse_recipe("int4-awq")->body.options.symmetric);
  EXPECT_TRUE(parse_recipe("int4-gptq:zero=off")->body.options.symmetric);
  EXPECT_TRUE(parse_recipe("int4-w4a8:method=gptq")->body.options.symmetric);
  EXPECT_EQ(method_text(ours->body), "gptq");
  EXPECT_EQ(method_text(published->body), "gptq (published)");
  EXPECT_NE(ours->body, published->body);
}

TEST(Recipe, AwqSaysThatItsCodesAreGptqs) {
  const auto ours = parse_recipe("int4-awq");
  const auto published = parse_recipe("int4-awq:published");
  ASSERT_TRUE(ours && published);
  EXPECT_EQ(method_text(ours->body), "awq + gptq");
  EXPECT_EQ(method_text(published->body), "awq (published)");
  EXPECT_NE(ours->body, published->body);
}

TEST(Recipe, SaysWhetherItLooksAtData) {
  for (const char* text :
       {"int8-smooth", "int4-gptq", "int4-awq:group=64", "int8:outliers=fixed", "int4-w4a8:method=gptq"}) {
    const auto recipe = parse_recipe(text);
    ASSERT_TRUE(recipe) << recipe.error().message();
    EXPECT_TRUE(recipe->body.is_calibrated()) << text;
    EXPECT_FALSE(recipe->head.is_calibrated()) << text;
  }
  for (const char* text : {"fp32", "int8", "int8-rtn", "int4", "int4-rtn", "int4-w4a8", "fp8"})
    EXPECT_FALSE(parse_recipe(text)->body.is_calibrated()) << text;
}

TEST(LayerPattern, NamesLayers) {
  EXPECT_TRUE(matches_layer("layers.0-3", "layers.2.mlp.down"));
  EXPECT_FALSE(matches_layer("layers.0-3", "layers.4.mlp.down"));
  EXPECT_FALSE(matches_layer("layers.1", "layers.10.mlp.down"));
  EXPECT_TRUE(matches_layer("layers.*.mlp", "layers.10.mlp.down"));
  EXPECT_TRUE(matches_layer("layers.*.*.d*n", "layers.10.mlp.down"));
  EXPECT_FALSE(matches_layer("layers.10.mlp.down.more", "layers.10.mlp.down"));
  EXPECT_TRUE(matches_layer("classifier", "classifier"));
  EXPECT_FALSE(matches_layer("layers.99999999999999999999-3", "layers.3.mlp.down"));
  // Many stars against a long name: no blow-up.
  EXPECT_FALSE(matches_layer(std::string(200, '*') + "x", std::string(2000, 'a')));
}

TEST(Plan, TheLastRuleWinsAndTheHeadMustBeMeant) {
  PlanRules rules{.name = "mixed", .base = "int8-rtn", .embedding = EmbeddingFormat::kI8Row, .layers = {}};
  rules.layers.push_back({"*", "int8"});
  rules.layers.push_back({"layers.5-11", "fp16"});
  const auto plan = resolve_rules(rules, small_model());
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->recipe, "mixed");
  EXPECT_EQ(of(*plan, "layers.0.mlp.down").method, Method::kLlmInt8);
  EXPECT_EQ(of(*plan, "layers.11.mlp.down").format, WeightFormat::kF16);
  EXPECT_EQ(of(*plan, "classifier").format, WeightFormat::kF16);
  rules.layers = {{"classifier", "int8-rtn"}, {"layers.0-3", "int4-rtn:group=64"}};
  const auto with_head = resolve_rules(rules, small_model());
  EXPECT_EQ(of(*with_head, "classifier").format, WeightFormat::kI8Row);
  EXPECT_EQ(of(*with_head, "head.dense").format, WeightFormat::kF16);
  EXPECT_EQ(of(*with_head, "layers.3.attention.qkv").options.group, 64U);
  EXPECT_EQ(of(*with_head, "layers.4.attention.qkv").format, WeightFormat::kI8Row);
  EXPECT_EQ(with_head->embedding_bytes, 100U * (64 + 4));
}

TEST(Plan, RefusesLayersThatDoNotExistAndRecipesThatDoNotGoTogether) {
  PlanRules rules{
      .name = "", .base = "int8-rtn", .embedding = std::nullopt, .layers = {{"layers.0.mlp.dwon", "fp16"}}};
  auto refused = resolve_rules(rules, small_model());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("layers.0.mlp.down"));
  rules.layers = {{"layers.12-20", "fp16"}};
  EXPECT_FALSE(resolve_rules(rules, small_model()));
  rules.layers = {{"layers.0", "bf16"}};
  refused = resolve_rules(rules, small_model());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("bfloat16"));
}

// What a plan promises is what the packed layer takes (quantize_test packs them).
TEST(WeightFormat, BytesFollowFromTheShape) {
  const LinearShape shape{10, 100, true};
  EXPECT_EQ(weight_bytes(WeightFormat::kBF16, {}, shape), 2000U + 40);
  EXPECT_EQ(weight_bytes(WeightFormat::kFp8Row, {}, shape), 1000U + 40 + 40);
  EXPECT_EQ(weight_bytes(WeightFormat::kI4Group, {.group = 32}, shape), 500U + 10 * 4 * 2 + 40);
  EXPECT_EQ(weight_bytes(WeightFormat::kI4Group, {.group = 32, .symmetric = false}, shape),
            500U + 10 * 4 * 3 + 40);
  EXPECT_EQ(weight_bytes(WeightFormat::kI4Group, {.group = 0}, {3, 5, false}), 9U + 6);
  EXPECT_NEAR(bits_per_weight(WeightFormat::kI4Group, {.group = 128}, {64, 1024, true}), 4.125, 1e-9);
  for (int i = 0; i <= static_cast<int>(WeightFormat::kFp8Row); ++i) {
    const auto format = static_cast<WeightFormat>(i);
    EXPECT_EQ(weight_format_from_name(weight_format_name(format)), format);
  }
  EXPECT_FALSE(weight_format_from_name("i3"));
}

}  // namespace
}  // namespace quantier
