// Threads that share one text: each takes some of its rows through the network, and they wait for each other
// where a row reads what others have made (keys and values, LLM.int8()'s outlier columns).
//
// For texts that are fewer than threads. Waiting spins first, because a layer takes less time than a wake-up,
// and then gives the processor away, because it may be the only one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quantier {

class Team {
 public:
  // `rows`: of the text.
  Team(std::size_t members, std::size_t rows)
      : columns_(2 * members), posts_(members), members_(members), rows_(rows) {}

  [[nodiscard]] std::size_t members() const { return members_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }

  // Returns when every member has called it as often as this one. Throws std::bad_alloc when one has given
  // up.
  void wait();
  // From a member that ran out of memory: the others need not wait for it.
  void give_up() { abandoned_.store(true, std::memory_order_release); }

  // What a member shows the others: posted before a wait, read after it and until the next one.
  void post(std::size_t member, const void* what) { posts_[member] = what; }
  [[nodiscard]] const void* posted(std::size_t member) const { return posts_[member]; }

  // The ascending union of what all members give; every member calls it at the same point. The result stays
  // until the member's next call.
  std::span<const std::uint32_t> unite(std::size_t member, std::span<const std::uint32_t> columns,
                                       std::vector<std::uint32_t>& all);

 private:
  std::vector<std::vector<std::uint32_t>> columns_;  // [two turns][members]
  std::vector<const void*> posts_;
  std::size_t members_;
  std::size_t rows_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> passed_{0};
  std::atomic<bool> abandoned_{false};
};

}  // namespace quantier
