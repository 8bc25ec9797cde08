// The note of the synthetic notebook evidence: its length, and what it says of other hardware, of what came
// before and of what only a person can answer.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/pipeline/note_from.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class NotebookNote : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "quantier-note-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  // Writes the limits of the notebook with `more` behind them.
  NoteFrom make(const std::string& more, const std::string& encoder_path = ".") {
    const fs::path notebook = fs::path(QUANTIER_SOURCE_DIR) / "testdata/notebook";
    std::ostringstream limits;
    limits << std::ifstream(notebook / "limits.toml").rdbuf();
    std::string text = limits.str();
    const std::string path = "path = \".\"";
    text.replace(text.find(path), path.size(), "path = \"" + encoder_path + "\"");
    std::ofstream(directory_ / "limits.toml") << text << more;
    fs::copy_file(notebook / "train_label_counts.json", directory_ / "train_label_counts.json",
                  fs::copy_options::overwrite_existing);
    NoteFromOptions options;
    options.import.paths = {notebook};
    options.import.store = directory_ / "store";
    options.import.device = "NVIDIA T4";
    options.envelope = directory_ / "limits.toml";
    auto made = note_from(options);
    EXPECT_TRUE(made) << (made ? "" : made.error().message());
    if (!made) return {};
    std::ostringstream note;
    note << std::ifstream(made->report.files.markdown).rdbuf();
    note_ = note.str();
    return *std::move(made);
  }

  fs::path directory_;
  std::string note_;
};

TEST_F(NotebookNote, ProseTakesAtMostThreePages) {
  const NoteFrom made = make("");
  EXPECT_LE(made.report.prose_pages, 3.0);
  EXPECT_GT(made.report.prose_pages, 1.0);
}

// Every figure is drawn in the PDF too, matrices of flips included.
TEST_F(NotebookNote, ThePdfShowsEverything) {
  const NoteFrom made = make("");
  EXPECT_THAT(note_, HasSubstr("figures/flips.svg"));
  EXPECT_THAT(made.report.files.pdf_remarks, ::testing::IsEmpty());
}

TEST_F(NotebookNote, WithoutShapesItSaysHowToGiveThem) {
  make("");
  EXPECT_THAT(note_, AllOf(HasSubstr("No model of other hardware for encoder and decoder"),
                           HasSubstr("a TOML of shapes"), HasSubstr("FP8 tensor cores"),
                           Not(HasSubstr("choice there, modelled"))));
}

TEST_F(NotebookNote, WithShapesOtherDevicesHaveIntervals) {
  std::ofstream(directory_ / "shapes.toml") << "[[model]]\nname = \"encoder\"\nkind = \"modernbert\"\nlayers "
                                               "= 22\nhidden = 768\nintermediate = 1152\n"
                                               "heads = 12\nvocabulary = 50368\n";
  make("", "shapes.toml");
  EXPECT_THAT(note_, AllOf(HasSubstr("| encoder int8, modelled |"), HasSubstr("choice there, modelled"),
                           HasSubstr("No model of other hardware for decoder")));
}

TEST_F(NotebookNote, ReasonsOfThePriorAreAnsweredOneByOne) {
  make(
      "\n[[prior.claim]]\ntext = \"Its macro-F1 is higher.\"\nabout = \"macro-F1\"\nbetter = \"decoder\"\n"
      "than = \"encoder\"\n[[prior.claim]]\nabout = \"latency\"\nbetter = \"decoder\"\nthan = \"encoder\"\n");
  EXPECT_THAT(note_, AllOf(HasSubstr("Its reason “Its macro-F1 is higher” is "),
                           HasSubstr("Its reason “ms per example of decoder is better than of encoder” is "
                                     "overturned: on ms per example, decoder fp16")));
}

TEST_F(NotebookNote, EarlierMeasurementsStandBesideTodays) {
  make("");
  EXPECT_THAT(note_, AllOf(HasSubstr("ECE after temperature | [0.081](#"),
                           HasSubstr("Against earlier measurements the ECE of ")));
}

TEST_F(NotebookNote, JudgementIsAskedForInOnePlace) {
  make("");
  EXPECT_THAT(note_, AllOf(HasSubstr("judgement begins"), HasSubstr("<!-- keep: cost-of-errors -->"),
                           HasSubstr("<!-- keep: ece-ceiling -->")));
}

}  // namespace
}  // namespace quantier
