// Byte-pair encoding of one word.
//
// Source: Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword units", ACL 2016,
// over bytes written in GPT-2's alphabet of 256 printable characters. Always the merge of least rank, the
// leftmost of equals. A short word is scanned; a long one goes through a heap, so that a word of n bytes
// costs O(n log n). Words seen before come from a cache that every thread has for itself.
//
// A byte that is not in the vocabulary becomes unk_token, or vanishes when there is none, as in the
// reference.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/tokenizer/tokenizer_file.h"

namespace quantier::tokenizer_detail {

class BpeModel {
 public:
  // Takes "model" out of the file and leaves the vocabulary there.
  [[nodiscard]] static Result<BpeModel> from_file(const TokenizerFile& file, std::string_view source);

  // Appends the ids of `word` (raw bytes, not GPT-2's alphabet).
  void append_ids(std::string_view word, std::vector<std::int32_t>& ids) const;

  // The same without the cache, by one of the two algorithms: for the tests.
  void append_ids_by_scan(std::string_view word, std::vector<std::int32_t>& ids) const;
  void append_ids_by_heap(std::string_view word, std::vector<std::int32_t>& ids) const;

  [[nodiscard]] std::size_t vocabulary_entries() const { return entries_; }
  [[nodiscard]] std::int32_t largest_id() const { return largest_id_; }  // -1: empty

 private:
  struct Merge {
    std::uint64_t pair = ~std::uint64_t{0};  // left id << 32 | right id; all ones: empty slot
    std::uint32_t rank = 0;
    std::int32_t new_id = 0;
  };
  static std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
           static_cast<std::uint32_t>(right);
  }
  [[nodiscard]] const Merge* find_merge(std::int32_t left, std::int32_t right) const;
  void add_merge(std::int32_t left, std::int32_t right, std::uint32_t rank, std::int32_t new_id);
  [[nodiscard]] std::int32_t find_word(std::string_view word) const;  // -1: not in the vocabulary
  void append_symbols(std::string_view word, std::vector<std::int32_t>& symbols) const;
  void append_uncached(std::string_view word, std::vector<std::int32_t>& ids) const;

  std::uint64_t serial_ = 0;                 // tells the threads' caches which model their words belong to
  std::array<std::int32_t, 256> byte_id_{};  // -1: the byte has no token and there is no unk_token
  std::vector<Merge> merges_;                // open addressing, a power of two, at most half full
  std::uint64_t merge_mask_ = 0;
  bool ignore_merges_ = false;
  // For ignore_merges: the vocabulary's words as raw bytes, sorted.
  std::vector<std::pair<std::string, std::int32_t>> words_;
  std::size_t entries_ = 0;
  std::int32_t largest_id_ = -1;
};

}  // namespace quantier::tokenizer_detail
