#include "quantier/audit/numbers.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

namespace quantier {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

struct UnitName {
  std::string_view text;
  WrittenUnit unit;
  double scale;         // to the unit of facts
  double binary = 1.0;  // 2^30 / 10^9, ...
  bool letters = true;  // a word: no letter may follow
};

constexpr double kBinaryMega = 1048576.0 / 1e6;
constexpr double kBinaryGiga = 1073741824.0 / 1e9;

// Longer ones first where one begins with another.
constexpr std::array<UnitName, 46> kUnits = {{
    {"percentage points", WrittenUnit::kPoints, 0.01},
    {"percentage point", WrittenUnit::kPoints, 0.01},
    {"accuracy points", WrittenUnit::kPoints, 0.01},
    {"F1 points", WrittenUnit::kPoints, 0.01},
    {"points", WrittenUnit::kPoints, 0.01},
    {"point", WrittenUnit::kPoints, 0.01},
    {"p.p.", WrittenUnit::kPoints, 0.01, 1.0, false},
    {"pts", WrittenUnit::kPoints, 0.01},
    {"pp", WrittenUnit::kPoints, 0.01},
    {"% points", WrittenUnit::kPoints, 0.01},
    {"%-points", WrittenUnit::kPoints, 0.01},
    {"%", WrittenUnit::kPercent, 0.01, 1.0, false},
    {"percent", WrittenUnit::kPercent, 0.01},
    {"per cent", WrittenUnit::kPercent, 0.01},
    {"milliseconds", WrittenUnit::kMilliseconds, 1.0},
    {"millisecond", WrittenUnit::kMilliseconds, 1.0},
    {"ms", WrittenUnit::kMilliseconds, 1.0},
    {"µs", WrittenUnit::kMilliseconds, 1e-3},
    {"GiB", WrittenUnit::kBytes, 1073741824.0},
    {"MiB", WrittenUnit::kBytes, 1048576.0},
    {"gigabytes", WrittenUnit::kBytes, 1e9, kBinaryGiga},
    {"megabytes", WrittenUnit::kBytes, 1e6, kBinaryMega},
    {"gigabyte", WrittenUnit::kBytes, 1e9, kBinaryGiga},
    {"megabyte", WrittenUnit::kBytes, 1e6, kBinaryMega},
    {"GB", WrittenUnit::kBytes, 1e9, kBinaryGiga},
    {"MB", WrittenUnit::kBytes, 1e6, kBinaryMega},
    {"kB", WrittenUnit::kBytes, 1e3, 1.024},
    {"KB", WrittenUnit::kBytes, 1e3, 1.024},
    {"×", WrittenUnit::kTimes, 1.0, 1.0, false},
    {"times", WrittenUnit::kTimes, 1.0},
    {"-times", WrittenUnit::kTimes, 1.0},
    {"-fold", WrittenUnit::kTimes, 1.0},
    {"fold", WrittenUnit::kTimes, 1.0},
    {"x", WrittenUnit::kTimes, 1.0},
    {"requests per second", WrittenUnit::kRate, 1.0},
    {"requests a second", WrittenUnit::kRate, 1.0},
    {"requests/second", WrittenUnit::kRate, 1.0},
    {"requests/s", WrittenUnit::kRate, 1.0},
    {"req/s", WrittenUnit::kRate, 1.0},
    {"rps", WrittenUnit::kRate, 1.0},
    {"tokens/s", WrittenUnit::kOther, 1.0},
    {"seconds", WrittenUnit::kOther, 1.0},
    {"minutes", WrittenUnit::kOther, 1.0},
    {"hours", WrittenUnit::kOther, 1.0},
    {"s", WrittenUnit::kOther, 1.0},
    {"nats", WrittenUnit::kOther, 1.0},
}};

// Sizes of models and the like: "6.7 B parameters", "149 M".
constexpr std::array<std::string_view, 6> kMagnitudes = {"B", "M", "k", "K", "billion", "million"};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

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
    while (end < text_.size()) {
      const char c = text_[end];
      if (is_digit(c)) {
        digits += c;
        if (point) ++decimals;
        ++end;
      } else if (c == ',' && !point && group_follows(end)) {
        ++end;
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
    if (number.unit == WrittenUnit::kNone && !point && value >= 1900.0 && value < 2100.0)
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

  [[nodiscard]] bool group_follows(std::size_t comma) const {
    for (std::size_t i = 1; i <= 3; ++i) {
      if (comma + i >= text_.size() || !is_digit(text_[comma + i])) return false;
    }
    return comma + 4 >= text_.size() || !is_digit(text_[comma + 4]);
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
  mutable std::size_t unit_end_ = 0;
};

}  // namespace

namespace {

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
    const bool range = gap == " to " || gap == "–" || gap == " – " || gap == "-";
    if (range || (gap == ", " && one.in_brackets && two.in_brackets) ||
        (gap == " and " && !one.in_brackets)) {
      one.in_range = numbers[i].in_range = true;
    }
    const bool joined = range || gap == " against " || gap == " vs " || gap == " vs. " || gap == " versus " ||
                        gap == " → " || (gap == ", " && one.in_brackets && two.in_brackets);
    const bool shares = two.unit == WrittenUnit::kMilliseconds || two.unit == WrittenUnit::kBytes ||
                        two.unit == WrittenUnit::kPercent || two.unit == WrittenUnit::kPoints;
    if (joined && shares && one.unit == WrittenUnit::kNone && one.in_brackets == two.in_brackets)
      give(two, one, two.scale);
    if (joined && shares) one.scale = two.scale;
    const bool listed = gap == " and " || gap == ", " || gap == " or " || range;
    if (listed && one.unit == WrittenUnit::kNone) {
      one.listed_unit = shares ? two.unit : two.listed_unit;
      one.listed_scale = shares ? two.scale : two.listed_scale;
      one.listed_binary = shares ? two.binary_scale : two.listed_binary;
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

std::vector<WrittenNumber> numbers_in(std::string_view text) {
  std::vector<WrittenNumber> numbers = Scanner(text).run();
  share_units(text, numbers);
  return numbers;
}

}  // namespace quantier
