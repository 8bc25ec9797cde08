// Said of more than was measured: a rate of requests that is sustained where no load test was run, a finding
// of one split that is to hold on any data.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/sentence_text.h"
#include "quantier/audit/tokens.h"

namespace quantier::audit_internal {
namespace {

template <typename List>
bool holds_one(const std::vector<Token>& tokens, const List& list) {
  return std::ranges::any_of(tokens, [&](const Token& each) { return is_one_of(each.word, list); });
}

// Of these stems a sentence that is sure has one.
bool is_sure(const std::vector<Token>& tokens) {
  constexpr std::array<std::string_view, 12> kStems = {"prove",      "proof",   "guarant", "confirm",
                                                       "demonstrat", "certain", "ensure",  "establish",
                                                       "sustain",    "withst",  "shown",   "always"};
  return std::ranges::any_of(tokens, [&](const Token& each) {
    return std::ranges::any_of(kStems, [&](std::string_view stem) { return each.word.starts_with(stem); });
  });
}

// Wishes, plans, doubts and denials say nothing of the kind.
bool is_reserved(const std::vector<Token>& tokens) {
  constexpr std::array<std::string_view, 36> kReserve = {
      "would",   "could",    "should",  "may",     "might", "must",    "need",  "needs",  "needed",
      "before",  "until",    "whether", "if",      "upper", "bound",   "not",   "no",     "never",
      "cannot",  "nothing",  "nobody",  "without", "only",  "least",   "wants", "wish",   "asks",
      "require", "requires", "target",  "limit",   "once",  "doesn't", "isn't", "unless", "expect"};
  return holds_one(tokens, kReserve);
}

// "A load test is unnecessary", "it passed the load test".
bool settles_load_test(std::string_view lower, const std::vector<Token>& tokens) {
  if (!any_word_of(lower, {"load test", "load tests", "load-test", "load-tests", "load testing",
                           "load-testing", "stress test"}))
    return false;
  constexpr std::array<std::string_view, 9> kNeedless = {"unnecessary", "needless",  "superfluous",
                                                         "redundant",   "pointless", "dispensable",
                                                         "waived",      "skipped",   "unneeded"};
  if (holds_one(tokens, kNeedless) ||
      any_word_of(lower, {"not needed", "no need", "not required", "not necessary", "no longer needed",
                          "is not called for", "can do without", "need no load test", "needs no load test"}))
    return true;
  constexpr std::array<std::string_view, 7> kDone = {"passed",   "showed", "confirmed", "proved",
                                                     "confirms", "shows",  "proves"};
  return holds_one(tokens, kDone) && !is_reserved(tokens);
}

// "Under load we measured", "reached in our load test", "a load generator confirmed it", "load: run".
bool tells_of_load(std::string_view lower, const std::vector<Token>& tokens) {
  if (lower.find("load: run") != std::string_view::npos ||
      lower.find("load test: run") != std::string_view::npos ||
      lower.find("load test: passed") != std::string_view::npos)
    return true;
  constexpr std::array<std::string_view, 14> kDone = {
      "measured", "reached", "ran",    "confirmed", "sustained", "achieved", "observed",
      "recorded", "tested",  "showed", "held",      "kept",      "handled",  "served"};
  constexpr std::array<std::string_view, 9> kLoad = {
      "under load", "under sustained load", "load generator", "load test",  "load tests",
      "load-test",  "under full load",      "sustained load", "stress test"};
  return any_word_of(lower, kLoad) && holds_one(tokens, kDone) && !is_reserved(tokens);
}

}  // namespace

std::string untested_load(const Passage& passage, const AuditEvidence& evidence) {
  const bool tested = std::ranges::any_of(evidence.facts, [](const Fact& fact) {
    return fact.metric == "requests" && fact.id.starts_with("load/");
  });
  if (tested || evidence.configurations.empty() || is_cautious({}, passage)) return {};
  const std::vector<Token> tokens = tokens_of(passage.text, 0, passage.text.size());
  const std::string lower = lowered(passage.text);
  if (settles_load_test(lower, tokens))
    return "no load test was run: throughput is an upper bound of what is sustained";
  if (tells_of_load(lower, tokens)) return "no load test was run: nothing is known of what holds under load";
  const bool rate = std::ranges::any_of(
      passage.numbers, [](const WrittenNumber& each) { return each.unit == WrittenUnit::kRate; });
  if (!rate || !is_sure(tokens) || is_reserved(tokens)) return {};
  return "no load test was run, so that no rate is known to be sustained";
}

std::string said_of_any_data(const Passage& passage, const AuditEvidence& evidence) {
  if (evidence.configurations.empty() || is_cautious(passage.mentions, passage)) return {};
  constexpr std::array<std::string_view, 10> kAny = {"any",    "all",       "every",  "arbitrary", "whatever",
                                                     "future", "whichever", "unseen", "other",     "new"};
  constexpr std::array<std::string_view, 22> kData = {
      "data",     "dataset",  "datasets",   "task",   "tasks",   "domain",       "domains", "corpus",
      "corpora",  "language", "languages",  "input",  "inputs",  "distribution", "traffic", "archive",
      "archives", "corpuses", "collection", "sample", "samples", "kind"};
  constexpr std::array<std::string_view, 8> kWhere = {"on",   "to",   "for", "across",
                                                      "over", "with", "of",  "in"};
  for (const auto& [begin, end] : clauses_of(passage.text)) {
    const std::vector<Token> tokens = tokens_of(passage.text, begin, end);
    const bool carried =
        std::ranges::any_of(tokens, [](const Token& each) { return each.word.starts_with("generali"); });
    // "It holds for archives of every kind", "that settles it for any archive".
    const bool holds = std::ranges::any_of(tokens, [](const Token& each) {
      return each.word == "hold" || each.word == "holds" || each.word.starts_with("settle");
    });
    if ((!is_sure(tokens) && !carried && !holds) || is_reserved(tokens)) continue;
    for (std::size_t i = 1; i + 1 < tokens.size(); ++i) {
      if (!is_one_of(tokens[i].word, kAny) || !is_one_of(tokens[i - 1].word, kWhere)) continue;
      const std::size_t noun =
          is_one_of(tokens[i + 1].word, kData) ? i + 1 : std::min(i + 2, tokens.size() - 1);
      if (!is_one_of(tokens[noun].word, kData)) continue;
      return fmt::format("\"{}\" is more than one split of one task can show",
                         passage.text.substr(tokens[i].begin, tokens[noun].end - tokens[i].begin));
    }
  }
  return {};
}

}  // namespace quantier::audit_internal
