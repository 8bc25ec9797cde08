// How many planted faults the audit of a note catches, and how often it cries wolf.
//
//   bench_audit_faults STORE CONFIG.toml NOTES_DIR PHRASES.toml [SEEDS] [FIRST_SEED] [SET...]
//
// Every operator of tests/audit_faults.h changes every note of the folder once for each seed; of an operator
// that puts in a sentence every phrase of the named sets takes its turn. A fault counts as caught when the
// audit has more to look at than in the note as it was. Clean notes that have anything to look at are listed:
// each of these is a false alarm. AUDIT_FAULTS_VERBOSE=1 lists the faults that were missed.
#include "tests/audit_faults.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/audit/audit.h"
#include "quantier/base/file.h"
#include "quantier/pipeline/audit.h"

namespace {

using namespace quantier;

int run(const std::vector<std::string>& arguments) {
  AuditOptions options;
  options.store = arguments[0];
  options.config = arguments[1];
  const auto evidence = audit_evidence(options);
  const auto tables = audit_tables();
  if (!evidence || !tables) {
    fmt::print(stderr, "{}\n", evidence ? tables.error().message() : evidence.error().message());
    return 1;
  }
  const std::size_t seeds = arguments.size() > 4 ? std::strtoul(arguments[4].c_str(), nullptr, 10) : 20;
  const std::size_t first = arguments.size() > 5 ? std::strtoul(arguments[5].c_str(), nullptr, 10) : 1000;
  const std::vector<std::string> sets(
      arguments.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(6, arguments.size())),
      arguments.end());
  const std::vector<testing::FaultPhrase> phrases = testing::fault_phrases(arguments[3], sets);
  if (phrases.empty()) {
    fmt::print(stderr, "{} holds no phrases of these sets\n", arguments[3]);
    return 1;
  }
  std::vector<std::filesystem::path> notes;
  NoteFormat format = NoteFormat::kMarkdown;
  for (const auto& entry : std::filesystem::directory_iterator(arguments[2])) {
    if (note_format_of(entry.path(), format)) notes.push_back(entry.path());
  }
  std::ranges::sort(notes);
  struct Count {
    std::size_t planted = 0;
    std::size_t caught = 0;
  };
  std::map<std::string, Count> by_operator;
  std::map<std::string, Count> by_set;
  Count all;
  std::size_t false_alarms = 0;
  std::size_t clean = 0;
  for (const std::filesystem::path& note : notes) {
    static_cast<void>(note_format_of(note, format));
    const auto content = read_text_file(note);
    const auto look_at = [&](const std::string& text) -> std::optional<std::size_t> {
      const auto parsed = parse_note(text, format, note.filename().string());
      if (!parsed) return std::nullopt;
      const auto audit = audit_note(*parsed, *evidence, *tables);
      return audit ? std::optional(audit->to_look_at()) : std::nullopt;
    };
    const std::optional<std::size_t> before = content ? look_at(*content) : std::nullopt;
    if (!before) {
      fmt::print(stderr, "{} cannot be read\n", note.string());
      return 1;
    }
    ++clean;
    if (*before > 0) {
      ++false_alarms;
      fmt::print("clean note with {} to look at: {}\n", *before, note.filename().string());
    }
    const auto plant = [&](const testing::FaultOperator& each, const std::vector<testing::FaultPhrase>& said,
                           std::size_t seed, std::size_t turn) {
      Philox random(first + seed, std::hash<std::string>{}(note.filename().string() + each.name) + turn);
      testing::FaultContext context{.evidence = &*evidence, .random = &random, .phrases = &said};
      auto source = testing::NoteSource::read(*content, format);
      const auto what = source ? each.plant(*source, context) : std::nullopt;
      if (!what) return;
      const std::optional<std::size_t> after = look_at(source->content());
      const bool caught = after && *after > *before;
      const auto add = [&](Count& count) {
        ++count.planted;
        count.caught += caught ? 1 : 0;
      };
      add(by_operator[each.name]);
      add(all);
      if (said.size() == 1) add(by_set[said.front().set]);
      if (!caught && std::getenv("AUDIT_FAULTS_VERBOSE") != nullptr) {
        fmt::print("missed, {}, {}: {}\n", note.filename().string(), each.name, *what);
      }
    };
    for (const testing::FaultOperator& each : testing::fault_operators()) {
      for (std::size_t s = 0; s < seeds; ++s) {
        if (each.phrases == nullptr) {
          plant(each, {}, s, 0);
          continue;
        }
        for (std::size_t p = 0; p < phrases.size(); ++p) {
          if (phrases[p].kind == each.phrases) plant(each, {phrases[p]}, s, p + 1);
        }
      }
    }
  }
  fmt::print("\n{:<24} {:>8} {:>8} {:>8}\n", "operator", "planted", "caught", "share");
  const auto line = [](const std::string& name, const Count& count) {
    fmt::print("{:<24} {:>8} {:>8} {:>7.1f}%\n", name, count.planted, count.caught,
               100.0 * static_cast<double>(count.caught) /
                   static_cast<double>(std::max<std::size_t>(count.planted, 1)));
  };
  for (const auto& [name, count] : by_operator) line(name, count);
  for (const auto& [name, count] : by_set) line("phrases, " + name, count);
  line("all", all);
  fmt::print("{} clean notes, {} with a false alarm\n", clean, false_alarms);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 4) {
    fmt::print(
        stderr,
        "usage: bench_audit_faults STORE CONFIG.toml NOTES_DIR PHRASES.toml [SEEDS] [FIRST_SEED] [SET...]\n");
    return 2;
  }
  return run(arguments);
}
