#include "quantier/audit/relation.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// "6,083" and "2.1" hold no marks.
bool inside_number(std::string_view text, std::size_t at) {
  return at > 0 && at + 1 < text.size() && is_digit(text[at - 1]) && is_digit(text[at + 1]);
}

// Lengths of the mark at a place; 0: none.
std::size_t statement_mark(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 12> kMarks = {"; ",       ": ",      ", but ",    " but ",
                                                       ", while ", " while ", " whereas ", ", whereas ",
                                                       ", yet ",   " — ",     " – ",       ", so "};
  for (const std::string_view mark : kMarks) {
    if (text.substr(at).starts_with(mark)) return mark.size();
  }
  return text[at] == '(' || text[at] == ')' || text[at] == '[' || text[at] == ']' ? 1 : 0;
}

std::size_t segment_mark(std::string_view text, std::size_t at) {
  if (const std::size_t mark = statement_mark(text, at); mark > 0) return mark;
  if (text[at] == ',' && !inside_number(text, at)) return 1;
  constexpr std::array<std::string_view, 4> kMarks = {" and ", " though ", " although ", " because "};
  for (const std::string_view mark : kMarks) {
    if (text.substr(at).starts_with(mark)) return mark.size();
  }
  return 0;
}

template <typename Mark>
Span span_at(std::string_view text, std::size_t at, const Mark& mark) {
  Span span{.begin = 0, .end = text.size()};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t length = mark(text, i);
    if (length == 0) continue;
    if (i + length <= at) {
      span.begin = i + length;
      i += length - 1;
    } else if (i >= at) {
      span.end = i;
      break;
    }
  }
  return span;
}

int sign_of(std::string_view says, const std::string& metric) {
  if (says == "more") return 1;
  if (says == "less") return -1;
  const bool quality = metric == "macro_f1" || metric.ends_with("accuracy");
  return (says == "better") == quality ? 1 : -1;
}

// "a smaller loss", "more texts": of something else.
bool counts_other_things(std::string_view behind) {
  constexpr std::array<std::string_view, 30> kNouns = {
      "loss",  "losses",   "drop",     "drops",     "dip",    "change",  "changes", "gap",
      "gain",  "gains",    "interval", "intervals", "class",  "classes", "sample",  "samples",
      "split", "splits",   "margin",   "margins",   "spread", "batch",   "batches", "text",
      "texts", "examples", "data",     "evidence",  "flips",  "effect"};
  if (!behind.starts_with(' ')) return false;
  std::size_t end = 1;
  while (end < behind.size() && std::isalpha(static_cast<unsigned char>(behind[end])) != 0) ++end;
  return std::ranges::find(kNouns, behind.substr(1, end - 1)) != kNouns.end();
}

// "Lean next to int8", "slow compared with fp16": a plain adjective compares where somebody stands behind it.
bool held_against(std::string_view behind) {
  constexpr std::array<std::string_view, 9> kAgainst = {
      " next to ",           " compared with ", " compared to ",        " beside ",
      " relative to ",       " against ",       " in comparison with ", " in comparison to ",
      " by comparison with "};
  const std::string_view near = behind.substr(0, 44);
  return std::ranges::any_of(
      kAgainst, [&](std::string_view each) { return near.find(each) != std::string_view::npos; });
}

// "The most modest", "less obvious": how much of a quality, and not of the measure.
bool is_degree(const Passage& passage, const Mention& word) {
  const std::string text = lowered(std::string_view(passage.text).substr(word.begin, word.end - word.begin));
  if (text != "most" && text != "least" && text != "more" && text != "less") return false;
  if (word.end + 1 >= passage.text.size() || passage.text[word.end] != ' ') return false;
  const std::size_t next = word.end + 1;
  const bool metric = std::ranges::any_of(passage.mentions, [&](const Mention& each) {
    return each.begin == next && (each.kind == MentionKind::kMetric || each.kind == MentionKind::kRecipe ||
                                  each.kind == MentionKind::kModel);
  });
  if (metric) return false;
  std::size_t end = next;
  while (end < passage.text.size() && is_word(passage.text[end])) ++end;
  const std::string after = lowered(std::string_view(passage.text).substr(next, end - next));
  return after.ends_with("ful") || after.ends_with("ive") || after.ends_with("est") ||
         after.ends_with("ous") || after.ends_with("ing") || after.ends_with("able") ||
         after.ends_with("ible") || after.ends_with("al") || after.ends_with("ant") || after.ends_with("ent");
}

// "More than half", "less than 2 ms": how large an amount is, and not who has more.
bool bounds_an_amount(std::string_view behind) {
  constexpr std::string_view kThan = " than ";
  if (!behind.starts_with(kThan)) return false;
  std::string_view amount = behind.substr(kThan.size());
  for (const std::string_view article : {"a ", "an ", "the "}) {
    if (amount.starts_with(article)) amount.remove_prefix(article.size());
  }
  constexpr std::array<std::string_view, 17> kAmounts = {
      "half",  "third", "quarter", "twice", "double", "triple", "tenth",  "fifth",   "two ",
      "three", "four",  "five",    "fold",  "factor", "halve",  "thrice", "majority"};
  return !amount.empty() &&
         (is_digit(amount.front()) ||
          std::ranges::any_of(kAmounts, [&](std::string_view each) { return amount.starts_with(each); }));
}

// "The throughput is higher": more of it is less time. "More throughput" is a phrase of its own.
bool names_a_rate(const Passage& passage, const Mention& word) {
  if (!word.means[1].empty() || word.means[2] == "better" || word.means[2] == "worse") return false;
  constexpr std::array<std::string_view, 6> kRates = {
      "throughput", "speed", "pace", "requests per second", "texts per second", "per second"};
  const Span statement = statement_at(passage.text, word.begin);
  const std::string part =
      lowered(std::string_view(passage.text).substr(statement.begin, statement.end - statement.begin));
  return std::ranges::any_of(kRates, [&](std::string_view each) {
    const std::size_t at = part.find(each);
    return at != std::string::npos && (at == 0 || !is_word(part[at - 1])) &&
           (at + each.size() >= part.size() || !is_word(part[at + each.size()]));
  });
}

RelationForm form_of(std::string_view form) {
  if (form == "superlative") return RelationForm::kSuperlative;
  if (form == "change") return RelationForm::kChange;
  return form == "standing" ? RelationForm::kStanding : RelationForm::kComparative;
}

// "drives its latency up", "brings the peak down": a verb of moving and, a few words on, which way.
void add_split_verbs(const Passage& passage, std::vector<Mention>& words) {
  constexpr std::array<std::string_view, 36> kVerbs = {
      "drive",  "drives",  "drove",    "driving", "push",   "pushes", "pushed",  "pushing", "bring",
      "brings", "brought", "bringing", "pull",    "pulls",  "pulled", "pulling", "send",    "sends",
      "sent",   "sending", "force",    "forces",  "forced", "take",   "takes",   "took",    "get",
      "gets",   "got",     "bump",     "bumps",   "bumped", "press",  "presses", "move",    "moves"};
  const std::string lower = lowered(passage.text);
  constexpr std::size_t kReach = 40;
  for (const std::string_view way : {"up", "down"}) {
    for (std::size_t at = lower.find(way); at != std::string::npos; at = lower.find(way, at + 1)) {
      const std::size_t end = at + way.size();
      if (at == 0 || is_word(lower[at - 1]) || (end < lower.size() && is_word(lower[end]))) continue;
      const Span segment = segment_at(passage.text, at);
      std::size_t from = std::max(segment.begin, at > kReach ? at - kReach : 0);
      while (from > segment.begin && is_word(lower[from - 1])) ++from;
      for (std::size_t word = from; word < at;) {
        std::size_t stop = word;
        while (stop < at && is_word(lower[stop])) ++stop;
        const bool moves =
            std::ranges::find(kVerbs, std::string_view(lower).substr(word, stop - word)) != kVerbs.end();
        if (moves && stop + 1 < at) {
          words.push_back({.kind = MentionKind::kWord,
                           .means = {"relation", "", way == "up" ? "more" : "less", "change"},
                           .begin = word,
                           .end = stop});
        }
        word = stop + 1;
      }
    }
  }
}

}  // namespace

Span statement_at(std::string_view text, std::size_t at) { return span_at(text, at, statement_mark); }

Span part_at(std::string_view text, std::size_t at) {
  const std::size_t from = text.substr(0, at).rfind(';');
  return {.begin = from == std::string_view::npos ? 0 : from + 1,
          .end = std::min(text.find(';', at), text.size())};
}

Span segment_at(std::string_view text, std::size_t at) { return span_at(text, at, segment_mark); }

std::vector<Relation> relations_in(const Passage& passage) {
  std::vector<Relation> relations;
  std::vector<Mention> words;
  for (const Mention& each : passage.mentions) {
    if (each.kind == MentionKind::kWord && each.means.front() == "relation") words.push_back(each);
  }
  add_split_verbs(passage, words);
  for (const Mention& each : words) {
    const std::string_view behind = std::string_view(passage.text).substr(each.end);
    if (counts_other_things(behind) || bounds_an_amount(behind) || is_degree(passage, each)) continue;
    if (each.means[3] == "positive" && !held_against(behind)) continue;
    for (const std::string& metric : metrics_compared(passage, each)) {
      relations.push_back({.metric = metric,
                           .sign = sign_of(each.means[2], metric) * (names_a_rate(passage, each) ? -1 : 1),
                           .form = form_of(each.means[3]),
                           .begin = each.begin,
                           .end = each.end});
    }
  }
  return relations;
}

}  // namespace quantier::audit_internal
