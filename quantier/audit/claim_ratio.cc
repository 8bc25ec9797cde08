// "A needs 2.5 times as long as B": a multiple, and which way round it is.
#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "quantier/audit/claim_names.h"
#include "quantier/audit/claim_parts.h"
#include "quantier/audit/claim_values.h"
#include "quantier/audit/relation.h"
#include "quantier/audit/tokens.h"

namespace quantier::audit_internal {
namespace {

struct RatioWord {
  std::string_view stem;
  const char* metric;
  bool inverse;  // more of it is less of the metric
};

// Stems of the words that say what a multiple is one of: "as fast", "fp16's time", "the RAM".
constexpr RatioWord kRatioWords[] = {
    {"fast", "latency", true},       {"quick", "latency", true},    {"speed", "latency", true},
    {"throughput", "latency", true}, {"time", "latency", false},    {"long", "latency", false},
    {"slow", "latency", false},      {"latency", "latency", false}, {"latencies", "latency", false},
    {"large", "memory", false},      {"big", "memory", false},      {"memory", "memory", false},
    {"heav", "memory", false},       {"ram", "memory", false},      {"small", "memory", true},
    {"light", "memory", true},       {"lean", "memory", true},      {"compact", "memory", true}};

// The nearest behind a number in its clause, names of configurations apart; or right before it ("faster by a
// factor of 2").
const RatioWord* word_beside(std::string_view text, std::size_t begin, std::size_t end) {
  const auto of = [](const std::string& word) {
    const auto* found = std::ranges::find_if(kRatioWords, [&](const RatioWord& each) {
      return word.starts_with(each.stem) && word.size() <= each.stem.size() + 3;
    });
    return found == std::end(kRatioWords) ? nullptr : found;
  };
  constexpr std::size_t kBehind = 7;
  constexpr std::size_t kBefore = 6;
  const std::vector<Token> behind = tokens_of(text, end, text.size());
  for (std::size_t i = 0; i < std::min(kBehind, behind.size()) && !behind[i].cut_before; ++i) {
    if (behind[i].word == "and" || behind[i].word == "but") break;
    if (const RatioWord* word = of(behind[i].word)) return word;
  }
  const std::vector<Token> before = tokens_of(text, 0, begin);
  for (std::size_t i = before.size(); i > 0 && before.size() - i < kBefore; --i) {
    if (const RatioWord* word = of(before[i - 1].word)) return word;
    if (before[i - 1].cut_before) break;
  }
  return nullptr;
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
  for (const WrittenNumber& number : passage.numbers) {
    const Span statement = statement_at(passage.text, number.begin);
    const std::vector<Mention> mentions = between(passage.mentions, statement.begin, statement.end);
    if (is_cautious(mentions, passage) || negated(mentions, {})) continue;
    const bool percent =
        number.unit == WrittenUnit::kPercent &&
        std::string_view(passage.text).substr(std::min(number.end, passage.text.size())).starts_with(" of ");
    if ((number.unit != WrittenUnit::kTimes && !percent) || number.value <= 0.0) continue;
    // "41 % of the time of fp16"
    const RatioWord* word = word_beside(passage.text, number.begin, number.end);
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
        "\"{} {}\", and the evidence has it the other way round: {} of {} {} is {:.4g}, of {} {} {:.4g}",
        number.text, word->metric, word->metric, own.model, own.recipe, a.front(), other.model, other.recipe,
        b.front());
  }
  return {};
}

}  // namespace quantier::audit_internal
