#include "quantier/audit/measurer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "quantier/audit/sentence_text.h"
#include "quantier/audit/tokens.h"

namespace quantier::audit_internal {
namespace {

constexpr std::array<std::string_view, 34> kNouns = {
    "run",        "runs",      "test",       "tests",        "trial",        "trials",     "pilot",
    "pilots",     "benchmark", "benchmarks", "measurement",  "measurements", "experiment", "experiments",
    "timing",     "timings",   "profiling",  "profile",      "bench",        "benches",    "campaign",
    "evaluation", "bake-off",  "measuring",  "benchmarking", "testing",      "load-test",  "load-tests",
    "numbers",    "figures",   "results",    "readings",     "reading",      "data"};
// Such a noun needs an owner: "the numbers" are anybody's.
constexpr std::array<std::string_view, 7> kWeakNouns = {"numbers", "figures", "results",   "readings",
                                                        "reading", "data",    "evaluation"};
constexpr std::array<std::string_view, 30> kVerbs = {
    "measured", "clocked",  "timed",     "ran",      "run",       "tested",    "benchmarked", "saw",
    "seen",     "observed", "recorded",  "got",      "reached",   "obtained",  "logged",      "profiled",
    "tried",    "found",    "achieved",  "hit",      "witnessed", "checked",   "load-tested", "see",
    "get",      "measure",  "benchmark", "verified", "evaluated", "registered"};
// What may be said to be done without saying by whom.
constexpr std::array<std::string_view, 9> kDone = {"measured", "clocked",  "timed",       "tested",   "run",
                                                   "profiled", "recorded", "benchmarked", "evaluated"};
constexpr std::array<std::string_view, 9> kOwners = {"our",  "my",   "own",      "in-house", "inhouse",
                                                     "ours", "mine", "internal", "house"};
constexpr std::array<std::string_view, 16> kPeople = {
    "we",        "i",          "he",    "she",  "us",   "me",    "team",      "group",
    "colleague", "colleagues", "we've", "i've", "he's", "she's", "ourselves", "myself"};
constexpr std::array<std::string_view, 22> kFillers = {
    "have",    "has",       "had",      "did",      "also",  "then", "just", "once",
    "already", "ourselves", "recently", "actually", "now",   "both", "even", "ourselves",
    "himself", "herself",   "myself",   "all",      "first", "since"};
constexpr std::array<std::string_view, 22> kBreaks = {
    "of", "in",  "on",  "for",  "with", "by", "from", "to",    "at",  "than", "as",
    "is", "are", "was", "were", "and",  "or", "that", "which", "has", "have", "but"};
// Words by which a measurement is wanted, planned or imagined.
constexpr std::array<std::string_view, 40> kNotYet = {
    "if",       "would",    "should",   "could",    "must",    "before",    "until",       "unless",
    "once",     "when",     "will",     "plan",     "plans",   "planned",   "needs",       "need",
    "tomorrow", "required", "requires", "require",  "pending", "missing",   "outstanding", "want",
    "wants",    "wish",     "propose",  "proposed", "next",    "to-do",     "todo",        "may",
    "might",    "can",      "ask",      "asks",     "request", "recommend", "shall",       "awaits"};

bool is_person(const Token& token, const Passage& passage) {
  if (is_one_of(token.word, kPeople)) return true;
  if (!token.capital || token.word.size() < 3) return false;
  const bool digits = std::ranges::any_of(
      token.word, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
  const bool letters =
      std::ranges::any_of(std::string_view(passage.text).substr(token.begin + 1, 1),
                          [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; });
  const bool named = std::ranges::any_of(passage.mentions, [&](const Mention& each) {
    return each.begin < token.end && token.begin < each.end;
  });
  return letters && !digits && !named;
}

bool is_owner(const Token& token) {
  constexpr std::array<std::string_view, 9> kOwned = {"team's",      "group's",     "department's",
                                                      "lab's",       "colleague's", "house's",
                                                      "colleagues'", "company's",   "unit's"};
  return is_one_of(token.word, kOwners) || is_one_of(token.word, kOwned);
}

class MeasuringReader {
 public:
  MeasuringReader(const Passage& passage, const Span& span)
      : passage_(passage), tokens_(tokens_of(passage.text, span.begin, span.end)) {}

  [[nodiscard]] std::vector<Measuring> read() const {
    std::vector<Measuring> list;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      Measuring found = owned_noun(i);
      if (found.end == 0) found = personal_verb(i);
      if (found.end == 0) found = nobodys(i);
      if (found.end == 0 || is_not_claimed(found)) continue;
      if (list.empty() || list.back().end < found.end) list.push_back(found);
    }
    return list;
  }

 private:
  // "our vLLM tests", "our GPU team's benchmark".
  [[nodiscard]] Measuring owned_noun(std::size_t i) const {
    constexpr std::size_t kReach = 5;
    if (!is_owner(tokens_[i])) return {};
    for (std::size_t j = i + 1; j < tokens_.size() && j <= i + kReach; ++j) {
      if (tokens_[j].cut_before || is_one_of(tokens_[j].word, kBreaks)) break;
      if (is_one_of(tokens_[j].word, kNouns))
        return {.own = true, .begin = tokens_[i].begin, .end = tokens_[j].end};
    }
    return {};
  }

  // "we clocked", "what he has measured", "Tomasz timed".
  [[nodiscard]] Measuring personal_verb(std::size_t i) const {
    if (!is_person(tokens_[i], passage_)) return {};
    for (std::size_t j = i + 1; j < tokens_.size() && j <= i + 4; ++j) {
      if (tokens_[j].cut_before) break;
      if (is_one_of(tokens_[j].word, kVerbs))
        return {.own = true, .begin = tokens_[i].begin, .end = tokens_[j].end};
      if (!is_one_of(tokens_[j].word, kFillers)) break;
    }
    return {};
  }

  // "Pilot runs", "in the trial", "as measured".
  [[nodiscard]] Measuring nobodys(std::size_t i) const {
    const std::string& word = tokens_[i].word;
    const bool noun = is_one_of(word, kNouns) && !is_one_of(word, kWeakNouns);
    if (!noun && !is_one_of(word, kDone)) return {};
    return {.own = false, .begin = tokens_[i].begin, .end = tokens_[i].end};
  }

  // Denied, supposed or planned in its own part of the sentence.
  [[nodiscard]] bool is_not_claimed(const Measuring& found) const {
    if (passage_.text.find('?') != std::string::npos || passage_.of_conditions) return true;
    const Span segment = segment_at(passage_.text, found.begin);
    const bool denied = std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
      return each.kind == MentionKind::kWord && each.means.front() == "negation" &&
             each.begin >= segment.begin && each.end <= std::min(segment.end, found.end + 24);
    });
    if (denied) return true;
    // "When we ran it": of what somebody did, these words only tell the time.
    const std::string_view verb =
        std::string_view(passage_.text).substr(found.begin, found.end - found.begin);
    const bool past =
        found.own && (verb.ends_with(" ran") || verb.ends_with("ed") || verb.ends_with(" saw") ||
                      verb.ends_with(" got") || verb.ends_with(" found"));
    return std::ranges::any_of(tokens_, [&](const Token& each) {
      if (past && (each.word == "when" || each.word == "once")) return false;
      return each.begin >= segment.begin && each.end <= segment.end && is_one_of(each.word, kNotYet);
    });
  }

  const Passage& passage_;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Measuring> measurings_in(const Passage& passage, const Span& span) {
  return MeasuringReader(passage, span).read();
}

bool credits_others(std::string_view text, const Published& published) {
  const std::string lower = lowered(text);
  // A benchmark is others' unless somebody here owns it.
  constexpr std::array<std::string_view, 41> kOthers = {
      "public",     "publicly",  "published",   "publishes",   "publish",   "publication", "reports",
      "reported",   "report",    "reporting",   "paper",       "papers",    "authors",     "author",
      "literature", "vendor",    "vendors",     "others",      "their",     "quoted",      "quotes",
      "cited",      "according", "external",    "third-party", "somebody",  "someone",     "people",
      "users",      "blog",      "leaderboard", "elsewhere",   "forwarded", "not ours",    "student's",
      "student",    "her",       "hers",        "blogger",     "forum",     "vendor's"};
  if (any_word_of(lower, kOthers)) return true;
  for (const PublishedWork& work : published.works) {
    for (const std::string& name : work.cited_as) {
      if (std::ranges::find(work.techniques, name) != work.techniques.end() || name.find("LLM.int8") == 0)
        continue;
      if (find_word(text, name) != std::string_view::npos) return true;
    }
  }
  return false;
}

bool calls_computed(std::string_view text) {
  constexpr std::array<std::string_view, 13> kStems = {
      "modell",  "modeled",  "roofline", "estimat", "project",  "predict", "extrapol",
      "simulat", "calculat", "comput",   "theor",   "forecast", "on paper"};
  const std::string lower = lowered(text);
  return std::ranges::any_of(kStems, [&](std::string_view stem) {
    const std::size_t at = lower.find(stem);
    if (at == std::string::npos || (at > 0 && is_word(lower[at - 1]))) return false;
    return stem != "comput" || lower.substr(at).starts_with("computed") ||
           lower.substr(at).starts_with("computation");
  });
}

}  // namespace quantier::audit_internal
