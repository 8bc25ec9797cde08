#include "quantier/engine/team.h"

#include <algorithm>
#include <new>
#include <thread>

namespace quantier {
namespace {

constexpr int kSpins = 4000;

}  // namespace

void Team::wait() {
  const std::uint64_t turn = passed_.load(std::memory_order_acquire);
  if (waiting_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
    waiting_.store(0, std::memory_order_relaxed);
    passed_.store(turn + 1, std::memory_order_release);
    return;
  }
  for (int spin = 0; passed_.load(std::memory_order_acquire) == turn; ++spin) {
    if (abandoned_.load(std::memory_order_acquire)) throw std::bad_alloc();
    if (spin < kSpins) {
      __builtin_ia32_pause();
    } else {
      std::this_thread::yield();
    }
  }
}

std::span<const std::uint32_t> Team::unite(std::size_t member, std::span<const std::uint32_t> columns,
                                           std::vector<std::uint32_t>& all) {
  // Two turns: a member that is ahead by one call must not write over what others still read.
  const std::size_t turn = passed_.load(std::memory_order_acquire) % 2 * members_;
  columns_[turn + member].assign(columns.begin(), columns.end());
  wait();
  all.clear();
  for (std::size_t i = 0; i < members_; ++i)
    all.insert(all.end(), columns_[turn + i].begin(), columns_[turn + i].end());
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

}  // namespace quantier
