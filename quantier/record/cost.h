// What one forward pass costs, before any device is named: operations by kind of arithmetic, bytes that must
// move, kernels that must be launched. Derived from shapes by pipeline/cost_model, turned into time by
// decide/roofline.
//
// Units: FLOPs count a multiply and an add as two; bytes are those that cross device memory once; everything
// in an OpCost is for one instance, `count` says how many equal ones a pass has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantier {

// The arithmetic of a product of matrices; sums are wider.
enum class Arithmetic : std::uint8_t { kF32, kF16, kBf16, kI8, kFp8, kI4 };
[[nodiscard]] const char* arithmetic_name(Arithmetic arithmetic);  // "f32", ..., "i4"

// How the weights of linear layers are stored and multiplied.
enum class Technique : std::uint8_t {
  kFp32,
  kFp16,
  kBf16,
  kFp8,             // weights and activations in e4m3
  kInt8,            // weights and activations in int8, row and column scales (SmoothQuant, dynamic)
  kLlmInt8,         // the same, outlier columns in fp16 (Dettmers et al. 2022)
  kNf4,             // 4-bit storage with double quantization, multiplied in fp16 (Dettmers et al. 2023)
  kInt4WeightOnly,  // 4-bit groups, multiplied in fp16 (GPTQ, AWQ)
  kInt4Int8,        // 4-bit storage, multiplied in int8 (W4A8)
  kInt4Int4,        // weights and activations in int4 (W4A4)
};
[[nodiscard]] const char* technique_name(Technique technique);
[[nodiscard]] std::vector<Technique> all_techniques();

// Which kernels carry the pass. Fused: one engine, activations and scales inside the products, padding not
// computed (TensorRT, FasterTransformer, Quantier). Eager: one small kernel for each operation, launched from
// Python; quantized layers as bitsandbytes does them (transformers + bitsandbytes).
enum class Stack : std::uint8_t { kFused, kEager };
[[nodiscard]] const char* stack_name(Stack stack);  // "fused", "eager"

enum class OpKind : std::uint8_t { kLinear, kAttention, kElementwise, kQuantize };

struct OpCost {
  std::string name;  // "mlp.down", "attention", "norms"
  OpKind kind = OpKind::kLinear;
  Arithmetic arithmetic = Arithmetic::kF32;
  double count = 1.0;
  double flops = 0.0;
  double bytes = 0.0;
  double launches = 0.0;
  double host_syncs = 0.0;  // places where the host waits for the device
  // Output of a product of matrices, for how much of a device its tiles can fill; 0: not tiled.
  double rows = 0.0;
  double columns = 0.0;
};

struct ByteRange {
  double low = 0.0;
  double high = 0.0;
};

struct ForwardCost {
  Technique technique = Technique::kFp16;
  Stack stack = Stack::kFused;
  double batch = 0.0;            // texts
  double tokens_per_text = 0.0;  // computed ones
  std::vector<OpCost> ops;
  double weight_bytes = 0.0;      // everything resident
  double activation_bytes = 0.0;  // the widest moment
  ByteRange memory;               // device memory at its peak
};

struct CostTotals {
  double flops = 0.0;
  double linear_flops = 0.0;
  double attention_flops = 0.0;
  double bytes = 0.0;
  double launches = 0.0;
  double host_syncs = 0.0;
};
[[nodiscard]] CostTotals totals(const ForwardCost& cost);

}  // namespace quantier
