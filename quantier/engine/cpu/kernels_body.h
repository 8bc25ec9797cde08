// The loops behind kernels.h, written once over a vector type. Included by one source file for each
// instruction set, inside its own anonymous namespace, after it has defined:
//
//   struct F8: eight floats, with load, store, all (one value in all lanes), + - * /, fma(a, b, c) = a * b +
//   c,
//     max, min, below and at_least (masks), select(mask, a, b), absolute, larger_magnitude (NaN wins),
//     half_rounded, bfloat16_rounded, from_half_bits, from_bfloat16_bits, power_of_two (of the integer that
//     the lowest bits of a float hold), nibbles (eight codes to table values), and nearest (to eight bytes,
//     plus 128);
//   struct Sums: sixteen sums of int32, with zero, add (to each, the products of four activations and four
//     weights, as weights and activations made them) and floats; transpose8 of eight F8.
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

inline F8 rounded_as(Rounding rounding, F8 value) {
  if (rounding == Rounding::kHalf) return half_rounded(value);
  if (rounding == Rounding::kBFloat16) return bfloat16_rounded(value);
  return value;
}

inline F8 exp_of(F8 x) {
  const F8 clamped = max(min(x, F8::all(88.0F)), F8::all(-87.0F));
  // Adding 1.5 * 2^23 rounds to an integer, which then stands in the lowest bits.
  const F8 shifted = fma(clamped, F8::all(1.44269504F), F8::all(12582912.0F));
  const F8 n = shifted - F8::all(12582912.0F);
  const F8 r = fma(n, F8::all(2.12194440e-4F), fma(n, F8::all(-0.693359375F), clamped));
  F8 p = F8::all(1.0F / 720.0F);
  p = fma(p, r, F8::all(1.0F / 120.0F));
  p = fma(p, r, F8::all(1.0F / 24.0F));
  p = fma(p, r, F8::all(1.0F / 6.0F));
  p = fma(p, r, F8::all(0.5F));
  p = fma(p, r, F8::all(1.0F));
  p = fma(p, r, F8::all(1.0F));
  return select(below(x, F8::all(-87.0F)), F8::all(0.0F), p * power_of_two(shifted));
}

inline F8 erf_of(F8 x) {
  const F8 a = absolute(x);
  const F8 t = F8::all(1.0F) / fma(F8::all(0.3275911F), a, F8::all(1.0F));
  F8 p = F8::all(1.061405429F);
  p = fma(p, t, F8::all(-1.453152027F));
  p = fma(p, t, F8::all(1.421413741F));
  p = fma(p, t, F8::all(-0.284496736F));
  p = fma(p, t, F8::all(0.254829592F));
  const F8 y = F8::all(1.0F) - p * t * exp_of(F8::all(0.0F) - a * a);
  return select(below(x, F8::all(0.0F)), F8::all(0.0F) - y, y);
}

inline F8 gelu_of(F8 x) { return F8::all(0.5F) * x * (F8::all(1.0F) + erf_of(x * F8::all(0.70710678F))); }

inline F8 silu_of(F8 x) { return x / (F8::all(1.0F) + exp_of(F8::all(0.0F) - x)); }

inline void store_outputs(F8 low, F8 high, const Epilogue& epilogue, float* y, std::size_t count) {
  if (epilogue.bias != nullptr) {
    low = low + F8::load(epilogue.bias);
    high = high + F8::load(epilogue.bias + 8);
  }
  low = rounded_as(epilogue.rounding, low);
  high = rounded_as(epilogue.rounding, high);
  if (count == 16) {
    low.store(y);
    high.store(y + 8);
  } else {
    store_some(low, y, count < 8 ? count : 8);
    if (count > 8) store_some(high, y + 8, count - 8);
  }
}

template <int kRows>
inline void multiply_rows(const float* x, std::size_t x_stride, std::size_t k, const float* panel,
                          const Epilogue& epilogue, float* y, std::size_t y_stride, std::size_t count) {
  F8 low[kRows];
  F8 high[kRows];
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row) low[row] = high[row] = F8::all(0.0F);
  for (std::size_t i = 0; i < k; ++i) {
    const F8 weights_low = F8::load(panel + i * 16);
    const F8 weights_high = F8::load(panel + i * 16 + 8);
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row) {
      const F8 value = F8::all(x[static_cast<std::size_t>(row) * x_stride + i]);
      low[row] = fma(value, weights_low, low[row]);
      high[row] = fma(value, weights_high, high[row]);
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row)
    store_outputs(low[row], high[row], epilogue, y + static_cast<std::size_t>(row) * y_stride, count);
}

void multiply_panel(const float* x, std::size_t x_stride, std::size_t rows, std::size_t k, const float* panel,
                    Epilogue epilogue, float* y, std::size_t y_stride, std::size_t count) {
  while (rows >= 6) {
    multiply_rows<6>(x, x_stride, k, panel, epilogue, y, y_stride, count);
    x += 6 * x_stride;
    y += 6 * y_stride;
    rows -= 6;
  }
  switch (rows) {
    case 5:
      return multiply_rows<5>(x, x_stride, k, panel, epilogue, y, y_stride, count);
    case 4:
      return multiply_rows<4>(x, x_stride, k, panel, epilogue, y, y_stride, count);
    case 3:
      return multiply_rows<3>(x, x_stride, k, panel, epilogue, y, y_stride, count);
    case 2:
      return multiply_rows<2>(x, x_stride, k, panel, epilogue, y, y_stride, count);
    case 1:
      return multiply_rows<1>(x, x_stride, k, panel, epilogue, y, y_stride, count);
    default:
      return;
  }
}

template <int kRows>
inline void multiply_rows_i8(const std::uint8_t* codes, std::size_t codes_stride, std::size_t quads,
                             const std::int8_t* panel, const std::int32_t* surplus, const float* row_absmax,
                             const float* column_absmax, float scale, const Epilogue& epilogue, float* y,
                             std::size_t y_stride, std::size_t count) {
  Sums sums[kRows];
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row) sums[row] = Sums::zero();
  for (std::size_t i = 0; i < quads; ++i) {
    const auto weights = Sums::weights(panel + i * 64);
#pragma GCC unroll 8
    for (int row = 0; row < kRows; ++row)
      sums[row].add(Sums::activations(codes + static_cast<std::size_t>(row) * codes_stride + 4 * i), weights);
  }
  const F8 columns_low = F8::load(column_absmax);
  const F8 columns_high = F8::load(column_absmax + 8);
#pragma GCC unroll 8
  for (int row = 0; row < kRows; ++row) {
    const F8 absmax = F8::all(row_absmax[row]);
    F8 low;
    F8 high;
    sums[row].floats(surplus, low, high);
    store_outputs(low * (absmax * columns_low) * F8::all(scale),
                  high * (absmax * columns_high) * F8::all(scale), epilogue,
                  y + static_cast<std::size_t>(row) * y_stride, count);
  }
}

void multiply_panel_i8(const std::uint8_t* codes, std::size_t codes_stride, std::size_t rows,
                       std::size_t quads, const std::int8_t* panel, const std::int32_t* surplus,
                       const float* row_absmax, const float* column_absmax, float scale, Epilogue epilogue,
                       float* y, std::size_t y_stride, std::size_t count) {
  // Two rows: sixteen outputs of one take four registers, and the weights another four.
  for (; rows >= 2; rows -= 2) {
    multiply_rows_i8<2>(codes, codes_stride, quads, panel, surplus, row_absmax, column_absmax, scale,
                        epilogue, y, y_stride, count);
    codes += 2 * codes_stride;
    row_absmax += 2;
    y += 2 * y_stride;
  }
  if (rows == 1) {
    multiply_rows_i8<1>(codes, codes_stride, quads, panel, surplus, row_absmax, column_absmax, scale,
                        epilogue, y, y_stride, count);
  }
}

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
inline void rotate_pairs(float* low, float* high, const float* cosine, const float* sine, std::size_t n) {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const F8 l = F8::load(low + i);
    const F8 h = F8::load(high + i);
    const F8 c = F8::load(cosine + i);
    const F8 s = F8::load(sine + i);
    rounded<kRounding>(l * c - h * s).store(low + i);
    rounded<kRounding>(h * c + l * s).store(high + i);
  }
  if (i < n) {
    const F8 l = load_some(low + i, n - i);
    const F8 h = load_some(high + i, n - i);
    const F8 c = load_some(cosine + i, n - i);
    const F8 s = load_some(sine + i, n - i);
    store_some(rounded<kRounding>(l * c - h * s), low + i, n - i);
    store_some(rounded<kRounding>(h * c + l * s), high + i, n - i);
  }
}

void rotate(float* low, float* high, const float* cosine, const float* sine, std::size_t n,
            Rounding rounding) {
  with(rounding, [&](auto as) { rotate_pairs<decltype(as)::value>(low, high, cosine, sine, n); });
}

// Lane t mod 8 always takes key t, so that a wider range with nothing in it does not change a sum.
void softmax(float* x, std::size_t begin, std::size_t end, std::size_t width, float scale) {
  float most = x[begin];
  for (std::size_t i = begin; i < end; ++i) most = x[i] > most ? x[i] : most;
  for (std::size_t i = 0; i < begin; ++i) x[i] = most;
  for (std::size_t i = end; i < width; ++i) x[i] = most;
  const F8 shift = F8::all(most);
  const F8 factor = F8::all(scale);
  F8 sums = F8::all(0.0F);
  std::size_t i = 0;
  for (; i + 8 <= width; i += 8) exp_of((F8::load(x + i) - shift) * factor).store(x + i);
  if (i < width) store_some(exp_of((load_some(x + i, width - i) - shift) * factor), x + i, width - i);
  for (i = 0; i < begin; ++i) x[i] = 0.0F;
  for (i = end; i < width; ++i) x[i] = 0.0F;
  for (i = 0; i + 8 <= width; i += 8) sums = sums + F8::load(x + i);
  if (i < width) sums = sums + load_some(x + i, width - i);
  const F8 inverse = F8::all(1.0F / sum_of(sums));
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
  with(rounding, [&](auto as) { gate_times_up<decltype(as)::value>(gate, up, y, n, gelu_of); });
}

void silu_times(const float* gate, const float* up, float* y, std::size_t n, Rounding rounding) {
  with(rounding, [&](auto as) { gate_times_up<decltype(as)::value>(gate, up, y, n, silu_of); });
}

template <class Function>
inline void in_place(float* x, std::size_t n, Rounding rounding, Function&& f) {
  for (std::size_t i = 0; i < n; i += 8) {
    const std::size_t count = n - i < 8 ? n - i : 8;
    const F8 value = f(load_some(x + i, count));
    store_some(rounded_as(rounding, value), x + i, count);
  }
}

void gelu(float* x, std::size_t n, Rounding rounding) { in_place(x, n, rounding, gelu_of); }
void silu(float* x, std::size_t n, Rounding rounding) { in_place(x, n, rounding, silu_of); }

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
          .multiply_panel = multiply_panel,
          .multiply_panel_i8 = multiply_panel_i8,
          .expand_half = expand_half,
          .expand_bfloat16 = expand_bfloat16,
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
