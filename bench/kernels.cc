// How near do single operations come to what the machine's multipliers can do?
//   bench_kernels [--rows 128] [--recipes fp32 bf16 int8-rtn ...] [--kernel NAME] [--rounds 9]
// Linear layers of the shapes of ModernBERT-base and Qwen2.5-0.5B, inputs quantized and outputs stored as in
// the model, on one thread; then the operations between them. Beside every product the share of the peak for
// its instruction, measured in the same round (lib/machine_peak.h). Times are processor time, medians over
// rounds.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "bench/lib/linear_case.h"
#include "bench/lib/machine_peak.h"
#include "bench/lib/median.h"
#include "quantier/engine/cpu/cpu_ops.h"
#include "quantier/engine/cpu/kernel_list.h"

namespace quantier {
namespace {

struct Options {
  std::size_t rows = 128;
  std::vector<std::string> recipes = {"fp32", "bf16", "int8-rtn", "int4-w4a8"};
  std::string kernel;
  std::size_t rounds = 9;
};

double peak_of(const MachinePeak& peak, const LayerRecipe& recipe, bool is_bf16) {
  if (recipe.input != InputFormat::kFloat && recipe.input != InputFormat::kFp8) return peak.int8_per_second;
  return is_bf16 ? peak.bf16_per_second : peak.f32_per_second;
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {}

  Status products() {
    fmt::print("{:<22} {:<12} {:>10} {:>10} {:>10}\n", "product", "recipe", "us", "G/s", "of peak");
    for (const BenchmarkShape& shape : benchmark_shapes()) {
      for (const std::string& recipe : options_.recipes) QT_TRY_STATUS(product(shape, recipe));
    }
    return {};
  }

  // Of one text of `rows` tokens.
  void between() {
    fmt::print("{:<35} {:>10} {:>14}\n", "between products", "us", "Gelements/s");
    const Plan plan = *resolve_recipe("int8-rtn", ModelSpec{});
    CpuOps ops(plan, kernels());
    constexpr std::size_t kHidden = 768;
    constexpr std::size_t kIntermediate = 1152;
    constexpr std::size_t kHeads = 12;
    const std::size_t rows = options_.rows;
    const std::vector<float> qkv = normal_values(rows * 3 * kHidden, plan.rounding);
    std::vector<float> out(rows * 3 * kHidden);
    const std::vector<std::int32_t> tokens(rows, 0);
    const std::vector<std::uint32_t> offsets = {0, static_cast<std::uint32_t>(rows)};
    const NormWeights norm{std::vector<float>(kHidden, 1.0F), {}};
    const auto report = [&](const char* name, std::size_t elements, const std::function<void()>& run) {
      std::vector<double> seconds;
      seconds.reserve(options_.rounds);
      for (std::size_t round = 0; round < options_.rounds; ++round) seconds.push_back(seconds_of(run));
      fmt::print("{:<35} {:>10.1f} {:>14.2f}\n", name, median(seconds) * 1e6,
                 static_cast<double>(elements) / median(seconds) * 1e-9);
    };
    for (const bool local : {false, true}) {
      AttentionShape shape{kHeads, kHeads, 64, 3 * kHidden, 3 * kHidden, false, std::nullopt};
      if (local) shape.half_window = 64;
      report(local ? "attention, window of 129" : "attention", rows * kHidden, [&] {
        ops.attention(shape, qkv.data(), qkv.data() + kHidden, qkv.data() + 2 * kHidden, rows, 0, rows,
                      std::span(out).first(rows * kHidden));
      });
    }
    std::vector<float> rotated = qkv;
    report("rotary embedding", rows * 2 * kHidden,
           [&] { ops.rope(rotated, {tokens, offsets}, 0, 3 * kHidden, 0, 2 * kHeads, 64, 1e4); });
    report("layer norm", rows * kHidden, [&] {
      ops.layer_norm(norm, 1e-5, std::span(qkv).first(rows * kHidden), std::span(out).first(rows * kHidden));
    });
    report("rms norm", rows * kHidden, [&] {
      ops.rms_norm(norm, 1e-5, std::span(qkv).first(rows * kHidden), std::span(out).first(rows * kHidden));
    });
    report("gelu times up, apart", rows * kIntermediate, [&] {
      ops.gated(Activation::kGelu, qkv.data(), qkv.data() + kIntermediate, 2 * kIntermediate, rows,
                kIntermediate, std::span(out).first(rows * kIntermediate));
    });
  }

 private:
  [[nodiscard]] const cpu::Kernels& kernels() const { return cpu::chosen_kernels(); }

  Status product(const BenchmarkShape& shape, const std::string& recipe) {
    QT_TRY(const LinearCase layer, make_linear_case(shape, recipe, options_.rows));
    const Plan& plan = layer.plan;
    CpuOps ops(plan, kernels());
    std::vector<float> y(options_.rows * shape.out_features);
    const std::vector<std::uint32_t> scopes = {0, static_cast<std::uint32_t>(options_.rows)};
    const double work = 2.0 * static_cast<double>(options_.rows * shape.out_features * shape.in_features);
    std::vector<double> seconds;
    std::vector<double> share;
    const bool is_bf16 =
        plan.layers[0].recipe.format == WeightFormat::kBF16 && kernels().multiply_bf16 != nullptr;
    ThreadPool one(1);
    for (std::size_t round = 0; round < options_.rounds; ++round) {
      const MachinePeak peak = measure_machine_peak(one);
      seconds.push_back(seconds_of([&] { ops.linear(layer.weights, layer.x, scopes, y); }));
      share.push_back(work / seconds.back() / peak_of(peak, plan.layers[0].recipe, is_bf16));
    }
    fmt::print("{:<22} {:<12} {:>10.1f} {:>10.1f} {:>9.1f}%\n", shape.name, recipe, median(seconds) * 1e6,
               work / median(seconds) * 1e-9, 100 * median(share));
    return {};
  }

  const Options& options_;
};

}  // namespace
}  // namespace quantier

int main(int argc, char** argv) {
  quantier::Options options;
  CLI::App app("Times single operations of the CPU engine");
  app.add_option("--rows", options.rows);
  app.add_option("--recipes", options.recipes);
  app.add_option("--kernel", options.kernel);
  app.add_option("--rounds", options.rounds);
  CLI11_PARSE(app, argc, argv);
  quantier::Status status;
  if (!options.kernel.empty()) status = quantier::cpu::choose_kernels(options.kernel);
  quantier::Bench bench(options);
  if (status) status = bench.products();
  if (status) {
    bench.between();
    return 0;
  }
  fmt::print(stderr, "bench_kernels: {}\n", status.error().message());
  return 1;
}
