#include "quantier/pipeline/calibrate_place.h"

#include <algorithm>
#include <utility>

#include "quantier/pipeline/scale_search.h"
#include "quantier/quantize/awq.h"
#include "quantier/quantize/gptq.h"
#include "quantier/quantize/quantize.h"
#include "quantier/quantize/smooth.h"

namespace quantier {
namespace {

LayerRecipe float_recipe(const Plan& plan) {
  LayerRecipe recipe;
  switch (plan.rounding) {
    case ActivationRounding::kHalf:
      recipe.format = WeightFormat::kF16;
      break;
    case ActivationRounding::kBFloat16:
      recipe.format = WeightFormat::kBF16;
      break;
    case ActivationRounding::kNone:
      break;
  }
  return recipe;
}

Result<PackedLinear> pack_as(const ModelSpec& spec, const Plan& plan, const PlacedLinear& linear,
                             LayerRecipe recipe) {
  LayerPlan layer = plan.layers[linear.index];
  layer.recipe = recipe;
  Result<PackedLinear> packed =
      pack_linear(spec.linears[linear.index], layer, plan, linear.weight.view(), linear.bias_view());
  if (packed) packed->low_rank = clone(linear.adapter);
  return packed;
}

// Columns in which some calibration text has an input beyond the threshold stay out of the int8 product.
Result<PackedLinear> fix_outliers(const ModelSpec& spec, const Plan& plan, const PlacedLinear& linear,
                                  const InputStatistics& statistics, LayerReport& report) {
  Result<PackedLinear> packed = pack_by_rtn(spec, plan, linear);
  if (!packed) return packed;
  for (std::size_t k = 0; k < statistics.absmax.size(); ++k) {
    if (statistics.absmax[k] >= plan.outlier_threshold)
      packed->input.outlier_columns.push_back(static_cast<std::uint32_t>(k));
  }
  report.outliers = packed->input.outlier_columns.size();
  return packed;
}

// The methods over the layers of one place.
class Place {
 public:
  Place(const ModelSpec& spec, const Plan& plan, const std::vector<PlacedLinear>& linears,
        const InputStatistics& statistics, BlockEval& block, ThreadPool& pool)
      : spec_(spec), plan_(plan), linears_(linears), statistics_(statistics), block_(block), pool_(pool) {}

  Result<PackedPlace> quantize() {
    // Layers that read the same inputs share their scales.
    QT_TRY(const std::optional<FoundScales> awq, find_scales(Method::kAwq));
    QT_TRY(const std::optional<FoundScales> smooth, find_scales(Method::kSmoothQuant));
    PackedPlace place;
    for (const PlacedLinear& linear : linears_) {
      LayerReport report;
      report.linear = spec_.linears[linear.index].name;
      report.method = method_text(recipe(linear));
      Result<PackedLinear> packed = [&] {
        switch (recipe(linear).method) {
          case Method::kGptq:
            return gptq(linear, report);
          case Method::kAwq:
            report.alpha = awq->alpha;
            return scaled(linear, awq->scales, &report);
          case Method::kSmoothQuant:
            report.alpha = smooth->alpha;
            return scaled(linear, smooth->scales, &report);
          case Method::kLlmInt8:
            if (recipe(linear).is_calibrated())
              return fix_outliers(spec_, plan_, linear, statistics_, report);
            break;
          case Method::kNone:
          case Method::kRtn:
          case Method::kNf4:
            break;
        }
        return pack_by_rtn(spec_, plan_, linear);
      }();
      if (!packed) return std::unexpected(std::move(packed).error());
      place.packed.push_back(*std::move(packed));
      if (recipe(linear).is_calibrated()) place.reports.push_back(std::move(report));
    }
    return place;
  }

 private:
  [[nodiscard]] const LayerRecipe& recipe(const PlacedLinear& linear) const {
    return plan_.layers[linear.index].recipe;
  }

  Result<PackedLinear> gptq(const PlacedLinear& linear, LayerReport& report) {
    return feed_back(linear, linear.weight.view(), statistics_, report);
  }

  Result<PackedLinear> feed_back(const PlacedLinear& linear, const TensorView& weight,
                                 const InputStatistics& statistics, LayerReport& report) {
    const LayerRecipe& own = recipe(linear);
    GptqOptions options =
        own.published ? GptqOptions::published(own.options.group, own.options.symmetric) : GptqOptions{};
    options.group = own.options.group;
    options.symmetric = own.options.symmetric;
    options.activation_order = own.activation_order;
    QT_TRY(GptqResult result, quantize_gptq(spec_.linears[linear.index], weight, statistics, options, pool_));
    report.damping = result.report.damping;
    report.dead_inputs = result.report.dead_inputs;
    report.output_error_rtn = result.report.nearest_output_error;
    report.output_error = result.report.output_error;
    return with_weights(linear, std::move(result.weights));
  }

  // AWQ's scales, GPTQ's codes: the scaled weights over the scaled inputs.
  Result<PackedLinear> fed_back(const PlacedLinear& linear, const std::vector<float>& scales,
                                LayerReport& report) {
    const LinearSpec& layer = spec_.linears[linear.index];
    QT_TRY(const std::vector<float> values, scaled_weight(layer, linear.weight.view(), scales));
    TensorView weight = linear.weight.view();
    weight.dtype = DType::kF32;
    weight.bytes = std::as_bytes(std::span(values));
    return feed_back(linear, weight, scaled_statistics(statistics_, scales), report);
  }

  // Codes of W * scales and inputs times 1 / scales. `is_final`: with AWQ's clipping, which its search leaves
  // out.
  Result<PackedLinear> scaled(const PlacedLinear& linear, const std::vector<float>& scales,
                              LayerReport* report) {
    const bool is_final = report != nullptr;
    const LinearSpec& layer = spec_.linears[linear.index];
    const LayerRecipe& own = recipe(linear);
    Result<PackedLinear> packed = PackedLinear{};
    if (own.method == Method::kAwq) {
      const AwqOptions options{
          .group = own.options.group, .symmetric = own.options.symmetric, .clips = is_final};
      if (is_final && !own.published) {
        packed = fed_back(linear, scales, *report);
      } else {
        QT_TRY(I4GroupWeights weights,
               quantize_awq(layer, linear.weight.view(), statistics_, scales, options, pool_));
        packed = with_weights(linear, std::move(weights));
      }
    } else {
      QT_TRY(I8RowWeights weights, quantize_smoothed_i8(layer, linear.weight.view(), scales));
      packed = with_weights(linear, std::move(weights));
    }
    const bool is_scaled = std::ranges::any_of(scales, [](float scale) { return scale != 1.0F; });
    if (!packed || !is_scaled) return packed;
    for (const float scale : scales) packed->input.multiplier.push_back(1.0F / scale);
    return packed;
  }

  // Everything of the layer but the weights is as round to nearest has it.
  Result<PackedLinear> with_weights(const PlacedLinear& linear, PackedWeights&& weights) const {
    const LinearSpec& layer = spec_.linears[linear.index];
    PackedLinear packed;
    packed.out_features = layer.out_features;
    packed.in_features = layer.in_features;
    packed.input.format = recipe(linear).input;
    packed.weights = std::move(weights);
    packed.bias = read_bias(linear.bias_view(), plan_.rounding);
    packed.low_rank = clone(linear.adapter);
    return packed;
  }

  Result<std::optional<FoundScales>> find_scales(Method method) {
    std::vector<const PlacedLinear*> members;
    for (const PlacedLinear& linear : linears_) {
      if (recipe(linear).method == method) members.push_back(&linear);
    }
    if (members.empty()) return std::nullopt;
    ScaleSearch search;
    // Exponent 0 is what the first candidate is.
    for (int step = 1; step < kAwqAlphas; ++step) search.alphas.push_back(awq_alpha(step));
    // SmoothQuant's and the published search try every exponent on all rows.
    constexpr std::size_t kFinalists = 5;
    if (method == Method::kAwq && !recipe(*members.front()).published) search.finalists = kFinalists;
    std::vector<float> absmax_w(statistics_.in_features, 0.0F);
    if (method == Method::kAwq) {
      search.scales = [&](float alpha) { return awq_scales(statistics_.abs_mean, alpha); };
    } else {
      for (const PlacedLinear* linear : members) {
        QT_TRY_STATUS(raise_column_absmax(spec_.linears[linear->index], linear->weight.view(), absmax_w));
      }
      search.scales = [&](float alpha) { return smooth_scales(statistics_.absmax, absmax_w, alpha); };
    }
    search.candidates = [&](const std::vector<float>& scales) -> Result<std::vector<BlockCandidate>> {
      std::vector<BlockCandidate> candidates;
      for (const PlacedLinear* linear : members) {
        QT_TRY(PackedLinear packed, scaled(*linear, scales, nullptr));
        candidates.push_back({linear->index, std::move(packed)});
      }
      return candidates;
    };
    QT_TRY(FoundScales found, search_scales(search, statistics_.in_features, block_));
    return found;
  }

  const ModelSpec& spec_;
  const Plan& plan_;
  const std::vector<PlacedLinear>& linears_;
  const InputStatistics& statistics_;
  BlockEval& block_;
  ThreadPool& pool_;
};

}  // namespace

Result<PackedLinear> pack_by_rtn(const ModelSpec& spec, const Plan& plan, const PlacedLinear& linear) {
  LayerRecipe recipe = plan.layers[linear.index].recipe;
  const InputFormat input = recipe.input;
  if (recipe.is_calibrated()) {
    recipe.method = Method::kRtn;
    recipe.input = InputFormat::kFloat;
  }
  Result<PackedLinear> packed = pack_as(spec, plan, linear, recipe);
  if (packed) packed->input.format = input;
  return packed;
}

Result<PackedLinear> pack_float(const ModelSpec& spec, const Plan& plan, const PlacedLinear& linear) {
  return pack_as(spec, plan, linear, float_recipe(plan));
}

StatisticsWanted statistics_wanted(const LayerRecipe& recipe) {
  switch (recipe.method) {
    case Method::kGptq:
      return {.gram = true, .cross = !recipe.published};
    case Method::kAwq:
      return {.gram = true, .cross = !recipe.published};
    default:
      return {};
  }
}

Result<PackedPlace> quantize_place(const ModelSpec& spec, const Plan& plan,
                                   const std::vector<PlacedLinear>& linears,
                                   const InputStatistics& statistics, BlockEval& block, ThreadPool& pool) {
  return Place(spec, plan, linears, statistics, block, pool).quantize();
}

}  // namespace quantier
