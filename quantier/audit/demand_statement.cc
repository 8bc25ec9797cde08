// Demands that are met by what a sentence, a paragraph or a section says together.
#include <array>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "quantier/audit/demand_parts.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {

namespace {

// Whether nothing in a sentence but names was understood: then it may say anything of what it names.
bool says_nothing_known(const Window& window) {
  // Words that only colour a statement make none.
  constexpr std::array<std::string_view, 9> kColours = {"own",          "hedge",     "negation",
                                                        "every-recipe", "scope",     "approximate",
                                                        "every-model",  "quantized", "convention"};
  return std::ranges::all_of(window.mentions, [&](const Mention& each) {
    if (each.kind < MentionKind::kMetric) return true;
    return each.kind == MentionKind::kWord &&
           std::ranges::find(kColours, each.means.front()) != kColours.end();
  });
}

// A sentence that says under which condition something holds.
bool has_condition(std::string_view text) {
  const std::string words = " " + lowered(text);
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{" if ", " once ", " when ", " unless ", " until ", " provided ",
                                              " as soon as ", " as long as ", " should "},
      [&](std::string_view word) { return words.find(word) != std::string::npos; });
}

// "below 0.021", "to 0.08": beyond a value, and not at a limit as it is declared.
bool has_beyond(std::string_view text) {
  const std::string words = " " + lowered(text);
  const bool sided = std::ranges::any_of(
      std::initializer_list<std::string_view>{" below ", " above ", " under ", " over ", " until ",
                                              " beyond ", " past ", " between ", " up to ", " down to ", "→",
                                              " <", " >"},
      [&](std::string_view word) { return words.find(word) != std::string::npos; });
  return sided || std::ranges::any_of(
                      std::initializer_list<std::string_view>{" to ", " at "}, [&](std::string_view word) {
                        const std::size_t at = words.find(word);
                        return at != std::string::npos && at + word.size() < words.size() &&
                               std::isdigit(static_cast<unsigned char>(words[at + word.size()])) != 0;
                      });
}

// Compared by its quality and by what it costs: what is worse on both is dominated, whatever it is called.
bool beaten_twice(const std::vector<Mention>& mentions) {
  bool quality = false;
  bool cost = false;
  for (const Mention& each : mentions) {
    if (each.kind != MentionKind::kOrder) continue;
    const bool of_cost = each.means.front() == "latency" || each.means.front() == "memory";
    (of_cost ? cost : quality) = true;
  }
  return quality && cost;
}

}  // namespace

std::vector<Window> DemandChecker::windows_of(const std::string& kind) const {
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
    const auto [at, first] = windows.try_emplace(key(p));
    Window& window = at->second;
    if (first) window.place = passage.place;
    if (passage.kind == PassageKind::kCell || passage.kind == PassageKind::kHeaderCell)
      window.only_sentences = false;
    window.mentions.insert(window.mentions.end(), passage.mentions.begin(), passage.mentions.end());
    if (passage.kind == PassageKind::kCell) {
      window.mentions.insert(window.mentions.end(), passage.row_mentions.begin(), passage.row_mentions.end());
      window.mentions.insert(window.mentions.end(), passage.column_mentions.begin(),
                             passage.column_mentions.end());
    }
    window.text += passage.text + " ";
  }
  for (const CheckedNumber& number : numbers_) {
    if (is_alarm(number.finding.verdict) || passages_[number.passage].appendix) continue;
    const auto window = windows.find(key(number.passage));
    if (window == windows.end()) continue;
    const WrittenNumber& written = passages_[number.passage].numbers[number.number];
    if (number.finding.facts.empty() && (!written.integer || written.unit != WrittenUnit::kNone))
      ++window->second.loose_numbers;
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
bool DemandChecker::names_configuration(const Window& window,
                                        const std::function<bool(const AuditConfiguration&)>& wanted) const {
  const std::vector<std::string> models = said(window.mentions, MentionKind::kModel);
  const std::vector<std::string> recipes = said(window.mentions, MentionKind::kRecipe);
  return std::ranges::any_of(evidence_.configurations, [&](const AuditConfiguration& one) {
    if (!wanted(one)) return false;
    const bool one_model = evidence_.models.size() == 1;
    if (!has(models, one.model) && !(one_model && models.empty())) return false;
    return recipes.empty() || has(recipes, one.recipe);
  });
}

bool DemandChecker::has_fact(const Window& window, const std::function<bool(const Fact&)>& wanted) const {
  return std::ranges::any_of(window.facts, [&](std::size_t i) { return wanted(evidence_.facts[i]); });
}

bool DemandChecker::named(const std::string& name, const Window& window) const {
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
  if (name == "step-number") {
    return has_fact(window, [](const Fact& fact) { return fact.role == FactRole::kStep; });
  }
  // The value that a limit would have to take is one that a relaxation has, or none that the evidence knows.
  if (name == "moved-number") return window.loose_numbers > 0 || named("step-number", window);
  if (name == "condition") return has_condition(window.text);
  if (name == "beaten-twice") return beaten_twice(window.mentions);
  if (name == "unexplained")
    return window.only_sentences && window.facts.empty() && says_nothing_known(window);
  // Between two models, of which the earlier recommendation named one.
  if (name == "prior-difference") {
    return has_fact(window, [&](const Fact& fact) {
      return fact.difference && !fact.against_model.empty() && fact.against_model != fact.model &&
             (evidence_.prior_model.empty() || fact.model == evidence_.prior_model ||
              fact.against_model == evidence_.prior_model);
    });
  }
  if (name == "two-models") return models.size() >= 2 || evidence_.models.size() < 2;
  if (name == "tier") {
    return std::ranges::any_of(said(window.mentions, MentionKind::kTier),
                               [](const std::string& tier) { return !tier.empty(); });
  }
  if (name == "aggregate") {
    return has(said(window.mentions, MentionKind::kMetric), "macro_f1") ||
           window.text.find("average") != std::string::npos ||
           has(said(window.mentions, MentionKind::kTier), "");
  }
  if (name == "ece-word") return has(said(window.mentions, MentionKind::kMetric), "ece");
  if (name == "limit-word") {
    return says(window.mentions, "limit") ||
           std::ranges::any_of(evidence_.limits, [&](const AuditLimit& limit) {
             return has(said(window.mentions, MentionKind::kMetric), limit.metric);
           });
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
  if (name == "beyond-in-words") return has_beyond(window.text);
  if (name == "precision") return !recipes.empty();
  if (name == "reference-recipe") return has(recipes, evidence_.reference_recipe);
  if (name == "quantized-recipe") {
    return says(window.mentions, "quantized") || std::ranges::any_of(recipes, [&](const std::string& recipe) {
             return recipe != evidence_.reference_recipe;
           });
  }
  if (name == "cited") return !cited_in(window.text, published_).empty();
  if (name == "prior-model")
    return evidence_.prior_model.empty() ? !models.empty() : has(models, evidence_.prior_model);
  return false;
}

bool DemandChecker::meets(const DemandWay& way, const Window& window) const {
  const bool words = std::ranges::all_of(way.words, [&](const std::vector<std::string>& any_of) {
    return std::ranges::any_of(any_of, [&](const std::string& word) { return says(window.mentions, word); });
  });
  if (!words) return false;
  if (std::ranges::any_of(way.without, [&](const std::string& word) { return says(window.mentions, word); }))
    return false;
  return std::ranges::all_of(way.names, [&](const std::string& name) { return named(name, window); });
}

DemandFinding DemandChecker::statement(const DemandWay& way) const {
  for (const Window& window : windows_of(way.window)) {
    if (meets(way, window)) return {.status = DemandStatus::kPresent, .missing = {}, .why = {}};
  }
  return {};
}

std::optional<NotePlace> DemandChecker::speaks_of(const Demand& demand) const {
  for (const DemandWay& topic : demand.topics) {
    for (const Window& window : windows_of(topic.window)) {
      if (meets(topic, window)) return window.place;
    }
  }
  return std::nullopt;
}

DemandFinding DemandChecker::variety(const DemandWay& way) const {
  const auto kinds_in = [&](const Window& window) {
    return static_cast<std::size_t>(
        std::ranges::count_if(way.metrics, [&](const std::vector<std::string>& any_of) {
          return has_fact(window,
                          [&](const Fact& fact) { return has(any_of, fact.metric) && !fact.model.empty(); });
        }));
  };
  std::size_t best = 0;
  Window whole;
  for (const Window& window : windows_of("section")) {
    whole.facts.insert(whole.facts.end(), window.facts.begin(), window.facts.end());
    if (says(window.mentions, "recommend")) best = std::max(best, kinds_in(window));
  }
  if (best >= way.least) return {.status = DemandStatus::kPresent, .missing = {}, .why = {}};
  if (kinds_in(whole) >= way.least) {
    return {.status = DemandStatus::kNotChecked,
            .missing = {},
            .why = "evidence of these kinds stands in other sections than the recommendation"};
  }
  return {.status = DemandStatus::kAbsent,
          .missing = {fmt::format("{} of {} kinds beside the recommendation", best, way.least)},
          .why = {}};
}

}  // namespace quantier::audit_internal
