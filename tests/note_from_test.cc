// `quantier note --from`: one command from the files of a notebook to a note, with limits or without, and
// what it refuses.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class NoteFromTest : public CommandLineTest {
 protected:
  std::string note(const std::string& more) {
    return "note --from " + std::string(QUANTIER_SOURCE_DIR) + "/testdata/notebook --out " +
           (folder_ / "out").string() + " " + more;
  }
  std::string written(const std::string& name, const std::string& text) {
    EXPECT_TRUE(write_file_atomically(folder_ / name, text));
    return (folder_ / name).string();
  }
  std::string prior_of(const std::string& model) {
    return written(model + ".toml", "[prior]\ntext = \"x\"\nmodel = \"" + model + "\"\nrecipe = \"fp16\"\n");
  }
  std::string markdown() {
    const auto text = read_text_file(folder_ / "out/note.md", 1 << 24);
    EXPECT_TRUE(text) << text.error().message();
    return text.value_or("");
  }
};

constexpr const char* kLimits =
    "[envelope]\ndevice = \"one card\"\nms_per_example_max = 10.0\n"
    "ms_per_example_protocol = \"workload\"\nmacro_f1_min = 0.10\n";

TEST_F(NoteFromTest, OneCommandGoesFromFilesToANote) {
  const ProgramResult result =
      quantier(note("--device card --json --envelope " + written("limits.toml", kLimits)));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = parse_json(result.out, "output");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->at("import").at("runs").size(), 6U);
  EXPECT_TRUE(json->contains("decision")) << result.out.substr(0, 300);
  // Tiers come with the files; so do the classes that they follow.
  EXPECT_THAT(markdown(), AllOf(HasSubstr("tiers as imported: head"), HasSubstr("one card")));
}

TEST_F(NoteFromTest, WithoutLimitsNothingIsLimited) {
  const ProgramResult result = quantier(note(""));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("no --device was declared"));
  EXPECT_THAT(markdown(), HasSubstr("What was recommended before, and why?"));
}

TEST_F(NoteFromTest, AStoreIsDecidedOverAgain) {
  ASSERT_EQ(quantier(note("--device card")).exit_code, 0);
  const std::string limits = written("limits.toml", std::string(kLimits) + "ece_max = 0.000001\n");
  const std::string again = "note --from " + (folder_ / "out").string() + " --envelope " + limits;
  const ProgramResult result = quantier(again);
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(markdown(), HasSubstr("ECE"));
}

// What reads the store later reads it by the same limits, without being told.
TEST_F(NoteFromTest, LimitsAndPriorAreKeptInTheStore) {
  const std::string limits = written("limits.toml", std::string(kLimits) + "ece_max = 0.000001\n");
  ASSERT_EQ(
      quantier(note("--device card --envelope " + limits + " --prior " + prior_of("decoder"))).exit_code, 3);
  const std::string store = (folder_ / "out").string();
  for (const char* file : {"limits.toml", "decoder.toml"}) std::filesystem::remove(folder_ / file);
  EXPECT_EQ(quantier("decide " + store).exit_code, 3);
  const ProgramResult checked = quantier("verify " + store + "/note.md --store " + store + " --rerun");
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  const ProgramResult audited = quantier("audit " + store + "/note.md --store " + store);
  EXPECT_EQ(audited.exit_code, 0) << audited.out << audited.err;
}

TEST_F(NoteFromTest, ThePriorMayStandInAFileOfItsOwn) {
  const std::string prior = written(
      "prior.toml", "[prior]\ntext = \"Ship the decoder.\"\nmodel = \"decoder\"\nrecipe = \"fp16\"\n");
  ASSERT_EQ(quantier(note("--device card --prior " + prior)).exit_code, 0);
  EXPECT_THAT(markdown(),
              AllOf(HasSubstr("Ship the decoder."), Not(HasSubstr("What was recommended before"))));
}

TEST_F(NoteFromTest, RefusesWhatCannotBeMeant) {
  const ProgramResult misspelt =
      quantier(note("--envelope " + written("limits.toml", "[envelope]\nmacro_f1_mim = 0.1\n")));
  EXPECT_EQ(misspelt.exit_code, 2);
  EXPECT_THAT(misspelt.err, HasSubstr("macro_f1_min"));
  const ProgramResult no_prior = quantier(note("--prior " + written("prior.toml", "title = \"x\"\n")));
  EXPECT_EQ(no_prior.exit_code, 6);
  EXPECT_THAT(no_prior.err, HasSubstr("[prior]"));
  const ProgramResult other_model = quantier(note("--prior " + prior_of("decoda")));
  EXPECT_EQ(other_model.exit_code, 2);
  EXPECT_THAT(other_model.err, HasSubstr("decoder"));
  const ProgramResult nothing = quantier("note --from " + (folder_ / "nowhere").string());
  EXPECT_EQ(nothing.exit_code, 6) << nothing.err;
}

}  // namespace
}  // namespace quantier::testing
