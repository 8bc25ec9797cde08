// How many planted faults the audit of a note catches, and how often it cries wolf.
//
//   bench_audit_faults STORE CONFIG.toml NOTE|DIR PHRASES.toml [--help]
//
// Every operator of tests/audit_faults.h changes every note once for each seed. Of an operator that puts in a
// sentence every phrase of the named sets takes its turn, or with --sample N as many of them, drawn by the
// seed. A fault counts as caught when the audit has more to look at than in the note as it was. Clean notes
// that have anything to look at are listed: each of these is a false alarm. --verbose lists what was missed.
#include "tests/audit_faults.h"

#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "quantier/audit/audit.h"
#include "quantier/base/file.h"
#include "quantier/base/thread_pool.h"
#include "quantier/pipeline/audit.h"

namespace {

using namespace quantier;
using testing::FaultOperator;
using testing::FaultPhrase;

struct Plan {
  std::string store;
  std::string config;
  std::string notes;
  std::string phrases;
  std::size_t seeds = 20;
  std::size_t first = 1000;
  std::size_t sample = 0;  // phrases of a kind for each note and seed; 0: all
  std::size_t threads = 1;
  bool verbose = false;
  std::string keep;  // a folder for the notes whose fault was missed
  std::vector<std::string> sets;
  std::vector<std::string> only;
};

struct Note {
  std::filesystem::path file;
  NoteFormat format = NoteFormat::kMarkdown;
  std::string content;
  std::size_t before = 0;  // to look at in the note as it is
};

// One fault that is to be planted.
struct Turn {
  const Note* note = nullptr;
  const FaultOperator* kind = nullptr;
  std::size_t seed = 0;
  std::vector<FaultPhrase> phrases;  // one, or none
  std::size_t place = 0;             // of the phrase in the file, from 1
};

struct Count {
  std::size_t planted = 0;
  std::size_t caught = 0;
};

class Faults {
 public:
  Faults(const Plan& plan, const AuditEvidence& evidence, const AuditTables& tables)
      : plan_(plan), evidence_(evidence), tables_(tables) {}

  [[nodiscard]] std::optional<std::size_t> look_at(const Note& note, const std::string& text) const {
    const auto parsed = parse_note(text, note.format, note.file.filename().string());
    if (!parsed) return std::nullopt;
    const auto audit = audit_note(*parsed, evidence_, tables_);
    return audit ? std::optional(audit->to_look_at()) : std::nullopt;
  }

  void plant(const Turn& turn) {
    const std::string name = turn.note->file.filename().string();
    Philox random(plan_.first + turn.seed, std::hash<std::string>{}(name + turn.kind->name) + turn.place);
    testing::FaultContext context{.evidence = &evidence_, .random = &random, .phrases = &turn.phrases};
    auto source = testing::NoteSource::read(turn.note->content, turn.note->format);
    const auto what = source ? turn.kind->plant(*source, context) : std::nullopt;
    if (!what) return;
    const std::optional<std::size_t> after = look_at(*turn.note, source->content());
    const bool caught = after && *after > turn.note->before;
    const std::lock_guard hold(lock_);
    const auto add = [&](Count& count) {
      ++count.planted;
      count.caught += caught ? 1 : 0;
    };
    add(by_operator_[turn.kind->name]);
    add(by_note_[name]);
    add(all_);
    if (!turn.phrases.empty()) add(by_set_[turn.phrases.front().set]);
    if (caught || !plan_.verbose) return;
    const std::size_t seed = plan_.first + turn.seed;
    fmt::print("missed, {}, {}, seed {}: {}\n", name, turn.kind->name, seed, *what);
    std::fflush(stdout);
    if (plan_.keep.empty()) return;
    const std::string file = fmt::format("{} {} {} {}", turn.kind->name, seed, turn.place, name);
    if (auto kept = write_file_atomically(std::filesystem::path(plan_.keep) / file, source->content()); !kept)
      fmt::print(stderr, "{}\n", kept.error().message());
  }

  void print() const {
    fmt::print("\n{:<28} {:>8} {:>8} {:>8}\n", "operator", "planted", "caught", "share");
    for (const auto& [name, count] : by_operator_) line(name, count);
    for (const auto& [name, count] : by_set_) line("phrases, " + name, count);
    if (by_note_.size() > 1) {
      for (const auto& [name, count] : by_note_) line(name, count);
    }
    line("all", all_);
  }

 private:
  static void line(const std::string& name, const Count& count) {
    fmt::print("{:<28} {:>8} {:>8} {:>7.1f}%\n", name, count.planted, count.caught,
               100.0 * static_cast<double>(count.caught) /
                   static_cast<double>(std::max<std::size_t>(count.planted, 1)));
  }

  const Plan& plan_;
  const AuditEvidence& evidence_;
  const AuditTables& tables_;
  std::mutex lock_;
  std::map<std::string, Count> by_operator_;
  std::map<std::string, Count> by_set_;
  std::map<std::string, Count> by_note_;
  Count all_;
};

std::vector<Note> notes_of(const std::string& place) {
  std::vector<Note> notes;
  const auto add = [&](const std::filesystem::path& file) {
    Note note{.file = file, .format = NoteFormat::kMarkdown, .content = {}, .before = 0};
    if (note_format_of(file, note.format)) notes.push_back(std::move(note));
  };
  if (!std::filesystem::is_directory(place)) {
    add(place);
  } else {
    for (const auto& entry : std::filesystem::directory_iterator(place)) add(entry.path());
  }
  std::ranges::sort(notes, {}, &Note::file);
  return notes;
}

// The turns of one operator at one note and seed.
void add_turns(const Note& note, const FaultOperator& kind, std::size_t seed, const Plan& plan,
               const std::vector<FaultPhrase>& phrases, std::vector<Turn>& turns) {
  if (kind.phrases == nullptr) {
    turns.push_back({.note = &note, .kind = &kind, .seed = seed, .phrases = {}, .place = 0});
    return;
  }
  std::vector<std::size_t> of_kind;
  for (std::size_t p = 0; p < phrases.size(); ++p) {
    if (phrases[p].kind == kind.phrases) of_kind.push_back(p);
  }
  if (plan.sample > 0 && of_kind.size() > plan.sample) {
    Philox random(plan.first + seed, std::hash<std::string>{}(note.file.filename().string() + kind.phrases));
    shuffle(of_kind, random);
    of_kind.resize(plan.sample);
  }
  for (const std::size_t p : of_kind)
    turns.push_back({.note = &note, .kind = &kind, .seed = seed, .phrases = {phrases[p]}, .place = p + 1});
}

int run(const Plan& plan) {
  AuditOptions options;
  options.store = plan.store;
  options.config = plan.config;
  const auto evidence = audit_evidence(options);
  const auto tables = audit_tables();
  if (!evidence || !tables) {
    fmt::print(stderr, "{}\n", evidence ? tables.error().message() : evidence.error().message());
    return 1;
  }
  const std::vector<FaultPhrase> phrases = testing::fault_phrases(plan.phrases, plan.sets);
  if (phrases.empty()) {
    fmt::print(stderr, "{} holds no phrases of these sets\n", plan.phrases);
    return 1;
  }
  Faults faults(plan, *evidence, *tables);
  std::vector<Note> notes = notes_of(plan.notes);
  std::size_t false_alarms = 0;
  for (Note& note : notes) {
    const auto content = read_text_file(note.file);
    if (content) note.content = *content;
    const std::optional<std::size_t> before = content ? faults.look_at(note, *content) : std::nullopt;
    if (!before) {
      fmt::print(stderr, "{} cannot be read\n", note.file.string());
      return 1;
    }
    note.before = *before;
    if (*before == 0) continue;
    ++false_alarms;
    fmt::print("clean note with {} to look at: {}\n", *before, note.file.filename().string());
  }
  const std::vector<FaultOperator> operators = testing::fault_operators();
  std::vector<Turn> turns;
  for (const Note& note : notes) {
    for (const FaultOperator& each : operators) {
      const bool wanted = plan.only.empty() || std::ranges::find(plan.only, each.name) != plan.only.end();
      for (std::size_t s = 0; wanted && s < plan.seeds; ++s) add_turns(note, each, s, plan, phrases, turns);
    }
  }
  ThreadPool pool(plan.threads);
  pool.run(turns.size(), [&](std::size_t turn, std::size_t) { faults.plant(turns[turn]); });
  faults.print();
  fmt::print("{} clean notes, {} with a false alarm\n", notes.size(), false_alarms);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Plan plan;
  CLI::App app("How many planted faults the audit of a note catches, and how often it cries wolf");
  app.add_option("store", plan.store)->required();
  app.add_option("config", plan.config, "TOML")->required();
  app.add_option("notes", plan.notes, "a note or a folder of them")->required();
  app.add_option("phrases", plan.phrases, "TOML")->required();
  app.add_option("--seeds", plan.seeds)->capture_default_str();
  app.add_option("--first", plan.first, "the first seed")->capture_default_str();
  app.add_option("--sample", plan.sample, "phrases of a kind for each note and seed; 0: all");
  app.add_option("--set", plan.sets, "phrases of this set alone");
  app.add_option("--only", plan.only, "this operator alone");
  app.add_option("--threads", plan.threads)->check(CLI::Range(1, 256));
  app.add_flag("--verbose", plan.verbose, "what was missed");
  app.add_option("--keep", plan.keep, "with --verbose: a folder for the notes whose fault was missed")
      ->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  return run(plan);
}
