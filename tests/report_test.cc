// The end of the line: `quantier run` ends with a table, a decision and a note, and `quantier report` decides
// again over the same evidence without measuring. One small run of the demo serves all tests.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/base/json.h"
#include "quantier/evidence/store.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kOk = 0;
constexpr int kUsage = 2;
constexpr int kNoCandidate = 3;
constexpr int kBadInput = 6;
constexpr int kExamples = 150;

// Limits that every configuration passes, even on a small sample and a slow machine.
constexpr const char* kWideEnvelope =
    "[envelope]\nms_per_example_max = 10000.0\nmacro_f1_min = 0.01\nece_max = 0.9\nmemory_max_mb = 5000\n"
    "[envelope.tier_accuracy_min]\ntail = 0.0\n";
constexpr const char* kPrior =
    "[prior]\ntext = \"Ship the decoder at fp16.\"\nmodel = \"demo-decoder\"\nrecipe = \"fp16\"\n";

Json parsed(const std::string& text) {
  const auto document = parse_json(text, "output");
  if (document) return *document;
  ADD_FAILURE() << document.error().message() << "\n" << text.substr(0, 500);
  return Json::object();
}

std::string configuration(const std::string& decision, const std::string& recipes = R"(["fp32", "fp16"])") {
  const std::string demo = std::string(QUANTIER_SOURCE_DIR) + "/demo/";
  return "title = \"A small run\"\nrecipes = " + recipes +
         "\nnamed_classes = [\"libs\", \"games\", \"hamradio\"]\nbootstrap_replicates = 300\n" +
         "[[models]]\nname = \"demo-encoder\"\npath = \"" + demo + "demo-encoder\"\n" +
         "[[models]]\nname = \"demo-decoder\"\npath = \"" + demo + "demo-decoder\"\n" + "[data]\npath = \"" +
         demo + "data/validation.jsonl\"\nid = \"id\"\n" + "[tiers]\ntraining_counts = \"" + demo +
         "data/train_label_counts.json\"\n" + "names = [\"head\", \"mid\", \"tail\"]\nsizes = [10, 20]\n" +
         "[timing]\nthroughput_examples = 32\nthroughput_passes = 2\nlatency_samples = 40\nworkload = "
         "false\n" +
         decision;
}

// Every file of a note by its name, figures included.
std::map<std::string, std::string> note_files(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const char* name : {"note.md", "note.html", "note.pdf"}) files[name] = read_file(folder / name);
  for (const auto& entry : std::filesystem::directory_iterator(folder / "figures")) {
    files[entry.path().filename().string()] = read_file(entry.path());
  }
  return files;
}

// Empty when every element of an XML text is closed in its order; otherwise what is wrong.
std::string xml_fault(const std::string& text) {
  std::vector<std::string> open;
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
    const std::size_t end = text.find('>', at);
    if (end == std::string::npos) return "a tag without an end";
    const std::string tag = text.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos) return "a bare < before " + tag;
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "an open quote in " + tag;
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag.front() == '/') {
      if (open.empty() || "/" + open.back() != tag) return "closes what is not open: " + tag;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

class Report : public CommandLineTest {
 protected:
  static void SetUpTestSuite() {
    std::string name = (std::filesystem::temp_directory_path() / "quantier-report-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    shared_ = name;
    write_file(shared_ / "config.toml", configuration(std::string(kWideEnvelope) + kPrior));
    const std::string command =
        fmt::format("{} run {} --out {} --limit {} </dev/null >{} 2>{}", QUANTIER_BINARY,
                    (shared_ / "config.toml").string(), (shared_ / "out").string(), kExamples,
                    (shared_ / "stdout").string(), (shared_ / "stderr").string());
    run_status_ = std::system(command.c_str());
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(shared_); }

  void SetUp() override {
    CommandLineTest::SetUp();
    ASSERT_EQ(run_status_, 0) << read_file(shared_ / "stderr");
    std::filesystem::copy(shared_ / "out", folder_ / "out", std::filesystem::copy_options::recursive);
  }
  // Decides again in this test's copy of the evidence.
  ProgramResult report(const std::string& more = "") {
    return quantier("report " + (folder_ / "out").string() + " " + more);
  }
  ProgramResult report_by(const std::string& decision, const std::string& more = "") {
    write_file(folder_ / "other.toml", configuration(decision));
    return report("--config " + (folder_ / "other.toml").string() + " " + more);
  }
  [[nodiscard]] std::string note() const { return read_file(folder_ / "out" / "note.md"); }

  inline static std::filesystem::path shared_;
  inline static int run_status_ = -1;
};

// Time is another machine's mood; memory is not. (Sanitizers keep books of their own in it.)
TEST_F(Report, DryRunKnowsTheMemoryThatTheRunThenTook) {
  const Json plan = parsed(quantier(fmt::format("run {} --limit {} --dry-run --json",
                                                (shared_ / "config.toml").string(), kExamples))
                               .out);
  EXPECT_GT(plan["estimated_seconds"].get<double>(), 0.0);
  EXPECT_GT(plan["estimated_disk_bytes"].get<double>(), 0.0);
  auto store = Store::open(folder_ / "out" / "evidence.sqlite", Store::Mode::kReadOnly);
  ASSERT_TRUE(store);
  const auto runs = store->runs();
  ASSERT_TRUE(runs);
  ASSERT_EQ(plan["runs"].size(), runs->size());
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  for (std::size_t i = 0; i < runs->size(); ++i) {
    const auto measured = static_cast<double>((*runs)[i].process_peak_bytes);
    EXPECT_NEAR(plan["runs"][i]["estimated_process_bytes"].get<double>(), measured, 0.25 * measured)
        << (*runs)[i].configuration.display();
  }
#endif
}

// Whoever doubts a verdict can follow it from the counts.
TEST_F(Report, ExplainShowsTheCountsAndTheArithmeticOfAFinding) {
  const std::string store = (folder_ / "out").string();
  const ProgramResult list = quantier("explain " + store);
  EXPECT_EQ(list.exit_code, kOk);
  EXPECT_THAT(list.out,
              AllOf(HasSubstr("demo-encoder/fp32/tail/accuracy"), HasSubstr("demo-decoder/fp16/ece"),
                    HasSubstr("demo-encoder/fp32/macro-f1/demo-encoder/fp16"), HasSubstr("(exploratory)")));
  const ProgramResult one = quantier("explain " + store + " demo-encoder/fp32/tail/accuracy");
  EXPECT_EQ(one.exit_code, kOk);
  for (const char* part : {"examples", "lost", "gained", "Tango", "McNemar mid-p", "Holm",
                           "declared beforehand", "replication", "evidence", "verdict"}) {
    EXPECT_THAT(one.out, HasSubstr(part));
  }
  // The bins of a calibration error add up to it.
  const Json ece = parsed(quantier("explain --json " + store + " demo-decoder/fp16/ece").out)["findings"][0];
  double sum = 0;
  for (const Json& line : ece["arithmetic"]) {
    double n = 0;
    double all = 0;
    double accuracy = 0;
    double confidence = 0;
    if (std::sscanf(line["how"].get<std::string>().c_str(), "%lf / %lf * |%lf - %lf|", &n, &all, &accuracy,
                    &confidence) == 4)
      sum += n / all * std::abs(accuracy - confidence);
  }
  EXPECT_NEAR(sum, ece["estimate"].get<double>(), 1e-5);
  const ProgramResult unknown = quantier("explain " + store + " demo-encoder/fp32/tial/accuracy");
  EXPECT_EQ(unknown.exit_code, kUsage);
  EXPECT_THAT(unknown.err, HasSubstr("demo-encoder/fp32/tail/accuracy"));
  EXPECT_EQ(quantier("explain " + store + "/nowhere").exit_code, 1);
}

// Texts that were cut are grouped unasked; a column of the data is, when it is named.
TEST_F(Report, GroupsAreExploratoryBesideTheTiers) {
  const ProgramResult result =
      report_by(std::string(kWideEnvelope) + "[analysis]\ngroups = [\"label\"]\n", "--json");
  ASSERT_EQ(result.exit_code, kOk) << result.out << result.err;
  const Json json = parsed(result.out);
  std::map<std::string, std::uint64_t> examples;
  for (const Json& group : json["groups"]) {
    EXPECT_EQ(group["exploratory"], true);
    examples[group["model"].get<std::string>() + " " + group["column"].get<std::string>()] +=
        group["n"].get<std::uint64_t>();
  }
  EXPECT_EQ(examples["demo-encoder truncated"], static_cast<std::uint64_t>(kExamples));
  EXPECT_EQ(examples["demo-encoder label"], static_cast<std::uint64_t>(kExamples));
  const ProgramResult explained = quantier("explain " + (folder_ / "out").string() +
                                           " \"demo-encoder/fp32/truncated = truncated/accuracy\"");
  EXPECT_THAT(explained.out, AllOf(HasSubstr("added afterwards"), HasSubstr("exploratory")));
  EXPECT_EQ(report_by(std::string(kWideEnvelope) + "[analysis]\ngroups = [\"colour\"]\n").exit_code,
            kBadInput);
}

TEST_F(Report, RunEndsWithTableDecisionAndPaths) {
  const std::string out = read_file(shared_ / "stdout");
  EXPECT_THAT(out, AllOf(HasSubstr("configuration      accuracy  macro-F1    ECE  ms/example"),
                         HasSubstr("verdict\n"), HasSubstr("demo-encoder fp16"), HasSubstr("CHOSEN\n"),
                         HasSubstr("Limited run: 150 of 6,083"), HasSubstr("Recommendation: "),
                         HasSubstr("No limit binds.")));
  EXPECT_THAT(out, Not(HasSubstr("\x1b")));
  for (const char* file : {"note.md", "note.html", "note.pdf", "evidence.sqlite"}) {
    EXPECT_THAT(out, HasSubstr((shared_ / "out" / file).string() + "\n"));
    EXPECT_TRUE(std::filesystem::exists(shared_ / "out" / file)) << file;
  }
  EXPECT_THAT(read_file(shared_ / "stderr"), IsEmpty());  // progress is for terminals
}

TEST_F(Report, TheNoteHasItsSectionsInOrder) {
  const std::string text = note();
  std::size_t at = 0;
  for (const char* part :
       {"# A small run", "Noise floor first", "> Recommendation", "## 1. Accuracy-efficiency frontier",
        "## 2. Where the damage lands", "## 3. Calibration under compression",
        "## 4. Operational decision under constraints", "## 5. Revisiting the earlier recommendation",
        "## Appendix"}) {
    const std::size_t found = text.find(part);
    ASSERT_NE(found, std::string::npos) << part;
    EXPECT_GE(found, at) << part;
    at = found;
  }
  EXPECT_THAT(text,
              AllOf(HasSubstr("| libs | head | demo-encoder |"),
                    HasSubstr("| hamradio | tail | demo-decoder |"), HasSubstr("“Ship the decoder at fp16.”"),
                    HasSubstr("weights sha256"), HasSubstr("| This run | predictions ")));
  EXPECT_THAT(text, AllOf(Not(HasSubstr(" nan")), Not(HasSubstr(" inf "))));
  for (const char* figure :
       {"frontier-latency", "frontier-memory", "tier-deltas", "reliability", "gates", "trajectories"}) {
    EXPECT_THAT(text, HasSubstr("(figures/" + std::string(figure) + ".svg)"));
  }
}

TEST_F(Report, ThePageStandsAloneAndItsFiguresAreWellFormed) {
  std::string html = read_file(folder_ / "out" / "note.html");
  // Its own script, named by hash in its policy, and its data, which no browser runs.
  EXPECT_THAT(html, AllOf(HasSubstr("script-src 'sha256-"), HasSubstr("id=\"quantier-choice\"")));
  for (const char* bad : {"unsafe-inline", "<script src", " src=", "href=\"h", "href=\"/", "@import", "url(",
                          "<link", "<iframe"}) {
    EXPECT_THAT(html, Not(HasSubstr(bad)));
  }
  const std::string name_space = "xmlns=\"http://www.w3.org/2000/svg\"";
  std::size_t figures = 0;
  for (std::size_t at = html.find(name_space); at != std::string::npos; at = html.find(name_space)) {
    html.erase(at, name_space.size());
    ++figures;
  }
  EXPECT_EQ(figures, 6U);  // no answer flips between fp16 and fp32 here: no matrices
  EXPECT_THAT(html, AllOf(Not(HasSubstr("http:")), Not(HasSubstr("https:"))));
  const auto files = note_files(folder_ / "out");
  EXPECT_EQ(files.size(), 9U);  // the note in three forms, and six figures
  for (const auto& [name, content] : files) {
    if (!name.ends_with(".svg")) continue;
    EXPECT_THAT(content, HasSubstr("<svg xmlns")) << name;
    EXPECT_EQ(xml_fault(content), "") << name;
    EXPECT_THAT(content, AllOf(Not(HasSubstr("var(")), Not(HasSubstr("nan")), Not(HasSubstr("inf")))) << name;
  }
}

TEST_F(Report, DecidingAgainGivesTheSameNote) {
  const auto before = note_files(folder_ / "out");
  std::filesystem::remove(folder_ / "out" / "note.md");
  std::filesystem::remove_all(folder_ / "out" / "figures");
  const ProgramResult again = report();
  EXPECT_EQ(again.exit_code, kOk) << again.err;
  EXPECT_THAT(again.err, IsEmpty());
  EXPECT_EQ(note_files(folder_ / "out"), before);
  // The words are those of the run; only the folder is another.
  const std::string first = read_file(shared_ / "stdout");
  EXPECT_EQ(again.out.substr(0, again.out.find("note:")), first.substr(0, first.find("note:")));
}

TEST_F(Report, JsonHoldsTheNumbersOfTheNoteAndOfTheStore) {
  const ProgramResult result = report("--json");
  ASSERT_EQ(result.exit_code, kOk) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  const Json document = parsed(result.out);
  const std::string text = note();
  ASSERT_EQ(document["table"].size(), 4U);
  for (const Json& row : document["table"]) {
    const std::string line =
        fmt::format(" {} | {:.3f} | {:.3f} | \\[{:.3f}, {:.3f}\\] | {:.3f} | {:.2f} |",
                    row["run_key"].get<std::string>().substr(0, 8), row["accuracy"].get<double>(),
                    row["macro_f1"].get<double>(), row["macro_f1_interval"]["low"].get<double>(),
                    row["macro_f1_interval"]["high"].get<double>(), row["macro_f1_sklearn"].get<double>(),
                    row["ms_per_example"].get<double>());
    EXPECT_THAT(text, HasSubstr(line));
    const Json& calibration = row["calibration"];
    EXPECT_THAT(text, HasSubstr(fmt::format(
                          "| {:.3f} | {:.3f} | {:.3f} | {:.3f} \\[", calibration["ece_raw"].get<double>(),
                          calibration["temperature"].get<double>(),
                          calibration["ece_in_sample"].get<double>(), row["ece"].get<double>())));
    EXPECT_EQ(row["timing"]["latency"]["samples"], 40);
    EXPECT_EQ(row["timing"]["throughput"]["median_ms"], row["ms_per_example"]);
    EXPECT_EQ(row["memory"]["process_peak_bytes"].get<double>(), row["memory_bytes"].get<double>());
  }
  EXPECT_EQ(document["comparisons"].size(), 8U);  // two models, overall and three tiers
  EXPECT_EQ(document["macro_f1_differences"].size(), 6U);
  EXPECT_EQ(document["examples"], kExamples);

  auto store = Store::open(folder_ / "out" / "evidence.sqlite", Store::Mode::kReadOnly);
  ASSERT_TRUE(store) << store.error().message();
  const auto kept = store->setting("decision");
  ASSERT_TRUE(kept && *kept);
  const Json stored = parsed(**kept);
  EXPECT_EQ(stored["table"], document["table"]);
  EXPECT_EQ(stored["decision"], document["decision"]);
  // Accuracy is that of the logits in the store.
  for (const Json& row : document["table"]) {
    const auto run = store->load_run(row["run_key"].get<std::string>());
    ASSERT_TRUE(run) << run.error().message();
    const Predictions& predictions = run->predictions;
    std::size_t right = 0;
    for (std::size_t i = 0; i < predictions.example_count; ++i) {
      const float* logits = predictions.logits.data() + i * predictions.class_count;
      right += std::max_element(logits, logits + predictions.class_count) - logits == predictions.labels[i]
                   ? 1
                   : 0;
    }
    EXPECT_DOUBLE_EQ(row["accuracy"].get<double>(),
                     static_cast<double>(right) / static_cast<double>(predictions.example_count));
  }
}

TEST_F(Report, NothingPassesIsAnAnswerWithItsOwnExitCode) {
  const ProgramResult result =
      report_by("[envelope]\nmacro_f1_min = 0.999\nmemory_max_mb = 1.0\n" + std::string(kPrior));
  EXPECT_EQ(result.exit_code, kNoCandidate);
  EXPECT_THAT(result.out, AllOf(HasSubstr("No configuration meets every limit. Nearest is "),
                                HasSubstr("fails macro-F1 and memory"), Not(HasSubstr("CHOSEN"))));
  EXPECT_THAT(note(), AllOf(HasSubstr("memory ≤ 1 MB"), HasSubstr("FAIL"),
                            HasSubstr("Violated: macro-F1 ≥ 0.999 (by every configuration)")));
  const ProgramResult json = report_by("[envelope]\nmacro_f1_min = 0.999\n", "--json");
  EXPECT_EQ(json.exit_code, kNoCandidate);
  const Json document = parsed(json.out);
  EXPECT_TRUE(document["decision"]["chosen"].is_null());
  EXPECT_TRUE(document["decision"]["constraints"][0]["violated"].get<bool>());
}

TEST_F(Report, LimitsAndPriorAreReadAnew) {
  const ProgramResult wide = report("--json");
  const std::string chosen = parsed(wide.out)["decision"]["chosen"].get<std::string>();
  const std::string model = chosen.substr(0, chosen.find(' '));
  const std::string recipe = chosen.substr(chosen.find(' ') + 1);
  const ProgramResult same = report_by(fmt::format(
      "{}[prior]\ntext = \"As measured.\"\nmodel = \"{}\"\nrecipe = \"{}\"\n", kWideEnvelope, model, recipe));
  EXPECT_EQ(same.exit_code, kOk) << same.err;
  EXPECT_THAT(note(), HasSubstr("It is reinforced: " + chosen + " meets every limit"));
  // Without any limit there is still a choice, and it is said that none was stated.
  const ProgramResult free = report_by("");
  EXPECT_EQ(free.exit_code, kOk) << free.err;
  EXPECT_THAT(free.out, HasSubstr("No limits were stated."));
  EXPECT_THAT(note(), HasSubstr("No earlier recommendation was given."));
}

TEST_F(Report, AnotherFolderForTheNoteLeavesTheFirstAlone) {
  const auto before = note_files(folder_ / "out");
  write_file(folder_ / "other.toml", configuration("[envelope]\nmacro_f1_min = 0.02\n", R"(["fp16"])"));
  const ProgramResult result =
      report("--config " + (folder_ / "other.toml").string() + " --out " + (folder_ / "elsewhere").string());
  EXPECT_EQ(result.exit_code, kOk) << result.err;
  EXPECT_EQ(note_files(folder_ / "out"), before);
  const std::string text = read_file(folder_ / "elsewhere" / "note.md");
  EXPECT_THAT(text, AllOf(HasSubstr("demo-encoder fp16"), Not(HasSubstr("fp32 |"))));
}

TEST_F(Report, WhatIsWrongIsSaid) {
  const ProgramResult misspelt = report_by("[envelope]\nmacro_f1_mim = 0.5\n");
  EXPECT_EQ(misspelt.exit_code, kUsage);
  EXPECT_THAT(misspelt.err, AllOf(HasSubstr("macro_f1_mim"), HasSubstr("macro_f1_min")));
  EXPECT_THAT(misspelt.out, IsEmpty());

  const ProgramResult nowhere = quantier("report " + (folder_ / "nowhere").string());
  EXPECT_EQ(nowhere.exit_code, kBadInput);
  EXPECT_THAT(nowhere.err, HasSubstr("nowhere"));

  const ProgramResult other_model = report("--config " + [&] {
    std::string text = configuration(kWideEnvelope);
    for (std::size_t at = text.find("name = \"demo-"); at != std::string::npos;
         at = text.find("name = \"demo-")) {
      text.replace(at, 13, "name = \"other-");
    }
    write_file(folder_ / "other.toml", text);
    return (folder_ / "other.toml").string();
  }());
  EXPECT_EQ(other_model.exit_code, kUsage);
  EXPECT_THAT(other_model.err, HasSubstr("the store holds no run of this configuration"));

  // Evidence of which some is missing: said, and decided among the rest.
  write_file(folder_ / "more.toml", configuration(kWideEnvelope, R"(["fp16", "int8"])"));
  const ProgramResult more = report("--config " + (folder_ / "more.toml").string());
  EXPECT_EQ(more.exit_code, kOk) << more.err;
  EXPECT_THAT(more.err, AllOf(HasSubstr("no run in the store: demo-encoder int8"),
                              HasSubstr("no run in the store: demo-decoder int8")));
}

TEST_F(Report, ResumingAFinishedRunOnlyDecides) {
  const auto before = note_files(folder_ / "out");
  const ProgramResult result =
      quantier(fmt::format("run {} --out {} --limit {} --resume", (shared_ / "config.toml").string(),
                           (folder_ / "out").string(), kExamples));
  EXPECT_EQ(result.exit_code, kOk) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_EQ(note_files(folder_ / "out"), before);
}

}  // namespace
}  // namespace quantier::testing
