#include "quantier/dataset/near_signature.h"

#include <bit>
#include <charconv>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include "quantier/dataset/shingles.h"

namespace quantier {
namespace {

constexpr std::size_t kBits = 128;
constexpr std::size_t kBitsOfWord = 64;
constexpr std::size_t kDigitsOfWord = 16;

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): each bit of the result depends on every bit.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace

std::optional<NearSignature> near_signature(std::string_view text) {
  const std::vector<std::uint64_t> shingles = shingles_of(text);
  if (shingles.empty()) return std::nullopt;
  NearSignature signature = {};
  for (std::size_t j = 0; j < kBits; ++j) {
    const std::uint64_t stream = 0x9e3779b97f4a7c15U * (j + 1);
    std::uint64_t smallest = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t shingle : shingles) smallest = std::min(smallest, mixed(shingle ^ stream));
    signature[j / kBitsOfWord] |= (smallest & 1U) << (j % kBitsOfWord);
  }
  return signature;
}

double estimated_likeness(const NearSignature& a, const NearSignature& b) {
  const int differing = std::popcount(a[0] ^ b[0]) + std::popcount(a[1] ^ b[1]);
  return 1.0 - 2.0 * differing / static_cast<double>(kBits);
}

std::string signature_text(const NearSignature& signature) {
  return fmt::format("{:016x}{:016x}", signature[0], signature[1]);
}

std::optional<NearSignature> parse_signature(std::string_view text) {
  NearSignature signature = {};
  if (text.size() != signature.size() * kDigitsOfWord) return std::nullopt;
  for (std::size_t word = 0; word < signature.size(); ++word) {
    const char* begin = text.data() + word * kDigitsOfWord;
    const auto [end, error] = std::from_chars(begin, begin + kDigitsOfWord, signature[word], 16);
    if (error != std::errc{} || end != begin + kDigitsOfWord) return std::nullopt;
  }
  return signature;
}

std::vector<NearText> find_near(std::span<const std::optional<NearSignature>> signatures,
                                std::span<const std::string> texts) {
  std::vector<NearText> best(signatures.size(), NearText{0, 0, 0});
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const std::optional<NearSignature> own = near_signature(texts[t]);
    if (!own) continue;
    for (std::size_t s = 0; s < signatures.size(); ++s) {
      if (!signatures[s]) continue;
      const double estimate = estimated_likeness(*signatures[s], *own);
      if (estimate >= kNearEstimate && estimate > best[s].estimate) best[s] = {s, t, estimate};
    }
  }
  std::erase_if(best, [](const NearText& each) { return each.estimate < kNearEstimate; });
  return best;
}

}  // namespace quantier
