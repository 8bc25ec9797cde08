// How sure a note is of its choice and of limits that are met, against the share of resampled data in which
// they are: what holds in 84 % of them is not beyond doubt.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

// So often, and a reader would not call it unsure.
constexpr double kSure = 0.95;

constexpr std::array<std::string_view, 48> kCertain = {"beyond doubt",
                                                       "beyond any doubt",
                                                       "beyond all doubt",
                                                       "beyond statistical doubt",
                                                       "beyond reasonable doubt",
                                                       "beyond question",
                                                       "beyond dispute",
                                                       "with certainty",
                                                       "certainly",
                                                       "for certain",
                                                       "without doubt",
                                                       "without a doubt",
                                                       "without any doubt",
                                                       "no doubt",
                                                       "doubtless",
                                                       "undoubtedly",
                                                       "indisputable",
                                                       "indisputably",
                                                       "unquestionable",
                                                       "unquestionably",
                                                       "guaranteed",
                                                       "statistically certain",
                                                       "statistically proven",
                                                       "proven",
                                                       "proved",
                                                       "in every resample",
                                                       "in all resamples",
                                                       "in every resampling",
                                                       "in every replicate",
                                                       "every resample",
                                                       "every single resample",
                                                       "whatever the sample",
                                                       "regardless of the sample",
                                                       "any sample",
                                                       "every sample",
                                                       "any resample",
                                                       "rock solid",
                                                       "rock-solid",
                                                       "bulletproof",
                                                       "watertight",
                                                       "unshakable",
                                                       "unassailable",
                                                       "airtight",
                                                       "immune to resampling",
                                                       "cannot change",
                                                       "could not be otherwise",
                                                       "set in stone",
                                                       "a certainty"};
constexpr std::array<std::string_view, 14> kClose = {
    "close call", "close calls", "close to its limit", "near its limit", "a near thing",
    "borderline", "on the edge", "knife-edge",         "in danger",      "at risk",
    "in doubt",   "close run",   "a near miss",        "tight"};
constexpr std::array<std::string_view, 11> kEase = {
    "with ease",        "easily",          "comfortably",        "with room to spare", "with plenty of room",
    "by a wide margin", "by wide margins", "with a wide margin", "effortlessly",       "with lots of room",
    "without strain"};
constexpr std::array<std::string_view, 12> kEvery = {"every limit", "all limits",        "all the limits",
                                                     "each limit",  "every requirement", "all requirements",
                                                     "every rule",  "every constraint",  "all constraints",
                                                     "all five",    "all of them",       "every one of them"};

const AuditConfiguration* chosen_of(const AuditEvidence& evidence) {
  const auto found = std::ranges::find_if(evidence.configurations,
                                          [](const AuditConfiguration& each) { return each.chosen; });
  return found == evidence.configurations.end() ? nullptr : &*found;
}

// The configuration that the clause names, or the chosen one where it names none.
const AuditConfiguration* meant(const Passage& passage, const ClaimClause& clause,
                                const AuditEvidence& evidence) {
  const AuditConfiguration* found = nullptr;
  for (const NamedConfiguration& each : configurations_in(passage)) {
    if (each.begin < clause.begin || each.end > clause.end) continue;
    for (const AuditConfiguration& one : evidence.configurations) {
      if (one.model != each.model || (each.recipe != one.recipe)) continue;
      if (found != nullptr && found != &one) return nullptr;
      found = &one;
    }
    if (found == nullptr) return nullptr;
  }
  return found != nullptr ? found : chosen_of(evidence);
}

}  // namespace

std::string too_sure_of_choice(const Passage& passage, const ClaimClause& clause,
                               const AuditEvidence& evidence) {
  if (passage.kind == PassageKind::kCell || is_cautious(clause.mentions, passage) ||
      says(passage.mentions, "reported") || says(passage.mentions, "prior"))
    return {};
  const std::string text =
      lowered(std::string_view(passage.text).substr(clause.begin, clause.end - clause.begin));
  const bool figures = std::ranges::any_of(passage.numbers, [&](const WrittenNumber& each) {
    return each.begin >= clause.begin && each.end <= clause.end && each.unit == WrittenUnit::kPercent &&
           each.value < 0.995;
  });
  if (figures) return {};
  const bool certain = any_word_of(text, kCertain);
  const bool denied = negated(clause.mentions, {"strong"});
  const bool of_limits = says(clause.mentions, "limit") || says(clause.mentions, "pass") ||
                         text.find("rule") != std::string::npos;
  const AuditConfiguration* one = meant(passage, clause, evidence);
  if (one == nullptr) return {};
  const auto passes = [&](const char* told) -> std::string {
    if (!one->passes_share || *one->passes_share >= kSure) return {};
    return fmt::format("{} meets every limit in {:.0f} % of resampled data, which is not \"{}\"",
                       one->display(), 100.0 * *one->passes_share, told);
  };
  // One limit by name may be met in all of them; only the nearest decides, and ECE is told by its own share.
  const std::vector<std::string> metrics = said(clause.mentions, MentionKind::kMetric);
  const bool other_limit = std::ranges::any_of(evidence.limits, [&](const AuditLimit& each) {
    return contains(metrics, each.metric) && each.metric != "ece";
  });
  const bool named_other = other_limit && !contains(metrics, "ece") && !any_word_of(text, kEvery);
  if (certain && !denied) {
    // "It" may be a limit of the sentence before.
    const std::vector<std::string> before = said(passage.before, MentionKind::kMetric);
    const bool before_other = metrics.empty() && !before.empty() && !contains(before, "ece");
    if (says(clause.mentions, "pass") && !says(clause.mentions, "fail") && !named_other && !before_other)
      return passes("certain");
    const bool of_choice = says(clause.mentions, "recommend") ||
                           any_word_of(text, {"winner", "decision", "choice", "outcome", "answer"});
    if (of_choice && !of_limits && metrics.empty() && one->chosen && one->chosen_share &&
        *one->chosen_share < kSure) {
      return fmt::format("{} is chosen in {:.0f} % of resampled data", one->display(),
                         100.0 * *one->chosen_share);
    }
    return {};
  }
  if (!of_limits || named_other) return {};
  const Span part = part_at(text, text.size());
  const std::string_view last = std::string_view(text).substr(part.begin);
  if (denied && any_word_of(last, kClose) &&
      any_word_of(last, {"none", "no", "neither", "nothing", "not one"}))
    return passes("no close call");
  if (!denied && any_word_of(text, kEase) && any_word_of(text, kEvery)) return passes("with ease");
  return {};
}

}  // namespace quantier::audit_internal
