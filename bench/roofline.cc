// How wrong the roofline is: every published anchor against its modelled interval, as Markdown.
//
//   bench_roofline
//
// The table of docs/methods/roofline.md comes from here. The last rows are a notebook's own measurements on a
// T4, from the fixture of the tests: no rate and no width was fitted to them.

#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "quantier/decide/workload_fixture.h"
#include "quantier/formats/plan.h"
#include "quantier/pipeline/cost_model.h"
#include "quantier/pipeline/roofline_anchors.h"

int main() {
  using namespace quantier;
  std::vector<RooflineAnchor> notebook;
  for (const Candidate& candidate : workload_fixture::candidates()) {
    RooflineAnchor anchor;
    anchor.role = AnchorRole::kTest;
    anchor.source = "a notebook (texts of at most 128 tokens)";
    anchor.model = candidate.model == "encoder" ? "modernbert-base" : "qwen2.5-0.5b";
    anchor.device = "t4";
    anchor.stack = Stack::kEager;
    anchor.technique = candidate.recipe == "fp16"   ? Technique::kFp16
                       : candidate.recipe == "int8" ? Technique::kLlmInt8
                                                    : Technique::kNf4;
    anchor.measured_ms = *candidate.ms_per_example * 32;
    notebook.push_back(anchor);
  }
  fmt::print("{}", validation_markdown(validate_roofline(notebook)));

  fmt::print(
      "\n| model | recipe | modelled peak, MB | measured peak, MB | inside |\n|---|---|---|---:|---|\n");
  for (const Candidate& candidate : workload_fixture::candidates()) {
    const ModelSpec spec = anchor_model(candidate.model == "encoder" ? "modernbert-base" : "qwen2.5-0.5b");
    const auto plan = resolve_recipe(candidate.recipe, spec);
    if (!plan) return 1;
    const auto cost = forward_cost(spec, *plan, {32, 128}, Stack::kEager);
    if (!cost) return 1;
    const double measured = *candidate.memory_bytes;
    const bool inside = measured >= cost->memory.low && measured <= cost->memory.high;
    fmt::print("| {} | {} | {:.0f} to {:.0f} | {:.0f} | {} |\n", candidate.model, candidate.recipe,
               cost->memory.low / 1e6, cost->memory.high / 1e6, measured / 1e6, inside ? "yes" : "NO");
  }
  return 0;
}
