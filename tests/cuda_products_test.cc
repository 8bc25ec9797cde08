// Products of every table that the device can run, with everything that may follow them: of int8 exactly, of
// elements within the rounding of one.
#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>

#include "quantier/formats/i8_row.h"
#include "tests/cuda_fixture.h"

namespace quantier::cuda {
namespace {

TYPED_TEST_SUITE(CudaOps, CudaElements);

struct ProductCase {
  std::uint32_t rows;
  std::uint32_t outputs;
  std::uint32_t inputs;
};

constexpr ProductCase kProducts[] = {{1, 64, 16},       {5, 64, 192},     {128, 128, 64},   {130, 576, 192},
                                     {257, 768, 768},   {300, 1152, 896}, {700, 2304, 768}, {64, 896, 4864},
                                     {1000, 768, 1152}, {17500, 192, 64}};

// Hopper's narrow tiles are for rows of x that stay in shared memory.
constexpr std::size_t kMostInputsKept = 1280;

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
           has_tiles ? std::vector<std::uint32_t>{0, 96, 128, 192} : std::vector<std::uint32_t>{0}) {
        if (tile == 96 && k_count > kMostInputsKept) continue;
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

}  // namespace
}  // namespace quantier::cuda
