// What a user gets wrong gets a clear error on standard error, the promised exit code, and nothing on
// standard output.
#include <gmock/gmock.h>

#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kUsage = 2;
constexpr int kRuntimeFailure = 1;
constexpr int kBadInput = 6;
constexpr int kUnsupported = 7;

class BadInput : public CommandLineTest {
 protected:
  void expect(const std::string& arguments, int exit_code, const ::testing::Matcher<std::string>& message) {
    const ProgramResult result = quantier(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << arguments << "\n" << result.err;
    EXPECT_THAT(result.err, message) << arguments;
    EXPECT_THAT(result.out, IsEmpty()) << arguments;
  }
  // A copy of the demo encoder whose files a test may change.
  std::filesystem::path model_copy() {
    const std::filesystem::path copy = folder_ / "model";
    std::filesystem::copy(demo("demo-encoder"), copy, std::filesystem::copy_options::recursive);
    return copy;
  }
  std::string data(const std::string& content, const std::string& name = "data.jsonl") {
    write_file(folder_ / name, content);
    return (folder_ / name).string();
  }
};

TEST_F(BadInput, NothingAskedFor) { EXPECT_EQ(quantier("").exit_code, kUsage); }

TEST_F(BadInput, UnknownRecipeListsTheKnown) {
  expect(
      "inspect " + demo("demo-encoder") + " --recipe int3", kUsage,
      AllOf(HasSubstr("int3"), HasSubstr("fp32"), HasSubstr("fp16"), HasSubstr("int8"), HasSubstr("int4")));
}

TEST_F(BadInput, MissingModelDirectory) {
  expect("inspect " + (folder_ / "nowhere").string(), kRuntimeFailure, HasSubstr("nowhere"));
}

TEST_F(BadInput, TruncatedWeights) {
  const auto model = model_copy();
  std::filesystem::resize_file(model / "model.safetensors", 5000000);
  expect("inspect " + model.string(), kBadInput, HasSubstr("model.safetensors"));
}

TEST_F(BadInput, AdapterDirectoryIsRecognised) {
  write_file(folder_ / "adapter" / "adapter_config.json", R"({"peft_type": "LORA"})");
  expect("inspect " + (folder_ / "adapter").string(), kUnsupported,
         AllOf(HasSubstr("adapter"), HasSubstr("merge")));
}

TEST_F(BadInput, OtherArchitectureIsNamed) {
  const auto model = model_copy();
  write_file(model / "config.json",
             R"({"architectures": ["BertForSequenceClassification"], "model_type": "bert"})");
  expect("inspect " + model.string(), kUnsupported, HasSubstr("BertForSequenceClassification"));
}

TEST_F(BadInput, DuplicateKeyInConfig) {
  const auto model = model_copy();
  write_file(model / "config.json", R"({"hidden_size": 192, "hidden_size": 256})");
  expect("inspect " + model.string(), kBadInput, HasSubstr("hidden_size"));
}

TEST_F(BadInput, EmptyData) {
  expect("tokenize " + demo("demo-encoder") + " --data " + data(""), kBadInput, HasSubstr("data.jsonl"));
}

TEST_F(BadInput, MalformedLineIsNumbered) {
  expect("tokenize " + demo("demo-encoder") + " --data " + data("{\"text\": \"a\"}\n{\"text\": \n"),
         kBadInput, HasSubstr("line 2"));
}

TEST_F(BadInput, InvalidUtf8) {
  expect("tokenize " + demo("demo-encoder") + " --data " + data("text\ncaf\xE9\n", "data.csv"), kBadInput,
         HasSubstr("UTF-8"));
}

TEST_F(BadInput, UnknownTokenizerComponent) {
  const auto model = model_copy();
  write_file(model / "tokenizer.json", R"({"version": "1.0", "added_tokens": [], "normalizer": null,
    "pre_tokenizer": {"type": "Astrological"}, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})");
  expect("tokenize " + model.string() + " --data " + data("{\"text\": \"a\"}\n"), kUnsupported,
         HasSubstr("Astrological"));
}

TEST_F(BadInput, ErrorsAreJsonWhenAsked) {
  const ProgramResult result = quantier("inspect --json " + (folder_ / "nowhere").string());
  EXPECT_EQ(result.exit_code, kRuntimeFailure);
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"error\""), HasSubstr("\"kind\": \"environment\"")));
  EXPECT_THAT(result.err, IsEmpty());
}

}  // namespace
}  // namespace quantier::testing
