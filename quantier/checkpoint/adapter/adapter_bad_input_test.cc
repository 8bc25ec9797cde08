// What an adapter directory may get wrong, on copies of testdata/adapter: each is an error that names the
// file, the tensor and, where two shapes disagree, both; nothing is left out without a word.
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/json.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/safetensors_writer.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const fs::path kRoot = fs::path(QUANTIER_SOURCE_DIR) / "testdata" / "adapter";

class AdapterInput : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / fmt::format("qt-adapter-{}", ::getpid());
    fs::remove_all(root_);
    take("decoder-layers", "decoder-f32");
  }
  void TearDown() override { fs::remove_all(root_); }

  void take(const std::string& adapter, const std::string& base) {
    adapter_ = root_ / adapter;
    base_ = root_ / base;
    for (const auto& [from, to] :
         {std::pair(kRoot / adapter, adapter_), std::pair(kRoot / "bases" / base, base_)}) {
      fs::remove_all(to);
      fs::create_directories(root_);
      fs::copy(from, to, fs::copy_options::recursive);
    }
  }
  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  static void change_json(const fs::path& path, const std::function<void(Json&)>& change) {
    auto json = read_json_file(path.string());
    ASSERT_TRUE(json) << json.error().message();
    change(*json);
    write(path, json->dump());
  }
  void change_config(const std::function<void(Json&)>& change) const {
    change_json(adapter_ / "adapter_config.json", change);
  }
  // Writes the weights of `folder` again; `rename` gives a tensor another name, or none to leave it out.
  static void rename_tensors(
      const fs::path& path, const std::function<std::string(const std::string&)>& rename,
      const std::vector<std::pair<std::string, std::vector<std::uint64_t>>>& added = {}) {
    auto file = SafetensorsFile::open(path);
    ASSERT_TRUE(file) << file.error().message();
    std::vector<TensorToWrite> tensors;
    for (const SafetensorsEntry& entry : file->header().entries) {
      const std::string name = rename(entry.name);
      if (name.empty()) continue;
      tensors.push_back({name, entry.dtype, entry.shape, [&file, &entry](const AppendFunction& add) {
                           return add(file->view(entry).bytes);
                         }});
    }
    for (const auto& [name, shape] : added) {
      std::uint64_t count = 1;
      for (const std::uint64_t size : shape) count *= size;
      tensors.push_back({name, DType::kF32, shape, [count](const AppendFunction& add) {
                           const std::vector<float> values(count, 0.25F);
                           return add(std::as_bytes(std::span(values)));
                         }});
    }
    const fs::path fresh = path.string() + ".new";
    ASSERT_TRUE(write_safetensors(fresh, std::move(tensors)).has_value());
    fs::rename(fresh, path);
  }
  void rename(const std::function<std::string(const std::string&)>& change,
              const std::vector<std::pair<std::string, std::vector<std::uint64_t>>>& added = {}) const {
    rename_tensors(adapter_ / "adapter_model.safetensors", change, added);
  }
  static std::string same(const std::string& name) { return name; }

  [[nodiscard]] Result<Checkpoint> open() const { return Checkpoint::open(ModelLocation{adapter_, base_}); }
  void expect_error(ErrorKind kind, const ::testing::Matcher<std::string>& message) const {
    const auto checkpoint = open();
    ASSERT_FALSE(checkpoint.has_value());
    EXPECT_EQ(checkpoint.error().kind, kind) << checkpoint.error().message();
    EXPECT_THAT(checkpoint.error().message(), message);
  }

  fs::path root_;
  fs::path adapter_;
  fs::path base_;
};

TEST_F(AdapterInput, TheCopyItselfOpens) {
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  ASSERT_TRUE(checkpoint->adapter());
  EXPECT_EQ(checkpoint->adapter()->content.modules.size(), 2u);
  EXPECT_EQ(checkpoint->adapter()->base_found_by, BaseFoundBy::kGiven);
  // q_proj [32, 32], down_proj [32, 48], rank 4, and a saved head [3, 32].
  EXPECT_EQ(checkpoint->adapter()->content.trainable_parameters, 4u * (32 + 32) + 4 * (32 + 48) + 96);
  EXPECT_EQ(checkpoint->weight_files().size(), 2u);
  EXPECT_EQ(checkpoint->config_files().size(), 2u);
}

TEST_F(AdapterInput, ABaseOfAnotherShapeIsNamedWithBothShapes) {
  change_config([](Json& json) { json["r"] = 6; });
  expect_error(ErrorKind::kCorruptData, AllOf(HasSubstr("layers.1.self_attn.q_proj.lora_A.weight"),
                                              HasSubstr("stored [4, 32]"), HasSubstr("[6, 32]")));
  take("decoder-layers", "decoder-f32");
  rename([](const std::string& name) { return name.ends_with("score.weight") ? "" : name; },
         {{"base_model.model.score.weight", {3, 16}}});
  expect_error(ErrorKind::kCorruptData,
               AllOf(HasSubstr("score.weight"), HasSubstr("stored [3, 16]"), HasSubstr("[3, 32]")));
  take("decoder-saved-embedding", "decoder-bare-f32");
  rename([](const std::string& name) { return name.ends_with("embed_tokens.weight") ? "" : name; },
         {{"base_model.model.model.embed_tokens.weight", {70, 32}}});
  expect_error(ErrorKind::kCorruptData,
               AllOf(HasSubstr("stored [70, 32]"), HasSubstr("[64, 32]"), HasSubstr("config.json")));
  // ... and with the config of the resized model it opens.
  fs::copy_file(base_ / "config.json", adapter_ / "config.json");
  change_json(adapter_ / "config.json", [](Json& json) {
    json["vocab_size"] = 70;
    json["num_labels"] = 3;
  });
  EXPECT_TRUE(open()) << open().error().message();
}

TEST_F(AdapterInput, ABaseOfAnotherFamilyTakesNothing) {
  base_ = kRoot / "bases" / "encoder-bf16";
  expect_error(ErrorKind::kCorruptData, HasSubstr("score.weight"));
}

TEST_F(AdapterInput, TensorsThatNothingTakesAreErrors) {
  rename(same, {{"base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight", {4, 32}}});
  expect_error(ErrorKind::kCorruptData, HasSubstr("layers.7.self_attn.q_proj.lora_A.weight"));
  take("decoder-layers", "decoder-f32");
  rename(same, {{"base_model.model.model.extra.weight", {4, 32}}});
  expect_error(ErrorKind::kCorruptData, HasSubstr("extra.weight"));
  take("decoder-layers", "decoder-f32");
  rename(same, {{"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", {4, 32}},
                {"base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight", {32, 4}}});
  expect_error(ErrorKind::kCorruptData,
               AllOf(HasSubstr("not targeted"), HasSubstr("layers.0.self_attn.q_proj")));
  take("decoder-layers", "decoder-f32");
  rename(same, {{"base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta", {4, 32}}});
  expect_error(ErrorKind::kCorruptData, HasSubstr("trainable_tokens_delta"));
  take("decoder-layers", "decoder-f32");
  rename([](const std::string& name) {
    return name.ends_with("score.weight") ? name + ".lora_A.weight" : name;
  });
  expect_error(ErrorKind::kCorruptData, HasSubstr("score.weight"));
}

TEST_F(AdapterInput, TensorsThatAreMissingAreErrors) {
  rename([](const std::string& name) { return name.ends_with("q_proj.lora_B.weight") ? "" : name; });
  expect_error(ErrorKind::kCorruptData, AllOf(HasSubstr("lora_B"), HasSubstr("layers.1.self_attn.q_proj")));
  take("decoder-layers", "decoder-f32");
  rename([](const std::string& name) { return name.find("q_proj") != std::string::npos ? "" : name; });
  expect_error(ErrorKind::kCorruptData, HasSubstr("module model.layers.1.self_attn.q_proj"));
  take("decoder-layers", "decoder-f32");
  rename([](const std::string& name) { return name.ends_with("score.weight") ? "" : name; });
  expect_error(ErrorKind::kCorruptData, AllOf(HasSubstr("modules_to_save"), HasSubstr("score.weight")));
  // Without a word about it the base's head counts; a base without one is no classifier.
  change_config([](Json& json) { json["modules_to_save"] = nullptr; });
  EXPECT_TRUE(open()) << open().error().message();
  base_ = kRoot / "bases" / "decoder-bare-f32";
  expect_error(ErrorKind::kCorruptData, HasSubstr("no classification head"));
}

TEST_F(AdapterInput, ABaseWithTensorsOfAnotherModelIsRefused) {
  rename_tensors(base_ / "model.safetensors", same, {{"model.layers.0.self_attn.q_norm.weight", {8}}});
  expect_error(ErrorKind::kCorruptData, HasSubstr("q_norm"));
  take("decoder-layers", "decoder-f32");
  rename_tensors(base_ / "model.safetensors",
                 [](const std::string& name) { return name == "model.norm.weight" ? "" : name; });
  expect_error(ErrorKind::kCorruptData, HasSubstr("model.norm.weight"));
}

TEST_F(AdapterInput, OtherSpellingsOfTheTensorsGiveTheSameModel) {
  const auto expected = open();
  ASSERT_TRUE(expected);
  const std::vector<std::function<std::string(const std::string&)>> spellings = {
      [](const std::string& name) { return name.substr(std::string("base_model.model.").size()); },
      [](const std::string& name) {
        const std::size_t at = name.find(".weight");
        return name.find("lora_") == std::string::npos ? name : name.substr(0, at) + ".default.weight";
      },
      [](const std::string& name) {
        return name.ends_with("score.weight") ? "base_model.model.score.modules_to_save.default.weight"
                                              : name;
      }};
  for (const auto& spelling : spellings) {
    take("decoder-layers", "decoder-f32");
    rename(spelling);
    const auto checkpoint = open();
    ASSERT_TRUE(checkpoint) << checkpoint.error().message();
    for (const LinearSpec& linear : checkpoint->spec().linears) {
      const auto a = checkpoint->tensor(linear.weight);
      const auto b = expected->tensor(linear.weight);
      ASSERT_TRUE(a && b);
      EXPECT_TRUE(std::ranges::equal(a->view().bytes, b->view().bytes)) << linear.weight;
    }
  }
}

TEST_F(AdapterInput, LabelsComeFromTheAdaptersConfigThenTheBaseThenTheHead) {
  EXPECT_THAT(open()->spec().label_names, ::testing::ElementsAre("apple", "pear", "plum"));
  // A head of other rows than the base has classes: the base's names say nothing about it.
  rename([](const std::string& name) { return name.ends_with("score.weight") ? "" : name; },
         {{"base_model.model.score.weight", {2, 32}}});
  EXPECT_THAT(open()->spec().label_names, ::testing::ElementsAre("LABEL_0", "LABEL_1"));
  // A head without columns may claim any number of rows.
  take("decoder-layers", "decoder-f32");
  rename([](const std::string& name) { return name.ends_with("score.weight") ? "" : name; },
         {{"base_model.model.score.weight", {std::uint64_t{1} << 60, 0}}});
  expect_error(ErrorKind::kUserInput, HasSubstr("1152921504606846976 rows"));
  take("decoder-labels", "decoder-lm-bf16");
  EXPECT_THAT(open()->spec().label_names, ::testing::ElementsAre("low", "mid", "high"));
  change_json(adapter_ / "config.json", [](Json& json) {
    json["quantization_config"] = {{"load_in_4bit", true}};  // how the base was loaded in training
  });
  EXPECT_TRUE(open()) << open().error().message();
  change_json(adapter_ / "config.json", [](Json& json) {
    json["id2label"] = {{"0", "a"}, {"1", "b"}};
    json.erase("label2id");
  });
  expect_error(ErrorKind::kUserInput, AllOf(HasSubstr("2 classes"), HasSubstr("3 rows")));
}

TEST_F(AdapterInput, TheBaseIsFoundByPathAndNamedWhenItIsNot) {
  const auto by_itself = [&] { return Checkpoint::open(adapter_); };
  change_config([&](Json& json) { json["base_model_name_or_path"] = base_.string(); });
  const auto found = by_itself();
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->adapter()->base_found_by, BaseFoundBy::kPath);
  for (const char* name :
       {"example/nowhere", "../../no/such", "/nonexistent/model", "a/b/c", "...", "nul\\u0000l"}) {
    change_config([&](Json& json) { json["base_model_name_or_path"] = name; });
    const auto missing = by_itself();
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message(), HasSubstr("--base")) << name;
  }
  change_config([&](Json& json) { json["base_model_name_or_path"] = nullptr; });
  EXPECT_THAT(by_itself().error().message(), HasSubstr("no base_model_name_or_path"));
  EXPECT_EQ(Checkpoint::open(ModelLocation{base_, base_}).error().kind, ErrorKind::kUsage);
  EXPECT_THAT(Checkpoint::open(ModelLocation{adapter_, adapter_}).error().message(),
              HasSubstr("an adapter itself"));
}

TEST_F(AdapterInput, FilesOfAnAdapterThatAreNotThereOrTooMany) {
  fs::copy_file(base_ / "model.safetensors", adapter_ / "model.safetensors");
  expect_error(ErrorKind::kUserInput, HasSubstr("an adapter and a whole model"));
  fs::remove(adapter_ / "model.safetensors");
  fs::rename(adapter_ / "adapter_model.safetensors", adapter_ / "adapter_model.bin");
  expect_error(ErrorKind::kUnsupported, HasSubstr("pickle"));
  fs::remove(adapter_ / "adapter_model.bin");
  expect_error(ErrorKind::kEnvironment, HasSubstr("no weights"));
  take("decoder-layers", "decoder-f32");
  fs::resize_file(adapter_ / "adapter_model.safetensors",
                  fs::file_size(adapter_ / "adapter_model.safetensors") - 1);
  expect_error(ErrorKind::kCorruptData, HasSubstr("adapter_model.safetensors"));
}

TEST_F(AdapterInput, TrainedTokensMustLieInTheVocabulary) {
  take("encoder-tokens", "encoder-bf16");
  change_config([](Json& json) { json["trainable_token_indices"]["tok_embeddings"] = {5, 0, 64, 17}; });
  expect_error(ErrorKind::kCorruptData, AllOf(HasSubstr("token 64"), HasSubstr("64")));
  change_config([](Json& json) { json["trainable_token_indices"]["tok_embeddings"] = {5, 0, 17}; });
  expect_error(ErrorKind::kCorruptData, AllOf(HasSubstr("stored [4, 32]"), HasSubstr("[3, 32]")));
  change_config([](Json& json) { json["trainable_token_indices"] = {{"lm_head", {5, 0, 17, 1}}}; });
  expect_error(ErrorKind::kUnsupported, HasSubstr("lm_head"));
  change_config([](Json& json) { json["trainable_token_indices"] = nullptr; });
  expect_error(ErrorKind::kCorruptData, HasSubstr("does not name"));
}

// A copy of a saved module's tensor under its inner name: the same numbers, or a fault.
TEST_F(AdapterInput, TwoTensorsOfOneNameMustAgree) {
  take("encoder-bias", "encoder-bias-f16");
  const auto checkpoint = open();
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  EXPECT_THAT(checkpoint->adapter()->content.unused_copies,
              ::testing::ElementsAre("base_model.model.classifier.original_module.bias"));
  rename(
      [](const std::string& name) { return name.find("modules_to_save") != std::string::npos ? "" : name; },
      {{"base_model.model.classifier.modules_to_save.bias", {3}}});
  expect_error(ErrorKind::kCorruptData, HasSubstr("contradict"));
}

// Every change of one byte of the configuration gives a model or an error, in reasonable time.
TEST_F(AdapterInput, DamagedConfigurationsNeverCrash) {
  std::ifstream file(kRoot / "encoder-patterns" / "adapter_config.json");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  take("encoder-patterns", "encoder-bias-f16");
  std::size_t refused = 0;
  std::size_t tried = 0;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::string damaged = text;
    damaged[i] = static_cast<char>("(*\\[9{\"-"[i % 8]);
    write(adapter_ / "adapter_config.json", damaged);
    const auto checkpoint = open();
    ++tried;
    if (checkpoint) continue;
    ++refused;
    EXPECT_FALSE(checkpoint.error().what.empty());
  }
  EXPECT_GT(refused, tried / 2);
}

}  // namespace
}  // namespace quantier
