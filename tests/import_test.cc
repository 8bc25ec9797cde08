// Files that a notebook left behind, synthetic and with a planted truth: what is stated is found again, what
// differs is explained, and what cannot be explained stops the import with both numbers.
#include <cmath>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/evidence/store.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kBadInput = 6;

Json parsed(const std::string& text) {
  const auto document = parse_json(text, "output");
  if (document) return *document;
  ADD_FAILURE() << document.error().message() << "\n" << text.substr(0, 500);
  return Json::object();
}

class ImportTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    std::filesystem::copy(std::string(QUANTIER_SOURCE_DIR) + "/testdata/notebook", files());
  }
  [[nodiscard]] std::filesystem::path files() const { return folder_ / "notebook"; }
  [[nodiscard]] std::string out() const { return (folder_ / "out").string(); }
  [[nodiscard]] std::filesystem::path file(const std::string& part) const {
    for (const auto& entry : std::filesystem::directory_iterator(files())) {
      if (entry.path().filename().string().find(part) != std::string::npos) return entry.path();
    }
    ADD_FAILURE() << "no file " << part;
    return {};
  }
  // Replaces the text of one cell: line and column from 0.
  void change_cell(const std::string& part, std::size_t line, std::size_t column, const std::string& value) {
    std::istringstream in(read_file(file(part)));
    std::string result;
    std::size_t at = 0;
    for (std::string text; std::getline(in, text); ++at) {
      if (at == line) {
        std::size_t begin = 0;
        for (std::size_t i = 0; i < column; ++i) begin = text.find(',', begin) + 1;
        text.replace(begin, std::min(text.find(',', begin), text.size()) - begin, value);
      }
      result += text + "\n";
    }
    write_file(file(part), result);
  }
  ProgramResult import(const std::string& more = "") {
    return quantier("import " + files().string() + " --out " + out() + " " + more);
  }
};

TEST_F(ImportTest, FindsThePlantedTruthAgain) {
  const ProgramResult result = import("--json");
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out.substr(0, 2000);
  const Json document = parsed(result.out);
  EXPECT_EQ(document["unexplained"], 0);
  EXPECT_EQ(document["runs"].size(), 6U);
  const Json truth = parsed(read_file(file("planted_truth")));
  int checked = 0;
  for (const Json& planted : truth["configurations"]) {
    for (const Json& row : document["values"]) {
      if (row["model"] != planted["model"] || row["recipe"] != planted["precision"] ||
          row["kind"] != "reported") {
        continue;
      }
      if (!row["tier"].is_null() || !row["label"].is_null() || !row["part"].is_null()) continue;
      const std::string quantity = row["quantity"];
      if (quantity == "macro_f1" || quantity == "accuracy" || quantity == "ece_pre") {
        EXPECT_NEAR(row["computed"].get<double>(), planted[quantity].get<double>(), 2e-6) << row.dump();
        ++checked;
      } else if (quantity == "temperature") {
        EXPECT_NEAR(row["computed"].get<double>(), planted["optimal_T"].get<double>(), 1e-5);
        EXPECT_EQ(row["difference"], "temperature fit");
        ++checked;
      } else if (quantity == "ece_post") {
        EXPECT_NEAR(row["computed"].get<double>(), planted["ece_optimum"].get<double>(), 1e-5);
        EXPECT_NEAR(row["stated"].get<double>(), planted["ece_post"].get<double>(), 6e-5);
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 30);
}

TEST_F(ImportTest, RunsAreImportedAndCostsNeedADevice) {
  ASSERT_EQ(import().exit_code, 0);
  {
    auto store = Store::open(folder_ / "out/evidence.sqlite", Store::Mode::kReadOnly);
    ASSERT_TRUE(store) << store.error().message();
    const auto runs = store->runs();
    ASSERT_EQ(runs->size(), 6U);
    const auto run = store->load_run(runs->front().key);
    ASSERT_TRUE(run);
    EXPECT_EQ(run->provenance.origin, RunOrigin::kImported);
    EXPECT_TRUE(run->timings.empty());
    EXPECT_FALSE(run->memory.device_peak_bytes.has_value());
    EXPECT_THAT(run->predictions.label_names.front(), HasSubstr("synthetic"));
    EXPECT_GT(store->reported()->size(), 100U);
  }
  const ProgramResult again = import();
  EXPECT_THAT(again.out, HasSubstr("0 runs added, 6 were there"));
  const std::string other = (folder_ / "declared").string();
  ASSERT_EQ(quantier("import " + files().string() + " --device card --out " + other).exit_code, 0);
  auto store = Store::open(folder_ / "declared/evidence.sqlite", Store::Mode::kReadOnly);
  const auto run = store->load_run(store->runs()->front().key);
  EXPECT_EQ(run->configuration.device, "card");
  EXPECT_EQ(run->timings.size(), 1U);
  EXPECT_TRUE(run->memory.device_peak_bytes.has_value());
}

TEST_F(ImportTest, TheTableSaysWhyNumbersDiffer) {
  const ProgramResult result = import();
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("your file"), HasSubstr("why they differ"), HasSubstr("of the optimal log T"),
                    HasSubstr("Quantier reads"), HasSubstr("bootstrap mean:"), HasSubstr("seed:"),
                    HasSubstr("planted_truth.json"), HasSubstr("left out"), HasSubstr("not declared")));
}

TEST_F(ImportTest, AnUnexplainedNumberStopsTheImportWithBothNumbers) {
  change_cell("summary", 1, 3, "0.9000");
  const ProgramResult result = import();
  EXPECT_EQ(result.exit_code, kBadInput);
  EXPECT_THAT(result.err, AllOf(HasSubstr("cannot be explained"), HasSubstr("line 2, column macro_f1"),
                                HasSubstr("your file says 0.9000, Quantier 0."), HasSubstr("hint:")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  const ProgramResult json = import("--json");
  EXPECT_EQ(json.exit_code, kBadInput);
  EXPECT_EQ(parsed(json.out)["unexplained"], 1);
}

TEST_F(ImportTest, ATemperatureIsOnlyExplainedByItsOwnEce) {
  change_cell("_ece", 1, 4, "0.2000");
  EXPECT_THAT(import().err, HasSubstr("at the file's T"));
  change_cell("_ece", 1, 3, "40");
  EXPECT_THAT(import().err, HasSubstr("its likelihood is no better than without a temperature"));
}

// The notebook's own optimizer, named: its T comes out, and the error there is the optimizer's.
TEST_F(ImportTest, TheNamedOptimizerGivesTheStatedTemperatures) {
  const ProgramResult result = import("--temperature lbfgs:lr=0.01,steps=50 --max-ece 0.05 --json");
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out.substr(0, 2000);
  const Json document = parsed(result.out);
  int named = 0;
  for (const Json& row : document["values"]) {
    if (row["quantity"] != "temperature" || row["kind"] != "reported") continue;
    EXPECT_THAT(row["why"].get<std::string>(), HasSubstr("lbfgs:lr=0.01,steps=50 gives")) << row.dump();
    ++named;
  }
  EXPECT_EQ(named, 12);  // six on all rows, six on the even ones
  int turned_over = 0;
  ASSERT_EQ(document["calibration"].size(), 6U);
  for (const Json& row : document["calibration"]) {
    const Json& reproduced = row["reproduced"][0];
    EXPECT_NEAR(reproduced["ece"].get<double>(), row["reported"]["ece"].get<double>(), 2e-3);
    EXPECT_LT(reproduced["share_of_optimum"].get<double>(), 0.5);
    const bool is_decoder = row["model"] == "decoder";
    EXPECT_EQ(row["limit"]["reported"], !is_decoder) << row.dump();
    if (is_decoder && row["ece_held_out"].get<double>() <= 0.05) ++turned_over;
  }
  EXPECT_EQ(turned_over, 2);  // of three: this few examples leave the third open
  EXPECT_THAT(import("--temperature lbfgs:lr=0.01,steps=50 --max-ece 0.05").out,
              AllOf(HasSubstr("at your T"), HasSubstr("at the optimum"), HasSubstr("held out"),
                    HasSubstr("Perhaps decided by the optimizer"), HasSubstr("fails at your T, passes")));
}

TEST_F(ImportTest, AnOptimizerThatEndsElsewhereIsAnError) {
  const ProgramResult other = import("--temperature adam:lr=0.5,steps=300");
  EXPECT_EQ(other.exit_code, kBadInput);
  EXPECT_THAT(other.err, AllOf(HasSubstr("adam:lr=0.5,steps=300 gives"), HasSubstr("the optimum is")));
  const ProgramResult misspelt = import("--temperature lbfgs:lr=0.01");
  EXPECT_EQ(misspelt.exit_code, 2);
  EXPECT_THAT(misspelt.err, AllOf(HasSubstr("no recipe for a temperature"), HasSubstr("hint:")));
}

TEST_F(ImportTest, DeltasOfOtherPredictionsAreNotASeed) {
  Json deltas = parsed(read_file(file("tier_deltas")));
  deltas["encoder"]["tail"]["mean"] = 0.3;
  write_file(file("tier_deltas"), deltas.dump());
  EXPECT_THAT(import().err, AllOf(HasSubstr("encoder.tail.mean"), HasSubstr("says 0.3")));
}

TEST_F(ImportTest, EarlierMeasurementsInToml) {
  write_file(
      files() / "before.toml",
      "[[earlier]]\nwhat = \"requests per second\"\nvalue = 120\nwhen = \"June\"\nhow = \"a stopwatch\"\n");
  const ProgramResult result = import("--json");
  ASSERT_EQ(result.exit_code, 0) << result.out.substr(0, 1000);
  bool found = false;
  const Json document = parsed(result.out);
  for (const Json& row : document["values"]) {
    if (row["quantity"] != "requests per second") continue;
    found = true;
    EXPECT_EQ(row["kind"], "earlier");
    EXPECT_EQ(row["stated"], 120.0);
    EXPECT_EQ(row["how"], "a stopwatch");
    EXPECT_EQ(row["difference"], "not computed");
  }
  EXPECT_TRUE(found);
  write_file(files() / "before.toml", "[[earlier]]\nwhat = \"x\"\nvalu = 1\n");
  const ProgramResult misspelt = import();
  EXPECT_EQ(misspelt.exit_code, kBadInput);
  EXPECT_THAT(misspelt.err, HasSubstr("before.toml"));
  write_file(files() / "before.toml", "[[earlier\n");
  EXPECT_THAT(import().err, HasSubstr("TOML is malformed"));
}

TEST_F(ImportTest, FilesThatAreNotUnderstood) {
  write_file(folder_ / "memo.md", "ship it");
  const ProgramResult named = quantier("import " + (folder_ / "memo.md").string() + " --out " + out());
  EXPECT_EQ(named.exit_code, kBadInput);
  EXPECT_THAT(named.err, HasSubstr("not understood"));
  EXPECT_THAT(quantier("import " + out() + "x --out " + out()).err, HasSubstr("no such file"));
  write_file(files() / "broken.json", "{");
  EXPECT_EQ(import().exit_code, kBadInput);
  std::filesystem::remove(files() / "broken.json");
  write_file(files() / "broken.npz", "PK");
  EXPECT_THAT(import().err, HasSubstr("not an .npz archive"));
}

TEST_F(ImportTest, ImportedRunsAreComparedFromTheStore) {
  ASSERT_EQ(import().exit_code, 0);
  const ProgramResult result =
      quantier("compare --store " + out() + " \"encoder fp16\" \"encoder int4\" --json --replicates 200");
  ASSERT_EQ(result.exit_code, 0) << result.out;
  const Json truth = parsed(read_file(file("planted_truth")));
  const Json document = parsed(result.out);
  ASSERT_EQ(document["comparisons"].size(), 4U);
  int tiers = 0;
  for (const Json& planted : truth["configurations"]) {
    if (planted["model"] != "encoder" || planted["precision"] != "int4") continue;
    for (const Json& row : document["comparisons"]) {
      const std::string tier = row["tier"];
      if (tier == "all") continue;
      ++tiers;
      EXPECT_EQ(row["n"], planted["flips"][tier]["n"]);
      EXPECT_EQ(row["right_to_wrong"], planted["flips"][tier]["right_to_wrong"]);
      EXPECT_EQ(row["wrong_to_right"], planted["flips"][tier]["wrong_to_right"]);
    }
  }
  EXPECT_EQ(tiers, 3);
  const ProgramResult unknown = quantier("compare --store " + out() + " \"encoder fp16\" \"encoder int2\"");
  EXPECT_EQ(unknown.exit_code, kBadInput);
  EXPECT_THAT(unknown.err, HasSubstr("\"encoder int4\""));
}

// A limit on the calibration error decides otherwise at the temperature of the files than at a converged one,
// and the note says so; nothing in it claims to have been measured here.
TEST_F(ImportTest, AStoreOfImportedRunsIsReported) {
  ASSERT_EQ(import("--device \"one card\"").exit_code, 0);
  const ProgramResult result =
      quantier("report " + out() + " --config " + file("limits").string() + " --json");
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out.substr(0, 1000);
  EXPECT_THAT(parsed(result.out).dump(), HasSubstr("device_peak_bytes"));
  // Flips that were planted are drawn, and read in the text.
  EXPECT_THAT(read_file(folder_ / "out/figures/flips.svg"), HasSubstr("encoder int4 against fp16: "));
  const std::string note = read_file(folder_ / "out/note.md");
  EXPECT_THAT(note, AllOf(HasSubstr("Most answers change in decoder int4"), HasSubstr("(figures/flips.svg)"),
                          HasSubstr("Where errors in tail land: encoder answers mostly with head"),
                          HasSubstr("Appendix: damage in detail")));
  const ProgramResult table = quantier("report " + out() + " --config " + file("limits").string());
  EXPECT_THAT(table.out, AllOf(HasSubstr("2.31*"), HasSubstr("410.0*"), HasSubstr("not measured here"),
                               Not(HasSubstr("p50"))));
  EXPECT_THAT(
      note,
      AllOf(HasSubstr("nothing was measured here"), HasSubstr("state for one card"),
            HasSubstr("as the files report it"), HasSubstr("Reported temperature, decoder fp16"),
            HasSubstr(
                "This hangs on the temperature: at those that the files report the choice is encoder fp16"),
            HasSubstr("First, the temperature: the choice hangs on how it was fitted"),
            Not(HasSubstr("measured by Quantier"))));
  const ProgramResult shown = quantier("show " + out());
  EXPECT_THAT(shown.out, AllOf(HasSubstr("decoder int4"), Not(HasSubstr("0.00"))));
}

// Without a device nothing that was stated passes a limit.
TEST_F(ImportTest, TimeAndMemoryOfNoDevicePassNoLimit) {
  ASSERT_EQ(import().exit_code, 0);
  write_file(folder_ / "limits.toml",
             "recipes = [\"fp16\", \"int8\"]\n[[models]]\nname = \"encoder\"\npath = \".\"\n"
             "[data]\npath = \"none.jsonl\"\n[envelope]\nms_per_example_max = 1000.0\n"
             "ms_per_example_protocol = \"workload\"\n");
  const ProgramResult result =
      quantier("report " + out() + " --config " + (folder_ / "limits.toml").string());
  EXPECT_EQ(result.exit_code, 3) << result.out << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("not measured: latency"), HasSubstr("only for a declared device")));
}

}  // namespace
}  // namespace quantier::testing
