#include "quantier/tokenizer/pattern.h"

#include <algorithm>

#include <fmt/format.h>

#include "quantier/base/utf8.h"

namespace quantier::tokenizer_detail {
namespace {

constexpr std::size_t kMaxPatternBytes = 4096;
constexpr std::string_view kWhitespaceRanges =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view kCategories[] = {"L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",
                                            "Nd", "Nl", "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
                                            "S",  "Sm", "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp"};

class Translator {
 public:
  Translator(std::string_view pattern, const YoungCharacters& young, std::string_view source)
      : pattern_(pattern), young_(young), source_(source) {}

  Result<std::string> run() {
    if (pattern_.size() > kMaxPatternBytes) return refuse("its length");
    while (at_ < pattern_.size()) {
      switch (pattern_[at_]) {
        case '\\': {
          QT_TRY_STATUS(escape(false));
          break;
        }
        case '[': {
          QT_TRY_STATUS(char_class());
          break;
        }
        case '(': {
          QT_TRY_STATUS(group());
          break;
        }
        case '*':
        case '+':
        case '?':
          copy(1);
          if (at_ < pattern_.size() && (pattern_[at_] == '?' || pattern_[at_] == '+')) copy(1);
          break;
        case '{': {
          QT_TRY_STATUS(counted());
          break;
        }
        case '.':
        case '^':
        case '$':
        case '}':
        case ']':
          return refuse(fmt::format("\"{}\"", pattern_[at_]));
        default:
          copy(1);
      }
    }
    return std::move(out_);
  }

 private:
  std::unexpected<Error> refuse(const std::string& part) const {
    return fail(ErrorKind::kUnsupported, "the tokenizer's regular expression uses a part that is not offered",
                std::string(source_), fmt::format("{} at byte {} of \"{}\"", part, at_, printable(pattern_)));
  }
  void copy(std::size_t bytes) {
    out_ += pattern_.substr(at_, bytes);
    at_ += bytes;
  }
  [[nodiscard]] char look(std::size_t ahead) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }

  Status escape(bool in_class) {
    const char c = look(1);
    if (c == 's' || (c == 'S' && !in_class)) {
      out_ += in_class ? std::string(kWhitespaceRanges)
                       : fmt::format("[{}{}]", c == 'S' ? "^" : "", kWhitespaceRanges);
      at_ += 2;
      return {};
    }
    if (c == 'r' || c == 'n' || c == 't') {
      copy(2);
      return {};
    }
    if (c == 'p' || c == 'P') {
      const auto close = pattern_.find('}', at_);
      if (look(2) != '{' || close == std::string_view::npos) return refuse("a property without braces");
      const std::string_view name = pattern_.substr(at_ + 3, close - at_ - 3);
      if (std::ranges::find(kCategories, name) == std::end(kCategories)) {
        return refuse(fmt::format("the property \"{}\"", printable(name)));
      }
      if (name == "L" || name == "N") {
        const std::string whole =
            fmt::format("\\p{{{}}}{}", name, name == "L" ? young_.letters : young_.numbers);
        if (in_class && c == 'P') return refuse("a negated property in a class");
        out_ += in_class ? whole : fmt::format("[{}{}]", c == 'P' ? "^" : "", whole);
        at_ = close + 1;
      } else {
        copy(close + 1 - at_);
      }
      return {};
    }
    if (std::string_view(R"(\/.^$*+?()[]{}|-'"!#%&,:;<=>@_`~ )").find(c) != std::string_view::npos &&
        c != '\0' && c != '<' && c != '>' && c != '`' && c != '\'' && c != '_') {
      copy(2);
      return {};
    }
    return refuse(fmt::format("\"\\{}\"", printable(std::string_view(&c, 1))));
  }

  Status char_class() {
    copy(1);
    if (look(0) == '^') copy(1);
    if (look(0) == ']') return refuse("a class that starts with \"]\"");
    bool range_may_start = false;  // the last item was one character
    while (true) {
      if (at_ >= pattern_.size()) return refuse("a class without end");
      const char c = pattern_[at_];
      if (c == ']') break;
      if (c == '[' || (c == '&' && look(1) == '&')) return refuse("a class inside a class");
      if (c == '-') {
        const bool is_range = range_may_start && look(1) != ']' && look(1) != '\\' && look(1) != '[';
        if (!is_range && look(1) != ']')
          return refuse("a \"-\" that is neither a range nor the last character");
        copy(1);
        range_may_start = false;
        if (is_range && static_cast<unsigned char>(look(0)) >= 0x80) return refuse("a range beyond ASCII");
        if (is_range) copy(1);
        continue;
      }
      if (c == '\\') {
        QT_TRY_STATUS(escape(true));
        range_may_start = false;
        continue;
      }
      range_may_start = static_cast<unsigned char>(c) < 0x80;
      copy(1);
    }
    copy(1);
    return {};
  }

  Status group() {
    if (look(1) == '*') return refuse("\"(*\"");
    if (look(1) != '?') {
      copy(1);
      return {};
    }
    for (const std::string_view head : {"(?:", "(?i:", "(?!", "(?="}) {
      if (pattern_.substr(at_).starts_with(head)) {
        copy(head.size());
        return {};
      }
    }
    return refuse("a group of this kind");
  }

  Status counted() {
    const auto close = pattern_.find('}', at_);
    if (close == std::string_view::npos) return refuse("\"{\"");
    const std::string_view body = pattern_.substr(at_ + 1, close - at_ - 1);
    const bool well_formed =
        !body.empty() && body.size() <= 7 && body.front() >= '0' && body.front() <= '9' &&
        std::ranges::count(body, ',') <= 1 &&
        std::ranges::all_of(body, [](char c) { return c == ',' || (c >= '0' && c <= '9'); });
    if (!well_formed) return refuse("\"{\"");
    copy(close + 1 - at_);
    if (look(0) == '+' || look(0) == '?') return refuse("a count followed by \"+\" or \"?\"");
    return {};
  }

  std::string_view pattern_;
  const YoungCharacters& young_;
  std::string_view source_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> translate_pattern(std::string_view pattern, const YoungCharacters& young,
                                      std::string_view source) {
  return Translator(pattern, young, source).run();
}

}  // namespace quantier::tokenizer_detail
