#include "quantier/quantize/row_tile.h"

namespace quantier {
namespace {

// Sixteen lanes in registers of kBytes each. A vector type that is wider than the machine's registers would
// not do: the compiler keeps its values in memory, and every sum then waits for a store.
template <std::size_t kBytes>
struct Lanes {
  typedef float Register __attribute__((vector_size(kBytes), may_alias));
  static constexpr std::size_t kCount = sizeof(TileLane) / kBytes;
  Register part[kCount];
};

#define QT_INLINE [[gnu::always_inline]] inline

template <std::size_t kBytes>
QT_INLINE void load(Lanes<kBytes>& lanes, const TileLane& from) {
  const auto* values = reinterpret_cast<const typename Lanes<kBytes>::Register*>(&from);
#pragma GCC unroll 4
  for (std::size_t i = 0; i < Lanes<kBytes>::kCount; ++i) lanes.part[i] = values[i];
}

template <std::size_t kBytes>
QT_INLINE void store(const Lanes<kBytes>& lanes, TileLane& to) {
  auto* values = reinterpret_cast<typename Lanes<kBytes>::Register*>(&to);
#pragma GCC unroll 4
  for (std::size_t i = 0; i < Lanes<kBytes>::kCount; ++i) values[i] = lanes.part[i];
}

template <std::size_t kBytes>
QT_INLINE void add(Lanes<kBytes>& sum, const Lanes<kBytes>& lanes) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < Lanes<kBytes>::kCount; ++i) sum.part[i] += lanes.part[i];
}

template <std::size_t kBytes>
QT_INLINE void add_product(Lanes<kBytes>& sum, const Lanes<kBytes>& lanes, float factor) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < Lanes<kBytes>::kCount; ++i) sum.part[i] += lanes.part[i] * factor;
}

template <std::size_t kBytes>
QT_INLINE void take_product(Lanes<kBytes>& sum, const Lanes<kBytes>& lanes, float factor) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < Lanes<kBytes>::kCount; ++i) sum.part[i] -= lanes.part[i] * factor;
}

template <std::size_t kBytes>
QT_INLINE void accumulate(const float* factors, const TileLane* tile, std::size_t count, TileLane& total) {
  // Four partial sums: a single one would wait for each addition.
  Lanes<kBytes> sums[4] = {};
  Lanes<kBytes> own;
  std::size_t j = 0;
  for (; j + 4 <= count; j += 4) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < 4; ++r) {
      load(own, tile[j + r]);
      add_product(sums[r], own, factors[j + r]);
    }
  }
  for (; j < count; ++j) {
    load(own, tile[j]);
    add_product(sums[0], own, factors[j]);
  }
  add(sums[0], sums[1]);
  add(sums[2], sums[3]);
  add(sums[0], sums[2]);
  load(own, total);
  add(own, sums[0]);
  store(own, total);
}

template <std::size_t kBytes>
QT_INLINE void accumulate_run(const float* factors, std::size_t stride, const TileLane* tile,
                              std::size_t count, TileLane* totals) {
  Lanes<kBytes> sums[kTileRun];
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kTileRun; ++r) load(sums[r], totals[r]);
  Lanes<kBytes> own;
  for (std::size_t j = 0; j < count; ++j) {
    load(own, tile[j]);
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kTileRun; ++r) add_product(sums[r], own, factors[r * stride + j]);
  }
#pragma GCC unroll 4
  for (std::size_t r = 0; r < kTileRun; ++r) store(sums[r], totals[r]);
}

template <std::size_t kBytes>
QT_INLINE void subtract(TileLane* tile, const float* factors, std::size_t count, const TileLane& by) {
  Lanes<kBytes> subtrahend;
  load(subtrahend, by);
  Lanes<kBytes> own;
  for (std::size_t j = 0; j < count; ++j) {
    load(own, tile[j]);
    take_product(own, subtrahend, factors[j]);
    store(own, tile[j]);
  }
}

// Rows of the factors are read as they lie in memory, four at a time, so that each visit to the tile serves
// four.
template <std::size_t kBytes>
QT_INLINE void subtract_rows(TileLane* tile, std::size_t inputs, const float* factors, std::size_t stride,
                             const std::uint32_t* rows, const TileLane* by, std::size_t count) {
  std::size_t c = 0;
  for (; c + kTileRun <= count; c += kTileRun) {
    Lanes<kBytes> subtrahends[kTileRun];
    const float* row[kTileRun];
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kTileRun; ++r) {
      load(subtrahends[r], by[c + r]);
      row[r] = factors + rows[c + r] * stride;
    }
    Lanes<kBytes> own;
    for (std::size_t j = 0; j < inputs; ++j) {
      load(own, tile[j]);
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kTileRun; ++r) take_product(own, subtrahends[r], row[r][j]);
      store(own, tile[j]);
    }
  }
  for (; c < count; ++c) subtract<kBytes>(tile, factors + rows[c] * stride, inputs, by[c]);
}

// The loops for one width of registers. Products and sums are never fused (-ffp-contract=off) and lanes never
// mixed, so all of them agree to the bit.
struct Loops {
  void (*accumulate)(const float*, const TileLane*, std::size_t, TileLane&);
  void (*accumulate_run)(const float*, std::size_t, const TileLane*, std::size_t, TileLane*);
  void (*subtract)(TileLane*, const float*, std::size_t, const TileLane&);
  void (*subtract_rows)(TileLane*, std::size_t, const float*, std::size_t, const std::uint32_t*,
                        const TileLane*, std::size_t);
};

#define QT_LOOPS(name, bytes, target)                                                                   \
  struct name {                                                                                         \
    target static void accumulate(const float* factors, const TileLane* tile, std::size_t count,        \
                                  TileLane& sum) {                                                      \
      quantier::accumulate<bytes>(factors, tile, count, sum);                                           \
    }                                                                                                   \
    target static void accumulate_run(const float* factors, std::size_t stride, const TileLane* tile,   \
                                      std::size_t count, TileLane* sums) {                              \
      quantier::accumulate_run<bytes>(factors, stride, tile, count, sums);                              \
    }                                                                                                   \
    target static void subtract(TileLane* tile, const float* factors, std::size_t count,                \
                                const TileLane& by) {                                                   \
      quantier::subtract<bytes>(tile, factors, count, by);                                              \
    }                                                                                                   \
    target static void subtract_rows(TileLane* tile, std::size_t inputs, const float* factors,          \
                                     std::size_t stride, const std::uint32_t* rows, const TileLane* by, \
                                     std::size_t count) {                                               \
      quantier::subtract_rows<bytes>(tile, inputs, factors, stride, rows, by, count);                   \
    }                                                                                                   \
    static constexpr Loops kLoops = {accumulate, accumulate_run, subtract, subtract_rows};              \
  }

QT_LOOPS(Narrow, 16, );
#if defined(__x86_64__)
QT_LOOPS(Avx2, 32, [[gnu::target("avx2")]]);
QT_LOOPS(Avx512, 64, [[gnu::target("avx512f")]]);
#endif

const Loops& chosen_loops() {
  static const Loops& chosen = [] -> const Loops& {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") != 0) return Avx512::kLoops;
    if (__builtin_cpu_supports("avx2") != 0) return Avx2::kLoops;
#endif
    return Narrow::kLoops;
  }();
  return chosen;
}

}  // namespace

void tile_accumulate(const float* factors, const TileLane* tile, std::size_t count, TileLane& sum) {
  chosen_loops().accumulate(factors, tile, count, sum);
}

void tile_accumulate_run(const float* factors, std::size_t stride, const TileLane* tile, std::size_t count,
                         TileLane* sums) {
  chosen_loops().accumulate_run(factors, stride, tile, count, sums);
}

void tile_subtract(TileLane* tile, const float* factors, std::size_t count, const TileLane& by) {
  chosen_loops().subtract(tile, factors, count, by);
}

void tile_subtract_rows(TileLane* tile, std::size_t inputs, const float* factors, std::size_t stride,
                        const std::uint32_t* rows, const TileLane* by, std::size_t count) {
  chosen_loops().subtract_rows(tile, inputs, factors, stride, rows, by, count);
}

void tile_multiply(const float* matrix, std::size_t n, TilePart part, const RowTile& tile, RowTile& sums) {
  sums.assign(n, {});
  const std::size_t diagonal = part == TilePart::kWithDiagonal ? 1 : 0;
  std::size_t i = 0;
  for (; i + kTileRun <= n; i += kTileRun) {
    const float* rows = matrix + i * n;
    tile_accumulate_run(rows, n, tile.data(), part == TilePart::kAll ? n : i, &sums[i]);
    if (part == TilePart::kAll) continue;
    for (std::size_t r = 0; r < kTileRun; ++r)
      tile_accumulate(rows + r * n + i, &tile[i], r + diagonal, sums[i + r]);
  }
  for (; i < n; ++i)
    tile_accumulate(matrix + i * n, tile.data(), part == TilePart::kAll ? n : i + diagonal, sums[i]);
}

}  // namespace quantier
