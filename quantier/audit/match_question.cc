// Whether a number states a measurement, whether it is known of what, and why one that nothing explains may
// stand.
#include <algorithm>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/matcher.h"
#include "quantier/audit/measurer.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/word_forms.h"

namespace quantier::audit_internal {

namespace {

bool called_modelled(std::string_view text) {
  for (const std::string_view word : {"modelled", "Modelled", "modeled", "Modeled", "roofline", "Roofline"}) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

bool Matcher::skipped() const {
  if (per_thousand_) return number_.value == 1000.0;
  if (number_.unit != WrittenUnit::kNone) return false;
  if (!number_.integer) return false;
  if (passage_.kind == PassageKind::kCell) {
    // "11 / 4" under a caption that says what is counted.
    const bool pair = passage_.numbers.size() == 2 && passage_.text.find('/') != std::string::npos;
    return !scopes_.narrow.metric.pinned && !(pair && mentions_count(scopes_.narrow.metric));
  }
  return !(scopes_.metric_is_near &&
           (mentions_count(scopes_.narrow.metric) || mentions_count(scopes_.wide.metric)));
}

bool Matcher::is_a_total() const {
  constexpr double kLeast = 20.0;
  if (number_.pair != 0 || number_.value < kLeast) return false;
  // "110 predictions changed": it says itself what is counted.
  std::string_view behind = std::string_view(passage_.text).substr(number_.end);
  // "changes 220 of 6,083 answers".
  if (behind.starts_with(" of "))
    behind.remove_prefix(std::min(behind.size(), behind.find_first_not_of("0123456789,", 4)));
  for (const std::string_view counted :
       {" predictions", " answers", " flips", " lost", " gained", " changed", " out of "}) {
    if (behind.starts_with(counted)) return false;
  }
  return std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
    const bool total = fact.metric == "n" || fact.metric == "class_n" || fact.metric == "classes";
    return total && fact.unit == FactUnit::kCount && fact.value == number_.value;
  });
}

bool Matcher::says_modelled() const {
  return called_modelled(passage_.row_text) || called_modelled(passage_.text) ||
         called_modelled(passage_.around_text);
}

// "four times as long", "half as large".
bool Matcher::compares_costs() const {
  const std::string_view behind = std::string_view(passage_.text).substr(number_.end, 24);
  for (const std::string_view word :
       {" as long", " as slow", " as fast", " as large", " as big", " as small", " as much memory",
        " the time", " the latency", " the memory", " longer", " the size"}) {
    if (behind.starts_with(word)) return true;
  }
  return false;
}

void Matcher::read_shares() {
  const bool share = number_.unit == WrittenUnit::kPercent;
  // Up to a semicolon: what stands behind it may be of anything.
  const Span part = part_at(passage_.text, number_.begin);
  const bool said_here = says(between(passage_.mentions, part.begin, part.end), "resampled") ||
                         says(passage_.column_mentions, "resampled");
  // "0.020 pass, 92 %" below "ECE <= 0.025": the measure was told by the number before it.
  const bool told_already = !passage_.numbers.empty() && passage_.numbers.front().begin < number_.begin &&
                            passage_.numbers.front().unit != WrittenUnit::kPercent;
  const bool around = passage_.kind == PassageKind::kCell && says(passage_.lead_in, "resampled") &&
                      (told_already || said(passage_.column_mentions, MentionKind::kMetric).empty());
  const auto known = [&] {
    return std::ranges::any_of(evidence_.facts,
                               [](const Fact& fact) { return fact.metric == "resampled_share"; });
  };
  if (share && (said_here || around) && known()) {
    resampled_ = true;
    for (Scope* scope : {&scopes_.narrow, &scopes_.wide, &scopes_.plausible}) {
      scope->metric = {.values = {"resampled_share"}, .pinned = true};
      scope->tier = scope->fit = scope->label = {};
    }
    scopes_.metric_is_near = true;
  }
  if (says(passage_.mentions, "per-thousand") && number_.unit == WrittenUnit::kNone) {
    per_thousand_ = true;
    // "−25 against fp16" is of the other one.
    if (scopes_.narrow.recipe.values == std::vector{evidence_.reference_recipe}) scopes_.narrow.recipe = {};
    if (scopes_.wide.recipe.values == std::vector{evidence_.reference_recipe}) scopes_.wide.recipe = {};
    for (Scope* scope : {&scopes_.narrow, &scopes_.wide}) {
      scope->metric = {.values = {"accuracy", "accuracy_change", "lost_share", "gained_share"},
                       .pinned = true};
      scope->fit = {};
    }
    scopes_.metric_is_near = true;
  }
}

bool Matcher::checkable() const {
  const bool cost_column = passage_.column_unit == WrittenUnit::kMilliseconds ||
                           passage_.column_unit == WrittenUnit::kBytes ||
                           passage_.column_unit == WrittenUnit::kRate;
  if (passage_.kind == PassageKind::kCell && number_.unit == WrittenUnit::kNone && cost_column) return true;
  // Beside a class it is how often that class is right, where nothing else is named.
  const bool one_class = said(passage_.mentions, MentionKind::kLabel).size() == 1 &&
                         said(passage_.mentions, MentionKind::kMetric).empty();
  // "pays twice" is a way of speaking unless somebody is named.
  if (number_.in_words && said(passage_.mentions, MentionKind::kRecipe).empty()) return false;
  switch (number_.unit) {
    case WrittenUnit::kMilliseconds:
    case WrittenUnit::kBytes:
    case WrittenUnit::kPoints:
      return true;
    case WrittenUnit::kTimes:
      return scopes_.metric_is_near || compares_costs();
    case WrittenUnit::kRate:
    case WrittenUnit::kOther:
      return false;
    case WrittenUnit::kPercent:
      // A class is told by how often it is right.
      // "In the tail the encoder reaches 50.5 % at fp16": of one tier of one configuration it is the
      // accuracy.
      return scopes_.metric_is_near || scopes_.narrow.label.pinned || (one_class && !number_.integer) ||
             (!number_.integer && number_.sign == 0 && scopes_.narrow.tier.pinned &&
              scopes_.narrow.model.pinned && scopes_.narrow.recipe.pinned);
    case WrittenUnit::kNone:
      break;
  }
  if (number_.in_words) return false;  // a count, or a way of speaking
  if (!number_.integer && number_.value <= 1.0 && (scopes_.narrow.label.pinned || one_class)) return true;
  if (counts_in_points(passage_) && scopes_.narrow.tier.pinned) return true;
  if (number_.integer && passage_.kind != PassageKind::kCell) {
    // Counts are everywhere; only one that is tied to a configuration or a tier is a finding.
    // A plain number of examples is of whatever was counted, unless a tier is tied to it.
    if (scopes_.narrow.metric.allows("n") && !scopes_.narrow.tier.pinned) return false;
    return scopes_.narrow.metric.pinned && (scopes_.narrow.recipe.pinned || scopes_.narrow.tier.pinned ||
                                            !said(passage_.mentions, MentionKind::kRecipe).empty());
  }
  return scopes_.metric_is_near || !said(passage_.before, MentionKind::kMetric).empty();
}

// "today 0.058 behind": said in a supposition, of what is.
bool Matcher::told_of_today() const {
  const std::string_view before = std::string_view(passage_.text).substr(0, number_.begin);
  for (const std::string_view word : {"today", "now", "at present", "currently", "presently", "so far"}) {
    const std::size_t at = before.rfind(word);
    if (at != std::string_view::npos && before.size() - at <= word.size() + 20 &&
        before.substr(at).find_first_of(",;") == std::string_view::npos)
      return true;
  }
  return false;
}

std::string Matcher::excuse() const {
  if (passage_.appendix) return "protocol and provenance are not compared";
  if (scopes_.convention) return "a convention or a setting";
  // Such a share is counted in per cent where anything beside it is, and a sentence that says itself what it
  // measures is no longer about the resampled data of the one before.
  const bool percent_beside = number_.unit == WrittenUnit::kNone && !number_.integer &&
                              std::ranges::any_of(passage_.numbers, [](const WrittenNumber& each) {
                                return each.unit == WrittenUnit::kPercent;
                              });
  for (const std::vector<Mention>* list :
       {&passage_.mentions, &passage_.before, &passage_.lead_in, &passage_.column_mentions}) {
    const bool around = list == &passage_.before || list == &passage_.lead_in;
    // A share is counted in per cent or as a fraction.
    const bool share = (number_.unit == WrittenUnit::kPercent || number_.unit == WrittenUnit::kNone) &&
                       number_.sign == 0 && !number_.in_range;
    if (!share && !number_.integer) continue;
    if (percent_beside || (around && scopes_.metric_is_near && scopes_.narrow.metric.pinned)) continue;
    if (!resampled_ && says(*list, "resampled"))
      return "a share of resampled data, and none is kept for this";
  }
  bool modelled_here = false;
  if (says_modelled()) {
    modelled_here = std::ranges::any_of(evidence_.facts, [&](const Fact& fact) {
      return fact.source == FactSource::kModelled && device_fits(fact) && in_scope(fact, scopes_.narrow) &&
             std::ranges::any_of(readings_, [&](const Reading& each) { return each.unit == fact.unit; });
    });
    if (!modelled_here) return "called modelled, and nothing is modelled for this";
    // A cell of a table over devices is of the row's configuration on the column's device.
    const bool placed =
        passage_.kind == PassageKind::kCell && scopes_.narrow.model.pinned && scopes_.narrow.recipe.pinned;
    if (!placed && (passage_.text.find("fused") != std::string::npos ||
                    passage_.around_text.find("fused") != std::string::npos))
      return "modelled with other kernels than those of the evidence";
  }
  // "A drop of two points cannot be ruled out": what is possible is not what was found.
  const Span here = segment_at(passage_.text, number_.begin);
  const std::string segment =
      lowered(std::string_view(passage_.text).substr(here.begin, here.end - here.begin));
  for (const std::string_view open :
       {"cannot be ruled out", "can't be ruled out", "cannot be excluded", "is possible", "cannot rule out",
        "cannot exclude", "not ruled out", "not excluded"}) {
    if (number_.sign == 0 && segment.find(open) != std::string::npos) return "a possibility, not a finding";
  }
  if (says(passage_.mentions, "by-confidence")) return "of examples by their confidence, which no tier names";
  const bool finding = number_.sign != 0 || number_.in_brackets || number_.unit == WrittenUnit::kPoints;
  if (scopes_.hypothetical && !finding && !told_of_today() &&
      (scopes_.limit || scopes_.bounding || says(passage_.mentions, "limit"))) {
    return "a supposition, not a measurement";
  }
  // "ECE limit down to 0.020 -> encoder fp16": what another limit would lead to.
  const std::string_view behind =
      std::string_view(passage_.text).substr(std::min(number_.end, passage_.text.size()));
  const auto index = static_cast<std::size_t>(&number_ - passage_.numbers.data());
  if (index > 0 && !number_.integer && passage_.numbers[index - 1].integer &&
      passage_.numbers[index - 1].end + 3 == number_.begin &&
      std::string_view(passage_.text).substr(0, number_.begin).ends_with(" / "))
    return "part of a formula";
  const bool of_limit = says(passage_.mentions, "limit") || says(passage_.before, "limit");
  const bool leads_on = behind.starts_with(" →") || behind.starts_with(" ->") || behind.starts_with(" =>");
  const bool names_choice =
      behind.starts_with(": ") && std::ranges::any_of(passage_.mentions, [&](const Mention& each) {
        return each.kind <= MentionKind::kRecipe && each.begin == number_.end + 2;
      });
  const bool names_nobody = std::ranges::any_of(
      std::array<std::string_view, 5>{": no ", ": none", ": nobody", ": nothing", ": not "},
      [&](std::string_view none) { return behind.starts_with(none); });
  if (of_limit && number_.sign == 0 && (leads_on || names_choice || names_nobody))
    return "a limit that is moved, and what comes of it";
  if (scopes_.bounding) return "a bound, not a value";
  if (!cited_in(passage_.text, published_).empty()) {
    // A sentence that cites may still speak of one's own configurations.
    const bool own = number_.unit == WrittenUnit::kPoints || scopes_.narrow.recipe.pinned ||
                     scopes_.narrow.tier.pinned ||
                     (!said(passage_.mentions, MentionKind::kModel).empty() &&
                      !said(passage_.mentions, MentionKind::kRecipe).empty());
    if (!own || number_.unit == WrittenUnit::kTimes || number_.unit == WrittenUnit::kOther)
      return "of a cited work";
  }
  const bool elsewhere = says(passage_.mentions, "hardware") || says(passage_.mentions, "machine");
  const bool cost = number_.unit == WrittenUnit::kMilliseconds || number_.unit == WrittenUnit::kBytes ||
                    number_.unit == WrittenUnit::kTimes || number_.unit == WrittenUnit::kRate;
  if (elsewhere && cost && credits_others(passage_.text, published_))
    return "measured by others, and said so";
  if (!modelled_here && says(passage_.mentions, "hardware") &&
      (scopes_.hypothetical || says(passage_.mentions, "modelled"))) {
    return "of other hardware, and said to be no measurement";
  }
  if (says(passage_.mentions, "prior") && !evidence_.has_earlier_calibration) return "of an earlier note";
  return {};
}

}  // namespace quantier::audit_internal
