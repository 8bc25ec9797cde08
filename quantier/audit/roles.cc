#include "quantier/audit/roles.h"

#include <algorithm>
#include <cctype>

#include "quantier/audit/range_mark.h"

namespace quantier::audit_internal {
namespace {

bool is_range(std::string_view gap) { return gap == " and " || is_range_mark(gap); }

bool is_list(std::string_view gap) {
  return gap == ", " || gap == "; " || gap == "," || gap == ";" || gap == " / ";
}

// The bracket that opens before a place with nothing but words of intervals between: "(95 % CI ".
bool opens_before(std::string_view text, std::size_t from, std::size_t at, char bracket) {
  const std::size_t open = text.substr(0, at).rfind(bracket);
  if (open == std::string_view::npos || open < from) return false;
  const std::string_view inside = text.substr(open + 1, at - open - 1);
  if (inside.find_first_of(")]") != std::string_view::npos) return false;
  return inside.find_first_not_of(' ') == std::string_view::npos ||
         inside.find("CI") != std::string_view::npos || inside.find("interval") != std::string_view::npos ||
         inside.find("range") != std::string_view::npos || inside.find('%') != std::string_view::npos ||
         inside.find("now ") != std::string_view::npos;
}

class Roles {
 public:
  Roles(std::string_view text, std::vector<WrittenNumber>& numbers) : text_(text), numbers_(numbers) {}

  void run() {
    for (std::size_t i = 0; i + 1 < numbers_.size(); ++i) {
      if (is_interval(i)) {
        numbers_[i].in_brackets = numbers_[i + 1].in_brackets = true;
        numbers_[i].in_range = numbers_[i + 1].in_range = true;
        take_unit(numbers_[owner_before(i)], numbers_[i]);
        take_unit(numbers_[owner_before(i)], numbers_[i + 1]);
      }
    }
    for (std::size_t i = 0; i + 1 < numbers_.size(); ++i) {
      if (!is_pair(i)) continue;
      numbers_[i].pair = 1;
      numbers_[i + 1].pair = 2;
      ++i;
    }
  }

 private:
  [[nodiscard]] std::string_view gap(std::size_t i) const {
    const WrittenNumber& one = numbers_[i];
    const WrittenNumber& two = numbers_[i + 1];
    return one.end <= two.begin ? text_.substr(one.end, two.begin - one.end) : std::string_view("?");
  }

  static bool same_unit(const WrittenNumber& a, const WrittenNumber& b) {
    return a.unit == b.unit || a.unit == WrittenUnit::kNone || b.unit == WrittenUnit::kNone;
  }
  static void take_unit(const WrittenNumber& from, WrittenNumber& to) {
    if (to.unit != WrittenUnit::kNone || from.unit == WrittenUnit::kNone) return;
    to.unit = from.unit;
    to.value *= from.scale;
    to.half_width *= from.scale;
    to.scale = from.scale;
    to.binary_scale = from.binary_scale;
  }
  // In the unit of what is written, where one of two says it.
  static double as_written(const WrittenNumber& number) { return number.value / number.scale; }

  // Whether this number and the next are the ends of an interval of the one before.
  [[nodiscard]] bool is_interval(std::size_t i) const {
    const WrittenNumber& low = numbers_[i];
    const WrittenNumber& high = numbers_[i + 1];
    if (low.in_brackets || high.in_brackets || low.in_words || high.in_words || low.is_spread ||
        high.is_spread)
      return false;
    const std::string_view between = gap(i);
    const bool range = is_range(between);
    if ((!range && !is_list(between)) || as_written(low) > as_written(high)) return false;
    const std::size_t owner = owner_before(i);
    if (owner == numbers_.size()) return false;
    const WrittenNumber& value = numbers_[owner];
    if (!same_unit(low, high) || !same_unit(value, low) || !same_unit(value, high)) return false;
    // As exact as the value, give or take a digit: counts beside it are something else.
    if (low.integer && high.integer && !value.integer) return false;
    const double half = value.half_width / value.scale;
    const bool around =
        as_written(low) <= as_written(value) + half && as_written(value) - half <= as_written(high);
    // "the gap is 0.058 (0.021 to 0.082)": a gap is told without its sign.
    const bool turned =
        as_written(low) <= half - as_written(value) && -as_written(value) - half <= as_written(high);
    if (!around && !turned) return false;
    const std::string_view before = text_.substr(value.end, low.begin - value.end);
    const bool bracket = opens_before(text_, value.end, low.begin, '(');
    if (bracket) return true;
    // "0.0, −0.3 to +0.3", "−0.6 (−2.1 …": without a bracket the pair must be a range beside its value.
    // "0.058, and its interval goes from 0.020 to 0.082": the word says so.
    constexpr std::size_t kLongestPhrase = 48;
    const bool said =
        before.size() <= kLongestPhrase && before.find_first_of(".;(") == std::string_view::npos &&
        (before.find("interval") != std::string_view::npos || before.find("CI") != std::string_view::npos);
    return range && between != " and " && (said || before == ", " || before == "; " || before == " ");
  }

  // The last number before that is no level of an interval ("95 %"); its index, or the number of numbers.
  [[nodiscard]] std::size_t owner_before(std::size_t i) const {
    for (std::size_t k = i; k-- > 0;) {
      const WrittenNumber& each = numbers_[k];
      const std::string_view behind = text_.substr(each.end, 12);
      const bool level =
          each.unit == WrittenUnit::kPercent &&
          (behind.find("CI") != std::string_view::npos || behind.find("inter") != std::string_view::npos ||
           behind.find("conf") != std::string_view::npos);
      if (level) continue;
      return each.in_brackets || each.is_spread ? numbers_.size() : k;
    }
    return numbers_.size();
  }

  [[nodiscard]] bool is_pair(std::size_t i) const {
    const WrittenNumber& one = numbers_[i];
    const WrittenNumber& two = numbers_[i + 1];
    for (const WrittenNumber* each : {&one, &two}) {
      if (!each->integer || each->in_brackets || each->unit != WrittenUnit::kNone || each->sign != 0 ||
          each->in_words)
        return false;
    }
    if (one.pair != 0) return false;
    const std::string_view between = gap(i);
    const bool slash = between == "/" || between == " / ";
    const bool listed = between == ", " || between == " and ";
    if (!slash && !listed) return false;
    // A third one makes it a list.
    const auto joined = [&](std::size_t k) {
      const std::string_view other = gap(k);
      return (other == between || other == " and " || other == ", ") && numbers_[k].integer &&
             numbers_[k + 1].integer && numbers_[k + 1].unit == WrittenUnit::kNone;
    };
    if (i > 0 && joined(i - 1) && numbers_[i - 1].pair == 0) return false;
    if (i + 2 < numbers_.size() && joined(i + 1)) return false;
    return slash || stand_alone(one, two);
  }

  // Without a slash nothing may be said of either: "2, 1" and "[...], 2 and 1", but not "32 of 400, 22 from
  // right".
  [[nodiscard]] bool stand_alone(const WrittenNumber& one, const WrittenNumber& two) const {
    const std::string_view before = text_.substr(0, one.begin);
    const std::string_view behind = text_.substr(two.end);
    const bool starts = before.empty() || before.ends_with("] ") || before.ends_with("], ") ||
                        before.ends_with("), ") || before.ends_with("; ") || before.ends_with("(");
    return starts &&
           (behind.empty() || std::string_view(").;|").find(behind.front()) != std::string_view::npos);
  }

  std::string_view text_;
  std::vector<WrittenNumber>& numbers_;
};

}  // namespace

bool only_separators(std::string_view between) {
  constexpr std::array<std::string_view, 9> kWords = {"and ", "or ", "→",     "->", "⇒",
                                                      "vs. ", "vs ", "then ", "|"};
  for (std::size_t at = 0; at < between.size();) {
    const auto* word = std::ranges::find_if(
        kWords, [&](std::string_view each) { return between.substr(at).starts_with(each); });
    if (word != kWords.end()) {
      at += word->size();
      continue;
    }
    if (std::string_view(" ,/;&*`").find(between[at]) == std::string_view::npos) return false;
    ++at;
  }
  return !between.empty();
}

NumberRun run_of(std::string_view text, const std::vector<WrittenNumber>& numbers, std::size_t index) {
  const auto joined = [&](std::size_t a) {
    const WrittenNumber& one = numbers[a];
    const WrittenNumber& two = numbers[a + 1];
    if (one.in_brackets || two.in_brackets || one.end > two.begin) return false;
    // Of one kind: "2.31 ms / 410 MB" are two things.
    if (one.unit != two.unit && one.unit != WrittenUnit::kNone && two.unit != WrittenUnit::kNone)
      return false;
    const std::string_view between = text.substr(one.end, two.begin - one.end);
    // A semicolon ends a list of numbers, "vs" sets two of them against each other.
    return between.find(';') == std::string_view::npos && between.find("vs") == std::string_view::npos &&
           only_separators(between);
  };
  NumberRun run{.first = index, .last = index};
  while (run.first > 0 && joined(run.first - 1)) --run.first;
  while (run.last + 1 < numbers.size() && joined(run.last)) ++run.last;
  return run;
}

void read_roles(std::string_view text, std::vector<WrittenNumber>& numbers) { Roles(text, numbers).run(); }

}  // namespace quantier::audit_internal
