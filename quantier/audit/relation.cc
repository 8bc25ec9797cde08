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

std::string measure_of(const Mention& mention) {
  for (const char* each : {"latency", "memory", "macro_f1"}) {
    if (std::ranges::find(mention.means, each) != mention.means.end()) return each;
  }
  const bool fitted = mention.means.front() == "temperature";
  if (!fitted && std::ranges::find(mention.means, "ece") != mention.means.end()) return "ece";
  if (mention.means.front() == "accuracy" || mention.means.front() == "accuracy_change") return "accuracy";
  return "other";
}

// What the amounts of a part are in: time or bytes.
std::string measure_of_units(const Passage& passage, const Span& span) {
  std::string found;
  for (const WrittenNumber& each : passage.numbers) {
    if (each.begin < span.begin || each.end > span.end) continue;
    // Points of a tier are those of its accuracy.
    const bool points =
        each.unit == WrittenUnit::kPoints && !said(passage.mentions, MentionKind::kTier).empty();
    const char* metric = each.unit == WrittenUnit::kMilliseconds ? "latency"
                         : each.unit == WrittenUnit::kBytes      ? "memory"
                         : points                                ? "accuracy"
                                                                 : "";
    if (*metric == '\0') continue;
    if (!found.empty() && found != metric) return {};
    found = metric;
  }
  return found;
}

std::vector<Mention> between(const std::vector<Mention>& mentions, const Span& span) {
  std::vector<Mention> found;
  std::ranges::copy_if(mentions, std::back_inserter(found),
                       [&](const Mention& each) { return span.holds(each); });
  return found;
}

// "On latency, A wins and B loses": what a statement compares by stands before its parts.
bool topic_before(const Passage& passage, const Span& statement, const Span& segment) {
  return std::ranges::any_of(passage.mentions, [&](const Mention& each) {
    return each.kind == MentionKind::kMetric && each.begin >= statement.begin && each.end <= segment.begin;
  });
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

Span segment_at(std::string_view text, std::size_t at) { return span_at(text, at, segment_mark); }

std::vector<std::string> measures_in(const Passage& passage, const Span& span) {
  std::vector<std::string> found;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kMetric || !span.holds(each)) continue;
    // A number of things, or a word of change taken for one ("gains"), measures nothing here.
    if (each.means.front() == "lost" || each.means.front() == "gained" || each.means.front() == "n") continue;
    std::string measure = measure_of(each);
    if (std::ranges::find(found, measure) == found.end()) found.push_back(std::move(measure));
  }
  return found;
}

std::vector<Relation> relations_in(const Passage& passage) {
  std::vector<Relation> relations;
  std::vector<Mention> words;
  for (const Mention& each : passage.mentions) {
    if (each.kind == MentionKind::kWord && each.means.front() == "relation") words.push_back(each);
  }
  add_split_verbs(passage, words);
  for (const Mention& each : words) {
    if (counts_other_things(std::string_view(passage.text).substr(each.end))) continue;
    std::string metric = each.means[1];
    const Span segment = segment_at(passage.text, each.begin);
    const Span statement = statement_at(passage.text, each.begin);
    for (const Span* span : {&segment, &statement}) {
      std::vector<std::string> measures = measures_in(passage, *span);
      // "smaller" is no word of memory beside another measure.
      if (!metric.empty() && (metric == "memory" || metric == "latency")) {
        std::erase(measures, metric);
        if (!measures.empty() && span == &segment) metric = "other";
        if (each.means[1] == "memory" && measures.size() == 1 && span == &segment) {
          metric = measures.front();  // "a larger ECE"
        }
        break;
      }
      if (!metric.empty()) break;
      if (measures.size() == 1 && (span == &segment || topic_before(passage, statement, segment))) {
        metric = measures.front();
      } else if (measures.empty()) {
        metric = measure_of_units(passage, *span);
      } else {
        break;
      }
      if (!metric.empty()) break;
    }
    // "On games the decoder is weaker": a class is told by how often it is right.
    const bool judges = each.means[2] == "better" || each.means[2] == "worse";
    if (metric.empty() && judges && !said(between(passage.mentions, statement), MentionKind::kLabel).empty())
      metric = "class_accuracy";
    if (metric.empty() || metric == "other") continue;
    relations.push_back({.metric = metric,
                         .sign = sign_of(each.means[2], metric),
                         .form = form_of(each.means[3]),
                         .begin = each.begin,
                         .end = each.end});
  }
  return relations;
}

}  // namespace quantier::audit_internal
