// What data a calibration was read on: "on an independent test set", where the evidence has read it on halves
// of one split and on no other.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/tokens.h"

namespace quantier::audit_internal {
namespace {

constexpr std::array<std::string_view, 10> kSets = {"set",       "split",  "sample", "data",       "dataset",
                                                    "partition", "corpus", "sets",   "collection", "texts"};
constexpr std::array<std::string_view, 5> kTests = {"test", "hold-out", "holdout", "testing", "blind"};
constexpr std::array<std::string_view, 11> kApart = {"independent", "separate", "dedicated", "untouched",
                                                     "external",    "distinct", "reserved",  "second",
                                                     "own",         "withheld", "different"};
// Such a set is wished for, planned or denied.
constexpr std::array<std::string_view, 26> kNotHere = {
    "no",     "not",   "never", "without", "would", "should",  "need",    "needs",      "needed",
    "before", "until", "if",    "next",    "once",  "missing", "must",    "could",      "instead",
    "rather", "lack",  "will",  "wait",    "more",  "nobody",  "another", "outstanding"};

bool speaks_of_calibration(const Passage& passage) {
  const auto named = [](const std::vector<Mention>& mentions) {
    return std::ranges::any_of(mentions, [](const Mention& each) {
      return (each.kind == MentionKind::kMetric &&
              (contains(each.means, "ece") || contains(each.means, "temperature"))) ||
             (each.kind == MentionKind::kFit && contains(each.means, "held-out"));
    });
  };
  return named(passage.mentions) || named(passage.before) || named(passage.column_mentions);
}

}  // namespace

std::string untrue_split(const Passage& passage, const AuditEvidence& evidence) {
  const bool fitted = std::ranges::any_of(
      evidence.facts, [](const Fact& fact) { return fact.metric == "ece" && fact.fit == "held-out"; });
  const bool second =
      std::ranges::any_of(evidence.facts, [](const Fact& fact) { return fact.fit == "selected-on"; });
  if (!fitted || second || passage.of_conditions || passage.text.find('?') != std::string::npos ||
      !speaks_of_calibration(passage))
    return {};
  const std::vector<Token> tokens = tokens_of(passage.text, 0, passage.text.size());
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const bool test = is_one_of(tokens[i].word, kTests);
    const bool apart = is_one_of(tokens[i].word, kApart);
    if (!test && !apart) continue;
    // "separate validation set", "test set"; "the second half" is the other half of the same split.
    std::size_t noun = i + 1;
    if (apart && noun + 1 < tokens.size() && !is_one_of(tokens[noun].word, kSets)) ++noun;
    if (!is_one_of(tokens[noun].word, kSets) || tokens[noun].cut_before) continue;
    const bool plain = tokens[i].word == "second" || tokens[i].word == "own" || tokens[i].word == "different";
    if (plain && !is_one_of(tokens[noun - 1].word, kTests)) continue;
    const Span statement = statement_at(passage.text, tokens[i].begin);
    const bool elsewhere = std::ranges::any_of(tokens, [&](const Token& each) {
      return each.begin >= statement.begin && each.end <= statement.end && is_one_of(each.word, kNotHere);
    });
    if (elsewhere) continue;
    return fmt::format(
        "\"{}\": the evidence reads calibration on halves of one split, each with the temperature of the "
        "other, and has no such set",
        passage.text.substr(tokens[i].begin, tokens[noun].end - tokens[i].begin));
  }
  return {};
}

}  // namespace quantier::audit_internal
