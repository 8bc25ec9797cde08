// Products of rows with panels of weights, and what happens to them before they are stored (kernels.h).
// Included by kernels_body.h, whose rules hold here.

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

// What a tile of rows fetches for the next product: the first one all of it, a step with each of its own. For
// few rows weights come from memory, and no processor sees from one panel where the next one stands.
constexpr int kFetchAhead = 2;  // into the second-level cache
inline const void* next_of(const Product& product, std::size_t first_row, int panel) {
  return first_row == 0 ? product.next_panels[panel] : nullptr;
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
  const auto* next = static_cast<const float*>(next_of(product, first, panel));
  for (std::size_t i = 0; i < product.steps; ++i) {
    if (next != nullptr) __builtin_prefetch(next + i * 16, 0, kFetchAhead);
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
