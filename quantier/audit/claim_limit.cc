// Who is said to pass or fail a limit, against who does: one configuration, all of a model's, a list of
// limits, or every limit there is.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/limit_counts.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/roles.h"
#include "quantier/audit/sentence_text.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

bool holds_any(std::string_view text, const auto& list) {
  return std::ranges::any_of(
      list, [&](std::string_view each) { return text.find(each) != std::string_view::npos; });
}

// "stops int8 and nothing else": nothing is denied of who is named.
std::vector<Mention> without_others(const std::vector<Mention>& mentions, std::string_view text) {
  std::vector<Mention> kept = mentions;
  std::erase_if(kept, [&](const Mention& each) {
    if (each.kind != MentionKind::kWord || each.means.front() != "negation") return false;
    const std::string behind = lowered(text.substr(each.begin, 14));
    return behind.starts_with("nothing else") || behind.starts_with("no other") ||
           behind.starts_with("nobody else") || behind.starts_with("none other") ||
           behind.starts_with("no one else");
  });
  return kept;
}

// True: passes. "does not violate" passes, "does not meet" fails; both at once is not decided here.
std::optional<bool> outcome_said(const std::vector<Mention>& mentions) {
  const bool pass = says(mentions, "pass");
  const bool fail = says(mentions, "fail");
  const bool turned = negated(mentions, {"pass", "fail"});
  if (fail && !pass) return turned;
  // "is not within": a word of passing beside a negation fails; "no longer" and the like are left to a
  // person.
  if (pass && !fail) return !turned;
  return std::nullopt;
}

// The one limit that is meant.
const AuditLimit* limit_of(const std::vector<std::string>& metrics, const AuditEvidence& evidence) {
  const AuditLimit* limit = nullptr;
  for (const AuditLimit& each : evidence.limits) {
    if (!contains(metrics, each.metric)) continue;
    if (limit != nullptr) return nullptr;
    limit = &each;
  }
  return limit;
}

std::string verdict(const AuditLimit& limit, const std::string& configuration, bool passes) {
  const bool failed = contains(limit.failed_by, configuration);
  if (failed != passes) return {};
  return fmt::format("the evidence says that {} {} the limit on {} ({:g})", configuration,
                     failed ? "fails" : "passes", limit.metric, limit.limit);
}

// A table that says in a cell whether the row's configuration keeps the column's limit.
std::string of_cell(const Passage& cell, const AuditEvidence& evidence) {
  const std::vector<std::string> models = said(cell.row_mentions, MentionKind::kModel);
  const std::vector<std::string> recipes = said(cell.row_mentions, MentionKind::kRecipe);
  if (models.size() != 1 || recipes.size() != 1 || says(cell.mentions, "hedge")) return {};
  if (!said(cell.mentions, MentionKind::kModel).empty() || !said(cell.mentions, MentionKind::kMetric).empty())
    return {};
  const AuditLimit* limit = limit_of(said(cell.column_mentions, MentionKind::kMetric), evidence);
  const auto passes = outcome_said(cell.mentions);
  const bool other_reading =
      limit != nullptr && limit->metric == "ece" && !said(cell.column_mentions, MentionKind::kFit).empty();
  if (limit == nullptr || !passes || other_reading) return {};
  return verdict(*limit, models.front() + " " + recipes.front(), *passes);
}

class LimitReader {
 public:
  LimitReader(const Passage& passage, const ClaimClause& clause, const AuditEvidence& evidence)
      : passage_(passage),
        clause_(clause),
        evidence_(evidence),
        mentions_(without_others(clause.mentions, passage.text)),
        text_(lowered(std::string_view(passage.text).substr(clause.begin, clause.end - clause.begin))) {}

  [[nodiscard]] std::string read() const {
    auto passes = outcome_said(mentions_);
    if (!passes) passes = side_of_limit();
    if (not_of_today()) return {};
    if (passes && (says(mentions_, "limit") || selects() || judged_on_a_measure())) {
      if (std::string why = of_listed_limits(*passes); !why.empty()) return why;
      if (std::string why = of_every_limit(*passes); !why.empty()) return why;
      if (std::string why = counted(*passes); !why.empty()) return why;
    }
    return {};
  }

 private:
  // "has to meet", "only on a larger machine", "where the limit is set": no verdict on what was measured.
  [[nodiscard]] bool not_of_today() const {
    constexpr std::array<std::string_view, 18> kOther = {
        " must ",   "has to ",    "have to ", "needs to ", "need to ",  "next time",
        "only on ", "only where", "only if",  "only when", "only once", "is set ",
        "were set", "set at",     "set to",   "set below", "until",     "to pass"};
    return holds_any(std::string_view(text_), kOther) || says(passage_.mentions, "reported") ||
           moves_a_limit();
  }

  // "Lower the memory limit below 41.7 MB and int8 is out": under another limit than the declared one.
  [[nodiscard]] bool moves_a_limit() const {
    constexpr std::size_t kReach = 12;
    return std::ranges::any_of(passage_.mentions, [&](const Mention& word) {
      if (word.kind != MentionKind::kWord || word.means.front() != "limit" ||
          !is_word(passage_.text[word.begin]))
        return false;
      return std::ranges::any_of(passage_.numbers, [&](const WrittenNumber& number) {
        if (number.begin < word.end || number.begin - word.end > kReach) return false;
        return std::ranges::none_of(evidence_.limits, [&](const AuditLimit& limit) {
          return std::abs(number.value - limit.limit) <= 1e-9 * std::abs(limit.limit);
        });
      });
    });
  }

  // "Over the memory limit", "below the floor": which side of it, and that by the limit's kind.
  [[nodiscard]] std::optional<bool> side_of_limit() const {
    const AuditLimit* limit = limit_of(said(mentions_, MentionKind::kMetric), evidence_);
    if (limit == nullptr) return std::nullopt;
    const bool floor = limit->metric == "macro_f1" || limit->metric.find("accuracy") != std::string::npos;
    std::optional<bool> passes;
    for (const Mention& each : mentions_) {
      if (each.kind != MentionKind::kWord || each.means.front() != "limit") continue;
      constexpr std::size_t kReach = 34;
      if (each.begin < clause_.begin || each.end > clause_.end) continue;
      const std::size_t at = each.begin - clause_.begin;
      const std::string_view before =
          std::string_view(text_).substr(at > kReach ? at - kReach : 0, std::min(at, kReach));
      const bool over =
          any_word_of(before, {"over the", "above the", "beyond the", "past the", "over its", "above its",
                               "in excess of the", "over our", "above our", "beyond our"});
      const bool under = any_word_of(before, {"under the", "below the", "beneath the", "under its",
                                              "below its", "under our", "below our"});
      if (over == under) continue;
      if (passes) return std::nullopt;
      passes = over == floor;
    }
    if (!passes && says(mentions_, "limit") && any_word_of(text_, {"too"}) &&
        text_.find(" for ") != std::string::npos)
      passes = false;  // "too badly calibrated for the ECE limit"
    if (passes && negated(mentions_, {})) passes = !*passes;
    return passes;
  }

  // "Passes on ECE", "fails in memory": the limit is not named, and meant.
  [[nodiscard]] bool judged_on_a_measure() const {
    return std::ranges::any_of(mentions_, [&](const Mention& word) {
      const bool outcome =
          word.kind == MentionKind::kWord && (word.means.front() == "pass" || word.means.front() == "fail");
      if (!outcome) return false;
      const std::string verb = lowered(std::string_view(passage_.text).substr(word.begin, 4));
      if (verb != "pass" && verb != "fail" && verb != "flun") return false;
      return std::ranges::any_of(mentions_, [&](const Mention& metric) {
        if (metric.kind != MentionKind::kMetric || metric.begin < word.end) return false;
        const std::string between = passage_.text.substr(word.end, metric.begin - word.end);
        return between == " on " || between == " in " || between == " for " || between == " on the " ||
               between == " at ";
      });
    });
  }

  // "Four of the six satisfy the ECE limit", "no configuration breaks it": how many do.
  [[nodiscard]] std::string counted(bool passes) const {
    if (!named().empty() || says(passage_.mentions, "prior")) return {};
    const AuditLimit* limit = limit_of(said(mentions_, MentionKind::kMetric), evidence_);
    const bool fitted = !said(mentions_, MentionKind::kFit).empty();
    if (limit == nullptr || fitted || said(mentions_, MentionKind::kTier).empty() != limit->tier.empty())
      return {};
    return wrong_count(text_, *limit, evidence_.configurations.size(), passes, negated(mentions_, {}));
  }

  // Words that say why somebody is out, the limit unsaid: "rejected for its ECE".
  [[nodiscard]] bool selects() const {
    constexpr std::array<std::string_view, 16> kOut = {" is out",   " are out",  "rejected",    "reject",
                                                       "disqualif", "ruled out", "rules out",   "eliminat",
                                                       "excluded",  "excludes",  "knocked out", "knocks out",
                                                       " out on ",  "keeps out", "flunks",      "drops out"};
    constexpr std::array<std::string_view, 5> kElse = {"out of", "figures", "numbers", " run of",
                                                       "measurement"};
    if (holds_any(std::string_view(text_), kElse)) return false;
    return holds_any(std::string_view(text_), kOut);
  }

  // Those named: a configuration, or all of a model's.
  struct Named {
    std::vector<std::string> displays;
    bool whole_model = false;
  };
  [[nodiscard]] std::vector<Named> named() const {
    std::vector<Named> list;
    for (const NamedConfiguration& each : configurations_in(passage_)) {
      if (each.begin < clause_.begin || each.end > clause_.end) continue;
      Named one{.displays = {}, .whole_model = each.recipe.empty()};
      for (const AuditConfiguration& known : evidence_.configurations) {
        if (known.model == each.model && (each.recipe.empty() || known.recipe == each.recipe))
          one.displays.push_back(known.display());
      }
      list.push_back(std::move(one));
    }
    return list;
  }
  // One configuration or one model, and nothing between them that is compared.
  [[nodiscard]] std::optional<Named> only_named() const {
    const std::vector<Named> list = named();
    if (list.size() == 1 && !list.front().displays.empty()) return list.front();
    // "demo-encoder ... at int8": two mentions that are one.
    const std::vector<std::string> models = said(mentions_, MentionKind::kModel);
    const std::vector<std::string> recipes = said(mentions_, MentionKind::kRecipe);
    if (models.size() != 1 || recipes.size() != 1) return std::nullopt;
    return Named{.displays = {models.front() + " " + recipes.front()}, .whole_model = false};
  }
  [[nodiscard]] bool of_all_recipes() const {
    constexpr std::array<std::string_view, 11> kAll = {
        "never ",    "every precision", "all precisions", "any precision", "all three", "all of the",
        "every one", "none of",         "throughout",     "in all its",    "at every"};
    return holds_any(std::string_view(text_), kAll);
  }

  [[nodiscard]] std::string judge(const AuditLimit& limit, const Named& who, bool passes) const {
    std::string why;
    std::size_t wrong = 0;
    for (const std::string& each : who.displays) {
      std::string one = verdict(limit, each, passes);
      if (one.empty()) continue;
      ++wrong;
      why = std::move(one);
    }
    if (wrong == 0) return {};
    return wrong == who.displays.size() || (who.whole_model && of_all_recipes()) ? why : std::string();
  }

  [[nodiscard]] bool names_a_limit() const {
    const std::vector<std::string> metrics = said(mentions_, MentionKind::kMetric);
    return std::ranges::any_of(evidence_.limits,
                               [&](const AuditLimit& each) { return contains(metrics, each.metric); });
  }

  // The measures named, in the clause or behind a colon as a list of nothing else.
  [[nodiscard]] std::vector<std::string> metrics_listed() const {
    std::vector<std::string> listed;
    const Mention* last = nullptr;
    for (const Mention& each : passage_.mentions) {
      if (each.kind != MentionKind::kMetric || each.begin < clause_.end) continue;
      const std::size_t from = last == nullptr ? clause_.end : last->end;
      const std::string_view gap = std::string_view(passage_.text).substr(from, each.begin - from);
      const bool opens =
          last == nullptr && (gap == ": " || gap == " (" || gap == ": the " || gap == ": its ");
      if (!opens && (last == nullptr || !only_separators(gap))) break;
      if (const AuditLimit* limit = limit_of(each.means, evidence_)) listed.push_back(limit->metric);
      last = &each;
    }
    // Behind the list the sentence ends.
    if (last == nullptr || passage_.text.size() - last->end > 2) return {};
    return listed;
  }

  [[nodiscard]] std::string of_listed_limits(bool passes) const {
    const std::vector<std::string> metrics = said(mentions_, MentionKind::kMetric);
    const std::optional<Named> who = only_named();
    if (!who) return of_a_list(metrics, passes);
    if (excepted()) return all_but(metrics, *who, passes);
    if (counts_limits()) return {};
    if (const AuditLimit* limit = limit_of(metrics, evidence_)) {
      // A number of another fit, or an earlier one, may pass where today's does not.
      if (limit->metric == "ece" &&
          (says(passage_.mentions, "prior") || !said(mentions_, MentionKind::kFit).empty()))
        return {};
      return judge(*limit, *who, passes);
    }
    if (names_a_limit() && !passes) return of_several(metrics, *who);
    if (names_a_limit() || passes) return {};
    for (const std::string& metric : metrics_listed()) {
      if (const AuditLimit* limit = limit_of({metric}, evidence_)) {
        if (std::string why = judge(*limit, *who, passes); !why.empty()) return why;
      }
    }
    return {};
  }

  // "Is worse on macro-F1 and fails three limits": how many, and not which.
  [[nodiscard]] bool counts_limits() const {
    return std::ranges::any_of(mentions_, [&](const Mention& word) {
      const bool outcome =
          word.kind == MentionKind::kWord && (word.means.front() == "pass" || word.means.front() == "fail");
      if (!outcome || word.end > passage_.text.size()) return false;
      const std::string behind = lowered(std::string_view(passage_.text).substr(word.end, 24));
      for (const std::string_view count : {" two ", " three ", " four ", " several ", " 2 ", " 3 ", " 4 "}) {
        if (behind.starts_with(count)) return true;
      }
      return false;
    });
  }

  // "Everything except demo-decoder int4 meets ...": who is named does the opposite of what is said, and the
  // others do it.
  [[nodiscard]] bool excepted() const {
    return any_word_of(
        text_,
        {"everything except", "everybody except", "all except", "all but", "everything but", "everybody but",
         "every configuration but", "every configuration except", "all configurations except", "apart from",
         "with the exception of", "save for", "bar", "nobody but", "none but", "no configuration but",
         "no one but", "every candidate but", "every candidate except"});
  }
  [[nodiscard]] std::string all_but(const std::vector<std::string>& metrics, const Named& who,
                                    bool passes) const {
    const AuditLimit* limit = limit_of(metrics, evidence_);
    if (limit == nullptr || who.whole_model || !said(mentions_, MentionKind::kFit).empty()) return {};
    // "Nobody but X breaks it": the denial was taken as one of the outcome.
    if (any_word_of(text_, {"nobody but", "none but", "no configuration but", "no one but"})) {
      return judge(*limit, who, !passes);
    }
    if (negated(mentions_, {"pass", "fail"})) return {};
    return judge(*limit, who, !passes);
  }

  // "X and Y come in under the ECE limit": each of them does.
  [[nodiscard]] std::string of_a_list(const std::vector<std::string>& metrics, bool passes) const {
    const AuditLimit* limit = limit_of(metrics, evidence_);
    if (limit == nullptr || !said(mentions_, MentionKind::kFit).empty() || says(passage_.mentions, "prior") ||
        excepted())
      return {};
    std::vector<NamedConfiguration> list;
    for (const NamedConfiguration& each : configurations_in(passage_)) {
      if (each.begin < clause_.begin || each.end > clause_.end) continue;
      if (each.recipe.empty()) return {};
      if (!list.empty()) {
        const std::string_view gap =
            std::string_view(passage_.text)
                .substr(list.back().end, each.begin - std::min(each.begin, list.back().end));
        if (each.begin < list.back().end || !only_separators(gap)) return {};
      }
      list.push_back(each);
    }
    if (list.size() < 2) return {};
    for (const NamedConfiguration& each : list) {
      if (std::string why = verdict(*limit, each.model + " " + each.recipe, passes); !why.empty()) return why;
    }
    return {};
  }

  // "out on ECE, memory and tail accuracy": passes every one of them.
  [[nodiscard]] std::string of_several(const std::vector<std::string>& metrics, const Named& who) const {
    if (!said(mentions_, MentionKind::kFit).empty() || says(passage_.mentions, "prior")) return {};
    std::string why;
    for (const AuditLimit& limit : evidence_.limits) {
      if (!contains(metrics, limit.metric)) continue;
      why = judge(limit, who, false);
      if (why.empty()) return {};
    }
    return why;
  }

  // "meets every limit", "breaks no limit", "violates none".
  [[nodiscard]] std::string of_every_limit(bool passes) const {
    constexpr std::array<std::string_view, 12> kEvery = {
        "every limit",      "all limit",       "all the limit",     "all five",
        "all of the limit", "each limit",      "any limit",         "all constraint",
        "every constraint", "all requirement", "every requirement", "all of them"};
    constexpr std::array<std::string_view, 8> kNone = {
        "no limit",      "none of the limit", "not a single limit", "not one limit",
        "no constraint", "no requirement",    "none of them",       "no bound"};
    constexpr std::array<std::string_view, 7> kExcept = {"except", " but ", "apart from", "other than",
                                                         "save ",  "bar ",  "only "};
    const bool fails_none = says(mentions_, "fail") && holds_any(std::string_view(text_), kNone);
    const bool passes_all = says(mentions_, "pass") && holds_any(std::string_view(text_), kEvery);
    if (!passes || (!fails_none && !passes_all) || holds_any(std::string_view(text_), kExcept)) return {};
    const std::optional<Named> who = only_named();
    if (!who || names_a_limit()) return {};
    for (const AuditLimit& limit : evidence_.limits) {
      if (std::string why = judge(limit, *who, true); !why.empty()) return why;
    }
    return {};
  }

  const Passage& passage_;
  const ClaimClause& clause_;
  const AuditEvidence& evidence_;
  std::vector<Mention> mentions_;
  std::string text_;
};

}  // namespace

std::string wrong_outcome(const Passage& passage, const ClaimClause& clause, const AuditEvidence& evidence) {
  if (passage.kind == PassageKind::kCell) return of_cell(passage, evidence);
  if (is_cautious(clause.mentions, passage) || says(passage.mentions, "hypothetical")) return {};
  // "In 18 % of the resamples it misses": in some, and not on the whole.
  if (says(clause.mentions, "resampled") && !passage.numbers.empty()) return {};
  return LimitReader(passage, clause, evidence).read();
}

}  // namespace quantier::audit_internal
