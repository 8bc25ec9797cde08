// Names that a note gives to things itself: "H/M/T = head/mid/tail", "E8 = demo-encoder int8", "Option C:
// demo-decoder fp16"; nicknames are in nicknames.cc. Of a letter for a model and a number for a recipe the
// two together name a configuration ("D16"); a number alone stays a number. "E1 = ECE cross-fitted", "M =
// peak memory in MB": a metric goes with the tier, the fit and the unit that its definition names.
#include <algorithm>
#include <array>
#include <optional>

#include "quantier/audit/word_forms.h"
#include "quantier/audit/words.h"

namespace quantier {

using audit_internal::is_word;

namespace {

constexpr std::size_t kLongestAbbreviation = 12;

std::string_view trimmed(std::string_view part) {
  while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
  while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
  return part;
}

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find('/', at), list.size());
    parts.push_back(trimmed(list.substr(at, end - at)));
    at = end + 1;
  }
  return parts;
}

bool is_number(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_abbreviation(std::string_view name) {
  return !name.empty() && name.size() <= kLongestAbbreviation && name.find(' ') == std::string_view::npos;
}

const Mention* only_one(const std::vector<Mention>& mentions, MentionKind kind) {
  const Mention* found = nullptr;
  for (const Mention& each : mentions) {
    if (each.kind != kind) continue;
    if (found != nullptr && found->means != each.means) return nullptr;
    found = &each;
  }
  return found;
}

// Behind the end of words that name things: what may separate a name from its meaning.
bool opens_meaning(std::string_view behind) {
  return behind.starts_with(": ") || behind.starts_with(" = ") || behind.starts_with(" (");
}

}  // namespace

// A model first and a recipe, no other of either: "demo-encoder int8 and so on".
std::optional<NamedMeaning> Vocabulary::configuration_in(std::string_view meaning) const {
  const std::vector<Mention> meant = mentions(meaning);
  const Mention* model = only_one(meant, MentionKind::kModel);
  const Mention* recipe = only_one(meant, MentionKind::kRecipe);
  if (model == nullptr || recipe == nullptr || model->begin != 0) return std::nullopt;
  return NamedMeaning{.model = model->means, .recipe = recipe->means, .end = recipe->end};
}

bool Vocabulary::name_configuration(std::string_view name, const NamedMeaning& meaning, bool exact) {
  // Said again it says nothing new.
  if (!configuration_names_.insert(std::string(name)).second) return false;
  add(name, MentionKind::kModel, meaning.model, exact);
  add(name, MentionKind::kRecipe, meaning.recipe, exact);
  return true;
}

bool Vocabulary::learn_pair(std::string_view name, std::string_view meaning) {
  if (!is_abbreviation(name)) return false;
  const std::vector<Mention> meant = mentions(meaning);
  const std::optional<NamedMeaning> configuration = configuration_in(meaning);
  if (configuration && !is_number(name)) return name_configuration(name, *configuration);
  if (meant.empty()) return false;
  const Mention& first = meant.front();
  const bool whole = first.begin == 0 && first.end == meaning.size() && first.kind <= MentionKind::kTier;
  if (!whole) return !is_number(name) && learn_metric(name, meaning, meant);
  if (first.kind == MentionKind::kModel) letters_.emplace_back(name, first.means.front());
  if (first.kind == MentionKind::kRecipe) numbers_.emplace_back(name, first.means.front());
  if (is_number(name)) return true;
  add(name, first.kind, first.means, true);
  return true;
}

// A metric, told in more words than the table has: what its definition begins with, of one tier or fit at
// most, and of nobody.
bool Vocabulary::learn_metric(std::string_view name, std::string_view meaning,
                              const std::vector<Mention>& meant) {
  constexpr std::size_t kFirstWords = 16;
  const Mention* metric = nullptr;
  const Mention* fit = nullptr;
  for (const Mention& each : meant) {
    if (each.kind == MentionKind::kModel || each.kind == MentionKind::kRecipe ||
        each.kind == MentionKind::kLabel)
      return false;
    if (each.kind == MentionKind::kMetric && metric == nullptr) metric = &each;
    // "After a temperature" is one of several fits; the one that is named exactly says which.
    if (each.kind == MentionKind::kFit && (fit == nullptr || each.means.size() < fit->means.size()))
      fit = &each;
  }
  if (metric == nullptr || metric->begin > kFirstWords) return false;
  add(name, MentionKind::kMetric, metric->means, true);
  if (fit != nullptr) add(name, MentionKind::kFit, fit->means, true);
  if (const Mention* tier = only_one(meant, MentionKind::kTier); tier != nullptr)
    add(name, MentionKind::kTier, tier->means, true);
  definitions_.emplace_back(name, meaning);
  return true;
}

std::string Vocabulary::spelled_out(std::string_view text) const {
  std::string out(text);
  for (const auto& [name, meaning] : definitions_) {
    for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
      const std::size_t end = at + name.size();
      if ((at > 0 && is_word(text[at - 1])) || (end < text.size() && is_word(text[end]))) continue;
      out += " " + meaning;
      break;
    }
  }
  return out;
}

// "Option C: demo-encoder int4."
bool Vocabulary::learn_labelled(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords = {
      "Option", "Candidate", "Variant", "Configuration", "Config", "Setup", "Run", "Arm", "Alternative"};
  bool learned = false;
  for (const std::string_view word : kWords) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      std::size_t end = at + word.size();
      if (end >= text.size() || text[end] != ' ') continue;
      const std::size_t id = ++end;
      while (end < text.size() && is_word(text[end])) ++end;
      if (end == id || end - id > 2 || !opens_meaning(text.substr(end))) continue;
      const std::size_t start = end + (text[end] == ':' || text[end + 1] == '(' ? 2 : 3);
      const std::string_view meaning =
          text.substr(start, std::min(text.find_first_of(".;)", start), text.size()) - start);
      if (const auto configuration = configuration_in(meaning))
        learned = name_configuration(text.substr(at, end - at), *configuration) || learned;
    }
  }
  return learned;
}

// "QE is demo-encoder and /b is int8": what is named is no word that a sentence could have there.
bool Vocabulary::may_be_named(std::string_view name) const {
  constexpr std::size_t kLongestCode = 5;
  const bool a_word = std::ranges::any_of(
      mentions(name), [&](const Mention& each) { return each.end - each.begin == name.size(); });
  return name.size() <= kLongestCode && !a_word &&
         std::ranges::any_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || c == '/'; });
}

bool Vocabulary::learn_said(std::string_view text) {
  bool learned = false;
  for (const std::string_view verb : {" is ", " means ", " stands for "}) {
    for (std::size_t at = text.find(verb); at != std::string_view::npos; at = text.find(verb, at + 1)) {
      const std::size_t from = text.find_last_of(" ,;:.(", at == 0 ? 0 : at - 1);
      const std::string_view name = text.substr(from == std::string_view::npos ? 0 : from + 1,
                                                at - (from == std::string_view::npos ? 0 : from + 1));
      std::string_view meaning = text.substr(at + verb.size());
      meaning = meaning.substr(0, meaning.find_first_of(",;.()"));
      meaning = trimmed(meaning.substr(0, meaning.find(" and ")));
      const std::vector<Mention> meant = mentions(meaning);
      // Nothing but a name: "QE is faster" defines nothing.
      const bool names = meant.size() == 1 && meant.front().kind <= MentionKind::kTier &&
                         meant.front().begin == 0 && meant.front().end == meaning.size();
      // "Enc is demo-encoder" where the table knows "Enc" as much: still a letter that goes with numbers of
      // bits.
      const std::vector<Mention> known = names ? mentions(name) : std::vector<Mention>();
      const bool agrees = known.size() == 1 && known.front().kind == meant.front().kind &&
                          known.front().means == meant.front().means && known.front().end == name.size();
      if (names && (agrees || may_be_named(name))) learned = learn_pair(name, meaning) || learned;
    }
  }
  return learned;
}

// "E=demo-encoder": a capital letter or two, and a name right behind the sign.
bool Vocabulary::learn_tight(std::string_view text) {
  bool learned = false;
  for (std::size_t at = text.find('='); at != std::string_view::npos; at = text.find('=', at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && is_word(text[begin - 1])) --begin;
    const std::string_view name = text.substr(begin, at - begin);
    if (name.empty() || name.size() > 3 || name.front() < 'A' || name.front() > 'Z') continue;
    const std::size_t end = std::min(text.find_first_of(",;.) ", at + 1), text.size());
    const std::string_view meaning = text.substr(at + 1, end - at - 1);
    const std::vector<Mention> meant = mentions(meaning);
    const bool names = !meant.empty() && meant.front().kind <= MentionKind::kTier && meant.front().begin == 0;
    if (names) learned = learn_pair(name, meaning) || learned;
  }
  return learned;
}

void Vocabulary::learn(std::string_view text, int ordinal) {
  bool learned = learn_said(text);
  learned = learn_tight(text) || learned;
  for (std::size_t at = text.find(" = "); at != std::string_view::npos; at = text.find(" = ", at + 1)) {
    const std::size_t before = text.find_last_of(",;:.(", at == 0 ? 0 : at - 1);
    const std::size_t from = before == std::string_view::npos ? 0 : before + 1;
    const std::size_t to = std::min(text.find_first_of(",;.)", at + 3), text.size());
    const auto names = split(text.substr(from, at - from));
    const std::string_view meaning = trimmed(text.substr(at + 3, to - at - 3));
    const auto meanings = names.size() == 1 ? std::vector{meaning} : split(meaning);
    if (names.size() != meanings.size()) continue;
    for (std::size_t i = 0; i < names.size(); ++i) learned = learn_pair(names[i], meanings[i]) || learned;
  }
  learned = learn_labelled(text) || learned;
  learned = learn_nicknames(text) || learned;
  learned = learn_numbered(ordinal, text) || learned;
  learned = learn_limit(text) || learned;
  if (!learned) return;
  // "E8", "E/8", "E-8"; a number that the note does not define is one of bits.
  for (const auto& letter : letters_) {
    const auto name = [&](const std::string& number, const std::string& recipe) {
      for (const std::string_view joint : {"", "/", "-", "_", "@", ".", " "}) {
        std::string both = letter.first;
        both.append(joint).append(number);
        name_configuration(both, {.model = {letter.second}, .recipe = {recipe}});
      }
    };
    for (const auto& [number, recipe] : numbers_) name(number, recipe);
    for (const auto& [bits, recipe] : by_bits_) {
      const std::string number = std::to_string(bits);
      const bool defined =
          std::ranges::any_of(numbers_, [&](const auto& each) { return each.first == number; });
      if (!defined) name(number, recipe);
    }
  }
  sort();
}

}  // namespace quantier
