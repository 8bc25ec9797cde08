// "A needs 2.5 times as long as B": a multiple, and which way round it is.
#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"

namespace quantier::audit_internal {
namespace {

struct RatioWord {
  std::string_view text;
  const char* metric;
  bool inverse;  // more of it is less of the metric
};

constexpr RatioWord kRatioWords[] = {{" as fast", "latency", true},      {" faster", "latency", true},
                                     {" quicker", "latency", true},      {" as quick", "latency", true},
                                     {" the speed", "latency", true},    {" the throughput", "latency", true},
                                     {" as long", "latency", false},     {" so long", "latency", false},
                                     {" as slow", "latency", false},     {" slower", "latency", false},
                                     {" longer", "latency", false},      {" the time", "latency", false},
                                     {" the latency", "latency", false}, {" as much time", "latency", false},
                                     {" as large", "memory", false},     {" as big", "memory", false},
                                     {" larger", "memory", false},       {" bigger", "memory", false},
                                     {" the memory", "memory", false},   {" as much memory", "memory", false},
                                     {" more memory", "memory", false},  {" smaller", "memory", true},
                                     {" as small", "memory", true}};

const RatioWord* word_behind(std::string_view text, std::size_t at) {
  const std::string_view behind = text.substr(std::min(at, text.size()), 24);
  const auto* found =
      std::ranges::find_if(kRatioWords, [&](const RatioWord& each) { return behind.starts_with(each.text); });
  return found == std::end(kRatioWords) ? nullptr : found;
}

// The two that are compared: who has the multiple, and of whom. Before the number "A versus B", around it "A
// ... B".
bool sides(const Passage& passage, const WrittenNumber& number, const AuditEvidence& evidence,
           NamedConfiguration& own, NamedConfiguration& other) {
  const std::vector<NamedConfiguration> named = configurations_in(passage);
  const std::size_t stop = passage.text.find(';', number.end);
  const std::size_t from = passage.text.rfind(';', number.begin);
  const NamedConfiguration* before = last_before(named, number.begin, from == std::string::npos ? 0 : from);
  if (before == nullptr) return false;
  const NamedConfiguration* behind =
      first_behind(named, number.end, stop == std::string::npos ? passage.text.size() : stop);
  own = *before;
  if (behind != nullptr) {
    other = *behind;
  } else if (before != named.data()) {
    const NamedConfiguration& first = *(before - 1);
    const std::string_view between =
        std::string_view(passage.text).substr(first.end, before->begin - std::min(before->begin, first.end));
    constexpr std::string_view kAgainst[] = {" versus ",        " vs ",          " vs. ",  " against ",
                                             " compared with ", " compared to ", " over ", " relative to "};
    if (std::ranges::find(kAgainst, between) == std::end(kAgainst)) return false;
    other = own;
    own = first;
  } else {
    other = {.model = own.model, .recipe = evidence.reference_recipe};
  }
  if (other.recipe.empty() && other.model == own.model) other.recipe = evidence.reference_recipe;
  return !own.recipe.empty() && !other.recipe.empty() &&
         (own.model != other.model || own.recipe != other.recipe);
}

}  // namespace

std::string turned_ratio(const Passage& passage, const AuditEvidence& evidence) {
  if (is_cautious(passage.mentions, passage) || negated(passage.mentions, {})) return {};
  for (const WrittenNumber& number : passage.numbers) {
    const bool percent =
        number.unit == WrittenUnit::kPercent && std::string_view(passage.text)
                                                    .substr(std::min(number.end, passage.text.size()))
                                                    .starts_with(" of the ");
    if ((number.unit != WrittenUnit::kTimes && !percent) || number.value <= 0.0) continue;
    // "41 % of the time of fp16"
    const RatioWord* word = word_behind(passage.text, number.end + (percent ? 3 : 0));
    NamedConfiguration own;
    NamedConfiguration other;
    if (word == nullptr || !sides(passage, number, evidence, own, other)) continue;
    const std::vector<double> a = values_of(evidence, word->metric, own.model, own.recipe);
    const std::vector<double> b = values_of(evidence, word->metric, other.model, other.recipe);
    if (a.empty() || a.size() != b.size()) continue;
    const double slack = std::max(number.half_width, (number.in_words ? 0.12 : 0.06) * number.value);
    bool right = false;
    bool turned = false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a[i] <= 0.0 || b[i] <= 0.0) continue;
      const double ratio = word->inverse ? b[i] / a[i] : a[i] / b[i];
      right = right || std::fabs(ratio - number.value) <= slack;
      turned = turned || std::fabs(1.0 / ratio - number.value) <= slack;
    }
    if (right || !turned) continue;
    return fmt::format(
        "\"{}{}\", and the evidence has it the other way round: {} of {} {} is {:.4g}, of {} {} {:.4g}",
        number.text, word->text, word->metric, own.model, own.recipe, a.front(), other.model, other.recipe,
        b.front());
  }
  return {};
}

}  // namespace quantier::audit_internal
