#include "quantier/record/cost.h"

namespace quantier {

const char* arithmetic_name(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::kF32:
      return "f32";
    case Arithmetic::kF16:
      return "f16";
    case Arithmetic::kBf16:
      return "bf16";
    case Arithmetic::kI8:
      return "i8";
    case Arithmetic::kFp8:
      return "fp8";
    case Arithmetic::kI4:
      return "i4";
  }
  return "f32";
}

const char* technique_name(Technique technique) {
  switch (technique) {
    case Technique::kFp32:
      return "fp32";
    case Technique::kFp16:
      return "fp16";
    case Technique::kBf16:
      return "bf16";
    case Technique::kFp8:
      return "FP8 W8A8";
    case Technique::kInt8:
      return "int8 W8A8";
    case Technique::kLlmInt8:
      return "LLM.int8()";
    case Technique::kNf4:
      return "NF4";
    case Technique::kInt4WeightOnly:
      return "int4 weights (GPTQ, AWQ)";
    case Technique::kInt4Int8:
      return "W4A8";
    case Technique::kInt4Int4:
      return "W4A4";
  }
  return "fp32";
}

std::vector<Technique> all_techniques() {
  return {Technique::kFp32,     Technique::kFp16,    Technique::kBf16, Technique::kFp8,
          Technique::kInt8,     Technique::kLlmInt8, Technique::kNf4,  Technique::kInt4WeightOnly,
          Technique::kInt4Int8, Technique::kInt4Int4};
}

const char* stack_name(Stack stack) { return stack == Stack::kFused ? "fused" : "eager"; }

CostTotals totals(const ForwardCost& cost) {
  CostTotals sum;
  for (const OpCost& op : cost.ops) {
    sum.flops += op.count * op.flops;
    if (op.kind == OpKind::kLinear) sum.linear_flops += op.count * op.flops;
    if (op.kind == OpKind::kAttention) sum.attention_flops += op.count * op.flops;
    sum.bytes += op.count * op.bytes;
    sum.launches += op.count * op.launches;
    sum.host_syncs += op.count * op.host_syncs;
  }
  return sum;
}

}  // namespace quantier
