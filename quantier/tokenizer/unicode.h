// Unicode as the reference library sees it: character classes of its regular expressions, and its NFC.
//
// Source: Unicode Standard Annex 15 for NFC; the classes are read off the reference (unicode_tables.inc),
// which mixes Unicode versions. All text here is valid UTF-8; nothing checks it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quantier::tokenizer_detail {

enum CharClass : std::uint8_t { kOther, kLetter, kNumber, kSpace };

struct CodePoint {
  std::uint32_t value;
  std::uint32_t bytes;  // 1 .. 4
};

[[nodiscard]] inline CodePoint decode_at(const char* text) {
  const auto byte = [text](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {((lead & 0x1F) << 6) | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {((lead & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F), 3};
  return {((lead & 0x07) << 18) | ((byte(1) & 0x3F) << 12) | ((byte(2) & 0x3F) << 6) | (byte(3) & 0x3F), 4};
}

// Start of the character that ends before `end`; end > 0.
[[nodiscard]] std::size_t previous_start(std::string_view text, std::size_t end);

[[nodiscard]] std::string encode_utf8(std::uint32_t code_point);

// Class, word and NFC facts of every code point, two levels: 256 code points share a page.
class CharTable {
 public:
  [[nodiscard]] static const CharTable& instance();

  [[nodiscard]] CharClass char_class(std::uint32_t code_point) const {
    return static_cast<CharClass>(entry(code_point) & 3);
  }
  // A character that must not touch a single_word token.
  [[nodiscard]] bool is_word(std::uint32_t code_point) const { return (entry(code_point) & kWordBit) != 0; }
  // False: NFC leaves it alone, whatever stands beside it.
  [[nodiscard]] bool needs_nfc(std::uint32_t code_point) const { return (entry(code_point) & kNfcBit) != 0; }
  // The reference's normalizer does not know it yet: a starter that never combines.
  [[nodiscard]] bool inert_in_nfc(std::uint32_t code_point) const {
    return (entry(code_point) & kInertBit) != 0;
  }

 private:
  CharTable();
  static constexpr std::uint8_t kWordBit = 4;
  static constexpr std::uint8_t kNfcBit = 8;
  static constexpr std::uint8_t kInertBit = 16;
  [[nodiscard]] std::uint8_t entry(std::uint32_t code_point) const {
    return entries_[(static_cast<std::size_t>(pages_[code_point >> 8]) << 8) | (code_point & 0xFF)];
  }
  std::uint16_t pages_[0x1100];
  std::string storage_;
  const std::uint8_t* entries_;
};

// Appends NFC(text) to `out`, in linear time except for sorting runs of combining marks.
// Returns false, and appends nothing, when the text is in NFC already.
[[nodiscard]] bool normalize_nfc(std::string_view text, std::string& out);

}  // namespace quantier::tokenizer_detail
