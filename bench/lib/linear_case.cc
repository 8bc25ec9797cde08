#include "bench/lib/linear_case.h"

#include <random>
#include <time.h>

#include "quantier/engine/cpu/panels.h"
#include "quantier/formats/rounding.h"
#include "quantier/quantize/quantize.h"

namespace quantier {
namespace {

constexpr BenchmarkShape kShapes[] = {
    {"modernbert qkv", 2304, 768},  {"modernbert output", 768, 768}, {"modernbert gate+up", 2304, 768},
    {"modernbert down", 768, 1152}, {"qwen2 query", 896, 896},       {"qwen2 gate", 4864, 896},
    {"qwen2 down", 896, 4864},
};

// Long enough for the clock, short enough for many rounds.
constexpr double kSecondsPerTime = 0.02;

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

std::span<const BenchmarkShape> benchmark_shapes() { return kShapes; }

double seconds_of(const std::function<void()>& run) {
  std::size_t times = 0;
  const double start = processor_seconds();
  double elapsed = 0;
  do {
    run();
    ++times;
    elapsed = processor_seconds() - start;
  } while (elapsed < kSecondsPerTime);
  return elapsed / static_cast<double>(times);
}

std::vector<float> normal_values(std::size_t count, ActivationRounding rounding) {
  static std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> out(count);
  for (float& value : out) value = rounded(normal(random), rounding);
  return out;
}

Result<LinearCase> make_linear_case(const BenchmarkShape& shape, const std::string& recipe,
                                    std::size_t rows) {
  LinearSpec spec;
  spec.name = spec.weight = shape.name;
  spec.out_features = shape.out_features;
  spec.in_features = shape.in_features;
  spec.role = LinearRole::kMlpDown;
  ModelSpec model;
  model.linears = {spec};
  LinearCase out;
  QT_TRY(out.plan, resolve_recipe(recipe, model));
  const std::vector<float> values = normal_values(shape.out_features * shape.in_features, out.plan.rounding);
  const TensorView view{
      DType::kF32, {shape.out_features, shape.in_features}, std::as_bytes(std::span(values))};
  QT_TRY(PackedLinear packed, pack_linear(spec, out.plan.layers[0], out.plan, view, nullptr));
  out.weights = arrange_in_panels(std::move(packed));
  out.x = normal_values(rows * shape.in_features, out.plan.rounding);
  return out;
}

}  // namespace quantier
