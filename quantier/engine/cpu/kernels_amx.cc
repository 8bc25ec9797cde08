// AMX: products of bytes and of bfloat16 by tiles, on Intel's servers since Sapphire Rapids. Everything else
// is as with AVX-512 VNNI, integer products to the bit.
//
// A tile register has sixteen rows of 64 bytes. Sixteen steps of a panel are one as they stand in memory
// (panels.h), and so are the same steps of sixteen rows of inputs. Two tiles of rows times two of outputs:
// four tiles of sums, four loads for four instructions of 16 x 16 x 64 products each. Steps beyond the last
// whole sixteen go through a buffer whose rest is zeros. The configuration of the tiles belongs to a thread
// and is given back, so that no switch between threads has to save them.
//
// Source: Intel Architecture Instruction Set Extensions Programming Reference, chapter 3.
#include "quantier/engine/cpu/kernels.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && \
    defined(__AVX512VNNI__) && defined(__AMX_TILE__) && defined(__AMX_INT8__) && defined(__AMX_BF16__)
// GCC 12 takes the undefined registers inside its own intrinsics for a mistake of ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

namespace quantier::cpu {
namespace {

#include "quantier/engine/cpu/products_avx512.h"

constexpr std::size_t kTile = 16;            // rows, and steps
constexpr std::size_t kBlock = 2 * kTile;    // rows at a time
constexpr std::size_t kTileBytes = 16 * 64;  // of a panel

// Tiles 0 to 3 are sums, [rows][panel]; 4 and 5 inputs, 6 and 7 weights.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t bytes[16] = {};  // of a row of each tile
  std::uint8_t rows[16] = {};
};

inline void configure_tiles(std::size_t rows) {
  const auto upper = static_cast<std::uint8_t>(rows < kTile ? rows : kTile);
  const auto lower = static_cast<std::uint8_t>(rows > kTile ? rows - kTile : 1);
  TileShapes shapes;
  for (int i = 0; i < 8; ++i) shapes.bytes[i] = 64;
  shapes.rows[0] = shapes.rows[1] = shapes.rows[4] = upper;
  shapes.rows[2] = shapes.rows[3] = shapes.rows[5] = lower;
  shapes.rows[6] = shapes.rows[7] = kTile;
  asm volatile("ldtilecfg %0" ::"m"(shapes));
}

// A block of rows: its inputs, and its share of what is fetched for the next product. A step of a panel is a
// line of the cache: of each sixteen, this block fetches [fetch_begin, fetch_end).
struct Block {
  const std::uint8_t* x = nullptr;
  std::size_t stride = 0;
  std::size_t rows = 0;  // up to 32
  const std::uint8_t* next_panels[2] = {};
  std::size_t fetch_begin = 0;
  std::size_t fetch_end = 0;
};

// The tile instructions name their registers in the code and say nothing of memory to the compiler.
#define QUANTIER_LOAD_TILE(tile, from, stride)                                                          \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"(static_cast<std::ptrdiff_t>(stride)) \
               : "memory")
// Likewise, for what is not read again soon: it pushes less out of the first-level cache.
#define QUANTIER_LOAD_PASSING_TILE(tile, from, stride)                                                    \
  asm volatile("tileloaddt1 (%0,%1,1), %%tmm" #tile ::"r"(from), "r"(static_cast<std::ptrdiff_t>(stride)) \
               : "memory")
#define QUANTIER_STORE_TILE(tile, to) \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"(std::ptrdiff_t{64}) : "memory")

struct ByteTiles {
  template <bool kTwoRows, bool kTwoPanels>
  static void multiply() {
    asm volatile("tdpbusd %tmm6, %tmm4, %tmm0");
    if constexpr (kTwoPanels) asm volatile("tdpbusd %tmm7, %tmm4, %tmm1");
    if constexpr (kTwoRows) asm volatile("tdpbusd %tmm6, %tmm5, %tmm2");
    if constexpr (kTwoRows && kTwoPanels) asm volatile("tdpbusd %tmm7, %tmm5, %tmm3");
  }
};
struct BFloat16Tiles {
  template <bool kTwoRows, bool kTwoPanels>
  static void multiply() {
    asm volatile("tdpbf16ps %tmm6, %tmm4, %tmm0");
    if constexpr (kTwoPanels) asm volatile("tdpbf16ps %tmm7, %tmm4, %tmm1");
    if constexpr (kTwoRows) asm volatile("tdpbf16ps %tmm6, %tmm5, %tmm2");
    if constexpr (kTwoRows && kTwoPanels) asm volatile("tdpbf16ps %tmm7, %tmm5, %tmm3");
  }
};

template <class Tiles, bool kTwoRows, bool kTwoPanels>
inline void add_tiles(const std::uint8_t* x, std::size_t stride, const std::uint8_t* first,
                      const std::uint8_t* second) {
  QUANTIER_LOAD_PASSING_TILE(4, x, stride);
  QUANTIER_LOAD_TILE(6, first, 64);
  if constexpr (kTwoPanels) QUANTIER_LOAD_TILE(7, second, 64);
  if constexpr (kTwoRows) QUANTIER_LOAD_PASSING_TILE(5, x + kTile * stride, stride);
  Tiles::template multiply<kTwoRows, kTwoPanels>();
}

inline void copy_padded(const std::uint8_t* from, std::size_t bytes, std::uint8_t* to) {
  const auto mask = static_cast<__mmask64>((std::uint64_t{1} << bytes) - 1);  // fewer than 64
  _mm512_store_si512(to, _mm512_maskz_loadu_epi8(mask, from));
}

// Weights come from memory or from the cache that all cores share, and the processor cannot guess from one
// panel where the next one stands: what is not asked for ahead is waited for.
template <int kPanels>
inline void fetch_next(const Block& block, std::size_t step) {
#pragma GCC unroll 2
  for (int panel = 0; panel < kPanels; ++panel) {
    const std::uint8_t* next = block.next_panels[panel];
    if (next == nullptr) continue;
    for (std::size_t line = block.fetch_begin; line < block.fetch_end; ++line)
      _mm_prefetch(reinterpret_cast<const char*>(next + 64 * (step + line)), _MM_HINT_T1);
  }
}

// sums[rows / 16][panel][row % 16][output] over the steps [begin, end).
template <class Tiles, bool kTwoRows, int kPanels>
inline void add_block(const Block& block, const std::uint8_t* const (&panels)[kPanels], std::size_t begin,
                      std::size_t end, std::uint8_t* sums) {
  asm volatile("tilezero %tmm0\n\ttilezero %tmm1\n\ttilezero %tmm2\n\ttilezero %tmm3");
  const std::uint8_t* second = panels[kPanels - 1];
  std::size_t step = begin;
  for (; step + kTile <= end; step += kTile) {
    fetch_next<kPanels>(block, step);
    add_tiles<Tiles, kTwoRows, kPanels == 2>(block.x + 4 * step, block.stride, panels[0] + 64 * step,
                                             second + 64 * step);
  }
  if (step < end) {
    alignas(64) std::uint8_t rest_x[kBlock * 64];
    alignas(64) std::uint8_t rest[2][kTileBytes] = {};
    for (std::size_t row = 0; row < block.rows; ++row)
      copy_padded(block.x + row * block.stride + 4 * step, 4 * (end - step), rest_x + row * 64);
    for (int panel = 0; panel < kPanels; ++panel)
      __builtin_memcpy(rest[panel], panels[panel] + 64 * step, 64 * (end - step));
    add_tiles<Tiles, kTwoRows, kPanels == 2>(rest_x, 64, rest[0], rest[kPanels - 1]);
  }
  QUANTIER_STORE_TILE(0, sums);
  if constexpr (kPanels == 2) QUANTIER_STORE_TILE(1, sums + kTileBytes);
  if constexpr (kTwoRows) QUANTIER_STORE_TILE(2, sums + 2 * kTileBytes);
  if constexpr (kTwoRows && kPanels == 2) QUANTIER_STORE_TILE(3, sums + 3 * kTileBytes);
}

#undef QUANTIER_LOAD_TILE
#undef QUANTIER_LOAD_PASSING_TILE
#undef QUANTIER_STORE_TILE

template <class Tiles, int kPanels>
inline void add_rows(const Block& block, const std::uint8_t* const (&panels)[kPanels], std::size_t begin,
                     std::size_t end, std::uint8_t* sums) {
  if (block.rows > kTile) return add_block<Tiles, true, kPanels>(block, panels, begin, end, sums);
  add_block<Tiles, false, kPanels>(block, panels, begin, end, sums);
}

inline std::size_t place(std::size_t row, int panel) {
  return ((row / kTile * 2 + static_cast<std::size_t>(panel)) * kTile + row % kTile) * 16;
}

// Calls work(block, first row) for 32 rows at a time, with tiles of that many.
template <class Work>
inline void for_blocks(const Product& product, const Work& work) {
  std::size_t configured = 0;
  const std::size_t blocks = (product.rows + kBlock - 1) / kBlock;
  const auto* next = static_cast<const std::uint8_t*>(product.next_panels[0]);
  const auto* next_second = static_cast<const std::uint8_t*>(product.next_panels[1]);
  for (std::size_t first = 0; first < product.rows; first += kBlock) {
    const std::size_t rows = product.rows - first < kBlock ? product.rows - first : kBlock;
    if (rows != configured) configure_tiles(rows);
    configured = rows;
    work(Block{static_cast<const std::uint8_t*>(product.x) + first * product.x_stride_bytes,
               product.x_stride_bytes,
               rows,
               {next, next_second},
               kTile * (first / kBlock) / blocks,
               kTile * (first / kBlock + 1) / blocks},
         first);
  }
  asm volatile("tilerelease");
}

template <int kPanels>
inline void multiply_panels_bf16(const Product& product, const std::uint8_t* const (&panels)[kPanels],
                                 const Epilogue& epilogue) {
  for_blocks(product, [&](const Block& block, std::size_t first) {
    alignas(64) float sums[4 * kTile * 16];
    add_rows<BFloat16Tiles, kPanels>(block, panels, 0, product.steps, reinterpret_cast<std::uint8_t*>(sums));
    for_rows<kTileRows>(block.rows, [&](std::size_t row, auto count) {
      constexpr int kRows = decltype(count)::value;
      Numbers<kRows, kPanels> numbers;
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i)
#pragma GCC unroll 2
        for (int panel = 0; panel < kPanels; ++panel)
          numbers[i][panel] = _mm512_load_ps(sums + place(row + static_cast<std::size_t>(i), panel));
      finish<kRows, kPanels>(numbers, first + row, epilogue);
    });
  });
}

// The number that a sum stands for, by kernels.h.
inline __m512 less_surplus(const std::int32_t* sum, const std::int32_t* surplus) {
  return _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_load_si512(sum), _mm512_loadu_si512(surplus)));
}

template <int kPanels>
inline void multiply_panels_i8(const Product& product, const IntegerScales& scales,
                               const std::uint8_t* const (&panels)[kPanels], const Epilogue& epilogue) {
  for_blocks(product, [&](const Block& block, std::size_t first) {
    alignas(64) std::int32_t sums[4 * kTile * 16];
    alignas(64) float totals[4 * kTile * 16];
    std::size_t group = 0;
    for (std::size_t begin = 0; begin < product.steps; begin += scales.steps_per_group, ++group) {
      const std::size_t left = product.steps - begin;
      const std::size_t end = begin + (left < scales.steps_per_group ? left : scales.steps_per_group);
      add_rows<ByteTiles, kPanels>(block, panels, begin, end, reinterpret_cast<std::uint8_t*>(sums));
      if (!scales.is_grouped) break;
#pragma GCC unroll 2
      for (int panel = 0; panel < kPanels; ++panel) {
        const __m512 column = _mm512_loadu_ps(scales.column[panel] + group * 16);
        for (std::size_t row = 0; row < block.rows; ++row) {
          float* total = totals + place(row, panel);
          const __m512 before = group == 0 ? _mm512_setzero_ps() : _mm512_load_ps(total);
          const __m512 sum = less_surplus(sums + place(row, panel), scales.surplus[panel] + group * 16);
          _mm512_store_ps(total, _mm512_fmadd_ps(sum, column, before));
        }
      }
    }
    for_rows<kTileRows>(block.rows, [&](std::size_t row, auto count) {
      constexpr int kRows = decltype(count)::value;
      Numbers<kRows, kPanels> numbers;
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const std::size_t at = row + static_cast<std::size_t>(i);
        const __m512 scale = _mm512_set1_ps(scales.scale);
        const __m512 row_absmax = _mm512_set1_ps(scales.row_absmax[first + at]);
#pragma GCC unroll 2
        for (int panel = 0; panel < kPanels; ++panel) {
          numbers[i][panel] =
              scales.is_grouped
                  ? _mm512_mul_ps(_mm512_load_ps(totals + place(at, panel)), _mm512_mul_ps(row_absmax, scale))
                  : _mm512_mul_ps(
                        _mm512_mul_ps(less_surplus(sums + place(at, panel), scales.surplus[panel]),
                                      _mm512_mul_ps(row_absmax, _mm512_loadu_ps(scales.column[panel]))),
                        scale);
        }
      }
      finish<kRows, kPanels>(numbers, first + row, epilogue);
    });
  });
}

void multiply_bf16(const Product& product, const Epilogue& epilogue) {
  const auto* first = static_cast<const std::uint8_t*>(product.panels[0]);
  const auto* second = static_cast<const std::uint8_t*>(product.panels[1]);
  if (second != nullptr) return multiply_panels_bf16<2>(product, {first, second}, epilogue);
  multiply_panels_bf16<1>(product, {first}, epilogue);
}

void multiply_i8(const Product& product, const IntegerScales& scales, const Epilogue& epilogue) {
  const auto* first = static_cast<const std::uint8_t*>(product.panels[0]);
  const auto* second = static_cast<const std::uint8_t*>(product.panels[1]);
  if (second != nullptr) return multiply_panels_i8<2>(product, scales, {first, second}, epilogue);
  multiply_panels_i8<1>(product, scales, {first}, epilogue);
}

}  // namespace

const Kernels* amx_kernels() {
  static const Kernels* const table = []() -> const Kernels* {
    if (avx512bf16_kernels() == nullptr) return nullptr;
    static Kernels kernels = *avx512bf16_kernels();
    kernels.name = "amx";
    // Tiles multiply faster than the weights of a model come from beyond the second-level cache: each panel
    // is fetched once for as many rows as there are.
    kernels.micro_batch_tokens = 256;
    kernels.block_output_bytes = 0;
    kernels.multiply_bf16 = multiply_bf16;
    kernels.multiply_i8 = multiply_i8;
    return &kernels;
  }();
  return table;
}

}  // namespace quantier::cpu
#else
namespace quantier::cpu {
const Kernels* amx_kernels() { return nullptr; }
}  // namespace quantier::cpu
#endif
