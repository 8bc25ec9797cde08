// A model run step by step over all texts: the logits of the classifier to the last bit, for both families,
// and statistics of its inputs that are those of a plain forward pass over the scalar reference.
#include "quantier/engine/staged_model.h"

#include <cmath>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/checkpoint/checkpoint.h"
#include "quantier/engine/builder.h"
#include "quantier/engine/collect_inputs.h"
#include "quantier/engine/graph/graph.h"
#include "quantier/engine/outer_product_sum.h"
#include "quantier/engine/reference/reference_ops.h"
#include "quantier/pipeline/pack_model.h"
#include "quantier/quantize/quantize.h"

namespace quantier {
namespace {

using ::testing::ElementsAreArray;

struct Texts {
  std::vector<std::int32_t> tokens;
  std::vector<std::uint32_t> offsets = {0};
  [[nodiscard]] TokenBatch batch() const { return {tokens, offsets}; }
};

// Lengths from 1 to 90, ids all over the vocabulary.
Texts some_texts(const ModelSpec& spec, std::size_t count) {
  Texts texts;
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = 1 + i * 37 % 90;
    for (std::size_t t = 0; t < length; ++t) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      texts.tokens.push_back(static_cast<std::int32_t>((state >> 33) % spec.vocabulary));
    }
    texts.offsets.push_back(static_cast<std::uint32_t>(texts.tokens.size()));
  }
  return texts;
}

Checkpoint open_demo(const std::string& name) {
  auto checkpoint = Checkpoint::open(std::filesystem::path(QUANTIER_SOURCE_DIR) / "demo" / name);
  if (!checkpoint) throw std::runtime_error(checkpoint.error().message());
  return std::move(*checkpoint);
}

// Takes embedding and norms; the linears are packed as the walk comes to them.
class StagedSink final : public ModelSink {
 public:
  explicit StagedSink(StagedModel& model) : model_(model) {}
  Status set_embedding_rows(std::uint64_t first_row, const TensorView& rows) override {
    model_.embed_rows(first_row, rows);
    return {};
  }
  Status set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) override {
    model_.set_norm(norm, weight, bias);
    return {};
  }
  Status set_linear(const LinearSpec& linear, PackedLinear&& packed) override {
    model_.set_linear(linear, std::move(packed));
    return {};
  }

 private:
  StagedModel& model_;
};

std::unique_ptr<StagedModel> staged(const Checkpoint& checkpoint, const Plan& plan, const TokenBatch& batch,
                                    ThreadPool& pool) {
  auto model = StagedModel::create(checkpoint.spec(), plan, batch, pool);
  if (!model) throw std::runtime_error(model.error().message());
  StagedSink sink(**model);
  // Everything at once: what a place needs is there when the pass comes to it.
  const Status status = pack_model(checkpoint, checkpoint.spec(), plan, sink);
  if (!status) throw std::runtime_error(status.error().message());
  (*model)->begin();
  return std::move(*model);
}

template <class Look>
void walk(StagedModel& model, const ModelSpec& spec, const Look& look) {
  for (int layer = 0; layer < static_cast<int>(spec.layers.size()); ++layer) {
    for (const InputPlace place : kLayerPlaces) {
      look(place, layer);
      model.advance(place);
    }
  }
  look(InputPlace::kHeadDense, kNoLayer);
  model.advance(InputPlace::kHeadDense);
  look(InputPlace::kClassifier, kNoLayer);
}

class Both : public ::testing::TestWithParam<const char*> {};

TEST_P(Both, StepsGiveTheLogitsOfTheClassifierToTheLastBit) {
  const Checkpoint checkpoint = open_demo(GetParam());
  const ModelSpec& spec = checkpoint.spec();
  const Texts texts = some_texts(spec, 60);
  for (const char* recipe : {"fp32", "fp16", "int8", "int8-rtn", "int4", "int4-rtn:embedding=int8"}) {
    SCOPED_TRACE(recipe);
    const auto plan = resolve_recipe(recipe, spec);
    ASSERT_TRUE(plan) << plan.error().message();
    ThreadPool pool(2);
    const auto builder = EngineBuilder::create(spec, *plan, EngineKind::kCpu, pool);
    ASSERT_TRUE(pack_model(checkpoint, spec, *plan, **builder));
    const auto classifier = (*builder)->finish();
    ASSERT_TRUE(classifier);
    std::vector<float> expected(60 * spec.classes);
    ASSERT_TRUE((*classifier)->predict(texts.batch(), expected));

    const auto model = staged(checkpoint, *plan, texts.batch(), pool);
    walk(*model, spec, [](InputPlace, int) {});
    std::vector<float> logits(expected.size());
    model->logits(logits);
    EXPECT_THAT(logits, ElementsAreArray(expected));
  }
}

// Keeps what every linear layer was given.
class ObservingOps final : public ReferenceOps {
 public:
  using ReferenceOps::ReferenceOps;
  void linear(const LinearWeights& weights, std::span<const float> x, std::span<const std::uint32_t> scopes,
              std::span<float> y) override {
    auto& kept = inputs[&weights];
    kept.insert(kept.end(), x.begin(), x.end());
    ReferenceOps::linear(weights, x, scopes, y);
  }
  std::map<const LinearWeights*, std::vector<float>> inputs;
};

TEST_P(Both, StatisticsAreThoseOfAPlainForwardPass) {
  const Checkpoint checkpoint = open_demo(GetParam());
  const ModelSpec& spec = checkpoint.spec();
  const Texts texts = some_texts(spec, 12);
  const auto plan = resolve_recipe("fp32", spec);
  ASSERT_TRUE(plan);
  ModelWeights weights;
  weights.spec = spec;
  weights.plan = *plan;
  weights.embedding = Embedding(plan->embedding, spec.vocabulary, spec.hidden);
  class WeightsSink final : public ModelSink {
   public:
    explicit WeightsSink(ModelWeights& into) : into_(into) {}
    Status set_embedding_rows(std::uint64_t first_row, const TensorView& rows) override {
      into_.embedding.set_rows(first_row, rows);
      return {};
    }
    Status set_norm(const NormSpec& norm, const TensorView& weight, const TensorView* bias) override {
      NormWeights& values = into_.norms[{norm.role, norm.layer}];
      values.weight.resize(weight.element_count());
      copy_as_float(weight, 0, values.weight);
      if (bias == nullptr) return {};
      values.bias.resize(bias->element_count());
      copy_as_float(*bias, 0, values.bias);
      return {};
    }
    Status set_linear(const LinearSpec& linear, PackedLinear&& packed) override {
      into_.linears[{linear.role, linear.layer}] = std::move(packed);
      return {};
    }

   private:
    ModelWeights& into_;
  } sink(weights);
  ASSERT_TRUE(pack_model(checkpoint, spec, *plan, sink));
  ObservingOps ops(weights.plan);
  Workspace workspace;
  std::vector<float> logits(12 * spec.classes);
  run_graph(weights, texts.batch(), ops, workspace, logits);

  ThreadPool pool(2);
  const auto model = staged(checkpoint, *plan, texts.batch(), pool);
  std::size_t compared = 0;
  walk(*model, spec, [&](InputPlace place, int layer) {
    const auto linears = linears_at(spec, place, layer);
    if (linears.empty()) return;
    const std::size_t width = input_width(spec, place);
    const auto& x = ops.inputs.at(&weights.linear(spec.linears[linears.front()].role, layer));
    // The classifier leaves out the rows of the last layer that pooling does not read.
    if (x.size() / width != model->rows()) return;
    const auto found = collect_inputs(*model, nullptr, place, width, {.gram = true, .cross = false}, pool);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->rows, x.size() / width);
    std::vector<double> gram(width * width, 0.0);
    std::vector<double> mean(width, 0.0);
    std::vector<float> largest(width, 0.0F);
    for (std::size_t begin = 0; begin < x.size(); begin += width) {
      for (std::size_t i = 0; i < width; ++i) {
        mean[i] += std::abs(x[begin + i]);
        largest[i] = std::max(largest[i], std::abs(x[begin + i]));
        for (std::size_t j = 0; j < width; ++j)
          gram[i * width + j] += static_cast<double>(x[begin + i]) * x[begin + j];
      }
    }
    // Float against double sums, through some layers: relative to the geometric mean of the diagonal.
    double worst = 0;
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        const double scale = std::sqrt(gram[i * width + i] * gram[j * width + j]) + 1e-12;
        worst = std::max(worst, std::abs(found->gram[i * width + j] - gram[i * width + j]) / scale);
      }
      EXPECT_NEAR(found->absmax[i], largest[i], 1e-3 * (largest[i] + 1e-3));
      const double expected_mean = mean[i] / static_cast<double>(found->rows);
      EXPECT_NEAR(found->abs_mean[i], expected_mean, 1e-3 * (expected_mean + 1e-4));
    }
    EXPECT_LT(worst, 2e-4) << input_place_name(place) << " of layer " << layer;
    ++compared;
  });
  EXPECT_GE(compared, 4 * (spec.layers.size() - 1) + 2);
}

// Behind attention in the last layer the classifier computes one row of each text; sums of products are
// mostly those of these rows, each text's first or last.
TEST_P(Both, RowsThatAreReadCountMost) {
  const Checkpoint checkpoint = open_demo(GetParam());
  const ModelSpec& spec = checkpoint.spec();
  const Texts texts = some_texts(spec, 40);
  const auto plan = resolve_recipe("fp16", spec);
  ThreadPool pool(2);
  const auto model = staged(checkpoint, *plan, texts.batch(), pool);
  const int last = static_cast<int>(spec.layers.size()) - 1;
  bool looked = false;
  walk(*model, spec, [&](InputPlace place, int layer) {
    if (layer != last || place == InputPlace::kAttention) {
      for (std::size_t part = 0; part < model->parts(); ++part)
        EXPECT_TRUE(model->rows_read(place, part).empty()) << input_place_name(place);
      return;
    }
    looked = true;
    const std::size_t width = input_width(spec, place);
    std::vector<float> x;
    for (std::size_t part = 0; part < model->parts(); ++part) {
      const auto rows = model->inputs(place, part);
      x.insert(x.end(), rows.begin(), rows.end());
    }
    const std::size_t rows = x.size() / width;
    ASSERT_EQ(rows, texts.tokens.size());
    std::vector<double> expected(width, 0.0);  // of the diagonal
    for (std::size_t i = 0; i < width; ++i) {
      double all = 0;
      double read = 0;
      for (std::size_t t = 0; t < rows; ++t) all += std::pow(static_cast<double>(x[t * width + i]), 2);
      for (std::size_t text = 0; text < 40; ++text) {
        const std::size_t row =
            spec.pooling == Pooling::kCls ? texts.offsets[text] : texts.offsets[text + 1] - 1;
        read += std::pow(static_cast<double>(x[row * width + i]), 2);
      }
      expected[i] = (1 - kReadRowsShare) * all + kReadRowsShare * read * static_cast<double>(rows) / 40;
    }
    const auto found = collect_inputs(*model, nullptr, place, width, {.gram = true, .cross = false}, pool);
    ASSERT_TRUE(found);
    for (std::size_t i = 0; i < width; ++i)
      EXPECT_NEAR(found->gram[i * width + i], expected[i], 1e-4 * expected[i] + 1e-9);
  });
  EXPECT_TRUE(looked);
}

INSTANTIATE_TEST_SUITE_P(Families, Both, ::testing::Values("demo-encoder", "demo-decoder"),
                         [](const auto& instance) { return std::string(instance.param).substr(5); });

TEST(OuterProductSum, EqualsTheDefinitionAndDoesNotDependOnThreads) {
  constexpr std::size_t kWidth = 37;  // no multiple of a panel
  constexpr std::size_t kRows = 600;  // two blocks and a part of one
  std::vector<float> a(kRows * kWidth);
  std::vector<float> b(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = std::sin(static_cast<float>(i));
    b[i] = std::cos(static_cast<float>(3 * i));
  }
  const auto sums = [&](std::span<const float> left, std::span<const float> right, std::size_t threads) {
    ThreadPool pool(threads);
    OuterProductSum sum(kWidth, pool);
    sum.add(left.first(kWidth * 300), right.first(kWidth * 300));
    sum.add(left.subspan(kWidth * 300), right.subspan(kWidth * 300));
    return sum.take();
  };
  for (const std::span<const float> second : {std::span<const float>(a), std::span<const float>(b)}) {
    const std::vector<float> found = sums(a, second, 1);
    EXPECT_THAT(sums(a, second, 3), ElementsAreArray(found));
    for (std::size_t i = 0; i < kWidth; ++i) {
      for (std::size_t j = 0; j < kWidth; ++j) {
        double expected = 0;
        for (std::size_t t = 0; t < kRows; ++t)
          expected += static_cast<double>(a[t * kWidth + i]) * second[t * kWidth + j];
        EXPECT_NEAR(found[i * kWidth + j], expected, 2e-3) << i << " " << j;
      }
    }
  }
}

}  // namespace
}  // namespace quantier
