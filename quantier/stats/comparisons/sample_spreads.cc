// What moves when a calibrated configuration is made from other texts.
#include <algorithm>
#include <charconv>
#include <system_error>

#include "quantier/stats/comparisons/parts.h"
#include "quantier/stats/estimators/calibration.h"

namespace quantier::analysis_internal {
namespace {

std::optional<std::uint64_t> seed_of(const Run& run) {
  for (const auto& [name, value] : run.plan.options) {
    std::uint64_t seed = 0;
    if (name == "calibration_seed" &&
        std::from_chars(value.data(), value.data() + value.size(), seed).ec == std::errc{}) {
      return seed;
    }
  }
  return std::nullopt;
}

SampleReading reading_of(const RunView& view, const RunView* reference, const Split& split,
                         const AnalysisTiers& tiers, const AnalysisOptions& options) {
  SampleReading reading;
  const Quality quality = quality_of(view, split, tiers);
  reading.macro_f1 = quality.macro_f1;
  reading.accuracy = quality.accuracy;
  for (const TierQuality& tier : quality.tiers) reading.tier_accuracy.push_back(tier.accuracy);
  if (!view.finite_rows.empty()) {
    reading.ece =
        calibrate(view.labelled(), view.finite_rows, options.gate_threshold, options.gate_thresholds)
            .ece_cross_fitted;
  }
  if (reference != nullptr)
    reading.flips = count_flips(split.labels, reference->predictions, view.predictions);
  return reading;
}

// Over the samples; absent unless all of them have a value.
template <class Value>
std::optional<Extent> extent_of(const std::vector<SampleReading>& samples, const Value& value) {
  std::optional<Extent> extent;
  for (const SampleReading& sample : samples) {
    const std::optional<double> each = value(sample);
    if (!each) return std::nullopt;
    if (!extent) extent = Extent{*each, *each};
    extent->least = std::min(extent->least, *each);
    extent->most = std::max(extent->most, *each);
  }
  return extent;
}

void add_extents(SampleSpread& spread) {
  using Reading = SampleReading;
  const auto required = [&](const auto& value) { return *extent_of(spread.samples, value); };
  spread.macro_f1 = required([](const Reading& each) { return std::optional(each.macro_f1); });
  spread.accuracy = required([](const Reading& each) { return std::optional(each.accuracy); });
  for (std::size_t t = 0; t < spread.samples.front().tier_accuracy.size(); ++t) {
    spread.tier_accuracy.push_back(
        extent_of(spread.samples, [t](const Reading& each) { return each.tier_accuracy[t]; }));
  }
  spread.ece = extent_of(spread.samples, [](const Reading& each) { return each.ece; });
  spread.flips = extent_of(spread.samples, [](const Reading& each) -> std::optional<double> {
    if (!each.flips) return std::nullopt;
    return static_cast<double>(each.flips->gross());
  });
}

void add_differences_between(const std::vector<RunView>& samples, SampleSpread& spread) {
  std::uint64_t sum = 0;
  std::uint64_t pairs = 0;
  for (std::size_t a = 0; a < samples.size(); ++a) {
    for (std::size_t b = a + 1; b < samples.size(); ++b) {
      std::uint64_t differing = 0;
      for (std::size_t i = 0; i < samples[a].predictions.size(); ++i)
        differing += samples[a].predictions[i] != samples[b].predictions[i] ? 1 : 0;
      sum += differing;
      ++pairs;
      spread.most_between = std::max(spread.most_between, differing);
    }
  }
  spread.mean_between = static_cast<double>(sum) / static_cast<double>(pairs);
}

}  // namespace

Status add_sample_spreads(const std::vector<RunView>& views, const Split& split, const AnalysisTiers& tiers,
                          const AnalysisOptions& options, Analysis& analysis) {
  for (std::size_t i = 0; i < views.size(); ++i) {
    const Run& run = *views[i].run;
    const auto found = options.calibration_samples.find(run.key);
    if (found == options.calibration_samples.end() || found->second.empty()) continue;
    if (stop_requested(options.interrupt)) return interrupted();
    SampleSpread spread;
    spread.model = run.configuration.model;
    spread.recipe = run.configuration.recipe;
    spread.run_key = run.key;
    spread.reference_recipe = options.reference_recipe;
    spread.n = split.labels.size();
    std::vector<Run> others;
    others.reserve(found->second.size());  // views point into it
    std::vector<RunView> samples = {views[i]};
    for (const CalibrationSample& sample : found->second) {
      if (sample.logits.size() != run.predictions.logits.size()) {
        return fail(ErrorKind::kBug, "a calibration sample is not of its run", "", run.key);
      }
      Run& other = others.emplace_back();
      other.predictions.example_count = run.predictions.example_count;
      other.predictions.class_count = run.predictions.class_count;
      other.predictions.labels = run.predictions.labels;
      other.predictions.logits = sample.logits;
      samples.push_back(view_of(other));
    }
    const std::optional<std::size_t> at = reference_of(views, i, options.reference_recipe);
    const RunView* reference = at ? &views[*at] : nullptr;
    for (std::size_t s = 0; s < samples.size(); ++s) {
      spread.samples.push_back(reading_of(samples[s], reference, split, tiers, options));
      spread.samples.back().seed = s == 0 ? seed_of(run) : std::optional(found->second[s - 1].seed);
    }
    add_extents(spread);
    add_differences_between(samples, spread);
    analysis.sample_spreads.push_back(std::move(spread));
  }
  return {};
}

}  // namespace quantier::analysis_internal
