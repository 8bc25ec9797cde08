// pack_linear as a whole: what bitsandbytes 0.50.2 stores for the same weight (testdata/formats), from every
// dtype; the bytes that a plan promises; what is refused.
#include "quantier/quantize/quantize.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/half.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/formats/golden_arrays.h"
#include "quantier/formats/i4_group.h"

namespace quantier {
namespace {

using testing::AllOf;
using testing::ElementsAreArray;
using testing::HasSubstr;

Json golden(const std::string& name) {
  return goldens::read(QUANTIER_SOURCE_DIR "/testdata/formats/" + name + ".json");
}

LinearSpec spec_of(std::uint64_t out_features, std::uint64_t in_features) {
  LinearSpec linear;
  linear.name = "layers.0.attention.qkv";
  linear.weight = "model.layers.0.attn.Wqkv.weight";
  linear.out_features = out_features;
  linear.in_features = in_features;
  return linear;
}

LayerPlan layer_of(WeightFormat format) {
  LayerPlan layer;
  layer.recipe.format = format;
  return layer;
}

Plan plan_of(const char* recipe, OutlierWeights outlier_weights = OutlierWeights::kInt8) {
  return *resolve_recipe(recipe, ModelSpec{}, {.outlier_weights = outlier_weights});
}

template <class T>
TensorView view_of(const std::vector<T>& values, DType dtype) {
  return {dtype, {values.size()}, std::as_bytes(std::span(values))};
}

TEST(PackLinear, Int8IsWhatBitsandbytesStores) {
  const Json file = golden("llm_int8");
  for (const Json& item : file["cases"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    const auto weight = goldens::half_bits(item["weight"]);
    const LinearSpec linear =
        spec_of(goldens::dimension(item["weight"], 0), goldens::dimension(item["weight"], 1));
    for (const bool keeps_halves : {false, true}) {
      const Plan plan = plan_of("int8", keeps_halves ? OutlierWeights::kF16 : OutlierWeights::kInt8);
      LayerPlan layer = layer_of(WeightFormat::kI8Row);
      layer.recipe.options.keeps_halves = keeps_halves;
      const auto packed = pack_linear(linear, layer, plan, view_of(weight, DType::kF16), nullptr);
      ASSERT_TRUE(packed) << packed.error().message();
      const auto& rows = std::get<I8RowWeights>(packed->weights);
      EXPECT_THAT(rows.codes.span(), ElementsAreArray(goldens::codes(item["weight_codes"])));
      EXPECT_THAT(rows.row_absmax.span(), ElementsAreArray(goldens::floats(item["weight_absmax"])));
      EXPECT_THAT(rows.outlier_f16.span(),
                  ElementsAreArray(keeps_halves ? weight : std::vector<std::uint16_t>{}));
    }
  }
}

// A weight whose offset is the golden's to the last bit has the golden's whole state; two ulp apart, a
// nested code could differ by one.
TEST(PackLinear, Nf4IsWhatBitsandbytesStores) {
  const Json file = golden("nf4");
  std::size_t same_offset = 0;
  for (const Json& item : file["cases"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    const LinearSpec linear =
        spec_of(goldens::dimension(item["weight"], 0), goldens::dimension(item["weight"], 1));
    const auto packed = pack_linear(linear, layer_of(WeightFormat::kNf4Block), plan_of("int4"),
                                    view_of(goldens::half_bits(item["weight"]), DType::kF16), nullptr);
    ASSERT_TRUE(packed) << packed.error().message();
    const auto& blocks = std::get<Nf4Weights>(packed->weights);
    EXPECT_THAT(blocks.packed.span(), ElementsAreArray(goldens::bytes(item["packed"])));
    const float offset = goldens::floats(item["offset"])[0];
    EXPECT_LE(std::abs(std::bit_cast<std::int32_t>(offset) - std::bit_cast<std::int32_t>(blocks.offset)), 2);
    if (offset != blocks.offset) continue;
    ++same_offset;
    EXPECT_THAT(blocks.absmax_codes.span(), ElementsAreArray(goldens::bytes(item["absmax_codes"])));
    EXPECT_THAT(blocks.nested_absmax.span(), ElementsAreArray(goldens::floats(item["nested_absmax"])));
  }
  EXPECT_GE(same_offset, file["cases"].size() - 1);
}

// The half-precision model is what gets quantized, whatever the checkpoint holds.
TEST(PackLinear, EveryDtypeIsRoundedToHalfFirst) {
  std::vector<float> single;
  std::vector<std::uint16_t> rounded;
  std::vector<std::uint16_t> brain;
  std::vector<std::uint16_t> brain_as_half;
  for (int i = 0; i < 3 * 50; ++i) {
    single.push_back(std::sin(static_cast<float>(i)) * 0.37F);
    rounded.push_back(to_half(single.back()).bits);
    brain.push_back(to_bfloat16(single.back()).bits);
    brain_as_half.push_back(to_half(to_float(BFloat16{brain.back()})).bits);
  }
  const LinearSpec linear = spec_of(3, 50);
  const auto int8_codes = [&](const TensorView& view) {
    const auto packed = pack_linear(linear, layer_of(WeightFormat::kI8Row), plan_of("int8"), view, nullptr);
    const auto& rows = std::get<I8RowWeights>(packed->weights);
    std::vector<float> all(rows.codes.span().begin(), rows.codes.span().end());
    all.insert(all.end(), rows.row_absmax.span().begin(), rows.row_absmax.span().end());
    return all;
  };
  const auto nf4_codes = [&](const TensorView& view) {
    const auto packed =
        pack_linear(linear, layer_of(WeightFormat::kNf4Block), plan_of("int4"), view, nullptr);
    const auto& blocks = std::get<Nf4Weights>(packed->weights);
    std::vector<float> all(blocks.packed.span().begin(), blocks.packed.span().end());
    all.insert(all.end(), blocks.nested_absmax.span().begin(), blocks.nested_absmax.span().end());
    all.push_back(blocks.offset);
    return all;
  };
  EXPECT_EQ(int8_codes(view_of(single, DType::kF32)), int8_codes(view_of(rounded, DType::kF16)));
  EXPECT_EQ(int8_codes(view_of(brain, DType::kBF16)), int8_codes(view_of(brain_as_half, DType::kF16)));
  EXPECT_EQ(nf4_codes(view_of(single, DType::kF32)), nf4_codes(view_of(rounded, DType::kF16)));
  EXPECT_EQ(nf4_codes(view_of(brain, DType::kBF16)), nf4_codes(view_of(brain_as_half, DType::kF16)));
}

TEST(PackLinear, TheBiasIsRoundedToHalf) {
  const std::vector<float> weight(6, 1.0F);
  const std::vector<float> bias{0.1F, -3.3F};
  const TensorView bias_view = view_of(bias, DType::kF32);
  for (const WeightFormat format : {WeightFormat::kI8Row, WeightFormat::kNf4Block}) {
    const auto packed = pack_linear(spec_of(2, 3), layer_of(format), plan_of("int4"),
                                    view_of(weight, DType::kF32), &bias_view);
    EXPECT_THAT(packed->bias, testing::ElementsAre(round_to_half(0.1F), round_to_half(-3.3F)));
  }
}

std::uint64_t bytes_in(const PackedLinear& packed) {
  const std::uint64_t bias = packed.bias.size() * sizeof(float);
  if (const auto* f16 = std::get_if<F16Weights>(&packed.weights)) return bias + f16->values.size() * 2;
  if (const auto* rows = std::get_if<I8RowWeights>(&packed.weights)) {
    return bias + rows->codes.size() + rows->row_absmax.size() * 4 + rows->outlier_f16.size() * 2;
  }
  const auto& blocks = std::get<Nf4Weights>(packed.weights);
  return bias + blocks.packed.size() + blocks.absmax_codes.size() + blocks.nested_absmax.size() * 4 +
         sizeof blocks.offset;
}

// The plan that `inspect --recipe` prints, against the buffers that pack_linear makes, and against what the
// allocator counts: never more than a cache line of padding for each buffer.
TEST(PackLinear, BytesOfThePlanAreTheBytesInMemory) {
  for (const std::string model : {"demo-encoder", "demo-decoder"}) {
    const auto checkpoint = Checkpoint::open(std::string(QUANTIER_SOURCE_DIR "/demo/") + model);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message();
    const ModelSpec& spec = checkpoint->spec();
    for (const char* recipe : {"fp16", "int8", "int4"}) {
      for (const OutlierWeights kind : {OutlierWeights::kInt8, OutlierWeights::kF16}) {
        const Plan plan = *resolve_recipe(recipe, spec, {.outlier_weights = kind});
        for (std::size_t i = 0; i < spec.linears.size(); ++i) {
          const LinearSpec& linear = spec.linears[i];
          SCOPED_TRACE(model + " " + recipe + " " + linear.name);
          const std::vector<std::uint16_t> weight(linear.out_features * linear.in_features, 0x3C00);
          const std::vector<std::uint16_t> bias(linear.out_features, 0x3C00);
          const TensorView bias_view = view_of(bias, DType::kF16);
          const std::uint64_t before = memory_use(MemoryOwner::kWeights).current_bytes;
          const auto packed = pack_linear(linear, plan.layers[i], plan, view_of(weight, DType::kF16),
                                          linear.bias ? &bias_view : nullptr);
          ASSERT_TRUE(packed);
          EXPECT_EQ(bytes_in(*packed), plan.layers[i].bytes);
          EXPECT_EQ(packed_bytes(*packed), plan.layers[i].bytes);
          const std::uint64_t counted = memory_use(MemoryOwner::kWeights).current_bytes - before;
          EXPECT_LE(counted, plan.layers[i].bytes + 3 * 64);
          EXPECT_GE(counted + linear.out_features * sizeof(float) + sizeof(float), plan.layers[i].bytes);
        }
      }
    }
  }
}

// Parts side by side give the bits of one after another, and tell the first error by rows.
TEST(PackLinear, ThreadsChangeNothing) {
  constexpr std::uint64_t kRows = 700;
  constexpr std::uint64_t kColumns = 577;  // blocks of NF4 straddle rows, groups end short
  std::vector<float> weight(kRows * kColumns);
  for (std::size_t i = 0; i < weight.size(); ++i)
    weight[i] = std::sin(static_cast<float>(i) * 0.37F) * std::exp(-static_cast<float>(i % 113));
  const LinearSpec linear = spec_of(kRows, kColumns);
  ThreadPool pool(3);
  const auto pack = [&](WeightFormat format, bool symmetric, ThreadPool* threads) {
    LayerPlan layer = layer_of(format);
    layer.recipe.options.group = 64;
    layer.recipe.options.symmetric = symmetric;
    return pack_linear(linear, layer, plan_of("int4"), view_of(weight, DType::kF32), nullptr, threads);
  };
  for (const bool symmetric : {true, false}) {
    const auto one = pack(WeightFormat::kI4Group, symmetric, nullptr);
    const auto many = pack(WeightFormat::kI4Group, symmetric, &pool);
    ASSERT_TRUE(one && many);
    const auto& a = std::get<I4GroupWeights>(one->weights);
    const auto& b = std::get<I4GroupWeights>(many->weights);
    EXPECT_TRUE(std::ranges::equal(a.codes.span(), b.codes.span()));
    EXPECT_TRUE(std::ranges::equal(a.scales.span(), b.scales.span()));
    EXPECT_TRUE(std::ranges::equal(a.zeros.span(), b.zeros.span()));
    // A row at a time by the scalar truth.
    for (const std::uint64_t row : {std::uint64_t{0}, std::uint64_t{333}, kRows - 1}) {
      for (std::uint64_t k = 0; k < kColumns; ++k) {
        const I4Grid grid = i4_grid_of(a, kColumns, row, k / 64);
        ASSERT_EQ(i4_code(a, kColumns, row, k), grid.code(round_to_half(weight[row * kColumns + k])));
      }
    }
  }
  const auto one = pack(WeightFormat::kNf4Block, true, nullptr);
  const auto many = pack(WeightFormat::kNf4Block, true, &pool);
  ASSERT_TRUE(one && many);
  const auto& a = std::get<Nf4Weights>(one->weights);
  const auto& b = std::get<Nf4Weights>(many->weights);
  EXPECT_TRUE(std::ranges::equal(a.packed.span(), b.packed.span()));
  EXPECT_TRUE(std::ranges::equal(a.absmax_codes.span(), b.absmax_codes.span()));
  EXPECT_EQ(a.offset, b.offset);
  weight[650 * kColumns] = NAN;
  weight[200 * kColumns + 5] = INFINITY;
  for (const WeightFormat format : {WeightFormat::kI8Row, WeightFormat::kI4Group, WeightFormat::kNf4Block}) {
    const auto refused = pack(format, true, &pool);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().where, HasSubstr("row 200, column 5"));
  }
}

TEST(PackLinear, RefusesWhatCannotBeRepresented) {
  for (const char* recipe : {"fp32", "fp16", "int8", "int4"}) {
    const WeightFormat format = recipe == std::string("fp32")   ? WeightFormat::kF32
                                : recipe == std::string("fp16") ? WeightFormat::kF16
                                : recipe == std::string("int8") ? WeightFormat::kI8Row
                                                                : WeightFormat::kNf4Block;
    SCOPED_TRACE(recipe);
    std::vector<float> weight(3 * 70, 0.5F);
    const auto pack = [&] {
      return pack_linear(spec_of(3, 70), layer_of(format), plan_of(recipe), view_of(weight, DType::kF32),
                         nullptr);
    };
    EXPECT_TRUE(pack());
    weight[2 * 70 + 69] = NAN;
    auto refused = pack();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kUserInput);
    EXPECT_THAT(refused.error().where, AllOf(HasSubstr("Wqkv"), HasSubstr("row 2, column 69")));
    weight[2 * 70 + 69] = -70000.0F;
    refused = pack();
    EXPECT_EQ(refused.has_value(), format == WeightFormat::kF32);
    if (!refused) {
      EXPECT_THAT(refused.error().why, HasSubstr("-70000"));
    }
  }
}

}  // namespace
}  // namespace quantier
