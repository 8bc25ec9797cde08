// How fast are the kernels of the CUDA engine, one by one, beside what this card reaches at best?
//   bench_gpu_kernels [--rows 4096] [--arch 75|80|90] [--sets 8]
// Times are medians over runs between two events, each run over other memory than the one before, as far as
// it fits: the caches of a card would otherwise hold what a network never finds there. Peaks are the
// library's own product of 8192 cubed halves and a copy of a gigabyte, in the same process.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/lib/median.h"
#include "quantier/engine/cuda/cublas_lt.h"
#include "quantier/engine/cuda/device.h"
#include "quantier/engine/cuda/device_memory.h"

namespace quantier::cuda {
namespace {

constexpr int kRuns = 20;

class Timer {
 public:
  Timer() {
    cudaEventCreate(&begin_);
    cudaEventCreate(&end_);
  }
  // Microseconds of one call, of `repeats` that follow each other.
  double microseconds(int repeats, const std::function<void(int)>& call) {
    std::vector<double> times;
    for (int run = 0; run < kRuns; ++run) {
      cudaEventRecord(begin_, nullptr);
      for (int i = 0; i < repeats; ++i) call(run * repeats + i);
      cudaEventRecord(end_, nullptr);
      cudaEventSynchronize(end_);
      float ms = 0;
      cudaEventElapsedTime(&ms, begin_, end_);
      if (run >= kRuns / 4) times.push_back(ms * 1e3 / repeats);
    }
    return median(times);
  }

 private:
  cudaEvent_t begin_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

// Bytes that look like codes and like halves of moderate size.
DeviceBuffer noise(std::size_t bytes) {
  std::vector<std::uint16_t> values(bytes / 2 + 1);
  std::uint32_t state = 12345;
  for (auto& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<std::uint16_t>((state >> 16 & 0x83FFu) | 0x3000u);  // +-(0.125 .. 0.25)
  }
  DeviceBuffer buffer(bytes, MemoryOwner::kOther);
  cudaMemcpy(buffer.data(), values.data(), bytes, cudaMemcpyHostToDevice);
  return buffer;
}

DeviceBuffer floats(std::size_t count, float value) {
  const std::vector<float> values(count, value);
  DeviceBuffer buffer(count * sizeof(float), MemoryOwner::kOther);
  cudaMemcpy(buffer.data(), values.data(), buffer.size(), cudaMemcpyHostToDevice);
  return buffer;
}

struct Shape {
  const char* name;
  std::uint32_t outputs;
  std::uint32_t inputs;
  Finish finish;
};

constexpr Shape kShapes[] = {
    {"encoder qkv", 2304, 768, Finish::kRotate},       {"encoder output", 768, 768, Finish::kAdd},
    {"encoder gate+up", 2304, 768, Finish::kGateGelu}, {"encoder down", 768, 1152, Finish::kAdd},
    {"decoder qkv", 1152, 896, Finish::kRotate},       {"decoder output", 896, 896, Finish::kAdd},
    {"decoder gate+up", 9728, 896, Finish::kGateSilu}, {"decoder down", 896, 4864, Finish::kAdd},
};

int run(std::uint32_t rows, int arch, const int sets) {
  const auto device = Device::open(0, arch);
  if (!device) {
    fmt::print(stderr, "{}\n", device.error().message());
    return 1;
  }
  const Kernels& kernels = device->kernels();
  const auto products = CublasLt::open();
  if (!products) {
    fmt::print(stderr, "{}\n", products.error().message());
    return 1;
  }
  fmt::print("{}, kernels {}, {}, {} rows\n", device->name(), device->kernels_text(), (*products)->version(),
             rows);
  Timer timer;
  {
    constexpr std::uint32_t kSide = 8192;
    const DeviceBuffer a = noise(std::size_t{kSide} * kSide * 2);
    const DeviceBuffer b = noise(std::size_t{kSide} * kSide * 2);
    const DeviceBuffer c(std::size_t{kSide} * kSide * 2, MemoryOwner::kOther);
    const double us = timer.microseconds(2, [&](int) {
      (void)(*products)->product(
          {Element::kHalf, a.data(), b.data(), nullptr, false, c.data(), kSide, kSide, kSide}, nullptr);
    });
    fmt::print("peak of halves {:.0f} TFLOP/s", 2.0 * kSide * kSide * kSide / us * 1e-6);
    const std::size_t gigabyte = std::size_t{1} << 30;
    const DeviceBuffer from = noise(gigabyte);
    const DeviceBuffer to(gigabyte, MemoryOwner::kOther);
    const double copy = timer.microseconds(1, [&](int) {
      cudaMemcpyAsync(to.data(), from.data(), gigabyte, cudaMemcpyDeviceToDevice, nullptr);
    });
    fmt::print(", copy {:.0f} GB/s read and written\n", 2.0 * static_cast<double>(gigabyte) / copy * 1e-3);
  }
  const DeviceBuffer turns_of_products = floats(std::size_t{4096} * 64, 0.7F);
  std::vector<std::uint32_t> positions(rows);
  for (std::uint32_t i = 0; i < rows; ++i) positions[i] = i % 128;
  const DeviceBuffer positions_there(rows * sizeof(std::uint32_t), MemoryOwner::kOther);
  cudaMemcpy(positions_there.data(), positions.data(), positions_there.size(), cudaMemcpyHostToDevice);
  const bool has_tiles = kernels.float_product != nullptr;
  fmt::print("{:<18} {:>12} {:>14} {}\n", "product, us", "N x K", "cuBLASLt f16",
             has_tiles ? "own f16 and int8, tiles of 96, 128 and 192 columns, and as chosen" : "own int8");
  for (const Shape& shape : kShapes) {
    const std::size_t x_size = std::size_t{whole_steps(rows)} * shape.inputs;
    const std::size_t w_size = std::size_t{shape.outputs} * shape.inputs;
    const std::size_t y_size = std::size_t{whole_steps(rows)} * shape.outputs;
    std::vector<DeviceBuffer> x;
    std::vector<DeviceBuffer> w;
    std::vector<DeviceBuffer> y;
    for (int set = 0; set < sets; ++set) {
      x.push_back(noise(x_size * 2));
      w.push_back(noise(w_size * 2));
      y.push_back(noise(y_size * 2));
    }
    const auto as_floats = [](const DeviceBuffer& buffer) {
      return static_cast<const float*>(static_cast<const void*>(buffer.data()));
    };
    const DeviceBuffer x_absmax = floats(whole_steps(rows), 1.0F);
    const DeviceBuffer w_absmax = floats(shape.outputs, 0.05F);
    const double plain = timer.microseconds(10, [&](int i) {
      const int set = i % sets;
      (void)(*products)->product(
          {Element::kHalf, x[set].data(), w[set].data(), nullptr, shape.finish == Finish::kAdd, y[set].data(),
           rows, shape.outputs, shape.inputs},
          nullptr);
    });
    fmt::print("{:<18} {:>12} {:>14.1f}", shape.name, fmt::format("{}x{}", shape.outputs, shape.inputs),
               plain);
    const double work = 2.0 * rows * shape.outputs * shape.inputs * 1e-6;
    for (const bool is_i8 : {false, true}) {
      if (!is_i8 && !has_tiles) continue;
      double last = 0;
      for (const std::uint32_t tile : {96U, 128U, 192U, 0U}) {
        if (!has_tiles && tile != 0) continue;
        cudaError_t failed = cudaSuccess;
        last = timer.microseconds(10, [&](int i) {
          const int set = i % sets;
          const ProductTask task{
              .element = Element::kHalf,
              .x = x[set].data(),
              .x_absmax = is_i8 ? as_floats(x_absmax) : nullptr,
              .weights = w[set].data(),
              .weight_absmax = is_i8 ? as_floats(w_absmax) : nullptr,
              .bias = nullptr,
              .finish = shape.finish == Finish::kRotate && !has_tiles ? Finish::kStore : shape.finish,
              .rotations = static_cast<const float2*>(static_cast<const void*>(turns_of_products.data())),
              .positions =
                  static_cast<const std::uint32_t*>(static_cast<const void*>(positions_there.data())),
              .rotated = shape.outputs / 3 * 2 / 64 * 64,
              .out = y[set].data(),
              .rows = rows,
              .outputs = shape.outputs,
              .inputs = shape.inputs,
              .tile_columns = tile};
          const cudaError_t error =
              is_i8 ? kernels.i8_product(task, nullptr) : kernels.float_product(task, nullptr);
          if (error != cudaSuccess) failed = error;
        });
        if (failed == cudaSuccess) failed = cudaGetLastError();
        if (failed != cudaSuccess) fmt::print(" failed: {}", cudaGetErrorString(failed));
        fmt::print(" {:>7.1f}", last);
      }
      fmt::print(" ({:.0f} T/s)", work / last);
    }
    fmt::print("\n");
  }

  fmt::print("{:<34} {:>9} {:>9}\n", "by rows", "us", "GB/s");
  const auto memory = [&](const std::string& name, double bytes, const std::function<void(int)>& call) {
    const double us = timer.microseconds(10, call);
    fmt::print("{:<34} {:>9.1f} {:>9.0f}\n", name, us, bytes / us * 1e-3);
  };
  const float2* turns = nullptr;
  DeviceBuffer turns_buffer = floats(std::size_t{4096} * 64, 0.7F);
  turns = static_cast<const float2*>(static_cast<const void*>(turns_buffer.data()));
  for (const auto& [hidden, heads, kv_heads, wide] :
       {std::array{768U, 12U, 12U, 1152U}, std::array{896U, 14U, 2U, 4864U}}) {
    const std::size_t size = std::size_t{rows} * hidden;
    std::vector<DeviceBuffer> x;
    std::vector<DeviceBuffer> y;
    std::vector<DeviceBuffer> big;
    for (int set = 0; set < sets; ++set) {
      x.push_back(noise(size * 2));
      y.push_back(noise(std::max(size, std::size_t{rows} * wide) * 2));
      big.push_back(noise(std::size_t{rows} * std::max(2 * wide, (heads + 2 * kv_heads) * 64) * 2));
    }
    const DeviceBuffer weight = floats(8192, 1.0F);
    const DeviceBuffer absmax(whole_steps(rows) * 4, MemoryOwner::kOther);
    auto* maxima = static_cast<float*>(static_cast<void*>(absmax.data()));
    const auto* weights = static_cast<const float*>(static_cast<const void*>(weight.data()));
    const auto codes = [](const DeviceBuffer& buffer) {
      return static_cast<std::int8_t*>(static_cast<void*>(buffer.data()));
    };
    const bool is_layer_norm = hidden == 768;
    const double elements = static_cast<double>(size);
    memory(fmt::format("norm {}", hidden), 4 * elements, [&](int i) {
      kernels.norm({Element::kHalf,
                    is_layer_norm,
                    x[i % sets].data(),
                    weights,
                    nullptr,
                    1e-5F,
                    y[i % sets].data(),
                    {},
                    rows,
                    hidden},
                   nullptr);
    });
    memory(fmt::format("norm {} to int8", hidden), 3 * elements, [&](int i) {
      kernels.norm({Element::kHalf,
                    is_layer_norm,
                    x[i % sets].data(),
                    weights,
                    nullptr,
                    1e-5F,
                    nullptr,
                    {codes(y[i % sets]), maxima, nullptr},
                    rows,
                    hidden},
                   nullptr);
    });
    memory(fmt::format("quantize {}", wide), 3.0 * rows * wide, [&](int i) {
      kernels.quantize(
          {Element::kHalf, big[i % sets].data(), {codes(y[i % sets]), maxima, nullptr}, rows, wide}, nullptr);
    });
    memory(fmt::format("gate {}", wide), 6.0 * rows * wide, [&](int i) {
      kernels.gate({Element::kHalf, is_layer_norm ? Gate::kGelu : Gate::kSilu, big[i % sets].data(),
                    y[i % sets].data(), rows, wide},
                   nullptr);
    });
    for (const std::uint32_t length : {32U, 128U, 512U, 2048U}) {
      std::vector<AttentionItem> items;
      for (std::uint32_t begin = 0; begin + length <= rows; begin += length)
        for (std::uint32_t first = 0; first < length; first += query_tile_for(length))
          items.push_back({begin, length, first});
      if (items.empty()) continue;
      DeviceBuffer items_there(items.size() * sizeof(AttentionItem), MemoryOwner::kOther);
      cudaMemcpy(items_there.data(), items.data(), items_there.size(), cudaMemcpyHostToDevice);
      const std::uint32_t stride = (heads + 2 * kv_heads) * 64;
      for (const auto& variant : {std::pair{-1, true}, std::pair{-1, false}, std::pair{64, false}}) {
        const int window = variant.first;
        const bool rotates = variant.second;
        if (!is_layer_norm && window > 0) continue;
        memory(
            fmt::format("attention {}h, {} tokens{}{}", heads, length, window > 0 ? ", window" : "",
                        rotates ? ", rotating" : ""),
            2.0 * rows * (stride + heads * 64), [&](int i) {
              const auto* q = big[i % sets].data();
              kernels.attention(
                  {.element = Element::kHalf,
                   .queries = q,
                   .keys = q + heads * 128,
                   .values = q + (heads + kv_heads) * 128,
                   .stride = stride,
                   .heads = heads,
                   .kv_heads = kv_heads,
                   .head_dim = 64,
                   .causal = !is_layer_norm,
                   .half_window = window,
                   .rotations = rotates ? turns : nullptr,
                   .items = static_cast<const AttentionItem*>(static_cast<const void*>(items_there.data())),
                   .query_tile = query_tile_for(length),
                   .item_count = static_cast<std::uint32_t>(items.size()),
                   .out = y[i % sets].data()},
                  nullptr);
            });
      }
    }
  }
  const cudaError_t error = cudaDeviceSynchronize();
  if (error != cudaSuccess) fmt::print("failed: {}\n", cudaGetErrorString(error));
  return error == cudaSuccess ? 0 : 1;
}

}  // namespace
}  // namespace quantier::cuda

int main(int argc, char** argv) {
  std::uint32_t rows = 4096;
  int arch = 0;
  int sets = 8;
  CLI::App app("Times the kernels of the CUDA engine");
  app.add_option("--rows", rows);
  app.add_option("--arch", arch);
  app.add_option("--sets", sets, "How many sets of operands take turns; with 1 they stay in the cache")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  return quantier::cuda::run(rows, arch, sets);
}
