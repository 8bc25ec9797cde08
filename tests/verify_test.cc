// Every number of a note leads to its finding, and `quantier verify` finds the one that was changed. Two
// small runs of the demo over different examples serve all tests.
#include "quantier/pipeline/verify.h"

#include <cctype>
#include <cstdlib>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/evidence/store.h"
#include "quantier/note/plain_markdown.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kOk = 0;
constexpr int kUsage = 2;
constexpr int kBadInput = 6;
constexpr int kToLookAt = 8;

Json parsed(const std::string& text) {
  const auto document = parse_json(text, "output");
  if (document) return *document;
  ADD_FAILURE() << document.error().message() << "\n" << text.substr(0, 500);
  return Json::object();
}

std::string configuration() {
  const std::string demo = std::string(QUANTIER_SOURCE_DIR) + "/demo/";
  return "title = \"A small run\"\nrecipes = [\"fp16\", \"int8\", \"int4\"]\n"
         "named_classes = [\"libs\", \"games\", \"hamradio\"]\nbootstrap_replicates = 300\n"
         "[[models]]\nname = \"demo-encoder\"\npath = \"" +
         demo + "demo-encoder\"\n[[models]]\nname = \"demo-decoder\"\npath = \"" + demo +
         "demo-decoder\"\n[data]\npath = \"" + demo + "data/validation.jsonl\"\nid = \"id\"\n" +
         "[tiers]\ntraining_counts = \"" + demo + "data/train_label_counts.json\"\n" +
         "names = [\"head\", \"mid\", \"tail\"]\nsizes = [10, 20]\n"
         "[timing]\nthroughput_examples = 32\nthroughput_passes = 2\nlatency_samples = 40\nworkload = false\n"
         "[envelope]\nms_per_example_max = 10000.0\nmacro_f1_min = 0.3\nece_max = 0.05\nmemory_max_mb = "
         "5000\n"
         "[envelope.tier_accuracy_min]\ntail = 0.1\n"
         "[prior]\ntext = \"Ship the decoder at fp16.\"\nmodel = \"demo-decoder\"\nrecipe = \"fp16\"\n";
}

// "## 1." to the first appendix: what a reader reads.
std::string sections(const std::string& markdown) {
  const std::size_t from = markdown.find("\n## 1.");
  return markdown.substr(from, markdown.find("\n## Appendix", from) - from);
}

// Links taken out with their text: what is left has no reference.
std::string without_cited(std::string text) {
  return std::regex_replace(text, std::regex(R"(\[(\\.|[^\]\[\\\n])*\]\(#r[0-9a-f]{8}\))"), "");
}

// What is declared and not found may stand without a reference: limits and levels ("ECE ≤ 0.050", "p <
// 0.05"), margins ("±1.0"), the threshold of the gate, and the stated end of a breakpoint.
std::vector<std::string> uncited_decimals(const std::string& markdown) {
  std::string text = without_cited(sections(markdown));
  for (const char* declared :
       {R"((≤|≥|±|&lt;) *[0-9.,]+)", R"(margin of [0-9.]+)", R"(at confidence [0-9.]+)",
        R"(by more than [0-9.]+)", R"(Declared margins: [^\n]*?ECE [0-9.]+)",
        R"((ceiling|floor) [0-9.]+( [a-zA-Z/]+)? (→|\|))",
        // A question to a person repeats what stands with its reference above.
        R"(> Look at: [^\n]*)", R"([^\n]*To be answered by a person[^\n]*)",
        // What a model of the hardware says, what a device can do, and what a cited work says are not
        // findings.
        R"([^\n]*[Mm]odelled[^\n]*)", R"([^\n]*compute capability[^\n]*)",
        R"([^.\n|]*([.][0-9][^.\n|]*)*\([A-Z][a-z]+ et al\., [0-9]{4}\)[^\n]*)"}) {
    text = std::regex_replace(text, std::regex(declared), "");
  }
  std::vector<std::string> found;
  const std::regex decimal(R"([^\n]{0,80}[0-9]\.[0-9][^\n]{0,60})");
  for (std::sregex_iterator at(text.begin(), text.end(), decimal); at != std::sregex_iterator(); ++at) {
    found.push_back(at->str());
  }
  return found;
}

class Verify : public CommandLineTest {
 protected:
  static void SetUpTestSuite() {
    std::string name = (std::filesystem::temp_directory_path() / "quantier-verify-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    shared_ = name;
    write_file(shared_ / "config.toml", configuration());
    for (const auto& [out, limit] : {std::pair("out", 150), std::pair("other", 90)}) {
      const std::string command =
          fmt::format("{} run {} --out {} --limit {} </dev/null >{} 2>{}", QUANTIER_BINARY,
                      (shared_ / "config.toml").string(), (shared_ / out).string(), limit,
                      (shared_ / "stdout").string(), (shared_ / "stderr").string());
      // Nothing may pass on so few examples, which is an answer too.
      const int status = std::system(command.c_str());
      ran_ = ran_ && WIFEXITED(status) && (WEXITSTATUS(status) == kOk || WEXITSTATUS(status) == 3);
    }
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(shared_); }

  void SetUp() override {
    CommandLineTest::SetUp();
    ASSERT_TRUE(ran_) << read_file(shared_ / "stderr");
    std::filesystem::copy(shared_ / "out", folder_ / "out", std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::filesystem::path store() const { return folder_ / "out" / "evidence.sqlite"; }
  [[nodiscard]] std::string note() const { return read_file(folder_ / "out" / "note.md"); }
  ProgramResult verify(const std::string& more = "") {
    return quantier(fmt::format("verify {} --store {} {}", (folder_ / "out" / "note.md").string(),
                                (folder_ / "out").string(), more));
  }
  [[nodiscard]] std::vector<Finding> findings() const {
    auto opened = Store::open(store(), Store::Mode::kReadOnly);
    const auto text = opened ? opened->setting(kFindingsSetting) : std::optional<std::string>();
    auto read = findings_from_json(text && *text ? **text : "[]", "store");
    return read ? *read : std::vector<Finding>{};
  }

  inline static std::filesystem::path shared_;
  inline static bool ran_ = true;
};

TEST_F(Verify, AnUnchangedNoteIsIdentical) {
  const ProgramResult result = verify("--json");
  EXPECT_EQ(result.exit_code, kOk) << result.out.substr(0, 3000) << result.err;
  const Json document = parsed(result.out);
  EXPECT_GT(document["counts"]["identical"].get<int>(), 200);
  EXPECT_EQ(document["counts"]["inside"], 0);
  EXPECT_EQ(document["counts"]["moved"], 0);
  EXPECT_EQ(document["counts"]["unknown"], 0);
  for (const Json& figure : document["figures"]) EXPECT_EQ(figure["state"], "identical") << figure.dump();
  EXPECT_THAT(verify().out,
              AllOf(HasSubstr(" 0 altered, 0 inside their interval, 0 moved, 0 with an unknown reference"),
                    HasSubstr("were not checked")));
}

TEST_F(Verify, NoDecimalOfTheFiveSectionsStandsWithoutAReference) {
  EXPECT_THAT(uncited_decimals(note()), IsEmpty());
}

// A choice has more to say: rivals, the tightest limit, the gate, the runner-up.
TEST_F(Verify, ANoteWithAChoiceIsHeldAgainstTheSameFindings) {
  std::string wide = configuration();
  wide.replace(wide.find("ece_max = 0.05"), 14, "ece_max = 0.90");
  write_file(folder_ / "wide.toml", wide);
  ASSERT_EQ(quantier(fmt::format("report {} --config {}", (folder_ / "out").string(),
                                 (folder_ / "wide.toml").string()))
                .exit_code,
            kOk);
  EXPECT_THAT(note(), HasSubstr("/against-the-choice"));
  EXPECT_THAT(uncited_decimals(note()), IsEmpty());
  EXPECT_THAT(verify().out, HasSubstr(" 0 inside their interval, 0 moved, 0 with an unknown reference"));
  const ProgramResult again = verify("--rerun --config " + (folder_ / "wide.toml").string());
  EXPECT_EQ(again.exit_code, kOk) << again.out;
  // By the limits of the run itself the decision is another.
  EXPECT_EQ(verify("--rerun").exit_code, kToLookAt);
}

TEST_F(Verify, EveryReferenceIsAFindingThatExplainKnows) {
  std::set<std::string> names;
  const Json explained = parsed(quantier("explain " + (folder_ / "out").string() + " --json").out);
  for (const Json& each : explained["findings"]) {
    names.insert(each["name"].get<std::string>());
  }
  const std::vector<VerifiedFigure> figures = verify_figures(note(), findings(), true);
  ASSERT_GT(figures.size(), 200U);
  for (const VerifiedFigure& figure : figures) EXPECT_TRUE(names.contains(figure.finding)) << figure.written;
}

// One digit of every seventh figure, one after the other.
TEST_F(Verify, AChangedDigitIsNamed) {
  const std::string original = note();
  const std::vector<Finding> known = findings();
  const std::regex link(R"(\[((\\.|[^\]\[\\\n])*)\]\(#r[0-9a-f]{8}\))");
  std::size_t seen = 0;
  std::size_t tried = 0;
  for (std::sregex_iterator at(original.begin(), original.end(), link); at != std::sregex_iterator(); ++at) {
    if (seen++ % 7 != 0) continue;
    std::string changed = original;
    // The first digit; of a count with thousands too.
    std::size_t digit = static_cast<std::size_t>(at->position(1));
    while (std::isdigit(static_cast<unsigned char>(changed[digit])) == 0) ++digit;
    changed[digit] = changed[digit] == '9' ? '1' : static_cast<char>(changed[digit] + 1);
    ++tried;
    std::size_t named = 0;
    for (const VerifiedFigure& figure : verify_figures(changed, known, true)) {
      named += figure.state == FigureState::kAltered || figure.state == FigureState::kUnknown ? 1 : 0;
    }
    EXPECT_GE(named, 1U) << at->str();
  }
  EXPECT_GT(tried, 20U);
}

TEST_F(Verify, TheProgramSaysWhichLineAndWhatItIsNow) {
  std::string text = note();
  const std::size_t at =
      text.find("](#r", text.find("/accuracy") == std::string::npos ? 0 : text.find("## 2."));
  ASSERT_NE(at, std::string::npos);
  const std::size_t digit = text.find_first_of("0123456789", text.rfind('[', at));
  // Far out of every interval.
  text.insert(digit, "77");
  write_file(folder_ / "out" / "note.md", text);
  const ProgramResult result = verify();
  EXPECT_EQ(result.exit_code, kToLookAt) << result.out;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("line "), HasSubstr("altered ("), HasSubstr("now "), HasSubstr("77")));
}

// The last digit, so that the figure stays inside its interval.
TEST_F(Verify, ASmallAlterationHasAnExitCodeToo) {
  const std::string original = note();
  const std::regex interval(R"(\[(0\.[0-9]{3}) \\\[)");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(original, found, interval));
  std::string changed = original;
  char& digit = changed[static_cast<std::size_t>(found.position(1)) + 4];
  digit = digit == '9' ? '8' : static_cast<char>(digit + 1);
  write_file(folder_ / "out" / "note.md", changed);
  const ProgramResult result = verify();
  EXPECT_EQ(result.exit_code, kToLookAt) << result.out;
  EXPECT_THAT(result.out, AllOf(HasSubstr(" altered ("), HasSubstr("was changed in the note")));
  // Held against other findings the same figure may be another sample.
  const std::string key = findings_key_in(changed);
  ASSERT_EQ(key.size(), 12U);
  changed.replace(changed.find("| " + key), 14, "| 000000000000");
  write_file(folder_ / "out" / "note.md", changed);
  const ProgramResult other = verify();
  EXPECT_EQ(other.exit_code, kOk) << other.out;
  EXPECT_THAT(other.out, AllOf(HasSubstr(" 1 inside their interval"), HasSubstr("made from other findings")));
}

TEST_F(Verify, TheNoteOfAnotherStoreHasMoved) {
  const ProgramResult result = quantier(fmt::format(
      "verify {} --store {} --json", (shared_ / "other" / "note.md").string(), (folder_ / "out").string()));
  EXPECT_EQ(result.exit_code, kToLookAt);
  EXPECT_GT(parsed(result.out)["counts"]["moved"].get<int>(), 20);
}

TEST_F(Verify, AgainFromTheRunsTheFiguresAreTheSameAndTheStoreIsLeftAlone) {
  {
    auto opened = Store::open(store(), Store::Mode::kReadWrite);
    ASSERT_TRUE(opened);
    ASSERT_TRUE(opened->set_setting(kFindingsSetting, "[]"));
  }
  EXPECT_EQ(verify().exit_code, kToLookAt);
  const std::string before = read_file(store());
  const ProgramResult again = verify("--rerun --json");
  EXPECT_EQ(again.exit_code, kOk) << again.out.substr(0, 2000) << again.err;
  const Json counts = parsed(again.out)["counts"];
  EXPECT_GT(counts["identical"].get<int>(), 200);
  EXPECT_EQ(counts["moved"], 0);
  EXPECT_EQ(before, read_file(store()));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(Verify, WhatCannotBeVerifiedIsSaid) {
  write_file(folder_ / "plain.md", "# A note\n\nAccuracy is 0.71.\n");
  const ProgramResult plain = quantier(
      fmt::format("verify {} --store {}", (folder_ / "plain.md").string(), (folder_ / "out").string()));
  EXPECT_EQ(plain.exit_code, kBadInput);
  EXPECT_THAT(plain.err, HasSubstr("holds no references"));
  EXPECT_EQ(
      quantier(fmt::format("verify {} --store {}", (folder_ / "out").string(), (folder_ / "none").string()))
          .exit_code,
      kBadInput);
  EXPECT_NE(quantier(fmt::format("verify {} --store {}", (folder_ / "none.md").string(),
                                 (folder_ / "out").string()))
                .exit_code,
            kOk);
  EXPECT_EQ(verify("--config x.toml").exit_code, kUsage);
  EXPECT_EQ(verify("--rerun --config x.toml").exit_code,
            quantier("report " + (folder_ / "out").string() + " --config x.toml").exit_code);
  EXPECT_EQ(quantier("verify").exit_code, kUsage);
}

}  // namespace
}  // namespace quantier::testing
