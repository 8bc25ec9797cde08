// What the grammar of a sentence ties to a number in it: names before it in its clause, names joined behind
// it, its place in a list. Only scope.cc includes this.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/audit/passage.h"

namespace quantier::audit_internal {

inline bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// Words that may stand between a number and the name it belongs to.
inline constexpr std::array<std::string_view, 30> kFillers = {
    "of",   "at",    "for", "in",    "on",         "the",   "a",       "its",     "with",  "under",
    "more", "newly", "net", "gross", "fewer",      "an",    "to",      "is",      "was",   "their",
    "this", "that",  "per", "whole", "validation", "model", "wrongly", "correct", "limit", "points"};

inline bool only_fillers(std::string_view between) {
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

// Whether nothing but a separator of lists stands between two things.
inline bool only_separators(std::string_view between) {
  std::string rest;
  for (std::size_t at = 0; at < between.size();) {
    if (between.substr(at).starts_with("and ")) {
      at += 3;
    } else if (between.substr(at).starts_with("or ")) {
      at += 2;
    } else {
      const char c = between[at];
      if (c != ' ' && c != ',' && c != '/' && c != ';' && c != '&' && c != '*' && c != '`') return false;
      ++at;
    }
  }
  return !between.empty();
}

struct Clause {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<std::size_t> opened_at = {};  // of a clause in brackets: where they open
};

// The part of the sentence around a position, cut at commas, semicolons, colons, brackets and conjunctions.
inline Clause clause_at(std::string_view text, std::size_t begin, std::size_t end) {
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

struct Chosen {
  std::vector<std::string> values;
  bool pinned = false;
};

// Numbers of things: a decimal number is never one.
inline bool counts_things(const Mention& mention) {
  constexpr std::array<std::string_view, 11> kCounts = {
      "n",       "class_n",    "lost",        "gained", "flips", "net", "wrong_to_wrong",
      "classes", "replicates", "noise_flips", "family"};
  return mention.kind == MentionKind::kMetric &&
         std::ranges::all_of(mention.means, [&](const std::string& each) {
           return std::ranges::find(kCounts, each) != kCounts.end();
         });
}

class Reader {
 public:
  Reader(const Passage& passage, std::size_t number)
      : passage_(passage), number_(passage.numbers[number]), index_(number) {
    clause_ = clause_at(passage.text, number_.begin, number_.end);
  }

  // Of one kind: what is tied to the number.
  [[nodiscard]] Chosen narrow(MentionKind kind) const {
    Chosen chosen = by_list(kind);
    if (chosen.pinned) return chosen;
    const Mention* before = nullptr;
    for (const Mention& each : passage_.mentions) {
      if (each.kind != kind || each.begin < clause_.begin || each.end > number_.begin) continue;
      if (!number_.integer && counts_things(each)) continue;
      if (!number_between(each.end, number_.begin) || kind != MentionKind::kMetric) before = &each;
    }
    if (before == nullptr && clause_.opened_at) before = chained_before(kind, *clause_.opened_at);
    const Mention* behind = joined_behind(kind);
    if (before != nullptr && compared_between(before->end)) before = nullptr;
    // Counted things follow their number: "11 lost".
    if (kind == MentionKind::kMetric && behind != nullptr && number_.integer) before = nullptr;
    for (const Mention* each : {before, behind}) {
      if (each != nullptr) add_group(*each, chosen.values);
    }
    chosen.pinned = !chosen.values.empty();
    return chosen;
  }

  [[nodiscard]] bool near_word(std::string_view word, std::size_t reach) const {
    return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
      if (each.kind != MentionKind::kWord || each.means.front() != word) return false;
      if (each.end <= number_.begin) return number_.begin - each.end <= reach;
      if (each.begin >= number_.end) return each.begin - number_.end <= reach;
      return true;  // it lies over the number: "95 %"
    });
  }
  [[nodiscard]] bool word_just_before(std::string_view word, std::size_t reach) const {
    return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
      return each.kind == MentionKind::kWord && each.means.front() == word && each.end <= number_.begin &&
             number_.begin - each.end <= reach && !number_between(each.end, number_.begin);
    });
  }

  // "7 of 60", "out of the 283", "among 60".
  [[nodiscard]] bool is_total() const {
    std::string_view before = std::string_view(passage_.text).substr(0, number_.begin);
    for (const std::string_view article : {"the ", "its ", "these ", "those "}) {
      if (before.ends_with(article)) before.remove_suffix(article.size());
    }
    for (const std::string_view word : {" of ", " among ", "(of "}) {
      if (before.ends_with(word)) return true;
    }
    return before == "of " || before == "among ";
  }

 private:
  [[nodiscard]] bool number_between(std::size_t from, std::size_t to) const {
    return std::ranges::any_of(
        passage_.numbers, [&](const WrittenNumber& each) { return each.begin >= from && each.end <= to; });
  }

  [[nodiscard]] bool compared_between(std::size_t from) const {
    return std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
      return each.kind == MentionKind::kWord && each.means.front() == "comparison" && each.begin >= from &&
             each.end <= number_.begin;
    });
  }

  // "0.041 at fp16", "the 2.31 ms of the encoder".
  [[nodiscard]] const Mention* joined_behind(MentionKind kind) const {
    std::size_t from = number_.end;
    // Names in a row belong together: "2.31 ms for encoder fp16".
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
  [[nodiscard]] const Mention* chained_before(MentionKind kind, std::size_t open) const {
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
  void add_group(const Mention& one, std::vector<std::string>& values) const {
    std::vector<const Mention*> same;
    for (const Mention& each : passage_.mentions) {
      if (each.kind == one.kind) same.push_back(&each);
    }
    const auto at = std::ranges::find(same, &one);
    if (at == same.end()) return;
    const auto linked = [&](const Mention* a, const Mention* b) {
      return a->end <= b->begin &&
             only_separators(std::string_view(passage_.text).substr(a->end, b->begin - a->end));
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

  // The k-th of n numbers in a row and n names in a row: "0.081, 0.057 and 0.045 for fp16, int8 and int4".
  [[nodiscard]] Chosen by_list(MentionKind kind) const {
    std::size_t first = index_;
    while (first > 0 && in_one_run(first - 1, first)) --first;
    std::size_t last = index_;
    while (last + 1 < passage_.numbers.size() && in_one_run(last, last + 1)) ++last;
    const std::size_t count = last - first + 1;
    if (count < 2 || kind == MentionKind::kMetric) return {};
    std::vector<const Mention*> run;
    for (const Mention& each : passage_.mentions) {
      if (each.kind != kind) continue;
      const bool linked =
          !run.empty() && each.begin >= run.back()->end && listed(run.back()->end, each.begin);
      if (!linked && run.size() == count) break;
      if (!linked) run.clear();
      run.push_back(&each);
    }
    if (run.size() != count) return {};
    return {.values = run[index_ - first]->means, .pinned = true};
  }

  // Only separators between two places, names of configurations apart: "encoder fp16, encoder int8".
  [[nodiscard]] bool listed(std::size_t from, std::size_t to) const {
    std::string between = passage_.text.substr(from, to - from);
    for (const Mention& each : passage_.mentions) {
      const bool name = each.kind == MentionKind::kModel || each.kind == MentionKind::kRecipe;
      if (!name || each.begin < from || each.end > to) continue;
      std::fill(between.begin() + static_cast<std::ptrdiff_t>(each.begin - from),
                between.begin() + static_cast<std::ptrdiff_t>(each.end - from), ' ');
    }
    return only_separators(between);
  }

  [[nodiscard]] bool in_one_run(std::size_t a, std::size_t b) const {
    const WrittenNumber& one = passage_.numbers[a];
    const WrittenNumber& two = passage_.numbers[b];
    if (one.in_brackets || two.in_brackets || one.end > two.begin) return false;
    return only_separators(std::string_view(passage_.text).substr(one.end, two.begin - one.end));
  }

  const Passage& passage_;
  const WrittenNumber& number_;
  std::size_t index_;
  Clause clause_;
};

}  // namespace quantier::audit_internal
