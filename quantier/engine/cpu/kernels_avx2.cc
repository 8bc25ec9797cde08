// AVX2, FMA and F16C. Compiled only into this file's own functions (kernels_body.h says why).
#include "quantier/engine/cpu/kernels.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include <immintrin.h>

namespace quantier::cpu {
namespace {

#include "quantier/engine/cpu/body_avx2.h"
#include "quantier/engine/cpu/products_avx2.h"

constexpr Kernels kTable = make_table("avx2");

}  // namespace

const Kernels* avx2_kernels() { return &kTable; }

}  // namespace quantier::cpu
#else
namespace quantier::cpu {
const Kernels* avx2_kernels() { return nullptr; }
}  // namespace quantier::cpu
#endif
