#include "quantier/pipeline/calibrate_handover.h"

#include <algorithm>
#include <optional>
#include <string>

#include "quantier/checkpoint/fold_targets.h"
#include "quantier/formats/scale_rows.h"

namespace quantier {
namespace {

bool begins_block(InputPlace place) { return place == InputPlace::kAttention || place == InputPlace::kMlp; }

// Norms whose output only the linear layers behind them read.
bool may_take_factors(const NormSpec& norm) {
  return norm.role == NormRole::kAttention || norm.role == NormRole::kMlp;
}

}  // namespace

Status CalibrateHandover::begin(std::span<StagedModel* const> models) {
  for (const NormSpec& norm : spec_.norms) QT_TRY_STATUS(set_norm(norm, {}, models, !may_take_factors(norm)));
  return {};
}

Status CalibrateHandover::place(InputPlace place, int layer, const std::vector<PlacedLinear>& linears,
                                PackedPlace& packed, StagedModel* model) {
  const std::vector<float> factors = packed.packed.front().input.multiplier;
  const bool is_shared = std::ranges::all_of(
      packed.packed, [&](const PackedLinear& each) { return each.input.multiplier == factors; });
  const FoldTarget target = layer == kNoLayer ? FoldTarget{.why_not = "what the head reads is pooled"}
                                              : fold_target(spec_, place, layer);
  const bool is_adapted =
      std::ranges::any_of(packed.packed, [](const PackedLinear& each) { return each.low_rank.rank != 0; });
  std::string scales_in = target.why_not;
  bool into_norm = false;
  bool into_rows = false;
  if (target.kind != FoldKind::kNone && is_adapted) scales_in = "an adapter reads the unscaled inputs";
  if (target.kind != FoldKind::kNone && !is_shared) scales_in = "not all layers there are scaled alike";
  const bool folds = is_shared && !is_adapted;
  if (target.kind == FoldKind::kNorm && folds) {
    into_norm = !factors.empty();
    scales_in = "norm";
  }
  if (target.kind == FoldKind::kRows && folds && !factors.empty()) {
    into_rows = fold_into_rows(factors, target.linear, layer, target.first_row);
    scales_in = into_rows ? "the layer before" : "the layer before cannot take them";
  }
  for (std::size_t i = 0; i < linears.size(); ++i) {
    PackedLinear& each = packed.packed[i];
    const LinearSpec& linear = spec_.linears[linears[i].index];
    if (!each.input.multiplier.empty()) {
      const auto report = std::ranges::find(packed.reports, linear.name, &LayerReport::linear);
      if (report != packed.reports.end()) report->scales_in = scales_in;
    }
    if (into_norm) each.input.multiplier.clear();
    if (model != nullptr) model->set_linear(linear, clone(each));
    if (into_rows) each.input.multiplier.clear();
    kept_.emplace_back(linears[i].index, std::move(each));
  }
  if (const NormSpec* norm = norm_of(place, layer)) {
    // The model has the stored one already.
    const bool again = into_norm && model != nullptr;
    QT_TRY_STATUS(set_norm(*norm, into_norm ? std::span<const float>(factors) : std::span<const float>(),
                           again ? std::span<StagedModel* const>(&model, 1) : std::span<StagedModel* const>(),
                           true));
  }
  return begins_block(place) ? Status{} : flush();
}

Status CalibrateHandover::flush() {
  for (auto& [index, packed] : kept_)
    QT_TRY_STATUS(sink_.set_linear(spec_.linears[index], std::move(packed)));
  kept_.clear();
  return {};
}

const NormSpec* CalibrateHandover::norm_of(InputPlace place, int layer) const {
  if (!begins_block(place)) return nullptr;
  const NormRole role = place == InputPlace::kAttention ? NormRole::kAttention : NormRole::kMlp;
  const auto found = std::ranges::find_if(
      spec_.norms, [&](const NormSpec& norm) { return norm.role == role && norm.layer == layer; });
  return found == spec_.norms.end() ? nullptr : &*found;
}

Status CalibrateHandover::set_norm(const NormSpec& norm, std::span<const float> factors,
                                   std::span<StagedModel* const> models, bool to_sink) {
  std::vector<TensorData> stored;
  std::vector<std::vector<float>> scaled;
  std::vector<TensorView> views;
  for (const std::optional<std::string>& name : {std::optional(norm.weight), norm.bias}) {
    if (!name) continue;
    QT_TRY(TensorData tensor, checkpoint_.tensor(*name));
    TensorView view = tensor.view();
    if (!factors.empty()) {
      std::vector<float>& values = scaled.emplace_back(view.element_count());
      copy_as_float(view, 0, values);
      for (std::size_t k = 0; k < values.size(); ++k) values[k] *= factors[k];
      view.dtype = DType::kF32;
      view.bytes = std::as_bytes(std::span<const float>(values));
    }
    views.push_back(std::move(view));
    stored.push_back(std::move(tensor));
  }
  const TensorView* bias = views.size() > 1 ? &views[1] : nullptr;
  for (StagedModel* model : models) model->set_norm(norm, views[0], bias);
  return to_sink ? sink_.set_norm(norm, views[0], bias) : Status{};
}

bool CalibrateHandover::fold_into_rows(const std::vector<float>& factors, LinearRole role, int layer,
                                       std::uint64_t first_row) {
  const auto found = std::ranges::find_if(kept_, [&](const auto& kept) {
    const LinearSpec& linear = spec_.linears[kept.first];
    return linear.role == role && linear.layer == layer;
  });
  if (found == kept_.end()) return false;
  const Method method = plan_.layers[found->first].recipe.method;
  const bool is_scaled = method == Method::kAwq || method == Method::kSmoothQuant;
  return is_scaled && scale_rows(found->second, first_row, factors);
}

}  // namespace quantier
