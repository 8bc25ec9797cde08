// Integer products with AVX2, which has no instruction that multiplies bytes and adds into 32 bits. Two ways:
//
// Any weights: codes of both sides as 16 bits, `vpmaddwd` and an addition for sixteen products. A tile is six
// rows and eight outputs: twelve sums in registers, each output in two halves, of inputs 0 and 1 and of
// inputs 2 and 3 of every four. The rows' codes are widened once for all outputs of a pair of panels, in
// stretches that stay in the first-level cache.
//
// Weights of four bits less their zero points: `vpmaddubsw` multiplies bytes and adds two products into 16
// bits, where four such results fit (4 * 2 * 255 * 15 < 2^15) before one `vpmaddwd` takes them to 32: five
// multiplications for 128 products instead of eight. A tile is eight rows and eight outputs.
//
// Sums of integers are exact, so the results are those of kernels_generic.cc.
//
// Included inside the anonymous namespace of a source file, after body_avx2.h and under the rule of
// kernels_body.h: nothing here calls an inline function of another header.

constexpr int kWideRows = 6;
constexpr int kNarrowRows = 8;
constexpr std::size_t kStretchSteps = 256;  // 6 rows * 256 * 4 codes * 2 bytes: 12 KiB

inline __m256i load_256(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }

struct Steps {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// codes - 128 of some rows as 16 bits: [kRows, kStretchSteps, 4].
template <int kRows>
inline void widen_codes(const Product& product, std::size_t first, Steps steps, std::int16_t* wide) {
  const __m256i middle = _mm256_set1_epi16(128);
  for (int row = 0; row < kRows; ++row) {
    const std::uint8_t* codes = row_of(product, first + static_cast<std::size_t>(row));
    std::int16_t* out = wide + static_cast<std::size_t>(row) * kStretchSteps * 4;
    std::size_t step = steps.begin;
    for (; step + 4 <= steps.end; step += 4, out += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + 4 * step));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                          _mm256_sub_epi16(_mm256_cvtepu8_epi16(bytes), middle));
    }
    for (std::size_t i = 4 * step; i < 4 * steps.end; ++i, ++out)
      *out = static_cast<std::int16_t>(codes[i] - 128);
  }
}

// Adds the products of a stretch with eight outputs (32 bytes of each step) to sums[row][outputs 0-3, 4-7].
template <int kRows>
inline void add_wide(const std::int16_t* wide, const std::int8_t* weights, std::size_t steps,
                     __m256i (&sums)[kRows][2]) {
  for (std::size_t step = 0; step < steps; ++step, weights += 64, wide += 4) {
    const __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights)));
    const __m256i high =
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(weights + 16)));
    // As assembly, because GCC 12 lets sums wander between registers and memory where it sees the steps.
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
      __m256i four;
      __m256i product;
      asm("vpbroadcastq %6, %2\n\t"
          "vpmaddwd %2, %4, %3\n\t"
          "vpmaddwd %2, %5, %2\n\t"
          "vpaddd %3, %0, %0\n\t"
          "vpaddd %2, %1, %1"
          : "+x"(sums[row][0]), "+x"(sums[row][1]), "=&x"(four), "=&x"(product)
          : "x"(low), "x"(high),
            "m"(*reinterpret_cast<const double*>(wide + row * static_cast<int>(kStretchSteps) * 4)));
    }
  }
}

inline F8 eight_numbers(const __m256i (&sums)[2]) {
  return {_mm256_cvtepi32_ps(_mm256_permute4x64_epi64(_mm256_hadd_epi32(sums[0], sums[1]), 0xD8))};
}

template <int kRows>
inline void multiply_wide(const Product& product, const IntegerScales& scales, std::size_t first, int panels,
                          Row* rows) {
  alignas(32) std::int16_t wide[kRows * kStretchSteps * 4];
  __m256i sums[2][2][kRows][2];  // panel, half of it
  std::size_t group = 0;
  for (std::size_t begin = 0; begin < product.steps; begin += scales.steps_per_group, ++group) {
    const std::size_t left = product.steps - begin;
    const std::size_t end = begin + (left < scales.steps_per_group ? left : scales.steps_per_group);
    for (std::size_t from = begin; from < end; from += kStretchSteps) {
      const std::size_t to = from + kStretchSteps < end ? from + kStretchSteps : end;
      widen_codes<kRows>(product, first, {from, to}, wide);
      for (int part = 0; part < 2 * panels; ++part) {
        auto& kept = sums[part / 2][part % 2];
        __m256i now[kRows][2];
#pragma GCC unroll 8
        for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 2
          for (int i = 0; i < 2; ++i) now[row][i] = from == begin ? _mm256_setzero_si256() : kept[row][i];
        add_wide<kRows>(wide,
                        static_cast<const std::int8_t*>(product.panels[part / 2]) + from * 64 + part % 2 * 32,
                        to - from, now);
#pragma GCC unroll 8
        for (int row = 0; row < kRows; ++row)
#pragma GCC unroll 2
          for (int i = 0; i < 2; ++i) kept[row][i] = now[row][i];
      }
    }
    for (int panel = 0; panel < panels; ++panel)
      for (int row = 0; row < kRows; ++row)
        take_group(scales, first + static_cast<std::size_t>(row), group, panel,
                   eight_numbers(sums[panel][0][row]), eight_numbers(sums[panel][1][row]), rows[row]);
  }
}

inline __m256i four_codes(const std::uint8_t* codes) {
  return _mm256_castps_si256(_mm256_broadcast_ss(reinterpret_cast<const float*>(codes)));
}

// sums[row] += the products of the steps with eight outputs.
template <int kRows>
inline void add_narrow(const std::uint8_t* x, std::size_t x_stride, const std::int8_t* weights,
                       std::size_t steps, __m256i (&sums)[kRows]) {
  const __m256i ones = _mm256_set1_epi16(1);
  std::size_t step = 0;
  for (; step + 4 <= steps; step += 4, weights += 4 * 64) {
    const __m256i first = load_256(weights);
    const __m256i second = load_256(weights + 64);
    const __m256i third = load_256(weights + 128);
    const __m256i fourth = load_256(weights + 192);
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
      const std::uint8_t* codes = x + static_cast<std::size_t>(row) * x_stride + 4 * step;
      const __m256i one = _mm256_add_epi16(_mm256_maddubs_epi16(four_codes(codes), first),
                                           _mm256_maddubs_epi16(four_codes(codes + 4), second));
      const __m256i other = _mm256_add_epi16(_mm256_maddubs_epi16(four_codes(codes + 8), third),
                                             _mm256_maddubs_epi16(four_codes(codes + 12), fourth));
      sums[row] = _mm256_add_epi32(sums[row], _mm256_madd_epi16(_mm256_add_epi16(one, other), ones));
    }
  }
  for (; step < steps; ++step, weights += 64) {
    const __m256i four = load_256(weights);
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
      const std::uint8_t* codes = x + static_cast<std::size_t>(row) * x_stride + 4 * step;
      const __m256i pairs = _mm256_maddubs_epi16(four_codes(codes), four);
      sums[row] = _mm256_add_epi32(sums[row], _mm256_madd_epi16(pairs, ones));
    }
  }
}

template <int kRows>
inline void multiply_narrow(const Product& product, const IntegerScales& scales, std::size_t first,
                            int panels, Row* rows) {
  std::size_t group = 0;
  for (std::size_t begin = 0; begin < product.steps; begin += scales.steps_per_group, ++group) {
    const std::size_t left = product.steps - begin;
    const std::size_t steps = left < scales.steps_per_group ? left : scales.steps_per_group;
    for (int panel = 0; panel < panels; ++panel) {
      const std::int8_t* weights = static_cast<const std::int8_t*>(product.panels[panel]) + begin * 64;
      F8 numbers[2][kRows];
      for (int half = 0; half < 2; ++half) {
        const __m256i surplus = load_256(scales.surplus[panel] + group * 16 + half * 8);
        __m256i sums[kRows];
#pragma GCC unroll 8
        for (int row = 0; row < kRows; ++row) sums[row] = _mm256_sub_epi32(_mm256_setzero_si256(), surplus);
        add_narrow<kRows>(row_of(product, first) + 4 * begin, product.x_stride_bytes, weights + half * 32,
                          steps, sums);
#pragma GCC unroll 8
        for (int row = 0; row < kRows; ++row) numbers[half][row].v = _mm256_cvtepi32_ps(sums[row]);
      }
      for (int row = 0; row < kRows; ++row)
        take_group(scales, first + static_cast<std::size_t>(row), group, panel, numbers[0][row],
                   numbers[1][row], rows[row]);
    }
  }
}

void multiply_i8(const Product& product, const IntegerScales& scales, const Epilogue& epilogue) {
  const int panels = product.panels[1] != nullptr ? 2 : 1;
  if (scales.is_narrow) {
    return for_rows<kNarrowRows>(product.rows, [&](std::size_t first, auto count) {
      constexpr int kRows = decltype(count)::value;
      Row rows[kRows];
      multiply_narrow<kRows>(product, scales, first, panels, rows);
      finish_integer_rows(scales, rows, first, kRows, panels, epilogue);
    });
  }
  for_rows<kWideRows>(product.rows, [&](std::size_t first, auto count) {
    constexpr int kRows = decltype(count)::value;
    Row rows[kRows];
    multiply_wide<kRows>(product, scales, first, panels, rows);
    finish_integer_rows(scales, rows, first, kRows, panels, epilogue);
  });
}
