#include "quantier/dataset/fingerprint.h"

#include "quantier/base/sha256.h"

namespace quantier {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\r\f\v";
constexpr std::size_t kDigits = 16;

}  // namespace

std::string normalised_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool is_gap = false;
  for (const char c : text) {
    if (kWhiteSpace.find(c) != std::string_view::npos) {
      is_gap = true;
      continue;
    }
    if (is_gap && !out.empty()) out += ' ';
    is_gap = false;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::string text_fingerprint(std::string_view text) {
  return sha256_hex(normalised_text(text)).substr(0, kDigits);
}

}  // namespace quantier
