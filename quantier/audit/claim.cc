#include "quantier/audit/claim.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

namespace quantier {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

// The mentions between two places.
std::vector<Mention> between(const std::vector<Mention>& mentions, std::size_t begin, std::size_t end) {
  std::vector<Mention> found;
  for (const Mention& each : mentions) {
    if (each.begin >= begin && each.end <= end) found.push_back(each);
  }
  return found;
}

// Parts of a sentence that can each be true or false: cut at semicolons, colons and full conjunctions.
std::vector<std::pair<std::size_t, std::size_t>> clauses_of(std::string_view text) {
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

const Mention* first_word(const std::vector<Mention>& mentions, std::string_view word) {
  for (const Mention& each : mentions) {
    if (each.kind == MentionKind::kWord && each.means.front() == word) return &each;
  }
  return nullptr;
}

// The names of a clause, and where it has none, of its sentence, and where that has none, of its paragraph.
std::vector<std::string> names(const std::vector<Mention>& clause, const Passage& passage, MentionKind kind) {
  for (const std::vector<Mention>* list : {&clause, &passage.mentions, &passage.before, &passage.heading}) {
    std::vector<std::string> found = said(*list, kind);
    if (!found.empty()) return found;
  }
  return {};
}

// What stands in quotation marks was said by somebody else, and is no claim of the note. Typographic ones are
// plain by now (note_text.h), so the marks go in pairs.
std::vector<Mention> unquoted(std::string_view text, std::vector<Mention> clause) {
  for (std::size_t open = text.find('"'); open != std::string_view::npos;) {
    const std::size_t close = text.find('"', open + 1);
    if (close == std::string_view::npos) break;
    std::erase_if(clause, [&](const Mention& each) { return each.begin >= open && each.end <= close; });
    open = text.find('"', close + 1);
  }
  return clause;
}

class Claims {
 public:
  Claims(const std::vector<Passage>& passages, const AuditEvidence& evidence, const Published& published)
      : passages_(passages), evidence_(evidence), published_(published) {}

  std::vector<ClaimFinding> run() {
    for (index_ = 0; index_ < passages_.size(); ++index_) {
      const Passage& passage = passages_[index_];
      if (passage.appendix || passage.kind == PassageKind::kHeaderCell) continue;
      for (const auto& [begin, end] : clauses_of(passage.text)) {
        const std::vector<Mention> clause = unquoted(passage.text, between(passage.mentions, begin, end));
        strength(passage, clause);
        if (passage.kind == PassageKind::kSentence) outcome(passage, clause);
      }
      if (passage.kind != PassageKind::kSentence) continue;
      modelled(passage);
      scope(passage);
    }
    return std::move(found_);
  }

 private:
  void add(ClaimKind kind, std::string why) {
    // One alarm of a kind for a sentence: the reader looks at all of it anyway.
    const bool known = std::ranges::any_of(
        found_, [&](const ClaimFinding& each) { return each.kind == kind && each.passage == index_; });
    if (!known) found_.push_back({.kind = kind, .passage = index_, .why = std::move(why)});
  }

  // Comparisons that a clause can be about: every name it has must fit.
  std::vector<const AuditComparison*> subjects(const Passage& passage,
                                               const std::vector<Mention>& clause) const {
    const std::vector<std::string> models = names(clause, passage, MentionKind::kModel);
    const std::vector<std::string> recipes = names(clause, passage, MentionKind::kRecipe);
    std::vector<std::string> tiers = said(clause, MentionKind::kTier);
    if (tiers.empty()) tiers = said(passage.mentions, MentionKind::kTier);
    std::vector<const AuditComparison*> found;
    for (const AuditComparison& each : evidence_.comparisons) {
      if (!models.empty() && !contains(models, each.model)) continue;
      if (!recipes.empty() && !contains(recipes, each.recipe)) continue;
      if (!tiers.empty() && !contains(tiers, each.tier)) continue;
      found.push_back(&each);
    }
    return found;
  }

  // Whether a clause speaks of accuracy and not of time, memory or calibration.
  static bool about_quality(const std::vector<Mention>& clause, const Passage& passage) {
    const auto one_of = [](const std::vector<std::string>& metrics,
                           std::initializer_list<const char*> names_of) {
      return std::ranges::any_of(names_of, [&](const char* name) { return contains(metrics, name); });
    };
    const std::vector<std::string> metrics = said(clause, MentionKind::kMetric);
    if (one_of(metrics, {"accuracy", "accuracy_change", "macro_f1", "lost", "gained", "flips"})) return true;
    if (one_of(metrics, {"latency", "memory", "ece", "temperature", "gate_threshold"})) return false;
    if (!said(clause, MentionKind::kTier).empty()) return true;
    return one_of(said(passage.mentions, MentionKind::kMetric),
                  {"accuracy", "accuracy_change", "macro_f1"}) ||
           !said(passage.mentions, MentionKind::kTier).empty();
  }

  // A negation that is no part of the strong word itself: "no doubt".
  static bool negated(const std::vector<Mention>& clause) {
    return std::ranges::any_of(clause, [&](const Mention& each) {
      if (each.kind != MentionKind::kWord || each.means.front() != "negation") return false;
      return std::ranges::none_of(clause, [&](const Mention& other) {
        const bool strong = other.kind == MentionKind::kWord &&
                            (other.means.front() == "strong" || other.means.front() == "equivalence");
        return strong && other.begin <= each.begin && each.end <= other.end;
      });
    });
  }

  void strength(const Passage& passage, const std::vector<Mention>& clause) {
    const Mention* strong = first_word(clause, "strong");
    const Mention* causal = first_word(clause, "causal");
    const Mention* same = first_word(clause, "equivalence");
    if (strong == nullptr && causal == nullptr && same == nullptr) return;
    if (says(clause, "hedge") || negated(clause) || says(clause, "hypothetical")) return;
    if (passage.text.find('?') != std::string::npos) return;
    if (!cited_in(passage.text, published_).empty() && said(clause, MentionKind::kTier).empty()) return;
    if (!about_quality(clause, passage)) return;
    // Who is meant must be said, a recipe or a model, and close by.
    const bool named = !said(passage.mentions, MentionKind::kRecipe).empty() ||
                       !said(passage.mentions, MentionKind::kModel).empty() ||
                       says(passage.mentions, "quantized");
    if (!named) return;
    const std::vector<const AuditComparison*> about = subjects(passage, clause);
    if (about.empty()) return;
    const Mention& word = strong != nullptr ? *strong : causal != nullptr ? *causal : *same;
    const std::string said_word = passage.text.substr(word.begin, word.end - word.begin);
    if (same != nullptr && strong == nullptr && causal == nullptr) {
      const auto weak =
          std::ranges::find_if(about, [](const auto* each) { return each->size != SizeWord::kNegligible; });
      if (weak == about.end() ||
          std::ranges::any_of(about, [](const auto* each) { return each->size == SizeWord::kNegligible; }))
        return;
      return add(ClaimKind::kOverclaim, fmt::format("\"{}\", and the evidence does not show it: {}",
                                                    said_word, comparison_text(**weak)));
    }
    const EvidenceWord needed = strong != nullptr ? EvidenceWord::kEstablished : EvidenceWord::kDirectional;
    const auto carries = [&](const AuditComparison* each) {
      return needed == EvidenceWord::kEstablished ? each->evidence == EvidenceWord::kEstablished
                                                  : each->evidence != EvidenceWord::kUnresolved;
    };
    if (std::ranges::any_of(about, carries)) return;
    // A verdict that the sentence itself gives is no claim of its own: "no tier is established".
    const AuditComparison* strongest = about.front();
    for (const AuditComparison* each : about) {
      if (static_cast<int>(each->evidence) == static_cast<int>(EvidenceWord::kDirectional)) strongest = each;
    }
    add(ClaimKind::kOverclaim,
        fmt::format("\"{}\" is more than the evidence carries: {}", said_word, comparison_text(*strongest)));
  }

  static std::string comparison_text(const AuditComparison& each) {
    return fmt::format("{} {}, {}: {:+.1f} points, {}, {}", each.model, each.recipe,
                       each.tier.empty() ? std::string("all examples") : each.tier, 100.0 * each.delta,
                       evidence_word_name(each.evidence), size_word_name(each.size));
  }

  // A number of other hardware as if somebody had taken it.
  void modelled(const Passage& passage) {
    const Mention* hardware = nullptr;
    for (const Mention& each : passage.mentions) {
      if (each.kind != MentionKind::kWord || each.means.front() != "hardware") continue;
      const std::string name = passage.text.substr(each.begin, each.end - each.begin);
      const bool own = std::ranges::any_of(evidence_.devices, [&](const std::string& device) {
        return device.find(name) != std::string::npos;
      });
      if (!own) hardware = &each;
    }
    if (hardware == nullptr || evidence_.configurations.empty()) return;
    const bool cost = std::ranges::any_of(passage.numbers, [](const WrittenNumber& each) {
      return each.unit == WrittenUnit::kMilliseconds || each.unit == WrittenUnit::kBytes ||
             each.unit == WrittenUnit::kTimes || each.unit == WrittenUnit::kRate ||
             each.unit == WrittenUnit::kPercent;
    });
    if (!cost || !says(passage.mentions, "measured")) return;
    if (says(passage.mentions, "modelled") || says(passage.mentions, "hypothetical") ||
        says(passage.mentions, "negation"))
      return;
    if (says(passage.mentions, "hedge")) return;
    add(ClaimKind::kModelledAsMeasured,
        fmt::format("the evidence has no run on {}; say that this is modelled, or cite who measured it",
                    passage.text.substr(hardware->begin, hardware->end - hardware->begin)));
  }

  // The ratio of a technique that did not run here, applied to models that did.
  void scope(const Passage& passage) {
    const bool ratio = std::ranges::any_of(
        passage.numbers, [](const WrittenNumber& each) { return each.unit == WrittenUnit::kTimes; });
    if (!ratio || says(passage.mentions, "scope")) return;
    const bool own = !said(passage.mentions, MentionKind::kModel).empty() || says(passage.mentions, "own");
    if (!own) return;
    for (const PublishedWork& work : published_.works) {
      const auto technique = std::ranges::find_if(work.techniques, [&](const std::string& name) {
        if (passage.text.find(name) == std::string::npos) return false;
        // What ran here under this name is one's own.
        return !contains(evidence_.recipes, name) && name != "LLM.int8()" && name != "bitsandbytes";
      });
      if (technique == work.techniques.end()) continue;
      // The sentence after may say what the ratio is good for.
      if (index_ + 1 < passages_.size() && passages_[index_ + 1].block == passage.block &&
          says(passages_[index_ + 1].mentions, "scope"))
        return;

      return add(ClaimKind::kOutOfScope,
                 fmt::format("a ratio of {} was found in another scope ({}); say so, or do not carry it over",
                             *technique, work.scope));
    }
  }

  // "passes" and "fails", against the limits.
  void outcome(const Passage& passage, const std::vector<Mention>& clause) {
    const Mention* pass = first_word(clause, "pass");
    const Mention* fails = first_word(clause, "fail");
    if ((pass == nullptr) == (fails == nullptr)) return;
    if (says(clause, "negation") || says(clause, "hedge") || says(passage.mentions, "hypothetical")) return;
    const std::vector<std::string> models = said(clause, MentionKind::kModel);
    const std::vector<std::string> recipes = said(clause, MentionKind::kRecipe);
    if (models.size() != 1 || recipes.size() != 1) return;
    const std::string configuration = models.front() + " " + recipes.front();
    const std::vector<std::string> metrics = said(clause, MentionKind::kMetric);
    const AuditLimit* limit = nullptr;
    for (const AuditLimit& each : evidence_.limits) {
      if (!contains(metrics, each.metric)) continue;
      if (limit != nullptr) return;  // two limits in one clause: which is meant is not decided here
      limit = &each;
    }
    if (limit == nullptr || !says(clause, "limit")) return;
    // Who, then the verb, then what: any other order is left to a person.
    const Mention& verb = pass != nullptr ? *pass : *fails;
    for (const Mention& each : clause) {
      const bool who = each.kind == MentionKind::kModel || each.kind == MentionKind::kRecipe;
      if (who && each.begin > verb.begin) return;
      if (each.kind == MentionKind::kMetric && each.begin < verb.begin) return;
    }
    // A number in the clause says on which reading it passes; whether that number is right is checked
    // elsewhere.
    const bool other_reading = limit->metric == "ece" &&
                               (says(passage.mentions, "prior") || !said(clause, MentionKind::kFit).empty());
    if (other_reading) return;
    const bool failed = contains(limit->failed_by, configuration);
    if (failed == (fails != nullptr)) return;
    add(ClaimKind::kOutcome, fmt::format("the evidence says that {} {} the limit on {} ({:g})", configuration,
                                         failed ? "fails" : "passes", limit->metric, limit->limit));
  }

  const std::vector<Passage>& passages_;
  const AuditEvidence& evidence_;
  const Published& published_;
  std::vector<ClaimFinding> found_;
  std::size_t index_ = 0;
};

}  // namespace

const char* claim_kind_name(ClaimKind kind) {
  switch (kind) {
    case ClaimKind::kOverclaim:
      return "overclaim";
    case ClaimKind::kModelledAsMeasured:
      return "modelled told as measured";
    case ClaimKind::kOutOfScope:
      return "ratio out of its scope";
    case ClaimKind::kOutcome:
      return "limit decided otherwise";
  }
  return "overclaim";
}

std::vector<ClaimFinding> check_claims(const std::vector<Passage>& passages, const AuditEvidence& evidence,
                                       const Published& published) {
  return Claims(passages, evidence, published).run();
}

}  // namespace quantier
