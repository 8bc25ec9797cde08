// What lies between products: quantization, norms, rotary embedding, softmax, activations, sums.
// Included by kernels_body.h, whose rules hold here.

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
