// Every comparing word of a sentence against the evidence: "shortens the wait", "is the heaviest of all",
// "trails the encoder". Wrong only when it is so by every protocol, against everybody who may be meant.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/parties.h"
#include "quantier/audit/relation_check.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {
namespace {

// +1: as said; -1: denied right before the word; nullopt: a denial whose reach is not known.
std::optional<int> polarity(const Passage& passage, const Relation& relation) {
  const Span segment = segment_at(passage.text, relation.begin);
  int polarity = 1;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kWord || each.means.front() != "negation" || !segment.holds(each)) continue;
    if (each.begin < relation.end && relation.begin < each.end) continue;
    // "Nothing else is faster" was read with who is meant.
    if (denies_all_others(passage, each) && relation.form != RelationForm::kSuperlative) continue;
    const std::string_view between =
        each.end <= relation.begin
            ? std::string_view(passage.text).substr(each.end, relation.begin - each.end)
            : std::string_view("far away");
    const bool right_before =
        between == " " || between == " any " || between == " much " || between == " at all ";
    if (!right_before || relation.form == RelationForm::kSuperlative) return std::nullopt;
    polarity = -polarity;
  }
  return polarity;
}

bool says_in(const Passage& passage, const Span& span, std::string_view kind) {
  return says(between(passage.mentions, span.begin, span.end), kind);
}

// "If you can spare the memory, ...": to whom the sentence is addressed, and no other world.
bool only_advises(const Passage& passage) {
  const std::string lower = lowered(passage.text);
  constexpr std::array<std::string_view, 12> kWishes = {
      "if you can",        "if you need",     "if you want",        "if you care",
      "if one can",        "if we can",       "if one needs",       "if speed",
      "if memory matters", "if time matters", "if latency matters", "should quantize"};
  return std::ranges::any_of(kWishes,
                             [&](std::string_view wish) { return lower.find(wish) != std::string::npos; }) &&
         lower.find(" would") == std::string::npos && lower.find(" could") == std::string::npos &&
         lower.find(" were ") == std::string::npos;
}

// What the writer does not say of today's measurements. What is cited, supposed or reported up to a semicolon
// says nothing of what stands behind it.
bool not_claimed(const Passage& passage, const Relation& relation, const Published& published) {
  const Span statement = statement_at(passage.text, relation.begin);
  const Span part = part_at(passage.text, relation.begin);
  const std::vector<Mention> mentions = between(passage.mentions, part.begin, part.end);
  const std::string text = passage.text.substr(part.begin, part.end - part.begin);
  if (passage.text.find('?') != std::string::npos || passage.of_conditions) return true;
  if (says(mentions, "hedge") || (supposes(mentions, passage.text) && !only_advises(passage))) return true;
  for (const char* kind : {"reported", "hardware", "machine", "prior", "would_change"}) {
    if (says(mentions, kind)) return true;
  }
  if (says_in(passage, statement, "relax") || !cited_in(text, published).empty()) return true;
  if (text.find("no longer") != std::string::npos || text.find("any more") != std::string::npos ||
      text.find('"') != std::string::npos)
    return true;
  // What has to be, or what an interval leaves open, is not what is.
  for (const std::string_view word :
       {" admits ", " admit ", " allows for ", " leaves room for ", " cannot exclude ", " does not exclude ",
        " has to ", " have to ", " must ", " needs to ", " need to ", " ought to "}) {
    if (passage.text.find(word, statement.begin) < relation.begin) return true;
  }
  // "The gap above": a place in the note.
  const std::string_view word =
      std::string_view(passage.text).substr(relation.begin, relation.end - relation.begin);
  const std::string_view after = std::string_view(passage.text).substr(relation.end);
  if ((word == "above" || word == "below") &&
      (after.empty() || after.front() == '.' || after.front() == ',' || after.front() == ')' ||
       after.front() == ';'))
    return true;
  // "the larger the batch, the faster ..."
  if (passage.text.find("he larger the ") != std::string::npos ||
      passage.text.find(", the more ") != std::string::npos)
    return true;
  return says_in(passage, statement, "resampled") ||
         says_in(passage, segment_at(passage.text, relation.begin), "limit");
}

// "Dropping the encoder to int8": what is moved there is a model, and no measure.
bool moves_a_model(const Passage& passage, const Relation& relation) {
  if (relation.form != RelationForm::kChange) return false;
  const Mention* model = nullptr;
  for (const Mention& each : passage.mentions) {
    if (each.begin < relation.end) continue;
    if (model == nullptr && each.kind == MentionKind::kModel && each.begin <= relation.end + 6) model = &each;
    if (model == nullptr || each.kind != MentionKind::kRecipe) continue;
    const std::string between =
        passage.text.substr(model->end, each.begin - std::min(each.begin, model->end));
    return between == " to " || between == " down to " || between == " from ";
  }
  return false;
}

// "Twice as fast" is faster (1), "half as fast" slower (-1), "as fast" neither (0).
int multiple_before(const Passage& passage, std::size_t at) {
  for (const WrittenNumber& each : passage.numbers) {
    if (each.unit != WrittenUnit::kTimes || each.end > at || at - each.end > 2) continue;
    return each.value > 1.0 ? 1 : -1;
  }
  const std::string_view before = std::string_view(passage.text).substr(0, at);
  for (const std::string_view word : {"half ", "third ", "quarter ", "fraction "}) {
    if (before.ends_with(word)) return -1;
  }
  return before.ends_with("twice ") || before.ends_with("times ") ? 1 : 0;
}

// The change of one tier, by the comparison that has it.
std::string of_tier(const Passage& passage, const Relation& relation, const Parties& parties, int sign,
                    const std::string& tier, const AuditEvidence& evidence) {
  if (relation.metric != "accuracy" || relation.form != RelationForm::kChange) return {};
  if (parties.against != Against::kReference && parties.second.recipe != evidence.reference_recipe) return {};
  std::string why;
  for (const AuditComparison& each : evidence.comparisons) {
    const bool model = parties.first.model.empty() || each.model == parties.first.model;
    if (!model || each.recipe != parties.first.recipe || each.tier != tier) continue;
    if (sign * each.delta >= -5e-4) return {};
    why = fmt::format("\"{}\" is said of {} {}, whose accuracy changed by {:+.1f} points in {}",
                      passage.text.substr(relation.begin, relation.end - relation.begin), each.model,
                      each.recipe, 100.0 * each.delta, tier);
  }
  return why;
}

}  // namespace

std::string wrong_relation(const Passage& passage, const Passage* previous, const AuditEvidence& evidence,
                           const Published& published) {
  if (evidence.configurations.empty()) return {};
  for (Relation relation : relations_in(passage)) {
    if (not_claimed(passage, relation, published) || moves_a_model(passage, relation)) continue;
    const Span statement = statement_at(passage.text, relation.begin);
    const std::vector<Mention> mentions = between(passage.mentions, statement.begin, statement.end);
    const std::vector<std::string> labels = said(mentions, MentionKind::kLabel);
    // The accuracy of a class, where one is named.
    if (labels.size() == 1 && relation.metric == "accuracy") relation.metric = "class_accuracy";
    if (labels.size() > 1 || labels.empty() == (relation.metric == "class_accuracy")) continue;
    const std::optional<int> polarity_said = polarity(passage, relation);
    const std::optional<Parties> parties = parties_of(relation, passage, previous, evidence);
    if (!polarity_said || !parties) continue;
    // "As fast as" says who is ahead only where it is denied.
    const bool equal = passage.text.substr(relation.begin, 3) == "as ";
    const int multiple = equal ? multiple_before(passage, relation.begin) : 1;
    if (multiple == 0 && *polarity_said > 0 && parties->against != Against::kOthers) continue;
    const int sign = *polarity_said * parties->sign * (multiple == 0 ? 1 : multiple);
    std::vector<std::string> tiers = said(mentions, MentionKind::kTier);
    std::erase(tiers, "");
    if (!tiers.empty()) {
      if (tiers.size() != 1) continue;
      if (std::string why = of_tier(passage, relation, *parties, sign, tiers.front(), evidence); !why.empty())
        return why;
      continue;
    }
    // What a temperature does to the error is no matter of precisions.
    const bool fitted = !said(mentions, MentionKind::kFit).empty() ||
                        contains(said(mentions, MentionKind::kMetric), "temperature");
    if (relation.metric == "ece" && fitted && relation.form == RelationForm::kChange) continue;
    if (std::string why = relation_turned(passage, relation, *parties, evidence,
                                          labels.empty() ? std::string() : labels.front(), sign);
        !why.empty())
      return why;
  }
  return {};
}

}  // namespace quantier::audit_internal
