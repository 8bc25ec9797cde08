// Hopper (H100, H200).
#define QUANTIER_CUDA_NAMESPACE sm90
#define QUANTIER_CUDA_BFLOAT16
#define QUANTIER_CUDA_ASYNC_COPY
#define QUANTIER_CUDA_DEPENDENT_LAUNCH
#include "quantier/engine/cuda/kernels_body.cuh"
#include "quantier/engine/cuda/products_wgmma.cuh"

namespace quantier::cuda {
constinit const Kernels kSm90Kernels =
    sm90::table("sm90", 90, true, sm90::i8_product_wgmma, sm90::float_product_wgmma);
}  // namespace quantier::cuda
