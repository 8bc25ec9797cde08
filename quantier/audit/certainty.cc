#include "quantier/audit/certainty.h"

#include <algorithm>
#include <array>

#include "quantier/audit/relation.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

bool is(const Mention& each, std::string_view kind) {
  return each.kind == MentionKind::kWord && each.means.front() == kind;
}

std::size_t words_in(std::string_view text) {
  std::size_t words = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_word(text[at]) && (at == 0 || !is_word(text[at - 1]))) ++words;
  }
  return words;
}

bool starts_with_any(std::string_view text, const auto& list) {
  return std::ranges::any_of(list, [&](std::string_view each) { return text.starts_with(each); });
}
bool holds_any(std::string_view text, const auto& list) {
  return std::ranges::any_of(
      list, [&](std::string_view each) { return text.find(each) != std::string_view::npos; });
}

class CertaintyReader {
 public:
  CertaintyReader(const Passage& passage, const ClaimClause& clause)
      : passage_(passage), clause_(clause), lower_(lowered(passage.text)) {}

  [[nodiscard]] Certainty read() {
    Certainty certainty;
    const Mention* strong = nullptr;
    for (const Mention& each : clause_.mentions) {
      const bool resolved = is(each, "resolved");
      if ((!is(each, "strong") && !resolved) || of_something_else(each)) continue;
      if (strong == nullptr || (certainty.interval && !resolved)) {
        strong = &each;
        certainty.interval = resolved;
      }
    }
    const Mention* chance = denied_chance();
    if (strong == nullptr) strong = chance;
    if (strong == chance) certainty.interval = false;
    if (strong != nullptr) {
      certainty.sure = passage_.text.substr(strong->begin, strong->end - strong->begin);
      certainty.absence = absence_behind(*strong);
    }
    const Span rhetorical = nobody_would();
    if (rhetorical.end > 0 && strong == nullptr)
      certainty.sure = passage_.text.substr(rhetorical.begin, rhetorical.end - rhetorical.begin);
    if (rhetorical.end > 0) {
      certainty.cautious = passage_.text.find('?') != std::string::npos;
      return certainty;
    }
    certainty.cautious = passage_.of_conditions || passage_.text.find('?') != std::string::npos ||
                         supposes(clause_.mentions, passage_.text) || hedged(chance) ||
                         denied(strong, chance, certainty.absence) || told_of_others(strong);
    return certainty;
  }

 private:
  [[nodiscard]] std::string_view text(std::size_t begin, std::size_t end) const {
    end = std::min(end, lower_.size());
    return begin < end ? std::string_view(lower_).substr(begin, end - begin) : std::string_view();
  }
  [[nodiscard]] bool inside(const Mention& inner, const Mention& outer) const {
    return outer.begin <= inner.begin && inner.end <= outer.end;
  }

  // "We will certainly measure again", "a robust choice", "sure of the timing": sure of another matter.
  [[nodiscard]] bool of_something_else(const Mention& strong) const {
    constexpr std::array<std::string_view, 22> kActs = {
        " measure",   " test ",       " look",        " check", " run ",   " repeat",
        " label",     " collect",     " revisit",     " try",   " report", " watch",
        " certainly", " keep an eye", " come back",   " ask",   " write",  " return",
        " see ",      " have to ",    " be measured", " re-"};
    constexpr std::array<std::string_view, 24> kMatters = {
        "decision",  "choice",  "pick",       "recommend",   "winner",  "verdict on",
        "timing",    "speed",   "the one to", "frontier",    "dominat", "ceiling",
        "latency",   "memory",  "envelope",   "requirement", "wish",    "advice",
        "candidate", "to ship", "sign-off",   "rollout",     "deploy",  "budget"};
    const Span segment = segment_at(passage_.text, strong.begin);
    const std::string_view behind = text(strong.end, segment.end);
    if (starts_with_any(behind, kActs)) return true;
    const std::string_view word = text(strong.begin, strong.end);
    const std::string_view before = text(segment.begin, strong.begin);
    if (word == "will" && (before.ends_with("we ") || before.ends_with("i "))) return true;
    if (behind.starts_with(" only ") || behind.find(" is only") != std::string_view::npos) return true;
    const bool tier =
        !said(between(passage_.mentions, segment.begin, segment.end), MentionKind::kTier).empty();
    return !tier && holds_any(text(segment.begin, segment.end), kMatters);
  }

  // "Cannot be luck", "beyond what chance does", "chance does not explain".
  [[nodiscard]] const Mention* denied_chance() const {
    constexpr std::array<std::string_view, 22> kBefore = {
        "not ",         "cannot ",      "can't ",     "n't ",      "never ",      "hardly ",
        "beyond ",      "more than ",   "above ",     "exceed",    "rules out ",  "ruled out ",
        "rule out ",    "exclude",      "stands out", "stand out", "other than ", "apart from ",
        "larger than ", "bigger than ", "outside ",   "out of "};
    constexpr std::array<std::string_view, 12> kBehind = {
        " does not",         " cannot",      " doesn't",    " can't",    " is excluded", " is ruled out",
        " can be ruled out", " has no part", " is not the", " will not", " would not",   " fails to explain"};
    for (const Mention& each : clause_.mentions) {
      if (!is(each, "chance")) continue;
      const Span segment = segment_at(passage_.text, each.begin);
      std::string_view before = text(segment.begin, each.begin);
      if (before.size() > 32) before.remove_prefix(before.size() - 32);
      if (before.ends_with("no ") || holds_any(before, kBefore) ||
          starts_with_any(text(each.end, segment.end), kBehind))
        return &each;
    }
    return nullptr;
  }

  // "No sample would tell a different story": nobody is asked, and nothing supposed.
  [[nodiscard]] Span nobody_would() const {
    constexpr std::array<std::string_view, 6> kModals = {" would ", " will ",        " could ",
                                                         " can ",   " is going to ", " is likely to "};
    constexpr std::array<std::string_view, 14> kActs = {
        "tell",  "show", "say",     "find",  "give",       "make",     "change",
        "doubt", "deny", "dispute", "argue", "contradict", "overturn", "explain"};
    for (std::size_t at = lower_.find("no ", clause_.begin); at != std::string::npos && at < clause_.end;
         at = lower_.find("no ", at + 1)) {
      if (at > 0 && is_word(lower_[at - 1])) continue;
      for (const std::string_view modal : kModals) {
        const std::size_t word = lower_.find(modal, at);
        if (word == std::string::npos || word >= clause_.end || words_in(text(at, word)) > 3) continue;
        const std::string_view act = text(word + modal.size(), clause_.end);
        if (starts_with_any(act, kActs) && text(at, word).find("loss") == std::string_view::npos)
          return {.begin = at, .end = std::min(clause_.end, word + modal.size() + 12)};
      }
    }
    return {};
  }

  [[nodiscard]] bool hedged(const Mention* denied_chance) const {
    return std::ranges::any_of(clause_.mentions, [&](const Mention& each) {
      if (is(each, "chance")) return &each != denied_chance && !inside_strong(each);
      if (!is(each, "hedge") || inside_strong(each)) return false;
      if (denied_chance != nullptr && each.begin < denied_chance->end && denied_chance->begin < each.end)
        return false;
      // "We may therefore rule out": a permission.
      const std::string_view behind = text(each.end, each.end + 14);
      constexpr std::array<std::string_view, 6> kThen = {" therefore ", " thus ", " hence ",
                                                         " safely ",    " now ",  " confidently "};
      return !(text(each.begin, each.end) == "may" && starts_with_any(behind, kThen));
    });
  }

  [[nodiscard]] bool inside_strong(const Mention& each) const {
    return std::ranges::any_of(clause_.mentions, [&](const Mention& other) {
      const bool idiom = is(other, "strong") || is(other, "harm") || is(other, "help") ||
                         is(other, "equivalence") || is(other, "unchanged") || is(other, "resolved");
      return idiom && inside(each, other);
    });
  }

  // Behind "proves": "that there is none", "nothing is lost", "no loss".
  [[nodiscard]] bool absence_behind(const Mention& strong) const {
    const std::string_view behind = text(strong.end, clause_.end);
    constexpr std::array<std::string_view, 16> kAbsence = {
        " there is none", " nothing ",  " no loss", " no harm", " no damage", " no effect",
        " no difference", " no change", " no drop", " is safe", " harmless",  " unharmed",
        " is none",       " no cost",   " intact",  " any loss"};
    const std::string padded = std::string(behind) + " ";
    return holds_any(std::string_view(padded), kAbsence);
  }

  // A negation that takes back what the clause says.
  [[nodiscard]] bool denied(const Mention* strong, const Mention* chance, bool absence) const {
    return std::ranges::any_of(clause_.mentions, [&](const Mention& each) {
      if (!is(each, "negation") || inside_strong(each)) return false;
      if (chance != nullptr) {
        // It is chance that is denied, and not a loss "that stands out from chance".
        const bool before = each.end <= chance->begin;
        const std::string_view between =
            before ? text(each.end, chance->begin) : text(chance->end, each.begin);
        if (words_in(between) <= 2) return false;
      }
      if (strong == nullptr) return true;
      if (absence && each.begin >= strong->end) return false;
      const bool no_loss = text(each.begin, each.end) == "no" && each.end < strong->begin &&
                           words_in(text(each.end, strong->begin)) > 4;
      if (no_loss && absence) return false;  // "that we see no loss ... proves that there is none"
      // "no sample would tell a different story"
      return true;
    });
  }

  // "The memo claimed a proven loss": somebody else is sure. "I claim" is one's own.
  [[nodiscard]] bool told_of_others(const Mention* strong) const {
    return std::ranges::any_of(clause_.mentions, [&](const Mention& each) {
      if (!is(each, "reported") || inside_strong(each)) return false;
      if (strong != nullptr && each.begin >= strong->end) return false;
      const std::string_view before = text(clause_.begin, each.begin);
      return !(before.ends_with("i ") || before.ends_with("we ") || before.ends_with("therefore ") ||
               before.ends_with("hence ") || before.ends_with("thus "));
    });
  }

  const Passage& passage_;
  const ClaimClause& clause_;
  std::string lower_;
};

}  // namespace

Certainty certainty_of(const Passage& passage, const ClaimClause& clause) {
  return CertaintyReader(passage, clause).read();
}

}  // namespace quantier::audit_internal
