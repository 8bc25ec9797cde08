// Findings of what other calibration texts move.
#include <fmt/format.h>

#include "quantier/pipeline/findings_parts.h"

namespace quantier::findings_internal {
namespace {

std::string reading_text(const Analysis& analysis, const SampleReading& reading) {
  std::string text = fmt::format("macro-F1 {:.6f}, accuracy {:.6f}", reading.macro_f1, reading.accuracy);
  for (std::size_t t = 0; t < reading.tier_accuracy.size(); ++t) {
    if (reading.tier_accuracy[t])
      text += fmt::format(", {} {:.6f}", analysis.tier_names[t], *reading.tier_accuracy[t]);
  }
  if (reading.ece) text += fmt::format(", ECE {:.6f}", *reading.ece);
  if (reading.flips) {
    text +=
        fmt::format(", {} lost, {} gained, {} wrong both times and different", reading.flips->right_to_wrong,
                    reading.flips->wrong_to_right, reading.flips->wrong_to_wrong);
  }
  return text;
}

}  // namespace

void add_sample_findings(const Analysis& analysis, std::vector<Finding>& findings) {
  for (const SampleSpread& spread : analysis.sample_spreads) {
    Finding finding;
    finding.name = fmt::format("{}/{}/calibration-samples", spread.model, spread.recipe);
    finding.statement = fmt::format("Over {} samples of calibration texts macro-F1 of {} {} moves by {:.4f}",
                                    spread.samples.size(), spread.model, spread.recipe,
                                    spread.macro_f1.most - spread.macro_f1.least);
    finding.estimate = spread.macro_f1.most - spread.macro_f1.least;
    finding.n = spread.n;
    finding.exploratory = true;
    finding.runs = {spread.run_key};
    for (std::size_t s = 0; s < spread.samples.size(); ++s) {
      const SampleReading& reading = spread.samples[s];
      finding.arithmetic.emplace_back(
          fmt::format("{}{}", reading.seed ? fmt::format("seed {}", *reading.seed) : "unknown seed",
                      s == 0 ? ", the one that is decided by" : ""),
          reading_text(analysis, reading));
    }
    finding.arithmetic.emplace_back("between two samples",
                                    fmt::format("{:.1f} predictions differ on average, at most {}, of {}",
                                                spread.mean_between, spread.most_between, spread.n));
    finding.arithmetic.emplace_back(
        "no interval",
        "the least and the most of the samples that were drawn; more samples lie further apart");
    const auto add = [&](std::string name, const Extent& extent) {
      finding.fields.push_back({std::move(name), {extent.least, extent.most}});
    };
    add("macro-F1", spread.macro_f1);
    add("accuracy", spread.accuracy);
    for (std::size_t t = 0; t < spread.tier_accuracy.size(); ++t) {
      if (spread.tier_accuracy[t]) add("tier " + analysis.tier_names[t], *spread.tier_accuracy[t]);
    }
    if (spread.ece) add("ECE", *spread.ece);
    if (spread.flips) add("flips", *spread.flips);
    finding.fields.push_back({"between", {static_cast<double>(spread.most_between)}});
    findings.push_back(std::move(finding));
  }
}

}  // namespace quantier::findings_internal
