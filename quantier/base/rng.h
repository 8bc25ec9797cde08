// Counter-based random numbers: Philox 4x32 with 10 rounds.
//
// A stream is a pure function of (seed, stream, position), so replicate r of a bootstrap is the same whatever
// thread draws it and in whatever order. That is why a counter-based generator and not a Mersenne twister.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3.
#pragma once

#include <array>
#include <cstdint>

namespace quantier {

class Philox {
 public:
  // `stream` separates independent sequences under one seed (a replicate, a purpose); both are stored with
  // the evidence.
  explicit Philox(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  // Uniform in [0, 1) with 53 bits.
  double next_uniform();
  // Uniform in (0, 1): safe for logarithms.
  double next_open_uniform();
  // Uniform in [0, bound), without bias; bound > 0. (Lemire 2019, "Fast random integer generation in an
  // interval".)
  std::uint64_t next_below(std::uint64_t bound);

  // One block of the generator, as in the paper: the known-answer tests call this.
  [[nodiscard]] static std::array<std::uint32_t, 4> block(std::array<std::uint32_t, 4> counter,
                                                          std::array<std::uint32_t, 2> key);

 private:
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> buffer_{};
  int used_ = 4;
};

// Fisher-Yates with the generator above: the same permutation for the same state everywhere (std::shuffle
// promises none).
template <class RandomAccess>
void shuffle(RandomAccess& values, Philox& random) {
  for (std::size_t i = values.size(); i > 1; --i) {
    using std::swap;
    swap(values[i - 1], values[static_cast<std::size_t>(random.next_below(i))]);
  }
}

}  // namespace quantier
