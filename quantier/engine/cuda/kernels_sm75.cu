// Turing (T4).
#define QUANTIER_CUDA_NAMESPACE sm75
#include "quantier/engine/cuda/kernels_body.cuh"

namespace quantier::cuda {
constinit const Kernels kSm75Kernels = sm75::table("sm75", 75, false, sm75::i8_product_mma, nullptr);
}  // namespace quantier::cuda
