#include "quantier/pipeline/held_out.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/utf8.h"
#include "quantier/decide/held_out.h"
#include "quantier/pipeline/report_imported.h"
#include "quantier/pipeline/stored_runs.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {
namespace {

const RunSummary* find_key(const std::vector<RunSummary>& summaries, const std::string& key) {
  const auto found = std::ranges::find(summaries, key, &RunSummary::key);
  return found == summaries.end() ? nullptr : &*found;
}

bool same_configuration(const ConfigurationId& a, const ConfigurationId& b) {
  return std::tie(a.model, a.recipe, a.device) == std::tie(b.model, b.recipe, b.device);
}

// The latest runs of the same configurations over the other split, all over the same of its examples.
Result<std::vector<std::string>> keys_over(Store& store, const std::vector<std::string>& chosen_among,
                                           const std::string& split) {
  QT_TRY(const std::vector<RunSummary> summaries, store.runs());
  const auto latest = std::find_if(summaries.rbegin(), summaries.rend(),
                                   [&](const RunSummary& run) { return run.split == split; });
  if (latest == summaries.rend()) {
    std::vector<std::string> known;
    for (const RunSummary& run : summaries) {
      if (std::ranges::find(known, run.split) == known.end()) known.push_back(run.split);
    }
    return fail(ErrorKind::kUsage, fmt::format("the store holds no run over \"{}\"", printable(split, 60)),
                store.path(),
                fmt::format("its splits: {}", printable(fmt::format("{}", fmt::join(known, ", ")), 200)),
                "measure the same configurations over it into the same store, with --resume");
  }
  const auto examples_of = [](const RunSummary& run) {
    return std::tie(run.split, run.limit, run.examples, run.classes);
  };
  std::vector<std::string> keys;
  std::vector<std::string> missing;
  for (const std::string& key : chosen_among) {
    const RunSummary* run = find_key(summaries, key);
    if (run == nullptr) continue;
    const auto there = std::find_if(summaries.rbegin(), summaries.rend(), [&](const RunSummary& each) {
      return same_configuration(each.configuration, run->configuration) &&
             examples_of(each) == examples_of(*latest);
    });
    if (there == summaries.rend()) {
      missing.push_back(run->configuration.display());
    } else {
      keys.push_back(there->key);
    }
  }
  if (missing.empty()) return keys;
  return fail(ErrorKind::kUsage, fmt::format("cannot report on the split \"{}\"", printable(split, 60)),
              printable(fmt::format("{}", fmt::join(missing, ", ")), 300),
              "there is no run over it, so a choice among all cannot be read there",
              "measure the same configurations over it into the same store, with --resume");
}

// Another name does not make other examples.
Status check_other_examples(Store& store, const std::string& selection, const std::string& report,
                            const std::string& split) {
  QT_TRY(const Run one, store.load_run(selection));
  QT_TRY(const Run other, store.load_run(report));
  if (one.predictions.label_names != other.predictions.label_names) {
    return fail(ErrorKind::kUserInput, fmt::format("cannot report on the split \"{}\"", printable(split, 60)),
                store.path(), "its label set is another one");
  }
  const bool same = one.predictions.labels == other.predictions.labels &&
                    (one.predictions.ids == other.predictions.ids || one.predictions.ids.empty() ||
                     other.predictions.ids.empty()) &&
                    one.predictions.logits == other.predictions.logits;
  if (!same) return {};
  return fail(ErrorKind::kUserInput, fmt::format("cannot report on the split \"{}\"", printable(split, 60)),
              store.path(),
              fmt::format("it holds the same examples as \"{}\": a choice made there is not held out",
                          printable(one.split, 60)),
              "report on examples that took no part in the choice");
}

Result<DecisionEvidence> make_evidence(Store& store, const EvidenceKey& of, const EvidenceOptions& making) {
  QT_TRY(const std::vector<Run> runs, load_runs(store, of.runs, {making.progress, making.interrupt}));
  AnalysisOptions options;
  options.reference_recipe = of.reference_recipe;
  options.seed = of.seed;
  options.replicates = static_cast<std::uint32_t>(of.replicates);
  options.calibration_replicates = static_cast<std::uint32_t>(of.replicates);  // its ECE has an interval
  QT_TRY(const std::vector<ReportedValue> reported, store.reported());
  options.reported_temperatures = reported_temperatures_of(runs, reported);
  options.pool = making.pool;
  options.progress = making.progress;
  options.interrupt = making.interrupt;
  QT_TRY(const Analysis analysis, analyze(runs, of.tiers, options));
  return decision_evidence(runs, analysis, of.tiers, making);
}

}  // namespace

Result<HeldOut> held_out_of(const Decision& decision, Store& store, const EvidenceKey& from,
                            const std::string& report_on, EvidenceOptions making, bool writable) {
  EvidenceKey of = from;
  of.second_split.clear();
  QT_TRY(of.runs, keys_over(store, from.runs, report_on));
  QT_TRY_STATUS(check_other_examples(store, from.runs.front(), of.runs.front(), report_on));
  QT_TRY(const std::string key, evidence_key(store, of));
  QT_TRY(std::optional<DecisionEvidence> evidence,
         kept_evidence(store, key, making.wanted, kHeldOutEvidence));
  if (!evidence) {
    QT_TRY(evidence, make_evidence(store, of, making));
    if (writable) QT_TRY_STATUS(keep_evidence(store, key, making.wanted, *evidence, kHeldOutEvidence));
  }
  QT_TRY(const std::vector<RunSummary> summaries, store.runs());
  const RunSummary* selection = find_key(summaries, from.runs.front());
  const RunSummary* report = find_key(summaries, of.runs.front());
  return read_held_out(decision, {.selected_on = selection != nullptr ? selection->split : std::string(),
                                  .reported_on = report_on,
                                  .selection_examples = selection != nullptr ? selection->examples : 0,
                                  .examples = report != nullptr ? report->examples : 0,
                                  .candidates = std::move(evidence->candidates),
                                  .differences = std::move(evidence->differences)});
}

}  // namespace quantier
