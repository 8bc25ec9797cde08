#include "quantier/pipeline/cost_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "quantier/checkpoint/families/family.h"
#include "quantier/checkpoint/hf_config.h"
#include "quantier/formats/packed_linear.h"

namespace quantier {
namespace {

constexpr double kHalf = 2.0;   // bytes of a half
constexpr double kFloat = 4.0;  // bytes of a float

Arithmetic product_of(Technique technique) {
  switch (technique) {
    case Technique::kFp32:
      return Arithmetic::kF32;
    case Technique::kBf16:
      return Arithmetic::kBf16;
    case Technique::kFp8:
      return Arithmetic::kFp8;
    case Technique::kInt8:
    case Technique::kLlmInt8:
    case Technique::kInt4Int8:
      return Arithmetic::kI8;
    case Technique::kInt4Int4:
      return Arithmetic::kI4;
    case Technique::kFp16:
    case Technique::kNf4:
    case Technique::kInt4WeightOnly:
      return Arithmetic::kF16;
  }
  return Arithmetic::kF32;
}

// What attention and everything between the products computes in.
Arithmetic activation_of(Technique technique) {
  if (technique == Technique::kFp32) return Arithmetic::kF32;
  return technique == Technique::kBf16 ? Arithmetic::kBf16 : Arithmetic::kF16;
}

double weight_bytes_of(Technique technique, const LinearSpec& linear) {
  const auto n = linear.out_features;
  const auto k = linear.in_features;
  const bool bias = linear.bias.has_value();
  const auto planned = [&](WeightFormat format) {
    return static_cast<double>(weight_bytes(format, {}, {n, k, bias}));
  };
  const double elements = static_cast<double>(n) * static_cast<double>(k);
  switch (technique) {
    case Technique::kFp32:
      return planned(WeightFormat::kF32);
    case Technique::kFp16:
    case Technique::kBf16:
      return planned(WeightFormat::kF16);
    case Technique::kInt8:
    case Technique::kLlmInt8:
    case Technique::kFp8:
      return planned(WeightFormat::kI8Row);
    case Technique::kNf4:
      return planned(WeightFormat::kNf4Block);
    case Technique::kInt4WeightOnly:
    case Technique::kInt4Int8:
    case Technique::kInt4Int4:
      return elements / 2 + elements / 128 * 2.5 + (bias ? kFloat * static_cast<double>(n) : 0.0);
  }
  return elements * kFloat;
}

class Builder {
 public:
  Builder(const ModelSpec& spec, Technique technique, const CostWorkload& workload, Stack stack)
      : spec_(spec),
        technique_(technique),
        workload_(workload),
        eager_(stack == Stack::kEager),
        texts_(static_cast<double>(workload.batch)),
        rows_(texts_ * static_cast<double>(workload.tokens_per_text)),
        hidden_(static_cast<double>(spec.hidden)),
        intermediate_(static_cast<double>(spec.intermediate)),
        query_width_(static_cast<double>(spec.heads * spec.head_dim)),
        key_width_(static_cast<double>(spec.kv_heads * spec.head_dim)),
        element_(technique == Technique::kFp32 ? kFloat : kHalf) {
    cost_.technique = technique;
    cost_.stack = stack;
    cost_.batch = texts_;
    cost_.tokens_per_text = static_cast<double>(workload.tokens_per_text);
  }

  // `bytes`: of the packed weights of each linear, when a plan knows them better.
  ForwardCost build(const std::vector<double>& bytes) {
    for (std::size_t i = 0; i < spec_.linears.size(); ++i) linear(spec_.linears[i], bytes[i]);
    for (const LayerSpec& layer : spec_.layers) {
      attention(layer);
      between(layer);
    }
    add("embedding", OpKind::kElementwise, 0, rows_ * hidden_ * element_ * 2, eager_ ? 3 : 1);
    memory(bytes);
    return std::move(cost_);
  }

 private:
  OpCost& add(std::string name, OpKind kind, double flops, double bytes, double launches) {
    // Equal operations of consecutive layers are one entry.
    for (OpCost& op : cost_.ops) {
      if (op.name == name && op.flops == flops && op.bytes == bytes && op.launches == launches) {
        op.count += 1;
        return op;
      }
    }
    OpCost op;
    op.name = std::move(name);
    op.kind = kind;
    op.arithmetic = activation_of(technique_);
    op.flops = flops;
    op.bytes = bytes;
    op.launches = launches;
    cost_.ops.push_back(std::move(op));
    return cost_.ops.back();
  }

  void linear(const LinearSpec& linear, double weight_bytes) {
    const bool head = is_head(linear.role);
    const double m = head ? texts_ : rows_;
    const auto n = static_cast<double>(linear.out_features);
    const auto k = static_cast<double>(linear.in_features);
    const Technique technique = head && technique_ != Technique::kFp32 && technique_ != Technique::kBf16
                                    ? Technique::kFp16
                                    : technique_;
    const Arithmetic arithmetic = product_of(technique);
    const double in = arithmetic == Arithmetic::kI4                                     ? 0.5
                      : arithmetic == Arithmetic::kI8 || arithmetic == Arithmetic::kFp8 ? 1
                                                                                        : element_;
    // The fused product writes what the next operation reads; the int8 product of the eager stack writes its
    // 32-bit sums and a second kernel turns them into halves.
    const bool integer_sums = eager_ && technique == Technique::kLlmInt8;
    OpCost& product = add(linear_role_name(linear.role), OpKind::kLinear, 2 * m * n * k,
                          weight_bytes + m * k * in + m * n * (integer_sums ? kFloat : element_), 1);
    product.arithmetic = arithmetic;
    product.rows = m;
    product.columns = n;
    const std::string quantizing = std::string("quantize ") + linear_role_name(linear.role);
    if (technique == Technique::kLlmInt8) {
      // Eager, from the sources of bitsandbytes: |A| (4 bytes an element), comparison (3), any (1), positions
      // (2), row maxima and codes (3), zeroed columns; int32 sums read, halves written (6), outlier columns
      // gathered, their weights dequantized, a second product added (4). Two of the steps need the host.
      // Fused: one pass over the input that writes codes and finds the columns.
      OpCost& op = eager_ ? add(quantizing, OpKind::kQuantize, 0, m * k * 13 + m * n * 10, 14)
                          : add(quantizing, OpKind::kQuantize, 0, m * k * 3, 1);
      op.host_syncs = eager_ ? 2 : 0;
    } else if (technique == Technique::kInt8 || technique == Technique::kFp8 ||
               technique == Technique::kInt4Int8 || technique == Technique::kInt4Int4) {
      // Fused stacks quantize in the kernel before; eager ones in passes of their own.
      if (eager_) add(quantizing, OpKind::kQuantize, 0, m * k * 5 + m * n * 6, 3);
    } else if (technique == Technique::kNf4 || technique == Technique::kInt4WeightOnly) {
      // Codes read, halves written and read again; eager also restores the nested maxima in kernels of their
      // own.
      add(quantizing, OpKind::kQuantize, 0, weight_bytes + n * k * 2 * kHalf, eager_ ? 5 : 1);
    }
  }

  void attention(const LayerSpec& layer) {
    const double pairs = texts_ * visible_pairs(spec_, layer, workload_.tokens_per_text);
    double bytes = rows_ * (2 * query_width_ + 2 * key_width_) * element_;
    double launches = eager_ ? 3 : 1;
    if (workload_.unfused_attention) {
      // Scores written, scaled, masked, normalized and read: eight passes over [heads, L, L], and four
      // transposed copies of the width of a token.
      const auto tokens = static_cast<double>(workload_.tokens_per_text);
      bytes += texts_ * static_cast<double>(spec_.heads) * tokens * tokens * 8 * element_;
      bytes += rows_ * 4 * 2 * query_width_ * element_;
      launches = 10;
    }
    add("attention", OpKind::kAttention, 4 * pairs * query_width_, bytes, launches);
  }

  // Norms, rotary embedding, activation and residual sums of one layer.
  void between(const LayerSpec& layer) {
    const bool root_mean_square = spec_.family == Family::kQwen2;
    const bool gated = std::ranges::any_of(spec_.linears, [](const LinearSpec& linear) {
      return linear.role == LinearRole::kMlpGateUp || linear.role == LinearRole::kMlpGate;
    });
    if (!eager_) {
      // Norms read and write the stream; everything else is inside the products.
      add("norms", OpKind::kElementwise, 0, 2 * rows_ * hidden_ * 2 * element_, 2);
      return;
    }
    // RMS norm in separate kernels: to float (6 bytes an element), square (8), mean (4), scale (8), back (6),
    // weight (4); layer norm is one kernel that reads and writes.
    const double norm = root_mean_square ? 36 : 2 * element_;
    add("norms", OpKind::kElementwise, 0, 2 * rows_ * hidden_ * norm, root_mean_square ? 16 : 2);
    if (layer.rope_theta > 0) {
      // Two products, a negated and rejoined half, a sum; ModernBERT does them in float.
      const double each = spec_.family == Family::kModernBert ? 50 : 20;
      add("rotary embedding", OpKind::kElementwise, 0, rows_ * (query_width_ + key_width_) * each,
          spec_.family == Family::kModernBert ? 16 : 10);
    }
    add("activation", OpKind::kElementwise, 0, rows_ * intermediate_ * element_ * (gated ? 5 : 2),
        gated ? 2 : 1);
    add("residual sums", OpKind::kElementwise, 0, 2 * rows_ * hidden_ * 3 * element_, 2);
  }

  void memory(const std::vector<double>& bytes) {
    const double embedding = static_cast<double>(spec_.vocabulary) * hidden_ * element_;
    double largest_half = 0;
    double full = embedding;  // the checkpoint in halves
    cost_.weight_bytes = embedding;
    for (std::size_t i = 0; i < spec_.linears.size(); ++i) {
      const double halves = static_cast<double>(spec_.linears[i].out_features) *
                            static_cast<double>(spec_.linears[i].in_features) * kHalf;
      cost_.weight_bytes += bytes[i];
      full += halves;
      largest_half = std::max(largest_half, halves);
    }
    for (const NormSpec& norm : spec_.norms) cost_.weight_bytes += hidden_ * kFloat * (norm.bias ? 2 : 1);
    const double projected = std::max(query_width_ + 2 * key_width_, 2 * intermediate_);
    // Stream, its norm, the widest projection, attention's answer, the activated product.
    cost_.activation_bytes = rows_ * (2 * hidden_ + projected + query_width_ + intermediate_) * element_;
    cost_.memory = {cost_.weight_bytes + cost_.activation_bytes, cost_.weight_bytes + cost_.activation_bytes};
    if (!eager_) return;
    const bool quantized = technique_ == Technique::kLlmInt8 || technique_ == Technique::kNf4;
    // Loaded in halves and quantized on the device, so that both may be there at once; beside the activations
    // the 32-bit sums, or one layer's dequantized weights.
    const double widest = std::max(projected / 2, intermediate_);
    cost_.memory.low = cost_.weight_bytes + rows_ * (2 * hidden_ + 2 * widest) * element_;
    cost_.memory.high = cost_.weight_bytes + cost_.activation_bytes + rows_ * hidden_ * kFloat * 3;
    if (quantized) {
      cost_.memory.high +=
          full + (technique_ == Technique::kLlmInt8 ? rows_ * widest * kFloat : largest_half);
    }
  }

  const ModelSpec& spec_;
  const Technique technique_;
  const CostWorkload& workload_;
  const bool eager_;
  const double texts_;
  const double rows_;
  const double hidden_;
  const double intermediate_;
  const double query_width_;
  const double key_width_;
  const double element_;
  ForwardCost cost_;
};

Status check_workload(const ModelSpec& spec, const CostWorkload& workload) {
  constexpr std::uint64_t kMostBatch = 1'000'000;
  if (workload.batch == 0 || workload.batch > kMostBatch) {
    return fail(ErrorKind::kUsage, "the batch size cannot be used", "--batch",
                fmt::format("{} is not between 1 and {}", workload.batch, kMostBatch));
  }
  if (workload.tokens_per_text == 0) {
    return fail(ErrorKind::kUsage, "the length of a text cannot be used", "--tokens",
                "0 tokens: nothing would be computed");
  }
  if (workload.tokens_per_text > spec.max_positions) {
    return fail(
        ErrorKind::kUsage, "the texts are longer than the model reads", "--tokens",
        fmt::format("{} tokens, the model has {} positions", workload.tokens_per_text, spec.max_positions));
  }
  return {};
}

}  // namespace

double visible_pairs(const ModelSpec& spec, const LayerSpec& layer, std::uint64_t tokens) {
  const auto length = static_cast<double>(tokens);
  double pairs = spec.causal ? length * (length + 1) / 2 : length * length;
  if (!layer.half_window || *layer.half_window + 1 >= tokens) return pairs;
  // Outside |i - j| <= w lie (L - w - 1)(L - w) pairs, half of them on each side of the diagonal.
  const double beyond = length - static_cast<double>(*layer.half_window);
  pairs -= (beyond - 1) * beyond / (spec.causal ? 2 : 1);
  return pairs;
}

Result<Technique> technique_of(const LayerRecipe& recipe) {
  switch (recipe.format) {
    case WeightFormat::kF32:
      return Technique::kFp32;
    case WeightFormat::kF16:
      return Technique::kFp16;
    case WeightFormat::kBF16:
      return Technique::kBf16;
    case WeightFormat::kI8Row:
      return recipe.input == InputFormat::kI8Outliers ? Technique::kLlmInt8 : Technique::kInt8;
    case WeightFormat::kNf4Block:
      return Technique::kNf4;
    case WeightFormat::kI4Group:
      return recipe.input == InputFormat::kI8 ? Technique::kInt4Int8 : Technique::kInt4WeightOnly;
    case WeightFormat::kFp8Row:
      return Technique::kFp8;
  }
  return fail(ErrorKind::kUnsupported, "no cost model for a format", weight_format_name(recipe.format));
}

Result<Technique> technique_of(const Plan& plan) {
  std::optional<Technique> technique;
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    // The head is small and stays in half or single precision.
    if (!plan.layers[i].linear.starts_with("layers.")) continue;
    QT_TRY(const Technique own, technique_of(plan.layers[i].recipe));
    if (technique && *technique != own) {
      return fail(ErrorKind::kUnsupported, "no cost model for a plan that mixes formats", plan.recipe,
                  fmt::format("{} in {}", format_text(plan.layers[i].recipe), plan.layers[i].linear));
    }
    technique = own;
  }
  return technique.value_or(Technique::kFp32);
}

Result<ForwardCost> forward_cost(const ModelSpec& spec, Technique technique, const CostWorkload& workload,
                                 Stack stack) {
  QT_TRY_STATUS(check_workload(spec, workload));
  std::vector<double> bytes;
  for (const LinearSpec& linear : spec.linears) {
    const bool half = is_head(linear.role) && technique != Technique::kFp32;
    bytes.push_back(weight_bytes_of(half ? Technique::kFp16 : technique, linear));
  }
  return Builder(spec, technique, workload, stack).build(bytes);
}

Result<ForwardCost> forward_cost(const ModelSpec& spec, const Plan& plan, const CostWorkload& workload,
                                 Stack stack) {
  QT_TRY_STATUS(check_workload(spec, workload));
  QT_TRY(const Technique technique, technique_of(plan));
  std::vector<double> bytes;
  for (const LayerPlan& layer : plan.layers) bytes.push_back(static_cast<double>(layer.bytes));
  return Builder(spec, technique, workload, stack).build(bytes);
}

Result<ModelSpec> spec_from_geometry(const RandomGeometry& geometry) {
  QT_TRY(const HfConfig config, parse_hf_config(random_checkpoint_config(geometry, DType::kF16), "shapes"));
  return family_model(config).spec;
}

Result<ModelSpec> spec_from_config(const std::filesystem::path& config_json) {
  QT_TRY(const Json json, read_json_file(config_json.string()));
  QT_TRY(const HfConfig config, parse_hf_config(json, config_json.string()));
  return family_model(config).spec;
}

}  // namespace quantier
