// What a word of comparing is about. See relation.h.
#include <algorithm>
#include <array>
#include <iterator>

#include "quantier/audit/relation.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

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

// "on every axis", "in every respect": quality, time and memory.
bool of_everything(std::string_view behind) {
  constexpr std::array<std::string_view, 16> kAll = {
      "every axis",     "all axes",     "every count", "all counts",  "every respect", "all respects",
      "every measure",  "all measures", "all fronts",  "every front", "every metric",  "all metrics",
      "all three axes", "every way",    "each axis",   "every score"};
  const std::string_view near = behind.substr(0, 80);
  return std::ranges::any_of(
      kAll, [&](std::string_view each) { return near.find(each) != std::string_view::npos; });
}

// "on macro-F1, on speed and on memory": measures in a row behind the word, with nothing else between them.
std::vector<std::string> listed_behind(const Passage& passage, const Mention& word, const Span& statement) {
  constexpr std::array<std::string_view, 14> kFirst = {
      " on ",   " in ",     " by ",      " for ",     " in both ",     " on both ", " at ",
      " both ", " in all ", " both in ", " both on ", " in terms of ", " with ",    " "};
  constexpr std::array<std::string_view, 16> kJoints = {
      ", ",        " and ",     ", and ",       ", on ",    ", in ", " and on ",        " and in ",
      ", and on ", ", and in ", " as well as ", " and by ", ", by ", " as well as in ", " as well as on ",
      " plus ",    " & "};
  std::vector<std::string> list;
  std::size_t last = word.end;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kMetric || each.begin < last || each.end > passage.text.size()) continue;
    if (list.empty() && each.end > statement.end) break;
    std::string_view gap = std::string_view(passage.text).substr(last, each.begin - last);
    // "X beats Y on speed": who is beaten stands between.
    if (list.empty() && gap.size() <= 60) {
      const std::size_t at = std::max(gap.rfind(" on ") + 1, gap.rfind(" in ") + 1);
      if (at > 0) gap = gap.substr(at - 1);
    }
    const auto& allowed_first = kFirst;
    const bool joined = list.empty() ? std::ranges::find(allowed_first, gap) != allowed_first.end()
                                     : std::ranges::find(kJoints, gap) != kJoints.end();
    if (!joined) break;
    const std::string measure = measure_of(each);
    if (measure == "other") return {};
    if (std::ranges::find(list, measure) == list.end()) list.push_back(measure);
    last = each.end;
  }
  return list;
}

// The one measure that a word's part of the sentence leaves it; empty: none.
std::string measure_beside(const Passage& passage, const Mention& word) {
  const Span segment = segment_at(passage.text, word.begin);
  const Span statement = statement_at(passage.text, word.begin);
  for (const Span* span : {&segment, &statement}) {
    const std::vector<std::string> measures = measures_in(passage, *span);
    std::string metric;
    if (measures.size() == 1 && (span == &segment || topic_before(passage, statement, segment))) {
      metric = measures.front();
    } else if (measures.empty()) {
      metric = measure_of_units(passage, *span);
    } else {
      return {};
    }
    if (!metric.empty()) return metric;
  }
  return {};
}

// "On games the decoder is weaker", "games falls to 0.867": a class is told by how often it is right.
bool of_a_class(const Passage& passage, const Mention& word) {
  const Span statement = statement_at(passage.text, word.begin);
  if (said(between(passage.mentions, statement), MentionKind::kLabel).empty()) return false;
  if (word.means[2] == "better" || word.means[2] == "worse") return true;
  if (word.means[3] != "change") return false;
  return std::ranges::any_of(passage.numbers, [&](const WrittenNumber& each) {
    const bool share =
        each.unit == WrittenUnit::kPercent || (each.unit == WrittenUnit::kNone && !each.integer);
    return share && each.begin >= word.end && each.end <= statement.end && each.value > 0.0 &&
           each.value < 1.0 && each.begin - word.end < 40;
  });
}

}  // namespace

std::vector<std::string> measures_in(const Passage& passage, const Span& span) {
  std::vector<std::string> found;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kMetric || !span.holds(each)) continue;
    // A number of things, or a word of change taken for one ("gains"), measures nothing here.
    if (each.means.front() == "lost" || each.means.front() == "gained" || each.means.front() == "n") continue;
    std::string measure = measure_of(each);
    // "the ECE after scaling": how it was read.
    const bool scaling = each.means.front() == "temperature";
    if (scaling && std::ranges::any_of(passage.mentions, [&](const Mention& other) {
          return other.kind == MentionKind::kMetric && span.holds(other) && measure_of(other) == "ece";
        }))
      continue;
    if (std::ranges::find(found, measure) == found.end()) found.push_back(std::move(measure));
  }
  return found;
}

std::vector<std::string> metrics_compared(const Passage& passage, const Mention& word) {
  const std::string& own = word.means[1];
  const Span segment = segment_at(passage.text, word.begin);
  if (!own.empty()) {
    Passage outside = passage;  // "fewer texts per second" is no measure beside itself
    std::erase_if(outside.mentions,
                  [&](const Mention& each) { return each.begin < word.end && word.begin < each.end; });
    std::vector<std::string> measures = measures_in(outside, segment);
    std::erase(measures, own);
    if ((own != "memory" && own != "latency") || measures.empty()) return {own};
    // "smaller" is no word of memory beside another measure: "a larger ECE".
    if (own == "memory" && measures.size() == 1 && measures.front() != "other") return measures;
    return {};
  }
  const bool judges = word.means[2] == "better" || word.means[2] == "worse";
  if (judges) {
    const Span statement = statement_at(passage.text, word.begin);
    const std::string_view behind =
        std::string_view(passage.text).substr(word.end, statement.end - std::min(word.end, statement.end));
    if (behind.find(" or ") == std::string_view::npos) {
      std::vector<std::string> list = listed_behind(passage, word, statement);
      if (list.size() > 1) return list;
      if (measures_in(passage, statement).empty() && of_everything(behind))
        return {"macro_f1", "latency", "memory"};
    }
  }
  std::string metric = measure_beside(passage, word);
  if (metric.empty() && of_a_class(passage, word)) metric = "class_accuracy";
  if (metric.empty() || metric == "other") return {};
  return {std::move(metric)};
}

}  // namespace quantier::audit_internal
