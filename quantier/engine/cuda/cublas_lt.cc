#include "quantier/engine/cuda/cublas_lt.h"

#include <array>
#include <compare>
#include <cublasLt.h>
#include <dlfcn.h>
#include <map>
#include <string>

#include <fmt/format.h>

#include "quantier/engine/cuda/device_memory.h"

namespace quantier::cuda {
namespace {

constexpr std::size_t kWorkspaceBytes = std::size_t{8} << 20;

// The functions of the library that are called here.
struct Library {
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtDestroy) destroy = nullptr;
  decltype(&cublasLtGetVersion) get_version = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) get_heuristic = nullptr;
  decltype(&cublasLtMatmulDescCreate) create_product = nullptr;
  decltype(&cublasLtMatmulDescDestroy) destroy_product = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) set_product = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) create_layout = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) destroy_layout = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) create_preference = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) destroy_preference = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) set_preference = nullptr;
};

Result<Library> load_library() {
  // Of the CUDA version that this was built with: the interface is that one's.
  const std::string name = fmt::format("libcublasLt.so.{}", CUDART_VERSION / 1000);
  void* handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return fail(ErrorKind::kEnvironment, "cannot load cuBLASLt", name, dlerror(),
                "install the CUDA libraries (libcublas), or name their folder in LD_LIBRARY_PATH");
  }
  Library library;
  bool complete = true;
  const auto find = [&](auto& function, const char* symbol) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, symbol));
    complete = complete && function != nullptr;
  };
  find(library.create, "cublasLtCreate");
  find(library.destroy, "cublasLtDestroy");
  find(library.get_version, "cublasLtGetVersion");
  find(library.matmul, "cublasLtMatmul");
  find(library.get_heuristic, "cublasLtMatmulAlgoGetHeuristic");
  find(library.create_product, "cublasLtMatmulDescCreate");
  find(library.destroy_product, "cublasLtMatmulDescDestroy");
  find(library.set_product, "cublasLtMatmulDescSetAttribute");
  find(library.create_layout, "cublasLtMatrixLayoutCreate");
  find(library.destroy_layout, "cublasLtMatrixLayoutDestroy");
  find(library.create_preference, "cublasLtMatmulPreferenceCreate");
  find(library.destroy_preference, "cublasLtMatmulPreferenceDestroy");
  find(library.set_preference, "cublasLtMatmulPreferenceSetAttribute");
  if (!complete) {
    return fail(ErrorKind::kEnvironment, "cannot load cuBLASLt", name, "functions are missing in it",
                "install the CUDA libraries that go with the driver");
  }
  return library;
}

struct Shape {
  Element element = Element::kHalf;
  bool has_bias = false;
  bool adds = false;
  std::uint32_t rows = 0;
  std::uint32_t outputs = 0;
  std::uint32_t inputs = 0;
  auto operator<=>(const Shape&) const = default;
};

// A shape with the algorithm that the library chose for it.
struct Prepared {
  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatrixLayout_t weights = nullptr;
  cublasLtMatrixLayout_t x = nullptr;
  cublasLtMatrixLayout_t out = nullptr;
  cublasLtMatmulAlgo_t algorithm{};
};

Error library_error(cublasStatus_t status, const Shape& shape) {
  return {ErrorKind::kEnvironment, "a product of matrices failed on the device",
          fmt::format("{} x {} times {} x {}", shape.rows, shape.inputs, shape.inputs, shape.outputs),
          fmt::format("cuBLASLt status {}", static_cast<int>(status)),
          "the device may be lost or out of memory: look at nvidia-smi"};
}

class LoadedCublasLt final : public CublasLt {
 public:
  LoadedCublasLt(const Library& library, cublasLtHandle_t handle)
      : library_(library), handle_(handle), workspace_(kWorkspaceBytes, MemoryOwner::kOther) {}

  ~LoadedCublasLt() override {
    for (auto& [shape, prepared] : prepared_) destroy(prepared);
    library_.destroy(handle_);
  }

  [[nodiscard]] Status product(const PlainProductTask& task, cudaStream_t stream) override {
    if (task.rows == 0) return {};
    const Shape shape{task.element,           task.bias != nullptr, task.adds,
                      whole_steps(task.rows), task.outputs,         task.inputs};
    auto found = prepared_.find(shape);
    if (found == prepared_.end()) {
      Prepared prepared;
      if (const cublasStatus_t status = prepare(shape, prepared); status != CUBLAS_STATUS_SUCCESS) {
        destroy(prepared);
        return std::unexpected(library_error(status, shape));
      }
      found = prepared_.emplace(shape, prepared).first;
    }
    const Prepared& prepared = found->second;
    if (shape.has_bias) {
      library_.set_product(prepared.product, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &task.bias,
                           sizeof(task.bias));
    }
    const float alpha = 1.0F;
    const float beta = task.adds ? 1.0F : 0.0F;
    const cublasStatus_t status =
        library_.matmul(handle_, prepared.product, &alpha, task.weights, prepared.weights, task.x, prepared.x,
                        &beta, task.out, prepared.out, task.out, prepared.out, &prepared.algorithm,
                        workspace_.data(), workspace_.size(), stream);
    if (status != CUBLAS_STATUS_SUCCESS) return std::unexpected(library_error(status, shape));
    return {};
  }

  [[nodiscard]] std::string version() const override {
    const std::size_t version = library_.get_version();
    return fmt::format("cuBLASLt {}.{}.{}", version / 10000, version / 100 % 100, version % 100);
  }

 private:
  // Column by column, as the library sees it: out^T [outputs, rows] = W [outputs, inputs] x^T.
  cublasStatus_t prepare(const Shape& shape, Prepared& prepared) {
    const cudaDataType_t type = shape.element == Element::kHalf ? CUDA_R_16F : CUDA_R_16BF;
    const auto stop = [](cublasStatus_t status) { return status != CUBLAS_STATUS_SUCCESS; };
    cublasStatus_t status = library_.create_product(&prepared.product, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    if (stop(status)) return status;
    const cublasOperation_t transposed = CUBLAS_OP_T;
    status =
        library_.set_product(prepared.product, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed));
    if (stop(status)) return status;
    if (shape.has_bias) {
      const cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
      status =
          library_.set_product(prepared.product, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof(epilogue));
      if (stop(status)) return status;
    }
    status = library_.create_layout(&prepared.weights, type, shape.inputs, shape.outputs, shape.inputs);
    if (stop(status)) return status;
    status = library_.create_layout(&prepared.x, type, shape.inputs, shape.rows, shape.inputs);
    if (stop(status)) return status;
    status = library_.create_layout(&prepared.out, type, shape.outputs, shape.rows, shape.outputs);
    if (stop(status)) return status;
    cublasLtMatmulPreference_t preference = nullptr;
    status = library_.create_preference(&preference);
    if (stop(status)) return status;
    const std::size_t workspace_bytes = kWorkspaceBytes;
    library_.set_preference(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace_bytes,
                            sizeof(workspace_bytes));
    cublasLtMatmulHeuristicResult_t result{};
    int count = 0;
    status = library_.get_heuristic(handle_, prepared.product, prepared.weights, prepared.x, prepared.out,
                                    prepared.out, preference, 1, &result, &count);
    library_.destroy_preference(preference);
    if (stop(status)) return status;
    if (count == 0) return CUBLAS_STATUS_NOT_SUPPORTED;
    prepared.algorithm = result.algo;
    return result.state;
  }

  void destroy(const Prepared& prepared) {
    if (prepared.product != nullptr) library_.destroy_product(prepared.product);
    for (const auto layout : {prepared.weights, prepared.x, prepared.out})
      if (layout != nullptr) library_.destroy_layout(layout);
  }

  Library library_;
  cublasLtHandle_t handle_;
  DeviceBuffer workspace_;
  std::map<Shape, Prepared> prepared_;
};

}  // namespace

Result<std::unique_ptr<CublasLt>> CublasLt::open() {
  QT_TRY(const Library library, load_library());
  cublasLtHandle_t handle = nullptr;
  if (const cublasStatus_t status = library.create(&handle); status != CUBLAS_STATUS_SUCCESS) {
    return fail(ErrorKind::kEnvironment, "cannot start cuBLASLt", "",
                fmt::format("status {}", static_cast<int>(status)), "look at nvidia-smi for free memory");
  }
  return std::make_unique<LoadedCublasLt>(library, handle);
}

}  // namespace quantier::cuda
