// Fuzzes the tokenizer: the first byte chooses between reading the rest as a tokenizer.json and encoding it
// as text with a fixed tokenizer of each splitting pattern. Nothing may crash or run out of bounds, and ids
// stay inside the vocabulary.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "quantier/tokenizer/tokenizer.h"

namespace {

using quantier::Tokenizer;

constexpr const char* kHead = R"({"normalizer": {"type": "NFC"}, "added_tokens": [
  {"id": 9, "content": "<T>", "single_word": false, "lstrip": true, "rstrip": true, "normalized": true, "special": false},
  {"id": 10, "content": "e\u0301", "single_word": true, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
  "model": {"type": "BPE", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "ab": 3, "aba": 4, "\u0120": 5, "\u0120a": 6,
  "\u00cc": 7, "\u00cca": 8}, "merges": ["a b", "ab a", "\u0120 a", "\u00cc a"]}, "pre_tokenizer": )";
constexpr const char* kGpt2 = R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": true}})";
constexpr const char* kQwen2 =
    R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex":
 "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},
 {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}})";
constexpr const char* kOther =
    R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex":
 "\\p{N}{1,3}|[^\\s\\p{L}]+\\s?"}}, {"type": "ByteLevel", "add_prefix_space": true, "use_regex": true}]}})";

void encode(const Tokenizer& tokenizer, std::string_view text) {
  const auto whole = tokenizer.encode(text, std::nullopt);
  const auto cut = tokenizer.encode(text, 3);
  if (whole.has_value() != cut.has_value()) std::abort();
  if (!whole) return;
  const auto limit = static_cast<std::int32_t>(tokenizer.vocabulary_size());
  for (const std::int32_t id : whole->ids) {
    if (id < 0 || id >= limit) std::abort();
  }
  for (std::size_t i = 0; i < cut->ids.size(); ++i) {
    if (cut->ids[i] != whole->ids[i]) std::abort();
  }
}

Tokenizer fixed(const char* pre_tokenizer) {
  auto tokenizer = Tokenizer::parse(std::string(kHead) + pre_tokenizer, "fuzz");
  if (!tokenizer) std::abort();
  return std::move(tokenizer).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Tokenizer kFixed[] = {fixed(kGpt2), fixed(kQwen2), fixed(kOther)};
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 4 < 3) {
    encode(kFixed[data[0] % 4], rest);
  } else if (const auto tokenizer = Tokenizer::parse(rest, "fuzz")) {
    (void)tokenizer->encode("a <T> cafe\xCC\x81's 12\r\n", std::nullopt);
  }
  return 0;
}
