#include "quantier/pipeline/calibrate.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "quantier/base/check.h"
#include "quantier/base/clock.h"
#include "quantier/checkpoint/fold_targets.h"
#include "quantier/engine/collect_inputs.h"
#include "quantier/engine/staged_model.h"
#include "quantier/pipeline/calibrate_place.h"
#include "quantier/pipeline/pack_model.h"
#include "quantier/pipeline/staged_block_eval.h"

namespace quantier {
namespace {

struct Stop {
  InputPlace place;
  int layer;
};

// All places in the order of the pass.
std::vector<Stop> stops_of(const ModelSpec& spec) {
  std::vector<Stop> stops;
  for (int layer = 0; layer < static_cast<int>(spec.layers.size()); ++layer) {
    for (const InputPlace place : kLayerPlaces) stops.push_back({place, layer});
  }
  stops.push_back({InputPlace::kHeadDense, kNoLayer});
  stops.push_back({InputPlace::kClassifier, kNoLayer});
  return stops;
}

// Whether a block ends with another layer than the ones that begin it.
std::optional<InputPlace> output_place(InputPlace place) {
  if (place == InputPlace::kAttention) return InputPlace::kAttentionOutput;
  if (place == InputPlace::kMlp) return InputPlace::kMlpDown;
  return std::nullopt;
}

// The embedding goes to the sink and, row by row, to the tokens; the rest passes through.
class EmbeddingTee final : public ModelSink {
 public:
  EmbeddingTee(ModelSink& sink, std::vector<StagedModel*> models) : sink_(sink), models_(std::move(models)) {}
  Status set_embedding_rows(std::uint64_t first_row, const TensorView& rows) override {
    for (StagedModel* model : models_) model->embed_rows(first_row, rows);
    return sink_.set_embedding_rows(first_row, rows);
  }
  Status set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) override {
    return sink_.set_norm(norm, weight, bias);
  }
  Status set_linear(const LinearSpec& linear, PackedLinear&& packed) override {
    return sink_.set_linear(linear, std::move(packed));
  }

 private:
  ModelSink& sink_;
  std::vector<StagedModel*> models_;
};

class Walk {
 public:
  Walk(const Checkpoint& checkpoint, const ModelSpec& spec, const Plan& plan, const CalibrationRun& run,
       ModelSink& sink)
      : checkpoint_(checkpoint), spec_(spec), plan_(plan), run_(run), sink_(sink), stops_(stops_of(spec)) {}

  Result<std::vector<LayerReport>> run() {
    QT_TRY_STATUS(begin());
    for (std::size_t i = 0; i < stops_.size(); ++i) {
      if (stop_requested(run_.interrupt)) return interrupted();
      if (run_.progress) run_.progress({"calibrating", i, stops_.size()});
      const Stop stop = stops_[i];
      QT_TRY(const std::vector<PlacedLinear> linears, read(stop.place, stop.layer));
      if (i >= end_) {
        QT_TRY_STATUS(hand_over_norm(stop, {}));
        QT_TRY_STATUS(only_pack(linears));
        continue;
      }
      QT_TRY_STATUS(pack_place(stop, linears));
      if (i + 1 >= end_) continue;
      model_->advance(stop.place);
      if (reference_) {
        QT_TRY_STATUS(set_float(*reference_, linears));
        reference_->advance(stop.place);
      }
      // What stays is the output layer of a block, set for its comparison.
      if (!output_place(stop.place) && stop.layer != kNoLayer) drop_linears();
    }
    if (run_.progress) run_.progress({"calibrating", stops_.size(), stops_.size()});
    return std::move(reports_);
  }

 private:
  [[nodiscard]] bool is_calibrated(const Stop& stop) const {
    return std::ranges::any_of(linears_at(spec_, stop.place, stop.layer),
                               [&](std::size_t i) { return plan_.layers[i].recipe.is_calibrated(); });
  }

  Status begin() {
    while (end_ < stops_.size()) {
      const auto rest = std::span(stops_).subspan(end_);
      if (std::ranges::none_of(rest, [&](const Stop& stop) { return is_calibrated(stop); })) break;
      ++end_;
    }
    QT_TRY(model_, StagedModel::create(spec_, plan_, run_.texts, *run_.pool));
    std::vector<StagedModel*> models = {model_.get()};
    const bool wants_cross = std::ranges::any_of(
        plan_.layers, [](const LayerPlan& layer) { return statistics_wanted(layer.recipe).cross; });
    if (wants_cross) {
      QT_TRY(reference_, StagedModel::create(spec_, plan_, run_.texts, *run_.pool));
      models.push_back(reference_.get());
    }
    EmbeddingTee tee(sink_, models);
    QT_TRY_STATUS(hand_over_embedding(checkpoint_, spec_, tee));
    // The sink gets the norm of a place when it is known what was folded into it.
    for (const NormSpec& norm : spec_.norms) QT_TRY_STATUS(set_norm(norm, {}, models, !norm_waits(norm)));
    for (StagedModel* model : models) model->begin();
    return {};
  }

  Result<std::vector<PlacedLinear>> read(InputPlace place, int layer) const {
    std::vector<PlacedLinear> linears;
    for (const std::size_t index : linears_at(spec_, place, layer)) {
      const LinearSpec& linear = spec_.linears[index];
      QT_TRY(TensorData weight, checkpoint_.tensor(linear.weight));
      PlacedLinear placed{index, std::move(weight), std::nullopt};
      if (linear.bias) {
        QT_TRY(TensorData bias, checkpoint_.tensor(*linear.bias));
        placed.bias.emplace(std::move(bias));
      }
      linears.push_back(std::move(placed));
    }
    return linears;
  }

  void drop_pages(const std::vector<PlacedLinear>& linears) const {
    for (const PlacedLinear& linear : linears) checkpoint_.drop_pages(spec_.linears[linear.index].weight);
  }

  void drop_linears() {
    model_->drop_linears();
    if (reference_) reference_->drop_linears();
  }

  Status only_pack(const std::vector<PlacedLinear>& linears) {
    for (const PlacedLinear& linear : linears) {
      QT_TRY(PackedLinear packed, pack_by_rtn(spec_, plan_, linear));
      QT_TRY_STATUS(sink_.set_linear(spec_.linears[linear.index], std::move(packed)));
    }
    drop_pages(linears);
    return {};
  }

  Status set_float(StagedModel& model, const std::vector<PlacedLinear>& linears) const {
    for (const PlacedLinear& linear : linears) {
      QT_TRY(PackedLinear packed, pack_float(spec_, plan_, linear));
      model.set_linear(spec_.linears[linear.index], std::move(packed));
    }
    return {};
  }

  Status pack_place(const Stop& stop, const std::vector<PlacedLinear>& linears) {
    if (!is_calibrated(stop)) {
      QT_TRY_STATUS(hand_over_norm(stop, {}));
      for (const PlacedLinear& linear : linears) {
        QT_TRY(PackedLinear packed, pack_by_rtn(spec_, plan_, linear));
        QT_TRY_STATUS(hand_over(linear, std::move(packed)));
      }
      drop_pages(linears);
      return {};
    }
    const Stopwatch watch;
    StatisticsWanted wanted;
    for (const PlacedLinear& linear : linears) {
      const StatisticsWanted own = statistics_wanted(plan_.layers[linear.index].recipe);
      wanted = {wanted.gram || own.gram, wanted.cross || own.cross};
    }
    Result<InputStatistics> statistics = collect_inputs(*model_, reference_.get(), stop.place,
                                                        input_width(spec_, stop.place), wanted, *run_.pool);
    if (!statistics) {
      Error error = std::move(statistics).error();
      if (stop.layer != kNoLayer) error.where = fmt_layer(stop.layer) + error.where;
      return std::unexpected(std::move(error));
    }
    QT_TRY(StagedBlockEval block, make_block(stop, linears));
    QT_TRY(PackedPlace place, quantize_place(spec_, plan_, linears, *statistics, block, *run_.pool));
    QT_TRY_STATUS(compare(linears, block, place));
    QT_TRY_STATUS(fold(stop, linears, place));
    for (LayerReport& report : place.reports) {
      report.seconds = static_cast<double>(watch.elapsed_ns()) * 1e-9;
      reports_.push_back(std::move(report));
    }
    for (std::size_t i = 0; i < linears.size(); ++i)
      QT_TRY_STATUS(hand_over(linears[i], std::move(place.packed[i])));
    drop_pages(linears);
    return {};
  }

  // The norm that makes the inputs of a place, if one does and it is the layer's own.
  [[nodiscard]] const NormSpec* norm_of(const Stop& stop) const {
    if (stop.place != InputPlace::kAttention && stop.place != InputPlace::kMlp) return nullptr;
    const NormRole role = stop.place == InputPlace::kAttention ? NormRole::kAttention : NormRole::kMlp;
    const auto found = std::ranges::find_if(
        spec_.norms, [&](const NormSpec& norm) { return norm.role == role && norm.layer == stop.layer; });
    return found == spec_.norms.end() ? nullptr : &*found;
  }
  static bool norm_waits(const NormSpec& norm) {
    return norm.role == NormRole::kAttention || norm.role == NormRole::kMlp;
  }

  // The stored norm times `factors` (of its features, or none) to the models and, where wanted, to the sink.
  Status set_norm(const NormSpec& norm, std::span<const float> factors, std::span<StagedModel* const> models,
                  bool to_sink) {
    std::vector<std::optional<TensorData>> stored;
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
      stored.emplace_back(std::move(tensor));
    }
    const TensorView* bias = views.size() > 1 ? &views[1] : nullptr;
    for (StagedModel* model : models) model->set_norm(norm, views[0], bias);
    return to_sink ? sink_.set_norm(norm, views[0], bias) : Status{};
  }

  // With what a method folds into it; the model that goes on has the stored one already.
  Status hand_over_norm(const Stop& stop, std::span<const float> factors) {
    const NormSpec* norm = norm_of(stop);
    if (norm == nullptr) return {};
    StagedModel* const model = model_.get();
    return set_norm(*norm, factors, factors.empty() ? std::span<StagedModel* const>() : std::span(&model, 1),
                    true);
  }

  // Factors of the inputs go into the norm before, where one stands there and all its readers share them.
  Status fold(const Stop& stop, const std::vector<PlacedLinear>& linears, PackedPlace& place) {
    const FoldTarget target = stop.layer == kNoLayer ? FoldTarget{.why_not = "the head's inputs are pooled"}
                                                     : fold_target(spec_, stop.place, stop.layer);
    const std::vector<float> factors = place.packed.front().input.multiplier;
    const bool is_shared = std::ranges::all_of(
        place.packed, [&](const PackedLinear& packed) { return packed.input.multiplier == factors; });
    std::string scales_in = target.why_not;
    if (target.kind == FoldKind::kRows) scales_in = "the layer before is packed already";
    if (target.kind == FoldKind::kNorm)
      scales_in = is_shared ? "norm" : "not all layers there are scaled alike";
    for (std::size_t i = 0; i < place.packed.size(); ++i) {
      if (place.packed[i].input.multiplier.empty()) continue;
      const auto report =
          std::ranges::find(place.reports, spec_.linears[linears[i].index].name, &LayerReport::linear);
      if (report != place.reports.end()) report->scales_in = scales_in;
    }
    if (target.kind != FoldKind::kNorm || !is_shared) return hand_over_norm(stop, {});
    for (PackedLinear& packed : place.packed) packed.input.multiplier.clear();
    return hand_over_norm(stop, factors);
  }

  static std::string fmt_layer(int layer) { return "layer " + std::to_string(layer) + ", "; }

  Result<StagedBlockEval> make_block(const Stop& stop, const std::vector<PlacedLinear>& linears) {
    std::vector<StagedBlockEval::FloatLayer> layers;
    const auto add = [&](const std::vector<PlacedLinear>& placed) -> Status {
      for (const PlacedLinear& linear : placed) {
        QT_TRY(PackedLinear packed, pack_float(spec_, plan_, linear));
        layers.push_back({linear.index, std::move(packed)});
      }
      return {};
    };
    QT_TRY_STATUS(add(linears));
    if (const auto output = output_place(stop.place)) {
      QT_TRY(const std::vector<PlacedLinear> behind, read(*output, stop.layer));
      QT_TRY_STATUS(add(behind));
    }
    return StagedBlockEval(*model_, spec_, stop.place, kBlockRows, std::move(layers));
  }

  // What was gained over round to nearest, for the report.
  Status compare(const std::vector<PlacedLinear>& linears, BlockEval& block, PackedPlace& place) const {
    std::vector<BlockCandidate> nearest;
    std::vector<BlockCandidate> made;
    for (std::size_t i = 0; i < linears.size(); ++i) {
      QT_TRY(PackedLinear packed, pack_by_rtn(spec_, plan_, linears[i]));
      nearest.push_back({linears[i].index, std::move(packed)});
      made.push_back({linears[i].index, clone(place.packed[i])});
    }
    const double loss_rtn = block.loss(std::move(nearest));
    const double loss = block.loss(std::move(made));
    for (LayerReport& report : place.reports) {
      report.loss_rtn = loss_rtn;
      report.loss = loss;
    }
    return {};
  }

  // To the model that goes on, and to the sink.
  Status hand_over(const PlacedLinear& linear, PackedLinear&& packed) {
    const LinearSpec& spec = spec_.linears[linear.index];
    model_->set_linear(spec, clone(packed));
    return sink_.set_linear(spec, std::move(packed));
  }

  const Checkpoint& checkpoint_;
  const ModelSpec& spec_;
  const Plan& plan_;
  const CalibrationRun& run_;
  ModelSink& sink_;
  std::vector<Stop> stops_;
  std::size_t end_ = 0;  // behind the last stop that looks at data
  std::unique_ptr<StagedModel> model_;
  std::unique_ptr<StagedModel> reference_;  // the float model, where a method looks at it
  std::vector<LayerReport> reports_;
};

}  // namespace

Result<std::vector<LayerReport>> pack_calibrated_model(const Checkpoint& checkpoint, const ModelSpec& spec,
                                                       const Plan& plan, const CalibrationRun& run,
                                                       ModelSink& sink) {
  QT_CHECK(plan.layers.size() == spec.linears.size(), "a plan has one entry for each linear layer");
  QT_CHECK(run.pool != nullptr && run.texts.size() > 0, "calibration has texts and threads");
  return Walk(checkpoint, spec, plan, run, sink).run();
}

}  // namespace quantier
