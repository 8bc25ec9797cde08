// What a paper found, said to hold for one's own models "too": no ratio is named, and the finding is carried
// all the same.
#include <algorithm>
#include <array>
#include <cmath>
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

// "1.6 times", "a factor of 1.6", "60 % faster": what a number multiplies by; 0: nothing.
double multiple_of(const WrittenNumber& number, std::string_view text) {
  const std::string_view behind = text.substr(std::min(number.end, text.size()), 12);
  const std::string_view before =
      text.substr(number.begin > 20 ? number.begin - 20 : 0, std::min<std::size_t>(number.begin, 20));
  // "3 times" is the ratio of many.
  constexpr double kTelling = 0.04;
  if (number.half_width > kTelling * std::fabs(number.value)) return 0.0;
  if (number.unit == WrittenUnit::kTimes) return number.value;
  if (number.unit == WrittenUnit::kPercent)
    return any_word(behind, {"faster", "more", "quicker", "higher"}) ? 1.0 + number.value : 0.0;
  if (number.unit != WrittenUnit::kNone || number.integer) return 0.0;
  return any_word(before, {"factor", "ratio", "multiple", "speed-up", "speedup", "advantage", "gain", "lead",
                           "edge", "acceleration", "improvement"})
             ? number.value
             : 0.0;
}

// The multiple that two numbers of one work give, put on one's own models.
std::string ratio_of_published(const Passage& passage, const Passage* last, const Published& published) {
  const std::string text = lowered(passage.text);
  const bool careful = std::ranges::any_of(passage.mentions, [&](const Mention& each) {
    const bool hedge = each.kind == MentionKind::kWord && each.means.front() == "hedge";
    return hedge && !text.substr(each.begin).starts_with("would");
  });
  if (says(passage.mentions, "negation") || (careful && hedged(passage.mentions, text))) return {};
  const bool own =
      says(passage.mentions, "own") || !said(passage.mentions, MentionKind::kModel).empty() ||
      any_word(text, {"us", "classifier", "classifiers", "service", "rollout", "users", "our", "ours", "we",
                      "plan", "plan for", "budget", "host", "server", "box"}) ||
      (cited_in(passage.text, published).empty() && !said(passage.mentions, MentionKind::kRecipe).empty());
  if (!own) return {};
  for (const PublishedWork& work : published.works) {
    const auto named = [&](const Passage& where) {
      return std::ranges::any_of(work.techniques, [&](const std::string& name) {
        return where.text.find(name) != std::string::npos;
      });
    };
    if (!named(passage) && (last == nullptr || !named(*last))) continue;
    for (const WrittenNumber& number : passage.numbers) {
      const double multiple = multiple_of(number, text);
      if (multiple <= 1.0) continue;
      for (const PublishedValue& a : work.values) {
        for (const PublishedValue& b : work.values) {
          if (a.value <= b.value || b.value <= 0.0 || a.what.find("/s") == std::string::npos ||
              b.what.find("/s") == std::string::npos ||
              std::fabs(a.value / b.value - multiple) > number.half_width)
            continue;
          return fmt::format("{} is the ratio of two numbers of {} ({}), and is put on one's own models",
                             number.text, work.name, work.scope);
        }
      }
    }
  }
  return {};
}

// "More than three times the speed; so our encoder would become three times as fast": the same multiple
// twice, of others and of one's own.
std::string multiple_of_others(const Passage& passage, const Passage* last, const Published& published) {
  const std::string text = lowered(passage.text);
  std::size_t begin = 0;
  for (const std::string_view cut : {"; ", ", so ", ", and ", ": "}) {
    const std::size_t at = text.rfind(cut);
    if (at != std::string::npos) begin = std::max(begin, at + cut.size());
  }
  const std::vector<Mention> mentions = between(passage.mentions, begin, text.size());
  const std::string_view part = std::string_view(text).substr(begin);
  const bool own = says(mentions, "own") || !said(mentions, MentionKind::kModel).empty() ||
                   any_word(part, {"our", "ours", "my", "we", "classifier", "classifiers"});
  const bool told_here = begin > 0 && !told_of(passage.text.substr(0, begin), published).empty();
  const bool told_before = last != nullptr && !told_of(last->text, published).empty();
  if (!own || (!told_here && !told_before) || says(mentions, "negation") || says(mentions, "scope") ||
      any_word(part, {"measured", "may", "might", "could", "perhaps", "whether"}))
    return {};
  constexpr double kAlike = 0.1;
  const auto same = [&](const Passage& where, std::size_t to, double multiple) {
    return std::ranges::any_of(where.numbers, [&](const WrittenNumber& each) {
      return each.end <= to && std::fabs(each.value - multiple) <= kAlike * multiple &&
             (each.unit == WrittenUnit::kTimes || each.unit == WrittenUnit::kNone);
    });
  };
  for (const WrittenNumber& number : passage.numbers) {
    if (number.begin < begin || number.unit != WrittenUnit::kTimes || number.value <= 1.0) continue;
    if ((told_here && same(passage, begin, number.value)) ||
        (told_before && same(*last, last->text.size(), number.value)))
      return fmt::format("{} is what others found, and is put on one's own models", number.text);
  }
  return {};
}

// "Holds for transformers of every size": what a work found at one size, said of all.
std::string said_of_all_sizes(const Passage& passage, const Passage* last, const Published& published) {
  const std::string text = lowered(passage.text);
  if (told_of(passage.text, published).empty() && (last == nullptr || told_of(last->text, published).empty()))
    return {};
  if (says(passage.mentions, "negation") || says(passage.mentions, "hedge") ||
      passage.text.find('?') != std::string::npos)
    return {};
  for (const std::string_view all :
       {"every size",        "any size",           "all sizes",           "whatever their size",
        "whatever the size", "regardless of size", "independent of size", "independently of size",
        "at every scale",    "at any scale",       "ours included",       "including ours",
        "every model",       "all models",         "any model",           "any transformer",
        "every transformer", "all transformers",   "models in general",   "small ones included",
        "small and large",   "large and small"}) {
    if (has_word(text, all))
      return fmt::format("\"{}\" is more than a work looked at that is cited here", all);
  }
  return {};
}

}  // namespace

std::string carried_over(const Passage& passage, const Passage* last, const Published& published) {
  if (std::string why = multiple_of_others(passage, last, published); !why.empty()) return why;
  if (std::string why = said_of_all_sizes(passage, last, published); !why.empty()) return why;
  if (std::string why = ratio_of_published(passage, last, published); !why.empty()) return why;
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
                   any_word(part, {"here", "our", "my", "this model", "these models", "this size", "you",
                                   "classifier", "classifiers"});
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
