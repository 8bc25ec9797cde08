#include "quantier/checkpoint/hf_config.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/checkpoint/random_checkpoint.h"

namespace quantier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Change = std::function<void(Json&)>;

Result<HfConfig> parse(Family family, const Change& change) {
  RandomGeometry geometry;
  geometry.family = family;
  Json json = random_checkpoint_config(geometry, DType::kF32);
  change(json);
  return parse_hf_config(json, "config.json");
}

void expect_refused(Family family, ErrorKind kind, const std::string& text, const Change& change) {
  const auto config = parse(family, change);
  ASSERT_FALSE(config.has_value()) << text;
  EXPECT_EQ(config.error().kind, kind) << config.error().message();
  EXPECT_THAT(config.error().message(), HasSubstr(text));
}

constexpr Family kEncoder = Family::kModernBert;
constexpr Family kDecoder = Family::kQwen2;

TEST(HfConfig, BothSpellingsSayTheSame) {
  const auto old_encoder = parse(kEncoder, [](Json& json) {
    json.erase("rope_parameters");
    json.erase("layer_types");
    json["global_attn_every_n_layers"] = 3;
    json["global_rope_theta"] = 80000.0;
    json["local_rope_theta"] = nullptr;
    json["torch_dtype"] = "float32";
  });
  ASSERT_TRUE(old_encoder.has_value()) << old_encoder.error().message();
  const auto& layers = old_encoder->spec.layers;
  ASSERT_EQ(layers.size(), 4u);
  EXPECT_FALSE(layers[0].half_window.has_value());
  EXPECT_EQ(layers[1].half_window, 4u);
  EXPECT_FALSE(layers[3].half_window.has_value());
  EXPECT_EQ(layers[1].rope_theta, 80000.0);  // null: as the global one

  const auto old_decoder = parse(kDecoder, [](Json& json) {
    json.erase("rope_parameters");
    json["rope_theta"] = 1000000.0;
    json["rope_scaling"] = nullptr;
  });
  ASSERT_TRUE(old_decoder.has_value()) << old_decoder.error().message();
  EXPECT_EQ(old_decoder->spec.layers[0].rope_theta, 1e6);
  EXPECT_EQ(old_decoder->spec.head_dim, 8u);
  const auto new_decoder = parse(kDecoder, [](Json& json) { json["head_dim"] = 16; });
  ASSERT_TRUE(new_decoder.has_value());
  EXPECT_EQ(new_decoder->spec.layers[0].rope_theta, 1e6);
  EXPECT_EQ(new_decoder->spec.head_dim, 16u);
}

TEST(HfConfig, RefusesByNameWhatItDoesNotOffer) {
  constexpr auto kKind = ErrorKind::kUnsupported;
  expect_refused(kEncoder, kKind, "Qwen2ForSequenceClassification",
                 [](Json& json) { json["architectures"] = Json::array({"BertForSequenceClassification"}); });
  expect_refused(kEncoder, kKind, "the architecture is not named",
                 [](Json& json) { json.erase("architectures"); });
  expect_refused(kDecoder, kKind, "use_sliding_window",
                 [](Json& json) { json["use_sliding_window"] = true; });
  expect_refused(kDecoder, kKind, "yarn", [](Json& json) { json["rope_parameters"]["rope_type"] = "yarn"; });
  expect_refused(kDecoder, kKind, "linear",
                 [](Json& json) { json["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}}; });
  expect_refused(kEncoder, kKind, "dynamic",
                 [](Json& json) { json["rope_parameters"]["full_attention"]["rope_type"] = "dynamic"; });
  expect_refused(kEncoder, kKind, "relu", [](Json& json) { json["hidden_activation"] = "relu"; });
  expect_refused(kEncoder, kKind, "max", [](Json& json) { json["classifier_pooling"] = "max"; });
  expect_refused(kEncoder, kKind, "chunked", [](Json& json) { json["layer_types"][1] = "chunked"; });
  expect_refused(kDecoder, kKind, "already quantized",
                 [](Json& json) { json["quantization_config"] = {{"bits", 4}}; });
  expect_refused(kDecoder, ErrorKind::kCorruptData, "not a JSON object",
                 [](Json& json) { json["quantization_config"] = "int8"; });
  expect_refused(kDecoder, kKind, "multi_label_classification",
                 [](Json& json) { json["problem_type"] = "multi_label_classification"; });
}

TEST(HfConfig, RefusesContradictionsAndNonsense) {
  constexpr auto kKind = ErrorKind::kUserInput;
  expect_refused(kDecoder, kKind, "contradict", [](Json& json) { json["rope_theta"] = 5.0; });
  expect_refused(kEncoder, kKind, "contradict", [](Json& json) { json["global_rope_theta"] = 5.0; });
  expect_refused(kEncoder, kKind, "contradict", [](Json& json) { json["model_type"] = "qwen2"; });
  expect_refused(kEncoder, kKind, "one entry each",
                 [](Json& json) { json["rope_parameters"] = {{"rope_theta", 5.0}}; });
  expect_refused(kEncoder, kKind, "not a multiple", [](Json& json) { json["num_attention_heads"] = 5; });
  expect_refused(kDecoder, kKind, "not a multiple", [](Json& json) { json["num_key_value_heads"] = 3; });
  expect_refused(kDecoder, kKind, "must be even", [](Json& json) { json["head_dim"] = 7; });
  expect_refused(kDecoder, kKind, "\"hidden_size\" is 0", [](Json& json) { json["hidden_size"] = 0; });
  expect_refused(kDecoder, kKind, "num_hidden_layers",
                 [](Json& json) { json["num_hidden_layers"] = std::int64_t{1} << 40; });
  expect_refused(kEncoder, kKind, "layer_types", [](Json& json) { json["layer_types"].erase(0); });
  expect_refused(kDecoder, kKind, "rms_norm_eps", [](Json& json) { json["rms_norm_eps"] = -1.0; });
  expect_refused(kDecoder, kKind, "pad_token_id", [](Json& json) { json["pad_token_id"] = 64; });
  expect_refused(kDecoder, ErrorKind::kCorruptData, "hidden_size",
                 [](Json& json) { json["hidden_size"] = "32"; });
  expect_refused(kDecoder, ErrorKind::kCorruptData, "vocab_size",
                 [](Json& json) { json.erase("vocab_size"); });
}

void expect_labels_refused(const char* text, const std::string& why) {
  const auto json = parse_json(text, "test");
  ASSERT_TRUE(json.has_value()) << text;
  const auto names = parse_label_names(*json, "config.json");
  ASSERT_FALSE(names.has_value()) << text;
  EXPECT_THAT(names.error().message(), HasSubstr(why)) << text;
}

TEST(Labels, AreTakenFromWhicheverKeySpeaks) {
  for (const char* text : {R"({"id2label":{"1":"b","0":"a"}})", R"({"label2id":{"b":1,"a":0}})",
                           R"({"num_labels":2,"id2label":{"0":"a","1":"b"},"label2id":{"a":0,"b":1}})"}) {
    const auto names = parse_label_names(*parse_json(text, "test"), "config.json");
    ASSERT_TRUE(names.has_value()) << names.error().message();
    EXPECT_THAT(*names, ElementsAre("a", "b"));
  }
  const auto unnamed = parse_label_names(*parse_json(R"({"num_labels":2})", "test"), "config.json");
  ASSERT_TRUE(unnamed.has_value());
  EXPECT_THAT(*unnamed, ElementsAre("LABEL_0", "LABEL_1"));
}

TEST(Labels, AreNeverGuessed) {
  expect_labels_refused("{}", "all absent");
  expect_labels_refused(R"({"num_labels":3,"id2label":{"0":"a","1":"b"}})", "num_labels is 3");
  expect_labels_refused(R"({"id2label":{"0":"a","1":"b"},"label2id":{"a":1,"b":0}})", "label2id calls it");
  expect_labels_refused(R"({"id2label":{"0":"a"},"label2id":{"a":0,"b":1}})", "2 classes");
  expect_labels_refused(R"({"id2label":{"0":"a","2":"b"}})", "class 1 has no name");
  expect_labels_refused(R"({"id2label":{"0":"a","1":"a"}})", "two classes");
  expect_labels_refused(R"({"id2label":{"0":"a","01":"b"}})", "not a class id");
  expect_labels_refused(R"({"id2label":{"0":"a","x":"b"}})", "not a class id");
  expect_labels_refused(R"({"label2id":{"a":0,"b":0}})", "share the id");
  expect_labels_refused(R"({"label2id":{"a":-1,"b":0}})", "no name");
  expect_labels_refused(R"({"id2label":[]})", "not an object");
  expect_labels_refused(R"({"num_labels":0})", "0 classes");
  expect_labels_refused(R"({"num_labels":9000000000000})", "can be used");
}

}  // namespace
}  // namespace quantier
