#include "quantier/pipeline/verify.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/utf8.h"
#include "quantier/evidence/store.h"
#include "quantier/note/inline.h"
#include "quantier/note/kept_numbers.h"
#include "quantier/note/words.h"
#include "quantier/pipeline/decide_cache.h"
#include "quantier/pipeline/note_from.h"
#include "quantier/pipeline/store_file.h"

namespace quantier {
namespace {

using note_internal::TextNumber;

constexpr std::uint64_t kLargestNote = std::uint64_t{64} << 20;

// A link to a row of the appendix.
struct Link {
  std::string text;  // as it reads
  std::string anchor;
  std::size_t line = 0;
};

// What a row of the appendix says about its anchor.
struct AppendixRow {
  std::vector<std::string> figures;
  std::string finding;
  std::size_t line = 0;
};

// Escapes of Markdown and entities of HTML taken out.
std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("&lt;")) {
      out += '<';
      text.remove_prefix(4);
    } else if (text.starts_with("&amp;")) {
      out += '&';
      text.remove_prefix(5);
    } else {
      if (text.size() > 1 && text.front() == '\\' && std::ispunct(static_cast<unsigned char>(text[1]))) {
        text.remove_prefix(1);
      }
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

// The first `end` that no backslash stands before.
std::size_t unescaped_end(std::string_view text, char end, std::size_t from = 0) {
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == end) {
      return i;
    }
  }
  return std::string_view::npos;
}

void add_links(std::string_view line, std::size_t number, std::vector<Link>& links) {
  constexpr std::string_view kTarget = "](#r";
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == '\\') {
      at += 2;
      continue;
    }
    if (line[at] != '[') {
      ++at;
      continue;
    }
    const std::size_t close = unescaped_end(line, ']', at + 1);
    const std::size_t end = close == std::string_view::npos ? close : line.find(')', close);
    if (end == std::string_view::npos || !line.substr(close).starts_with(kTarget)) {
      ++at;
      continue;
    }
    links.push_back({unescaped(line.substr(at + 1, close - at - 1)),
                     std::string(line.substr(close + 3, end - close - 3)), number});
    at = end + 1;
  }
}

// | <a id="r1f3a9c2e"></a>−2.8; −2.80 | encoder/int4/tail/accuracy | ...
void add_row(std::string_view line, std::size_t number, std::map<std::string, AppendixRow>& rows) {
  constexpr std::string_view kStart = "| <a id=\"";
  constexpr std::string_view kClose = "\"></a>";
  if (!line.starts_with(kStart)) return;
  const std::size_t end = line.find(kClose);
  if (end == std::string_view::npos) return;
  AppendixRow row;
  row.line = number;
  const std::string anchor(line.substr(kStart.size(), end - kStart.size()));
  line.remove_prefix(end + kClose.size());
  const auto cell = [&] {
    const std::size_t bar = unescaped_end(line, '|');
    std::string text = unescaped(line.substr(0, bar));
    line = bar == std::string_view::npos ? std::string_view() : line.substr(bar + 1);
    while (text.starts_with(' ')) text.erase(0, 1);
    while (text.ends_with(' ')) text.pop_back();
    return text;
  };
  const std::string figures = cell();
  row.finding = cell();
  for (std::size_t at = 0; at <= figures.size();) {
    const std::size_t next = std::min(figures.find("; ", at), figures.size());
    row.figures.push_back(figures.substr(at, next - at));
    at = next + 2;
  }
  rows.emplace(anchor, std::move(row));
}

// A number as it is written, in the unit of the finding, and half of its last place.
struct Reading {
  double value = 0.0;
  double half_place = 0.0;
  char bound = '=';  // '<' and '>' where only that is written
};

std::optional<Reading> reading_of(const TextNumber& number, std::string_view text) {
  Reading reading;
  const char* end = number.value.data() + number.value.size();
  const auto read = std::from_chars(number.value.data(), end, reading.value);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  const std::size_t point = number.value.find('.');
  const auto places = point == std::string::npos ? 0 : static_cast<int>(number.value.size() - point - 1);
  double unit = number.percent ? 0.01 : 1.0;
  std::string_view after = text.substr(std::min(number.at + number.written.size(), text.size()));
  if (after.starts_with(' ')) after.remove_prefix(1);
  if (after.starts_with("\xc2\xa0")) after.remove_prefix(2);
  if (after.starts_with("MB")) unit = 1e6;
  if (after.starts_with("GB")) unit = 1e9;
  reading.half_place = 0.5 * std::pow(10.0, -places) * unit;
  reading.value *= unit;
  const char before = number.at > 0 ? text[number.at - 1] : ' ';
  if (before == '<' || before == '>') reading.bound = before;
  return reading;
}

bool rounds_to(double value, const Reading& reading) {
  if (reading.bound == '<') return value < reading.value;
  if (reading.bound == '>') return value > reading.value;
  // A value in the middle between two places may round either way.
  constexpr double kSlack = 1e-9;
  return std::abs(value - reading.value) <= reading.half_place * (1.0 + kSlack) + kSlack * std::abs(value);
}

void judge(VerifiedFigure& figure) {
  const std::vector<TextNumber> numbers = note_internal::numbers_in(figure.written);
  std::vector<Reading> readings;
  for (const TextNumber& number : numbers) {
    const auto reading = reading_of(number, figure.written);
    if (reading) readings.push_back(*reading);
  }
  if (readings.empty() || readings.size() > figure.now.size()) {
    figure.state = FigureState::kUnknown;
    figure.why = readings.empty() ? "it holds no number" : "it holds more numbers than the finding gives";
    return;
  }
  for (std::size_t i = 1; i < readings.size(); ++i) {
    if (!rounds_to(figure.now[i], readings[i]))
      figure.why += (figure.why.empty() ? "" : ", ") + numbers[i].written;
  }
  if (rounds_to(figure.now.front(), readings.front())) {
    figure.state = figure.why.empty() ? FigureState::kIdentical : FigureState::kMoved;
    if (!figure.why.empty()) figure.why = "not in the finding: " + figure.why;
    return;
  }
  const bool inside = figure.interval && readings.front().bound == '=' &&
                      readings.front().value >= figure.interval->first - readings.front().half_place &&
                      readings.front().value <= figure.interval->second + readings.front().half_place;
  figure.state = inside ? FigureState::kInside : FigureState::kMoved;
  figure.why.clear();
}

struct Target {
  std::string finding;
  FindingField field;
};

// Every field of every finding by its anchor.
std::map<std::string, Target> targets_of(const std::vector<Finding>& findings) {
  std::map<std::string, Target> targets;
  const auto add = [&](const Finding& finding, const std::string& name) {
    const auto field = field_of(finding, name);
    // As the note writes names.
    const std::string shown = note_internal::visible(finding.name);
    if (field)
      targets.emplace(note_internal::anchor_of({shown, note_internal::visible(name), "", ""}),
                      Target{finding.name, *field});
  };
  for (const Finding& finding : findings) {
    add(finding, "");
    for (const FindingField& field : finding.fields) add(finding, field.name);
  }
  return targets;
}

// A folder of our own that goes away.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make() {
    std::error_code failed;
    std::string name = (std::filesystem::temp_directory_path(failed) / "quantier-verify-XXXXXX").string();
    if (failed || mkdtemp(name.data()) == nullptr) {
      return fail(ErrorKind::kEnvironment, "there is no place for a copy of the store", name, "",
                  "set TMPDIR to a folder that can be written to");
    }
    return ScratchFolder(name);
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

Result<std::vector<Finding>> stored_findings(const std::filesystem::path& file) {
  QT_TRY(Store store, Store::open(file, Store::Mode::kReadOnly));
  QT_TRY(const std::optional<std::string> text, store.setting(kFindingsSetting));
  if (!text) {
    return fail(ErrorKind::kUserInput, "the store holds no findings", file.string(),
                "nothing was reported yet", "`quantier report` makes them from the runs in it; or --rerun");
  }
  return findings_from_json(*text, file.string());
}

// From the runs, on a copy of the store: nothing that an analysis left behind is read.
Result<std::vector<Finding>> findings_again(const std::filesystem::path& file, const VerifyOptions& options) {
  QT_TRY(const ScratchFolder scratch, ScratchFolder::make());
  const std::filesystem::path copy = scratch.path() / kStoreFileName;
  for (const char* part : {"", "-wal"}) {
    std::error_code failed;
    const std::filesystem::path from = file.string() + part;
    if (*part != '\0' && !std::filesystem::exists(from, failed)) continue;
    std::filesystem::copy_file(from, copy.string() + part, failed);
    if (failed) {
      return fail(ErrorKind::kEnvironment, "the store cannot be copied", from.string(), failed.message(),
                  "--rerun works on a copy in TMPDIR");
    }
  }
  {
    QT_TRY(Store store, Store::open(copy, Store::Mode::kReadWrite));
    QT_TRY_STATUS(forget_evidence(store));
  }
  NoteFromOptions again;
  again.import.paths = {copy};
  again.import.progress = options.progress;
  again.import.interrupt = options.interrupt;
  again.envelope = options.config;
  again.out = scratch.path();
  QT_TRY(const NoteFrom made, note_from(again));
  return made.report.findings;
}

}  // namespace

const char* figure_state_name(FigureState state) {
  switch (state) {
    case FigureState::kIdentical:
      return "identical";
    case FigureState::kAltered:
      return "altered";
    case FigureState::kInside:
      return "inside";
    case FigureState::kMoved:
      return "moved";
    case FigureState::kUnknown:
      break;
  }
  return "unknown";
}

std::string findings_key_in(std::string_view markdown) {
  const std::string row = std::string("| ") + kFindingsKeyRow + " | ";
  const std::size_t at = markdown.find(row);
  if (at == std::string_view::npos) return {};
  std::string_view key = markdown.substr(at + row.size());
  key = key.substr(0, key.find(' '));
  const bool hexadecimal =
      !key.empty() && key.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return hexadecimal ? std::string(key) : std::string();
}

std::vector<VerifiedFigure> verify_figures(std::string_view markdown, const std::vector<Finding>& findings,
                                           bool same_findings) {
  std::vector<Link> links;
  std::map<std::string, AppendixRow> rows;
  std::size_t line = 0;
  while (!markdown.empty()) {
    const std::size_t end = markdown.find('\n');
    add_links(markdown.substr(0, end), ++line, links);
    add_row(markdown.substr(0, end), line, rows);
    markdown = end == std::string_view::npos ? std::string_view() : markdown.substr(end + 1);
  }
  for (const auto& [anchor, row] : rows) {
    for (const std::string& figure : row.figures) {
      if (figure.empty()) continue;
      const bool linked = std::ranges::any_of(
          links, [&](const Link& link) { return link.anchor == anchor && link.text == figure; });
      if (!linked) links.push_back({figure, anchor, row.line});
    }
  }
  const std::map<std::string, Target> targets = targets_of(findings);
  std::vector<VerifiedFigure> figures;
  for (const Link& link : links) {
    VerifiedFigure figure;
    figure.written = link.text;
    figure.line = link.line;
    if (const auto target = targets.find(link.anchor); target != targets.end()) {
      figure.finding = target->second.finding;
      figure.field = target->second.field.name;
      figure.now = target->second.field.numbers;
      figure.interval = target->second.field.interval;
      judge(figure);
      const bool differs = figure.state == FigureState::kInside || figure.state == FigureState::kMoved;
      if (same_findings && differs) figure.state = FigureState::kAltered;
    } else {
      if (const auto row = rows.find(link.anchor); row != rows.end()) figure.finding = row->second.finding;
      figure.why = "the store has no such finding";
    }
    figures.push_back(std::move(figure));
  }
  std::ranges::stable_sort(figures, {}, &VerifiedFigure::line);
  return figures;
}

std::size_t Verification::count(FigureState state) const {
  return static_cast<std::size_t>(std::ranges::count(figures, state, &VerifiedFigure::state));
}

std::size_t Verification::to_look_at() const {
  return count(FigureState::kAltered) + count(FigureState::kMoved) + count(FigureState::kUnknown);
}

Result<Verification> verify_note(const VerifyOptions& options) {
  std::error_code ignored;
  std::filesystem::path note = options.note;
  if (std::filesystem::is_directory(note, ignored)) note /= "note.md";
  QT_TRY(const std::string markdown, read_text_file(note, kLargestNote));
  const std::filesystem::path file = store_file_of(options.store);
  if (!std::filesystem::exists(file, ignored)) {
    return fail(ErrorKind::kUserInput, "there is no evidence store", file.string(), "",
                "give the folder that `quantier run --out` wrote");
  }
  QT_TRY(const std::vector<Finding> findings,
         options.rerun ? findings_again(file, options) : stored_findings(file));
  Verification verification{.note = note.string(),
                            .store = file.string(),
                            .rerun = options.rerun,
                            .figures = {},
                            .note_key = findings_key_in(markdown),
                            .store_key = findings_key(findings)};
  verification.figures = verify_figures(markdown, findings, verification.same_findings());
  if (verification.figures.empty()) {
    return fail(ErrorKind::kUserInput, "the note holds no references", note.string(),
                "no number in it is a link to a row of \"where the numbers come from\"",
                "give the note.md that `quantier report` wrote; `quantier report` makes it anew");
  }
  return verification;
}

}  // namespace quantier
