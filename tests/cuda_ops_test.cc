// Every kernel of every table that the device can run against the same on the host: integers and what is made
// of them by the same float operations exactly, sums within the rounding of an element.
#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>

#include "quantier/engine/cuda_engine.h"
#include "quantier/formats/i8_row.h"
#include "tests/cuda_fixture.h"

namespace quantier::cuda {
namespace {

using testing::ElementsAreArray;

template <class E>
class CudaOps : public CudaTest {
 public:
  using CudaTest::random_floats;

 protected:
  using CudaTest::random_rows;
  std::vector<const Kernels*> tables() const {
    std::vector<const Kernels*> usable;
    for (const Kernels* table : tables_)
      if (E::kElement == Element::kHalf || table->has_bfloat16) usable.push_back(table);
    return usable;
  }
  static float rounded(float value) { return E::value(E::bits(value)); }
  // The distance of neighbouring elements at a magnitude.
  static float step(float magnitude) {
    const float bits = E::kElement == Element::kHalf ? 10.0F : 7.0F;
    return std::exp2(std::floor(std::log2(std::max(magnitude, 1e-4F))) - bits);
  }
};
using Elements = testing::Types<HalfElement, BFloat16Element>;
TYPED_TEST_SUITE(CudaOps, Elements);

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

double activation(Gate gate, double x) {
  return gate == Gate::kGelu ? 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))) : x / (1.0 + std::exp(-x));
}

// 1 + erf(x) in float has lost what erf(x) has in common with -1.
float erf_error(float x) { return 2.0e-7F * std::fabs(x); }

// Where a gate stands among alternating blocks; its up is kGateBlock further.
std::size_t gate_column(std::size_t feature) {
  return feature / kGateBlock * 2 * kGateBlock + feature % kGateBlock;
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

struct AttentionCase {
  std::uint32_t heads;
  std::uint32_t kv_heads;
  std::uint32_t head_dim;
  bool causal;
  std::int32_t half_window;
};

std::vector<std::pair<const Kernels*, std::uint32_t>> with_query_tiles(
    const std::vector<const Kernels*>& tables) {
  std::vector<std::pair<const Kernels*, std::uint32_t>> both;
  for (const Kernels* table : tables)
    for (const std::uint32_t tile : {32U, 64U, 128U}) both.emplace_back(table, tile);
  return both;
}

TYPED_TEST(CudaOps, AttendsAsInDouble) {
  const std::vector<std::uint32_t> lengths = {1, 7, 16, 63, 64, 65, 130, 200};
  std::uint32_t tokens = 0;
  std::vector<AttentionItem> texts;
  for (const std::uint32_t length : lengths) {
    texts.push_back({tokens, length, 0});
    tokens += length;
  }
  for (const AttentionCase& each :
       {AttentionCase{3, 3, 64, false, -1}, AttentionCase{3, 3, 64, false, 32},
        AttentionCase{4, 2, 64, true, -1}, AttentionCase{14, 2, 64, true, -1},
        AttentionCase{2, 1, 128, true, 20}, AttentionCase{2, 2, 128, false, 64}}) {
    const std::uint32_t d = each.head_dim;
    const std::uint32_t stride = (each.heads + 2 * each.kv_heads) * d;
    const auto rows = this->template random_rows<TypeParam>(std::size_t{tokens} * stride);
    const std::vector<float> x = this->template widened<TypeParam>(rows);
    std::vector<float2> turns(256 * (d / 2));
    for (std::uint32_t position = 0; position < 256; ++position) {
      for (std::uint32_t i = 0; i < d / 2; ++i) {
        const double angle = position * std::pow(10000.0, -2.0 * i / d);
        turns[position * (d / 2) + i] = {static_cast<float>(std::cos(angle)),
                                         static_cast<float>(std::sin(angle))};
      }
    }
    // Rotated on the host as the kernel does it.
    const auto rotated = [&](std::uint32_t row, std::uint32_t position, std::uint32_t first) {
      std::vector<double> out(d);
      for (std::uint32_t i = 0; i < d / 2; ++i) {
        const float2 turn = turns[position * (d / 2) + i];
        const float low = x[std::size_t{row} * stride + first + i];
        const float high = x[std::size_t{row} * stride + first + d / 2 + i];
        out[i] = this->rounded(low * turn.x - high * turn.y);
        out[d / 2 + i] = this->rounded(high * turn.x + low * turn.y);
      }
      return out;
    };
    std::vector<float> expected(std::size_t{tokens} * each.heads * d);
    std::uint32_t begin = 0;
    for (const std::uint32_t length : lengths) {
      for (std::uint32_t head = 0; head < each.heads; ++head) {
        const std::uint32_t kv = head / (each.heads / each.kv_heads);
        std::vector<std::vector<double>> keys;
        for (std::uint32_t j = 0; j < length; ++j)
          keys.push_back(rotated(begin + j, j, (each.heads + kv) * d));
        for (std::uint32_t i = 0; i < length; ++i) {
          const std::vector<double> query = rotated(begin + i, i, head * d);
          std::vector<double> out(d, 0.0);
          double total = 0;
          for (std::uint32_t j = 0; j < length; ++j) {
            if (each.causal && j > i) continue;
            if (each.half_window >= 0 &&
                std::abs(static_cast<int>(i) - static_cast<int>(j)) > each.half_window)
              continue;
            double score = 0;
            for (std::uint32_t k = 0; k < d; ++k) score += query[k] * keys[j][k];
            const double weight = std::exp(score / std::sqrt(static_cast<double>(d)));
            total += weight;
            for (std::uint32_t k = 0; k < d; ++k)
              out[k] +=
                  weight * x[std::size_t{begin + j} * stride + (each.heads + each.kv_heads + kv) * d + k];
          }
          for (std::uint32_t k = 0; k < d; ++k)
            expected[(std::size_t{begin + i} * each.heads + head) * d + k] =
                static_cast<float>(out[k] / total);
        }
      }
      begin += length;
    }
    for (const auto& [kernels, query_tile] : with_query_tiles(this->tables())) {
      std::vector<AttentionItem> items;
      for (const AttentionItem& text : texts) {
        for (std::uint32_t first = 0; first < text.length; first += query_tile)
          items.push_back({text.begin, text.length, first});
      }
      const DeviceArray<std::uint16_t> in(rows);
      const DeviceArray<float2> turns_there(turns);
      const DeviceArray<AttentionItem> items_there(items);
      const DeviceArray<std::uint16_t> out(expected.size());
      kernels->attention({.element = TypeParam::kElement,
                          .queries = in.data(),
                          .keys = in.data() + each.heads * d,
                          .values = in.data() + (each.heads + each.kv_heads) * d,
                          .stride = stride,
                          .heads = each.heads,
                          .kv_heads = each.kv_heads,
                          .head_dim = d,
                          .causal = each.causal,
                          .half_window = each.half_window,
                          .rotations = turns_there.data(),
                          .items = items_there.data(),
                          .query_tile = query_tile,
                          .item_count = static_cast<std::uint32_t>(items.size()),
                          .out = out.data()},
                         nullptr);
      const std::vector<float> got = this->template widened<TypeParam>(out.values());
      // Probabilities are rounded to elements: of the largest value that they are multiplied with, about.
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_NEAR(got[i], expected[i], 3.0F * this->step(1.0F))
            << kernels->name << " tile " << query_tile << " heads " << each.heads << " row "
            << i / (each.heads * d) << " column " << i % (each.heads * d);
      }
    }
  }
}

struct ProductCase {
  std::uint32_t rows;
  std::uint32_t outputs;
  std::uint32_t inputs;
};

constexpr ProductCase kProducts[] = {{1, 64, 16},      {5, 64, 192},    {128, 128, 64},
                                     {130, 576, 192},  {257, 768, 768}, {300, 1152, 896},
                                     {700, 2304, 768}, {64, 896, 4864}, {1000, 768, 1152}};

// What a product is checked with: values before the finish, rounded to elements.
struct ProductData {
  ProductCase shape;
  std::vector<float> products;
  std::vector<float> bias;
  std::vector<std::uint16_t> before;  // what stands in out
  std::vector<float2> turns;
  std::vector<std::uint32_t> positions;
  std::uint32_t rotated = 0;
};

// Runs a product with every finish and compares; `exact` where the values before the finish are.
template <class E, class Run>
void check_finishes(const ProductData& data, bool exact, bool rotates, const testing::Message& where,
                    const Run& run) {
  const auto rounded = [](float value) { return E::value(E::bits(value)); };
  const auto step = [](float magnitude) {
    const float bits = E::kElement == Element::kHalf ? 10.0F : 7.0F;
    return std::exp2(std::floor(std::log2(std::max(magnitude, 1e-4F))) - bits);
  };
  const std::vector<float>& products = data.products;
  const std::size_t n_count = data.shape.outputs;
  // A sum in another order may round to the next element; tensor cores cut what they add (about 2e-7 of what
  // is summed, here 0.05 for each input).
  const float of_sums = 3.0e-7F * 0.05F * static_cast<float>(data.shape.inputs);
  const auto off = [&](float value) { return exact ? 0.0F : 1.01F * step(std::fabs(value)) + of_sums; };
  const auto values = [](const DeviceArray<std::uint16_t>& out) {
    std::vector<float> floats;
    for (const std::uint16_t bits : out.values()) floats.push_back(E::value(bits));
    return floats;
  };
  {
    const DeviceArray<std::uint16_t> out(products.size());
    ASSERT_EQ(run(Finish::kStore, out.data()), cudaSuccess) << where;
    const std::vector<float> got = values(out);
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], products[i], off(products[i])) << where << " at " << i;
  }
  {
    const DeviceArray<std::uint16_t> out(data.before);
    ASSERT_EQ(run(Finish::kAdd, out.data()), cudaSuccess) << where;
    const std::vector<float> got = values(out);
    for (std::size_t i = 0; i < got.size(); ++i) {
      const float expected = rounded(products[i] + E::value(data.before[i]));
      ASSERT_NEAR(got[i], expected, off(products[i]) + off(expected)) << where << " sum at " << i;
    }
  }
  for (const Finish finish : {Finish::kGateGelu, Finish::kGateSilu}) {
    const DeviceArray<std::uint16_t> out(products.size() / 2);
    ASSERT_EQ(run(finish, out.data()), cudaSuccess) << where;
    const std::vector<float> got = values(out);
    const Gate gate = finish == Finish::kGateGelu ? Gate::kGelu : Gate::kSilu;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const std::size_t features = n_count / 2;
      const std::size_t at = i / features * n_count + gate_column(i % features);
      const double activated = activation(gate, products[at]);
      const float up = products[at + kGateBlock];
      const float expected = rounded(static_cast<float>(activated)) * up;
      const float allowed =
          (1.01F * step(static_cast<float>(std::fabs(activated))) + 1.2F * off(products[at])) *
              std::fabs(up) +
          step(std::fabs(expected)) + erf_error(products[at]) * std::fabs(up) +
          off(up) * static_cast<float>(std::fabs(activated));
      ASSERT_NEAR(got[i], expected, allowed) << where << " gate at " << i;
    }
  }
  if (!rotates) {
    EXPECT_EQ(run(Finish::kRotate, nullptr), cudaErrorNotSupported) << where;
    return;
  }
  const DeviceArray<std::uint16_t> out(products.size());
  ASSERT_EQ(run(Finish::kRotate, out.data()), cudaSuccess) << where;
  const std::vector<float> got = values(out);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::size_t row = i / n_count;
    const std::size_t column = i % n_count;
    float expected = products[i];
    float allowed = off(expected);
    if (column < data.rotated) {
      const bool is_low = column % 64 < 32;
      const float2 turn = data.turns[data.positions[row] * 32 + column % 32];
      const float other = products[is_low ? i + 32 : i - 32];
      expected = rounded(is_low ? expected * turn.x - other * turn.y : expected * turn.x + other * turn.y);
      // The device fuses a multiplication and the sum.
      allowed = 1.01F * step(std::fabs(expected)) + off(products[i]) + off(other);
    }
    ASSERT_NEAR(got[i], expected, allowed) << where << " rotated at " << i;
  }
}

template <class Fixture>
ProductData product_data(Fixture& fixture, const ProductCase& shape, std::vector<std::uint16_t> before) {
  ProductData data{
      shape, std::vector<float>(std::size_t{shape.rows} * shape.outputs), {}, std::move(before), {}, {}, 0};
  data.bias = fixture.random_floats(shape.outputs, -1.0F, 1.0F);
  data.rotated = shape.outputs / 2 / 64 * 64;
  for (std::uint32_t position = 0; position < 50; ++position) {
    for (std::uint32_t i = 0; i < 32; ++i) {
      const double angle = position * std::pow(10000.0, -2.0 * i / 64);
      data.turns.push_back({static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))});
    }
  }
  for (std::uint32_t row = 0; row < shape.rows; ++row) data.positions.push_back(row * 7 % 50);
  return data;
}

struct ProductOnDevice {
  explicit ProductOnDevice(const ProductData& data)
      : bias(data.bias), turns(data.turns), positions(data.positions) {
    task = {.bias = bias.data(),
            .rotations = turns.data(),
            .positions = positions.data(),
            .rotated = data.rotated,
            .rows = data.shape.rows,
            .outputs = data.shape.outputs,
            .inputs = data.shape.inputs};
  }
  DeviceArray<float> bias;
  DeviceArray<float2> turns;
  DeviceArray<std::uint32_t> positions;
  ProductTask task;
};

class CudaInt8 : public CudaTest {
 public:
  using CudaTest::random_floats;
};

TEST_F(CudaInt8, ProductsAreExact) {
  for (const ProductCase& shape : kProducts) {
    const std::size_t n_count = shape.outputs;
    const std::size_t k_count = shape.inputs;
    std::uniform_int_distribution<int> code(-127, 127);
    std::vector<std::int8_t> x(shape.rows * k_count);
    std::vector<std::int8_t> weights(n_count * k_count);
    for (auto& each : x) each = static_cast<std::int8_t>(code(random_));
    for (auto& each : weights) each = static_cast<std::int8_t>(code(random_));
    const std::vector<float> x_absmax = random_floats(shape.rows, 0.5F, 4.0F);
    const std::vector<float> weight_absmax = random_floats(n_count, 0.01F, 0.1F);
    ProductData data = product_data(*this, shape, random_rows<HalfElement>(shape.rows * n_count));
    for (std::size_t m = 0; m < shape.rows; ++m) {
      for (std::size_t n = 0; n < n_count; ++n) {
        std::int32_t sum = 0;
        for (std::size_t k = 0; k < k_count; ++k)
          sum += std::int32_t{x[m * k_count + k]} * weights[n * k_count + k];
        data.products[m * n_count + n] =
            round_to_half(i8_product(sum, x_absmax[m], weight_absmax[n]) + data.bias[n]);
      }
    }
    const DeviceArray<std::int8_t> x_there(x);
    const DeviceArray<std::int8_t> weights_there(weights);
    const DeviceArray<float> x_absmax_there(x_absmax);
    const DeviceArray<float> weight_absmax_there(weight_absmax);
    ProductOnDevice there(data);
    there.task.x = x_there.data();
    there.task.weights = weights_there.data();
    there.task.x_absmax = x_absmax_there.data();
    there.task.weight_absmax = weight_absmax_there.data();
    for (const Kernels* kernels : tables_) {
      const bool has_tiles = kernels->float_product != nullptr;
      for (const std::uint32_t tile :
           has_tiles ? std::vector<std::uint32_t>{0, 128, 192} : std::vector<std::uint32_t>{0}) {
        check_finishes<HalfElement>(data, true, has_tiles,
                                    testing::Message() << kernels->name << " tile " << tile << ", "
                                                       << shape.rows << " x " << n_count << " x " << k_count,
                                    [&](Finish finish, std::uint16_t* out) {
                                      ProductTask task = there.task;
                                      task.finish = finish;
                                      task.out = out;
                                      task.tile_columns = tile;
                                      return kernels->i8_product(task, nullptr);
                                    });
        if (HasFatalFailure()) return;
      }
    }
  }
}

TYPED_TEST(CudaOps, MultipliesElements) {
  for (const ProductCase& shape : kProducts) {
    const std::size_t n_count = shape.outputs;
    const std::size_t k_count = shape.inputs;
    const auto x = this->template random_rows<TypeParam>(shape.rows * k_count);
    const auto weights = this->template random_rows<TypeParam>(n_count * k_count, 0.05F);
    const std::vector<float> x_values = this->template widened<TypeParam>(x);
    const std::vector<float> weight_values = this->template widened<TypeParam>(weights);
    ProductData data =
        product_data(*this, shape, this->template random_rows<TypeParam>(shape.rows * n_count));
    for (std::size_t m = 0; m < shape.rows; ++m) {
      for (std::size_t n = 0; n < n_count; ++n) {
        double sum = data.bias[n];
        for (std::size_t k = 0; k < k_count; ++k)
          sum += static_cast<double>(x_values[m * k_count + k]) * weight_values[n * k_count + k];
        data.products[m * n_count + n] = this->rounded(static_cast<float>(sum));
      }
    }
    const DeviceArray<std::uint16_t> x_there(x);
    const DeviceArray<std::uint16_t> weights_there(weights);
    ProductOnDevice there(data);
    there.task.element = TypeParam::kElement;
    there.task.x = x_there.data();
    there.task.weights = weights_there.data();
    for (const Kernels* kernels : this->tables()) {
      if (kernels->float_product == nullptr) continue;
      for (const std::uint32_t tile : {0U, 128U, 192U}) {
        check_finishes<TypeParam>(data, false, true,
                                  testing::Message() << kernels->name << " tile " << tile << ", "
                                                     << shape.rows << " x " << n_count << " x " << k_count,
                                  [&](Finish finish, std::uint16_t* out) {
                                    ProductTask task = there.task;
                                    task.finish = finish;
                                    task.out = out;
                                    task.tile_columns = tile;
                                    return kernels->float_product(task, nullptr);
                                  });
        if (this->HasFatalFailure()) return;
      }
    }
  }
}

class CudaTables : public CudaTest {};

// On a card newer than Turing the kernels of sm_75 are there as PTX alone: what runs is what the driver made
// of it.
TEST_F(CudaTables, TuringKernelsAreCompiledByTheDriverForNewerCards) {
  const auto device = Device::open(0, 75);
  ASSERT_TRUE(device) << device.error().message();
  int ptx = 0;
  int binary = 0;
  ASSERT_EQ(device->kernels().versions(&ptx, &binary), cudaSuccess);
  EXPECT_EQ(ptx, 75);
  if (device->capability() < 80) GTEST_SKIP() << "this card is a Turing card";
  EXPECT_GE(binary, 80) << "machine code of sm_75 was run, which this card cannot do";
  EXPECT_THAT(device->kernels_text(), testing::HasSubstr("compiled by the driver"));
}

TEST(CudaDevice, ReportsWhatIsMissing) {
  const auto beyond = Device::open(1000, 0);
  ASSERT_FALSE(beyond);
  EXPECT_FALSE(beyond.error().why.empty());
  EXPECT_FALSE(beyond.error().hint.empty());
  EXPECT_FALSE(cuda_state().empty());
  EXPECT_FALSE(choose_kernel_arch(70));
}

}  // namespace
}  // namespace quantier::cuda
