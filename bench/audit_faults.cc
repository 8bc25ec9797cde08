// How many planted faults the audit of a note catches, and how often it cries wolf.
//
//   bench_audit_faults STORE CONFIG.toml NOTES_DIR [SEEDS] [FIRST_SEED] [--seen]
//
// Every operator of tests/audit_faults.h changes every note of the folder once for each seed; a fault counts
// as caught when the audit has more to look at than in the note as it was. Clean notes that have anything to
// look at are listed: each of these is a false alarm. The seeds and the phrases are not the ones that the
// audit was made with, unless
// --seen asks for those.
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
  const bool seen = arguments.back() == "--seen";
  const std::size_t seeds = arguments.size() > 3 ? std::strtoul(arguments[3].c_str(), nullptr, 10) : 20;
  const std::size_t first = arguments.size() > 4 ? std::strtoul(arguments[4].c_str(), nullptr, 10) : 1000;
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
    for (const testing::FaultOperator& each : testing::fault_operators()) {
      for (std::size_t s = 0; s < seeds; ++s) {
        Philox random(first + s, std::hash<std::string>{}(note.filename().string() + each.name));
        testing::FaultContext context{.evidence = &*evidence, .random = &random, .fresh_phrases = !seen};
        auto source = testing::NoteSource::read(*content, format);
        if (!source) return 1;
        const auto what = each.plant(*source, context);
        if (!what) continue;
        const std::optional<std::size_t> after = look_at(source->content());
        Count& count = by_operator[each.name];
        ++count.planted;
        ++all.planted;
        if (after && *after > *before) {
          ++count.caught;
          ++all.caught;
        } else if (std::getenv("AUDIT_FAULTS_VERBOSE") != nullptr) {
          fmt::print("missed, {}, {}: {}\n", note.filename().string(), each.name, *what);
        }
      }
    }
  }
  fmt::print("\n{:<24} {:>8} {:>8} {:>8}\n", "operator", "planted", "caught", "share");
  for (const auto& [name, count] : by_operator) {
    fmt::print("{:<24} {:>8} {:>8} {:>7.1f}%\n", name, count.planted, count.caught,
               100.0 * static_cast<double>(count.caught) / static_cast<double>(count.planted));
  }
  fmt::print(
      "{:<24} {:>8} {:>8} {:>7.1f}%\n", "all", all.planted, all.caught,
      100.0 * static_cast<double>(all.caught) / static_cast<double>(std::max<std::size_t>(all.planted, 1)));
  fmt::print("{} clean notes, {} with a false alarm\n", clean, false_alarms);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) {
    fmt::print(stderr,
               "usage: bench_audit_faults STORE CONFIG.toml NOTES_DIR [SEEDS] [FIRST_SEED] [--seen]\n");
    return 2;
  }
  return run(arguments);
}
