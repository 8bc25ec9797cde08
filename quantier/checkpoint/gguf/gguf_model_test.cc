// A tiny Qwen2 classifier as a GGUF file: what opens, what it is read as, and what is refused.
#include "quantier/checkpoint/gguf/gguf_model.h"

#include <cstring>
#include <fstream>
#include <random>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/gguf/gguf_qwen2.h"
#include "quantier/checkpoint/gguf/gguf_writer.h"

namespace quantier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kHidden = 32;
constexpr std::uint64_t kIntermediate = 64;
constexpr std::uint64_t kVocabulary = 10;
constexpr std::uint64_t kClasses = 3;

// Element i of a tensor is a small number that says where it is.
float element(std::size_t tensor, std::size_t i) {
  return 0.01F * static_cast<float>(tensor) + 0.001F * static_cast<float>(i % 97) - 0.03F;
}

class GgufModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("quantier-gguf-{}-{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    path_ = folder_ / "model.gguf";
    const auto number = [this](const char* key, std::uint32_t value) {
      pairs_[key] = [=](GgufMetadata& metadata) { metadata.add(key, value); };
    };
    pairs_["general.architecture"] = [](auto& m) { m.add("general.architecture", "qwen2"); };
    number("qwen2.block_count", 1);
    number("qwen2.context_length", 64);
    number("qwen2.embedding_length", kHidden);
    number("qwen2.feed_forward_length", kIntermediate);
    number("qwen2.attention.head_count", 4);
    number("qwen2.attention.head_count_kv", 2);
    number("tokenizer.ggml.padding_token_id", 1);
    pairs_["eps"] = [](auto& m) { m.add("qwen2.attention.layer_norm_rms_epsilon", 1e-6F); };
    pairs_["theta"] = [](auto& m) { m.add("qwen2.rope.freq_base", 1000000.0F); };
    pairs_["labels"] = [](auto& m) { m.add(kGgufLabelsKey, std::vector<std::string>{"yes", "no", "maybe"}); };
    add("token_embd.weight", GgmlType::kF16, {kVocabulary, kHidden});
    add("blk.0.attn_norm.weight", GgmlType::kF32, {kHidden});
    add("blk.0.ffn_norm.weight", GgmlType::kF32, {kHidden});
    add("blk.0.attn_q.weight", GgmlType::kQ8_0, {kHidden, kHidden});
    add("blk.0.attn_q.bias", GgmlType::kF32, {kHidden});
    add("blk.0.attn_k.weight", GgmlType::kQ4_0, {kHidden / 2, kHidden});
    add("blk.0.attn_k.bias", GgmlType::kF32, {kHidden / 2});
    add("blk.0.attn_v.weight", GgmlType::kQ4_1, {kHidden / 2, kHidden});
    add("blk.0.attn_v.bias", GgmlType::kF32, {kHidden / 2});
    add("blk.0.attn_output.weight", GgmlType::kBF16, {kHidden, kHidden});
    add("blk.0.ffn_gate.weight", GgmlType::kF32, {kIntermediate, kHidden});
    add("blk.0.ffn_up.weight", GgmlType::kQ8_0, {kIntermediate, kHidden});
    add("blk.0.ffn_down.weight", GgmlType::kQ8_0, {kHidden, kIntermediate});
    add("output_norm.weight", GgmlType::kF32, {kHidden});
    add("cls.output.weight", GgmlType::kF16, {kClasses, kHidden});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void add(const std::string& name, GgmlType type, const std::vector<std::uint64_t>& shape) {
    std::size_t elements = 1;
    for (const std::uint64_t size : shape) elements *= size;
    const std::size_t index = tensors_.size();
    tensors_.push_back({name, type, shape, [=](const AppendFunction& append) {
                          const std::vector<float> values = values_of(index, elements);
                          std::vector<std::byte> bytes(elements / ggml_block_elements(type) *
                                                       ggml_block_bytes(type));
                          ggml_encode(type, values, bytes);
                          return append(bytes);
                        }});
  }
  static std::vector<float> values_of(std::size_t index, std::size_t elements) {
    std::vector<float> values(elements);
    for (std::size_t i = 0; i < elements; ++i) values[i] = element(index, i);
    return values;
  }
  GgufTensorToWrite& tensor(std::string_view name) {
    return *std::ranges::find(tensors_, name, &GgufTensorToWrite::name);
  }
  void remove(std::string_view name) {
    std::erase_if(tensors_, [&](const GgufTensorToWrite& item) { return item.name == name; });
  }
  void write() {
    GgufMetadata metadata;
    for (const auto& [key, add_pair] : pairs_) add_pair(metadata);
    const auto written = write_gguf(path_, metadata, tensors_);
    ASSERT_TRUE(written.has_value()) << written.error().message();
  }
  void expect_refused(ErrorKind kind, const ::testing::Matcher<std::string>& message) {
    write();
    const auto opened = Checkpoint::open(path_);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().kind, kind) << opened.error().message();
    EXPECT_THAT(opened.error().message(), message);
    EXPECT_THAT(opened.error().where, HasSubstr(path_.filename().string()));
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
  std::map<std::string, std::function<void(GgufMetadata&)>> pairs_;
  std::vector<GgufTensorToWrite> tensors_;
};

TEST_F(GgufModelTest, OpensAsTheModelThatTheMetadataDescribe) {
  write();
  const auto checkpoint = Checkpoint::open(path_);
  ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message();
  const ModelSpec& spec = checkpoint->spec();
  EXPECT_EQ(spec.architecture, "Qwen2ForSequenceClassification");
  EXPECT_EQ(spec.layers.size(), 1U);
  EXPECT_EQ(spec.layers[0].rope_theta, 1e6);
  EXPECT_EQ(spec.norm_epsilon, 1e-6);  // the decimal that was meant, not the float nearest to it
  EXPECT_EQ(spec.vocabulary, kVocabulary);
  EXPECT_EQ(spec.kv_heads, 2U);
  EXPECT_EQ(spec.pad_token_id, 1);
  EXPECT_THAT(spec.label_names, ::testing::ElementsAre("yes", "no", "maybe"));
  EXPECT_EQ(checkpoint->tokenizer_directory(), path_.parent_path());
  EXPECT_THAT(checkpoint->weight_files(), ::testing::ElementsAre(path_));
}

TEST_F(GgufModelTest, TensorsAreDecodedWholeAndByRows) {
  write();
  const auto checkpoint = Checkpoint::open(path_);
  ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message();
  std::size_t compared = 0;
  for (const GgufName& name : qwen2_gguf_names(checkpoint->spec())) {
    SCOPED_TRACE(name.gguf);
    const auto index = static_cast<std::size_t>(&tensor(name.gguf) - tensors_.data());
    const GgmlType type = tensors_[index].type;
    const auto shape = checkpoint->shape(name.tensor);
    EXPECT_EQ(shape, tensors_[index].shape);
    const auto whole = checkpoint->tensor(name.tensor);
    ASSERT_TRUE(whole.has_value());
    EXPECT_EQ(whole->view().dtype, checkpoint->dtype(name.tensor));
    EXPECT_EQ(whole->is_computed(), ggml_block_elements(type) > 1);
    const std::size_t elements = whole->view().element_count();
    // What encoding and decoding make of the numbers that were written.
    std::vector<std::byte> bytes(elements / ggml_block_elements(type) * ggml_block_bytes(type));
    std::vector<float> expected(elements);
    ggml_encode(type, values_of(index, elements), bytes);
    ggml_decode(type, bytes, expected);
    std::vector<float> values(elements);
    copy_as_float(whole->view(), 0, values);
    EXPECT_EQ(values, expected);
    const std::uint64_t columns = elements / shape[0];
    const auto rows = checkpoint->rows(name.tensor, 2, 1);
    ASSERT_TRUE(rows.has_value());
    std::vector<float> row(columns);
    copy_as_float(rows->view(), 0, row);
    EXPECT_EQ(row, std::vector<float>(expected.begin() + static_cast<std::ptrdiff_t>(2 * columns),
                                      expected.begin() + static_cast<std::ptrdiff_t>(3 * columns)));
    checkpoint->drop_pages(name.tensor);
    ++compared;
  }
  EXPECT_EQ(compared, tensors_.size());
}

TEST_F(GgufModelTest, ALanguageModelHeadIsNotNeeded) {
  add("output.weight", GgmlType::kQ8_0, {kVocabulary, kHidden});
  write();
  const auto checkpoint = Checkpoint::open(path_);
  ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message();
  EXPECT_THAT(checkpoint->spec().ignored, ::testing::ElementsAre("output.weight"));
}

TEST_F(GgufModelTest, RefusesAModelWithoutAHead) {
  remove("cls.output.weight");
  expect_refused(ErrorKind::kCorruptData, AllOf(HasSubstr("head tensor absent"), HasSubstr("cls.output")));
}

TEST_F(GgufModelTest, RefusesATensorThatIsMissing) {
  remove("blk.0.attn_k.bias");
  expect_refused(ErrorKind::kCorruptData, HasSubstr("blk.0.attn_k.bias"));
}

TEST_F(GgufModelTest, RefusesATensorTooMany) {
  add("rope_freqs.weight", GgmlType::kF32, {4});
  expect_refused(ErrorKind::kCorruptData, HasSubstr("rope_freqs.weight"));
}

TEST_F(GgufModelTest, RefusesATensorOfAnotherShape) {
  remove("cls.output.weight");
  add("cls.output.weight", GgmlType::kF16, {kClasses + 1, kHidden});
  expect_refused(ErrorKind::kCorruptData, AllOf(HasSubstr("[4, 32]"), HasSubstr("[3, 32]")));
}

TEST_F(GgufModelTest, NamesOfClassesAreNeverGuessed) {
  pairs_.erase("labels");
  expect_refused(ErrorKind::kUserInput, HasSubstr("qwen2.classifier.output_labels is missing"));
}

TEST_F(GgufModelTest, RefusesClassesThatCannotBeTold) {
  const auto refuse = [&](const std::vector<std::string>& labels, const char* message) {
    pairs_["labels"] = [=](auto& m) { m.add(kGgufLabelsKey, labels); };
    expect_refused(ErrorKind::kUserInput, HasSubstr(message));
  };
  refuse({"yes", "no", "yes"}, "two classes are called \"yes\"");
  refuse({"yes", "\xFF", "no"}, "is not UTF-8");
  pairs_["labels"] = [](auto& m) { m.add(kGgufLabelsKey, "yes,no"); };
  expect_refused(ErrorKind::kUserInput, HasSubstr("an array of strings is expected"));
  pairs_["labels"] = [](auto& m) { m.add(kGgufLabelsKey, std::vector<std::int32_t>{1, 2, 3}); };
  expect_refused(ErrorKind::kUserInput, HasSubstr("an array of strings is expected"));
}

TEST_F(GgufModelTest, RefusesOtherArchitecturesByName) {
  pairs_["general.architecture"] = [](auto& m) { m.add("general.architecture", "qwen3"); };
  expect_refused(ErrorKind::kUnsupported, HasSubstr("architecture qwen3"));
  pairs_.erase("general.architecture");
  expect_refused(ErrorKind::kUnsupported, HasSubstr("general.architecture is missing"));
}

TEST_F(GgufModelTest, RefusesWhatWouldChangeTheNumbers) {
  const auto refuse = [&](const char* key, const auto& value, const char* message) {
    pairs_["more"] = [=](auto& m) { m.add(key, value); };
    expect_refused(ErrorKind::kUnsupported, HasSubstr(message));
  };
  refuse("qwen2.rope.scaling.type", "yarn", "scaled rotary embeddings");
  refuse("qwen2.rope.scaling.factor", 2.0F, "scaled rotary embeddings");
  refuse("qwen2.attention.sliding_window", std::uint32_t{128}, "sliding_window");
  refuse("qwen2.attention.causal", false, "causal");
  refuse("qwen2.pooling_type", std::uint32_t{1}, "pooling type 1");
  refuse("split.count", std::uint32_t{2}, "split over several");
}

TEST_F(GgufModelTest, RefusesMetadataThatCannotBeUsed) {
  pairs_["qwen2.block_count"] = [](auto& m) { m.add("qwen2.block_count", "one"); };
  expect_refused(ErrorKind::kUserInput, HasSubstr("qwen2.block_count cannot be used"));
  pairs_["qwen2.block_count"] = [](auto& m) { m.add("qwen2.block_count", UINT32_MAX); };
  expect_refused(ErrorKind::kUserInput, HasSubstr("num_hidden_layers"));
  // So many layers are allowed, and the file does not have them.
  pairs_["qwen2.block_count"] = [](auto& m) { m.add("qwen2.block_count", std::uint32_t{4096}); };
  expect_refused(ErrorKind::kCorruptData, HasSubstr("blk.1."));
  pairs_.erase("qwen2.block_count");
  expect_refused(ErrorKind::kUserInput, HasSubstr("qwen2.block_count is missing"));
}

TEST_F(GgufModelTest, TheTokenizerBesideItMustBeItsOwn) {
  std::vector<std::string> tokens;
  for (std::uint64_t id = 0; id < kVocabulary; ++id) tokens.push_back(fmt::format("t{}", id));
  const auto list = [&](const std::vector<std::string>& names) {
    pairs_["tokens"] = [=](auto& m) { m.add("tokenizer.ggml.tokens", names); };
  };
  const auto beside = [&](const std::string& vocabulary) {
    const Status written = write_file_atomically(
        folder_ / "tokenizer.json",
        R"({"added_tokens": [{"id": 9, "content": "<end>"}], "model": {"vocab": {)" + vocabulary + "}}}");
    ASSERT_TRUE(written.has_value());
  };
  list(tokens);
  beside(R"("t0": 0, "t7": 7, "<end>": 9)");
  write();
  EXPECT_TRUE(Checkpoint::open(path_).has_value());
  const auto refuse = [&](ErrorKind kind, const char* message) {
    write();
    const auto opened = Checkpoint::open(path_);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().kind, kind) << opened.error().message();
    EXPECT_THAT(opened.error().message(), HasSubstr(message));
  };
  beside(R"("t0": 0, "t6": 7)");
  refuse(ErrorKind::kUserInput, "the token \"t6\" has the id 7, which model.gguf gives to \"t7\"");
  beside(R"("t0": 0, "t10": 10)");
  refuse(ErrorKind::kUserInput, "which model.gguf gives to none");
  beside(R"("t0": 0, "t7": -1)");
  refuse(ErrorKind::kUserInput, "which model.gguf gives to none");
  beside(R"("t0": 0, "t0": 1)");
  refuse(ErrorKind::kCorruptData, "t0");
  beside("");
  tokens.pop_back();
  list(tokens);
  refuse(ErrorKind::kCorruptData, "10 strings are expected");
}

// Whatever the damage says, what opens can be read to its last row.
TEST_F(GgufModelTest, SurvivesRandomDamage) {
  write();
  const std::string good = read_text_file(path_).value();
  const std::size_t header_bytes = GgufFile::open(path_)->header().tensors.front().begin;
  std::mt19937 random(11);
  std::size_t opened_files = 0;
  for (int round = 0; round < 600; ++round) {
    std::string file = good;
    for (int i = 0; i <= round % 2; ++i)
      file[random() % header_bytes] ^= static_cast<char>(1U << (random() % 8));
    std::ofstream(path_, std::ios::binary) << file;  // nothing to keep if the machine stops
    const auto opened = Checkpoint::open(path_);
    if (!opened) {
      EXPECT_FALSE(opened.error().what.empty());
      continue;
    }
    ++opened_files;
    for (const GgufName& name : qwen2_gguf_names(opened->spec())) {
      const auto tensor = opened->tensor(name.tensor);
      ASSERT_TRUE(tensor.has_value());
      std::vector<float> values(tensor->view().element_count());
      copy_as_float(tensor->view(), 0, values);
    }
  }
  EXPECT_GT(opened_files, 10U);
  EXPECT_LT(opened_files, 590U);
}

TEST_F(GgufModelTest, ABaseIsNotForAWholeModel) {
  write();
  const auto opened = Checkpoint::open(ModelLocation{path_, path_.parent_path()});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kUsage);
}

TEST_F(GgufModelTest, AFileThatIsNotThereIsNamed) {
  const auto opened = Checkpoint::open(path_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kEnvironment);
  EXPECT_THAT(opened.error().message(), HasSubstr(path_.string()));
}

}  // namespace
}  // namespace quantier
