// Numbers carried to where nobody took them: other hardware, other models.
#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

bool is_own(const std::string& hardware, const AuditEvidence& evidence) {
  return std::ranges::any_of(evidence.devices, [&](const std::string& device) {
    return device.find(hardware) != std::string::npos;
  });
}

}  // namespace

// A cost beside hardware without a run needs no verb of measuring to be taken for a measurement; it needs a
// word that says what else it is.
std::string modelled_as_measured(const Passage& passage, const AuditEvidence& evidence,
                                 const Published& published) {
  if (evidence.configurations.empty()) return {};
  const Mention* hardware = nullptr;
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kWord || each.means.front() != "hardware") continue;
    if (!is_own(passage.text.substr(each.begin, each.end - each.begin), evidence)) hardware = &each;
  }
  if (hardware == nullptr) return {};
  const bool named = !said(passage.mentions, MentionKind::kModel).empty() ||
                     !said(passage.mentions, MentionKind::kRecipe).empty();
  const bool measured = says(passage.mentions, "measured");
  const bool cost = std::ranges::any_of(passage.numbers, [&](const WrittenNumber& each) {
    const bool share = each.unit == WrittenUnit::kPercent && measured;
    const bool unit = each.unit == WrittenUnit::kMilliseconds || each.unit == WrittenUnit::kBytes ||
                      each.unit == WrittenUnit::kTimes || each.unit == WrittenUnit::kRate;
    return (unit && !each.in_words) || share;
  });
  if (!cost || (!named && !measured)) return {};
  if (supposes(passage.mentions, passage.text) || (!measured && calls_modelled(passage.around_text)))
    return {};
  // "Our benchmark on a T4" is a run of one's own, a benchmark somebody else's.
  const bool own_benchmark = std::ranges::any_of(
      std::array<std::string_view, 8>{"ur benchmark", "y benchmark", "wn benchmark", "e benchmark",
                                      "I benchmark", "I did benchmark", "we did benchmark", "have benchmark"},
      [&](std::string_view word) { return passage.text.find(word) != std::string::npos; });
  for (const Mention& each : passage.mentions) {
    if (each.kind != MentionKind::kWord) continue;
    const std::string& kind = each.means.front();
    if (kind == "negation" || kind == "hedge") return {};
    const bool benchmark = passage.text.substr(each.begin, 9) == "benchmark";
    if (kind == "modelled" && !(benchmark && own_benchmark)) return {};
  }
  // Others' measurements, said to be theirs.
  if (!measured && (!cited_in(passage.text, published).empty() && says(passage.mentions, "scope"))) return {};
  return fmt::format("the evidence has no run on {}; say that this is modelled, or cite who measured it",
                     passage.text.substr(hardware->begin, hardware->end - hardware->begin));
}

// "It has been timed on GPUs as well": nobody did, and no number needs to stand beside it.
std::string said_to_have_run(const Passage& passage, const AuditEvidence& evidence,
                             const Published& published) {
  if (evidence.configurations.empty() || passage.text.find('?') != std::string::npos) return {};
  if (says(passage.mentions, "negation") || says(passage.mentions, "hedge") ||
      supposes(passage.mentions, passage.text) || says(passage.mentions, "reported") ||
      !cited_in(passage.text, published).empty() || says(passage.mentions, "modelled"))
    return {};
  const std::string lower = lowered(passage.text);
  for (const Mention& each : passage.mentions) {
    const bool hardware = each.kind == MentionKind::kWord &&
                          (each.means.front() == "hardware" || each.means.front() == "machine");
    if (!hardware) continue;
    const std::string name = passage.text.substr(each.begin, each.end - each.begin);
    const bool graphics = name.starts_with("GPU") || name.starts_with("graphics");
    if ((each.means.front() == "machine" && !graphics) || is_own(graphics ? "GPU" : name, evidence)) continue;
    std::string before = lower.substr(0, each.begin);
    for (const std::string_view article : {"a ", "an ", "the ", "our ", "my ", "one ", "real ", "nvidia "}) {
      if (before.ends_with(article)) before.resize(before.size() - article.size());
    }
    constexpr std::array<std::string_view, 16> kRan = {
        "timed on ",     "measured on ", "benchmarked on ",  "clocked on ",
        "profiled on ",  "tested on ",   "ran on ",          "ran it on ",
        "run on ",       "timed it on ", "measured it on ",  "tried on ",
        "evaluated on ", "timings on ",  "measurements on ", "load-tested on "};
    const bool ran = std::ranges::any_of(kRan, [&](std::string_view word) { return before.ends_with(word); });
    const std::string_view near =
        std::string_view(before).substr(before.size() > 34 ? before.size() - 34 : 0);
    if (ran && any_word_of(near, {"been", "was", "were", "we", "i", "our", "my"}))
      return fmt::format("the evidence has no run on {}", name);
  }
  return {};
}

std::string ratio_out_of_scope(const Passage& passage, const Passage* next, const AuditEvidence& evidence,
                               const Published& published) {
  const bool ratio = std::ranges::any_of(
      passage.numbers, [](const WrittenNumber& each) { return each.unit == WrittenUnit::kTimes; });
  if (!ratio) return {};
  // Said of this ratio, and not of another work behind a semicolon.
  for (const WrittenNumber& each : passage.numbers) {
    if (each.unit != WrittenUnit::kTimes) continue;
    const std::size_t from = passage.text.rfind("; ", each.begin);
    const std::size_t to = std::min(passage.text.size(), passage.text.find("; ", each.end));
    if (says(between(passage.mentions, from == std::string::npos ? 0 : from, to), "scope")) return {};
  }
  const bool here = std::ranges::any_of(
      std::array<std::string_view, 6>{"this server", "this machine", "this CPU", "this host", "this box",
                                      "this processor"},
      [&](std::string_view word) { return passage.text.find(word) != std::string::npos; });
  const bool own =
      here || !said(passage.mentions, MentionKind::kModel).empty() || says(passage.mentions, "own");
  if (!own) return {};
  for (const PublishedWork& work : published.works) {
    const auto technique = std::ranges::find_if(work.techniques, [&](const std::string& name) {
      if (passage.text.find(name) == std::string::npos) return false;
      // What ran here under this name is one's own.
      return !contains(evidence.recipes, name) && name != "LLM.int8()" && name != "bitsandbytes";
    });
    if (technique == work.techniques.end()) continue;
    // The sentence after may say what the ratio is good for.
    const bool follows = next != nullptr && (cited_in(next->text, published).empty() ||
                                             next->text.find(*technique) != std::string::npos);
    const std::size_t end = next == nullptr ? 0 : std::min(next->text.size(), next->text.find("; "));
    if (follows && says(between(next->mentions, 0, end), "scope")) return {};
    return fmt::format("a ratio of {} was found in another scope ({}); say so, or do not carry it over",
                       *technique, work.scope);
  }
  return {};
}

}  // namespace quantier::audit_internal
