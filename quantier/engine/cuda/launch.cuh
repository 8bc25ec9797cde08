// Launching kernels that follow each other closely.
//
// On Hopper a kernel may be set up while the one before it still runs, and waits inside until that one's
// results are there (PTX ISA: griddepcontrol). So every kernel begins with await_previous(), before it reads
// or writes anything that another kernel knows of; it ends in nothing. On other cards both are no more than a
// launch.
#pragma once

#include <cuda_runtime_api.h>
#include <utility>

namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE {

__device__ __forceinline__ void await_previous() {
#if defined(QUANTIER_CUDA_DEPENDENT_LAUNCH)
  asm volatile("griddepcontrol.launch_dependents;");
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, unsigned threads, std::size_t shared_bytes,
                   cudaStream_t stream, Arguments&&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = dim3(threads);
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
#if defined(QUANTIER_CUDA_DEPENDENT_LAUNCH)
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  config.attrs = &attribute;
  config.numAttrs = 1;
#endif
  return cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...);
}

}  // namespace quantier::cuda::QUANTIER_CUDA_NAMESPACE
