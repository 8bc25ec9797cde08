#include "quantier/audit/grammar.h"

#include <algorithm>
#include <array>

#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

// Words that may stand between a number and the name it belongs to.
constexpr std::array<std::string_view, 52> kFillers = {"of",
                                                       "at",
                                                       "for",
                                                       "in",
                                                       "on",
                                                       "the",
                                                       "a",
                                                       "its",
                                                       "with",
                                                       "under",
                                                       "more",
                                                       "newly",
                                                       "net",
                                                       "gross",
                                                       "fewer",
                                                       "an",
                                                       "to",
                                                       "is",
                                                       "was",
                                                       "their",
                                                       "this",
                                                       "that",
                                                       "per",
                                                       "whole",
                                                       "by",
                                                       "cases",
                                                       "texts",
                                                       "examples",
                                                       "through",
                                                       "respectively",
                                                       "each",
                                                       "configuration",
                                                       "configurations",
                                                       "precision",
                                                       "version",
                                                       "versions",
                                                       "tier",
                                                       "out",
                                                       "validation",
                                                       "model",
                                                       "wrongly",
                                                       "correct",
                                                       "limit",
                                                       "points",
                                                       "most",
                                                       "least",
                                                       "build",
                                                       "builds",
                                                       "variant",
                                                       "variants",
                                                       "all",
                                                       "three"};

}  // namespace

bool only_fillers(std::string_view between) {
  std::size_t words = 0;
  for (std::size_t at = 0; at < between.size();) {
    if (!is_word(between[at])) {
      if (between[at] != ' ' && between[at] != '-' && between[at] != '*' && between[at] != '`') return false;
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < between.size() && is_word(between[end])) ++end;
    if (std::ranges::find(kFillers, between.substr(at, end - at)) == kFillers.end()) return false;
    if (++words > 4) return false;
    at = end;
  }
  return true;
}

// The part of the sentence around a position, cut at commas, semicolons, colons, brackets and conjunctions.
Clause clause_at(std::string_view text, std::size_t begin, std::size_t end) {
  constexpr std::array<std::string_view, 8> kCuts = {" and ", " but ",    " while ",    " whereas ",
                                                     " yet ", " though ", " although ", " so "};
  Clause clause{.begin = 0, .end = text.size()};
  for (std::size_t at = begin; at > 0; --at) {
    const char c = text[at - 1];
    const bool inside_number = c == ',' && at < text.size() &&
                               std::isdigit(static_cast<unsigned char>(text[at])) != 0 && at >= 2 &&
                               std::isdigit(static_cast<unsigned char>(text[at - 2])) != 0;
    bool cut = c == ';' || c == ':' || c == '(' || (c == ',' && !inside_number);
    if (c == '(') clause.opened_at = at - 1;
    for (const std::string_view word : kCuts) {
      if (at >= word.size() && text.substr(at - word.size(), word.size()) == word) cut = true;
    }
    if (text.substr(at - 1).starts_with("—") || text.substr(at - 1).starts_with("–")) {
      if (at >= 2 && text[at - 2] == ' ') cut = true;
    }
    if (cut) {
      clause.begin = at;
      break;
    }
  }
  for (std::size_t at = end; at < text.size(); ++at) {
    const char c = text[at];
    bool cut = c == ';' || c == ':' || c == ')' || c == '(' || c == ',';
    for (const std::string_view word : kCuts) cut = cut || text.substr(at).starts_with(word);
    if (cut) {
      clause.end = at;
      break;
    }
  }
  return clause;
}

// Numbers of things: a decimal number is never one.
bool counts_things(const Mention& mention) {
  constexpr std::array<std::string_view, 11> kCounts = {
      "n",       "class_n",    "lost",        "gained", "flips", "net", "wrong_to_wrong",
      "classes", "replicates", "noise_flips", "family"};
  return mention.kind == MentionKind::kMetric &&
         std::ranges::all_of(mention.means, [&](const std::string& each) {
           return std::ranges::find(kCounts, each) != kCounts.end();
         });
}

Reader::Reader(const Passage& passage, std::size_t number)
    : passage_(passage),
      number_(passage.numbers[number]),
      index_(number),
      run_(run_of(passage.text, passage.numbers, number)),
      run_begin_(passage.numbers[run_.first].begin),
      run_end_(passage.numbers[run_.last].end) {
  clause_ = clause_at(passage.text, run_begin_, run_end_);
}

Chosen Reader::narrow(MentionKind kind) const {
  Chosen chosen = kind == MentionKind::kMetric ? Chosen{} : by_list(kind);
  if (chosen.pinned) return chosen;
  const Mention* first = before(kind);
  const Mention* behind = joined_behind(kind);
  if (first != nullptr && compared_between(first->end)) first = nullptr;
  // Counted things follow their number: "11 lost". What stands behind a list of numbers is whose they are.
  if (kind == MentionKind::kMetric && behind != nullptr && number_.integer) first = nullptr;
  if (kind != MentionKind::kMetric && behind != nullptr && run_.size() > 1) first = nullptr;
  // One configuration has one value: a single name behind different numbers is that of the last one.
  if (kind == MentionKind::kRecipe && behind != nullptr && index_ != run_.last) {
    std::vector<std::string> group;
    add_group(*behind, group);
    const WrittenNumber& last = passage_.numbers[run_.last];
    if (group.size() == 1 && last.value != number_.value) behind = nullptr;
  }
  for (const Mention* each : {first, behind}) {
    if (each != nullptr) add_group(*each, chosen.values);
  }
  chosen.pinned = !chosen.values.empty();
  return chosen;
}

// The last name before it in its clause; of whom and of which tier also in a clause before it, up to a
// semicolon.
const Mention* Reader::before(MentionKind kind) const {
  const Mention* found = nullptr;
  for (const Mention& each : passage_.mentions) {
    if (each.kind != kind || each.begin < clause_.begin || each.end > number_.begin) continue;
    if (!number_.integer && counts_things(each)) continue;
    if (!number_between(each.end, run_begin_) || kind != MentionKind::kMetric) found = &each;
  }
  if (found == nullptr && clause_.opened_at) found = chained_before(kind, *clause_.opened_at);
  if (found == nullptr && kind != MentionKind::kMetric) found = labelled(kind);
  if (found == nullptr && kind == MentionKind::kLabel) found = class_before();
  return found;
}

// "games in 87.8 % by the encoder and in 89.8 % by the decoder": a class holds up to the next one or a
// semicolon, unless something is named that is no matter of classes.
const Mention* Reader::class_before() const {
  const std::size_t stop = std::string_view(passage_.text).substr(0, number_.begin).find_last_of(";:");
  const Mention* found = nullptr;
  for (const Mention& each : passage_.mentions) {
    if (each.end > number_.begin || (stop != std::string::npos && each.begin < stop)) continue;
    if (each.kind == MentionKind::kLabel) found = &each;
    const bool measure = each.kind == MentionKind::kMetric && each.means.front() != "accuracy";
    if (measure || (each.kind == MentionKind::kTier && found != nullptr)) return nullptr;
  }
  return metric_in_clause() ? nullptr : found;
}

// "tail: -0.61 [...], lost 6": what an item begins with, up to a colon, is what all of it is of. Two names of
// a kind there say nothing of one number.
const Mention* Reader::labelled(MentionKind kind) const {
  constexpr std::size_t kLongestLabel = 60;
  const std::size_t colon = passage_.text.find(": ");
  if (colon == std::string::npos || colon > kLongestLabel || colon > number_.begin) return nullptr;
  const Mention* found = nullptr;
  for (const Mention& each : passage_.mentions) {
    if (each.kind != kind) continue;
    // Named again behind the colon: then it is told one by one.
    if (each.begin > colon || found != nullptr) return nullptr;
    found = &each;
  }
  return found;
}

bool Reader::near_word(std::string_view word, std::size_t reach) const {
  return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
    if (each.kind != MentionKind::kWord || each.means.front() != word) return false;
    if (each.end <= number_.begin) return number_.begin - each.end <= reach;
    if (each.begin >= number_.end) return each.begin - number_.end <= reach;
    return true;  // it lies over the number: "95 %"
  });
}

// "seed 7", "95 % CI": a setting beside a number. The level of an interval is none of the value it is of, and
// a level is no more than that.
bool Reader::is_convention() const {
  constexpr std::size_t kReach = 6;
  constexpr double kLargestLevel = 0.2;
  // "1.02 seconds" of so many texts was read as a time of one.
  const bool cost = number_.unit == WrittenUnit::kMilliseconds || number_.unit == WrittenUnit::kBytes;
  return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
    if (each.kind != MentionKind::kWord || each.means.front() != "convention") return false;
    if (cost && each.begin >= number_.begin && each.end <= number_.end) return false;
    const bool over = each.begin < number_.end && number_.begin < each.end;
    if (over) return true;
    if (cost && !number_.integer) return false;
    const std::size_t gap = each.end <= number_.begin ? number_.begin - each.end : each.begin - number_.end;
    if (gap > kReach) return false;
    if (number_.integer) return true;
    const std::string word = lowered(passage_.text.substr(each.begin, each.end - each.begin));
    if (word.find('%') != std::string::npos || word.find("interval") != std::string::npos || word == "ci" ||
        word == "cis")
      return false;
    return word != "level" || number_.value <= kLargestLevel;
  });
}

bool Reader::word_just_before(std::string_view word, std::size_t reach) const {
  return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kWord && each.means.front() == word && each.end <= number_.begin &&
           number_.begin - each.end <= reach && !number_between(each.end, number_.begin);
  });
}

bool Reader::list_of_differences() const {
  constexpr std::size_t kReach = 12;
  return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kWord && each.means.front() == "difference" && each.end <= run_begin_ &&
           run_begin_ - each.end <= kReach && !number_between(each.end, run_begin_);
  });
}

bool Reader::bound_behind() const {
  const std::string_view behind =
      std::string_view(passage_.text).substr(std::min(number_.end, passage_.text.size()));
  constexpr std::array<std::string_view, 6> kBounds = {" at most", " at least", " or less",
                                                       " or more", " or fewer", " at the most"};
  return std::ranges::any_of(kBounds, [&](std::string_view bound) { return behind.starts_with(bound); });
}

bool Reader::metric_in_clause() const {
  return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kMetric && each.begin >= clause_.begin && each.end <= clause_.end;
  });
}

bool Reader::metric_before_brackets() const {
  const std::size_t open = std::string_view(passage_.text).substr(0, number_.begin).rfind('(');
  if (open == std::string_view::npos || passage_.text.find(')', open) < number_.begin) return false;
  return chained_before(MentionKind::kMetric, open) != nullptr;
}

bool Reader::is_total() const {
  std::string_view before = std::string_view(passage_.text).substr(0, number_.begin);
  for (const std::string_view article : {"the ", "its ", "these ", "those "}) {
    if (before.ends_with(article)) before.remove_suffix(article.size());
  }
  for (const std::string_view word : {" of ", " among ", "(of "}) {
    if (before.ends_with(word)) return true;
  }
  return before == "of " || before == "among ";
}

bool Reader::number_between(std::size_t from, std::size_t to) const {
  return std::ranges::any_of(passage_.numbers,
                             [&](const WrittenNumber& each) { return each.begin >= from && each.end <= to; });
}

bool Reader::compared_between(std::size_t from) const {
  return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kWord && each.means.front() == "comparison" && each.begin >= from &&
           each.end <= number_.begin;
  });
}

// "0.041 at fp16", "the 2.31 ms of the encoder"; names in a row belong together: "2.31 ms for encoder fp16".
const Mention* Reader::joined_behind(MentionKind kind) const {
  std::size_t from = kind == MentionKind::kMetric ? number_.end : run_end_;
  // "220 of 6,083 answers": what is counted stands behind the total.
  if (kind == MentionKind::kMetric && number_.integer && index_ + 1 < passage_.numbers.size()) {
    const WrittenNumber& total = passage_.numbers[index_ + 1];
    const bool of = total.begin >= number_.end && total.integer &&
                    passage_.text.substr(number_.end, total.begin - number_.end) == " of ";
    if (of && total.value > number_.value) from = total.end;
  }
  for (const Mention& each : passage_.mentions) {
    if (each.begin < from || each.kind == MentionKind::kWord) continue;
    std::string between = passage_.text.substr(from, each.begin - from);
    // "2.31 ms (fp16)": a name alone in brackets.
    const bool closed = each.end < passage_.text.size() && passage_.text[each.end] == ')';
    if (closed && between.ends_with('(')) between.pop_back();
    if (!only_fillers(between)) return nullptr;
    if (each.kind == kind && (number_.integer || !counts_things(each))) return &each;
    from = each.end;
  }
  return nullptr;
}

// Names that end where the brackets open: "encoder int4 tail (+10.0 points".
const Mention* Reader::chained_before(MentionKind kind, std::size_t open) const {
  std::size_t to = open;
  for (auto each = passage_.mentions.rbegin(); each != passage_.mentions.rend(); ++each) {
    if (each->end > to || each->kind == MentionKind::kWord) continue;
    if (!only_fillers(std::string_view(passage_.text).substr(each->end, to - each->end))) return nullptr;
    if (each->kind == kind) return &*each;
    to = each->begin;
  }
  return nullptr;
}

// The mention with those that are listed with it: "encoder and decoder".
void Reader::add_group(const Mention& one, std::vector<std::string>& values) const {
  std::vector<const Mention*> same;
  for (const Mention& each : passage_.mentions) {
    if (each.kind == one.kind) same.push_back(&each);
  }
  const auto at = std::ranges::find(same, &one);
  if (at == same.end()) return;
  const auto linked = [&](const Mention* a, const Mention* b) {
    if (a->end > b->begin) return false;
    std::string_view gap = std::string_view(passage_.text).substr(a->end, b->begin - a->end);
    // "at fp16 and at int8".
    for (const std::string_view preposition : {"at ", "in ", "for "}) {
      if (gap.ends_with(preposition) && gap.find(" and ") != std::string_view::npos)
        gap.remove_suffix(preposition.size());
    }
    return only_separators(gap);
  };
  auto first = at;
  while (first != same.begin() && linked(*(first - 1), *first)) --first;
  auto last = at;
  while (last + 1 != same.end() && linked(*last, *(last + 1))) ++last;
  for (auto each = first; each <= last; ++each) {
    for (const std::string& value : (*each)->means) {
      if (std::ranges::find(values, value) == values.end()) values.push_back(value);
    }
  }
}

}  // namespace quantier::audit_internal
