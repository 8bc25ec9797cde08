#include "quantier/audit/direction_words.h"

#include <algorithm>
#include <string>

#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

constexpr std::string_view kUp[] = {
    "above",   "higher", "rises",   "rose",   "raises", "raised", "increases", "increased", "grows",
    "grew",    "climbs", "climbed", "jumps",  "jumped", "rising", "increase",  "climb",     "climbing",
    "growing", "growth", "upward",  "mounts", "soars",  "more",   "exceeds",   "exceeded"};
constexpr std::string_view kDown[] = {
    "below",    "lower",    "falls",     "fell",      "drops",   "dropped",  "sinks",    "sank",
    "declines", "declined", "decreases", "decreased", "reduces", "reduced",  "lowers",   "lowered",
    "shrinks",  "slips",    "slipped",   "slides",    "slid",    "dips",     "dipped",   "falling",
    "dropping", "decrease", "decline",   "slipping",  "sliding", "downward", "dwindles", "recedes",
    "shy",      "less",     "fewer",     "under"};
constexpr std::string_view kAhead[] = {"leads",        "lead",      "leading",     "led",       "ahead",
                                       "better",       "beats",     "beat",        "improves",  "improved",
                                       "gains",        "gained",    "outperforms", "surpasses", "surpassed",
                                       "outperformed", "tops",      "advantage",   "outscores", "outdoes",
                                       "superior",     "overtakes", "wins",        "won",       "bests"};
constexpr std::string_view kBehind[] = {"trails", "trailing",     "trailed",  "behind",    "worse", "lags",
                                        "loses",  "lost",         "deficit",  "shortfall", "lag",   "lagging",
                                        "lagged", "disadvantage", "inferior", "trail",     "short"};

// Words that tell how two things stand, and no step.
bool tells_standing(std::string_view word) {
  constexpr std::string_view kStanding[] = {
      "better", "worse",   "above", "below", "ahead",   "behind",      "higher", "lower", "lead",
      "leads",  "leading", "led",   "beats", "exceeds", "outperforms", "more",   "less",  "fewer",
      "under",  "short",   "won",   "wins",  "lost",    "gained",      "beat"};
  return std::ranges::find(kStanding, word) != std::end(kStanding);
}

template <typename List>
bool holds(const List& list, const std::string& word) {
  return std::ranges::find(list, word) != std::end(list);
}

}  // namespace

std::optional<Direction> direction_in(std::string_view text, std::size_t from, std::size_t to, bool steps) {
  std::optional<Direction> found;
  for (std::size_t at = from; at < to;) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end > to) break;  // half a word is another one
    const std::string word = lowered(text.substr(at, end - at));
    const bool ahead = holds(kAhead, word);
    const bool behind = holds(kBehind, word);
    const bool up = ahead || holds(kUp, word);
    if ((up || behind || holds(kDown, word)) && !(steps && tells_standing(word))) {
      if (found && found->up != up) return std::nullopt;
      found = Direction{.up = up, .judges = ahead || behind, .begin = at, .end = end};
    }
    at = end;
  }
  return found;
}

}  // namespace quantier::audit_internal
