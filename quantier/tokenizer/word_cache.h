// Words and their ids, for one thread and one model: a flat table over two arenas, emptied when full.
//
// Memory is bounded (about 6 MB at worst); nothing is allocated for a word once the arenas have grown.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quantier::tokenizer_detail {

inline std::uint64_t hash_bytes(std::string_view text) {
  constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15u;
  std::uint64_t hash = text.size() * kMultiplier;
  const char* data = text.data();
  std::size_t left = text.size();
  const auto mix = [&hash](std::uint64_t chunk) {
    hash = (hash ^ chunk) * kMultiplier;
    hash ^= hash >> 32;
  };
  while (left >= 8) {
    std::uint64_t chunk = 0;
    std::memcpy(&chunk, data, 8);
    mix(chunk);
    data += 8;
    left -= 8;
  }
  if (left > 0) {
    std::uint64_t chunk = 0;
    for (std::size_t i = 0; i < left; ++i) {
      chunk |= static_cast<std::uint64_t>(static_cast<unsigned char>(data[i])) << (8 * i);
    }
    mix(chunk);
  }
  return hash;
}

class WordCache {
 public:
  static constexpr std::size_t kMaxWordBytes = 64;

  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t word_at = 0;
    std::uint32_t ids_at = 0;
    std::uint16_t word_bytes = 0;  // 0: empty
    std::uint16_t id_count = 0;
  };

  // The slot of `word`, or the empty one where it belongs. word.size() is 1 .. kMaxWordBytes.
  [[nodiscard]] const Slot* find(std::string_view word, std::uint64_t hash) const {
    for (std::size_t at = hash & kMask;; at = (at + 1) & kMask) {
      const Slot& slot = slots_[at];
      if (slot.word_bytes == 0) return nullptr;
      if (slot.hash == hash && slot.word_bytes == word.size() &&
          std::memcmp(words_.data() + slot.word_at, word.data(), word.size()) == 0) {
        return &slot;
      }
    }
  }
  [[nodiscard]] std::span<const std::int32_t> ids(const Slot& slot) const {
    return {ids_.data() + slot.ids_at, slot.id_count};
  }
  void insert(std::string_view word, std::uint64_t hash, std::span<const std::int32_t> ids) {
    if (used_ >= kSlots / 2) clear();
    std::size_t at = hash & kMask;
    while (slots_[at].word_bytes != 0) at = (at + 1) & kMask;
    slots_[at] = {hash, static_cast<std::uint32_t>(words_.size()), static_cast<std::uint32_t>(ids_.size()),
                  static_cast<std::uint16_t>(word.size()), static_cast<std::uint16_t>(ids.size())};
    words_.append(word);
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    ++used_;
  }
  void clear() {
    slots_.assign(kSlots, Slot{});
    words_.clear();
    ids_.clear();
    used_ = 0;
  }

  std::uint64_t model_serial = 0;

 private:
  static constexpr std::size_t kSlots = std::size_t{1} << 16;
  static constexpr std::size_t kMask = kSlots - 1;
  std::vector<Slot> slots_ = std::vector<Slot>(kSlots);
  std::string words_;
  std::vector<std::int32_t> ids_;
  std::size_t used_ = 0;
};

}  // namespace quantier::tokenizer_detail
