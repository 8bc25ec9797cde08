// Parts of a sentence and who they speak of: what the checks of claims share. Only claim*.cc include this.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantier/audit/claim.h"

namespace quantier::audit_internal {

inline bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

// The mentions between two places.
inline std::vector<Mention> between(const std::vector<Mention>& mentions, std::size_t begin,
                                    std::size_t end) {
  std::vector<Mention> found;
  for (const Mention& each : mentions) {
    if (each.begin >= begin && each.end <= end) found.push_back(each);
  }
  return found;
}

// Parts of a sentence that can each be true or false: cut at semicolons, colons and full conjunctions.
inline std::vector<std::pair<std::size_t, std::size_t>> clauses_of(std::string_view text) {
  constexpr std::array<std::string_view, 9> kCuts = {"; ",        ": ",     ", but ", " but ", ", while ",
                                                     " whereas ", ", and ", ", yet ", ", so "};
  std::vector<std::pair<std::size_t, std::size_t>> clauses;
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const std::string_view cut : kCuts) {
      if (!text.substr(at).starts_with(cut)) continue;
      clauses.emplace_back(from, at);
      from = at + cut.size();
      at = from - 1;
      break;
    }
  }
  clauses.emplace_back(from, text.size());
  return clauses;
}

inline const Mention* first_word(const std::vector<Mention>& mentions, std::string_view word) {
  for (const Mention& each : mentions) {
    if (each.kind == MentionKind::kWord && each.means.front() == word) return &each;
  }
  return nullptr;
}

// The names of a clause, and where it has none, of its sentence, and where that has none, of its paragraph.
inline std::vector<std::string> names(const std::vector<Mention>& clause, const Passage& passage,
                                      MentionKind kind) {
  for (const std::vector<Mention>* list :
       {&clause, &passage.mentions, &passage.row_mentions, &passage.before, &passage.heading}) {
    std::vector<std::string> found = said(*list, kind);
    if (!found.empty()) return found;
  }
  return {};
}

// What stands in quotation marks was said by somebody else, and is no claim of the note. Typographic ones are
// plain by now (note_text.h), so the marks go in pairs.
inline std::vector<Mention> unquoted(std::string_view text, std::vector<Mention> clause) {
  for (std::size_t open = text.find('"'); open != std::string_view::npos;) {
    const std::size_t close = text.find('"', open + 1);
    if (close == std::string_view::npos) break;
    std::erase_if(clause, [&](const Mention& each) { return each.begin >= open && each.end <= close; });
    open = text.find('"', close + 1);
  }
  return clause;
}

// One part of a sentence that can be true or false by itself.
struct ClaimClause {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<Mention> mentions;  // what stands in quotation marks apart
  bool inherits = false;          // it names nobody itself, and has the names of the clause before it
};

inline bool has_names(const std::vector<Mention>& mentions) {
  return std::ranges::any_of(mentions, [](const Mention& each) { return each.kind <= MentionKind::kTier; });
}

// What names nobody speaks of the clause beside it. Before a colon or semicolon it belongs to what follows
// ("The evidence is overwhelming: decoder int4 ..."); behind a named one it says something of its own about
// the same names.
inline std::vector<ClaimClause> claim_clauses(const Passage& passage) {
  std::vector<ClaimClause> clauses;
  const bool sentence = passage.kind == PassageKind::kSentence;
  for (const auto& [begin, end] : clauses_of(passage.text)) {
    std::vector<Mention> mentions = unquoted(passage.text, between(passage.mentions, begin, end));
    const bool first_nameless = !clauses.empty() && !has_names(clauses.back().mentions);
    const char cut =
        first_nameless && clauses.back().end < passage.text.size() ? passage.text[clauses.back().end] : ' ';
    if (sentence && first_nameless && (cut == ':' || cut == ';')) {
      clauses.back().end = end;
      clauses.back().mentions.insert(clauses.back().mentions.end(), mentions.begin(), mentions.end());
      continue;
    }
    const bool inherits = sentence && !clauses.empty() && !has_names(mentions);
    if (inherits) {
      for (const Mention& each : clauses.back().mentions) {
        if (each.kind <= MentionKind::kMetric) mentions.push_back(each);
      }
    }
    clauses.push_back({begin, end, std::move(mentions), inherits});
  }
  return clauses;
}

// A negation that is no part of one of these words itself: "no doubt", "no obstacle".
inline bool negated(const std::vector<Mention>& clause, std::initializer_list<std::string_view> kinds) {
  return std::ranges::any_of(clause, [&](const Mention& each) {
    if (each.kind != MentionKind::kWord || each.means.front() != "negation") return false;
    return std::ranges::none_of(clause, [&](const Mention& other) {
      return other.kind == MentionKind::kWord &&
             std::ranges::find(kinds, other.means.front()) != kinds.end() && other.begin <= each.begin &&
             each.end <= other.end;
    });
  });
}

// "if", "would": words that suppose, and not those that only tell of a change ("moved", "raised").
inline bool supposes(const std::vector<Mention>& mentions, std::string_view text) {
  constexpr std::array<std::string_view, 11> kWords = {"if",      "were",         "would",   "could",
                                                       "suppose", "hypothetical", "imagine", "should",
                                                       "might",   "unless",       "until"};
  return std::ranges::any_of(mentions, [&](const Mention& each) {
    if (each.kind != MentionKind::kWord || each.means.front() != "hypothetical") return false;
    std::string word(text.substr(each.begin, each.end - each.begin));
    std::ranges::transform(word, word.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    // "nobody would doubt" supposes nothing.
    const bool inside = std::ranges::any_of(mentions, [&](const Mention& other) {
      return other.kind == MentionKind::kWord && other.means.front() == "strong" &&
             other.begin <= each.begin && each.end <= other.end;
    });
    return !inside && std::ranges::find(kWords, word) != kWords.end();
  });
}

// Whether a text calls its numbers modelled, in as many words.
inline bool calls_modelled(std::string_view text) {
  for (const std::string_view word : {"modelled", "Modelled", "modeled", "Modeled", "roofline", "Roofline"}) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

// Who says nothing false by asking, supposing or hedging.
inline bool is_cautious(const std::vector<Mention>& clause, const Passage& passage) {
  return says(clause, "hedge") || supposes(clause, passage.text) || passage.of_conditions ||
         passage.text.find('?') != std::string::npos;
}

// Each check gives the reason for an alarm, or an empty text.
[[nodiscard]] std::string overclaimed(const Passage& passage, const ClaimClause& clause,
                                      const AuditEvidence& evidence, const Published& published);
[[nodiscard]] std::string claimed_absence(const Passage& passage, const ClaimClause& clause,
                                          const AuditEvidence& evidence, const Published& published);
[[nodiscard]] std::string too_sure_of_choice(const Passage& passage, const ClaimClause& clause,
                                             const AuditEvidence& evidence);
[[nodiscard]] std::string wrong_outcome(const Passage& passage, const ClaimClause& clause,
                                        const AuditEvidence& evidence);
[[nodiscard]] std::string wrong_order(const Passage& passage, const ClaimClause& clause,
                                      const AuditEvidence& evidence, const Published& published);
// `previous`: the sentence before in the same block, or null.
[[nodiscard]] std::string wrong_relation(const Passage& passage, const Passage* previous,
                                         const AuditEvidence& evidence, const Published& published);
// `checked`: the numbers of the passage with their facts.
[[nodiscard]] std::string turned_direction(const Passage& passage,
                                           const std::vector<const CheckedNumber*>& checked,
                                           const AuditEvidence& evidence);
[[nodiscard]] std::string turned_difference(const Passage& passage,
                                            const std::vector<const CheckedNumber*>& checked,
                                            const AuditEvidence& evidence);
[[nodiscard]] std::string turned_amount(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string turned_ratio(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string wrong_extreme(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string wrong_tier(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string named_twice(const Passage& passage);
[[nodiscard]] std::string turned_flips(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string moved_limit(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string turned_saving(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string wrong_ranking(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string wrong_dominance(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string wrong_frontier(const Passage& passage, const AuditEvidence& evidence);
// `last`: the sentence before it in the same block, or null.
[[nodiscard]] std::string carried_over(const Passage& passage, const Passage* last,
                                       const Published& published);
[[nodiscard]] std::string wrong_membership(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string misdefined_head(const Passage& passage, const std::vector<ReadHead>& heads);
[[nodiscard]] std::string published_as_own(const Passage& passage, const AuditEvidence& evidence,
                                           const Published& published);
[[nodiscard]] std::string modelled_as_measured(const Passage& passage, const AuditEvidence& evidence,
                                               const Published& published);
[[nodiscard]] std::string untold_model(const Passage& passage, const AuditEvidence& evidence);
// Of a passage that says in which order all pairs of the note are told.
[[nodiscard]] std::string misdefined_pairs(const Passage& passage, const std::vector<Passage>& passages,
                                           const AuditEvidence& evidence);
[[nodiscard]] std::string wrong_confidence(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string too_sure_of_better(const Passage& passage, const ClaimClause& clause,
                                             const AuditEvidence& evidence);
[[nodiscard]] std::string multiple_elsewhere(const Passage& passage, const AuditEvidence& evidence,
                                             const Published& published);
[[nodiscard]] std::string other_limit(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string misstated_limit(const Passage& passage, const AuditEvidence& evidence);
// What a cell says of its row, in one word or two.
struct CellClaim {
  ClaimKind kind = ClaimKind::kOverclaim;
  std::string why;  // empty: nothing is wrong
};
[[nodiscard]] CellClaim wrong_cell(const Passage& cell, const AuditEvidence& evidence);
// Who wins with a limit moved.
[[nodiscard]] std::string wrong_winner(const Passage& passage, const AuditEvidence& evidence);
// Two recommendations in one note.
[[nodiscard]] std::vector<ClaimFinding> torn_recommendation(const std::vector<Passage>& passages,
                                                            const AuditEvidence& evidence);
[[nodiscard]] std::string wrong_runner_up(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string untested_load(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string said_of_any_data(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string untrue_split(const Passage& passage, const AuditEvidence& evidence);
[[nodiscard]] std::string said_to_have_run(const Passage& passage, const AuditEvidence& evidence,
                                           const Published& published);
// `next`: the passage behind it in the same block, or null.
[[nodiscard]] std::string ratio_out_of_scope(const Passage& passage, const Passage* next,
                                             const AuditEvidence& evidence, const Published& published);

}  // namespace quantier::audit_internal
