// The loops behind kernels.h, written once over a vector type. Included by one source file for each
// instruction set, inside its own anonymous namespace, after it has defined:
//
//   struct F8: eight floats, with load, store, all (one value in all lanes), + - * /, fma(a, b, c) = a * b +
//   c,
//     max, min, below and at_least (masks), select(mask, a, b), absolute, larger_magnitude (NaN wins),
//     half_rounded, bfloat16_rounded, from_half_bits, from_bfloat16_bits, power_of_two (of the integer that
//     the lowest bits of a float hold), nibbles (eight codes to table values), and nearest (to eight bytes,
//     plus 128);
//   transpose8 of eight F8.
//
// After it, the file defines multiply_i8 and expand_i4_to_i8, whose best loops differ by instruction set, and
// its table by make_table.
//
// Nothing here may call an inline function of another header: compiled for a wider instruction set, it could
// be the copy that the linker keeps for everyone.

inline F8 load_some(const float* x, std::size_t n) {
  float lanes[8] = {};
  for (std::size_t i = 0; i < n; ++i) lanes[i] = x[i];
  return F8::load(lanes);
}

inline void store_some(F8 value, float* x, std::size_t n) {
  float lanes[8];
  value.store(lanes);
  for (std::size_t i = 0; i < n; ++i) x[i] = lanes[i];
}

inline float sum_of(F8 value) {
  float lanes[8];
  value.store(lanes);
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

// Of non-negative lanes; a NaN counts as the largest.
inline float largest_of(F8 value) {
  float lanes[8];
  value.store(lanes);
  float largest = lanes[0];
  for (int i = 1; i < 8; ++i) largest = lanes[i] > largest || lanes[i] != lanes[i] ? lanes[i] : largest;
  return largest;
}

template <Rounding kRounding>
inline F8 rounded(F8 value) {
  if constexpr (kRounding == Rounding::kHalf) {
    return half_rounded(value);
  } else if constexpr (kRounding == Rounding::kBFloat16) {
    return bfloat16_rounded(value);
  } else {
    return value;
  }
}

// The rounding as a type, so that loops are compiled for each.
template <Rounding kRounding>
struct As {
  static constexpr Rounding value = kRounding;
};

template <class Function>
inline void with(Rounding rounding, const Function& function) {
  switch (rounding) {
    case Rounding::kNone:
      return function(As<Rounding::kNone>{});
    case Rounding::kHalf:
      return function(As<Rounding::kHalf>{});
    case Rounding::kBFloat16:
      return function(As<Rounding::kBFloat16>{});
  }
}

#include "quantier/engine/cpu/functions_body.h"

// One row's products with two panels, on their way to y.
struct Row {
  F8 v[4];  // outputs 0-7 and 8-15 of the first panel, then of the second
};

inline void store_sixteen(F8 low, F8 high, float* y, std::size_t count) {
  if (count == 16) {
    low.store(y);
    high.store(y + 8);
  } else {
    store_some(low, y, count < 8 ? count : 8);
    if (count > 8) store_some(high, y + 8, count - 8);
  }
}

template <Rounding kRounding>
inline void add_sixteen(F8 low, F8 high, float* y, std::size_t count) {
  // Whole vectors are not gathered lane by lane: the load would wait for the stores of the lanes.
  const std::size_t low_count = count < 8 ? count : 8;
  const F8 y_low = low_count == 8 ? F8::load(y) : load_some(y, low_count);
  const F8 sum_low = rounded<kRounding>(y_low + low);
  if (count <= 8) return store_sixteen(sum_low, high, y, count);
  const F8 y_high = count == 16 ? F8::load(y + 8) : load_some(y + 8, count - 8);
  store_sixteen(sum_low, rounded<kRounding>(y_high + high), y, count);
}

template <Rounding kRounding, int kPanels>
inline void finish_row(const Row& row, std::size_t index, const Epilogue& epilogue) {
  F8 v[2 * kPanels];
#pragma GCC unroll 4
  for (int i = 0; i < 2 * kPanels; ++i) {
    const float* bias = epilogue.bias[i / 2];
    v[i] = rounded<kRounding>(bias != nullptr ? row.v[i] + F8::load(bias + i % 2 * 8) : row.v[i]);
    if (epilogue.addend != nullptr)
      v[i] = rounded<kRounding>(v[i] + F8::load(epilogue.addend + index * 32 + i * 8));
  }
  float* y = epilogue.y + index * epilogue.y_stride;
  if constexpr (kPanels == 2) {
    if (epilogue.then == Then::kGelu || epilogue.then == Then::kSilu) {
      F8 out[2];
#pragma GCC unroll 2
      for (int i = 0; i < 2; ++i) {
        const F8 active = epilogue.then == Then::kGelu ? gelu_of(v[i]) : silu_of(v[i]);
        out[i] = rounded<kRounding>(rounded<kRounding>(active) * v[i + 2]);
      }
      return store_sixteen(out[0], out[1], y, epilogue.counts[0]);
    }
  }
#pragma GCC unroll 2
  for (int panel = 0; panel < kPanels; ++panel) {
    if (epilogue.then == Then::kAdd) {
      add_sixteen<kRounding>(v[2 * panel], v[2 * panel + 1], y + 16 * panel, epilogue.counts[panel]);
    } else {
      store_sixteen(v[2 * panel], v[2 * panel + 1], y + 16 * panel, epilogue.counts[panel]);
    }
  }
}

// `panels`: how many of the two there are.
inline void finish_rows(const Row* rows, std::size_t first, int count, int panels, const Epilogue& epilogue) {
  with(epilogue.rounding, [&](auto as) {
    constexpr Rounding kRounding = decltype(as)::value;
    for (int row = 0; row < count; ++row) {
      const std::size_t index = first + static_cast<std::size_t>(row);
      if (panels == 2) {
        finish_row<kRounding, 2>(rows[row], index, epilogue);
      } else {
        finish_row<kRounding, 1>(rows[row], index, epilogue);
      }
    }
  });
}

inline const std::uint8_t* row_of(const Product& product, std::size_t row) {
  return static_cast<const std::uint8_t*>(product.x) + row * product.x_stride_bytes;
}

template <int kRows>
inline void multiply_rows(const Product& product, std::size_t first, int panel, Row* rows) {
  const float* weights = static_cast<const float*>(product.panels[panel]);
  const auto* x = reinterpret_cast<const float*>(row_of(product, first));
  const std::size_t x_stride = product.x_stride_bytes / sizeof(float);
  F8 low[kRows];
  F8 high[kRows];
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row) low[row] = high[row] = F8::all(0.0F);
  for (std::size_t i = 0; i < product.steps; ++i) {
    const F8 weights_low = F8::load(weights + i * 16);
    const F8 weights_high = F8::load(weights + i * 16 + 8);
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
      const F8 value = F8::all(x[static_cast<std::size_t>(row) * x_stride + i]);
      low[row] = fma(value, weights_low, low[row]);
      high[row] = fma(value, weights_high, high[row]);
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row) {
    rows[row].v[2 * panel] = low[row];
    rows[row].v[2 * panel + 1] = high[row];
  }
}

#include "quantier/engine/cpu/row_tiles_body.h"

void multiply_f32(const Product& product, const Epilogue& epilogue) {
  const int panels = product.panels[1] != nullptr ? 2 : 1;
  for_rows<6>(product.rows, [&](std::size_t first, auto count) {
    constexpr int kRows = decltype(count)::value;
    Row rows[kRows];
    for (int panel = 0; panel < panels; ++panel) multiply_rows<kRows>(product, first, panel, rows);
    finish_rows(rows, first, kRows, panels, epilogue);
  });
}

// A group's sums of integers, less their surplus, as numbers of one row and panel (kernels.h has the
// formulas).
inline void take_group(const IntegerScales& scales, std::size_t row, std::size_t group, int panel, F8 low,
                       F8 high, Row& out) {
  const F8 column_low = F8::load(scales.column[panel] + group * 16);
  const F8 column_high = F8::load(scales.column[panel] + group * 16 + 8);
  F8& out_low = out.v[2 * panel];
  F8& out_high = out.v[2 * panel + 1];
  if (scales.is_grouped) {
    out_low = fma(low, column_low, group == 0 ? F8::all(0.0F) : out_low);
    out_high = fma(high, column_high, group == 0 ? F8::all(0.0F) : out_high);
  } else {
    const F8 absmax = F8::all(scales.row_absmax[row]);
    out_low = low * (absmax * column_low) * F8::all(scales.scale);
    out_high = high * (absmax * column_high) * F8::all(scales.scale);
  }
}

inline void finish_integer_rows(const IntegerScales& scales, Row* rows, std::size_t first, int count,
                                int panels, const Epilogue& epilogue) {
  for (int row = 0; scales.is_grouped && row < count; ++row) {
    const F8 factor = F8::all(scales.row_absmax[first + static_cast<std::size_t>(row)] * scales.scale);
    for (int i = 0; i < 2 * panels; ++i) rows[row].v[i] = rows[row].v[i] * factor;
  }
  finish_rows(rows, first, count, panels, epilogue);
}

// Of the source file that includes this one.
void multiply_i8(const Product& product, const IntegerScales& scales, const Epilogue& epilogue);
void expand_i4_to_i8(const std::uint8_t* codes, std::size_t inputs, const std::uint8_t* zero,
                     std::int8_t* panel, std::int32_t* surplus);

void expand_half(const std::uint16_t* bits, float* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) from_half_bits(bits + i).store(out + i);
  if (i < n) {
    std::uint16_t lanes[8] = {};
    for (std::size_t j = i; j < n; ++j) lanes[j - i] = bits[j];
    store_some(from_half_bits(lanes), out + i, n - i);
  }
}

void expand_nf4(const std::uint8_t* codes, std::size_t inputs, const float* table, const float* absmax,
                float* out) {
  const Nibbles lookup(table);
  const F8 absmax_low = F8::load(absmax);
  const F8 absmax_high = F8::load(absmax + 8);
  for (std::size_t i = 0; i < inputs; ++i) {
    F8 low;
    F8 high;
    lookup.values(codes + 8 * i, low, high);
    half_rounded(low * absmax_low).store(out + 16 * i);
    half_rounded(high * absmax_high).store(out + 16 * i + 8);
  }
}

void expand_bfloat16(const std::uint16_t* bits, float* out, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) from_bfloat16_bits(bits + i).store(out + i);
  if (i < n) {
    std::uint16_t lanes[8] = {};
    for (std::size_t j = i; j < n; ++j) lanes[j - i] = bits[j];
    store_some(from_bfloat16_bits(lanes), out + i, n - i);
  }
}

void expand_bfloat16_pairs(const std::uint16_t* pairs, std::size_t inputs, float* out) {
  for (std::size_t i = 0; i < inputs; i += 2, pairs += 32) {
    std::uint16_t even[16];
    std::uint16_t odd[16];
    for (int j = 0; j < 16; ++j) {
      even[j] = pairs[2 * j];
      odd[j] = pairs[2 * j + 1];
    }
    expand_bfloat16(even, out + i * 16, 16);
    if (i + 1 < inputs) expand_bfloat16(odd, out + (i + 1) * 16, 16);
  }
}

void pack_bfloat16(const float* x, std::size_t n, std::uint16_t* bits) {
  for (std::size_t i = 0; i < n; ++i) {
    std::uint32_t word;
    __builtin_memcpy(&word, x + i, sizeof word);
    bits[i] = static_cast<std::uint16_t>(word >> 16);
  }
}

void expand_i4(const std::uint8_t* codes, std::size_t inputs, const float* zero, const float* scale,
               float* out) {
  constexpr float kCodes[16] = {0.0F, 1.0F, 2.0F,  3.0F,  4.0F,  5.0F,  6.0F,  7.0F,
                                8.0F, 9.0F, 10.0F, 11.0F, 12.0F, 13.0F, 14.0F, 15.0F};
  const Nibbles lookup(kCodes);
  const F8 zero_low = F8::load(zero);
  const F8 zero_high = F8::load(zero + 8);
  const F8 scale_low = F8::load(scale);
  const F8 scale_high = F8::load(scale + 8);
  for (std::size_t i = 0; i < inputs; ++i) {
    F8 low;
    F8 high;
    lookup.values(codes + 8 * i, low, high);
    half_rounded((low - zero_low) * scale_low).store(out + 16 * i);
    half_rounded((high - zero_high) * scale_high).store(out + 16 * i + 8);
  }
}

float largest(const float* x, std::size_t n) {
  F8 most = F8::all(0.0F);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) most = larger_magnitude(most, absolute(F8::load(x + i)));
  if (i < n) most = larger_magnitude(most, absolute(load_some(x + i, n - i)));
  return largest_of(most);
}

float largest_below(const float* x, std::size_t n, float threshold) {
  const F8 limit = F8::all(threshold);
  F8 most = F8::all(0.0F);
  const auto take = [&](F8 value) {
    const F8 size = absolute(value);
    most = larger_magnitude(most, select(at_least(size, limit), F8::all(0.0F), size));
  };
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) take(F8::load(x + i));
  if (i < n) take(load_some(x + i, n - i));
  return largest_of(most);
}

void quantize(const float* x, std::size_t n, float scale, std::uint8_t* codes) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) nearest(F8::load(x + i) * F8::all(scale), codes + i);
  if (i < n) {
    std::uint8_t lanes[8];
    nearest(load_some(x + i, n - i) * F8::all(scale), lanes);
    for (std::size_t j = i; j < n; ++j) codes[j] = lanes[j - i];
  }
}

// Sum over a row of f(x), four chains at a time.
template <class Function>
inline float sum_over(const float* x, std::size_t n, Function&& f) {
  F8 sums[4] = {F8::all(0.0F), F8::all(0.0F), F8::all(0.0F), F8::all(0.0F)};
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) {
    for (std::size_t j = 0; j < 4; ++j) sums[j] = sums[j] + f(F8::load(x + i + 8 * j));
  }
  for (; i + 8 <= n; i += 8) sums[0] = sums[0] + f(F8::load(x + i));
  float rest = 0.0F;
  if (i < n) {
    float lanes[8];
    f(load_some(x + i, n - i)).store(lanes);
    for (std::size_t j = 0; j < n - i; ++j) rest += lanes[j];
  }
  return sum_of((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
}

template <Rounding kRounding>
inline void layer_norm_rows(const float* x, std::size_t rows, std::size_t width, const float* weight,
                            const float* bias, float epsilon, float* y) {
  for (std::size_t row = 0; row < rows; ++row, x += width, y += width) {
    const F8 mean = F8::all(sum_over(x, width, [](F8 v) { return v; }) / static_cast<float>(width));
    const float variance =
        sum_over(x, width, [&](F8 v) { return (v - mean) * (v - mean); }) / static_cast<float>(width);
    const F8 scale = F8::all(1.0F / square_root(variance + epsilon));
    std::size_t i = 0;
    for (; i + 8 <= width; i += 8) {
      F8 value = (F8::load(x + i) - mean) * scale * F8::load(weight + i);
      if (bias != nullptr) value = value + F8::load(bias + i);
      rounded<kRounding>(value).store(y + i);
    }
    if (i < width) {
      F8 value = (load_some(x + i, width - i) - mean) * scale * load_some(weight + i, width - i);
      if (bias != nullptr) value = value + load_some(bias + i, width - i);
      store_some(rounded<kRounding>(value), y + i, width - i);
    }
  }
}

void layer_norm(const float* x, std::size_t rows, std::size_t width, const float* weight, const float* bias,
                float epsilon, Rounding rounding, float* y) {
  with(rounding,
       [&](auto as) { layer_norm_rows<decltype(as)::value>(x, rows, width, weight, bias, epsilon, y); });
}

template <Rounding kRounding>
inline void rms_norm_rows(const float* x, std::size_t rows, std::size_t width, const float* weight,
                          float epsilon, float* y) {
  for (std::size_t row = 0; row < rows; ++row, x += width, y += width) {
    const float square = sum_over(x, width, [](F8 v) { return v * v; }) / static_cast<float>(width);
    const F8 scale = F8::all(1.0F / square_root(square + epsilon));
    std::size_t i = 0;
    for (; i + 8 <= width; i += 8)
      rounded<kRounding>(F8::load(x + i) * scale * F8::load(weight + i)).store(y + i);
    if (i < width) {
      const F8 value = load_some(x + i, width - i) * scale * load_some(weight + i, width - i);
      store_some(rounded<kRounding>(value), y + i, width - i);
    }
  }
}

void rms_norm(const float* x, std::size_t rows, std::size_t width, const float* weight, float epsilon,
              Rounding rounding, float* y) {
  with(rounding, [&](auto as) { rms_norm_rows<decltype(as)::value>(x, rows, width, weight, epsilon, y); });
}

template <Rounding kRounding>
inline void rotate_heads(float* x, std::size_t heads, std::size_t half, const float* cosine,
                         const float* sine) {
  for (std::size_t i = 0; i < half; i += 8) {
    const std::size_t count = half - i < 8 ? half - i : 8;
    const F8 c = count == 8 ? F8::load(cosine + i) : load_some(cosine + i, count);
    const F8 s = count == 8 ? F8::load(sine + i) : load_some(sine + i, count);
    for (std::size_t head = 0; head < heads; ++head) {
      float* low = x + head * 2 * half + i;
      float* high = low + half;
      if (count == 8) {
        const F8 l = F8::load(low);
        const F8 h = F8::load(high);
        rounded<kRounding>(l * c - h * s).store(low);
        rounded<kRounding>(h * c + l * s).store(high);
      } else {
        const F8 l = load_some(low, count);
        const F8 h = load_some(high, count);
        store_some(rounded<kRounding>(l * c - h * s), low, count);
        store_some(rounded<kRounding>(h * c + l * s), high, count);
      }
    }
  }
}

void rotate(float* x, std::size_t heads, std::size_t half, const float* cosine, const float* sine,
            Rounding rounding) {
  with(rounding, [&](auto as) { rotate_heads<decltype(as)::value>(x, heads, half, cosine, sine); });
}

inline float largest_between(const float* x, std::size_t begin, std::size_t end) {
  float most = x[begin];
  std::size_t i = begin;
  if (begin + 8 <= end) {
    F8 lanes = F8::load(x + i);
    for (i += 8; i + 8 <= end; i += 8) lanes = max(lanes, F8::load(x + i));
    float values[8];
    lanes.store(values);
    for (const float value : values) most = value > most ? value : most;
  }
  for (; i < end; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

// Lane t mod 16 always takes key t, so that a wider range with nothing in it does not change a sum.
void softmax(float* x, std::size_t begin, std::size_t end, std::size_t width, float scale) {
  const float most = largest_between(x, begin, end);
  for (std::size_t i = 0; i < begin; ++i) x[i] = most;
  for (std::size_t i = end; i < width; ++i) x[i] = most;
  const F8 shift = F8::all(most);
  const F8 factor = F8::all(scale);
  std::size_t i = 0;
  for (; i + 8 <= width; i += 8) exp_of((F8::load(x + i) - shift) * factor).store(x + i);
  if (i < width) store_some(exp_of((load_some(x + i, width - i) - shift) * factor), x + i, width - i);
  for (i = 0; i < begin; ++i) x[i] = 0.0F;
  for (i = end; i < width; ++i) x[i] = 0.0F;
  F8 sums[2] = {F8::all(0.0F), F8::all(0.0F)};
  for (i = 0; i + 8 <= width; i += 8) sums[i / 8 % 2] = sums[i / 8 % 2] + F8::load(x + i);
  if (i < width) sums[i / 8 % 2] = sums[i / 8 % 2] + load_some(x + i, width - i);
  const F8 inverse = F8::all(1.0F / sum_of(sums[0] + sums[1]));
  for (i = 0; i + 8 <= width; i += 8) (F8::load(x + i) * inverse).store(x + i);
  if (i < width) store_some(load_some(x + i, width - i) * inverse, x + i, width - i);
}

template <Rounding kRounding, class Function>
inline void gate_times_up(const float* gate, const float* up, float* y, std::size_t n, Function&& f) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8)
    rounded<kRounding>(rounded<kRounding>(f(F8::load(gate + i))) * F8::load(up + i)).store(y + i);
  if (i < n) {
    const F8 value = rounded<kRounding>(f(load_some(gate + i, n - i))) * load_some(up + i, n - i);
    store_some(rounded<kRounding>(value), y + i, n - i);
  }
}

void gelu_times(const float* gate, const float* up, float* y, std::size_t n, Rounding rounding) {
  with(rounding, [&](auto as) { gate_times_up<decltype(as)::value>(gate, up, y, n, gelu_of<F8>); });
}

void silu_times(const float* gate, const float* up, float* y, std::size_t n, Rounding rounding) {
  with(rounding, [&](auto as) { gate_times_up<decltype(as)::value>(gate, up, y, n, silu_of<F8>); });
}

template <Rounding kRounding, class Function>
inline void in_place(float* x, std::size_t n, Function&& f) {
  for (std::size_t i = 0; i < n; i += 8) {
    const std::size_t count = n - i < 8 ? n - i : 8;
    const F8 value = f(load_some(x + i, count));
    store_some(rounded<kRounding>(value), x + i, count);
  }
}

void gelu(float* x, std::size_t n, Rounding rounding) {
  with(rounding, [&](auto as) { in_place<decltype(as)::value>(x, n, gelu_of<F8>); });
}

void silu(float* x, std::size_t n, Rounding rounding) {
  with(rounding, [&](auto as) { in_place<decltype(as)::value>(x, n, silu_of<F8>); });
}

template <Rounding kRounding>
inline void add_rounded(float* x, const float* y, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) rounded<kRounding>(F8::load(x + i) + F8::load(y + i)).store(x + i);
  if (i < n) store_some(rounded<kRounding>(load_some(x + i, n - i) + load_some(y + i, n - i)), x + i, n - i);
}

void add(float* x, const float* y, std::size_t n, Rounding rounding) {
  with(rounding, [&](auto as) { add_rounded<decltype(as)::value>(x, y, n); });
}

void transpose_panels(const float* x, std::size_t stride, std::size_t tokens, std::size_t dim,
                      float* panels) {
  for (std::size_t t = 0; t < tokens; t += 8) {
    float* panel = panels + t / 16 * dim * 16 + t % 16;
    const std::size_t rows = tokens - t < 8 ? tokens - t : 8;
    for (std::size_t i = 0; i < dim; i += 8) {
      const std::size_t columns = dim - i < 8 ? dim - i : 8;
      F8 block[8];
      for (std::size_t row = 0; row < 8; ++row) {
        const float* source = x + (t + row) * stride + i;
        block[row] =
            row >= rows ? F8::all(0.0F) : (columns == 8 ? F8::load(source) : load_some(source, columns));
      }
      transpose8(block);
      for (std::size_t column = 0; column < columns; ++column) block[column].store(panel + (i + column) * 16);
    }
  }
  if (tokens % 16 != 0 && tokens % 16 <= 8) {
    float* panel = panels + tokens / 16 * dim * 16 + 8;
    for (std::size_t i = 0; i < dim; ++i) F8::all(0.0F).store(panel + i * 16);
  }
}

constexpr Kernels make_table(const char* name) {
  return {.name = name,
          .multiply_f32 = multiply_f32,
          .multiply_i8 = multiply_i8,
          .expand_half = expand_half,
          .expand_bfloat16 = expand_bfloat16,
          .expand_bfloat16_pairs = expand_bfloat16_pairs,
          .pack_bfloat16 = pack_bfloat16,
          .expand_i4_to_i8 = expand_i4_to_i8,
          .expand_i4 = expand_i4,
          .expand_nf4 = expand_nf4,
          .largest = largest,
          .largest_below = largest_below,
          .quantize = quantize,
          .layer_norm = layer_norm,
          .rms_norm = rms_norm,
          .rotate = rotate,
          .softmax = softmax,
          .gelu_times = gelu_times,
          .silu_times = silu_times,
          .gelu = gelu,
          .silu = silu,
          .add = add,
          .transpose_panels = transpose_panels};
}
