#include "quantier/stats/estimators/multinomial.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "quantier/base/check.h"
#include "quantier/base/rng.h"
#include "quantier/stats/estimators/binomial.h"

namespace quantier {
namespace {

// From this many examples on, a binomial costs less than drawing the examples one by one.
constexpr std::uint64_t kLargeCell = 64;

constexpr std::size_t kBlock = 1024;  // examples of small cells that are drawn together
constexpr std::size_t kLanes = 16;    // counters of the generator advanced side by side

// Philox 4x32-10 on kLanes consecutive counters: the same numbers as Philox::block, in loops that a compiler
// turns into vectors.
struct PhiloxLanes {
  std::array<std::uint32_t, kLanes> x0, x1, x2, x3;

  void fill(std::uint64_t first_counter, std::uint64_t stream, std::uint64_t seed) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::uint64_t counter = first_counter + i;
      x0[i] = static_cast<std::uint32_t>(counter);
      x1[i] = static_cast<std::uint32_t>(counter >> 32);
      x2[i] = static_cast<std::uint32_t>(stream);
      x3[i] = static_cast<std::uint32_t>(stream >> 32);
    }
    auto key0 = static_cast<std::uint32_t>(seed);
    auto key1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      for (std::size_t i = 0; i < kLanes; ++i) {
        const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * x0[i];
        const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * x2[i];
        x0[i] = static_cast<std::uint32_t>(product1 >> 32) ^ x1[i] ^ key0;
        x2[i] = static_cast<std::uint32_t>(product0 >> 32) ^ x3[i] ^ key1;
        x1[i] = static_cast<std::uint32_t>(product1);
        x3[i] = static_cast<std::uint32_t>(product0);
      }
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
  }
};

// Numbers of one stream of the generator, a block of lanes at a time.
class NumberStream {
 public:
  NumberStream(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  std::uint32_t next() {
    if (used_ == numbers_.size()) {
      lanes_.fill(counter_, stream_, seed_);
      counter_ += kLanes;
      std::copy(lanes_.x0.begin(), lanes_.x0.end(), numbers_.begin());
      std::copy(lanes_.x1.begin(), lanes_.x1.end(), numbers_.begin() + kLanes);
      std::copy(lanes_.x2.begin(), lanes_.x2.end(), numbers_.begin() + 2 * kLanes);
      std::copy(lanes_.x3.begin(), lanes_.x3.end(), numbers_.begin() + 3 * kLanes);
      used_ = 0;
    }
    return numbers_[used_++];
  }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t counter_ = 0;
  PhiloxLanes lanes_{};
  std::array<std::uint32_t, 4 * kLanes> numbers_{};
  std::size_t used_ = 4 * kLanes;
};

// Conditional binomials and single draws of a replicate use streams that no other replicate uses.
constexpr std::uint64_t kSmallCellStream = std::uint64_t{1} << 63;

// A block of 1,024 examples: ten bits name one, so a number of the generator serves three draws, without a
// remainder that would favour some of them.
void draw_from_block(const std::uint32_t* cell_of, std::uint64_t draws, NumberStream& numbers,
                     std::span<std::uint32_t> drawn) {
  constexpr std::uint32_t kMask = kBlock - 1;
  std::uint64_t left = draws;
  for (; left >= 3; left -= 3) {
    const std::uint32_t number = numbers.next();
    ++drawn[cell_of[number & kMask]];
    ++drawn[cell_of[(number >> 10) & kMask]];
    ++drawn[cell_of[(number >> 20) & kMask]];
  }
  for (; left > 0; --left) ++drawn[cell_of[numbers.next() & kMask]];
}

// Any number of examples. The few numbers that would favour some of them are passed over (Lemire 2019).
void draw_from_rest(std::span<const std::uint32_t> cell_of, std::uint64_t draws, NumberStream& numbers,
                    std::span<std::uint32_t> drawn) {
  const auto bound = static_cast<std::uint32_t>(cell_of.size());
  const std::uint32_t threshold = (0u - bound) % bound;
  while (draws > 0) {
    const std::uint64_t product = std::uint64_t{numbers.next()} * bound;
    if (static_cast<std::uint32_t>(product) < threshold) continue;
    ++drawn[cell_of[static_cast<std::size_t>(product >> 32)]];
    --draws;
  }
}

}  // namespace

CellResampler::CellResampler(std::span<const std::uint64_t> counts) : cells_(counts.size()) {
  examples_ = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  QT_CHECK(examples_ < std::numeric_limits<std::uint32_t>::max(), "a split has fewer than 2^32 examples");
  std::vector<std::uint32_t> order;
  for (std::size_t cell = 0; cell < counts.size(); ++cell) {
    if (counts[cell] >= kLargeCell) {
      order.push_back(static_cast<std::uint32_t>(cell));
    } else {
      small_cell_.insert(small_cell_.end(), static_cast<std::size_t>(counts[cell]),
                         static_cast<std::uint32_t>(cell));
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return counts[a] > counts[b]; });
  std::uint64_t left = examples_;
  for (const std::uint32_t cell : order) {
    large_.push_back({cell, static_cast<double>(counts[cell]) / static_cast<double>(left)});
    left -= counts[cell];
  }
}

void CellResampler::draw(std::uint64_t seed, std::uint64_t replicate, std::span<std::uint32_t> drawn) const {
  QT_CHECK(drawn.size() == cells_ && replicate < kSmallCellStream, "one count a cell");
  std::fill(drawn.begin(), drawn.end(), 0u);
  std::uint64_t left = examples_;
  Philox random(seed, replicate);
  for (const Large& large : large_) {
    const std::uint64_t here = draw_binomial(left, large.share, random);
    drawn[large.cell] = static_cast<std::uint32_t>(here);
    left -= here;
  }
  // Blocks are binomials too; cells may lie across two of them.
  NumberStream numbers(seed, kSmallCellStream | replicate);
  std::size_t begin = 0;
  for (; begin + kBlock <= small_cell_.size(); begin += kBlock) {
    const double share = static_cast<double>(kBlock) / static_cast<double>(small_cell_.size() - begin);
    const std::uint64_t here = draw_binomial(left, share, random);
    draw_from_block(small_cell_.data() + begin, here, numbers, drawn);
    left -= here;
  }
  if (left > 0) draw_from_rest(std::span(small_cell_).subspan(begin), left, numbers, drawn);
}

}  // namespace quantier
