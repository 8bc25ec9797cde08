#include "quantier/note/keep_blocks.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "quantier/note/kept_numbers.h"
#include "quantier/note/reference_table.h"
#include "quantier/note/words.h"

namespace quantier {
namespace note_internal {
namespace {

constexpr std::string_view kOpen = "<!-- keep: ";
constexpr std::string_view kClose = "<!-- /keep: ";
constexpr std::string_view kTail = " -->";
constexpr std::string_view kSpaces = " \t\r";
constexpr std::string_view kHomeless = "Kept from an earlier note";

std::string_view stripped(std::string_view line) {
  const std::size_t from = line.find_first_not_of(kSpaces);
  if (from == std::string_view::npos) return {};
  return line.substr(from, line.find_last_not_of(kSpaces) + 1 - from);
}

// The name in a line that is a mark; an empty one where the mark has no proper name.
std::optional<std::string> named_by(std::string_view line, std::string_view open) {
  const std::string_view mark = stripped(line);
  if (!mark.starts_with(open.substr(0, open.size() - 1)) || !mark.ends_with("-->")) return std::nullopt;
  constexpr std::size_t kLongest = 100;
  const std::size_t inside = mark.size() - 3 - (open.size() - 1);
  const std::string_view id = stripped(mark.substr(open.size() - 1, inside));
  const bool proper = !id.empty() && id.size() <= kLongest && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  return proper ? std::string(id) : std::string();
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// Where a section that starts with the heading at `at` ends: the next heading that is not below it.
std::size_t section_end(const std::vector<NoteBlock>& blocks, std::size_t at) {
  const int level = std::get<NoteHeading>(blocks[at]).level;
  for (std::size_t i = at + 1; i < blocks.size(); ++i) {
    const auto* heading = std::get_if<NoteHeading>(&blocks[i]);
    if (heading != nullptr && heading->level <= level) return i;
  }
  return blocks.size();
}

// The place of a heading that reads so, or the end.
std::size_t heading_like(const std::vector<NoteBlock>& blocks, const auto& matches) {
  const auto found = std::find_if(blocks.begin(), blocks.end(), [&](const NoteBlock& block) {
    const auto* heading = std::get_if<NoteHeading>(&block);
    return heading != nullptr && matches(*heading);
  });
  return static_cast<std::size_t>(found - blocks.begin());
}

void insert_kept(std::vector<NoteBlock>& blocks, const KeptBlock& kept) {
  const auto put = [&](std::size_t at, NoteBlock block) {
    blocks.insert(blocks.begin() + static_cast<std::ptrdiff_t>(at), std::move(block));
  };
  NoteKept text{.id = kept.id, .text = kept.text};
  if (kept.section.empty()) {
    // Above the first heading.
    return put(heading_like(blocks, [](const NoteHeading&) { return true; }), std::move(text));
  }
  const std::size_t section = heading_like(
      blocks, [&](const NoteHeading& heading) { return escape_markdown(heading.text) == kept.section; });
  if (section < blocks.size()) return put(section_end(blocks, section), std::move(text));
  std::size_t homeless =
      heading_like(blocks, [](const NoteHeading& heading) { return heading.text == kHomeless; });
  if (homeless == blocks.size()) {
    homeless =
        heading_like(blocks, [](const NoteHeading& heading) { return heading.text.starts_with(kAppendix); });
    put(homeless, NoteHeading{2, std::string(kHomeless)});
  }
  put(section_end(blocks, homeless), std::move(text));
}

}  // namespace

std::string keep_begin(std::string_view id) { return fmt::format("{}{}{}", kOpen, id, kTail); }
std::string keep_end(std::string_view id) { return fmt::format("{}{}{}", kClose, id, kTail); }

std::vector<std::string> kept_paragraphs(std::string_view text, const std::vector<Reference>& references) {
  std::vector<std::string> paragraphs;
  bool open = false;  // whether a line goes on with the paragraph before it
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = stripped(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const bool item = line.starts_with("- ") || line.starts_with("* ");
    if (line.empty()) {
      open = false;
      continue;
    }
    const std::string read = with_citations(visible(item ? line.substr(2) : line), references);
    if (open && !item) {
      paragraphs.back() += " " + read;
    } else {
      paragraphs.push_back((item ? "• " : "") + read);
    }
    open = true;
  }
  return paragraphs;
}

}  // namespace note_internal

Result<std::vector<KeptBlock>> read_keep_blocks(std::string_view markdown, std::string_view source) {
  using namespace note_internal;
  std::vector<KeptBlock> blocks;
  std::optional<KeptBlock> open;
  std::size_t opened_at = 0;
  std::string section;
  std::size_t number = 0;
  const auto bad = [&](std::string why, std::size_t line) {
    return fail(
        ErrorKind::kUserInput, "the text that a person wrote into the note cannot be told from the rest",
        fmt::format("{}, line {}", source, line), std::move(why),
        fmt::format("a block is \"{}\", the text, \"{}\", each mark on a line of its own; or move the "
                    "file away to start afresh",
                    keep_begin("NAME"), keep_end("NAME")));
  };
  for (std::string_view rest = markdown; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::size_t taken = end == std::string_view::npos ? rest.size() : end + 1;
    const std::string_view line = rest.substr(0, taken);
    const std::string_view bare = line.substr(0, end == std::string_view::npos ? taken : end);
    rest.remove_prefix(taken);
    ++number;
    const auto begins = named_by(bare, kOpen);
    const auto ends = named_by(bare, kClose);
    if ((begins && begins->empty()) || (ends && ends->empty())) {
      return bad("a mark without a name of letters, digits, '.', '_' and '-'", number);
    }
    if (begins) {
      if (open) return bad(fmt::format("\"{}\" starts inside \"{}\"", *begins, open->id), number);
      const bool twice = std::any_of(blocks.begin(), blocks.end(),
                                     [&](const KeptBlock& each) { return each.id == *begins; });
      if (twice) return bad(fmt::format("there is a block \"{}\" above", *begins), number);
      open = KeptBlock{*begins, {}, section};
      opened_at = number;
    } else if (ends) {
      if (!open || open->id != *ends) return bad(fmt::format("\"{}\" ends, but is not open", *ends), number);
      blocks.push_back(std::move(*open));
      open.reset();
    } else if (open) {
      open->text += line;
    } else if (const std::size_t hashes = bare.find_first_not_of('#');
               hashes >= 2 && hashes < bare.size() && bare[hashes] == ' ') {
      section = stripped(bare.substr(hashes));
    }
  }
  if (open) return bad(fmt::format("\"{}\" never ends", open->id), opened_at);
  return blocks;
}

Result<KeptNote> keep_written_text(NoteDocument document, std::string_view old_markdown,
                                   std::string_view source) {
  using namespace note_internal;
  QT_TRY(const std::vector<KeptBlock> kept, read_keep_blocks(old_markdown, source));
  KeptNote note;
  if (std::all_of(kept.begin(), kept.end(), [](const KeptBlock& block) { return blank(block.text); })) {
    note.document = std::move(document);
    return note;
  }
  const NumberCheck check(old_markdown, kept, document);
  for (const KeptBlock& block : kept) {
    if (blank(block.text)) continue;
    const std::vector<std::string> changed = check.changes_in(block.text);
    for (const std::string& change : changed) note.changes.push_back(fmt::format("{}: {}", block.id, change));
    const auto gap = std::find_if(document.blocks.begin(), document.blocks.end(), [&](const NoteBlock& each) {
      const auto* found = std::get_if<NoteGap>(&each);
      return found != nullptr && found->id == block.id;
    });
    if (gap != document.blocks.end()) {
      std::get<NoteGap>(*gap).answer = block.text;
      std::get<NoteGap>(*gap).stale = changed;
    } else {
      insert_kept(document.blocks, block);
      for (NoteBlock& each : document.blocks) {
        auto* placed = std::get_if<NoteKept>(&each);
        if (placed != nullptr && placed->id == block.id) placed->stale = changed;
      }
    }
  }
  note.document = std::move(document);
  return note;
}

}  // namespace quantier
