#include "quantier/pipeline/quantize_repeats.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/thread_pool.h"
#include "quantier/formats/i4_group.h"
#include "quantier/formats/model_sink.h"
#include "quantier/interchange/stored_model.h"
#include "quantier/pipeline/calibrate.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier {
namespace {

// What is known of one layer over the samples.
struct LayerSpread {
  double differing = 0;
  std::size_t compared = 0;
  std::vector<double> output_errors;
  std::vector<double> block_losses;
};
using Spread = std::map<std::string, LayerSpread, std::less<>>;

void add(std::vector<double>& values, const std::optional<double>& value) {
  if (value) values.push_back(*value);
}

// Compares what it is given with what was written; keeps nothing.
class ComparingSink final : public ModelSink {
 public:
  ComparingSink(const Checkpoint& written, const Plan& stored, Spread& spread)
      : written_(written), stored_(stored), spread_(spread) {}

  Status set_embedding_rows(std::uint64_t /*first_row*/, const TensorView& /*rows*/) override { return {}; }
  Status set_norm(const NormSpec& /*norm*/, const TensorView& /*weight*/,
                  const TensorView* /*bias*/) override {
    return {};
  }
  Status set_linear(const LinearSpec& linear, PackedLinear&& packed) override {
    const auto layer = spread_.find(linear.name);
    if (layer == spread_.end()) return {};
    const PackedLinear made = std::move(packed);
    const auto at = std::ranges::find(stored_.layers, linear.name, &LayerPlan::linear);
    if (at == stored_.layers.end() || at->recipe.method == Method::kAwq ||
        at->recipe.method == Method::kSmoothQuant) {
      return {};
    }
    QT_TRY(const PackedLinear before, stored_linear(written_, linear, at->recipe, stored_));
    written_.drop_pages(linear.weight);
    if (const auto share = differing_codes(before, made)) {
      layer->second.differing += *share;
      ++layer->second.compared;
    }
    return {};
  }

 private:
  const Checkpoint& written_;
  const Plan& stored_;
  Spread& spread_;
};

Json bounds(const std::vector<double>& values) {
  if (values.empty()) return nullptr;
  return {std::ranges::min(values), std::ranges::max(values)};
}

// "0.0741 to 0.0765"
std::string range_text(const Json& layer, const char* key) {
  const Json& range = layer.at(key);
  if (range.is_null()) return "-";
  return fmt::format("{:.4g} to {:.4g}", range[0].get<double>(), range[1].get<double>());
}

}  // namespace

std::optional<double> differing_codes(const PackedLinear& a, const PackedLinear& b) {
  if (a.in_features != b.in_features || a.out_features != b.out_features) return std::nullopt;
  std::uint64_t differing = 0;
  const auto all = static_cast<double>(a.in_features * a.out_features);
  if (const auto* first = std::get_if<I4GroupWeights>(&a.weights)) {
    const auto* second = std::get_if<I4GroupWeights>(&b.weights);
    if (second == nullptr || all == 0) return std::nullopt;
    for (std::size_t i = 0; i < first->codes.size(); ++i) {
      const unsigned difference = first->codes[i] ^ second->codes[i];
      differing +=
          static_cast<unsigned>((difference & 0x0FU) != 0) + static_cast<unsigned>(difference >> 4 != 0);
    }
    return static_cast<double>(differing) / all;
  }
  const auto* first = std::get_if<I8RowWeights>(&a.weights);
  const auto* second = std::get_if<I8RowWeights>(&b.weights);
  if (first == nullptr || second == nullptr || all == 0) return std::nullopt;
  for (std::size_t i = 0; i < first->codes.size(); ++i)
    differing += first->codes[i] != second->codes[i] ? 1U : 0U;
  return static_cast<double>(differing) / all;
}

Result<Json> repeat_quantization(const Checkpoint& source, const Plan& plan,
                                 const std::filesystem::path& written, const Json& layers,
                                 const QuantizeRepeats& repeats) {
  QT_TRY(const Checkpoint made, Checkpoint::open(written));
  QT_TRY(const Plan stored, stored_plan(made));
  QT_TRY(const Tokenizer tokenizer, Tokenizer::load(source.tokenizer_directory()));
  ThreadPool pool(available_processors());
  Spread spread;
  for (const Json& layer : layers) {
    if (!layer.contains("block_loss")) continue;  // no data shaped it
    LayerSpread& own = spread[layer.at("layer").get<std::string>()];
    for (const auto& [key, values] :
         {std::pair("output_error", &own.output_errors), std::pair("block_loss", &own.block_losses)}) {
      if (layer.at(key).is_number()) values->push_back(layer.at(key).get<double>());
    }
  }
  Json samples = Json::array();
  for (std::uint64_t i = 1; i < repeats.samples; ++i) {
    CalibrationOptions options = repeats.calibration;
    options.seed += i;
    QT_TRY(CalibrationSet set, read_calibration_set(options, source.spec().label_names));
    QT_TRY(const CalibrationTokens texts, encode_calibration(set, tokenizer, repeats.max_length, &pool));
    samples.push_back({{"seed", options.seed}, {"texts", set.record.texts}});
    ComparingSink sink(made, stored, spread);
    const CalibrationRun run{texts.batch(), &pool, repeats.progress, repeats.interrupt};
    QT_TRY(const std::vector<LayerReport> reports,
           pack_calibrated_model(source, source.spec(), plan, run, sink));
    for (const LayerReport& report : reports) {
      const auto layer = spread.find(report.linear);
      if (layer == spread.end()) continue;
      add(layer->second.output_errors, report.output_error);
      add(layer->second.block_losses, report.loss);
    }
  }
  Json rows = Json::array();
  for (const LinearSpec& linear : source.spec().linears) {
    const auto layer = spread.find(linear.name);
    if (layer == spread.end()) continue;
    const LayerSpread& own = layer->second;
    rows.push_back(
        {{"layer", linear.name},
         {"codes_differing",
          own.compared == 0 ? Json(nullptr) : Json(own.differing / static_cast<double>(own.compared))},
         {"output_error", bounds(own.output_errors)},
         {"block_loss", bounds(own.block_losses)}});
  }
  return Json{{"samples", std::move(samples)}, {"layers", std::move(rows)}};
}

std::string repeats_text(const Json& spread) {
  std::string seeds;
  for (const Json& sample : spread.at("samples"))
    seeds += fmt::format("{}{}", seeds.empty() ? "" : ", ", sample.at("seed").get<std::uint64_t>());
  std::string text =
      fmt::format("again with other calibration texts (seed {}), beside what was written:\n", seeds);
  text +=
      fmt::format("  {:<28} {:>14} {:>24} {:>26}\n", "layer", "other codes", "output error", "block loss");
  for (const Json& layer : spread.at("layers")) {
    const Json& share = layer.at("codes_differing");
    text += fmt::format("  {:<28} {:>14} {:>24} {:>26}\n", layer.at("layer").get<std::string>(),
                        share.is_null() ? "-" : fmt::format("{:.1f} %", 100 * share.get<double>()),
                        range_text(layer, "output_error"), range_text(layer, "block_loss"));
  }
  return text;
}

}  // namespace quantier
