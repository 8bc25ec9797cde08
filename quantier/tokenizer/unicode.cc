#include "quantier/tokenizer/unicode.h"

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include <utf8proc.h>

#include "quantier/base/check.h"

namespace quantier::tokenizer_detail {
namespace {

#include "quantier/tokenizer/unicode_tables.inc"

void mark(std::vector<std::uint8_t>& flat, std::span<const std::uint32_t> ranges, std::uint8_t bits) {
  for (std::size_t i = 0; i + 1 < ranges.size(); i += 2) {
    for (std::uint32_t c = ranges[i]; c <= ranges[i + 1]; ++c)
      flat[c] = static_cast<std::uint8_t>(flat[c] | bits);
  }
}

// May NFC change this code point, or something beside it because of it?
bool interacts_in_nfc(std::uint32_t code_point) {
  const auto* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(code_point));
  if (property->combining_class != 0) return true;
  if (code_point >= 0x1100 && code_point < 0x1200) return true;   // conjoining jamo
  if (code_point >= 0xAC00 && code_point <= 0xD7A3) return true;  // may take a trailing jamo
  if (property->decomp_type == 0 && property->decomp_seqindex != UINT16_MAX && code_point >= 0x300)
    return true;
  // comb_index: set for both halves of a composition. A first half alone cannot change anything, but the
  // second half can be a starter, and which half it is depends on the library's version: both count.
  return property->comb_index != UINT16_MAX && code_point >= 0x300;
}

}  // namespace

std::size_t previous_start(std::string_view text, std::size_t end) {
  std::size_t start = end - 1;
  while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
  return start;
}

std::string encode_utf8(std::uint32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

const CharTable& CharTable::instance() {
  static const CharTable table;
  return table;
}

CharTable::CharTable() {
  std::vector<std::uint8_t> flat(0x110000, 0);
  mark(flat, kLetters, kLetter);
  mark(flat, kNumbers, kNumber);
  mark(flat, kWhitespace, kSpace);
  mark(flat, kWord, kWordBit);
  mark(flat, kInertInNfc, kInertBit | kNfcBit);
  for (std::uint32_t c = 0x300; c < 0x110000; ++c) {
    if (interacts_in_nfc(c)) flat[c] |= kNfcBit;
  }
  std::map<std::string, std::uint16_t> known;
  for (std::size_t page = 0; page < 0x1100; ++page) {
    std::string content(flat.begin() + static_cast<std::ptrdiff_t>(page * 256),
                        flat.begin() + static_cast<std::ptrdiff_t>(page * 256 + 256));
    const auto [found, inserted] = known.emplace(content, static_cast<std::uint16_t>(known.size()));
    if (inserted) storage_ += content;
    pages_[page] = found->second;
  }
  entries_ = reinterpret_cast<const std::uint8_t*>(storage_.data());
}

bool normalize_nfc(std::string_view text, std::string& out) {
  const CharTable& table = CharTable::instance();
  bool changes = false;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0xCC) {  // below U+0300
      i += lead < 0x80 ? 1 : 2;
      continue;
    }
    const CodePoint c = decode_at(text.data() + i);
    if (table.needs_nfc(c.value)) {
      changes = true;
      break;
    }
    i += c.bytes;
  }
  if (!changes) return false;

  std::vector<utf8proc_int32_t> points;  // decomposed, not yet composed
  points.reserve(text.size());
  const auto flush = [&] {
    // Canonical order: sort every run of non-starters by class, keeping the order of equals.
    const auto combining = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
    for (std::size_t i = 0; i < points.size();) {
      if (combining(points[i]) == 0) {
        ++i;
        continue;
      }
      std::size_t end = i + 1;
      while (end < points.size() && combining(points[end]) != 0) ++end;
      if (end - i > 1) {
        std::stable_sort(points.begin() + static_cast<std::ptrdiff_t>(i),
                         points.begin() + static_cast<std::ptrdiff_t>(end),
                         [&](auto a, auto b) { return combining(a) < combining(b); });
      }
      i = end;
    }
    const auto count =
        utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()),
                                 static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    QT_CHECK(count >= 0, "composing valid code points failed");
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
      utf8proc_uint8_t bytes[4];
      const auto size = utf8proc_encode_char(points[static_cast<std::size_t>(i)], bytes);
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    points.clear();
  };
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_at(text.data() + i);
    if (table.inert_in_nfc(c.value)) {
      flush();
      out.append(text.substr(i, c.bytes));
    } else {
      utf8proc_int32_t parts[32];
      int boundary = 0;
      const auto count = utf8proc_decompose_char(
          static_cast<utf8proc_int32_t>(c.value), parts, 32,
          static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE), &boundary);
      QT_CHECK(count >= 0 && count <= 32, "decomposing a valid code point failed");
      points.insert(points.end(), parts, parts + count);
    }
    i += c.bytes;
  }
  flush();
  return true;
}

}  // namespace quantier::tokenizer_detail
