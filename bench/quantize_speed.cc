// How fast are weights quantized, beside memory that is only copied?
//   bench_quantize_speed [ROUNDS]
// The linear layers of ModernBERT-base with random halves in memory, by each method that looks at weights
// alone, through the same function as a model that is loaded; and std::memcpy of the same bytes, split over
// as many threads. Both write into new buffers of the engine's kind, as loading a model quantized or in half
// precision does. In each round the copy runs first, so that each method has its own beside it; told are
// medians over the rounds, and the paired ratio. GB/s: bytes of halves read in a second. The ratio of
// processor time tells the same where other programs take turns on the cores.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/base/half.h"
#include "quantier/base/rng.h"
#include "quantier/base/thread_pool.h"
#include "quantier/checkpoint/random_checkpoint.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/cost_model.h"
#include "quantier/quantize/quantize.h"
#include "quantier/tensor/aligned_buffer.h"

namespace quantier {
namespace {

struct Layer {
  const LinearSpec* linear;
  std::vector<std::uint16_t> halves;
  [[nodiscard]] TensorView view() const {
    return {DType::kF16,
            {linear->out_features, linear->in_features},
            std::as_bytes(std::span<const std::uint16_t>(halves))};
  }
};

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

struct Took {
  double wall_s = 0;
  double processor_s = 0;  // of all threads together
};

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Took time_of(const std::function<void()>& work) {
  const Stopwatch watch;
  const double before = processor_seconds();
  work();
  return {static_cast<double>(watch.elapsed_ns()) * 1e-9, processor_seconds() - before};
}

// Into memory that is new, as the quantized weights are.
void copy_all(const std::vector<Layer>& layers, ThreadPool& pool) {
  for (const Layer& layer : layers) {
    AlignedBuffer<std::uint16_t> copy(layer.halves.size(), MemoryOwner::kOther);
    const std::size_t bytes = layer.halves.size() * 2;
    const std::size_t parts = pool.threads();
    pool.run(parts, [&](std::size_t part, std::size_t /*worker*/) {
      const std::size_t first = bytes * part / parts;
      const std::size_t last = bytes * (part + 1) / parts;
      std::memcpy(reinterpret_cast<char*>(copy.data()) + first,
                  reinterpret_cast<const char*>(layer.halves.data()) + first, last - first);
    });
  }
}

int run(int rounds) {
  const auto spec = spec_from_geometry(modernbert_base_geometry(58));
  if (!spec) return 1;
  std::vector<Layer> layers;
  double bytes = 0;
  for (const LinearSpec& linear : spec->linears) {
    if (is_head(linear.role)) continue;
    Layer layer{&linear, {}};
    layer.halves.resize(linear.out_features * linear.in_features);
    Philox rng(1, layers.size());
    for (std::uint16_t& half : layer.halves)
      half = to_half(static_cast<float>(0.05 * (rng.next_uniform() + rng.next_uniform() - 1.0))).bits;
    bytes += 2.0 * static_cast<double>(layer.halves.size());
    layers.push_back(std::move(layer));
  }
  fmt::print("{:.0f} MB of halves in {} layers, {} rounds\n", bytes * 1e-6, layers.size(), rounds);
  for (const std::size_t threads : {std::size_t{1}, available_processors()}) {
    ThreadPool pool(threads);
    for (const char* recipe : {"int8-rtn", "int4-rtn", "int4-rtn:group=32,zero=on", "int4"}) {
      const auto plan = resolve_recipe(recipe, *spec);
      if (!plan) return 1;
      std::vector<double> copies;
      std::vector<double> quantized;
      std::vector<double> ratios;
      std::vector<double> processor_ratios;
      for (int round = 0; round < rounds; ++round) {
        const Took copy = time_of([&] { copy_all(layers, pool); });
        const Took took = time_of([&] {
          for (const Layer& layer : layers) {
            const auto at = static_cast<std::size_t>(layer.linear - spec->linears.data());
            const auto packed =
                pack_linear(*layer.linear, plan->layers[at], *plan, layer.view(), nullptr, &pool);
            if (!packed) std::abort();
          }
        });
        copies.push_back(copy.wall_s);
        quantized.push_back(took.wall_s);
        ratios.push_back(copy.wall_s / took.wall_s);
        processor_ratios.push_back(copy.processor_s / took.processor_s);
      }
      fmt::print(
          "{} thread{}  {:<26} {:>6.2f} GB/s  memcpy {:>6.2f} GB/s  ratio {:.2f} ({:.2f} to {:.2f}), of "
          "processor "
          "time {:.2f}\n",
          threads, threads == 1 ? " " : "s", recipe, bytes * 1e-9 / median(quantized),
          bytes * 1e-9 / median(copies), median(ratios), *std::ranges::min_element(ratios),
          *std::ranges::max_element(ratios), median(processor_ratios));
    }
  }
  return 0;
}

}  // namespace
}  // namespace quantier

int main(int argc, char** argv) { return quantier::run(argc > 1 ? std::atoi(argv[1]) : 15); }
