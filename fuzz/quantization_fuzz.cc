// Any bytes as what a checkpoint says about its quantized weights: a group of compressed-tensors, the plan in
// quantier.json. A recipe or a plan whose sizes can be computed, or an error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "quantier/base/check.h"
#include "quantier/base/json.h"
#include "quantier/interchange/compressed_tensors/scheme.h"
#include "quantier/interchange/own/plan_json.h"

namespace {

quantier::ModelSpec small_model() {
  quantier::ModelSpec spec;
  spec.hidden = 64;
  spec.vocabulary = 100;
  for (const char* name : {"layers.0.mlp.down", "classifier"}) {
    quantier::LinearSpec linear;
    linear.name = name;
    linear.out_features = 8;
    linear.in_features = 64;
    spec.linears.push_back(linear);
  }
  return spec;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = quantier::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!json) return 0;
  if (const auto recipe = quantier::parse_scheme(*json, "fuzz")) {
    QT_CHECK(!quantier::is_float_format(recipe->format), "a group quantizes");
    QT_CHECK(recipe->options.group <= (1U << 20), "a group is no larger than a row can be");
  } else {
    QT_CHECK(!recipe.error().what.empty(), "an error says what");
  }
  const quantier::ModelSpec spec = small_model();
  const auto plan = quantier::plan_from_json(*json, spec, "fuzz");
  if (!plan) return 0;
  QT_CHECK(plan->layers.size() == spec.linears.size(), "a plan has one entry for each layer");
  QT_CHECK(plan->total_bytes() > 0, "weights take bytes");
  return 0;
}
