#include "quantier/audit/match_ends.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace quantier {
namespace {

// What stands between the two ends of an interval.
bool joins_ends(std::string_view gap) {
  constexpr std::array<std::string_view, 12> kJoints = {", ", " to ",  "..",  " .. ", " … ", "…",
                                                        "; ", " ... ", "...", "–",    " – ", ","};
  return std::ranges::find(kJoints, gap) != kJoints.end();
}

// "−0.6 [−2.1, 0.7]", "-0.03 (-0.18 to 0.11)": nothing but a bracket, a unit or a word for an interval.
bool leads_to_interval(std::string_view gap) {
  if (gap.empty() || gap.size() > 24) return false;
  const char open = gap.back();
  if (open != '[' && open != '(') return false;
  return std::ranges::none_of(gap.substr(0, gap.size() - 1),
                              [](char c) { return c == ',' || c == ';' || c == '(' || c == ':'; });
}

}  // namespace

void check_ends(const Passage& passage, const std::vector<CheckedNumber*>& numbers) {
  if (passage.appendix) return;
  const std::string_view text = passage.text;
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const WrittenNumber& low = passage.numbers[numbers[i - 1]->number];
    const WrittenNumber& high = passage.numbers[numbers[i]->number];
    if (!low.in_brackets || !high.in_brackets || low.integer || high.integer || high.begin < low.end)
      continue;
    if (low.sign == 0 && high.sign == 0) continue;
    if (!joins_ends(text.substr(low.end, high.begin - low.end))) continue;
    if (is_alarm(numbers[i - 1]->finding.verdict) || is_alarm(numbers[i]->finding.verdict)) continue;
    // Units stand behind the last of them, and may be read of it alone.
    const double scale = low.scale / high.scale;
    const double first = low.value / low.scale;
    const double last = high.value / high.scale;
    if (scale == 1.0 && low.value > high.value + low.half_width + high.half_width) {
      numbers[i]->finding = {.verdict = NumberVerdict::kContradicts,
                             .facts = {},
                             .why = "the lower end lies above the upper one"};
      continue;
    }
    if (i < 2) continue;
    const WrittenNumber& value = passage.numbers[numbers[i - 2]->number];
    if (value.in_brackets || value.integer || low.begin < value.end ||
        !leads_to_interval(text.substr(value.end, low.begin - value.end)))
      continue;
    const double middle = value.value / value.scale;
    const double slack =
        value.half_width / value.scale + std::max(low.half_width / low.scale, high.half_width / high.scale);
    const auto outside = [&](double at) { return at < first - 2.0 * slack || at > last + 2.0 * slack; };
    // "3.0 points lower [−6.0, −0.2]": the words give it its sign.
    if (outside(middle) && (value.sign != 0 || outside(-middle)))
      numbers[i]->finding = {.verdict = NumberVerdict::kContradicts,
                             .facts = {},
                             .why = "the value lies outside of its own interval"};
  }
}

}  // namespace quantier
