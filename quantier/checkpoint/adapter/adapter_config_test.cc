#include "quantier/checkpoint/adapter/adapter_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/checkpoint/adapter/adapter_keys.h"
#include "quantier/checkpoint/adapter/adapter_targets.h"
#include "quantier/checkpoint/adapter/python_pattern.h"

namespace quantier {
namespace {

using ::testing::HasSubstr;

Json plain() {
  return Json{{"peft_type", "LORA"}, {"r", 8}, {"lora_alpha", 16}, {"target_modules", {"q_proj"}}};
}

// What is built here has signed numbers, what is read from a file does not.
Json as_read(const Json& json) {
  auto read = parse_json(json.dump(), "adapter_config.json");
  EXPECT_TRUE(read) << read.error().message();
  return read ? *read : Json();
}

void expect_refused(const Json& json, ErrorKind kind, const std::string& text) {
  SCOPED_TRACE(json.dump());
  const auto config = parse_adapter_config(as_read(json), "adapter_config.json");
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().kind, kind) << config.error().message();
  EXPECT_THAT(config.error().message(), HasSubstr(text));
}

TEST(AdapterConfig, OtherMethodsAndVariantsAreRefusedByName) {
  for (const char* type : {"LOHA", "LOKR", "IA3", "PREFIX_TUNING", "PROMPT_TUNING", "P_TUNING", "ADALORA",
                           "VERA", "OFT", "BOFT", "XLORA", "SOMETHING_NEW"}) {
    Json json = plain();
    json["peft_type"] = type;
    expect_refused(json, ErrorKind::kUnsupported, type);
  }
  const std::vector<std::pair<const char*, Json>> variants = {{"use_dora", true},
                                                              {"use_qalora", true},
                                                              {"lora_bias", true},
                                                              {"fan_in_fan_out", true},
                                                              {"alora_invocation_tokens", {1, 2}},
                                                              {"layer_replication", {{0, 2}}},
                                                              {"target_parameters", {"q.weight"}},
                                                              {"megatron_config", {{"a", 1}}},
                                                              {"use_bdlora", {{"nblocks", 2}}},
                                                              {"arrow_config", {{"top_k", 3}}},
                                                              {"kasa_config", {{"beta", 1}}},
                                                              {"monteclora_config", {{"num_samples", 4}}},
                                                              {"velora_config", {{"scale", 1.0}}}};
  for (const auto& [key, value] : variants) {
    Json json = plain();
    json[key] = value;
    expect_refused(json, ErrorKind::kUnsupported, key);
    for (const Json& off : {Json(nullptr), Json(false), Json::array(), Json::object()}) {
      json[key] = off;
      EXPECT_TRUE(parse_adapter_config(json, "x")) << json.dump();
    }
  }
  for (const char* replaced : {"pissa", "pissa_niter_4", "olora", "corda", "loftq", "lora_ga"}) {
    Json json = plain();
    json["init_lora_weights"] = replaced;
    expect_refused(json, ErrorKind::kUnsupported, "path_initial_model_for_weight_conversion");
  }
  for (const Json& kept : {Json(true), Json(false), Json("eva"), Json("gaussian"), Json("orthogonal")}) {
    Json json = plain();
    json["init_lora_weights"] = kept;
    EXPECT_TRUE(parse_adapter_config(json, "x")) << json.dump();
  }
  Json json = plain();
  json["init_lora_weights"] = "mica";
  expect_refused(json, ErrorKind::kUnsupported, "mica");
  json = plain();
  json["use_newest_variant"] = 0.5;
  expect_refused(json, ErrorKind::kUnsupported, "use_newest_variant");
  json = plain();
  json["task_type"] = "TOKEN_CLS";
  expect_refused(json, ErrorKind::kUnsupported, "TOKEN_CLS");
  json = plain();
  json["auto_mapping"] = {{"base_model_class", "ModernBertForTokenClassification"}};
  expect_refused(json, ErrorKind::kUnsupported, "ModernBertForTokenClassification");
}

TEST(AdapterConfig, NumbersThatNoAdapterHasAreRefused) {
  for (const Json& rank : {Json(0), Json(-4), Json(std::uint64_t{1} << 40), Json(UINT64_MAX)}) {
    Json json = plain();
    json["r"] = rank;
    expect_refused(json, ErrorKind::kUserInput, "rank");
    json = plain();
    json["rank_pattern"]["q_proj"] = rank;
    expect_refused(json, ErrorKind::kUserInput, "rank_pattern: q_proj");
  }
  for (const Json& alpha : {Json(0), Json(-16), Json(1e300)}) {
    Json json = plain();
    json["lora_alpha"] = alpha;
    expect_refused(json, ErrorKind::kUserInput, "alpha");
  }
  for (const auto& [key, value] :
       std::vector<std::pair<const char*, Json>>{{"r", "8"},
                                                 {"r", 2.5},
                                                 {"lora_alpha", "x"},
                                                 {"use_rslora", 1},
                                                 {"target_modules", 3},
                                                 {"target_modules", {1}},
                                                 {"modules_to_save", "classifier"},
                                                 {"rank_pattern", {1, 2}},
                                                 {"layers_to_transform", {-1}},
                                                 {"trainable_token_indices", {-1}}}) {
    Json json = plain();
    json[key] = value;
    expect_refused(json, ErrorKind::kCorruptData, key);
  }
  // NaN is no JSON, and Python writes it all the same.
  EXPECT_FALSE(parse_json(R"({"peft_type": "LORA", "lora_alpha": NaN})", "adapter_config.json"));
  Json json = plain();
  json["bias"] = "some";
  expect_refused(json, ErrorKind::kUserInput, "bias");
  expect_refused(Json::array(), ErrorKind::kCorruptData, "not a JSON object");
}

Result<std::optional<TargetedModule>> look_up(const Json& json, const std::string& module,
                                              bool is_head = false) {
  QT_TRY(const AdapterConfig config, parse_adapter_config(as_read(json), "adapter_config.json"));
  QT_TRY(const AdapterTargets targets, AdapterTargets::create(config, "adapter_config.json"));
  return targets.find(module, is_head);
}

bool is_targeted(const Json& json, const std::string& module, bool is_head = false) {
  const auto found = look_up(json, module, is_head);
  EXPECT_TRUE(found) << found.error().message();
  return found && found->has_value();
}

TEST(AdapterTargets, FollowTheRulesOfPeft) {
  Json json = plain();
  json["target_modules"] = {"q_proj", "model.layers.1.mlp.up_proj"};
  EXPECT_TRUE(is_targeted(json, "model.layers.0.self_attn.q_proj"));
  EXPECT_FALSE(is_targeted(json, "model.layers.0.self_attn.xq_proj"));
  EXPECT_TRUE(is_targeted(json, "model.layers.1.mlp.up_proj"));
  EXPECT_FALSE(is_targeted(json, "model.layers.11.mlp.up_proj"));
  json["exclude_modules"] = {"layers.0.self_attn.q_proj"};
  EXPECT_FALSE(is_targeted(json, "model.layers.0.self_attn.q_proj"));
  json["exclude_modules"] = R"(.*\.1\..*)";
  EXPECT_FALSE(is_targeted(json, "model.layers.1.mlp.up_proj"));
  EXPECT_TRUE(is_targeted(json, "model.layers.0.self_attn.q_proj"));

  json = plain();
  json["layers_to_transform"] = {1, 3};
  EXPECT_FALSE(is_targeted(json, "model.layers.0.self_attn.q_proj"));
  EXPECT_TRUE(is_targeted(json, "model.layers.3.self_attn.q_proj"));
  json["layers_pattern"] = "h";
  EXPECT_FALSE(is_targeted(json, "model.layers.3.self_attn.q_proj"));
  json["layers_pattern"] = {"h", "layers"};
  EXPECT_TRUE(is_targeted(json, "model.layers.3.self_attn.q_proj"));
  json["layers_to_transform"] = 3;
  EXPECT_TRUE(is_targeted(json, "model.layers.3.self_attn.q_proj"));
  EXPECT_FALSE(is_targeted(json, "model.layers.1.self_attn.q_proj"));

  json = plain();
  json["target_modules"] = "all-linear";
  EXPECT_TRUE(is_targeted(json, "score", true));
  json["task_type"] = "SEQ_CLS";
  EXPECT_FALSE(is_targeted(json, "score", true));
  EXPECT_TRUE(is_targeted(json, "head.dense"));
  json["modules_to_save"] = {"head"};
  EXPECT_FALSE(is_targeted(json, "head.dense"));

  json = plain();
  json["target_modules"] = R"(.*layers\.(0|2)\..*(q|k)_proj)";
  EXPECT_TRUE(is_targeted(json, "model.layers.2.self_attn.k_proj"));
  EXPECT_FALSE(is_targeted(json, "model.layers.2.self_attn.k_proj.more"));
}

TEST(AdapterTargets, RankAndAlphaComeFromTheFirstPatternThatMatches) {
  Json json = plain();
  json["rank_pattern"] = {{"layers.0.self_attn.q_proj", 4}, {"q_proj", 32}};
  json["alpha_pattern"] = {{R"(^model\.layers\.1\..*)", 3}, {"attn.q_proj", 99}};
  auto found = look_up(json, "model.layers.0.self_attn.q_proj");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->rank, 4u);
  EXPECT_EQ((*found)->scaling, 4.0);  // "attn.q_proj" needs a dot before it
  found = look_up(json, "model.layers.1.self_attn.q_proj");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->rank, 32u);
  EXPECT_EQ((*found)->scaling, 3.0 / 32);
  json["use_rslora"] = true;
  found = look_up(json, "model.layers.0.self_attn.q_proj");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->scaling, 8.0);
  json["lora_alpha"] = 1e-40;
  json["r"] = 1 << 20;
  json["use_rslora"] = false;
  const auto tiny = look_up(json, "model.layers.2.mlp.q_proj");
  EXPECT_TRUE(tiny) << tiny.error().message();  // rank 32 from the pattern: still a float
  json.erase("rank_pattern");
  const auto zero = look_up(json, "model.layers.2.mlp.q_proj");
  ASSERT_FALSE(zero);
  EXPECT_THAT(zero.error().message(), HasSubstr("scaling"));
}

TEST(PythonPattern, WhatTheEnginesReadDifferentlyIsRefused) {
  for (const char* pattern :
       {R"(\p{L})", R"(\Qa\E)", "(?i)a", "(*FAIL)", "(?R)", "(?>a)", "(?#x)", "[[:alpha:]]", R"(\1)",
        R"(a\Z)", R"(\h)", "a{,3}", "\xC3\xA4", "a\\", R"([\b])", "(?C1)"}) {
    const auto compiled = PythonPattern::compile(pattern, "here");
    ASSERT_FALSE(compiled) << pattern;
    EXPECT_EQ(compiled.error().kind, ErrorKind::kUnsupported) << compiled.error().message();
  }
  for (const char* pattern : {"(", "[a", "a{3,1}", "(?P<n>a)(?P<n>b)", "*a"}) {
    const auto compiled = PythonPattern::compile(pattern, "here");
    ASSERT_FALSE(compiled) << pattern;
    EXPECT_EQ(compiled.error().kind, ErrorKind::kUserInput) << compiled.error().message();
  }
  EXPECT_FALSE(PythonPattern::compile(std::string(100000, 'a'), "here"));
  EXPECT_FALSE(PythonPattern::compile(std::string(4000, '('), "here"));
  EXPECT_FALSE(PythonPattern::compile("(((((a{1000}){1000}){1000}){1000}){1000})", "here"));
  const auto alternatives = PythonPattern::compile("a|ab", "here");
  ASSERT_TRUE(alternatives);
  EXPECT_TRUE(*alternatives->matches_whole("ab"));
  EXPECT_FALSE(*alternatives->matches_whole("abc"));
  EXPECT_TRUE(*alternatives->matches_start("abc"));
}

TEST(PythonPattern, ABombIsGivenUpAndNeverTakenForNoMatch) {
  for (const char* bomb :
       {"(a+)+b", "(a|a)*b", "(a|aa)+$b", "((a*)*)*b", ".*.*.*.*.*.*.*b", "(?:a?){30}a{30}b"}) {
    const auto compiled = PythonPattern::compile(bomb, "here");
    ASSERT_TRUE(compiled) << bomb;
    const auto matched = compiled->matches_whole(std::string(60, 'a'));
    if (matched) {
      EXPECT_FALSE(*matched) << bomb;  // PCRE2 sees that there is no "b" before it begins
    } else {
      EXPECT_THAT(matched.error().message(), HasSubstr("takes too long"));
    }
  }
  const auto compiled = PythonPattern::compile("(a+)+[bc]d", "here");
  ASSERT_TRUE(compiled);
  const auto matched = compiled->matches_whole(std::string(60, 'a') + "bdd");
  ASSERT_FALSE(matched);
  EXPECT_EQ(matched.error().kind, ErrorKind::kUnsupported);
}

TEST(AdapterKeys, PrefixesAndTheNameOfTheAdapterMakeNoDifference) {
  const std::vector<std::vector<std::string>> spellings = {
      {"base_model.model.model.layers.0.q.lora_A.weight", "base_model.model.score.weight"},
      {"base_model.model.model.layers.0.q.lora_A.default.weight",
       "base_model.model.score.modules_to_save.default.weight"},
      {"model.layers.0.q.lora_A.tuned.weight", "score.weight"}};
  for (const auto& names : spellings) {
    const auto keys = parse_adapter_keys(names, "file");
    ASSERT_TRUE(keys) << keys.error().message();
    EXPECT_EQ((*keys)[0].part, AdapterPart::kA);
    EXPECT_EQ((*keys)[0].name, "model.layers.0.q");
    EXPECT_EQ((*keys)[1].part, AdapterPart::kWhole);
    EXPECT_EQ((*keys)[1].name, "score.weight");
  }
  const auto refused = [](const std::string& name, ErrorKind kind) {
    const auto keys =
        parse_adapter_keys({"base_model.model.m.lora_A.default.weight", "base_model.model." + name}, "file");
    ASSERT_FALSE(keys) << name;
    EXPECT_EQ(keys.error().kind, kind) << keys.error().message();
    EXPECT_THAT(keys.error().where, HasSubstr(name));
  };
  refused("m.lora_B.other.weight", ErrorKind::kUnsupported);
  refused("m.lora_B.bias", ErrorKind::kUnsupported);
  refused("m.lora_magnitude_vector", ErrorKind::kUnsupported);
  refused("m.lora_diag", ErrorKind::kUnsupported);
  refused("m.lora_B", ErrorKind::kCorruptData);
  refused("m.lora_B.a.b.weight", ErrorKind::kCorruptData);
  refused("m.token_adapter.base_layer.weight", ErrorKind::kCorruptData);
  refused("m.base_layer", ErrorKind::kCorruptData);
}

}  // namespace
}  // namespace quantier
