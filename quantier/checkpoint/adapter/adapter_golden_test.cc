// Adapters that peft saved, on small random bases: every tensor of the merged model against the one that
// peft's merge_and_unload made, to the bit. tools/goldens/adapter_goldens.py writes testdata/adapter.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantier/base/json.h"
#include "quantier/base/sha256.h"
#include "quantier/checkpoint/checkpoint.h"
#include "quantier/checkpoint/safetensors_writer.h"

namespace quantier {
namespace {

namespace fs = std::filesystem;
const fs::path kRoot = fs::path(QUANTIER_SOURCE_DIR) / "testdata" / "adapter";

std::string sha256_of(const TensorView& tensor) {
  Sha256 hash;
  hash.update(tensor.bytes);
  return hash.hex();
}

const char* torch_name(DType dtype) {
  return dtype == DType::kF32 ? "float32" : dtype == DType::kF16 ? "float16" : "bfloat16";
}

Json expected_cases() {
  const auto json = read_json_file((kRoot / "expected.json").string());
  return json ? (*json)["cases"] : Json::object();
}

std::vector<std::string> tensors_of(const ModelSpec& spec) {
  std::vector<std::string> names = {spec.embedding};
  for (const auto& part : spec.linears) {
    names.push_back(part.weight);
    if (part.bias) names.push_back(*part.bias);
  }
  for (const auto& part : spec.norms) {
    names.push_back(part.weight);
    if (part.bias) names.push_back(*part.bias);
  }
  return names;
}

TEST(AdapterGolden, EveryMergedTensorIsThatOfPeftToTheBit) {
  const Json cases = expected_cases();
  ASSERT_EQ(cases.size(), 11u);
  std::size_t changed = 0;
  for (const auto& [name, expected] : cases.items()) {
    SCOPED_TRACE(name);
    const auto checkpoint =
        Checkpoint::open(ModelLocation{kRoot / name, kRoot / "bases" / expected["base"].get<std::string>()});
    ASSERT_TRUE(checkpoint) << checkpoint.error().message();
    const Json& tensors = expected["tensors"];
    std::size_t seen = 0;
    for (const std::string& tensor : tensors_of(checkpoint->spec())) {
      SCOPED_TRACE(tensor);
      ASSERT_TRUE(tensors.contains(tensor));
      const auto data = checkpoint->tensor(tensor);
      ASSERT_TRUE(data) << data.error().message();
      // An element type that holds the same numbers is as good: what peft widened stands as it was saved.
      if (tensors[tensor]["dtype"] == torch_name(data->view().dtype)) {
        EXPECT_EQ(sha256_of(data->view()), tensors[tensor]["sha256"]);
      } else {
        std::vector<float> wide(data->view().element_count());
        copy_as_float(data->view(), 0, wide);
        ASSERT_EQ(tensors[tensor]["dtype"], "float32");
        EXPECT_EQ(sha256_of({DType::kF32, data->view().shape, std::as_bytes(std::span(wide))}),
                  tensors[tensor]["sha256"]);
      }
      EXPECT_EQ(checkpoint->dtype(tensor), data->view().dtype);
      EXPECT_EQ(checkpoint->shape(tensor), data->view().shape);
      if (data->is_computed()) ++changed;
      ++seen;
    }
    EXPECT_EQ(seen, tensors.size());
  }
  EXPECT_GT(changed, 50u);
}

TEST(AdapterGolden, PartsOfATableAreItsRows) {
  for (const char* name :
       {"decoder-embedding", "encoder-tokens", "decoder-saved-embedding", "encoder-plain"}) {
    SCOPED_TRACE(name);
    const std::string base = expected_cases()[name]["base"];
    const auto checkpoint = Checkpoint::open(ModelLocation{kRoot / name, kRoot / "bases" / base});
    ASSERT_TRUE(checkpoint) << checkpoint.error().message();
    const std::string& table = checkpoint->spec().embedding;
    const auto whole = checkpoint->tensor(table);
    ASSERT_TRUE(whole);
    const std::uint64_t row_bytes = whole->view().bytes.size() / checkpoint->spec().vocabulary;
    for (std::uint64_t first = 0; first < checkpoint->spec().vocabulary; first += 7) {
      const std::uint64_t count = std::min<std::uint64_t>(7, checkpoint->spec().vocabulary - first);
      const auto rows = checkpoint->rows(table, first, count);
      ASSERT_TRUE(rows);
      EXPECT_TRUE(std::ranges::equal(rows->view().bytes,
                                     whole->view().bytes.subspan(first * row_bytes, count * row_bytes)));
    }
  }
}

// What a variant that keeps the adapter beside quantized weights needs: W, A, B and the scaling apart.
TEST(AdapterGolden, BaseAndUpdateCanBeHadApart) {
  const auto checkpoint = Checkpoint::open(
      ModelLocation{kRoot / "encoder-patterns", kRoot / "bases" / "encoder-bias-f16", AdapterUse::kBeside});
  ASSERT_TRUE(checkpoint) << checkpoint.error().message();
  const auto base = Checkpoint::open(kRoot / "bases" / "encoder-bias-f16");
  ASSERT_TRUE(base);
  const std::string name = "model.layers.0.attn.Wqkv.weight";
  const auto factors = checkpoint->beside(name);
  ASSERT_TRUE(factors);
  EXPECT_EQ(factors->rank(), 2u);
  EXPECT_EQ(factors->scaling, 7.5 / 2);
  EXPECT_EQ(factors->a.shape, (std::vector<std::uint64_t>{2, 32}));
  EXPECT_EQ(factors->b.shape, (std::vector<std::uint64_t>{96, 2}));
  EXPECT_FALSE(checkpoint->beside("model.layers.0.mlp.Wi.weight"));  // excluded
  EXPECT_EQ(checkpoint->beside("model.layers.1.mlp.Wi.weight")->scaling, 5.0 / 3);
  const auto unmerged = checkpoint->tensor(name);
  const auto stored = base->tensor(name);
  ASSERT_TRUE(unmerged && stored);
  EXPECT_TRUE(std::ranges::equal(unmerged->view().bytes, stored->view().bytes));
  EXPECT_FALSE(unmerged->is_computed());
}

// The bound of docs/methods/lora.md against double arithmetic, on numbers of very different size.
TEST(LoraMerge, IsWithinTheBoundOfItsDoc) {
  constexpr std::uint64_t kOut = 5;
  constexpr std::uint64_t kIn = 37;
  constexpr std::uint64_t kRank = 19;
  std::vector<float> a(kRank * kIn);
  std::vector<float> b(kOut * kRank);
  std::vector<float> weight(kOut * kIn);
  const auto fill = [](std::vector<float>& values, double step) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(std::sin(step * static_cast<double>(i + 1)) *
                                     std::exp(3 * std::cos(7 * step * static_cast<double>(i))));
    }
  };
  fill(a, 0.7);
  fill(b, 1.3);
  fill(weight, 0.31);
  const std::vector<float> before = weight;
  LoraFactors factors;
  factors.a = {DType::kF32, {kRank, kIn}, std::as_bytes(std::span(a))};
  factors.b = {DType::kF32, {kOut, kRank}, std::as_bytes(std::span(b))};
  factors.scaling = 0.37;
  ASSERT_TRUE(add_lora(factors, DType::kF32, 0, kIn, std::as_writable_bytes(std::span(weight)), "w"));
  constexpr double kUnit = 0x1p-24;
  for (std::uint64_t n = 0; n < kOut; ++n) {
    for (std::uint64_t i = 0; i < kIn; ++i) {
      double exact = 0;
      double size = 0;
      for (std::uint64_t k = 0; k < kRank; ++k) {
        const double product = double{b[n * kRank + k]} * a[k * kIn + i];
        exact += product;
        size += std::abs(product);
      }
      const double merged = before[n * kIn + i] + factors.scaling * exact;
      const double bound = (kRank + 2) * kUnit / (1 - (kRank + 2) * kUnit) * factors.scaling * size +
                           kUnit * std::abs(merged) * 1.01;
      EXPECT_LE(std::abs(weight[n * kIn + i] - merged), bound);
    }
  }
}

TEST(LoraMerge, WhatIsNotFiniteIsNamed) {
  std::vector<float> a = {1, 2, 3};
  std::vector<float> b = {1, NAN};
  std::vector<float> weight(6, 1.0F);
  const LoraFactors factors{{DType::kF32, {1, 3}, std::as_bytes(std::span(a))},
                            {DType::kF32, {2, 1}, std::as_bytes(std::span(b))},
                            1.0,
                            false};
  const auto status =
      add_lora(factors, DType::kF32, 0, 3, std::as_writable_bytes(std::span(weight)), "tensor w");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kUserInput);
  EXPECT_THAT(status.error().where, ::testing::HasSubstr("tensor w, row 1, column 0"));
}

}  // namespace
}  // namespace quantier
