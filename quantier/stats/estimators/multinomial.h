// Drawing N examples with replacement, when examples that look alike are counted as one cell.
//
// The counts of the cells are then exactly multinomial. Cells of many examples are drawn one by one as
// conditional binomials, so that their cost does not depend on how many examples they hold; what is left goes
// example by example to the small cells, where a draw costs less than a binomial, in blocks that stay in
// cache. A replicate therefore costs O(distinct cells), never more than O(N), and its distribution is that of
// drawing the examples themselves. Source: Devroye, "Non-uniform random variate generation", 1986, section
// XI.1.4 (conditional binomials).
//
// Replicate r is a pure function of (seed, r): the same on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quantier {

class CellResampler {
 public:
  // counts[cell]: examples in the cell; together fewer than 2^32. Cells may be empty.
  explicit CellResampler(std::span<const std::uint64_t> counts);

  [[nodiscard]] std::size_t cells() const { return cells_; }
  [[nodiscard]] std::uint64_t examples() const { return examples_; }

  // drawn[cell], together as many as there are examples.
  void draw(std::uint64_t seed, std::uint64_t replicate, std::span<std::uint32_t> drawn) const;

 private:
  struct Large {
    std::uint32_t cell = 0;
    double share = 0.0;  // of the examples that are not in a large cell before this one
  };
  std::size_t cells_ = 0;
  std::uint64_t examples_ = 0;
  std::vector<Large> large_;               // by falling count
  std::vector<std::uint32_t> small_cell_;  // one entry an example of the small cells
};

}  // namespace quantier
