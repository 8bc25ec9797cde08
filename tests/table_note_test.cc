// A note over a results table alone, through the built program: the decision by declared margins, every
// number traced to the file it was read from, marked gaps for what takes predictions; and a table beside
// predictions. The table is the measured one of the reference workload, as a notebook writes it.
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/evidence/store.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kNoCandidate = 3;
constexpr int kBadInput = 6;
constexpr const char* kSummary =
    "model,precision,macro_f1,latency_ms,vram_gb\n"
    "encoder,fp16,0.210,2.31,0.41\nencoder,int8,0.207,5.80,0.59\nencoder,int4,0.212,3.19,0.62\n"
    "decoder,fp16,0.240,5.05,1.15\ndecoder,int8,0.240,12.65,1.87\ndecoder,int4,0.221,7.92,1.89\n";
constexpr const char* kEce =
    "model,precision,ece_post\nencoder,fp16,0.040\nencoder,int8,0.039\nencoder,int4,0.027\n"
    "decoder,fp16,0.069\ndecoder,int8,0.072\ndecoder,int4,0.070\n";

Json parsed(const std::string& text) {
  const auto document = parse_json(text, "output");
  if (document) return *document;
  ADD_FAILURE() << document.error().message() << "\n" << text.substr(0, 500);
  return Json::object();
}

class TableNote : public CommandLineTest {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write_table() {
    write_file(folder_ / "files/summary.csv", kSummary);
    write_file(folder_ / "files/ece.csv", kEce);
    write_limits("0.05");
  }
  void write_limits(const std::string& ece) {
    write_file(folder_ / "limits.toml",
               "[envelope]\ndevice = \"one T4\"\nrequests_per_second = 100\nmacro_f1_min = 0.20\n"
               "ece_max = " +
                   ece +
                   "\n[prior]\ntext = \"Ship the decoder, its F1 is higher.\"\nmodel = \"decoder\"\n"
                   "recipe = \"fp16\"\n");
  }
  ProgramResult note(const std::string& more) {
    return quantier("note --from " + path("files") + " --out " + path("out") + " " + more);
  }
  [[nodiscard]] std::string limits() const { return "--envelope " + path("limits.toml") + " "; }
  std::string markdown(const std::string& folder = "out") {
    const auto text = read_text_file(folder_ / folder / "note.md", 1 << 24);
    EXPECT_TRUE(text) << text.error().message();
    return text.value_or("");
  }
};

TEST_F(TableNote, DecidesByTheMarginsAndMarksWhatItCannotKnow) {
  write_table();
  const ProgramResult result = note(limits() + "--json");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json document = parsed(result.out);
  EXPECT_EQ(document["decision"]["chosen"], "encoder fp16");
  EXPECT_EQ(document["decision"]["prior"], "overturned");
  EXPECT_TRUE(document["decision"]["stability"].is_null());
  EXPECT_TRUE(document["table_only"].get<bool>());
  EXPECT_TRUE(document["table"][0]["accuracy"].is_null());
  EXPECT_LE(document["note"]["prose_pages"].get<double>(), 3.0);
  const std::string text = markdown();
  EXPECT_THAT(
      text, AllOf(HasSubstr("## 1. Accuracy-efficiency frontier"), HasSubstr("## 2. Where the damage lands"),
                  HasSubstr("## 3. Calibration under compression"),
                  HasSubstr("## 4. Operational decision under constraints"),
                  HasSubstr("## 5. Revisiting the earlier recommendation")));
  EXPECT_THAT(text,
              AllOf(HasSubstr("> Recommendation: encoder fp16"), HasSubstr("No probabilities: these are"),
                    HasSubstr("the difference is within the margin of 0.01."),
                    HasSubstr("| ECE ceiling 0.050 | [0.069]"), HasSubstr("decoder fp16 wins |"),
                    HasSubstr("Macro-F1 alone would have chosen decoder fp16"),
                    HasSubstr("would have chosen encoder int4; what makes the difference: its lead of"),
                    HasSubstr("It is overturned: decoder fp16 fails ECE ≤ 0.050 with")));
  // The promises, from stated numbers: int4 of the decoder loses more than the margin, the others do not.
  EXPECT_THAT(text, AllOf(HasSubstr("accuracy kept by encoder int8, encoder int4 and decoder int8; broken by "
                                    "decoder int4; memory broken by all; time broken by all")));
}

TEST_F(TableNote, EveryNumberLeadsToItsFile) {
  write_table();
  ASSERT_EQ(note(limits()).exit_code, 0);
  const ProgramResult verified = quantier("verify " + path("out") + "/note.md --store " + path("out"));
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
  EXPECT_THAT(verified.out, AllOf(HasSubstr(" 0 moved, 0 with an unknown reference")));
  const ProgramResult again = quantier("verify " + path("out") + "/note.md --store " + path("out") +
                                       " --rerun --config " + path("limits.toml"));
  EXPECT_EQ(again.exit_code, 0) << again.out;
  const ProgramResult explained = quantier("explain " + path("out") + " encoder/int4/ece");
  EXPECT_THAT(explained.out, AllOf(HasSubstr("ece.csv, line 4"), HasSubstr("as stated")));
  for (const char* name : {"note.md", "note.html"}) {
    const ProgramResult audited = quantier("audit " + path("out") + "/" + name + " --store " + path("out") +
                                           " --config " + path("limits.toml") + " --json");
    const Json audit = parsed(audited.out);
    std::size_t alarms = 0;
    for (const Json& number : audit["notes"][0]["numbers"]) {
      if (!number["look_at"].get<bool>()) continue;
      ++alarms;
      ADD_FAILURE() << name << ": " << number.dump();
    }
    EXPECT_EQ(alarms, 0U);
    EXPECT_TRUE(audit["notes"][0]["claims"].empty()) << audit["notes"][0]["claims"].dump();
  }
  // A digit that somebody changes is found by both.
  std::string text = markdown();
  const std::string was = "ECE [0.040]";
  const std::size_t at = text.find(was);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, was.size(), "ECE [0.047]");
  write_file(folder_ / "changed.md", text);
  EXPECT_EQ(quantier("verify " + path("changed.md") + " --store " + path("out")).exit_code, 8);
  EXPECT_THAT(
      quantier("audit " + path("changed.md") + " --store " + path("out") + " --config " + path("limits.toml"))
          .out,
      HasSubstr("0.047"));
}

TEST_F(TableNote, OtherLimitsDecideAnewAndReportIsTheSame) {
  write_table();
  write_limits("0.08");
  const ProgramResult result = note(limits() + "--json");
  EXPECT_EQ(parsed(result.out)["decision"]["chosen"], "decoder fp16") << result.err;
  EXPECT_EQ(parsed(result.out)["decision"]["prior"], "reinforced");
  write_limits("0.02");
  EXPECT_EQ(quantier("report " + path("out") + " --config " + path("limits.toml")).exit_code, kNoCandidate);
  EXPECT_THAT(markdown(), HasSubstr("No configuration meets every limit. Nearest is encoder int4"));
  write_limits("0.05");
  ASSERT_EQ(
      quantier("report " + path("out") + " --config " + path("limits.toml") + " --out " + path("report"))
          .exit_code,
      0);
  ASSERT_EQ(quantier("note --from " + path("out") + " " + limits() + "--out " + path("out")).exit_code, 0);
  EXPECT_EQ(markdown(), markdown("report"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out/note.pdf"));
}

TEST_F(TableNote, TheDeviceOfTheImportCountsAndWithoutOneNothingDoes) {
  write_table();
  write_file(folder_ / "limits.toml", "[envelope]\nms_per_example_max = 10.0\n");
  EXPECT_EQ(note(limits()).exit_code, kNoCandidate);
  EXPECT_THAT(markdown(), HasSubstr("no device is declared"));
  std::filesystem::remove_all(folder_ / "out");
  EXPECT_EQ(note(limits() + "--device T4").exit_code, 0);
  EXPECT_THAT(markdown(), HasSubstr("Time and memory are of T4."));
  // Read again, the same files add nothing.
  const auto stated = [&] {
    auto store = Store::open(folder_ / "out/evidence.sqlite", Store::Mode::kReadOnly);
    return store ? store->reported().value_or(std::vector<ReportedValue>{}).size() : 0;
  };
  const std::size_t before = stated();
  EXPECT_EQ(before, 24U);
  EXPECT_EQ(note(limits() + "--device T4").exit_code, 0);
  EXPECT_EQ(stated(), before);
}

TEST_F(TableNote, StatedTiersAndTemperaturesStandAsStated) {
  std::filesystem::create_directories(folder_ / "files");
  const std::filesystem::path from = std::filesystem::path(QUANTIER_SOURCE_DIR) / "testdata/notebook";
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    if (entry.path().extension() != ".npz") {
      std::filesystem::copy_file(entry.path(), folder_ / "files" / entry.path().filename());
    }
  }
  const std::string config = (from / "limits.toml").string();
  ASSERT_EQ(note("--envelope " + config).exit_code, 0);
  EXPECT_THAT(markdown(),
              AllOf(HasSubstr("Change of accuracy in a tier against the baseline"),
                    HasSubstr("encoder int4 in tail ([+10.0"), HasSubstr("no finding"),
                    HasSubstr("As stated, one temperature takes the ECE of encoder from"),
                    HasSubstr("Measured before, and in this table"), Not(HasSubstr("established"))));
  const ProgramResult verified = quantier("verify " + path("out") + "/note.md --store " + path("out"));
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
}

TEST_F(TableNote, ATableBesidePredictionsIsNotLost) {
  std::filesystem::create_directories(folder_ / "files");
  const std::filesystem::path from = std::filesystem::path(QUANTIER_SOURCE_DIR) / "testdata/notebook";
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    std::filesystem::copy_file(entry.path(), folder_ / "files" / entry.path().filename());
  }
  write_file(folder_ / "files/other.csv",
             "model,precision,accuracy,macro_f1,latency_ms\nstudent,fp16,0.6125,0.4777,1.25\n");
  const ProgramResult result = note("--device card");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Reported and not run here, so not considered: student fp16"));
  EXPECT_THAT(markdown(),
              AllOf(HasSubstr("Reported by the files and not run here, so in no comparison and no "
                              "choice: student fp16."),
                    HasSubstr("Reported, not run here: configurations"), HasSubstr("[0.4777]")));
  EXPECT_EQ(quantier("verify " + path("out") + "/note.md --store " + path("out")).exit_code, 0);
}

TEST_F(TableNote, NumbersWithoutAMacroF1AreNoTable) {
  write_file(folder_ / "files/summary.csv", "model,precision,latency_ms\nencoder,fp16,2.31\n");
  const ProgramResult result = note("");
  EXPECT_EQ(result.exit_code, kBadInput);
  EXPECT_THAT(result.err, HasSubstr("no macro-F1 of a model at a recipe"));
  write_file(
      folder_ / "files/summary.csv",
      "model,precision,tier,macro_f1,accuracy\nencoder,fp16,head,0.5,0.6\nencoder,fp16,tail,0.1,0.2\n");
  EXPECT_EQ(note("").exit_code, kBadInput) << "a tier must not stand in the place of the whole";
}

}  // namespace
}  // namespace quantier::testing
