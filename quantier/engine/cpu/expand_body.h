// Storage formats to numbers: what a panel of weights is before it can be multiplied.
// Included by kernels_body.h, whose rules hold here.

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
