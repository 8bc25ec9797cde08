// Numbers that are written as words.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <string>

#include "quantier/audit/number_units.h"

namespace quantier::audit_internal {
namespace {

struct Word {
  std::string text;
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Valued {
  std::string_view text;
  double value;
};

constexpr std::array<Valued, 28> kOnes = {
    {{"zero", 0},     {"one", 1},      {"two", 2},        {"three", 3},     {"four", 4},
     {"five", 5},     {"six", 6},      {"seven", 7},      {"eight", 8},     {"nine", 9},
     {"ten", 10},     {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},
     {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
     {"twenty", 20},  {"thirty", 30},  {"forty", 40},     {"fifty", 50},    {"sixty", 60},
     {"seventy", 70}, {"eighty", 80},  {"ninety", 90}}};

// As verbs and nouns these are the multiple itself.
constexpr std::array<Valued, 30> kMultiples = {
    {{"twice", 2},      {"thrice", 3},     {"halves", 0.5},   {"halved", 0.5},    {"halving", 0.5},
     {"halve", 0.5},    {"doubles", 2},    {"doubled", 2},    {"doubling", 2},    {"double", 2},
     {"triples", 3},    {"tripled", 3},    {"tripling", 3},   {"triple", 3},      {"trebles", 3},
     {"trebled", 3},    {"quadruples", 4}, {"quadrupled", 4}, {"quadrupling", 4}, {"quadruple", 4},
     {"quintuples", 5}, {"quintupled", 5}, {"fourfold", 4},   {"threefold", 3},   {"twofold", 2},
     {"fivefold", 5},   {"tenfold", 10},   {"sixfold", 6},    {"eightfold", 8},   {"sevenfold", 7}}};

constexpr std::array<Valued, 12> kParts = {{{"half", 0.5},
                                            {"third", 1.0 / 3.0},
                                            {"thirds", 1.0 / 3.0},
                                            {"quarter", 0.25},
                                            {"quarters", 0.25},
                                            {"fifth", 0.2},
                                            {"fifths", 0.2},
                                            {"sixth", 1.0 / 6.0},
                                            {"seventh", 1.0 / 7.0},
                                            {"eighth", 0.125},
                                            {"tenth", 0.1},
                                            {"tenths", 0.1}}};

template <std::size_t N>
std::optional<double> value_of(const std::array<Valued, N>& list, std::string_view word) {
  const auto* found = std::ranges::find(list, word, &Valued::text);
  return found == list.end() ? std::nullopt : std::optional(found->value);
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < text.size();) {
    if (std::isalpha(static_cast<unsigned char>(text[at])) == 0) {
      ++at;
      continue;
    }
    std::size_t end = at;
    std::string word;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0)
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(text[end++])));
    words.push_back({std::move(word), at, end});
    at = end;
  }
  return words;
}

class WordNumbers {
 public:
  WordNumbers(std::string_view text, std::vector<WrittenNumber>& numbers)
      : text_(text), numbers_(numbers), words_(words_of(text)) {}

  void run() {
    for (std::size_t i = 0; i < words_.size();) {
      const std::size_t next = read(i);
      i = std::max(next, i + 1);
    }
    std::ranges::stable_sort(numbers_, {}, &WrittenNumber::begin);
  }

 private:
  [[nodiscard]] std::string_view word(std::size_t i) const {
    return i < words_.size() ? std::string_view(words_[i].text) : std::string_view();
  }
  // Only a space or a hyphen between this word and the next.
  [[nodiscard]] bool joined(std::size_t i) const {
    if (i + 1 >= words_.size()) return false;
    const std::string_view gap = text_.substr(words_[i].end, words_[i + 1].begin - words_[i].end);
    return gap == " " || gap == "-";
  }

  void put(std::size_t first, std::size_t last, double value, double half, WrittenUnit unit,
           bool change = false) {
    WrittenNumber number;
    number.begin = words_[first].begin;
    number.end = words_[last].end;
    number.text = std::string(text_.substr(number.begin, number.end - number.begin));
    number.value = value;
    number.half_width = half;
    number.unit = unit;
    number.in_words = true;
    number.is_change = change;
    number.integer = unit == WrittenUnit::kNone;
    // Digits inside the same words win: "2 and a half times" is read as digits.
    if (std::ranges::any_of(numbers_, [&](const WrittenNumber& each) {
          return each.begin < number.end && number.begin < each.end;
        }))
      return;
    numbers_.push_back(std::move(number));
  }

  // Where to go on.
  std::size_t read(std::size_t i) {
    if (const auto multiple = value_of(kMultiples, word(i))) {
      // "double quantization" is a name, "double-check" a verb.
      const bool name = word(i) == "double" && (word(i + 1).starts_with("quant") || word(i + 1) == "check" ||
                                                word(i + 1) == "precision");
      if (!name) put(i, i, *multiple, 0.06 * *multiple, WrittenUnit::kTimes);
      return i + 1;
    }
    std::size_t last = i;
    std::optional<double> value = cardinal(i, last);
    if (value && word(last + 1) == "and" && word(last + 2) == "a" && word(last + 3) == "half") {
      *value += 0.5;
      last += 3;
    } else if (value && word(last + 1) == "and" && word(last + 2) == "a" && word(last + 3) == "quarter") {
      *value += 0.25;
      last += 3;
    } else if (value && word(last + 1) == "and" && word(last + 2) == "three" &&
               word(last + 3) == "quarters") {
      *value += 0.75;
      last += 3;
    }
    const bool article = word(i) == "a" || word(i) == "an" || word(i) == "by";
    if (!value && article && value_of(kParts, word(i + 1)) && joined(i)) return part(i + 1, 1.0, i);
    if (!value && word(i) == "half") return part(i, 1.0, i);
    if (!value) return i + 1;
    if (joined(last) && value_of(kParts, word(last + 1)) && word(last + 1) != "half")
      return part(last + 1, *value, i);
    if (joined(last)) {
      const std::string_view behind = word(last + 1);
      if (behind == "times" || behind == "fold") {
        put(i, last + 1, *value, 0.05 * *value, WrittenUnit::kTimes);
        return last + 2;
      }
      const std::string_view rest = text_.substr(words_[last + 1].begin);
      for (const UnitName& unit : kUnits) {
        if (unit.text.size() < 2 || !rest.starts_with(unit.text)) continue;
        const std::size_t end = unit.text.size();
        if (end < rest.size() && std::isalpha(static_cast<unsigned char>(rest[end])) != 0) continue;
        put(i, last, *value * unit.scale, 0.5 * unit.scale, unit.unit);
        if (!numbers_.empty()) {
          numbers_.back().binary_scale = unit.binary;
          numbers_.back().scale = unit.scale;
        }
        return last + 2;
      }
    }
    // "seven answers gained", "one lost": of bare words only what was plainly counted.
    for (std::size_t k = last + 1; k <= last + 2; ++k) {
      constexpr std::array<std::string_view, 9> kCounted = {
          "lost", "gained", "answers", "predictions", "examples", "flips", "texts", "flipped", "against"};
      const bool factor =
          word(i - 1) == "of" && (word(i - 2) == "up" || word(i - 2) == "speedup" || word(i - 2) == "factor");
      if (!factor && std::ranges::find(kCounted, word(k)) == kCounted.end()) continue;
      put(i, last, *value, 0.5, WrittenUnit::kNone);
      break;
    }
    return last + 1;
  }

  // "twenty-two", "four hundred"; `last` becomes its last word.
  [[nodiscard]] std::optional<double> cardinal(std::size_t i, std::size_t& last) const {
    const auto first = value_of(kOnes, word(i));
    if (!first) return std::nullopt;
    double value = *first;
    last = i;
    if (value >= 20.0 && joined(i)) {
      const auto ones = value_of(kOnes, word(i + 1));
      if (ones && *ones > 0.0 && *ones < 10.0) {
        value += *ones;
        last = i + 1;
      }
    }
    if (joined(last) && (word(last + 1) == "hundred" || word(last + 1) == "thousand")) {
      value *= word(last + 1) == "hundred" ? 100.0 : 1000.0;
      ++last;
    }
    return value;
  }

  // "a third of the time", "half that of", "two thirds less", "half as long".
  std::size_t part(std::size_t at, double count, std::size_t first) {
    const double value = count * *value_of(kParts, word(at));
    const std::string_view behind = word(at + 1);
    const bool less = behind == "less" || behind == "fewer" || behind == "lower" || behind == "smaller" ||
                      behind == "shorter" || behind == "faster" || behind == "quicker";
    const bool more = behind == "more" || behind == "higher" || behind == "larger" || behind == "longer" ||
                      behind == "slower" || behind == "bigger";
    const double half = std::max(0.03, 0.1 * value);
    if (less || more || word(first) == "by") {
      put(first, at, less ? -value : value, half, WrittenUnit::kPercent, true);
      return at + 1;
    }
    const bool of =
        behind == "of" || behind == "the" || behind == "that" || behind == "as" || behind == "its";
    // "half of the classes", "the other half", "half precision" are no multiples of a cost.
    const bool cost = mentions_cost(at + 1, at + 6);
    if (of && cost) put(first, at, value, half, WrittenUnit::kTimes);
    return at + 1;
  }

  [[nodiscard]] bool mentions_cost(std::size_t from, std::size_t to) const {
    constexpr std::array<std::string_view, 22> kCosts = {
        "time",    "latency", "memory", "vram",  "size",  "footprint", "milliseconds", "ms",
        "runtime", "speed",   "long",   "slow",  "fast",  "large",     "big",          "that",
        "what",    "cost",    "costs",  "small", "quick", "throughput"};
    for (std::size_t i = from; i < std::min(to, words_.size()); ++i) {
      if (std::ranges::find(kCosts, word(i)) != kCosts.end()) return true;
    }
    return false;
  }

  std::string_view text_;
  std::vector<WrittenNumber>& numbers_;
  std::vector<Word> words_;
};

}  // namespace

void add_number_words(std::string_view text, std::vector<WrittenNumber>& numbers) {
  WordNumbers(text, numbers).run();
}

}  // namespace quantier::audit_internal
