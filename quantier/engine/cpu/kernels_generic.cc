// Plain C++ for processors without AVX2, which the compiler vectorises as it can.
#include <bit>
#include <cmath>

#include "quantier/base/half.h"
#include "quantier/engine/cpu/kernels.h"

namespace quantier::cpu {
namespace {

struct F8 {
  float v[8];
  static F8 load(const float* x) {
    F8 out;
    for (int i = 0; i < 8; ++i) out.v[i] = x[i];
    return out;
  }
  static F8 all(float x) {
    F8 out;
    for (float& lane : out.v) lane = x;
    return out;
  }
  void store(float* x) const {
    for (int i = 0; i < 8; ++i) x[i] = v[i];
  }
};

template <class Function>
inline F8 each(F8 a, F8 b, Function&& f) {
  F8 out;
  for (int i = 0; i < 8; ++i) out.v[i] = f(a.v[i], b.v[i]);
  return out;
}

inline F8 operator+(F8 a, F8 b) {
  return each(a, b, [](float x, float y) { return x + y; });
}
inline F8 operator-(F8 a, F8 b) {
  return each(a, b, [](float x, float y) { return x - y; });
}
inline F8 operator*(F8 a, F8 b) {
  return each(a, b, [](float x, float y) { return x * y; });
}
inline F8 operator/(F8 a, F8 b) {
  return each(a, b, [](float x, float y) { return x / y; });
}
inline F8 fma(F8 a, F8 b, F8 c) { return a * b + c; }
inline F8 max(F8 a, F8 b) {
  return each(a, b, [](float x, float y) { return x > y ? x : y; });
}
inline F8 min(F8 a, F8 b) {
  return each(a, b, [](float x, float y) { return x < y ? x : y; });
}
// All ones where true: a NaN, of which only the sign is read.
inline F8 below(F8 a, F8 b) {
  return each(a, b, [](float x, float y) { return x < y ? -1.0F : 1.0F; });
}
inline F8 at_least(F8 a, F8 b) {
  return each(a, b, [](float x, float y) { return x >= y ? -1.0F : 1.0F; });
}
inline F8 select(F8 mask, F8 a, F8 b) {
  F8 out;
  for (int i = 0; i < 8; ++i) out.v[i] = mask.v[i] < 0 ? a.v[i] : b.v[i];
  return out;
}
inline F8 absolute(F8 a) {
  return each(a, a, [](float x, float) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU);
  });
}
inline F8 larger_magnitude(F8 a, F8 b) {
  return each(a, b, [](float x, float y) {
    return std::bit_cast<std::int32_t>(x) > std::bit_cast<std::int32_t>(y) ? x : y;
  });
}
inline F8 half_rounded(F8 a) {
  return each(a, a, [](float x, float) { return round_to_half(x); });
}
inline F8 bfloat16_rounded(F8 a) {
  return each(a, a, [](float x, float) { return to_float(to_bfloat16(x)); });
}
inline F8 from_bfloat16_bits(const std::uint16_t* bits) {
  F8 out;
  for (int i = 0; i < 8; ++i) out.v[i] = to_float(BFloat16{bits[i]});
  return out;
}
inline F8 from_half_bits(const std::uint16_t* bits) {
  F8 out;
  for (int i = 0; i < 8; ++i) out.v[i] = to_float(Half{bits[i]});
  return out;
}
inline F8 power_of_two(F8 shifted) {
  return each(shifted, shifted, [](float x, float) {
    return std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) + 127U) << 23);
  });
}
inline void nearest(F8 a, std::uint8_t* out) {
  for (int i = 0; i < 8; ++i) {
    // A NaN is nobody's code; its row is NaN by its absmax.
    const float whole = std::nearbyint(a.v[i]);
    const float cut = whole > 127.0F ? 127.0F : (whole >= -128.0F ? whole : -128.0F);
    out[i] = static_cast<std::uint8_t>(static_cast<int>(cut) + 128);
  }
}
inline float square_root(float x) { return std::sqrt(x); }

class Nibbles {
 public:
  explicit Nibbles(const float* table) : table_(table) {}
  void values(const std::uint8_t* codes, F8& low, F8& high) const {
    for (int i = 0; i < 8; ++i) {
      low.v[i] = table_[codes[i] & 0xF];
      high.v[i] = table_[codes[i] >> 4];
    }
  }

 private:
  const float* table_;
};

inline void transpose8(F8 (&block)[8]) {
  for (int row = 0; row < 8; ++row) {
    for (int column = 0; column < row; ++column) {
      const float keep = block[row].v[column];
      block[row].v[column] = block[column].v[row];
      block[column].v[row] = keep;
    }
  }
}

#include "quantier/engine/cpu/kernels_body.h"

// Sixteen sums over the steps of one group, less their surplus.
inline void group_sums(const std::uint8_t* x, const std::int8_t* weights, std::size_t steps,
                       const std::int32_t* surplus, F8& low, F8& high) {
  std::int32_t sums[16] = {};
  for (std::size_t step = 0; step < steps; ++step, x += 4, weights += 64) {
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 4; ++j) sums[i] += x[j] * weights[4 * i + j];
  }
  for (int i = 0; i < 8; ++i) {
    low.v[i] = static_cast<float>(sums[i] - surplus[i]);
    high.v[i] = static_cast<float>(sums[i + 8] - surplus[i + 8]);
  }
}

void multiply_i8(const Product& product, const IntegerScales& scales, const Epilogue& epilogue) {
  const int panels = product.panels[1] != nullptr ? 2 : 1;
  for (std::size_t index = 0; index < product.rows; ++index) {
    Row row;
    for (int panel = 0; panel < panels; ++panel) {
      const auto* weights = static_cast<const std::int8_t*>(product.panels[panel]);
      std::size_t group = 0;
      for (std::size_t begin = 0; begin < product.steps; begin += scales.steps_per_group, ++group) {
        const std::size_t left = product.steps - begin;
        const std::size_t steps = left < scales.steps_per_group ? left : scales.steps_per_group;
        F8 low;
        F8 high;
        group_sums(row_of(product, index) + 4 * begin, weights + 64 * begin, steps,
                   scales.surplus[panel] + group * 16, low, high);
        take_group(scales, index, group, panel, low, high, row);
      }
    }
    finish_integer_rows(scales, &row, index, 1, panels, epilogue);
  }
}

void expand_i4_to_i8(const std::uint8_t* codes, std::size_t inputs, const std::uint8_t* zero,
                     std::int8_t* panel, std::int32_t* surplus) {
  std::int32_t sums[16] = {};
  for (std::size_t k = 0; k < inputs; k += 4, panel += 64) {
    for (std::size_t j = 0; j < 4; ++j) {
      const std::uint8_t* pairs = codes + (k + j) * 8;
      for (std::size_t i = 0; i < 16; ++i) {
        const int code = k + j >= inputs ? zero[i] : (i < 8 ? pairs[i] & 0xF : pairs[i - 8] >> 4);
        panel[4 * i + j] = static_cast<std::int8_t>(code - zero[i]);
        sums[i] += code - zero[i];
      }
    }
  }
  for (std::size_t i = 0; i < 16; ++i) surplus[i] = 128 * sums[i];
}

constexpr Kernels kTable = make_table("generic");

}  // namespace

const Kernels* generic_kernels() { return &kTable; }

}  // namespace quantier::cpu
