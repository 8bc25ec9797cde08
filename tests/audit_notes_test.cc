// The audit of notes, end to end: clean notes in several voices raise nothing, planted faults are caught, and
// what cannot be read says so. The evidence is the synthetic notebook of testdata/notebook.
#include <filesystem>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "quantier/audit/audit.h"
#include "quantier/base/json.h"
#include "quantier/pipeline/audit.h"
#include "tests/audit_faults.h"
#include "tests/command_line.h"

namespace quantier::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kToLookAt = 8;
constexpr int kBadInput = 6;
constexpr int kUsage = 2;

std::string source(const std::string& part) { return std::string(QUANTIER_SOURCE_DIR) + "/" + part; }

class AuditTest : public CommandLineTest {
 protected:
  void SetUp() override {
    CommandLineTest::SetUp();
    ASSERT_EQ(quantier("import " + source("testdata/notebook") + " --device T4 --out " + store()).exit_code,
              0);
    ASSERT_EQ(quantier("report " + store() + " --config " + config()).exit_code, 0);
  }
  [[nodiscard]] std::string store() const { return (folder_ / "store").string(); }
  [[nodiscard]] static std::string config() { return source("testdata/audit/limits.toml"); }
  ProgramResult audit(const std::string& note, const std::string& more = "") {
    return quantier("audit " + note + " --store " + store() + " --config " + config() + " " + more);
  }
  std::string written(const std::string& name, const std::string& content) {
    write_file(folder_ / name, content);
    return (folder_ / name).string();
  }
  [[nodiscard]] std::vector<std::filesystem::path> clean_notes() const {
    std::vector<std::filesystem::path> notes;
    for (const auto& entry : std::filesystem::directory_iterator(source("testdata/audit/notes")))
      notes.push_back(entry.path());
    notes.emplace_back(folder_ / "store/note.md");
    notes.emplace_back(folder_ / "store/note.html");
    std::ranges::sort(notes);
    return notes;
  }
};

Json parsed(const std::string& text) {
  const auto document = parse_json(text, "output");
  if (document) return *document;
  ADD_FAILURE() << document.error().message() << "\n" << text.substr(0, 500);
  return Json::object();
}

TEST_F(AuditTest, CleanNotesHaveNothingToLookAt) {
  const auto notes = clean_notes();
  ASSERT_GE(notes.size(), 16U);
  for (const std::filesystem::path& note : notes) {
    const ProgramResult result = audit(note.string());
    EXPECT_EQ(result.exit_code, 0) << note << "\n" << result.out.substr(0, 3000) << result.err;
    EXPECT_THAT(result.out, HasSubstr("Nothing to look at")) << note;
  }
}

TEST_F(AuditTest, MostNumbersOfCleanNotesAreSourced) {
  for (const std::filesystem::path& note : clean_notes()) {
    const Json sheet = parsed(audit(note.string(), "--json").out)["notes"][0];
    std::size_t sourced = 0;
    for (const Json& number : sheet["numbers"]) {
      const std::string verdict = number["verdict"];
      if (verdict == "sourced" || verdict == "derived") ++sourced;
    }
    // The program's own note has pages of shares of resampled data and protocol, which are not compared.
    const double share = note.string().starts_with(folder_.string()) ? 0.7 : 0.85;
    EXPECT_GE(static_cast<double>(sourced), share * static_cast<double>(sheet["numbers"].size())) << note;
  }
}

TEST_F(AuditTest, PlantedFaultsAreCaught) {
  AuditOptions options;
  options.store = store();
  options.config = config();
  const auto evidence = audit_evidence(options);
  ASSERT_TRUE(evidence) << evidence.error().message();
  const auto tables = audit_tables();
  ASSERT_TRUE(tables);
  const std::vector<FaultPhrase> phrases = fault_phrases(source("testdata/audit/fault_phrases.toml"), {});
  ASSERT_GE(phrases.size(), 100U);
  std::map<std::string, std::pair<int, int>> by_operator;  // planted, caught
  int planted = 0;
  int caught = 0;
  std::string missed;
  for (const std::filesystem::path& note : clean_notes()) {
    NoteFormat format = NoteFormat::kMarkdown;
    ASSERT_TRUE(note_format_of(note, format));
    const std::string content = read_file(note);
    // The program's own notes are long and all of one voice.
    const std::uint64_t seeds = note.string().starts_with(folder_.string()) ? 1 : 3;
    for (const FaultOperator& each : fault_operators()) {
      if (each.only_measured) continue;
      for (std::uint64_t seed = 500; seed < 500 + seeds; ++seed) {
        Philox random(seed, std::hash<std::string>{}(note.filename().string() + each.name));
        FaultContext context{.evidence = &*evidence, .random = &random, .phrases = &phrases};
        auto changed = NoteSource::read(content, format);
        ASSERT_TRUE(changed);
        const auto what = each.plant(*changed, context);
        if (!what) continue;
        const auto text = parse_note(changed->content(), format, note.filename().string());
        ASSERT_TRUE(text) << text.error().message();
        const auto audited = audit_note(*text, *evidence, *tables);
        ASSERT_TRUE(audited);
        ++by_operator[each.name].first;
        ++planted;
        if (audited->to_look_at() > 0) {
          ++by_operator[each.name].second;
          ++caught;
        } else {
          missed += fmt::format("{}, {}: {}\n", note.filename().string(), each.name, *what);
        }
      }
    }
  }
  EXPECT_GE(by_operator.size(), 12U);
  EXPECT_GE(caught, 0.95 * planted) << caught << " of " << planted << "\n" << missed;
  // Known to be weaker on these notes: names and verdicts in prose that says nothing else of them.
  const std::map<std::string, double> weaker = {
      {"stronger verdict", 0.6}, {"swapped precision", 0.7}, {"wrong name of outcome", 0.7}};
  for (const auto& [name, counts] : by_operator) {
    const double least = weaker.contains(name) ? weaker.at(name) : 0.8;
    EXPECT_GE(counts.second, least * counts.first) << name << ": " << counts.second << " of " << counts.first;
  }
}

TEST_F(AuditTest, AFaultIsQuotedWithWhatTheEvidenceSays) {
  std::string memo = read_file(source("testdata/audit/notes/memo_with_tables.md"));
  const std::size_t at = memo.find("macro-F1 0.391 and a held-out ECE of 0.045");
  ASSERT_NE(at, std::string::npos);
  memo.replace(at, 14, "macro-F1 0.491");
  const ProgramResult result = audit(written("memo.md", memo));
  EXPECT_EQ(result.exit_code, kToLookAt);
  EXPECT_THAT(result.out, AllOf(HasSubstr("To look at: 1"), HasSubstr("0.491"),
                                HasSubstr("the evidence has encoder int4, macro f1"),
                                HasSubstr("I recommend encoder int4")));
}

// Shares of resampled data and amounts per thousand are numbers too.
TEST_F(AuditTest, SharesOfResampledDataAndAmountsPerThousandAreHeldAgainstTheEvidence) {
  std::string note = read_file(folder_ / "store/note.md");
  const std::size_t share = note.find(" % of 10,000](");
  ASSERT_NE(share, std::string::npos);
  note.replace(share - 2, 2, "97");
  EXPECT_THAT(audit(written("note.md", note)).out,
              AllOf(HasSubstr("contradicts: 97 %"), HasSubstr("% of resampled data")));
  std::string page = read_file(folder_ / "store/note.html");
  const std::size_t thousand = page.find(" of 1,000 right");
  ASSERT_NE(thousand, std::string::npos);
  page[thousand - 2] = page[thousand - 2] == '9' ? '1' : static_cast<char>(page[thousand - 2] + 1);
  EXPECT_EQ(audit(written("note.html", page)).exit_code, kToLookAt);
}

// What is modelled is known by its device, and explains nothing that is told as measured.
TEST_F(AuditTest, AModelledTimeIsHeldAgainstTheModelOfItsDevice) {
  AuditOptions options;
  options.store = store();
  options.config = config();
  auto evidence = audit_evidence(options);
  const auto tables = audit_tables();
  ASSERT_TRUE(evidence && tables);
  for (const auto& [role, value] : {std::pair(FactRole::kLow, 0.21), std::pair(FactRole::kHigh, 0.34)}) {
    Fact fact;
    fact.id = "modelled/H100";
    fact.metric = "latency";
    fact.model = "encoder";
    fact.recipe = "int8";
    fact.device = "H100";
    fact.unit = FactUnit::kMilliseconds;
    fact.source = FactSource::kModelled;
    fact.role = role;
    fact.value = value;
    evidence->facts.push_back(fact);
  }
  const auto verdicts = [&](const std::string& text) {
    const auto note = parse_note(text, NoteFormat::kMarkdown, "note.md");
    const auto audited = audit_note(*note, *evidence, *tables);
    std::string out;
    for (const CheckedNumber& each : audited->numbers)
      out += std::string(number_verdict_name(each.finding.verdict)) + ";";
    for (const ClaimFinding& each : audited->claims) out += std::string(claim_kind_name(each.kind)) + ";";
    return out;
  };
  EXPECT_EQ(verdicts("Modelled for an H100, encoder int8 takes 0.21 to 0.34 ms.\n"), "sourced;sourced;");
  EXPECT_EQ(verdicts("Modelled for an H100, encoder int8 takes 0.21 to 0.54 ms.\n"), "sourced;contradicts;");
  EXPECT_THAT(verdicts("On an H100 encoder int8 takes 0.21 to 0.34 ms.\n"),
              HasSubstr("modelled told as measured"));
}

TEST_F(AuditTest, CautionIsNeverHeldAgainstANote) {
  std::string memo = read_file(source("testdata/audit/notes/memo_with_tables.md"));
  memo +=
      "\nWe would not claim that encoder int4 hurts the head. Nothing proves that decoder int4 degrades the "
      "tail. It may be that the\n"
      "decoder at int4 is significantly worse in the middle, but this is within noise and I do not know.\n";
  const ProgramResult result = audit(written("memo.md", memo));
  EXPECT_EQ(result.exit_code, 0) << result.out;
}

TEST_F(AuditTest, AFolderGivesASheetEachAndOneCsvInOrder) {
  const std::filesystem::path notes = folder_ / "notes";
  std::filesystem::create_directories(notes);
  const std::string memo = read_file(source("testdata/audit/notes/memo_with_tables.md"));
  write_file(notes / "clean.md", memo);
  std::string wrong = memo;
  wrong.replace(wrong.find("| encoder fp16 | 0.325"), 22, "| encoder fp16 | 0.935");
  write_file(notes / "=wrong,.md", wrong);
  write_file(notes / "broken.ipynb", "{\"cells\": 3}");
  write_file(notes / "ignored.txt", "not a note");
  const std::string out = (folder_ / "sheets").string();
  const ProgramResult result = audit(notes.string(), "--out " + out);
  EXPECT_EQ(result.exit_code, kToLookAt) << result.err;
  const std::string csv = read_file(folder_ / "sheets/audit.csv");
  const std::size_t broken = csv.find("broken.ipynb");
  const std::size_t faulty = csv.find("=wrong");
  const std::size_t fine = csv.find("clean.md");
  ASSERT_NE(fine, std::string::npos) << csv;
  EXPECT_LT(broken, faulty);
  EXPECT_LT(faulty, fine);
  EXPECT_THAT(csv, Not(HasSubstr("ignored")));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "sheets/clean.md.audit.md"));
  EXPECT_THAT(read_file(folder_ / "sheets/=wrong,.md.audit.md"), HasSubstr("0.935"));
}

TEST_F(AuditTest, NumbersOfAPublishedTableAreNotOnesOwn) {
  const std::string table =
      written("published.toml",
              "version = 1\n[[work]]\nname = \"the table of the handout\"\ntable = true\n"
              "[[work.value]]\nwhat = \"encoder fp16, ms\"\nmetric = \"latency\"\nvalue = \"2.77 ms\"\n");
  std::string memo = read_file(source("testdata/audit/notes/memo_with_tables.md"));
  memo.replace(memo.find("| 2.31 |"), 8, "| 2.77 |");
  const ProgramResult result = audit(written("memo.md", memo), "--published " + table);
  EXPECT_EQ(result.exit_code, kToLookAt);
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("published, not your run: 2.77"), HasSubstr("the table of the handout")));
}

TEST_F(AuditTest, WithoutEvidenceANoteIsComparedWithItself) {
  const std::string head =
      "# Note\n\n| configuration | macro-F1 | ms/example |\n|---|---|---|\n| encoder fp16 | 0.325 | 2.31 |\n"
      "| encoder int8 | 0.331 | 5.80 |\n\n";
  const ProgramResult same =
      quantier("audit " + written("same.md", head + "The encoder at int8 has a macro-F1 of 0.331.\n"));
  EXPECT_EQ(same.exit_code, 0) << same.out;
  EXPECT_THAT(same.out, HasSubstr("No evidence was given"));
  const ProgramResult other =
      quantier("audit " + written("other.md", head + "The encoder at int8 has a macro-F1 of 0.371.\n"));
  EXPECT_EQ(other.exit_code, kToLookAt) << other.out;
  EXPECT_THAT(other.out, HasSubstr("0.371"));
}

TEST_F(AuditTest, WhatIsNoNoteIsSaid) {
  const auto refused = [&](const std::string& name, const std::string& content, int code, const char* why) {
    const ProgramResult result = audit(written(name, content));
    EXPECT_EQ(result.exit_code, code) << name << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr(why)) << name;
  };
  refused("binary.md", std::string("ab\0cd", 5), kBadInput, "no text");
  refused("latin1.md", "caf\xe9", kBadInput, "UTF-8");
  refused("empty.md", " \n\n", kBadInput, "no text to audit");
  refused("empty.html", "<html><body><script>1</script></body></html>", kBadInput, "no text to audit");
  refused("no.ipynb", "[1, 2]", kBadInput, "notebook");
  refused("cut.ipynb", "{\"cells\": [{\"cell_type\": \"markdown\", \"source\": 4}]}", kBadInput, "source");
  refused("note.docx", "text", kUsage, "not read");
  EXPECT_EQ(audit((folder_ / "nowhere.md").string()).exit_code, 1);
  std::filesystem::create_directories(folder_ / "nothing");
  EXPECT_EQ(audit((folder_ / "nothing").string()).exit_code, kBadInput);
}

TEST_F(AuditTest, HostileNotesEndWell) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<div>";
  const ProgramResult nested = audit(written("deep.html", deep + "text 0.5"));
  EXPECT_TRUE(nested.exit_code == 0 || nested.exit_code == kBadInput || nested.exit_code == kToLookAt)
      << nested.exit_code;
  std::string quotes;
  for (int i = 0; i < 20000; ++i) quotes += ">";
  const ProgramResult quoted = audit(written("quotes.md", quotes + " text 0.5"));
  EXPECT_TRUE(quoted.exit_code == 0 || quoted.exit_code == kBadInput || quoted.exit_code == kToLookAt)
      << quoted.exit_code;
  // Nothing that a note says reaches a terminal raw.
  const ProgramResult control =
      audit(written("control.md", "The ECE of encoder fp16 is 0.5 \x1b[31m\x07 held out.\n"));
  EXPECT_EQ(control.exit_code, kToLookAt);
  EXPECT_THAT(control.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(control.out, Not(HasSubstr("\x07")));
}

}  // namespace
}  // namespace quantier::testing
