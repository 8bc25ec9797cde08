// Kernels that work row by row, of every table that the device can run, against the same on the host: rows
// moved and codes exactly, norms and gates within the rounding of an element.
#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>

#include "quantier/formats/i8_row.h"
#include "tests/cuda_fixture.h"

namespace quantier::cuda {
namespace {

using testing::ElementsAreArray;

TYPED_TEST_SUITE(CudaOps, CudaElements);

struct HostQuantized {
  std::vector<std::int8_t> codes;
  std::vector<float> absmax;
};

HostQuantized quantize_on_host(std::span<const float> rows, std::size_t width) {
  HostQuantized out{std::vector<std::int8_t>(rows.size()), {}};
  for (std::size_t begin = 0; begin < rows.size(); begin += width) {
    const auto row = rows.subspan(begin, width);
    out.absmax.push_back(i8_row_absmax(row));
    i8_quantize_row(row, out.absmax.back(), std::span(out.codes).subspan(begin, width));
  }
  return out;
}

TYPED_TEST(CudaOps, EmbeddingTakesRows) {
  constexpr std::uint32_t kWidth = 192;
  const auto table = this->template random_rows<TypeParam>(50 * kWidth);
  const std::vector<std::int32_t> ids = {3, 49, 0, 3, 17};
  std::vector<std::uint16_t> expected;
  for (const std::int32_t id : ids)
    expected.insert(expected.end(), table.begin() + id * kWidth, table.begin() + (id + 1) * kWidth);
  for (const Kernels* kernels : this->tables()) {
    const DeviceArray<std::uint16_t> on_device(table);
    const DeviceArray<std::int32_t> ids_there(ids);
    const DeviceArray<std::uint16_t> out(expected.size());
    kernels->embed({.element = TypeParam::kElement,
                    .ids = ids_there.data(),
                    .table = on_device.data(),
                    .table_absmax = nullptr,
                    .out = out.data(),
                    .rows = 5,
                    .width = kWidth},
                   nullptr);
    EXPECT_THAT(out.values(), ElementsAreArray(expected)) << kernels->name;
  }
}

TYPED_TEST(CudaOps, QuantizesRowsToTheSameCodes) {
  for (const std::uint32_t width : {16U, 192U, 768U, 896U, 1152U, 2048U, 4864U, 8192U}) {
    constexpr std::uint32_t kRows = 37;
    auto rows = this->template random_rows<TypeParam>(kRows * width);
    std::fill_n(rows.begin() + width, width, std::uint16_t{0});  // a row of zeros
    const std::vector<float> multiplier = this->random_floats(width, 0.5F, 2.0F);
    for (const bool multiplies : {false, true}) {
      std::vector<float> values = this->template widened<TypeParam>(rows);
      for (std::size_t i = 0; multiplies && i < values.size(); ++i)
        values[i] = this->rounded(values[i] * multiplier[i % width]);
      const HostQuantized expected = quantize_on_host(values, width);
      for (const Kernels* kernels : this->tables()) {
        const DeviceArray<std::uint16_t> x(rows);
        const DeviceArray<float> factors(multiplier);
        const DeviceArray<std::int8_t> codes(rows.size());
        const DeviceArray<float> absmax(kRows);
        kernels->quantize({.element = TypeParam::kElement,
                           .x = x.data(),
                           .out = {codes.data(), absmax.data(), multiplies ? factors.data() : nullptr},
                           .rows = kRows,
                           .width = width},
                          nullptr);
        EXPECT_EQ(absmax.values(), expected.absmax) << kernels->name << " " << width;
        EXPECT_EQ(codes.values(), expected.codes) << kernels->name << " " << width;
      }
    }
  }
}

TYPED_TEST(CudaOps, NormsRows) {
  for (const std::uint32_t width : {64U, 192U, 768U, 896U, 1024U, 2048U, 5120U}) {
    constexpr std::uint32_t kRows = 19;
    const auto rows = this->template random_rows<TypeParam>(kRows * width, 3.0F);
    const std::vector<float> weight = this->random_floats(width, 0.5F, 1.5F);
    const std::vector<float> bias = this->random_floats(width, -0.5F, 0.5F);
    const std::vector<float> x = this->template widened<TypeParam>(rows);
    for (const bool is_layer_norm : {false, true}) {
      std::vector<float> expected(x.size());
      for (std::size_t row = 0; row < kRows; ++row) {
        const auto of_row = std::span(x).subspan(row * width, width);
        double mean = 0;
        for (const float value : of_row) mean += value;
        mean = is_layer_norm ? mean / width : 0.0;
        double variance = 0;
        for (const float value : of_row) variance += (value - mean) * (value - mean);
        const double inverse = 1.0 / std::sqrt(variance / width + 1e-5);
        for (std::size_t i = 0; i < width; ++i) {
          expected[row * width + i] =
              static_cast<float>((of_row[i] - mean) * inverse * weight[i] + (is_layer_norm ? bias[i] : 0.0F));
        }
      }
      for (const Kernels* kernels : this->tables()) {
        const DeviceArray<std::uint16_t> in(rows);
        const DeviceArray<float> weights(weight);
        const DeviceArray<float> biases(bias);
        const DeviceArray<std::uint16_t> out(rows.size());
        NormTask task{.element = TypeParam::kElement,
                      .subtract_mean = is_layer_norm,
                      .x = in.data(),
                      .weight = weights.data(),
                      .bias = is_layer_norm ? biases.data() : nullptr,
                      .epsilon = 1e-5F,
                      .out = out.data(),
                      .quantized = {},
                      .rows = kRows,
                      .width = width};
        kernels->norm(task, nullptr);
        const std::vector<std::uint16_t> bits = out.values();
        const std::vector<float> got = this->template widened<TypeParam>(bits);
        for (std::size_t i = 0; i < got.size(); ++i) {
          ASSERT_NEAR(got[i], expected[i], 1.01F * this->step(std::fabs(expected[i])))
              << kernels->name << " " << width << " at " << i;
        }
        // Quantized at once is the same as one after the other.
        const HostQuantized codes = quantize_on_host(got, width);
        const DeviceArray<std::int8_t> codes_there(rows.size());
        const DeviceArray<float> absmax_there(kRows);
        task.out = nullptr;
        task.quantized = {codes_there.data(), absmax_there.data(), nullptr};
        kernels->norm(task, nullptr);
        EXPECT_EQ(absmax_there.values(), codes.absmax) << kernels->name << " " << width;
        EXPECT_EQ(codes_there.values(), codes.codes) << kernels->name << " " << width;
      }
    }
  }
}

TYPED_TEST(CudaOps, GatesRows) {
  constexpr std::uint32_t kWidth = 384;
  constexpr std::uint32_t kRows = 11;
  const auto rows = this->template random_rows<TypeParam>(kRows * 2 * kWidth, 2.0F);
  const std::vector<float> x = this->template widened<TypeParam>(rows);
  for (const Gate gate : {Gate::kGelu, Gate::kSilu}) {
    for (const Kernels* kernels : this->tables()) {
      const DeviceArray<std::uint16_t> in(rows);
      const DeviceArray<std::uint16_t> out(kRows * kWidth);
      kernels->gate({.element = TypeParam::kElement,
                     .gate = gate,
                     .x = in.data(),
                     .out = out.data(),
                     .rows = kRows,
                     .width = kWidth},
                    nullptr);
      const std::vector<float> got = this->template widened<TypeParam>(out.values());
      for (std::size_t i = 0; i < got.size(); ++i) {
        const std::size_t at = i / kWidth * 2 * kWidth + gate_column(i % kWidth);
        const float up = x[at + kGateBlock];
        const double activated = activation(gate, x[at]);
        const float expected = this->rounded(static_cast<float>(activated)) * up;
        const float allowed = 1.01F * this->step(static_cast<float>(std::fabs(activated))) * std::fabs(up) +
                              this->step(std::fabs(expected)) + erf_error(x[at]) * std::fabs(up);
        ASSERT_NEAR(got[i], expected, allowed) << kernels->name << " at " << i;
      }
    }
  }
}

TYPED_TEST(CudaOps, PoolsRows) {
  constexpr std::uint32_t kWidth = 192;
  const auto rows = this->template random_rows<TypeParam>(20 * kWidth);
  const std::vector<float> x = this->template widened<TypeParam>(rows);
  const std::vector<std::uint32_t> offsets = {0, 1, 8, 20};
  const std::vector<std::uint32_t> picked = {19, 0, 7};
  for (const Kernels* kernels : this->tables()) {
    const DeviceArray<std::uint16_t> in(rows);
    const DeviceArray<std::uint32_t> offsets_there(offsets);
    const DeviceArray<std::uint32_t> picked_there(picked);
    const DeviceArray<std::uint16_t> means(3 * kWidth);
    const DeviceArray<std::uint16_t> gathered(3 * kWidth);
    const DeviceArray<float> widened(3 * 50);
    kernels->mean({TypeParam::kElement, in.data(), offsets_there.data(), means.data(), 3, kWidth}, nullptr);
    kernels->gather({in.data(), picked_there.data(), gathered.data(), 3, kWidth}, nullptr);
    kernels->widen({TypeParam::kElement, gathered.data(), widened.data(), 3, kWidth, 50}, nullptr);
    const std::vector<float> got = this->template widened<TypeParam>(means.values());
    const std::vector<std::uint16_t> rows_got = gathered.values();
    const std::vector<float> floats = widened.values();
    for (std::size_t text = 0; text < 3; ++text) {
      for (std::size_t column = 0; column < kWidth; ++column) {
        double sum = 0;
        for (std::uint32_t row = offsets[text]; row < offsets[text + 1]; ++row)
          sum += x[row * kWidth + column];
        const auto mean = static_cast<float>(sum / (offsets[text + 1] - offsets[text]));
        EXPECT_NEAR(got[text * kWidth + column], mean, 1.01F * this->step(std::fabs(mean))) << kernels->name;
        EXPECT_EQ(rows_got[text * kWidth + column], rows[picked[text] * kWidth + column]) << kernels->name;
        if (column < 50) {
          EXPECT_EQ(floats[text * 50 + column], x[picked[text] * kWidth + column]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace quantier::cuda
