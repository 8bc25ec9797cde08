// Factors of inputs that go into what stands before: a model whose weights take any factors and whose inputs
// give them back must be the same model, wherever they are put.
#include "quantier/pipeline/calibrate_handover.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/engine/builder.h"
#include "quantier/pipeline/pack_model.h"

namespace quantier {
namespace {

// Keeps which layers still multiply their inputs.
class CountingSink final : public ModelSink {
 public:
  explicit CountingSink(ModelSink& sink) : sink_(sink) {}
  Status set_embedding_rows(std::uint64_t first_row, const TensorView& rows) override {
    return sink_.set_embedding_rows(first_row, rows);
  }
  Status set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) override {
    ++norms;
    return sink_.set_norm(norm, weight, bias);
  }
  Status set_linear(const LinearSpec& linear, PackedLinear&& packed) override {
    order.push_back(linear.name);
    if (!packed.input.multiplier.empty()) multiplied.push_back(linear.name);
    return sink_.set_linear(linear, std::move(packed));
  }
  std::size_t norms = 0;
  std::vector<std::string> order;
  std::vector<std::string> multiplied;

 private:
  ModelSink& sink_;
};

class Families : public ::testing::TestWithParam<const char*> {};

TEST_P(Families, FactorsChangeNothingWhereverTheyGo) {
  const auto checkpoint = Checkpoint::open(std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo" / GetParam());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  const ModelSpec& spec = checkpoint->spec();
  const auto plan = resolve_recipe("fp32", spec);
  Plan scaled = *plan;  // rows take factors of layers whose method scales weights
  for (LayerPlan& layer : scaled.layers) layer.recipe.method = Method::kAwq;
  ThreadPool pool(2);
  const auto plain = EngineBuilder::create(spec, *plan, EngineKind::kCpu, pool);
  ASSERT_TRUE(pack_model(*checkpoint, spec, *plan, **plain));
  const auto folded = EngineBuilder::create(spec, *plan, EngineKind::kCpu, pool);
  CountingSink sink(**folded);
  ASSERT_TRUE(hand_over_embedding(*checkpoint, spec, sink));
  CalibrateHandover handover(*checkpoint, spec, scaled, sink);
  ASSERT_TRUE(handover.begin({}));
  const auto hand_over = [&](InputPlace place, int layer) {
    std::vector<PlacedLinear> linears;
    PackedPlace packed;
    for (const std::size_t index : linears_at(spec, place, layer)) {
      const LinearSpec& linear = spec.linears[index];
      auto weight = checkpoint->tensor(linear.weight);
      ASSERT_TRUE(weight);
      PlacedLinear placed{index, std::move(*weight), std::nullopt};
      if (linear.bias) placed.bias.emplace(*checkpoint->tensor(*linear.bias));
      auto made = pack_float(spec, *plan, placed);
      ASSERT_TRUE(made) << made.error().message();
      std::vector<float> factors;
      for (std::uint64_t k = 0; k < linear.in_features && !is_head(linear.role); ++k)
        factors.push_back(std::exp2(std::sin(static_cast<float>(k + 1))));
      auto& values = std::get<F32Weights>(made->weights).values;
      for (std::size_t i = 0; i < values.size() && !factors.empty(); ++i)
        values[i] /= factors[i % linear.in_features];
      made->input.multiplier = factors;
      packed.packed.push_back(*std::move(made));
      LayerReport report;
      report.linear = linear.name;
      packed.reports.push_back(report);
      linears.push_back(std::move(placed));
    }
    if (linears.empty()) return;
    ASSERT_TRUE(handover.place(place, layer, linears, packed, nullptr));
    for (const LayerReport& report : packed.reports) EXPECT_EQ(report.scales_in.empty(), layer == kNoLayer);
  };
  for (int layer = 0; layer < static_cast<int>(spec.layers.size()); ++layer) {
    for (const InputPlace place : kLayerPlaces) hand_over(place, layer);
  }
  hand_over(InputPlace::kHeadDense, kNoLayer);
  hand_over(InputPlace::kClassifier, kNoLayer);
  ASSERT_TRUE(handover.flush());

  std::vector<std::string> names;
  for (const LinearSpec& linear : spec.linears) names.push_back(linear.name);
  EXPECT_EQ(sink.order, names);
  EXPECT_EQ(sink.norms, spec.norms.size());
  // Without a norm before, and with values that several heads share, factors stay with the layer.
  std::vector<std::string> left;
  for (const LinearSpec& linear : spec.linears) {
    const bool no_norm = linear.role == LinearRole::kAttentionQkv && linear.layer == 0;
    const bool shared = linear.role == LinearRole::kAttentionOutput && spec.kv_heads != spec.heads;
    if (no_norm || shared) left.push_back(linear.name);
  }
  EXPECT_FALSE(left.empty());
  EXPECT_EQ(sink.multiplied, left);

  std::vector<std::int32_t> tokens;
  for (int i = 0; i < 90; ++i) tokens.push_back((i * 7919 + 13) % static_cast<int>(spec.vocabulary));
  const std::vector<std::uint32_t> offsets = {0, 20, 90};
  std::vector<float> expected(2 * spec.classes);
  std::vector<float> found(expected.size());
  const auto a = (*plain)->finish();
  const auto b = (*folded)->finish();
  ASSERT_TRUE(a && b);
  ASSERT_TRUE((*a)->predict({tokens, offsets}, expected));
  ASSERT_TRUE((*b)->predict({tokens, offsets}, found));
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], 2e-4 * (1 + std::abs(expected[i])));
}

INSTANTIATE_TEST_SUITE_P(Handover, Families, ::testing::Values("demo-encoder", "demo-decoder"),
                         [](const auto& instance) { return std::string(instance.param).substr(5); });

}  // namespace
}  // namespace quantier
