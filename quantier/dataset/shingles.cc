#include "quantier/dataset/shingles.h"

#include <algorithm>
#include <string>

namespace quantier {
namespace {

constexpr std::size_t kShingleWords = 3;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

// FNV-1a with a final mix; nobody gains by forging likenesses of his own texts.
std::uint64_t hash_of(std::string_view word) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash ^ (hash >> 29U);
}

}  // namespace

std::vector<std::uint64_t> shingles_of(std::string_view text) {
  std::vector<std::uint64_t> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(hash_of(word));
    word.clear();
  };
  for (const char c : text) {
    if (is_word(lower(c))) {
      word.push_back(lower(c));
    } else {
      end_word();
    }
  }
  end_word();
  std::vector<std::uint64_t> shingles;
  const std::size_t length = std::min(kShingleWords, words.size());
  for (std::size_t i = 0; length > 0 && i + length <= words.size(); ++i) {
    std::uint64_t hash = 0;
    for (std::size_t j = 0; j < length; ++j)
      hash = (hash ^ words[i + j]) * 0x9e3779b97f4a7c15U + (hash >> 31U);
    shingles.push_back(hash);
  }
  std::ranges::sort(shingles);
  const auto repeated = std::ranges::unique(shingles);
  shingles.erase(repeated.begin(), repeated.end());
  return shingles;
}

}  // namespace quantier
