// AVX-512 with BF16: products of bfloat16 as the processor takes them, two at a time, with sums in float.
// Everything else is as with VNNI.
#include "quantier/engine/cpu/kernels.h"

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && \
    defined(__AVX512VNNI__) && defined(__AVX512BF16__)
// GCC 12 takes the undefined registers inside its own intrinsics for a mistake of ours (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <cstring>
#include <immintrin.h>

namespace quantier::cpu {
namespace {

#include "quantier/engine/cpu/products_avx512.h"

struct BFloat16Step {
  using Sum = __m512;
  static Sum zero() { return _mm512_setzero_ps(); }
  // As assembly, because GCC 12 copies the sums between registers around the intrinsic.
  static Sum add(Sum sum, __m512i x, __m512i weights) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(weights));
    return sum;
  }
};

void multiply_bf16(const Product& product, const Epilogue& epilogue) {
  multiply<BFloat16Step>(product, epilogue);
}

void round_bfloat16(const float* x, std::size_t n, std::uint16_t* bits) {
  for (std::size_t i = 0; i < n; i += 16) {
    const auto lanes = static_cast<__mmask16>(n - i >= 16 ? 0xFFFFU : (1U << (n - i)) - 1U);
    const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(lanes, x + i));
    __m256i words;
    std::memcpy(&words, &rounded, sizeof words);
    _mm256_mask_storeu_epi16(bits + i, lanes, words);
  }
}

}  // namespace

const Kernels* avx512bf16_kernels() {
  static const Kernels* const table = []() -> const Kernels* {
    if (avx512vnni_kernels() == nullptr) return nullptr;
    static Kernels kernels = *avx512vnni_kernels();
    kernels.name = "avx512bf16";
    kernels.multiply_bf16 = multiply_bf16;
    kernels.round_bfloat16 = round_bfloat16;
    return &kernels;
  }();
  return table;
}

}  // namespace quantier::cpu
#else
namespace quantier::cpu {
const Kernels* avx512bf16_kernels() { return nullptr; }
}  // namespace quantier::cpu
#endif
