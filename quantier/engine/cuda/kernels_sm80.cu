// Ampere and Ada (A100, A10G, L4).
#define QUANTIER_CUDA_NAMESPACE sm80
#define QUANTIER_CUDA_BFLOAT16
#define QUANTIER_CUDA_ASYNC_COPY
#include "quantier/engine/cuda/kernels_body.cuh"

namespace quantier::cuda {
constinit const Kernels kSm80Kernels = sm80::table("sm80", 80, true, sm80::i8_product_mma, nullptr);
}  // namespace quantier::cuda
