#include "quantier/audit/numbers.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "quantier/audit/number_units.h"
#include "quantier/audit/range_mark.h"
#include "quantier/audit/roles.h"

namespace quantier {
namespace {

using audit_internal::is_range_mark;
using audit_internal::kMagnitudes;
using audit_internal::kUnits;
using audit_internal::UnitName;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

class Scanner {
 public:
  Scanner(std::string_view text, bool commas) : text_(text), commas_(commas) {}

  std::vector<WrittenNumber> run() {
    std::vector<WrittenNumber> found;
    int brackets = 0;
    for (std::size_t at = 0; at < text_.size();) {
      if (text_[at] == '[') ++brackets;
      if (text_[at] == ']' && brackets > 0) --brackets;
      if (!starts_number(at)) {
        at = is_letter(text_[at]) || is_digit(text_[at]) || text_[at] == '_' ? word_end(at) : at + 1;
        continue;
      }
      WrittenNumber number;
      const std::size_t end = read(at, number);
      if (number.end == 0) {
        at = end;
        continue;
      }
      number.in_brackets = brackets > 0;
      found.push_back(number);
      at = number.end;
    }
    return found;
  }

 private:
  [[nodiscard]] bool at_text(std::size_t at, std::string_view what) const {
    return at <= text_.size() && text_.substr(at).starts_with(what);
  }

  // A digit, or a point before a digit, with no part of a name before it.
  [[nodiscard]] bool starts_number(std::size_t at) const {
    const bool digit = is_digit(text_[at]);
    const bool point = text_[at] == '.' && at + 1 < text_.size() && is_digit(text_[at + 1]);
    if (!digit && !point) return false;
    if (at == 0) return true;
    const char before = text_[at - 1];
    if (is_letter(before) || is_digit(before) || before == '_' || before == '#' || before == '@')
      return false;
    if (before == '.' || (point && before == ')')) return false;
    // A hyphen after a letter belongs to a name (GPT-2), after a digit to a range, after a space it is a
    // minus.
    return !(before == '-' && at >= 2 && is_letter(text_[at - 2]));
  }

  // Behind a name that begins here: digits and letters, with points, hyphens and slashes inside.
  [[nodiscard]] std::size_t word_end(std::size_t at) const {
    while (at < text_.size()) {
      const char c = text_[at];
      const bool joins = (c == '.' || c == '_') && at + 1 < text_.size() &&
                         (is_digit(text_[at + 1]) || is_letter(text_[at + 1]));
      if (!is_letter(c) && !is_digit(c) && !joins) break;
      ++at;
    }
    return at;
  }

  // `number.end` stays 0 for what is no number; the return value is where to go on.
  std::size_t read(std::size_t at, WrittenNumber& number) const {
    std::string digits;
    std::size_t end = at;
    int decimals = 0;
    bool point = false;
    bool grouped = false;
    while (end < text_.size()) {
      const char c = text_[end];
      if (is_digit(c)) {
        digits += c;
        if (point) ++decimals;
        ++end;
      } else if (c == ',' && !point && !grouped && decimals_follow(at, end)) {
        digits += '.';
        point = true;
        ++end;
      } else if ((c == ',' || (c == '.' && commas_ && text_[at] != '0')) && !point && group_follows(end)) {
        grouped = true;
        ++end;
      } else if (c == ' ' && !point && counts(at) && end - at <= 3 && group_follows(end)) {
        ++end;  // "n 3 502"
      } else if (c == '.' && !point && end + 1 < text_.size() && is_digit(text_[end + 1])) {
        digits += c;
        point = true;
        ++end;
      } else {
        break;
      }
    }
    // "0.1.0", "2026-01-02", "48b56b65", "12:30": versions, dates, keys, clocks.
    if (end < text_.size() && text_[end] == '.' && end + 1 < text_.size() && is_digit(text_[end + 1])) {
      return word_end(end);
    }
    if (is_date(at, end)) return at + 10;
    int exponent = 0;
    // Without a sign or a point it is a hexadecimal key: "4378e272".
    const bool may_have_exponent =
        point || digits.size() == 1 || (end + 1 < text_.size() && !is_digit(text_[end + 1]));
    if (may_have_exponent && end + 1 < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      std::size_t behind = end + 1;
      if (text_[behind] == '-' || text_[behind] == '+') ++behind;
      const std::size_t first = behind;
      while (behind < text_.size() && is_digit(text_[behind])) ++behind;
      if (behind > first && behind - first <= 3 && (behind == text_.size() || !is_letter(text_[behind]))) {
        std::from_chars(text_.data() + end + (text_[end + 1] == '+' ? 2 : 1), text_.data() + behind,
                        exponent);
        end = behind;
      }
    }
    const std::optional<UnitName> unit = unit_at(end);
    if (!unit && end < text_.size() && (is_letter(text_[end]) || text_[end] == '_')) return word_end(end);
    if (digits.size() > 18) return end;
    if (digits.starts_with('.')) digits.insert(0, "0");
    double value = 0.0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    value *= std::pow(10.0, exponent);
    double half = 0.5 * std::pow(10.0, exponent - decimals);
    if (is_magnitude(end)) {
      number.unit = WrittenUnit::kOther;
    } else if (unit) {
      number.unit = unit->unit;
      value *= unit->scale;
      half *= unit->scale;
      number.binary_scale = unit->binary;
      number.scale = unit->scale;
    }
    if (number.unit == WrittenUnit::kNone && !point && value >= 1900.0 && value < 2060.0 &&
        text_.substr(at, end - at).find(',') == std::string_view::npos)
      return end;  // a year
    number.begin = at;
    read_sign(number);
    number.end = unit ? unit_end_ : end;
    number.text = std::string(text_.substr(number.begin, number.end - number.begin));
    number.value = number.sign == '-' ? -value : value;
    number.half_width = half;
    number.integer = !point && exponent == 0;
    return number.end;
  }

  // Behind "n" or "N =", where a thin space may part thousands.
  [[nodiscard]] bool counts(std::size_t at) const {
    for (const std::string_view word : {"n ", "N ", "n = ", "N = ", "n=", "N="}) {
      const std::string_view before = text_.substr(0, at);
      if (!before.ends_with(word)) continue;
      const std::size_t start = before.size() - word.size();
      if (start == 0 || !is_letter(text_[start - 1])) return true;
    }
    return false;
  }

  [[nodiscard]] bool group_follows(std::size_t comma) const {
    for (std::size_t i = 1; i <= 3; ++i) {
      if (comma + i >= text_.size() || !is_digit(text_[comma + i])) return false;
    }
    return comma + 4 >= text_.size() || !is_digit(text_[comma + 4]);
  }

  // "0,325" and "12,65": a comma that separates no thousands. "1,870" does, unless the text writes decimals
  // so.
  [[nodiscard]] bool decimals_follow(std::size_t at, std::size_t comma) const {
    std::size_t behind = comma + 1;
    while (behind < text_.size() && is_digit(text_[behind])) ++behind;
    const std::size_t places = behind - comma - 1;
    if (places == 0 || comma - at > 4) return false;
    if (behind + 1 < text_.size() && text_[behind] == ',' && is_digit(text_[behind + 1]))
      return false;  // a list
    if (behind + 1 < text_.size() && text_[behind] == '.' && is_digit(text_[behind + 1])) return false;
    return places != 3 || commas_ || (comma == at + 1 && text_[at] == '0');
  }

  [[nodiscard]] bool is_date(std::size_t at, std::size_t end) const {
    if (end - at != 4 || at + 10 > text_.size() || text_[at + 4] != '-' || text_[at + 7] != '-') return false;
    return is_digit(text_[at + 5]) && is_digit(text_[at + 6]) && is_digit(text_[at + 8]) &&
           is_digit(text_[at + 9]);
  }

  std::optional<UnitName> unit_at(std::size_t end) const {
    const std::size_t start = end < text_.size() && text_[end] == ' ' ? end + 1 : end;
    std::optional<UnitName> best;
    for (const UnitName& each : kUnits) {
      if (!at_text(start, each.text)) continue;
      // "3 x 4" and "2 s" read as units; a hyphen joins only to the number itself.
      if (each.text.front() == '-' && start != end) continue;
      const std::size_t behind = start + each.text.size();
      if (each.letters && behind < text_.size() && (is_letter(text_[behind]) || is_digit(text_[behind])))
        continue;
      // "the 3 s" is rare, "4 x" common; a plain "s" needs the number beside it or a space and then no word.
      if (best && best->text.size() >= each.text.size()) continue;
      best = each;
      unit_end_ = behind;
    }
    return best;
  }

  [[nodiscard]] bool is_magnitude(std::size_t end) const {
    const std::size_t start = end < text_.size() && text_[end] == ' ' ? end + 1 : end;
    for (const std::string_view each : kMagnitudes) {
      const std::size_t behind = start + each.size();
      if (at_text(start, each) && (behind >= text_.size() || !is_letter(text_[behind]))) return true;
    }
    return false;
  }

  void read_sign(WrittenNumber& number) const {
    const std::size_t at = number.begin;
    if (at == 0) return;
    constexpr std::string_view kMinus = "\u2212";
    if (at >= kMinus.size() && text_.substr(at - kMinus.size(), kMinus.size()) == kMinus) {
      number.sign = '-';
      number.begin = at - kMinus.size();
    } else if (text_[at - 1] == '+' || text_[at - 1] == '-') {
      // "1-3" and "0.2 - 0.3" are ranges.
      const bool range = text_[at - 1] == '-' && at >= 2 && (is_digit(text_[at - 2]) || text_[at - 2] == '%');
      if (range) return;
      number.sign = text_[at - 1];
      number.begin = at - 1;
    }
  }

  std::string_view text_;
  bool commas_;
  mutable std::size_t unit_end_ = 0;
};

}  // namespace

namespace {

// "between 2.3 and 5.8 ms".
bool before_between(std::string_view text, std::size_t at) {
  return text.substr(0, at).ends_with("between ") || text.substr(0, at).ends_with("Between ");
}

// "5.80 against 2.31 ms", "from 2.3 to 5.8 ms": the unit stands once, behind the last. In brackets behind a
// number with a unit ("2.5 points [0.2, 4.8]") it stands before.
void share_units(std::string_view text, std::vector<WrittenNumber>& numbers) {
  const auto between = [&](const WrittenNumber& a, const WrittenNumber& b) {
    return a.end <= b.begin ? text.substr(a.end, b.begin - a.end) : std::string_view("?");
  };
  const auto give = [](const WrittenNumber& from, WrittenNumber& to, double scale) {
    to.unit = from.unit;
    to.value *= scale;
    to.half_width *= scale;
    to.binary_scale = from.binary_scale;
  };
  for (std::size_t i = numbers.size(); i-- > 1;) {
    WrittenNumber& one = numbers[i - 1];
    const WrittenNumber& two = numbers[i];
    const std::string_view gap = between(one, two);
    const bool range = is_range_mark(gap);
    const bool ends =
        one.in_brackets && two.in_brackets && (gap == ", " || gap == "; " || gap == ";" || gap == ",");
    if (gap == " ± " || gap == "±" || gap == " +/- " || gap == "+/-" || gap == " +- ") {
      numbers[i].is_spread = true;
      if (one.unit == WrittenUnit::kNone) give(two, one, two.scale);
      continue;
    }
    if (range || ends || (gap == " and " && !one.in_brackets)) {
      one.in_range = numbers[i].in_range = true;
    }
    const bool joined = range || gap == " against " || gap == " vs " || gap == " vs. " || gap == " versus " ||
                        gap == " → " || gap == " -> " || gap == "->" || gap == "→" || ends ||
                        (gap == " and " && before_between(text, one.begin));
    const bool shares = two.unit == WrittenUnit::kMilliseconds || two.unit == WrittenUnit::kBytes ||
                        two.unit == WrittenUnit::kPercent || two.unit == WrittenUnit::kPoints;
    if (joined && shares && one.unit == WrittenUnit::kNone && one.in_brackets == two.in_brackets)
      give(two, one, two.scale);
    if (joined && shares) one.scale = two.scale;
    const bool listed = gap == " and " || gap == ", " || gap == " or " || gap == "/" || gap == " / " || range;
    if (listed && one.unit == WrittenUnit::kNone) {
      one.listed_unit = shares ? two.unit : two.listed_unit;
      one.listed_scale = shares ? two.scale : two.listed_scale;
      one.listed_binary = shares ? two.binary_scale : two.listed_binary;
    }
  }
  // "a speed-up of 4", "by a factor of 2.5", "×0.94".
  constexpr double kManyTimes = 100.0;
  for (WrittenNumber& each : numbers) {
    // "reshuffled 10,000 times" counts what was done.
    if (each.unit == WrittenUnit::kTimes && each.integer && each.value >= kManyTimes)
      each.unit = WrittenUnit::kNone;
    if (each.unit != WrittenUnit::kNone) continue;
    const std::string_view before = text.substr(0, each.begin);
    for (const std::string_view word :
         {"factor of ", "factor ", "speed-up of ", "speedup of ", "slowdown of ", "gain of about ", "×"}) {
      if (!before.ends_with(word)) continue;
      each.unit = WrittenUnit::kTimes;
      if (each.in_words) each.half_width = 0.05 * each.value;
      each.integer = false;
    }
  }
  const WrittenNumber* outside = nullptr;
  for (WrittenNumber& each : numbers) {
    if (!each.in_brackets) {
      outside = &each;
    } else if (outside != nullptr && each.unit == WrittenUnit::kNone &&
               outside->unit == WrittenUnit::kPoints) {
      give(*outside, each, outside->scale);
      each.scale = outside->scale;
    }
  }
}

}  // namespace

std::vector<WrittenNumber> numbers_in(std::string_view text, bool decimal_commas) {
  std::vector<WrittenNumber> numbers = Scanner(text, decimal_commas).run();
  audit_internal::add_number_words(text, numbers);
  share_units(text, numbers);
  audit_internal::read_roles(text, numbers);
  return numbers;
}

bool writes_decimal_commas(std::string_view text) {
  std::size_t commas = 0;
  std::size_t points = 0;
  for (std::size_t at = 1; at + 1 < text.size(); ++at) {
    if (!is_digit(text[at - 1]) || !is_digit(text[at + 1])) continue;
    if (text[at] == '.') ++points;
    if (text[at] != ',') continue;
    std::size_t behind = at + 1;
    while (behind < text.size() && is_digit(text[behind])) ++behind;
    const bool leading_zero = text[at - 1] == '0' && (at == 1 || !is_digit(text[at - 2]));
    if (behind - at - 1 != 3 || leading_zero) ++commas;
  }
  return commas > 2 && commas > points;
}

}  // namespace quantier
