// Any bytes as adapter_config.json: a configuration whose targets can be asked for, or an error; never a
// scaling that is no number, never a pattern that runs for ever.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "quantier/base/check.h"
#include "quantier/base/json.h"
#include "quantier/checkpoint/adapter/adapter_config.h"
#include "quantier/checkpoint/adapter/adapter_targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = quantier::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!json) return 0;
  const auto config = quantier::parse_adapter_config(*json, "fuzz");
  if (!config) {
    QT_CHECK(!config.error().what.empty(), "an error says what");
    return 0;
  }
  QT_CHECK(config->rank > 0 && config->alpha > 0, "a rank and an alpha are positive");
  const auto targets = quantier::AdapterTargets::create(*config, "fuzz");
  if (!targets) return 0;
  for (const char* module : {"model.layers.0.self_attn.q_proj", "model.layers.12.mlp.Wi", "classifier"}) {
    const auto found = targets->find(module, false);
    if (!found || !*found) continue;
    QT_CHECK((*found)->rank > 0 && std::isfinite((*found)->scaling) && (*found)->scaling > 0,
             "a scaling is a positive number");
  }
  return 0;
}
