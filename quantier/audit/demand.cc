#include "quantier/audit/demand.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

namespace quantier {
const char* demand_status_name(DemandStatus status) {
  switch (status) {
    case DemandStatus::kPresent:
      return "present";
    case DemandStatus::kAbsent:
      return "absent";
    case DemandStatus::kNotApplicable:
      return "not applicable";
    case DemandStatus::kNotChecked:
      return "not checked";
  }
  return "not checked";
}

namespace {

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

// What has to be covered: one thing and the words for it.
struct Target {
  std::string name;
  std::function<bool(const Fact&)> is;
};

// Everything said and stated in one window of the note.
struct Window {
  std::vector<Mention> mentions;
  std::vector<std::size_t> facts;
  std::string text;
};

class Checker {
 public:
  Checker(const std::vector<Passage>& passages, const std::vector<CheckedNumber>& numbers,
          const AuditEvidence& evidence, const Published& published)
      : passages_(passages), numbers_(numbers), evidence_(evidence), published_(published) {}

  DemandFinding check(const DemandWay& way) const {
    if (way.check == "cover") return cover(way);
    if (way.check == "statement") return statement(way);
    if (way.check == "limits") return limits();
    if (way.check == "failures") return failures();
    if (way.check == "variety") return variety(way);
    return {.status = DemandStatus::kNotChecked, .missing = {}, .why = "unknown check " + way.check};
  }

 private:
  // --- numbers ---
  std::vector<Target> targets_of(const std::string& each) const {
    std::vector<Target> targets;
    if (each == "any") {
      targets.push_back({"", [](const Fact&) { return true; }});
      return targets;
    }
    if (each == "model") {
      for (const std::string& model : evidence_.models) {
        targets.push_back({model, [model](const Fact& fact) { return fact.model == model; }});
      }
      return targets;
    }
    if (each == "class") {
      for (const std::string& label : evidence_.labels) {
        targets.push_back({label, [label](const Fact& fact) { return fact.label == label; }});
      }
      return targets;
    }
    if (each == "directional") {
      for (const AuditComparison& one : evidence_.comparisons) {
        if (one.evidence != EvidenceWord::kDirectional) continue;
        targets.push_back(
            {fmt::format("{} {} {}", one.model, one.recipe, one.tier.empty() ? "all examples" : one.tier),
             [one](const Fact& fact) {
               return fact.model == one.model && fact.recipe == one.recipe && fact.tier == one.tier;
             }});
      }
      return targets;
    }
    for (const AuditConfiguration& one : evidence_.configurations) {
      if (each != "configuration" && one.recipe == evidence_.reference_recipe) continue;
      const auto is = [one](const Fact& fact) {
        return (fact.model == one.model && fact.recipe == one.recipe) ||
               (fact.against_model == one.model && fact.against_recipe == one.recipe);
      };
      if (each != "quantized-tier") {
        targets.push_back({one.display(), is});
        continue;
      }
      for (const std::string& tier : evidence_.tiers) {
        targets.push_back({one.display() + " " + tier,
                           [is, tier](const Fact& fact) { return is(fact) && fact.tier == tier; }});
      }
    }
    return targets;
  }

  static bool fits(const Fact& fact, const DemandWay& way, const std::vector<std::string>& metrics) {
    if (!contains(metrics, fact.metric)) return false;
    if (!way.fits.empty() && !contains(way.fits, fact.fit)) return false;
    if (fact.role == FactRole::kLimit || fact.role == FactRole::kStep) return false;
    if (way.roles.empty()) return true;
    return (fact.role == FactRole::kLow && contains(way.roles, "low")) ||
           (fact.role == FactRole::kHigh && contains(way.roles, "high"));
  }

  DemandFinding cover(const DemandWay& way) const {
    std::vector<std::vector<std::string>> metrics = way.metrics;
    if (way.metrics_of_limits) {
      for (const AuditLimit& limit : evidence_.limits) metrics.push_back({limit.metric});
    }
    DemandFinding finding;
    std::size_t asked = 0;
    std::size_t there = 0;
    for (const Target& target : targets_of(way.each)) {
      for (const std::vector<std::string>& any_of : metrics) {
        const auto wanted = [&](const Fact& fact) { return target.is(fact) && fits(fact, way, any_of); };
        if (std::ranges::none_of(evidence_.facts, wanted))
          continue;  // nobody can state what was not measured
        ++asked;
        const bool stated = std::ranges::any_of(numbers_, [&](const CheckedNumber& number) {
          // What is asked of nobody in particular must at least be called by its name.
          if (way.each == "any" && !number.finding.metric_is_known) return false;
          return std::ranges::any_of(number.finding.facts, [&](std::size_t i) {
            return !is_alarm(number.finding.verdict) && wanted(evidence_.facts[i]);
          });
        });
        if (stated) {
          ++there;
        } else {
          std::string metric = any_of.front();
          std::ranges::replace(metric, '_', ' ');
          finding.missing.push_back(target.name.empty() ? metric
                                                        : fmt::format("{}: {}", target.name, metric));
        }
      }
    }
    if (asked == 0)
      return {
          .status = DemandStatus::kNotApplicable, .missing = {}, .why = "the evidence has no such numbers"};
    finding.status = there == asked ? DemandStatus::kPresent : DemandStatus::kAbsent;
    if (there == 0) finding.missing.clear();
    return finding;
  }

  DemandFinding limits() const {
    DemandFinding finding{.status = DemandStatus::kPresent, .missing = {}, .why = {}};
    if (evidence_.limits.empty())
      return {.status = DemandStatus::kNotApplicable, .missing = {}, .why = "no limit was declared"};
    for (const AuditLimit& limit : evidence_.limits) {
      const bool stated = std::ranges::any_of(numbers_, [&](const CheckedNumber& number) {
        return std::ranges::any_of(number.finding.facts, [&](std::size_t i) {
          const Fact& fact = evidence_.facts[i];
          return fact.role == FactRole::kLimit && ((fact.metric == limit.metric && fact.tier == limit.tier) ||
                                                   (limit.metric == "latency" && fact.metric == "requests"));
        });
      });
      if (!stated)
        finding.missing.push_back(limit.tier.empty() ? limit.metric : limit.tier + " " + limit.metric);
    }
    if (!finding.missing.empty()) finding.status = DemandStatus::kAbsent;
    return finding;
  }

  // --- statements ---
  std::vector<Window> windows_of(const std::string& kind) const {
    std::map<std::size_t, Window> windows;
    const auto key = [&](std::size_t p) {
      const Passage& passage = passages_[p];
      if (kind == "section") return passage.section;
      if (kind == "paragraph") return passage.block;
      return p;
    };
    for (std::size_t p = 0; p < passages_.size(); ++p) {
      const Passage& passage = passages_[p];
      if (passage.appendix) continue;
      // A heading promises; it is no statement. But it belongs to its section.
      if (passage.kind == PassageKind::kHeading && kind != "section") continue;
      Window& window = windows[key(p)];
      window.mentions.insert(window.mentions.end(), passage.mentions.begin(), passage.mentions.end());
      if (passage.kind == PassageKind::kCell) {
        window.mentions.insert(window.mentions.end(), passage.row_mentions.begin(),
                               passage.row_mentions.end());
        window.mentions.insert(window.mentions.end(), passage.column_mentions.begin(),
                               passage.column_mentions.end());
      }
      window.text += passage.text + " ";
    }
    for (const CheckedNumber& number : numbers_) {
      if (is_alarm(number.finding.verdict) || passages_[number.passage].appendix) continue;
      const auto window = windows.find(key(number.passage));
      if (window == windows.end()) continue;
      window->second.facts.insert(window->second.facts.end(), number.finding.facts.begin(),
                                  number.finding.facts.end());
    }
    std::vector<Window> list;
    list.reserve(windows.size());
    for (auto& [at, window] : windows) list.push_back(std::move(window));
    return list;
  }

  // Names every configuration of a kind that a window can mean: a model without a recipe stands for all of
  // its.
  bool names_configuration(const Window& window,
                           const std::function<bool(const AuditConfiguration&)>& wanted) const {
    const std::vector<std::string> models = said(window.mentions, MentionKind::kModel);
    const std::vector<std::string> recipes = said(window.mentions, MentionKind::kRecipe);
    return std::ranges::any_of(evidence_.configurations, [&](const AuditConfiguration& one) {
      if (!wanted(one)) return false;
      const bool one_model = evidence_.models.size() == 1;
      if (!contains(models, one.model) && !(one_model && models.empty())) return false;
      return recipes.empty() || contains(recipes, one.recipe);
    });
  }

  bool has_fact(const Window& window, const std::function<bool(const Fact&)>& wanted) const {
    return std::ranges::any_of(window.facts, [&](std::size_t i) { return wanted(evidence_.facts[i]); });
  }

  bool named(const std::string& name, const Window& window) const {
    const std::vector<std::string> models = said(window.mentions, MentionKind::kModel);
    const std::vector<std::string> recipes = said(window.mentions, MentionKind::kRecipe);
    if (name == "configuration") {
      return !recipes.empty() && names_configuration(window, [](const AuditConfiguration&) { return true; });
    }
    if (name == "dominated-configuration") {
      return std::ranges::none_of(evidence_.configurations, &AuditConfiguration::dominated) ||
             names_configuration(window, [](const AuditConfiguration& one) { return one.dominated; });
    }
    if (name == "frontier-configuration") {
      return names_configuration(window, [](const AuditConfiguration& one) { return one.frontier; });
    }
    if (name == "two-models") return models.size() >= 2 || evidence_.models.size() < 2;
    if (name == "tier") {
      return std::ranges::any_of(said(window.mentions, MentionKind::kTier),
                                 [](const std::string& tier) { return !tier.empty(); });
    }
    if (name == "aggregate") {
      return contains(said(window.mentions, MentionKind::kMetric), "macro_f1") ||
             contains(said(window.mentions, MentionKind::kTier), "");
    }
    if (name == "tier-number") {
      return has_fact(window, [](const Fact& fact) { return !fact.tier.empty(); });
    }
    if (name == "ece-number") {
      return has_fact(window,
                      [](const Fact& fact) { return fact.metric.starts_with("ece") && !fact.model.empty(); });
    }
    if (name == "number") {
      return has_fact(window, [](const Fact& fact) { return !fact.model.empty(); });
    }
    if (name == "reference-recipe") return contains(recipes, evidence_.reference_recipe);
    if (name == "quantized-recipe") {
      return says(window.mentions, "quantized") ||
             std::ranges::any_of(
                 recipes, [&](const std::string& recipe) { return recipe != evidence_.reference_recipe; });
    }
    if (name == "cited") return !cited_in(window.text, published_).empty();
    if (name == "prior-model")
      return evidence_.prior_model.empty() ? !models.empty() : contains(models, evidence_.prior_model);
    return false;
  }

  DemandFinding statement(const DemandWay& way) const {
    for (const Window& window : windows_of(way.window)) {
      const bool words = std::ranges::all_of(way.words, [&](const std::vector<std::string>& any_of) {
        return std::ranges::any_of(any_of,
                                   [&](const std::string& word) { return says(window.mentions, word); });
      });
      if (!words) continue;
      if (std::ranges::all_of(way.names, [&](const std::string& name) { return named(name, window); })) {
        return {.status = DemandStatus::kPresent, .missing = {}, .why = {}};
      }
    }
    return {};
  }

  // For every limit that somebody fails: who, beside which limit.
  DemandFinding failures() const {
    DemandFinding finding{.status = DemandStatus::kPresent, .missing = {}, .why = {}};
    std::size_t asked = 0;
    for (const AuditLimit& limit : evidence_.limits) {
      for (const AuditConfiguration& one : evidence_.configurations) {
        if (!contains(limit.failed_by, one.display())) continue;
        ++asked;
        const bool said_so = std::ranges::any_of(
            passages_, [&](const Passage& passage) { return tells_failure(passage, limit, one); });
        if (!said_so) finding.missing.push_back(fmt::format("{} fails {}", one.display(), limit.metric));
      }
    }
    if (asked == 0) {
      // Somebody has to say that nothing binds.
      const bool said_so = std::ranges::any_of(passages_, [](const Passage& passage) {
        return says(passage.mentions, "binds") ||
               (says(passage.mentions, "pass") && says(passage.mentions, "limit"));
      });
      finding.status = said_so ? DemandStatus::kPresent : DemandStatus::kAbsent;
      return finding;
    }
    if (!finding.missing.empty()) finding.status = DemandStatus::kAbsent;
    if (finding.missing.size() == asked) finding.missing.clear();
    return finding;
  }

  static bool tells_failure(const Passage& passage, const AuditLimit& limit, const AuditConfiguration& one) {
    std::vector<Mention> around = passage.mentions;
    if (passage.kind == PassageKind::kCell) {
      around.insert(around.end(), passage.row_mentions.begin(), passage.row_mentions.end());
      around.insert(around.end(), passage.column_mentions.begin(), passage.column_mentions.end());
      if (!says(passage.mentions, "fail") && !says(passage.mentions, "negation")) return false;
    } else {
      const bool failing = says(around, "fail") || says(around, "binds") ||
                           (says(around, "pass") && says(around, "negation")) ||
                           (says(around, "bounding") && says(around, "limit"));
      if (!failing || passage.kind != PassageKind::kSentence) return false;
    }
    const std::vector<std::string> models = said(around, MentionKind::kModel);
    const std::vector<std::string> recipes = said(around, MentionKind::kRecipe);
    if (!contains(models, one.model)) return false;
    if (!recipes.empty() && !contains(recipes, one.recipe)) return false;
    const std::vector<std::string> metrics = said(around, MentionKind::kMetric);
    if (limit.metric == "accuracy") {
      return contains(said(around, MentionKind::kTier), limit.tier);
    }
    return contains(metrics, limit.metric);
  }

  DemandFinding variety(const DemandWay& way) const {
    std::size_t best = 0;
    for (const Window& window : windows_of("section")) {
      if (!says(window.mentions, "recommend")) continue;
      std::size_t kinds = 0;
      for (const std::vector<std::string>& any_of : way.metrics) {
        if (has_fact(window,
                     [&](const Fact& fact) { return contains(any_of, fact.metric) && !fact.model.empty(); }))
          ++kinds;
      }
      best = std::max(best, kinds);
    }
    if (best >= way.least) return {.status = DemandStatus::kPresent, .missing = {}, .why = {}};
    return {.status = DemandStatus::kAbsent,
            .missing = {fmt::format("{} of {} kinds beside the recommendation", best, way.least)},
            .why = {}};
  }

  const std::vector<Passage>& passages_;
  const std::vector<CheckedNumber>& numbers_;
  const AuditEvidence& evidence_;
  const Published& published_;
};

}  // namespace

DemandFinding check_demand(const Demand& demand, const std::vector<Passage>& passages,
                           const std::vector<CheckedNumber>& numbers, const AuditEvidence& evidence,
                           const Published& published) {
  if (demand.needs == "prior" && !evidence.has_prior) {
    return {
        .status = DemandStatus::kNotApplicable, .missing = {}, .why = "no earlier recommendation is known"};
  }
  if (demand.needs == "earlier-calibration" && !evidence.has_earlier_calibration) {
    return {.status = DemandStatus::kNotApplicable, .missing = {}, .why = "no earlier calibration is known"};
  }
  const Checker checker(passages, numbers, evidence, published);
  DemandFinding best;
  for (std::size_t w = 0; w < demand.ways.size(); ++w) {
    DemandFinding finding = checker.check(demand.ways[w]);
    if (finding.status == DemandStatus::kPresent) return finding;
    if (w == 0) best = std::move(finding);
  }
  return best;
}

}  // namespace quantier
