#include "quantier/pipeline/calibrate.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "quantier/base/check.h"
#include "quantier/base/clock.h"
#include "quantier/engine/collect_inputs.h"
#include "quantier/engine/staged_model.h"
#include "quantier/pipeline/calibrate_handover.h"
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
      : checkpoint_(checkpoint),
        spec_(spec),
        plan_(plan),
        run_(run),
        sink_(sink),
        stops_(stops_of(spec)),
        handover_(checkpoint, spec, plan, sink) {}

  Result<std::vector<LayerReport>> run() {
    QT_TRY_STATUS(begin());
    for (std::size_t i = 0; i < stops_.size(); ++i) {
      if (stop_requested(run_.interrupt)) return interrupted();
      if (run_.progress) run_.progress({"calibrating", i, stops_.size()});
      const Stop stop = stops_[i];
      QT_TRY(const std::vector<PlacedLinear> linears, read(stop.place, stop.layer));
      if (!linears.empty()) QT_TRY_STATUS(pack_place(stop, linears, i < end_));
      if (i + 1 >= end_) continue;
      model_->advance(stop.place);
      if (reference_) {
        QT_TRY_STATUS(set_float(*reference_, linears));
        reference_->advance(stop.place);
      }
      // What stays is the output layer of a block, set for its comparison.
      if (!output_place(stop.place) && stop.layer != kNoLayer) drop_linears();
    }
    QT_TRY_STATUS(handover_.flush());
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
    QT_TRY_STATUS(handover_.begin(models));
    for (StagedModel* model : models) model->begin();
    return {};
  }

  Result<std::vector<PlacedLinear>> read(InputPlace place, int layer) const {
    std::vector<PlacedLinear> linears;
    for (const std::size_t index : linears_at(spec_, place, layer)) {
      const LinearSpec& linear = spec_.linears[index];
      QT_TRY(TensorData weight, checkpoint_.tensor(linear.weight));
      PlacedLinear placed{index, std::move(weight), std::nullopt};
      QT_TRY(placed.adapter, adapter_beside(checkpoint_, linear));
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

  Status set_float(StagedModel& model, const std::vector<PlacedLinear>& linears) const {
    for (const PlacedLinear& linear : linears) {
      QT_TRY(PackedLinear packed, pack_float(spec_, plan_, linear));
      model.set_linear(spec_.linears[linear.index], std::move(packed));
    }
    return {};
  }

  // As the plan says, where no method looks at data.
  Result<PackedPlace> pack_as_planned(const std::vector<PlacedLinear>& linears) const {
    PackedPlace place;
    for (const PlacedLinear& linear : linears) {
      Result<PackedLinear> packed = pack_by_rtn(spec_, plan_, linear);
      if (!packed) return std::unexpected(std::move(packed).error());
      place.packed.push_back(*std::move(packed));
    }
    return place;
  }

  // `goes_on`: the model will be run with these layers.
  Status pack_place(const Stop& stop, const std::vector<PlacedLinear>& linears, bool goes_on) {
    StagedModel* model = goes_on ? model_.get() : nullptr;
    if (!is_calibrated(stop)) {
      QT_TRY(PackedPlace planned, pack_as_planned(linears));
      QT_TRY_STATUS(handover_.place(stop.place, stop.layer, linears, planned, model));
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
    for (LayerReport& report : place.reports) report.seconds = static_cast<double>(watch.elapsed_ns()) * 1e-9;
    QT_TRY_STATUS(handover_.place(stop.place, stop.layer, linears, place, model));
    std::ranges::move(place.reports, std::back_inserter(reports_));
    drop_pages(linears);
    return {};
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
    const double loss_rtn = block.loss(std::move(nearest), BlockRows::kAll);
    const double loss = block.loss(std::move(made), BlockRows::kAll);
    for (LayerReport& report : place.reports) {
      report.loss_rtn = loss_rtn;
      report.loss = loss;
    }
    return {};
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
  CalibrateHandover handover_;
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
