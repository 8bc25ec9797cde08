#include "quantier/checkpoint/adapter/python_pattern.h"

#include <array>
#include <utility>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include "quantier/base/utf8.h"

namespace quantier {
namespace {

constexpr std::size_t kMaxPatternBytes = 8192;
// Steps of one match. The longest honest match, `.*` over a name of 100 characters with a list of
// alternatives, takes some thousands.
constexpr std::uint32_t kMaxSteps = 50'000;
constexpr std::string_view kSameEscapes = "dDwWsSbBntr";

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What the two engines read differently, or nothing.
std::string foreign_part(std::string_view pattern) {
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const std::string_view rest = pattern.substr(i);
    if (static_cast<unsigned char>(c) >= 0x80) return fmt::format("a byte that is not ASCII at byte {}", i);
    if (c == '\\') {
      if (rest.size() < 2) return fmt::format("a backslash at its end");
      const char escaped = rest[1];
      const bool same = !is_letter_or_digit(escaped) || kSameEscapes.find(escaped) != std::string_view::npos;
      // \b is a backspace inside a class.
      if (!same || (in_class && (escaped == 'b' || escaped == 'B'))) {
        return fmt::format("\"\\{}\" at byte {}", escaped, i);
      }
      ++i;
      continue;
    }
    if (in_class) {
      if (rest.starts_with("[:") || rest.starts_with("[.") || rest.starts_with("[=")) {
        return fmt::format("\"{}\" in a class at byte {}", rest.substr(0, 2), i);
      }
      if (c == ']') in_class = false;
      continue;
    }
    if (c == '[') {
      in_class = true;
      // A bracket directly behind the opening is a member in both.
      if (rest.substr(1).starts_with("^")) ++i;
      if (pattern.substr(i + 1).starts_with("]")) ++i;
      continue;
    }
    for (const std::string_view other : {"(*", "{,"}) {
      if (rest.starts_with(other)) return fmt::format("\"{}\" at byte {}", other, i);
    }
    if (!rest.starts_with("(?")) continue;
    bool known = false;
    for (const std::string_view same : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?P<"}) {
      known = known || rest.starts_with(same);
    }
    if (!known) return fmt::format("\"{}\" at byte {}", printable(rest.substr(0, 3), 8), i);
  }
  return {};
}

}  // namespace

struct PythonPattern::State {
  ~State() {
    pcre2_match_data_free(match);
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
  }
  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;
  pcre2_match_data* match = nullptr;
  std::string text;
  std::string source;

  [[nodiscard]] Result<bool> run(std::string_view subject, std::uint32_t options) const {
    const int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), 0,
                                  options, match, limits);
    if (found >= 0) return true;
    if (found == PCRE2_ERROR_NOMATCH) return false;
    return fail(ErrorKind::kUnsupported, "a pattern takes too long", source,
                fmt::format("\"{}\" against {} was given up after {} steps", printable(text, 120),
                            printable(subject, 120), kMaxSteps),
                "write the names of the modules out instead");
  }
};

PythonPattern::PythonPattern() : state_(std::make_unique<State>()) {}
PythonPattern::PythonPattern(PythonPattern&&) noexcept = default;
PythonPattern& PythonPattern::operator=(PythonPattern&&) noexcept = default;
PythonPattern::~PythonPattern() = default;

Result<PythonPattern> PythonPattern::compile(std::string_view pattern, std::string_view source,
                                             std::string_view before, std::string_view after) {
  if (pattern.size() > kMaxPatternBytes) {
    return fail(ErrorKind::kUnsupported, "a pattern is too long", std::string(source),
                fmt::format("it has {} bytes, {} are read", pattern.size(), kMaxPatternBytes));
  }
  if (const std::string part = foreign_part(pattern); !part.empty()) {
    return fail(ErrorKind::kUnsupported, "a pattern uses a part of Python's expressions that is not read",
                std::string(source), fmt::format("{} of \"{}\"", part, printable(pattern, 120)),
                "write the names of the modules out instead");
  }
  PythonPattern compiled;
  State& state = *compiled.state_;
  state.text = pattern;
  state.source = source;
  const std::string whole = fmt::format("{}{}{}", before, pattern, after);
  int error = 0;
  PCRE2_SIZE offset = 0;
  state.code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(whole.data()), whole.size(), 0, &error, &offset, nullptr);
  if (state.code == nullptr) {
    std::array<char, 256> message{};
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(message.data()), message.size());
    return fail(ErrorKind::kUserInput, "a pattern is not a regular expression", std::string(source),
                fmt::format("\"{}\": {}", printable(pattern, 120), message.data()));
  }
  state.limits = pcre2_match_context_create(nullptr);
  state.match = pcre2_match_data_create(1, nullptr);
  if (state.limits == nullptr || state.match == nullptr) {
    return fail(ErrorKind::kEnvironment, "not enough memory to read a pattern", std::string(source));
  }
  pcre2_set_match_limit(state.limits, kMaxSteps);
  pcre2_set_depth_limit(state.limits, kMaxSteps);
  return compiled;
}

Result<bool> PythonPattern::matches_whole(std::string_view text) const {
  return state_->run(text, PCRE2_ANCHORED | PCRE2_ENDANCHORED);
}

Result<bool> PythonPattern::matches_start(std::string_view text) const {
  return state_->run(text, PCRE2_ANCHORED);
}

}  // namespace quantier
