#define PCRE2_CODE_UNIT_WIDTH 8

#include "quantier/tokenizer/splitter.h"

#include <array>

#include <fmt/format.h>
#include <pcre2.h>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"
#include "quantier/tokenizer/pattern.h"
#include "quantier/tokenizer/unicode.h"

namespace quantier::tokenizer_detail {
namespace {

constexpr std::uint32_t kMatchLimit = 100'000'000;
constexpr std::uint32_t kDepthLimit = 10'000;
constexpr std::size_t kHeapLimitKib = 256 * 1024;

// A position in the text with the class of the character there.
struct Cursor {
  std::string_view text;
  const CharTable& table;

  struct Look {
    CharClass char_class;
    std::uint32_t value;
    std::size_t end;
  };
  [[nodiscard]] Look at(std::size_t i) const {
    const CodePoint c = decode_at(text.data() + i);
    return {table.char_class(c.value), c.value, i + c.bytes};
  }
  // End of the run of characters of class `wanted` that starts at i (which may be empty).
  [[nodiscard]] std::size_t run_end(std::size_t i, CharClass wanted) const {
    while (i < text.size()) {
      const Look next = at(i);
      if (next.char_class != wanted) break;
      i = next.end;
    }
    return i;
  }
  // \s+(?!\S)|\s+ for the run of white space [i, run): all of it at the end of the text, else all but its
  // last character, which goes with what follows; a single one stands alone.
  [[nodiscard]] std::size_t space_end(std::size_t i, std::size_t run) const {
    if (run == text.size()) return run;
    const std::size_t last = previous_start(text, run);
    return last > i ? last : run;
  }
};

// Length of the contraction after an apostrophe at i ('s, 't, 're, ...), with the apostrophe, or 0.
std::size_t contraction(std::string_view text, std::size_t i, bool any_case) {
  if (i + 1 >= text.size()) return 0;
  const auto lower = [any_case](char c) {
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  };
  const char first = lower(text[i + 1]);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (any_case && text.substr(i + 1, 2) == "\xC5\xBF") return 3;  // U+017F, the long s, folds to s
  if (i + 2 >= text.size()) return 0;
  const char second = lower(text[i + 2]);
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')) {
    return 3;
  }
  return 0;
}

std::size_t gpt2_end(const Cursor& cursor, std::size_t i) {
  const auto here = cursor.at(i);
  if (here.value == '\'') {
    if (const std::size_t length = contraction(cursor.text, i, false)) return i + length;
  }
  if (here.char_class != kSpace) return cursor.run_end(here.end, here.char_class);
  if (here.value == ' ' && here.end < cursor.text.size()) {
    const auto next = cursor.at(here.end);
    if (next.char_class != kSpace) return cursor.run_end(next.end, next.char_class);
  }
  return cursor.space_end(i, cursor.run_end(here.end, kSpace));
}

std::size_t qwen2_end(const Cursor& cursor, std::size_t i) {
  const std::string_view text = cursor.text;
  const auto newline = [](std::uint32_t c) { return c == '\r' || c == '\n'; };
  const auto here = cursor.at(i);
  if (here.value == '\'') {
    if (const std::size_t length = contraction(text, i, true)) return i + length;
  }
  if (here.char_class == kLetter) return cursor.run_end(here.end, kLetter);
  if (here.char_class == kNumber) return here.end;
  const bool more = here.end < text.size();
  if (more && !newline(here.value)) {
    const auto next = cursor.at(here.end);
    if (next.char_class == kLetter) return cursor.run_end(next.end, kLetter);
  }
  std::size_t others = here.end;  // " ?[^\s\p{L}\p{N}]+[\r\n]*"
  bool is_other = here.char_class == kOther;
  if (here.value == ' ' && more) {
    const auto next = cursor.at(here.end);
    is_other = next.char_class == kOther;
    others = next.end;
  }
  if (is_other) {
    std::size_t end = cursor.run_end(others, kOther);
    while (end < text.size() && newline(static_cast<unsigned char>(text[end]))) ++end;
    return end;
  }
  const std::size_t run = cursor.run_end(here.end, kSpace);
  // \s*[\r\n]+ ends after the last line break of the run, where there is one.
  const std::size_t last_break = text.substr(i, run - i).find_last_of("\r\n");
  if (last_break != std::string_view::npos) return i + last_break + 1;
  return cursor.space_end(i, run);
}

// The characters of a class that PCRE2's own property lacks, as "\x{..}-\x{..}" and so on.
std::string young_of(CharClass wanted, const char* not_property) {
  const CharTable& table = CharTable::instance();
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(not_property), PCRE2_ZERO_TERMINATED,
                                   PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  QT_CHECK(code != nullptr && data != nullptr, "PCRE2 does not know a general category");
  std::string ranges;
  std::uint32_t first = 0;
  bool open = false;
  for (std::uint32_t c = 0; c <= 0x110000; ++c) {
    bool young = false;
    if (c < 0x110000 && table.char_class(c) == wanted) {
      const std::string text = encode_utf8(c);
      young = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, PCRE2_NO_UTF_CHECK,
                          data, nullptr) > 0;
    }
    if (young && !open) first = c;
    if (!young && open) ranges += fmt::format("\\x{{{:x}}}-\\x{{{:x}}}", first, c - 1);
    open = young;
  }
  pcre2_match_data_free(data);
  pcre2_code_free(code);
  return ranges;
}

const YoungCharacters& young_characters() {
  static const YoungCharacters young{young_of(kLetter, "\\P{L}"), young_of(kNumber, "\\P{N}")};
  return young;
}

}  // namespace

struct Splitter::Code {
  pcre2_code* code = nullptr;
  bool jit = false;
  Code() = default;
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;
  ~Code() { pcre2_code_free(code); }
};

struct Splitter::Scratch::Pcre2 {
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  pcre2_jit_stack* stack = nullptr;
  Pcre2() = default;
  Pcre2(const Pcre2&) = delete;
  Pcre2& operator=(const Pcre2&) = delete;
  ~Pcre2() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
};

Splitter::Scratch::Scratch() = default;
Splitter::Scratch::~Scratch() = default;
Splitter::Splitter() = default;
Splitter::Splitter(Splitter&&) noexcept = default;
Splitter& Splitter::operator=(Splitter&&) noexcept = default;
Splitter::~Splitter() = default;

Result<Splitter> Splitter::for_pattern(std::string_view pattern, std::string_view source, bool force_pcre2) {
  Splitter splitter;
  splitter.source_ = std::string(source);
  if (!force_pcre2 && pattern == kGpt2Pattern) return splitter;
  if (!force_pcre2 && pattern == kQwen2Pattern) {
    splitter.kind_ = Kind::kQwen2;
    return splitter;
  }
  splitter.kind_ = Kind::kPcre2;
  QT_TRY(const std::string translated, translate_pattern(pattern, young_characters(), source));
  splitter.code_ = std::make_unique<Code>();
  int error = 0;
  PCRE2_SIZE offset = 0;
  splitter.code_->code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (splitter.code_->code == nullptr) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return fail(
        ErrorKind::kUnsupported, "the tokenizer's regular expression is not understood", std::string(source),
        fmt::format("{} in \"{}\"", reinterpret_cast<const char*>(message.data()), printable(pattern)));
  }
  std::uint32_t may_be_empty = 0;
  pcre2_pattern_info(splitter.code_->code, PCRE2_INFO_MATCHEMPTY, &may_be_empty);
  if (may_be_empty != 0) {
    return fail(ErrorKind::kUnsupported,
                "a tokenizer's regular expression that matches nothing is not offered", std::string(source),
                fmt::format("\"{}\" matches the empty text", printable(pattern)));
  }
  splitter.code_->jit = pcre2_jit_compile(splitter.code_->code, PCRE2_JIT_COMPLETE) == 0;
  return splitter;
}

Result<std::size_t> Splitter::word_end(std::string_view text, std::size_t start, Scratch& scratch) const {
  if (kind_ != Kind::kPcre2) {
    const Cursor cursor{text, CharTable::instance()};
    return kind_ == Kind::kGpt2 ? gpt2_end(cursor, start) : qwen2_end(cursor, start);
  }
  if (scratch.has_pending_ && scratch.pending_start_ == start) {
    scratch.has_pending_ = false;
    return scratch.pending_end_;
  }
  if (!scratch.pcre2_) {
    auto state = std::make_unique<Scratch::Pcre2>();
    state->data = pcre2_match_data_create(1, nullptr);
    state->context = pcre2_match_context_create(nullptr);
    QT_CHECK(state->data != nullptr && state->context != nullptr, "out of memory");
    pcre2_set_match_limit(state->context, kMatchLimit);
    pcre2_set_depth_limit(state->context, kDepthLimit);
    pcre2_set_heap_limit(state->context, kHeapLimitKib);
    if (code_->jit) {
      state->stack = pcre2_jit_stack_create(32 * 1024, 16 * 1024 * 1024, nullptr);
      if (state->stack != nullptr) pcre2_jit_stack_assign(state->context, nullptr, state->stack);
    }
    scratch.pcre2_ = std::move(state);
  }
  const auto match = [&](std::uint32_t flags) {
    return pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), start,
                       PCRE2_NO_UTF_CHECK | flags, scratch.pcre2_->data, scratch.pcre2_->context);
  };
  int rc = match(0);
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT) rc = match(PCRE2_NO_JIT);
  if (rc == PCRE2_ERROR_NOMATCH) return text.size();
  if (rc < 0) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(rc, message.data(), message.size());
    return fail(
        ErrorKind::kUserInput, "the text is too much for the tokenizer's regular expression", source_,
        fmt::format("{} at byte {} of the text", reinterpret_cast<const char*>(message.data()), start));
  }
  const PCRE2_SIZE* at = pcre2_get_ovector_pointer(scratch.pcre2_->data);
  if (at[0] == start) return at[1];
  scratch.has_pending_ = true;  // the gap first, then the match
  scratch.pending_start_ = at[0];
  scratch.pending_end_ = at[1];
  return at[0];
}

}  // namespace quantier::tokenizer_detail
