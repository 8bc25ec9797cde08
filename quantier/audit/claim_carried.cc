// What a paper found, said to hold for one's own models "too": no ratio is named, and the finding is carried
// all the same.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool starts = at == 0 || !is_word(text[at - 1]);
    const bool ends = at + word.size() == text.size() || !is_word(text[at + word.size()]);
    if (starts && ends) return true;
  }
  return false;
}

bool any_word(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return has_word(text, word); });
}

// Whose finding a text tells; empty: nobody's.
std::string told_of(const std::string& text, const Published& published) {
  if (const auto cited = cited_in(text, published); !cited.empty()) return "a cited work";
  for (const PublishedWork& work : published.works) {
    if (work.table && std::ranges::any_of(work.techniques, [&](const std::string& name) {
          return text.find(name) != std::string::npos;
        }))
      return work.name;
  }
  return {};
}

// To expect it of one's own is what is not to be done, and no caution.
bool hedged(const std::vector<Mention>& mentions, std::string_view text) {
  return std::ranges::any_of(mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kWord && each.means.front() == "hedge" &&
           !text.substr(each.begin).starts_with("expect") && !text.substr(each.begin).starts_with("likely");
  });
}

// "for our classifier of 4 M parameters": how large one's own is limits nothing.
bool of_own_size(const std::vector<Mention>& mentions, std::string_view text) {
  return std::ranges::all_of(mentions, [&](const Mention& each) {
    if (each.kind != MentionKind::kWord || each.means.front() != "scope") return true;
    const std::string_view before =
        text.substr(each.begin > 40 ? each.begin - 40 : 0, std::min<std::size_t>(each.begin, 40));
    return text.substr(each.begin).starts_with("parameters") &&
           any_word(before, {"our", "ours", "my", "own", "this", "these"});
  });
}

}  // namespace

std::string carried_over(const Passage& passage, const Passage* last, const Published& published) {
  std::string whose = told_of(passage.text, published);
  if (whose.empty() && last != nullptr) whose = told_of(last->text, published);
  if (whose.empty() || passage.text.find('?') != std::string::npos) return {};
  const std::string text = lowered(passage.text);
  // From the last cut on: what stands before it is what was found.
  std::size_t begin = 0;
  for (const std::string_view cut : {"; ", ", and ", ", so ", ". ", "): "}) {
    const std::size_t at = text.rfind(cut);
    if (at != std::string::npos) begin = std::max(begin, at + cut.size());
  }
  const std::string_view part = std::string_view(text).substr(begin);
  const std::vector<Mention> mentions = between(passage.mentions, begin, text.size());
  // A number of the writer's own there is a finding of their own.
  const bool measured = std::ranges::any_of(passage.numbers, [&](const WrittenNumber& each) {
    return each.begin >= begin && each.unit != WrittenUnit::kTimes && !each.in_words && !each.integer &&
           text.substr(each.begin > 7 ? each.begin - 7 : 0, 7).find("factor") == std::string::npos &&
           text.substr(each.begin > 3 ? each.begin - 3 : 0, 3) != "of ";
  });
  if (measured || says(mentions, "negation") || (says(mentions, "scope") && !of_own_size(mentions, text)) ||
      hedged(mentions, text) ||
      any_word(part, {"measured", "ran", "we saw", "we see", "i see", "i saw", "found", "carries", "open",
                      "unknown", "hint", "lesson"}))
    return {};
  const bool own = says(mentions, "own") || !said(mentions, MentionKind::kModel).empty() ||
                   any_word(part, {"here", "our", "my", "this model", "these models", "this size", "you"});
  const bool ratio = any_word(part, {"factor", "factors", "ratio", "speed-up", "speedup", "gain", "gains"}) ||
                     std::ranges::any_of(passage.numbers, [&](const WrittenNumber& each) {
                       return each.begin >= begin && each.unit == WrittenUnit::kTimes;
                     });
  const bool expected =
      any_word(part, {"expect", "expected", "same", "waiting", "awaits", "likewise", "apply", "applies"});
  const bool too =
      any_word(part, {"too", "as well", "likewise", "also", "therefore"}) &&
      any_word(part, {"slower", "faster", "lossless", "better", "worse", "smaller", "safe", "harmless"});
  if (!own || !((ratio && expected) || too)) return {};
  return fmt::format("what {} found is carried over to one's own models, which it did not look at", whose);
}

}  // namespace quantier::audit_internal
