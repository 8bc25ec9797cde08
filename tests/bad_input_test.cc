// What a user gets wrong gets a clear error on standard error, the promised exit code, and nothing on
// standard output.
#include <gmock/gmock.h>

#include "quantier/base/json.h"
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
  write_file(folder_ / "adapter" / "adapter_config.json", R"({"peft_type": "IA3"})");
  expect("inspect " + (folder_ / "adapter").string(), kUnsupported,
         AllOf(HasSubstr("IA3"), HasSubstr("adapter"), HasSubstr("merge")));
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

TEST_F(BadInput, PickleFilesAreRefused) {
  const auto model = model_copy();
  std::filesystem::rename(model / "model.safetensors", model / "pytorch_model.bin");
  expect("inspect " + model.string(), kUnsupported,
         AllOf(HasSubstr("pytorch_model.bin"), HasSubstr("safetensors")));
}

TEST_F(BadInput, MissingWeights) {
  const auto model = model_copy();
  std::filesystem::remove(model / "model.safetensors");
  expect("inspect " + model.string(), kRuntimeFailure, HasSubstr("safetensors"));
}

TEST_F(BadInput, HeaderLengthThatLies) {
  const auto model = model_copy();
  std::fstream file(model / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  file.write("\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
  file.close();
  expect("inspect " + model.string(), kBadInput, AllOf(HasSubstr("model.safetensors"), HasSubstr("header")));
}

TEST_F(BadInput, IndexThatPointsOutside) {
  const auto model = model_copy();
  std::filesystem::rename(model / "model.safetensors", folder_ / "elsewhere.safetensors");
  write_file(model / "model.safetensors.index.json",
             R"({"metadata": {}, "weight_map": {"head.norm.weight": "../elsewhere.safetensors"}})");
  expect("inspect " + model.string(), kBadInput, HasSubstr("../elsewhere.safetensors"));
}

TEST_F(BadInput, ClassesThatContradict) {
  const auto model = model_copy();
  std::string config = read_file(model / "config.json");
  const std::size_t at = config.find("\"id2label\"");
  ASSERT_NE(at, std::string::npos);
  write_file(model / "config.json", config.insert(at, "\"num_labels\": 7, "));
  expect("inspect " + model.string(), kBadInput, AllOf(HasSubstr("num_labels"), HasSubstr("7")));
}

TEST_F(BadInput, ConfigThatDoesNotNameTheClasses) {
  const auto model = model_copy();
  auto config = parse_json(read_file(model / "config.json"), "config.json");
  ASSERT_TRUE(config);
  config->erase("id2label");
  config->erase("label2id");
  config->erase("num_labels");
  write_file(model / "config.json", config->dump());
  expect("inspect " + model.string(), kBadInput, HasSubstr("id2label"));
}

TEST_F(BadInput, UnknownLabelSaysWhereAndWhich) {
  const std::string lines =
      "{\"text\": \"a\", \"label\": \"games\"}\n{\"text\": \"b\", \"label\": \"gmaes\"}\n";
  expect("predict " + demo("demo-encoder") + " --data " + data(lines), kBadInput,
         AllOf(HasSubstr("gmaes"), HasSubstr("line 2")));
}

TEST_F(BadInput, DuplicateIdNamesBothLines) {
  const std::string lines = "id,text\n7,a\n8,b\n7,c\n";
  expect("predict " + demo("demo-encoder") + " --data " + data(lines, "data.csv"), kBadInput,
         AllOf(HasSubstr("\"7\""), HasSubstr("line 4"), HasSubstr("line 2")));
}

TEST_F(BadInput, MalformedCsvLineIsNumbered) {
  expect("tokenize " + demo("demo-encoder") + " --data " + data("text\nok\n\"open\n", "data.csv"), kBadInput,
         HasSubstr("line 3"));
}

TEST_F(BadInput, TenMegabytesOfTextAreCutAndClassified) {
  std::string text = "{\"text\": \"";
  while (text.size() < 10'000'000) text += "a library for games ";
  const ProgramResult result = quantier("predict " + demo("demo-encoder") + " --max-length 128 --data " +
                                        data(text + "\"}\n") + " --out " + (folder_ / "out.npz").string());
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

// Without special tokens nothing is left of an empty text.
TEST_F(BadInput, TextWithoutATokenIsNamedByItsPlace) {
  const auto model = model_copy();
  auto tokenizer = parse_json(read_file(model / "tokenizer.json"), "tokenizer.json");
  ASSERT_TRUE(tokenizer);
  (*tokenizer)["post_processor"] = nullptr;
  write_file(model / "tokenizer.json", tokenizer->dump());
  const std::string file = data(
      "{\"id\": \"a\", \"text\": \"x\", \"label\": \"games\"}\n{\"id\": \"b\", \"text\": \"\", \"label\": "
      "\"games\"}\n");
  expect("predict " + model.string() + " --data " + file, kBadInput,
         AllOf(HasSubstr("data.jsonl, example 2"), HasSubstr("empty")));
  write_file(folder_ / "config.toml",
             "recipes = [\"fp16\"]\n[[models]]\npath = \"model\"\n[data]\npath = \"data.jsonl\"\n");
  expect("run --dry-run " + (folder_ / "config.toml").string(), kBadInput,
         AllOf(HasSubstr("data.jsonl, example 2"), HasSubstr("\"b\"")));
}

class BadConfig : public BadInput {
 protected:
  // A configuration over the demo encoder and a data file of ours.
  std::string config(const std::string& top, const std::string& more, const std::string& lines) {
    data(lines);
    write_file(folder_ / "config.toml", top + "recipes = [\"fp16\"]\n[[models]]\npath = \"" +
                                            demo("demo-encoder") + "\"\n[data]\npath = \"data.jsonl\"\n" +
                                            more);
    return (folder_ / "config.toml").string();
  }
  [[nodiscard]] static std::string tiers() {
    return "[tiers]\ntraining_counts = \"" + demo("data/train_label_counts.json") +
           "\"\nnames = [\"head\", \"mid\", \"tail\"]\nsizes = [10, 20]\n";
  }
  const std::string of_head_ = "{\"text\": \"a\", \"label\": \"libs\"}\n";
};

TEST_F(BadConfig, DataWithoutAnExampleOfATier) {
  expect("run --dry-run " + config("", tiers(), of_head_), kBadInput,
         AllOf(HasSubstr("tier \"mid\""), HasSubstr("data.jsonl")));
  expect("run --dry-run --limit 2 " + config("", tiers(), of_head_ + of_head_ + of_head_), kUsage,
         AllOf(HasSubstr("tier \"mid\""), HasSubstr("--limit")));
}

TEST_F(BadConfig, NamedClassThatTheModelsDoNotKnow) {
  expect("run --dry-run " + config("named_classes = [\"libs\", \"gamse\"]\n", "", of_head_), kBadInput,
         AllOf(HasSubstr("\"gamse\""), HasSubstr("named_classes"), HasSubstr("did you mean \"games\"")));
}

TEST_F(BadConfig, UnknownRecipeListsTheKnown) {
  std::string file = config("", "", of_head_);
  write_file(file, "recipes = [\"fp16\", \"int5\"]\n" +
                       read_file(file).substr(std::string("recipes = [\"fp16\"]\n").size()));
  expect("run --dry-run " + file, kUsage, AllOf(HasSubstr("int5"), HasSubstr("int4"), HasSubstr("int8")));
}

TEST_F(BadConfig, OutputThatCannotBeWritten) {
  const std::string file = config("", "", of_head_);
  expect("run " + file + " --out " + data("x", "a-file") + "/out", kRuntimeFailure, HasSubstr("a-file"));
  expect("run " + file + " --out /proc/quantier", kRuntimeFailure, HasSubstr("/proc/quantier"));
  const std::string predict = "predict " + demo("demo-encoder") + " --text a --out ";
  expect(predict + folder_.string() + "/absent/out.npz", kRuntimeFailure, HasSubstr("absent"));
  expect(predict + "/proc/quantier.npz", kRuntimeFailure, HasSubstr("/proc/quantier.npz"));
}

// A device that is full says so, and is still the device afterwards.
TEST_F(BadInput, FullOutputFile) {
  expect("predict " + demo("demo-encoder") + " --text a --out /dev/full", kRuntimeFailure,
         AllOf(HasSubstr("/dev/full"), HasSubstr("No space left")));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

// Results that nobody received are not a success.
TEST_F(BadInput, FullStandardOutput) {
  for (const std::string& arguments :
       {"tokenize " + demo("demo-encoder") + " --data " + demo("data/validation.jsonl"),
        "inspect " + demo("demo-encoder"), "inspect --json " + demo("demo-encoder"),
        "predict " + demo("demo-encoder") + " --text hello"}) {
    const std::string command = std::string(QUANTIER_BINARY) + " " + arguments + " </dev/null >/dev/full 2>" +
                                (folder_ / "full.err").string();
    const int status = std::system(command.c_str());
    ASSERT_TRUE(WIFEXITED(status)) << arguments;
    EXPECT_EQ(WEXITSTATUS(status), kRuntimeFailure) << arguments;
    EXPECT_THAT(read_file(folder_ / "full.err"), HasSubstr("standard output")) << arguments;
  }
}

// An error that nobody can read is still that error.
TEST_F(BadInput, AMessageThatCannotBeWrittenChangesNoExitCode) {
  const std::string command = std::string(QUANTIER_BINARY) + " inspect /nowhere </dev/null 2>/dev/full";
  const int status = std::system(command.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), kRuntimeFailure);
}

// Nothing, and less than nothing, is not an amount.
TEST_F(BadInput, AmountsMustBePositive) {
  for (const std::string& arguments :
       {std::string("run c.toml --limit 0"), std::string("run c.toml --limit -3"),
        "predict " + demo("demo-encoder") + " --text a --max-length -1",
        "predict " + demo("demo-encoder") + " --text a --batch-size 0",
        "tokenize " + demo("demo-encoder") + " --data x.jsonl --max-length 0"}) {
    const ProgramResult result = quantier(arguments);
    EXPECT_EQ(result.exit_code, kUsage) << arguments;
    EXPECT_THAT(result.err, HasSubstr("--")) << arguments;
  }
}

TEST_F(BadInput, StandardInputMayHaveEitherLineEnd) {
  const auto answer = [&](const char* text) {
    const std::string command = std::string("printf '") + text + "' | " + QUANTIER_BINARY + " predict " +
                                demo("demo-encoder") + " >" + (folder_ / "answer").string() + " 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0);
    std::string out = read_file(folder_ / "answer");
    std::erase(out, '\r');
    return out;
  };
  EXPECT_EQ(answer("a chess program\\r\\nc\\r\\n"), answer("a chess program\\nc\\n"));
}

TEST_F(BadInput, EveryCommandExplainsItself) {
  for (const char* command : {"run", "report", "init", "predict", "compare", "import", "tokenize", "inspect",
                              "show", "explain", "doctor"}) {
    const ProgramResult result = quantier(std::string(command) + " --help");
    EXPECT_EQ(result.exit_code, 0) << command;
    EXPECT_THAT(result.out, HasSubstr("--help")) << command;
  }
  const ProgramResult doctor = quantier("doctor --json");
  EXPECT_EQ(doctor.exit_code, 0);
  EXPECT_THAT(doctor.out, AllOf(HasSubstr("\"instruction_sets\""), HasSubstr("\"int8\"")));
}

TEST_F(BadInput, UsageErrorsAreJsonWhenAsked) {
  const ProgramResult result = quantier("predict --json");
  EXPECT_EQ(result.exit_code, kUsage);
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"error\""), HasSubstr("MODEL_DIR")));
}

TEST_F(BadInput, ErrorsAreJsonWhenAsked) {
  const ProgramResult result = quantier("inspect --json " + (folder_ / "nowhere").string());
  EXPECT_EQ(result.exit_code, kRuntimeFailure);
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"error\""), HasSubstr("\"kind\": \"environment\"")));
  EXPECT_THAT(result.err, IsEmpty());
}

}  // namespace
}  // namespace quantier::testing
