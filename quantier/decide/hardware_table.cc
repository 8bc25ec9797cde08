#include "quantier/decide/hardware_table.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace quantier {
namespace {

using enum Arithmetic;
using enum RateBasis;

constexpr std::string_view kFasterTransformer =
    "NVIDIA, FasterTransformer docs/bert_guide.md (github.com/NVIDIA/FasterTransformer), BERT-base FP32, 32 "
    "x 128";
constexpr std::string_view kTensorRt =
    "NVIDIA, TensorRT demo/BERT README (github.com/NVIDIA/TensorRT), BERT-large, 128 x 128";
constexpr std::string_view kHalfOfInt8 = "half of the int8 rate, the ratio of the data sheet";
constexpr std::string_view kSheet = "data sheet, about 85 % of it in practice (general knowledge)";

// Burst rates are 75 % of the data sheet (general knowledge; a short cublasHgemm run on a T4 reached 77 %,
// github.com/NVIDIA/cutlass issue 1567).
constexpr std::array kT4{
    DeviceRate{kF32, 4.3, 6.1, kModel, kFasterTransformer},
    DeviceRate{kF16, 24.0, 49.0, kProducts,
               "forums.developer.nvidia.com/t/264462: cuBLAS fp16 4096^3, sustained, under power capping"},
    DeviceRate{kI8, 48.0, 97.0, kModel,
               "MLPerf Inference v0.7 (2020), NVIDIA, T4x8 bert-99 Offline: 436.8 samples/s for each T4"},
    DeviceRate{kI4, 96.0, 195.0, kScaled, "twice the int8 rate, the ratio of the data sheet"},
};
constexpr std::array kL4{
    DeviceRate{kF16, 57.0, 91.0, kScaled, kHalfOfInt8},
    DeviceRate{kBf16, 57.0, 91.0, kScaled, kHalfOfInt8},
    DeviceRate{kI8, 113.0, 182.0, kModel,
               "MLPerf Inference v3.0 (2023), NVIDIA, L4x1 bert-99 Offline: 1032 samples/s"},
    DeviceRate{kFp8, 69.0, 182.0, kModel,
               "MLPerf Inference v3.0 (2023), NVIDIA, L4x1 bert-99.9 Offline (FP8): 630.6 samples/s"},
};
constexpr std::array kA10{
    DeviceRate{kF32, 10.5, 23.0, kModel, kFasterTransformer},
    DeviceRate{kF16, 61.0, 94.0, kScaled, kHalfOfInt8},
    DeviceRate{kBf16, 61.0, 94.0, kScaled, kHalfOfInt8},
    DeviceRate{kI8, 122.0, 188.0, kModel,
               "MLPerf Inference v1.1 (2021), NVIDIA, A10x1 bert-99 Offline: 1111.5 samples/s"},
};
constexpr std::string_view kA10Chip = "the A10's rate: same chip, no figure of its own was found";
constexpr std::array kA10g{
    DeviceRate{kF32, 10.5, 23.0, kSibling, kA10Chip},
    DeviceRate{kF16, 61.0, 94.0, kSibling, kA10Chip},
    DeviceRate{kBf16, 61.0, 94.0, kSibling, kA10Chip},
    DeviceRate{kI8, 122.0, 188.0, kSibling, kA10Chip},
};
constexpr std::array kA100{
    DeviceRate{kF32, 61.0, 117.0, kModel,
               "NVIDIA, FasterTransformer docs/bert_guide.md, BERT-base in TF32, 32 x 128"},
    DeviceRate{kF16, 196.0, 234.0, kModel, kTensorRt},
    DeviceRate{kBf16, 196.0, 234.0, kModel, kTensorRt},
    DeviceRate{kI8, 397.0, 468.0, kModel, kTensorRt},
};
constexpr std::string_view kTorchProduct =
    "torch.matmul 4096^3 and 8192^3, fp16: 744-754, measured for Quantier";
constexpr std::array kH100{
    DeviceRate{kF16, 749.0, 749.0, kProducts, kTorchProduct},
    DeviceRate{kBf16, 749.0, 749.0, kScaled, kTorchProduct},
    DeviceRate{kI8, 740.0, 1480.0, kProducts,
               "torch._int_mm 4096^3 and 8192^3: 670-814, measured for Quantier"},
    DeviceRate{kFp8, 1030.0, 1480.0, kModel,
               "MLPerf Inference v3.0 (2023), NVIDIA, H100-SXM bert-99 Offline: 9369 samples/s"},
};
constexpr std::string_view kOneDnn =
    "oneDNN 2.6.3, products of model shapes, 2 threads, measured for Quantier";
constexpr std::array kCpu{
    DeviceRate{kF32, 0.415, 0.415, kProducts, kOneDnn},
    DeviceRate{kBf16, 0.850, 0.850, kProducts, kOneDnn},
    DeviceRate{kI8, 1.690, 1.690, kProducts, kOneDnn},
};

constexpr double kGigabyte = 1e9;
constexpr std::array kDevices{
    Device{"t4", "NVIDIA T4 (16 GB, 70 W)", DeviceClass::kGpu, 75, 16 * kGigabyte, 270.0,
           "320 by the data sheet, 250-300 in practice (general knowledge)", 40, 4.0, kT4,
           "bound by its power limit: sustained rates are 37 % of the data sheet"},
    Device{"l4", "NVIDIA L4 (24 GB, 72 W)", DeviceClass::kGpu, 89, 24 * kGigabyte, 255.0, kSheet, 58, 4.0,
           kL4, "bound by its power limit; no source for float products"},
    Device{"a10", "NVIDIA A10 (24 GB, 150 W)", DeviceClass::kGpu, 86, 24 * kGigabyte, 510.0, kSheet, 72, 4.0,
           kA10, ""},
    Device{"a10g", "NVIDIA A10G (24 GB)", DeviceClass::kGpu, 86, 24 * kGigabyte, 510.0, kSheet, 72, 4.0,
           kA10g, "no figure of its own: the A10's rates"},
    Device{"a100", "NVIDIA A100 (40 GB)", DeviceClass::kGpu, 80, 40 * kGigabyte, 1320.0, kSheet, 108, 4.0,
           kA100, "float products in TF32"},
    Device{"h100", "NVIDIA H100 SXM (80 GB)", DeviceClass::kGpu, 90, 80 * kGigabyte, 2900.0, kSheet, 132, 4.0,
           kH100, "no source for float products"},
    Device{"cpu", "2 cores with AVX-512 VNNI and bf16 (AMD Zen 5)", DeviceClass::kCpu, 0, 0.0, 58.0,
           "read of 1 GiB for each thread, measured for Quantier", 0, 5.0, kCpu,
           "two cores of one kind of machine: other CPUs differ by more than the interval"},
};

TechniqueSupport in_half(const Device& device, TechniqueSupport out, const char* stored) {
  out.support = Support::kStorage;
  const char* product = device.device_class == DeviceClass::kCpu ? "float" : "fp16";
  out.reason = std::string("stored in ") + stored + " bits, multiplied in " + product +
               ": saves memory, not arithmetic";
  return out;
}

TechniqueSupport with(TechniqueSupport out, Support support, std::string reason) {
  out.support = support;
  out.has_need = support == Support::kNative;
  out.reason = std::move(reason);
  return out;
}

}  // namespace

const char* rate_basis_name(RateBasis basis) {
  switch (basis) {
    case RateBasis::kProducts:
      return "timed products";
    case RateBasis::kModel:
      return "timed model";
    case RateBasis::kScaled:
      return "scaled";
    case RateBasis::kSibling:
      return "sibling device";
  }
  return "scaled";
}

const char* support_words(const TechniqueSupport& support) {
  switch (support.support) {
    case Support::kNative:
      return "native";
    case Support::kStorage:
      return support.has_need ? "storage only" : "storage, slow";
    case Support::kEmulated:
      return "emulated";
    case Support::kAbsent:
      return "not there";
  }
  return "not there";
}

std::span<const Device> device_table() { return kDevices; }

const Device* find_device(std::string_view name) {
  std::string lower(name);
  for (char& letter : lower) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  for (const Device& device : kDevices) {
    if (device.name == lower) return &device;
  }
  return nullptr;
}

std::optional<DeviceRate> rate_for(const Device& device, Arithmetic arithmetic) {
  for (const DeviceRate& rate : device.rates) {
    if (rate.arithmetic == arithmetic) return rate;
  }
  const bool widens = arithmetic == kBf16 || (arithmetic == kF16 && device.device_class == DeviceClass::kCpu);
  return widens ? rate_for(device, kF32) : std::nullopt;
}

TechniqueSupport technique_support(const Device& device, Technique technique) {
  const bool cpu = device.device_class == DeviceClass::kCpu;
  const int capability = device.compute_capability;
  TechniqueSupport out;
  out.technique = technique;
  switch (technique) {
    case Technique::kFp32:
      out.needs = "float units";
      return with(out, Support::kNative, "");
    case Technique::kFp16:
      out.needs = cpu ? "half-precision products" : "fp16 tensor cores";
      if (!cpu) return with(out, Support::kNative, "");
      return with(out, Support::kEmulated,
                  "halves are widened to float: half of the memory, the float's arithmetic");
    case Technique::kBf16:
      out.needs = cpu ? "bf16 products (AVX-512 BF16)" : "bf16 tensor cores (compute capability 8.0)";
      if (cpu || capability >= 80) return with(out, Support::kNative, "");
      return with(out, Support::kEmulated, "no bf16 units: widened to float, far slower than fp16");
    case Technique::kFp8:
      out.needs = "FP8 tensor cores (compute capability 8.9)";
      if (capability >= 89) return with(out, Support::kNative, "");
      return with(out, Support::kAbsent, "no FP8 units");
    case Technique::kInt8:
    case Technique::kLlmInt8:
      out.needs = cpu ? "int8 products (AVX-512 VNNI)" : "int8 tensor cores (compute capability 7.5)";
      return with(out, Support::kNative,
                  technique == Technique::kInt8 ? "" : "outlier columns are multiplied in fp16");
    case Technique::kNf4:
      out.needs = "nothing: no device multiplies NF4";
      return in_half(device, out, "4");
    case Technique::kInt4WeightOnly:
      out.needs = cpu ? "nothing: codes are widened as they are read"
                      : "asynchronous copies for the fast kernels (compute capability 8.0)";
      out = in_half(device, out, "4");
      out.has_need = cpu || capability >= 80;
      if (!out.has_need) out.reason += "; without asynchronous copies only slower kernels exist";
      return out;
    case Technique::kInt4Int8:
      out.needs = cpu ? "int8 products (AVX-512 VNNI)" : "int8 tensor cores (compute capability 7.5)";
      return with(out, Support::kNative, "codes are widened to int8, then multiplied as integers");
    case Technique::kInt4Int4:
      out.needs = "int4 tensor cores (compute capability 7.5 to 8.9)";
      if (!cpu && capability < 90) {
        return with(out, Support::kNative, "4-bit activations cost accuracy");
      }
      return with(out, Support::kAbsent, cpu ? "no int4 products" : "int4 units were removed");
  }
  return out;
}

}  // namespace quantier
