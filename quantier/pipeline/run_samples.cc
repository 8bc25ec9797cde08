#include "quantier/pipeline/run_samples.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/pipeline/run_timing.h"

namespace quantier {
namespace {

constexpr const char* kPhase = "calibration samples";

Result<CalibrationSample> measure_sample(const RunConfig& config, const RunPlan& plan,
                                         const PlannedRun& planned, const OtherSample& other,
                                         const PredictionsWatch& watch) {
  WorkerLoad load = worker_load_for(config, plan, planned);
  load.calibration = other.options;
  load.calibration_overlaps = other.overlaps;
  QT_TRY(Run run, measure_predictions(config, plan, planned, load,
                                      fmt::format("{}, calibration seed {}", planned.configuration.display(),
                                                  other.options.seed),
                                      watch));
  return CalibrationSample{.seed = other.options.seed,
                           .at = run.provenance.started_at,
                           .plan = std::move(run.plan),
                           .logits = std::move(run.predictions.logits)};
}

bool holds(const std::vector<std::uint64_t>& seeds, std::uint64_t seed) {
  return std::ranges::find(seeds, seed) != seeds.end();
}

}  // namespace

Result<std::uint64_t> samples_left_of(const RunPlan& plan, const PlannedRun& planned, Store& store) {
  if (!planned.is_calibrated) return 0;
  QT_TRY(const std::vector<std::uint64_t> seeds, store.calibration_sample_seeds(planned.key));
  const auto left = std::ranges::count_if(
      plan.other_samples, [&](const OtherSample& other) { return !holds(seeds, other.options.seed); });
  return static_cast<std::uint64_t>(left);
}

Result<bool> measure_samples(const RunConfig& config, RunPlan& plan, Store& store,
                             const PredictionsWatch& watch) {
  bool any = false;
  for (PlannedRun& planned : plan.runs) {
    if (!planned.finished || planned.samples_left == 0) continue;
    any = true;
    QT_TRY_STATUS(store.remove_failures(planned.key, kPhase));
    QT_TRY(const std::vector<std::uint64_t> seeds, store.calibration_sample_seeds(planned.key));
    for (const OtherSample& other : plan.other_samples) {
      if (holds(seeds, other.options.seed)) continue;
      if (stop_requested(watch.interrupt)) return interrupted();
      Result<CalibrationSample> sample = measure_sample(config, plan, planned, other, watch);
      if (sample) {
        QT_TRY_STATUS(store.add_calibration_sample(planned.key, *sample));
        --planned.samples_left;
        continue;
      }
      if (sample.error().kind == ErrorKind::kInterrupted) return std::unexpected(std::move(sample).error());
      if (watch.remark) {
        watch.remark(fmt::format("{} with calibration seed {} failed: {}", planned.configuration.display(),
                                 other.options.seed, sample.error().message()));
      }
      QT_TRY_STATUS(store.add_failure(
          {planned.configuration, planned.key, kPhase, utc_now_rfc3339(), std::move(sample).error()}));
    }
  }
  return any;
}

}  // namespace quantier
