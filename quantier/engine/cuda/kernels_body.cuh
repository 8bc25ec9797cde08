// One table of kernels, for the generation that the including file names:
//   QUANTIER_CUDA_NAMESPACE      sm75, sm80, sm90
//   QUANTIER_CUDA_BFLOAT16       the tensor cores take bfloat16
//   QUANTIER_CUDA_ASYNC_COPY     global to shared memory without registers
#pragma once

#include "quantier/engine/cuda/kernels.h"
#include "quantier/engine/cuda/kernels_attention.cuh"
#include "quantier/engine/cuda/kernels_rows.cuh"
#include "quantier/engine/cuda/products_mma.cuh"

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

inline cudaError_t versions(int* ptx, int* binary) {
  cudaFuncAttributes attributes{};
  const cudaError_t error = cudaFuncGetAttributes(&attributes, gather_kernel);
  *ptx = attributes.ptxVersion;
  *binary = attributes.binaryVersion;
  return error;
}

constexpr Kernels table(const char* name, int arch, bool has_bfloat16,
                        cudaError_t (*i8_product)(const ProductTask&, cudaStream_t),
                        cudaError_t (*float_product)(const ProductTask&, cudaStream_t)) {
  return {.name = name,
          .arch = arch,
          .has_bfloat16 = has_bfloat16,
          .embed = embed,
          .norm = norm,
          .quantize = quantize,
          .attention = attention,
          .gate = gate,
          .activate = activate,
          .gather = gather,
          .mean = mean,
          .widen = widen_rows,
          .i8_product = i8_product,
          .float_product = float_product,
          .versions = versions};
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
