// Numbers carried to where nobody took them: other hardware, other models.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "quantier/audit/claim_parts.h"
#include "quantier/audit/measurer.h"
#include "quantier/audit/sentence_text.h"

namespace quantier::audit_internal {
namespace {

bool is_own(const std::string& hardware, const AuditEvidence& evidence) {
  return std::ranges::any_of(evidence.devices, [&](const std::string& device) {
    return device.find(hardware) != std::string::npos;
  });
}

bool is_graphics(std::string_view name) { return name.starts_with("GPU") || name.starts_with("graphics"); }

// Hardware, or a stack that runs on it, that the evidence has no run on.
bool is_foreign(const Passage& passage, const Mention& each, const AuditEvidence& evidence) {
  if (each.kind != MentionKind::kWord) return false;
  const std::string name = passage.text.substr(each.begin, each.end - each.begin);
  if (each.means.front() == "machine") return is_graphics(name) && !is_own("GPU", evidence);
  // "Other kernels" may be anybody's.
  return each.means.front() == "hardware" &&
         (std::isupper(static_cast<unsigned char>(name.front())) != 0 || name == "vLLM") &&
         !is_own(name, evidence);
}

// Where a measurement is said to have been made: behind it in its clause, or right before it ("on a T4 we
// clocked").
const Mention* foreign_hardware_at(const Passage& passage, const Measuring& measuring,
                                   const AuditEvidence& evidence) {
  constexpr std::size_t kReach = 60;
  constexpr std::size_t kReachBefore = 14;
  for (const Mention& each : passage.mentions) {
    if (!is_foreign(passage, each, evidence)) continue;
    if (each.begin >= measuring.end && each.begin - measuring.end <= kReach) {
      const std::string between =
          lowered(std::string_view(passage.text).substr(measuring.end, each.begin - measuring.end));
      if (between.find_first_of(",;:()") == std::string::npos &&
          !any_word_of(between,
                       {"than", "unlike", "against", "versus", "and", "but", "while", "whereas", "not"}))
        return &each;
    }
    if (measuring.own && each.end <= measuring.begin && measuring.begin - each.end <= kReachBefore &&
        std::string_view(passage.text).substr(each.end, measuring.begin - each.end).find_first_of(";:.") ==
            std::string_view::npos)
      return &each;
    // "our T4 runs"
    if (measuring.own && each.begin >= measuring.begin && each.end <= measuring.end) return &each;
  }
  return nullptr;
}

bool own_measuring(const Passage& passage) {
  return std::ranges::any_of(measurings_in(passage, {.begin = 0, .end = passage.text.size()}),
                             &Measuring::own);
}

bool has_cost(const Passage& passage, const Span& part) {
  return std::ranges::any_of(passage.numbers, [&](const WrittenNumber& each) {
    const bool unit = each.unit == WrittenUnit::kMilliseconds || each.unit == WrittenUnit::kBytes ||
                      each.unit == WrittenUnit::kTimes || each.unit == WrittenUnit::kRate ||
                      each.unit == WrittenUnit::kOther;
    return unit && !each.in_words && each.begin >= part.begin && each.end <= part.end;
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
  if (credits_others(passage.text, published) && !own_measuring(passage)) return {};
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

// "1.9 times as fast, on a GPU as on our CPU": a multiple of one's own, said of hardware without a run.
std::string multiple_elsewhere(const Passage& passage, const AuditEvidence& evidence,
                               const Published& published) {
  if (evidence.configurations.empty() || is_cautious(passage.mentions, passage) ||
      says(passage.mentions, "negation") || calls_computed(passage.text) ||
      credits_others(passage.text, published) || !cited_in(passage.text, published).empty())
    return {};
  const std::string lower = lowered(passage.text);
  const auto multiple = std::ranges::find_if(passage.numbers, [&](const WrittenNumber& each) {
    const std::string_view before = std::string_view(lower).substr(each.begin > 12 ? each.begin - 12 : 0,
                                                                   std::min<std::size_t>(each.begin, 12));
    return each.unit == WrittenUnit::kTimes || before.ends_with("factor of ") ||
           before.ends_with("ratio of ");
  });
  if (multiple == passage.numbers.end()) return {};
  constexpr std::array<std::string_view, 12> kThere = {
      "gpu", "gpus", "card", "cards", "t4", "l4", "h100", "a100", "a10g", "h200", "accelerator", "graphics"};
  constexpr std::array<std::string_view, 14> kAlike = {
      "as on our", "as on this", "as on the cpu", "as well", "also",  "too",          "the same",
      "likewise",  "just as",    "equally",       "valid",   "holds", "carries over", "alike"};
  const std::string_view behind = std::string_view(lower).substr(multiple->end);
  if (!any_word_of(behind, kThere) || !any_word_of(behind, kAlike)) return {};
  if (std::ranges::any_of(kThere, [&](std::string_view name) {
        return find_word(behind, name) != std::string_view::npos && is_own(std::string(name), evidence);
      }))
    return {};
  return fmt::format("{} was measured on this evidence's hardware, and is said of other hardware",
                     multiple->text);
}

// "We clocked it on a T4", "pilot runs on an H100", "the measurement of Tomasz for T4": nobody ran there, and
// no number needs to stand beside it where somebody says that they did.
std::string said_to_have_run(const Passage& passage, const AuditEvidence& evidence,
                             const Published& published) {
  if (evidence.configurations.empty() || calls_computed(passage.text)) return {};
  const Span whole{.begin = 0, .end = passage.text.size()};
  for (const Measuring& each : measurings_in(passage, whole)) {
    const Span part = part_at(passage.text, each.begin);
    if (credits_others(std::string_view(passage.text).substr(part.begin, part.end - part.begin), published))
      continue;
    const Mention* hardware = foreign_hardware_at(passage, each, evidence);
    // "It has been timed on GPUs": somebody did, whoever it was.
    const std::string before = lowered(passage.text.substr(0, each.begin));
    const bool passive = before.ends_with("been ") || before.ends_with("was ") || before.ends_with("were ");
    if (hardware == nullptr || (!each.own && !passive && !has_cost(passage, part))) continue;
    // "The benchmark of vLLM" is theirs.
    if (!each.own && hardware->begin == each.end + 4 && passage.text.compare(each.end, 4, " of ") == 0)
      continue;
    return fmt::format("the evidence has no run on {}; say that this is modelled, or who measured it",
                       passage.text.substr(hardware->begin, hardware->end - hardware->begin));
  }
  return {};
}

// The very numbers that a roofline gives for other hardware, and nothing that says so.
std::string untold_model(const Passage& passage, const AuditEvidence& evidence) {
  if (supposes(passage.mentions, passage.text)) return {};
  for (const std::string* text : {&passage.text, &passage.around_text, &passage.row_text,
                                  &passage.column_text, &passage.group_text, &passage.metric_text}) {
    if (calls_computed(*text)) return {};
  }
  for (const std::vector<Mention>* list : {&passage.before, &passage.lead_in, &passage.heading}) {
    if (says(*list, "modelled")) return {};
  }
  // Of a cell, whom its row names, and the hardware at the head of its column.
  const bool cell = passage.kind == PassageKind::kCell;
  const std::vector<Mention>& named = cell ? passage.row_mentions : passage.mentions;
  const std::string& place = cell ? passage.column_text : passage.text;
  const std::vector<std::string> models = said(named, MentionKind::kModel);
  const std::vector<std::string> recipes = said(named, MentionKind::kRecipe);
  if (cell && (models.size() != 1 || recipes.size() != 1)) return {};
  std::size_t stated = 0;
  std::string device;
  for (const WrittenNumber& number : passage.numbers) {
    const auto fact = std::ranges::find_if(evidence.facts, [&](const Fact& each) {
      return each.source == FactSource::kModelled && !each.device.empty() &&
             find_word(place, each.device) != std::string_view::npos &&
             (models.empty() || contains(models, each.model)) &&
             (recipes.empty() || contains(recipes, each.recipe)) &&
             std::fabs(each.value - number.value) <= number.half_width;
    });
    if (fact == evidence.facts.end()) continue;
    ++stated;
    device = fact->device;
  }
  if (stated < 2) return {};
  return fmt::format("the evidence has no run on {}: these are numbers of a model, and nothing says so",
                     device);
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
