#include "quantier/checkpoint/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/random_checkpoint.h"
#include "quantier/checkpoint/safetensors.h"
#include "quantier/checkpoint/safetensors_writer.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CheckpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / fmt::format("qt-ckpt-{}", ::getpid());
    fs::remove_all(root_);
    fs::create_directories(root_);
    model_ = root_ / "model";
  }
  void TearDown() override { fs::remove_all(root_); }

  void write_model(const RandomGeometry& geometry = {}, const RandomCheckpointOptions& options = {}) {
    const Status status = write_random_checkpoint(model_, geometry, options);
    ASSERT_TRUE(status.has_value()) << status.error().message();
  }
  static void write_text(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  // Writes the weights again, without `dropped` and with `added` [1].
  void rewrite_weights(const std::string& dropped, const std::string& added) const {
    auto file = SafetensorsFile::open(model_ / "model.safetensors");
    ASSERT_TRUE(file.has_value());
    std::vector<TensorToWrite> tensors;
    for (const SafetensorsEntry& entry : file->header().entries) {
      if (entry.name == dropped) continue;
      tensors.push_back({entry.name, entry.dtype, entry.shape, [&file, &entry](const AppendFunction& add) {
                           return add(file->view(entry).bytes);
                         }});
    }
    if (!added.empty()) {
      tensors.push_back({added, DType::kF32, {1}, [](const AppendFunction& add) {
                           const float zero = 0;
                           return add(std::as_bytes(std::span(&zero, 1)));
                         }});
    }
    ASSERT_TRUE(write_safetensors(model_ / "model.safetensors", std::move(tensors)).has_value());
  }
  void expect_error(ErrorKind kind, const std::string& text) const {
    const auto checkpoint = Checkpoint::open(model_);
    ASSERT_FALSE(checkpoint.has_value()) << text;
    EXPECT_EQ(checkpoint.error().kind, kind) << checkpoint.error().message();
    EXPECT_THAT(checkpoint.error().message(), HasSubstr(text));
  }

  fs::path root_;
  fs::path model_;
};

TEST_F(CheckpointTest, OpensTheBundledEncoder) {
  const auto checkpoint = Checkpoint::open(fs::path(QUANTIER_SOURCE_DIR) / "demo" / "demo-encoder");
  ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message();
  const ModelSpec& spec = checkpoint->spec();
  EXPECT_EQ(spec.family, Family::kModernBert);
  EXPECT_EQ(spec.layers.size(), 6u);
  EXPECT_FALSE(spec.layers[0].has_attention_norm);
  EXPECT_FALSE(spec.layers[3].half_window.has_value());
  EXPECT_EQ(spec.layers[3].rope_theta, 160000.0);
  EXPECT_EQ(spec.layers[4].half_window, 32u);
  EXPECT_EQ(spec.layers[4].rope_theta, 10000.0);
  EXPECT_EQ(spec.pooling, Pooling::kCls);
  EXPECT_EQ(spec.classes, 58u);
  EXPECT_EQ(spec.label_names[12], "games");
  EXPECT_EQ(spec.linears.size(), 26u);
  EXPECT_EQ(spec.linears.front().name, "layers.0.attention.qkv");
  EXPECT_EQ(spec.linears.back().role, LinearRole::kClassifier);
  EXPECT_TRUE(spec.linears.back().bias.has_value());
  // The file has 7674980 bytes: 8 + header, and two bytes for each parameter.
  EXPECT_EQ(count_parameters(spec).total(), 3835450u);
  const auto embedding = checkpoint->tensor(spec.embedding);
  ASSERT_TRUE(embedding.has_value());
  EXPECT_FALSE(embedding->is_computed());
  EXPECT_EQ(embedding->view().dtype, DType::kF16);
  EXPECT_EQ(embedding->view().bytes.size(), 8192u * 192 * 2);
  checkpoint->drop_pages(spec.embedding);
}

TEST_F(CheckpointTest, OpensTheBundledDecoder) {
  const auto checkpoint = Checkpoint::open(fs::path(QUANTIER_SOURCE_DIR) / "demo" / "demo-decoder");
  ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message();
  const ModelSpec& spec = checkpoint->spec();
  EXPECT_EQ(spec.family, Family::kQwen2);
  EXPECT_TRUE(spec.causal);
  EXPECT_EQ(spec.pooling, Pooling::kLastToken);
  EXPECT_EQ(spec.pad_token_id, 0);
  EXPECT_EQ(spec.kv_heads, 2u);
  EXPECT_EQ(spec.head_dim, 64u);
  EXPECT_EQ(spec.norm_epsilon, 1e-6);
  EXPECT_FALSE(spec.linears.back().bias.has_value());
  EXPECT_EQ(count_parameters(spec).total(), 6836992u);
}

TEST_F(CheckpointTest, ShardsHoldTheSameNumbersAsOneFile) {
  for (const Family family : {Family::kModernBert, Family::kQwen2}) {
    for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      RandomGeometry geometry;
      geometry.family = family;
      write_model(geometry, {.dtype = dtype, .seed = 3});
      const fs::path sharded = root_ / "sharded";
      fs::remove_all(sharded);
      ASSERT_TRUE(
          write_random_checkpoint(sharded, geometry, {.dtype = dtype, .max_shard_bytes = 20000, .seed = 3})
              .has_value());
      const auto one = Checkpoint::open(model_);
      const auto many = Checkpoint::open(sharded);
      ASSERT_TRUE(one.has_value()) << one.error().message();
      ASSERT_TRUE(many.has_value()) << many.error().message();
      EXPECT_GT(many->weight_files().size(), 2u);
      EXPECT_LT(fs::file_size(many->weight_files()[0]), 20000u + 8192u);
      double sum_of_squares = 0;
      std::uint64_t count = 0;
      for (const LinearSpec& linear : one->spec().linears) {
        const auto from_one = one->tensor(linear.weight);
        const auto from_many = many->tensor(linear.weight);
        ASSERT_TRUE(from_one && from_many);
        const TensorView& a = from_one->view();
        const TensorView& b = from_many->view();
        ASSERT_TRUE(std::ranges::equal(a.bytes, b.bytes)) << linear.weight;
        std::vector<float> values(a.element_count());
        copy_as_float(a, 0, values);
        for (const float value : values) sum_of_squares += double{value} * value;
        count += values.size();
      }
      EXPECT_NEAR(std::sqrt(sum_of_squares / static_cast<double>(count)), 0.02, 5e-4);
    }
  }
}

TEST_F(CheckpointTest, RefusesAMissingHeadAnExtraAndAMissingTensor) {
  write_model();
  rewrite_weights("classifier.weight", "");
  expect_error(ErrorKind::kCorruptData, "head tensor absent");
  write_model();
  rewrite_weights("head.norm.weight", "");
  expect_error(ErrorKind::kCorruptData, "head tensor absent");
  write_model();
  rewrite_weights("model.layers.2.mlp.Wo.weight", "");
  expect_error(ErrorKind::kCorruptData, "model.layers.2.mlp.Wo.weight");
  write_model();
  rewrite_weights("", "model.layers.0.attn_norm.weight");
  expect_error(ErrorKind::kCorruptData, "model.layers.0.attn_norm.weight");
  write_model();
  rewrite_weights("classifier.bias", "classifier.bias");
  expect_error(ErrorKind::kCorruptData, "stored [1], config.json makes it [5]");
}

TEST_F(CheckpointTest, IgnoresAKnownLanguageModelHead) {
  RandomGeometry geometry;
  geometry.family = Family::kQwen2;
  write_model(geometry);
  rewrite_weights("", "lm_head.weight");
  const auto checkpoint = Checkpoint::open(model_);
  ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message();
  EXPECT_EQ(checkpoint->spec().ignored, std::vector<std::string>{"lm_head.weight"});
}

TEST_F(CheckpointTest, NamesWhatElseADirectoryMayBe) {
  fs::create_directories(model_);
  expect_error(ErrorKind::kEnvironment, "no weights found");
  write_text(model_ / "pytorch_model.bin", "x");
  expect_error(ErrorKind::kUnsupported, "pytorch_model.bin is a pickle");
  fs::remove_all(model_);
  expect_error(ErrorKind::kEnvironment, "nothing at this path");
  write_text(model_, "x");
  expect_error(ErrorKind::kEnvironment, "not a directory");
}

TEST_F(CheckpointTest, RefusesAnIndexThatLies) {
  const fs::path index = model_ / "model.safetensors.index.json";
  const auto fresh = [&] {
    fs::remove_all(model_);
    write_model({}, {.max_shard_bytes = 20000});
  };
  fresh();
  const auto text = read_text_file(index);
  ASSERT_TRUE(text.has_value());
  const auto index_json = parse_json(*text, "index");
  ASSERT_TRUE(index_json.has_value());
  const std::string first = (*index_json)["weight_map"].begin().key();
  const auto write_index = [&](const Json& json) { write_text(index, json.dump()); };

  for (const char* name :
       {"../model.safetensors", "/etc/passwd", "..", "", "a/b.safetensors", "a\\b.safetensors"}) {
    Json changed = *index_json;
    changed["weight_map"][first] = name;
    write_index(changed);
    expect_error(ErrorKind::kCorruptData, "not the plain name");
  }
  Json changed = *index_json;
  changed["weight_map"][first] = "absent.safetensors";
  write_index(changed);
  expect_error(ErrorKind::kEnvironment, "absent.safetensors");

  changed = *index_json;
  changed["weight_map"][first] = changed["weight_map"].back();
  write_index(changed);
  expect_error(ErrorKind::kCorruptData, "missing from its shard");

  changed = *index_json;
  changed["weight_map"].erase(first);
  write_index(changed);
  expect_error(ErrorKind::kCorruptData, "the index does not name");

  // A second shard that repeats the tensors of the first.
  changed = *index_json;
  const fs::path twin = model_ / "twin.safetensors";
  fs::copy_file(model_ / changed["weight_map"][first].get<std::string>(), twin);
  changed["weight_map"][first] = "twin.safetensors";
  write_index(changed);
  expect_error(ErrorKind::kCorruptData, "in two shards");

  for (const char* bad :
       {"[]", "{}", "{\"weight_map\":3}", "{\"weight_map\":{}}", "{\"weight_map\":{\"a\":1}}"}) {
    write_text(index, bad);
    expect_error(ErrorKind::kCorruptData, "index of the shards is damaged");
  }
}

TEST_F(CheckpointTest, FollowsLinksOfAHubCacheAndNoOthers) {
  const fs::path hub = root_ / "models--a--b";
  fs::create_directories(hub / "blobs");
  fs::create_directories(hub / "refs");
  fs::create_directories(hub / "snapshots" / "abc");
  write_model();
  for (const char* name : {"config.json", "model.safetensors"}) {
    fs::copy_file(model_ / name, hub / "blobs" / name);
    fs::create_symlink(fs::path("../../blobs") / name, hub / "snapshots" / "abc" / name);
  }
  const auto direct = Checkpoint::open(hub / "snapshots" / "abc");
  EXPECT_TRUE(direct.has_value()) << direct.error().message();
  EXPECT_FALSE(Checkpoint::open(hub).has_value());  // refs/main is absent
  write_text(hub / "refs" / "main", "abc\n");
  const auto by_root = Checkpoint::open(hub);
  ASSERT_TRUE(by_root.has_value()) << by_root.error().message();
  EXPECT_EQ(by_root->directory(), hub / "snapshots" / "abc");
  write_text(hub / "refs" / "main", "../../model");
  EXPECT_FALSE(Checkpoint::open(hub).has_value());

  fs::rename(model_ / "model.safetensors", root_ / "elsewhere.safetensors");
  fs::create_symlink("../elsewhere.safetensors", model_ / "model.safetensors");
  expect_error(ErrorKind::kUserInput, "a link leads out");
}

TEST_F(CheckpointTest, RefusesATruncatedFile) {
  write_model();
  const fs::path file = model_ / "model.safetensors";
  fs::resize_file(file, fs::file_size(file) - 1);
  expect_error(ErrorKind::kCorruptData, "model.safetensors");
  fs::resize_file(file, 0);
  expect_error(ErrorKind::kCorruptData, "0 bytes");
}

}  // namespace
}  // namespace quantier
