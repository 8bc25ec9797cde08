#include "quantier/note/kept_numbers.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>

#include "quantier/note/reference_table.h"
#include "quantier/note/words.h"

namespace quantier::note_internal {
namespace {

constexpr std::string_view kMinus = "−";

bool digit(char c) { return c >= '0' && c <= '9'; }

// Letters (of any script) and what names are glued together with.
bool of_a_name(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalpha(byte) != 0 || byte >= 0x80 || c == '_' || c == '#' || c == '.' || digit(c);
}

struct Link {
  std::string_view text;
  std::string_view anchor;
  std::size_t size = 0;
};

// "[text](#r...)" at the front.
std::optional<Link> link_at(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  const std::size_t close = text.find_first_of("]\n", 1);
  if (close == std::string_view::npos || !text.substr(close).starts_with("](#r")) return std::nullopt;
  const std::size_t end = text.find_first_of(")\n", close);
  if (end == std::string_view::npos || text[end] != ')') return std::nullopt;
  return Link{text.substr(1, close - 1), text.substr(close + 3, end - close - 3), end + 1};
}

// A number at `at`, where one starts.
std::optional<TextNumber> number_at(std::string_view text, std::size_t& at) {
  std::size_t i = at;
  std::string value;
  // A sign belongs to the number unless it joins two words or numbers: "3-4".
  const bool joined = at > 0 && of_a_name(text[at - 1]);
  if (text.substr(i).starts_with(kMinus)) {
    value = "-";
    i += kMinus.size();
  } else if (text[i] == '-' || text[i] == '+') {
    if (text[i] == '-') value = "-";
    ++i;
  }
  if (i >= text.size() || !digit(text[i])) return std::nullopt;
  if (i > at && joined) {
    value.clear();
    at = i;
  } else if (i == at && joined) {
    return std::nullopt;
  }
  bool point = false;
  for (; i < text.size(); ++i) {
    if (digit(text[i])) {
      value += text[i];
    } else if (text[i] == ',' && !point && text.size() > i + 3 && digit(text[i + 1]) && digit(text[i + 2]) &&
               digit(text[i + 3]) && (text.size() == i + 4 || !digit(text[i + 4]))) {
      continue;
    } else if (text[i] == '.' && !point && i + 1 < text.size() && digit(text[i + 1])) {
      point = true;
      value += '.';
    } else {
      break;
    }
  }
  TextNumber number{std::string(text.substr(at, i - at)), std::move(value), false};
  std::string_view after = text.substr(i);
  if (after.starts_with(' ')) after.remove_prefix(1);
  if (after.starts_with("\xc2\xa0")) after.remove_prefix(2);
  number.percent = after.starts_with('%');
  at = i;
  return number;
}

void add_values(std::string_view text, std::set<std::string>& values) {
  for (const TextNumber& number : numbers_in(text)) values.insert(number.value);
}

// The Markdown without its keep blocks.
std::string without_kept(std::string_view markdown, const std::vector<KeptBlock>& kept) {
  std::string out(markdown);
  for (const KeptBlock& block : kept) {
    const std::size_t mark = out.find(keep_begin(block.id));
    const std::size_t from = mark == std::string::npos ? mark : out.find(block.text, mark);
    if (from != std::string::npos) out.erase(from, block.text.size());
  }
  return out;
}

constexpr std::string_view kStoodBefore = " stood in the note before and stands nowhere in this one.";

// The numbers of a note, without those that it only reports as changed; what it reports to have stood in an
// earlier one counts as having stood there, so that a report does not fade.
void add_evidence(std::string_view markdown, std::set<std::string>& values) {
  const std::string report = fmt::format("> *{}*", escape_markdown(kWrittenByAPerson));
  while (!markdown.empty()) {
    const std::size_t end = markdown.find('\n');
    std::string_view line = markdown.substr(0, end);
    markdown = end == std::string_view::npos ? std::string_view() : markdown.substr(end + 1);
    if (!line.starts_with(report)) {
      add_values(line, values);
      continue;
    }
    for (std::size_t at = line.find(kStoodBefore); at != std::string_view::npos;
         at = line.find(kStoodBefore)) {
      const std::size_t from = line.rfind("**", at);
      if (from != std::string_view::npos) add_values(line.substr(from, at - from), values);
      line.remove_prefix(at + kStoodBefore.size());
    }
  }
}

}  // namespace

std::vector<TextNumber> numbers_in(std::string_view text) {
  std::vector<TextNumber> numbers;
  for (std::size_t at = 0; at < text.size();) {
    if (const auto link = link_at(text.substr(at))) {
      for (TextNumber& number : numbers_in(link->text)) {
        number.anchor = link->anchor;
        numbers.push_back(std::move(number));
      }
      at += link->size;
      continue;
    }
    const std::size_t before = at;
    if (auto number = number_at(text, at)) {
      numbers.push_back(std::move(*number));
    } else if (at == before) {
      ++at;
    }
  }
  return numbers;
}

std::string with_citations(std::string_view text, const std::vector<Reference>& references) {
  std::string out;
  while (!text.empty()) {
    const auto link = link_at(text);
    if (!link) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto found = std::find_if(references.begin(), references.end(),
                                    [&](const Reference& each) { return each.anchor == link->anchor; });
    out += found != references.end() ? cite(found->ref, link->text) : std::string(link->text);
    text.remove_prefix(link->size);
  }
  return out;
}

NumberCheck::NumberCheck(std::string_view old_markdown, const std::vector<KeptBlock>& kept,
                         const NoteDocument& document)
    : references_(references_of(document)) {
  add_evidence(without_kept(old_markdown, kept), before_);
  add_values(render_markdown(document), now_);
}

std::vector<std::string> NumberCheck::changes_in(std::string_view text) const {
  std::vector<std::string> changes;
  const auto add = [&](std::string sentence) {
    if (std::find(changes.begin(), changes.end(), sentence) == changes.end()) {
      changes.push_back(std::move(sentence));
    }
  };
  for (const TextNumber& number : numbers_in(text)) {
    if (!number.anchor.empty()) {
      const auto found = std::find_if(references_.begin(), references_.end(),
                                      [&](const Reference& each) { return each.anchor == number.anchor; });
      if (found == references_.end()) {
        add(fmt::format("{} is linked to a figure that this note no longer has.", number.written));
        continue;
      }
      const bool same =
          std::any_of(found->figures.begin(), found->figures.end(), [&](const std::string& figure) {
            const std::vector<TextNumber> there = numbers_in(figure);
            return std::any_of(there.begin(), there.end(),
                               [&](const TextNumber& each) { return each.value == number.value; });
          });
      if (!same) {
        add(fmt::format("{} is now {} ({}).", number.written, join(found->figures, "; "),
                        found->ref.finding));
      }
      continue;
    }
    if (now_.contains(number.value)) continue;
    if (before_.contains(number.value)) {
      add(number.written + std::string(kStoodBefore));
    } else if (number.percent || number.value.find('.') != std::string::npos) {
      add(fmt::format("{} stands nowhere else in this note.", number.written));
    }
  }
  return changes;
}

}  // namespace quantier::note_internal
