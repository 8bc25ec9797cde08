// `quantier decide` through the built program: a table without predictions, the synthetic notebook evidence,
// flags and files of limits, bad input, and the second decision that reads no logits.
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/evidence/store.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kUsage = 2;
constexpr int kNoCandidate = 3;
constexpr int kBadInput = 6;

Json parsed(const std::string& text) {
  const auto document = parse_json(text, "output");
  if (document) return *document;
  ADD_FAILURE() << document.error().message() << "\n" << text.substr(0, 500);
  return Json::object();
}

class DecideCommand : public CommandLineTest {
 protected:
  [[nodiscard]] std::string store() const { return (folder_ / "store").string(); }
  ProgramResult decide(const std::string& more) { return quantier("decide " + store() + " " + more); }
  // The measured table of the reference workload, as a notebook writes it.
  void import_table(const std::string& device = "--device T4") {
    write_file(folder_ / "files/summary.csv",
               "model,precision,macro_f1,latency_ms,vram_gb\n"
               "encoder,fp16,0.210,2.31,0.41\nencoder,int8,0.207,5.80,0.59\nencoder,int4,0.212,3.19,0.62\n"
               "decoder,fp16,0.240,5.05,1.15\ndecoder,int8,0.240,12.65,1.87\ndecoder,int4,0.221,7.92,1.89\n");
    write_file(folder_ / "files/ece.csv",
               "model,precision,ece_post\nencoder,fp16,0.040\nencoder,int8,0.039\nencoder,int4,0.027\n"
               "decoder,fp16,0.069\ndecoder,int8,0.072\ndecoder,int4,0.070\n");
    const ProgramResult result =
        quantier("import " + (folder_ / "files").string() + " --out " + store() + " " + device);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    write_file(
        folder_ / "limits.toml",
        "[envelope]\ndevice = \"one T4\"\nrequests_per_second = 100\nmacro_f1_min = 0.20\n"
        "ece_max = 0.05\n[prior]\ntext = \"Ship the decoder, its F1 is higher.\"\nmodel = \"decoder\"\n");
  }
  void import_notebook() {
    const std::string files = std::string(QUANTIER_SOURCE_DIR) + "/testdata/notebook";
    const ProgramResult result = quantier("import " + files + " --out " + store() + " --device \"one T4\"");
    ASSERT_EQ(result.exit_code, 0) << result.err;
    limits_ = " --config " + files + "/limits.toml ";
  }
  [[nodiscard]] std::string limits() const {
    return " --envelope " + (folder_ / "limits.toml").string() + " ";
  }
  std::string limits_;
};

TEST_F(DecideCommand, TheTableDecidesByDeclaredMargins) {
  import_table();
  const ProgramResult result = decide(limits() + "--json");
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out.substr(0, 500);
  const Json decision = parsed(result.out)["decision"];
  EXPECT_EQ(decision["chosen"], "encoder fp16");
  EXPECT_EQ(decision["prior"], "overturned");
  EXPECT_TRUE(decision["stability"].is_null());
  EXPECT_EQ(decision["margins"]["macro_f1"], 0.01);
  for (const Json& constraint : decision["constraints"]) {
    if (constraint["metric"] == "ECE") {
      EXPECT_THAT(constraint["failed_by"].get<std::vector<std::string>>(),
                  ElementsAre("decoder fp16", "decoder int8", "decoder int4"));
      EXPECT_TRUE(constraint["binding"].get<bool>());
    }
    if (constraint["kind"] == "latency") {
      EXPECT_THAT(constraint["failed_by"].get<std::vector<std::string>>(), ElementsAre("decoder int8"));
      EXPECT_FALSE(constraint["binding"].get<bool>());
    }
  }
  const ProgramResult text = decide(limits());
  EXPECT_THAT(text.out, AllOf(HasSubstr("Recommendation: encoder fp16"), HasSubstr("No probabilities"),
                              HasSubstr("ECE ceiling 0.050 → 0.069: decoder fp16 wins"),
                              HasSubstr("Macro-F1 alone would have chosen decoder"),
                              HasSubstr("Point estimates alone, the highest macro-F1 that passes, would have "
                                        "chosen encoder int4"),
                              HasSubstr("It is overturned: decoder fp16 fails ECE ≤ 0.050 with 0.069"),
                              HasSubstr("It is overturned: decoder fp16 fails ECE ≤ 0.050 with 0.069"),
                              HasSubstr("Declared margins: macro-F1 and shares 0.01")));
  EXPECT_THAT(text.err, HasSubstr("numbers of a table"));
  const Json wider = parsed(decide(limits() + "--max-ece 0.08 --json").out)["decision"];
  EXPECT_EQ(wider["chosen"], "decoder fp16");
  EXPECT_EQ(wider["prior"], "reinforced");
}

TEST_F(DecideCommand, ATablesCostsNeedADevice) {
  import_table("");
  const ProgramResult result = decide("--max-ms 10");
  EXPECT_EQ(result.exit_code, kNoCandidate);
  EXPECT_THAT(result.err, HasSubstr("say on which device"));
  EXPECT_THAT(result.out, HasSubstr("Missing: ms per example of every configuration is not known: time it"));
  EXPECT_EQ(decide("--max-ms 10 --device T4").exit_code, 0);
  // Declared when it was imported, it need not be declared again.
  import_table();
  EXPECT_EQ(decide("--max-ms 10").exit_code, 0);
}

TEST_F(DecideCommand, TheNotebookHangsOnItsTemperatureAndSaysSoFirst) {
  import_notebook();
  const ProgramResult result = decide(limits_);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("First, the temperature: the choice hangs on how it was fitted."));
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("cross-fitted the choice is encoder int4; at the temperatures that the "
                              "files report it is encoder fp16"),
                    HasSubstr("a tie by its paired interval"),
                    HasSubstr("its macro-F1 hides that head accuracy changes by −2.5 points"),
                    HasSubstr("11 lost and 4 gained of 283")));
  const Json document = parsed(decide(limits_ + "--json").out);
  const Json temperature = document["decision"]["temperature"];
  EXPECT_EQ(temperature["chosen_at_reported"], "encoder fp16");
  EXPECT_EQ(temperature["chosen_at_converged"], "encoder int4");
  EXPECT_TRUE(temperature["by_points_at_reported"]["tie"].get<bool>());
  EXPECT_EQ(temperature["by_points_at_reported"]["hidden"]["tier"], "head");
  EXPECT_LT(temperature["by_points_at_reported"]["lead"]["low"].get<double>(), 0.0);
  // Every probability is one, and a value at its limit is about as likely above as below.
  for (const Json& row : document["decision"]["configurations"]) {
    for (const Json& check : row["checks"]) {
      if (check["probability"].is_null()) continue;
      EXPECT_GE(check["probability"].get<double>(), 0.0);
      EXPECT_LE(check["probability"].get<double>(), 1.0);
      EXPECT_EQ(check["probability"].get<double>() > 0.5, check["outcome"] == "pass") << check.dump();
    }
  }
  // Read as reported, the choice is the one of the table.
  write_file(folder_ / "reported.toml",
             "[envelope]\nms_per_example_protocol = \"workload\"\nrequests_per_second = 100\n"
             "macro_f1_min = 0.2\nece_max = 0.05\nece_fit = \"reported\"\n");
  const ProgramResult reported =
      decide(limits_ + "--json --envelope " + (folder_ / "reported.toml").string());
  EXPECT_EQ(parsed(reported.out)["decision"]["chosen"], "encoder fp16") << reported.err;
}

TEST_F(DecideCommand, TheSecondDecisionReadsWhatTheFirstKept) {
  import_notebook();
  const Json first = parsed(decide(limits_ + "--json").out);
  Json second = parsed(decide(limits_ + "--json").out);
  EXPECT_FALSE(first["replicates_from_store"].get<bool>());
  EXPECT_TRUE(second["replicates_from_store"].get<bool>());
  EXPECT_EQ(first["decision"], second["decision"]);
  // Another metric is derived once; afterwards both envelopes find theirs.
  const std::string gate = limits_ + "--require \"gate 0.5 accuracy >= 0.6\" --json";
  EXPECT_FALSE(parsed(decide(gate).out)["replicates_from_store"].get<bool>());
  EXPECT_TRUE(parsed(decide(gate).out)["replicates_from_store"].get<bool>());
  EXPECT_TRUE(parsed(decide(limits_ + "--json").out)["replicates_from_store"].get<bool>());
  // Other limits, the same evidence.
  EXPECT_TRUE(parsed(decide(limits_ + "--max-ece 0.2 --json").out)["replicates_from_store"].get<bool>());
}

TEST_F(DecideCommand, GatesClassesTiersAndNoWorseAreLimitsLikeOthers) {
  import_notebook();
  write_file(
      folder_ / "more.toml",
      "[envelope]\nms_per_example_protocol = \"workload\"\n"
      "frontier = [\"macro-F1\", \"head accuracy\", \"ms per example\", \"ECE\"]\n"
      "[[envelope.constraint]]\nmetric = \"gate at accuracy 0.7 share\"\nmin = 0.05\n"
      "[[envelope.constraint]]\nmetric = \"tail macro-F1\"\nmin = 0.01\n"
      "[[envelope.constraint]]\nmetric = \"memory\"\nmax = 16000\n"
      "[[envelope.constraint]]\nmetric = \"head accuracy\"\nno_worse_than = \"encoder fp16\"\nmargin = 0.2\n"
      "[[envelope.constraint]]\nmetric = \"ECE\"\nmax = 0.05\nhard = false\n");
  const ProgramResult result = decide(limits_ + "--json --envelope " + (folder_ / "more.toml").string());
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out.substr(0, 800);
  const Json decision = parsed(result.out)["decision"];
  EXPECT_EQ(decision["constraints"].size(), 5U);
  EXPECT_EQ(decision["constraints"][2]["limit"], 16e9);
  EXPECT_EQ(decision["constraints"][3]["no_worse_than"], "encoder fp16");
  EXPECT_FALSE(decision["constraints"][4]["hard"].get<bool>());
  EXPECT_EQ(decision["frontier"]["axes"].size(), 4U);
  for (const Json& row : decision["configurations"]) {
    EXPECT_FALSE(row["checks"][0]["value"].is_null());
    EXPECT_FALSE(row["checks"][0]["probability"].is_null());
  }
}

TEST_F(DecideCommand, WhenNamesTheLimitsOfAConfiguration) {
  import_table();
  const ProgramResult result = decide(limits() + "--when \"decoder fp16\"");
  EXPECT_THAT(result.out, HasSubstr("decoder fp16 is the choice with the ECE ceiling 0.069 or above"));
  EXPECT_THAT(decide(limits() + "--when \"decoder int8\"").out,
              AllOf(HasSubstr("No limits on these metrics make decoder int8 the choice"),
                    HasSubstr("dominated by decoder fp16")));
  const ProgramResult unknown = decide(limits() + "--when \"decodr fp16\"");
  EXPECT_EQ(unknown.exit_code, kUsage);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"decoder fp16\"?"));
}

TEST_F(DecideCommand, NothingPassesHasItsOwnExitCodeAndASmallestStep) {
  import_table();
  const ProgramResult result = decide(limits() + "--max-ece 0.02");
  EXPECT_EQ(result.exit_code, kNoCandidate);
  EXPECT_THAT(result.out, AllOf(HasSubstr("No configuration meets every limit. Nearest is encoder int4"),
                                HasSubstr("ECE to 0.027: relax that one, if one must be")));
}

TEST_F(DecideCommand, BadLimitsAreErrorsOfUse) {
  import_table();
  const auto refused = [&](const std::string& more, const std::string& says) {
    const ProgramResult result = decide(limits() + more);
    EXPECT_EQ(result.exit_code, kUsage) << more << result.out;
    EXPECT_THAT(result.err, HasSubstr(says)) << more;
  };
  refused("--require \"macro-F1 <= 0.1\"", "contradict each other");
  refused("--require \"marco-F1 >= 0.1\"", "did you mean \"macro-F1\"?");
  refused("--require \"macro-F1 0.1\"", "no >= or <=");
  refused("--require \"accuracy >= 60\"", "never above 1");
  refused("--require \"accuracy >= -1\"", "not a number that a limit can have");
  refused("--require \"accuracy >= nan\"", "not a number that a limit can have");
  refused("--require \"tail accuracy >= 0.5\"", "there are no tiers");
  refused("--max-memory 2XB", "write a number and a unit");
  refused("--frontier ECE", "two axes or more");
  write_file(folder_ / "bad.toml", "[envelope]\necce_max = 0.05\n");
  const ProgramResult misspelt = decide("--envelope " + (folder_ / "bad.toml").string());
  EXPECT_EQ(misspelt.exit_code, kUsage);
  EXPECT_THAT(misspelt.err, HasSubstr("ece_max"));
  write_file(folder_ / "bad.toml",
             "[envelope]\n[[envelope.constraint]]\nmetric = \"ECE\"\nmax = 0.1\nno_worse_than = \"x\"\n");
  EXPECT_EQ(decide("--envelope " + (folder_ / "bad.toml").string()).exit_code, kUsage);
  EXPECT_EQ(quantier("decide " + (folder_ / "nowhere").string()).exit_code, kBadInput);
}

TEST_F(DecideCommand, MixedDataAreRefused) {
  import_notebook();
  const std::string files = std::string(QUANTIER_SOURCE_DIR) + "/testdata/notebook/";
  std::filesystem::create_directories(folder_ / "earlier");
  for (const auto& entry : std::filesystem::directory_iterator(files)) {
    const std::string name = entry.path().filename().string();
    if (name.find("lab_predictions.npz") != std::string::npos && name.find("5") != std::string::npos) {
      std::filesystem::copy(entry.path(), folder_ / "earlier" / name);
    }
  }
  // One of the models once more, under another name of the split.
  const ProgramResult added =
      quantier("import " + (folder_ / "earlier").string() + " --split test --out " + store());
  ASSERT_EQ(added.exit_code, 0) << added.err;
  auto opened = Store::open(folder_ / "store/evidence.sqlite", Store::Mode::kReadWrite);
  ASSERT_TRUE(opened);
  const auto runs = opened->runs();
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->size(), 12U);
  // The latest run of each configuration read one split, this configuration the other.
  quantier::Run odd = *opened->load_run(runs->front().key);
  odd.configuration.recipe = "int4-again";
  odd.key += "x";
  ASSERT_TRUE(opened->add_run(odd));
  const ProgramResult result = decide("");
  EXPECT_EQ(result.exit_code, kBadInput);
  EXPECT_THAT(result.err, AllOf(HasSubstr("cannot be decided between"), HasSubstr("--config")));
}

}  // namespace
}  // namespace quantier::testing
