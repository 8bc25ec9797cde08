// LoRA directories through the whole program: logits against those of transformers on the weights that peft
// merged, the merged model as a model of its own, every command that opens a model, and what it says about
// bad ones.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/adapter/lora_merge.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/safetensors.h"
#include "quantier/checkpoint/safetensors_writer.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/load_classifier.h"
#include "quantier/pipeline/provenance.h"
#include "quantier/tensor/aligned_buffer.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const fs::path kGoldens = fs::path(QUANTIER_SOURCE_DIR) / "testdata" / "adapter";

// Float arithmetic over two layers of 32: rounding adds up to some 1e-6 of logits of size 1; a wrong merge
// moves them by 0.01 and more.
TEST(AdapterLogits, AreThoseOfTransformersOnTheMergedWeights) {
  const auto document = read_json_file((kGoldens / "expected.json").string());
  ASSERT_TRUE(document) << document.error().message();
  ThreadPool pool(1);
  for (const auto& [name, expected] : (*document)["cases"].items()) {
    SCOPED_TRACE(name);
    const auto checkpoint = Checkpoint::open(
        ModelLocation{kGoldens / name, kGoldens / "bases" / expected["base"].get<std::string>()});
    ASSERT_TRUE(checkpoint) << checkpoint.error().message();
    const auto model =
        load_first_layers(*checkpoint, PlanRules::of("fp32"), {}, checkpoint->spec().layers.size(), pool);
    ASSERT_TRUE(model) << model.error().message();
    for (std::size_t i = 0; i < expected["token_ids"].size(); ++i) {
      const auto tokens = expected["token_ids"][i].get<std::vector<std::int32_t>>();
      const std::vector<std::uint32_t> offsets = {0, static_cast<std::uint32_t>(tokens.size())};
      std::vector<float> logits(checkpoint->spec().classes);
      ASSERT_TRUE(model->classifier->predict({tokens, offsets}, logits));
      for (std::size_t c = 0; c < logits.size(); ++c) {
        EXPECT_NEAR(logits[c], expected["logits"][i][c].get<double>(), 2e-5);
      }
    }
  }
}

// A LoRA adapter on the bundled encoder, and the same model merged as a directory of its own.
class AdapterCommand : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    adapter_ = folder_ / "adapter";
    fs::create_directories(adapter_);
    write_adapter(0.02);
    write_config({});
    std::ofstream data(folder_ / "data.jsonl");
    for (int i = 0; i < 12; ++i) {
      data << Json{{"text", fmt::format("library number {} for games and network tools", i)},
                   {"label", i % 2 == 0 ? "games" : "net"},
                   {"id", std::to_string(i)}}
                  .dump()
           << "\n";
    }
  }

  void write_config(const Json& changes) const {
    Json config{
        {"peft_type", "LORA"}, {"task_type", "SEQ_CLS"},     {"r", 4},
        {"lora_alpha", 8},     {"target_modules", {"Wqkv"}}, {"base_model_name_or_path", "example/encoder"}};
    if (!changes.is_null()) config.update(changes);
    write_file(adapter_ / "adapter_config.json", config.dump());
  }
  void write_adapter(double size) const {
    std::vector<TensorToWrite> tensors;
    for (int layer = 0; layer < 6; ++layer) {
      for (const bool is_a : {true, false}) {
        const std::vector<std::uint64_t> shape =
            is_a ? std::vector<std::uint64_t>{4, 192} : std::vector<std::uint64_t>{576, 4};
        tensors.push_back({fmt::format("base_model.model.model.layers.{}.attn.Wqkv.lora_{}.weight", layer,
                                       is_a ? "A" : "B"),
                           DType::kF32, shape, [=](const AppendFunction& add) {
                             std::vector<float> values(shape[0] * shape[1]);
                             for (std::size_t i = 0; i < values.size(); ++i) {
                               const double at = static_cast<double>(i + 1) * (layer + (is_a ? 0.7 : 1.3));
                               values[i] = static_cast<float>(size * std::sin(at));
                             }
                             return add(std::as_bytes(std::span(values)));
                           }});
      }
    }
    ASSERT_TRUE(write_safetensors(adapter_ / "adapter_model.safetensors", std::move(tensors)).has_value());
  }
  [[nodiscard]] std::string base() const { return " --base " + demo("demo-encoder"); }
  [[nodiscard]] std::string data() const { return " --data " + (folder_ / "data.jsonl").string(); }

  // Every tensor, merged, with the base's config and tokenizer.
  [[nodiscard]] fs::path merged() const {
    const fs::path out = folder_ / "merged";
    fs::create_directories(out);
    for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json"}) {
      fs::copy_file(demo("demo-encoder/") + name, out / name, fs::copy_options::overwrite_existing);
    }
    const auto checkpoint = Checkpoint::open(ModelLocation{adapter_, fs::path(demo("demo-encoder"))});
    EXPECT_TRUE(checkpoint) << checkpoint.error().message();
    std::vector<TensorToWrite> tensors;
    const auto put = [&](const std::string& name) {
      tensors.push_back({name, checkpoint->dtype(name), checkpoint->shape(name),
                         [&, name](const AppendFunction& add) -> Status {
                           QT_TRY(const TensorData tensor, checkpoint->tensor(name));
                           return add(tensor.view().bytes);
                         }});
    };
    put(checkpoint->spec().embedding);
    for (const auto& part : checkpoint->spec().linears) {
      put(part.weight);
      if (part.bias) put(*part.bias);
    }
    for (const auto& part : checkpoint->spec().norms) put(part.weight);
    EXPECT_TRUE(write_safetensors(out / "model.safetensors", std::move(tensors)).has_value());
    return out;
  }
  std::string predict(const std::string& model, const std::string& recipe) {
    const fs::path out = folder_ / "out.npz";
    const ProgramResult result =
        quantier("predict " + model + data() + " --recipe " + recipe + " --out " + out.string());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return read_file(out);
  }

  fs::path adapter_;
};

TEST_F(AdapterCommand, AnAdapterPredictsWhatItsMergedModelPredicts) {
  const std::string whole = merged().string();
  for (const char* recipe : {"fp32", "int8", "int4"}) {
    const std::string adapted = predict(adapter_.string() + base(), recipe);
    EXPECT_EQ(adapted, predict(whole, recipe)) << recipe;
    EXPECT_NE(adapted, predict(demo("demo-encoder"), recipe)) << recipe;
  }
}

// The merged model never stands in memory: at most one tensor of it, or one part of the table, at a time.
TEST_F(AdapterCommand, OneMergedTensorStandsInMemoryAtATime) {
  const auto checkpoint = Checkpoint::open(ModelLocation{adapter_, fs::path(demo("demo-encoder"))});
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  ThreadPool pool(1);
  const std::uint64_t before = memory_use(MemoryOwner::kOther).current_bytes;
  reset_memory_peak(MemoryOwner::kOther);
  const auto model =
      load_first_layers(*checkpoint, PlanRules::of("fp16"), {}, checkpoint->spec().layers.size(), pool);
  ASSERT_TRUE(model) << model.error().message();
  const std::uint64_t one_weight = 576 * 192 * 2;
  EXPECT_GE(memory_use(MemoryOwner::kOther).peak_bytes, before + one_weight);
  EXPECT_LT(memory_use(MemoryOwner::kOther).peak_bytes, before + 2 * one_weight);
  EXPECT_EQ(memory_use(MemoryOwner::kOther).current_bytes, before);
}

TEST_F(AdapterCommand, InspectShowsTheAdapter) {
  const ProgramResult text = quantier("inspect " + adapter_.string() + base());
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out,
              AllOf(HasSubstr("LoRA adapter " + adapter_.string()), HasSubstr("as given"),
                    HasSubstr("model.layers.5.attn.Wqkv"), HasSubstr("18432 trainable parameters")));
  const ProgramResult json = quantier("inspect " + adapter_.string() + base() + " --recipe int8 --json");
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const Json document = Json::parse(json.out);
  EXPECT_EQ(document["adapter"]["base_found_by"], "given");
  EXPECT_EQ(document["adapter"]["modules"].size(), 6u);
  EXPECT_EQ(document["adapter"]["modules"][0]["rank"], 4);
  EXPECT_EQ(document["adapter"]["modules"][0]["scaling"], 2.0);
  EXPECT_EQ(document["weight_files"], (Json{"model.safetensors", "adapter_model.safetensors"}));
  EXPECT_FALSE(Json::parse(quantier("inspect " + demo("demo-encoder") + " --json").out).contains("adapter"));
}

TEST_F(AdapterCommand, TheHubCacheOfThisUserIsLookedInto) {
  const fs::path hub = folder_ / "home" / ".cache" / "huggingface" / "hub" / "models--example--encoder";
  fs::create_directories(hub / "refs");
  fs::create_directories(hub / "snapshots");
  fs::copy(demo("demo-encoder"), hub / "snapshots" / "abc");
  write_file(hub / "refs" / "main", "abc");
  const auto at_home = [&](const std::string& arguments) {
    // The class runs one program by its path; `env` in front keeps the shell fragment simple.
    const fs::path script = folder_ / "run.sh";
    write_file(script,
               fmt::format("HOME={} exec {} {}\n", (folder_ / "home").string(), QUANTIER_BINARY, arguments));
    const int status = std::system(
        fmt::format("sh {} >{}/o 2>{}/e </dev/null", script.string(), folder_.string(), folder_.string())
            .c_str());
    return ProgramResult{WEXITSTATUS(status), read_file(folder_ / "o"), read_file(folder_ / "e")};
  };
  const ProgramResult found = at_home("inspect " + adapter_.string());
  ASSERT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(found.out, AllOf(HasSubstr("snapshots/abc"), HasSubstr("hub cache")));
  // The tokenizer comes with the base.
  const ProgramResult tokens = at_home("tokenize " + adapter_.string() + data());
  EXPECT_EQ(tokens.exit_code, 0) << tokens.err;
  EXPECT_EQ(tokens.out, quantier("tokenize " + demo("demo-encoder") + data()).out);
  write_config({{"revision", "v2"}});
  EXPECT_THAT(at_home("inspect " + adapter_.string()).err, HasSubstr("revision v2"));
  write_config({{"base_model_name_or_path", "example/other"}});
  const ProgramResult missing = at_home("inspect " + adapter_.string());
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("models--example--other"), HasSubstr("--base")));
}

TEST_F(AdapterCommand, AProposalNamesTheBaseAndTheShapesAreThoseOfTheModel) {
  const std::string toml = (folder_ / "my.toml").string();
  const ProgramResult proposed =
      quantier("init " + adapter_.string() + " " + demo("demo-encoder") + base() + data() + " --out " + toml);
  ASSERT_EQ(proposed.exit_code, 0) << proposed.err;
  const std::string text = read_file(toml);
  EXPECT_THAT(text, HasSubstr("path = \"adapter\"\nbase = "));
  EXPECT_EQ(text.find("base = "), text.rfind("base = ")) << "the other model is none";
  const ProgramResult planned = quantier("run " + toml + " --out " + (folder_ / "r").string() + " --dry-run");
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  const ProgramResult needless = quantier("init " + demo("demo-encoder") + base() + data());
  EXPECT_EQ(needless.exit_code, 2);
  const ProgramResult hardware =
      quantier("hardware --model " + adapter_.string() + base() + " --device T4 --json");
  EXPECT_EQ(hardware.exit_code, 0) << hardware.err;
}

TEST_F(AdapterCommand, ARunMeasuresItAndRemembersBothParts) {
  write_file(
      folder_ / "run.toml",
      fmt::format(
          "recipes = [\"fp16\", \"int8\"]\n[[models]]\nname = \"tuned\"\npath = \"adapter\"\nbase = \"{}\"\n"
          "[data]\npath = \"data.jsonl\"\n[timing]\nenabled = false\n",
          demo("demo-encoder")));
  const std::string command =
      "run " + (folder_ / "run.toml").string() + " --out " + (folder_ / "results").string() + " --resume";
  const ProgramResult first = quantier(command + " --json");
  ASSERT_TRUE(first.exit_code == 0 || first.exit_code == 3) << first.err;
  EXPECT_TRUE(fs::exists(folder_ / "results" / "evidence.sqlite"));

  const auto hashes = [&] {
    const auto checkpoint = Checkpoint::open(ModelLocation{adapter_, fs::path(demo("demo-encoder"))});
    EXPECT_TRUE(checkpoint) << checkpoint.error().message();
    const auto found = hash_model(*checkpoint);
    EXPECT_TRUE(found) << found.error().message();
    return *found;
  };
  const ModelHashes before = hashes();
  write_adapter(0.021);
  const ModelHashes other_weights = hashes();
  EXPECT_NE(before.weights, other_weights.weights);
  EXPECT_EQ(before.config, other_weights.config);
  EXPECT_EQ(before.tokenizer, other_weights.tokenizer);
  write_config({{"lora_alpha", 9}});
  EXPECT_NE(before.config, hashes().config);
  const auto base_alone = Checkpoint::open(fs::path(demo("demo-encoder")));
  ASSERT_TRUE(base_alone);
  EXPECT_NE(before.weights, hash_model(*base_alone)->weights);
}

// Beside the weights: what the factors add is added at run time.

std::vector<float> logits_of(const ModelLocation& location, const char* recipe, EngineKind kind,
                             const std::vector<std::vector<std::int32_t>>& texts, ThreadPool& pool) {
  const auto model = load_classifier(location, PlanRules::of(recipe), {}, kind, pool);
  EXPECT_TRUE(model) << model.error().message();
  if (!model) return {};
  std::vector<float> logits;
  for (const std::vector<std::int32_t>& tokens : texts) {
    const std::vector<std::uint32_t> offsets = {0, static_cast<std::uint32_t>(tokens.size())};
    std::vector<float> row(model->spec.classes);
    EXPECT_TRUE(model->classifier->predict({tokens, offsets}, row));
    logits.insert(logits.end(), row.begin(), row.end());
  }
  return logits;
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  float largest = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

// The adapter with its factors rounded to halves, so that nothing is lost when they are stored as such.
fs::path in_halves(const fs::path& adapter, const fs::path& out) {
  fs::create_directories(out);
  fs::copy_file(adapter / "adapter_config.json", out / "adapter_config.json");
  const auto file = SafetensorsFile::open((adapter / "adapter_model.safetensors").string());
  EXPECT_TRUE(file) << file.error().message();
  std::vector<TensorToWrite> tensors;
  for (const SafetensorsEntry& entry : file->header().entries) {
    tensors.push_back({entry.name, DType::kF16, entry.shape, [&](const AppendFunction& add) {
                         std::vector<std::byte> halves(file->view(entry).element_count() * 2);
                         convert_elements(file->view(entry), 0, DType::kF16, halves);
                         return add(halves);
                       }});
  }
  EXPECT_TRUE(write_safetensors(out / "adapter_model.safetensors", std::move(tensors)).has_value());
  return out;
}

// In single precision over a base in f32, with factors that are halves, the two variants differ by the order
// of float sums alone: the bound of AdapterLogits.
TEST_F(AdapterCommand, BesideInSinglePrecisionIsTheMergedModel) {
  const auto document = read_json_file((kGoldens / "expected.json").string());
  ASSERT_TRUE(document) << document.error().message();
  ThreadPool pool(1);
  std::size_t cases = 0;
  for (const auto& [name, expected] : (*document)["cases"].items()) {
    const auto base = expected["base"].get<std::string>();
    if (!base.ends_with("-f32")) continue;
    SCOPED_TRACE(name);
    const fs::path adapter = in_halves(kGoldens / name, folder_ / name);
    std::vector<std::vector<float>> variants;
    for (const AdapterUse use : {AdapterUse::kMerge, AdapterUse::kBeside}) {
      const auto checkpoint = Checkpoint::open(ModelLocation{adapter, kGoldens / "bases" / base, use});
      ASSERT_TRUE(checkpoint) << checkpoint.error().message();
      const auto model =
          load_first_layers(*checkpoint, PlanRules::of("fp32"), {}, checkpoint->spec().layers.size(), pool);
      ASSERT_TRUE(model) << model.error().message();
      std::vector<float> all;
      for (const Json& ids : expected["token_ids"]) {
        const auto tokens = ids.get<std::vector<std::int32_t>>();
        const std::vector<std::uint32_t> offsets = {0, static_cast<std::uint32_t>(tokens.size())};
        std::vector<float> logits(checkpoint->spec().classes);
        ASSERT_TRUE(model->classifier->predict({tokens, offsets}, logits));
        all.insert(all.end(), logits.begin(), logits.end());
      }
      variants.push_back(std::move(all));
    }
    EXPECT_LT(largest_difference(variants[0], variants[1]), 2e-5F);
    EXPECT_NE(variants[0], variants[1]) << "the sums are taken in another order";
    ++cases;
  }
  EXPECT_GE(cases, 5u);
}

// peft over a base whose linear layers bitsandbytes holds in NF4 (tools/goldens/adapter_beside_goldens.py).
// The formats are the same to the bit (tests of quantize/); what differs is where halves are rounded.
TEST(AdapterBeside, IsWhatPeftComputesOverABaseInNf4) {
  const auto document = read_json_file((kGoldens / "beside.json").string());
  ASSERT_TRUE(document) << document.error().message();
  ThreadPool pool(1);
  for (const auto& [name, expected] : (*document)["cases"].items()) {
    SCOPED_TRACE(name);
    const auto of = [&](AdapterUse use) {
      const auto checkpoint = Checkpoint::open(
          ModelLocation{kGoldens / name, kGoldens / "bases" / expected["base"].get<std::string>(), use});
      EXPECT_TRUE(checkpoint) << checkpoint.error().message();
      const auto model =
          load_first_layers(*checkpoint, PlanRules::of("int4"), {}, checkpoint->spec().layers.size(), pool);
      EXPECT_TRUE(model) << model.error().message();
      double largest = 0;
      for (std::size_t i = 0; i < expected["token_ids"].size(); ++i) {
        const auto tokens = expected["token_ids"][i].get<std::vector<std::int32_t>>();
        const std::vector<std::uint32_t> offsets = {0, static_cast<std::uint32_t>(tokens.size())};
        std::vector<float> logits(checkpoint->spec().classes);
        EXPECT_TRUE(model->classifier->predict({tokens, offsets}, logits));
        for (std::size_t c = 0; c < logits.size(); ++c)
          largest = std::max(largest, std::abs(logits[c] - expected["logits"][i][c].get<double>()));
      }
      return largest;
    };
    const double beside = of(AdapterUse::kBeside);
    const double merged = of(AdapterUse::kMerge);
    EXPECT_LT(beside, 0.02);
    EXPECT_GT(merged, 2 * beside) << "the adapter merged before it is quantized is another model";
  }
}

TEST_F(AdapterCommand, BesideTheKernelsAgreeWithTheReference) {
  write_adapter(0.06);
  ThreadPool pool(1);
  const std::vector<std::vector<std::int32_t>> texts = {{1, 17, 300, 4000, 81, 9, 2}, {1, 5, 6, 7, 8, 2}};
  const ModelLocation beside{adapter_, fs::path(demo("demo-encoder")), AdapterUse::kBeside};
  for (const char* recipe :
       {"fp32", "fp16", "int8", "int8-rtn", "int4", "int4-rtn:group=32", "int4-w4a8", "fp8"}) {
    SCOPED_TRACE(recipe);
    const std::vector<float> cpu = logits_of(beside, recipe, EngineKind::kCpu, texts, pool);
    const std::vector<float> reference = logits_of(beside, recipe, EngineKind::kReference, texts, pool);
    // Half precision between layers; E4M3 rounds its inputs otherwise after the smallest difference.
    EXPECT_LT(largest_difference(cpu, reference), std::string_view(recipe) == "fp8" ? 0.5F : 0.1F);
    const std::vector<float> bare =
        logits_of({fs::path(demo("demo-encoder"))}, recipe, EngineKind::kCpu, texts, pool);
    EXPECT_GT(largest_difference(cpu, bare), 1.0F) << "the adapter does something";
  }
}

TEST_F(AdapterCommand, BesideIsPlannedShownAndExplained) {
  const std::string flags = base() + " --adapter beside";
  const ProgramResult json = quantier("inspect " + adapter_.string() + flags + " --recipe int4 --json");
  ASSERT_EQ(json.exit_code, 0) << json.err;
  const Json document = Json::parse(json.out);
  constexpr std::uint64_t kOne = 4 * (192 + 576) * 2;
  EXPECT_EQ(document["plan"]["adapter_bytes"], 6 * kOne);
  EXPECT_EQ(document["linears"][0]["adapter_rank"], 4);
  EXPECT_EQ(document["linears"][0]["format"], "nf4-block + rank 4");
  const Json merged =
      Json::parse(quantier("inspect " + adapter_.string() + base() + " --recipe int4 --json").out);
  EXPECT_EQ(document["plan"]["total_bytes"], merged["plan"]["total_bytes"].get<std::uint64_t>() + 6 * kOne);
  EXPECT_EQ(merged["plan"]["adapter_bytes"], 0);
  EXPECT_THAT(quantier("inspect " + adapter_.string() + flags + " --recipe int4").out,
              AllOf(HasSubstr("nf4-block + rank 4"), HasSubstr("of it the adapter, in halves")));
  ThreadPool pool(1);
  const auto model = load_classifier({adapter_, fs::path(demo("demo-encoder")), AdapterUse::kBeside},
                                     PlanRules::of("int4"), {}, EngineKind::kCpu, pool);
  ASSERT_TRUE(model) << model.error().message();
  const ExecutedPlan& executed = model->classifier->executed_plan();
  EXPECT_EQ(executed.weight_bytes, document["plan"]["total_bytes"]);
  EXPECT_EQ(executed.layers[0].executed_format, "nf4-block + rank 4");
  EXPECT_THAT(executed.options, ::testing::Contains(std::pair<std::string, std::string>(
                                    "adapter", "beside the weights of 6 layers, in halves")));
}

// Bit by bit what ran in memory, calibrated or not; other programs' formats have no place for it.
TEST_F(AdapterCommand, BesideAnArtefactKeepsTheAdapter) {
  const std::string calibration = " --calibration " + (folder_ / "data.jsonl").string();
  std::ofstream other(folder_ / "other.jsonl");
  for (int i = 0; i < 6; ++i)
    other << Json{{"text", fmt::format("a compiler of language {}", i)}, {"label", "devel"}}.dump() << "\n";
  other.close();
  const fs::path npz = folder_ / "out.npz";
  const auto predicted = [&](const std::string& arguments) {
    const ProgramResult result = quantier("predict " + arguments + " --data " +
                                          (folder_ / "other.jsonl").string() + " --out " + npz.string());
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return read_file(npz);
  };
  for (const std::string recipe : {"int4", "int4-gptq:group=64", "int8-smooth", "int4-awq:group=64"}) {
    SCOPED_TRACE(recipe);
    const std::string texts = recipe == "int4" ? "" : calibration;
    const std::string flags = base() + " --adapter beside --recipe " + recipe + texts;
    const fs::path out = folder_ / ("artefact-" + recipe.substr(0, 9));
    const ProgramResult made = quantier("quantize " + adapter_.string() + flags + " --out " + out.string());
    ASSERT_EQ(made.exit_code, 0) << made.err;
    const std::string beside = predicted(out.string());
    EXPECT_EQ(beside, predicted(adapter_.string() + flags));
    EXPECT_NE(beside, predicted(adapter_.string() + base() + " --recipe " + recipe + texts));
    const Json shown = Json::parse(quantier("inspect " + out.string() + " --json").out);
    EXPECT_EQ(shown["plan"]["adapter_bytes"], 6 * 4 * (192 + 576) * 2);
  }
  for (const auto& [format, recipe] :
       {std::pair("bitsandbytes", "int4"), std::pair("compressed-tensors", "int8-rtn")}) {
    const ProgramResult refused =
        quantier("quantize " + adapter_.string() + base() + " --adapter beside --recipe " + recipe +
                 " --format " + format + " --out " + (folder_ / "foreign").string());
    EXPECT_EQ(refused.exit_code, 7) << refused.err;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("beside"), HasSubstr("--adapter merge")));
    EXPECT_FALSE(fs::exists(folder_ / "foreign"));
  }
}

TEST_F(AdapterCommand, BothVariantsStandInOneRun) {
  const std::string variants = fmt::format(
      "[[models]]\nname = \"merged\"\npath = \"adapter\"\nbase = \"{0}\"\n"
      "[[models]]\nname = \"beside\"\npath = \"adapter\"\nbase = \"{0}\"\nadapter = \"{1}\"\n"
      "[data]\npath = \"data.jsonl\"\n[timing]\nenabled = false\n",
      demo("demo-encoder"), "beside");
  write_file(folder_ / "run.toml", "recipes = [\"fp16\", \"int4\"]\n" + variants);
  const fs::path out = folder_ / "results";
  const std::string command =
      "run " + (folder_ / "run.toml").string() + " --out " + out.string() + " --resume";
  const ProgramResult first = quantier(command);
  ASSERT_TRUE(first.exit_code == 0 || first.exit_code == 3) << first.err;
  auto store = Store::open(out / "evidence.sqlite", Store::Mode::kReadOnly);
  ASSERT_TRUE(store) << store.error().message();
  const auto summaries = store->runs();
  ASSERT_TRUE(summaries) << summaries.error().message();
  ASSERT_EQ(summaries->size(), 4u);
  std::map<std::string, std::string> adapters;
  for (const RunSummary& summary : *summaries) {
    const auto stored = store->load_run(summary.key);
    ASSERT_TRUE(stored) << stored.error().message();
    for (const auto& [name, value] : stored->plan.options) {
      if (name == "adapter")
        adapters[summary.configuration.model + " / " + summary.configuration.recipe] = value;
    }
  }
  EXPECT_THAT(adapters["merged / int4"], HasSubstr("merged into"));
  EXPECT_THAT(adapters["beside / int4"], HasSubstr("beside the weights of 6 layers"));

  std::string misspelt = read_file(folder_ / "run.toml");
  misspelt.replace(misspelt.find("\"beside\"\n[data]"), 8, "\"apart\"");
  write_file(folder_ / "run.toml", misspelt);
  const ProgramResult refused =
      quantier("run " + (folder_ / "run.toml").string() + " --out " + (folder_ / "x").string());
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("apart"), HasSubstr("merge"), HasSubstr("beside")));
}

TEST_F(AdapterCommand, BesideNeedsAnAdapterThatFitsIntoHalves) {
  const ProgramResult none = quantier("inspect " + demo("demo-encoder") + " --adapter beside");
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, HasSubstr("no adapter"));
  const ProgramResult unknown = quantier("inspect " + adapter_.string() + base() + " --adapter apart");
  EXPECT_EQ(unknown.exit_code, 2);
  write_adapter(1e6);
  const ProgramResult large =
      quantier("predict " + adapter_.string() + base() + data() + " --adapter beside --recipe int4");
  EXPECT_EQ(large.exit_code, 6) << large.err;
  EXPECT_THAT(large.err,
              AllOf(HasSubstr("cannot be stored as a half"), HasSubstr("Wqkv"), HasSubstr("row 0")));
}

TEST_F(AdapterCommand, BadAdaptersAreNamedWithTheirExitCode) {
  const auto expect = [&](const std::string& arguments, int code, const std::string& text) {
    const ProgramResult result = quantier(arguments);
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
    EXPECT_EQ(result.out, "");
  };
  expect("inspect " + adapter_.string(), 1, "--base DIR");
  expect("inspect " + demo("demo-encoder") + base(), 2, "no adapter");
  expect("tokenize " + demo("demo-encoder") + base() + data(), 2, "no adapter");
  expect("predict " + adapter_.string() + " --base " + demo("demo-decoder") + data(), 6, "Wqkv");
  write_config({{"use_dora", true}});
  expect("predict " + adapter_.string() + base() + data(), 7, "DoRA");
  write_config({{"peft_type", "IA3"}});
  expect("inspect " + adapter_.string() + base(), 7, "IA3");
  write_config({{"r", 0}});
  expect("inspect " + adapter_.string() + base(), 6, "rank");
  write_config({{"target_modules", "(.*)*(.*)*(.*)*x{2}y"}});
  expect("inspect " + adapter_.string() + base(), 7, "takes too long");
  write_file(adapter_ / "adapter_config.json", R"({"peft_type": "LORA", "lora_alpha": NaN})");
  expect("inspect " + adapter_.string() + base(), 6, "adapter_config.json");
}

}  // namespace
}  // namespace quantier::testing
