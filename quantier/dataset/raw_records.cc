#include "quantier/dataset/raw_records.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

constexpr std::array<std::string_view, 8> kTextNames = {"text",        "sentence", "content", "document",
                                                        "description", "body",     "review",  "narrative"};
constexpr std::array<std::string_view, 5> kLabelNames = {"label", "labels", "category", "class", "target"};
constexpr std::array<std::string_view, 4> kIdNames = {"id", "uid", "guid", "example_id"};

std::string list_columns(const std::vector<std::string>& columns) {
  constexpr std::size_t kShown = 20;
  std::string out;
  for (std::size_t i = 0; i < std::min(columns.size(), kShown); ++i) {
    out += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", printable(columns[i], 60));
  }
  if (columns.size() > kShown) out += fmt::format(" and {} more", columns.size() - kShown);
  return out.empty() ? "none" : out;
}

// `what`: "text"; `option`: how the user names it on the command line.
Result<std::string> resolve_one(const std::vector<std::string>& found, const std::string& given, Need need,
                                std::string_view what, std::span<const std::string_view> usual_names,
                                std::string_view source) {
  if (need == Need::kNever) return std::string();
  const std::string hint = fmt::format("name it with --{0}-col, or with `{0}` in the [data] table", what);
  if (!given.empty()) {
    if (std::ranges::find(found, given) != found.end()) return given;
    return fail(ErrorKind::kUserInput,
                fmt::format("the {} column \"{}\" does not exist", what, printable(given)),
                std::string(source), "columns found: " + list_columns(found), hint);
  }
  std::vector<std::string> candidates;
  for (const std::string& column : found) {
    if (std::ranges::find(usual_names, std::string_view(column)) != usual_names.end()) {
      candidates.push_back(column);
    }
  }
  if (candidates.size() > 1) {
    return fail(ErrorKind::kUserInput, fmt::format("more than one column may be the {}", what),
                std::string(source), "candidates: " + list_columns(candidates), hint);
  }
  if (candidates.empty()) {
    if (need == Need::kIfPresent) return std::string();
    return fail(ErrorKind::kUserInput, fmt::format("no {} column was found", what), std::string(source),
                "columns found: " + list_columns(found), hint);
  }
  return candidates.front();
}

}  // namespace

Result<ColumnNames> resolve_columns(const std::vector<std::string>& found, const WantedColumns& wanted,
                                    std::string_view source) {
  ColumnNames columns;
  QT_TRY(columns.text, resolve_one(found, wanted.names.text, wanted.text, "text", kTextNames, source));
  QT_TRY(columns.label, resolve_one(found, wanted.names.label, wanted.label, "label", kLabelNames, source));
  QT_TRY(columns.id, resolve_one(found, wanted.names.id, wanted.id, "id", kIdNames, source));
  return columns;
}

std::string at_line(std::string_view source, std::uint64_t line) {
  return fmt::format("{}, line {}", source, line);
}

Status check_utf8(std::string_view part, std::uint64_t offset, std::uint64_t line, std::string_view source) {
  const auto invalid = find_invalid_utf8(part);
  if (!invalid) return {};
  return fail(ErrorKind::kCorruptData, "text is not UTF-8",
              fmt::format("{}, byte offset {}", at_line(source, line), offset + *invalid),
              fmt::format("byte 0x{:02x} does not belong there", static_cast<unsigned char>(part[*invalid])),
              "convert the file to UTF-8, for example with iconv -f latin1 -t utf-8");
}

}  // namespace quantier
