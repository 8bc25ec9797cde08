#include "quantier/pipeline/decide.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <tuple>

#include <fmt/format.h>

#include "quantier/base/thread_pool.h"
#include "quantier/base/utf8.h"
#include "quantier/pipeline/config_tiers.h"
#include "quantier/pipeline/decide_cache.h"
#include "quantier/pipeline/decide_table.h"
#include "quantier/pipeline/held_out.h"
#include "quantier/pipeline/report.h"
#include "quantier/pipeline/report_imported.h"
#include "quantier/pipeline/report_second.h"
#include "quantier/pipeline/run.h"
#include "quantier/pipeline/stored_runs.h"
#include "quantier/pipeline/tier_input.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {
namespace {

// Which runs, and what a configuration says about them.
struct Setup {
  std::vector<std::string> keys;
  AnalysisTiers tiers;
  std::optional<RunConfig> config;
  std::string reference_recipe = "fp16";
  std::uint64_t seed = 20260101;
  std::uint32_t replicates = 10000;
  std::uint32_t threads = 0;
  std::vector<std::string> label_names;
  std::uint64_t examples = 0;
  std::string second_split;
  std::string report_on;
  bool imported = false;
  bool throughput = false;  // some run was timed so
};

std::filesystem::path store_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? path / kStoreFileName : path;
}

// For writing, so that what was derived can be kept; a store that cannot be written is read.
Result<Store> open_store(const std::filesystem::path& file, bool& writable) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return fail(ErrorKind::kUserInput, "there is no evidence store", file.string(), "",
                "give the folder that `quantier run --out` or `quantier import --out` wrote");
  }
  Result<Store> store = Store::open(file, Store::Mode::kReadWrite);
  writable = store.has_value();
  if (store || store.error().kind != ErrorKind::kEnvironment) return store;
  return Store::open(file, Store::Mode::kReadOnly);
}

// Without a configuration: the latest run of every configuration, which must all be over the same examples.
Result<std::vector<std::string>> all_runs(const std::vector<RunSummary>& summaries, const std::string& path,
                                          const DecideRequest& request) {
  std::vector<const RunSummary*> latest;
  for (const RunSummary& run : summaries) {
    if (!request.select_on.empty() && run.split != request.select_on) continue;
    if (!request.report_on.empty() && run.split == request.report_on) continue;
    const auto same = std::ranges::find_if(latest, [&](const RunSummary* each) {
      return each->configuration.display() == run.configuration.display();
    });
    if (same == latest.end()) {
      latest.push_back(&run);
    } else {
      *same = &run;
    }
  }
  if (latest.empty()) {
    return fail(ErrorKind::kUsage, "there is no run to choose from", path,
                request.select_on.empty()
                    ? fmt::format("every run is over \"{}\"", printable(request.report_on, 60))
                    : fmt::format("none is over \"{}\"", printable(request.select_on, 60)),
                "`quantier show` lists what is in the store");
  }
  std::vector<std::string> keys;
  for (const RunSummary* run : latest) {
    const RunSummary& first = *latest.front();
    const auto data = [](const RunSummary& each) {
      return std::tie(each.split, each.limit, each.examples, each.classes);
    };
    if (data(*run) != data(first)) {
      return fail(
          ErrorKind::kUserInput, "these configurations cannot be decided between", path,
          fmt::format(
              "{} was measured over {} examples of {} classes of the split {}, {} over {} of {} of {}",
              printable(first.configuration.display()), first.examples, first.classes, printable(first.split),
              printable(run->configuration.display()), run->examples, run->classes, printable(run->split)),
          "name those that belong together with --config, or a split with --select-on");
    }
    keys.push_back(run->key);
  }
  return keys;
}

Result<Setup> setup_of(const DecideRequest& request, Store& store, const std::vector<RunSummary>& summaries,
                       std::vector<std::string>& remarks) {
  Setup setup;
  if (!request.config.empty()) {
    QT_TRY(setup.config, configuration_for(request.config, store));
  } else {
    QT_TRY(setup.config, kept_configuration(store));
  }
  setup.report_on = request.report_on;
  if (setup.config) {
    AnalysisConfig& analysis = setup.config->analysis;
    if (!request.select_on.empty()) analysis.select_on = request.select_on;
    if (!request.report_on.empty()) analysis.report_on = request.report_on;
    // A file may say one and a flag the other.
    if (analysis.report_on == analysis.select_on) analysis.report_on = request.report_on;
    setup.report_on = analysis.report_on;
    if (!setup.report_on.empty() && setup.report_on == analysis.second_split) {
      remarks.push_back(fmt::format(
          "the split \"{}\" reports the choice, so it does not decide what is established: R is computed",
          printable(setup.report_on, 60)));
      analysis.second_split.clear();
    }
    const RunConfig& config = *setup.config;
    setup.reference_recipe = config.reference_recipe;
    setup.seed = config.seed;
    setup.replicates = replicates_of(config);
    setup.threads = config.threads;
    setup.second_split = config.analysis.second_split;
    QT_TRY(const ReportRuns runs, runs_for_report(config, store));
    setup.keys = runs.keys;
    for (const std::string& name : runs.missing) {
      remarks.push_back(fmt::format("no run in the store: {}", printable(name)));
    }
  } else {
    QT_TRY(setup.keys, all_runs(summaries, store.path(), request));
  }
  QT_TRY(const Run first, store.load_run(setup.keys.front()));
  setup.label_names = first.predictions.label_names;
  setup.examples = first.predictions.example_count;
  setup.imported = first.provenance.origin == RunOrigin::kImported;
  setup.throughput = std::ranges::any_of(first.timings, [](const TimingSample& sample) {
    return sample.protocol == TimingProtocol::kThroughput;
  });
  QT_TRY(TierSetup tiers, tiers_for(setup.config.value_or(RunConfig{}), store, setup.label_names));
  setup.tiers = std::move(tiers.tiers);
  if (!setup.config) {
    std::set<std::string> recipes;
    for (const RunSummary& run : summaries) recipes.insert(run.configuration.recipe);
    // A reference that nobody has compares nothing: take the first.
    if (!recipes.contains(setup.reference_recipe)) {
      setup.reference_recipe = summaries.front().configuration.recipe;
      remarks.push_back(
          fmt::format("tiers are compared with {}: there is no fp16", printable(setup.reference_recipe)));
    }
  }
  return setup;
}

// The limits: file, then flags over them.
Result<Envelope> limits_of(const DecideRequest& request, const std::optional<RunConfig>& config,
                           const MetricNames& names, bool has_throughput) {
  EnvelopeConfig limits;
  std::optional<PriorConfig> prior;
  bool stated = false;
  if (config) {
    stated = config->envelope.has_value();
    limits = config->envelope.value_or(EnvelopeConfig{});
    prior = config->prior;
  }
  if (!request.envelope.empty()) {
    QT_TRY(EnvelopeFile file, read_envelope_file(request.envelope));
    stated = true;
    limits = std::move(file.envelope);
    if (file.prior) prior = std::move(file.prior);
  }
  if (request.max_ece) limits.ece_max = request.max_ece;
  if (request.min_macro_f1) limits.macro_f1_min = request.min_macro_f1;
  if (request.max_ms) limits.ms_per_example_max = request.max_ms;
  if (request.max_memory_mb) limits.memory_max_mb = request.max_memory_mb;
  if (request.rate) limits.requests_per_second = request.rate;
  if (!request.rate_from.empty()) limits.requests_per_second_from_load = request.rate_from == "load";
  if (request.rate_percentile) limits.requests_per_second_percentile = request.rate_percentile;
  if (request.rate_bound_ms) limits.requests_per_second_bound_ms = request.rate_bound_ms;
  if (!request.device.empty()) limits.device = request.device;
  // Nobody named a protocol: the one that the evidence has.
  if (!stated && !has_throughput) limits.ms_per_example_protocol = ConfiguredProtocol::kWorkload;
  if (request.protocol == "throughput") limits.ms_per_example_protocol = ConfiguredProtocol::kThroughput;
  if (request.protocol == "latency") limits.ms_per_example_protocol = ConfiguredProtocol::kLatency;
  if (request.protocol == "workload") limits.ms_per_example_protocol = ConfiguredProtocol::kWorkload;
  for (const auto& [texts, hard] : {std::pair{&request.require, true}, std::pair{&request.prefer, false}}) {
    for (const std::string& text : *texts) {
      QT_TRY(ConfiguredConstraint constraint, parse_constraint(text));
      constraint.hard = hard;
      limits.constraints.push_back(std::move(constraint));
    }
  }
  if (!request.frontier.empty()) limits.frontier = request.frontier;
  if (limits.frontier.size() == 1) {
    return fail(ErrorKind::kUsage, "a frontier has two axes or more", "--frontier", limits.frontier.front());
  }
  return envelope_of(limits, prior, names);
}

Result<DecisionEvidence> make_evidence(const Setup& setup, Store& store, const EvidenceOptions& making) {
  QT_TRY(const std::vector<Run> runs, load_runs(store, setup.keys, {making.progress, making.interrupt}));
  AnalysisOptions options;
  options.reference_recipe = setup.reference_recipe;
  options.seed = setup.seed;
  options.replicates = setup.replicates;
  options.calibration_replicates = 0;  // a decision reads none of them
  QT_TRY(const std::vector<ReportedValue> reported, store.reported());
  options.reported_temperatures = reported_temperatures_of(runs, reported);
  std::vector<Run> second;
  if (setup.config) {
    QT_TRY(second, second_split_for_report(*setup.config, store, runs));
    options.second_split = &second;
  }
  options.pool = making.pool;
  options.progress = making.progress;
  options.interrupt = making.interrupt;
  QT_TRY(Analysis analysis, analyze(runs, setup.tiers, options));
  return decision_evidence(runs, analysis, setup.tiers, making);
}

Result<DecideResult> decide_runs(const DecideRequest& request, Store& store, bool writable,
                                 const std::vector<RunSummary>& summaries) {
  DecideResult result;
  if (!request.report_on.empty() && request.report_on == request.select_on) {
    return fail(ErrorKind::kUsage, "the choice cannot be made and reported on the same split",
                "--select-on, --report-on", printable(request.report_on, 60),
                "picking the best flatters it where it was picked: report on another split");
  }
  QT_TRY(const Setup setup, setup_of(request, store, summaries, result.remarks));
  const MetricNames names{.tiers = setup.tiers.names, .classes = setup.label_names};
  QT_TRY(Envelope envelope, limits_of(request, setup.config, names, setup.throughput));
  if (setup.imported) envelope.memory_definition = kImportedMemory;
  ThreadPool pool(setup.threads != 0 ? setup.threads : available_processors());
  const EvidenceKey from{.runs = setup.keys,
                         .tiers = setup.tiers,
                         .reference_recipe = setup.reference_recipe,
                         .seed = setup.seed,
                         .replicates = setup.replicates,
                         .second_split = setup.second_split};
  QT_TRY(const std::string key, evidence_key(store, from));
  EvidenceOptions making{.seed = setup.seed,
                         .replicates = setup.replicates,
                         .wanted = wanted_metrics(envelope),
                         .pool = &pool,
                         .progress = request.progress,
                         .interrupt = request.interrupt};
  QT_TRY(std::optional<DecisionEvidence> evidence, kept_evidence(store, key, making.wanted));
  result.from_store = evidence.has_value();
  if (!evidence) {
    QT_TRY(evidence, make_evidence(setup, store, making));
    if (writable) QT_TRY_STATUS(keep_evidence(store, key, making.wanted, *evidence));
  }
  QT_TRY(const LoadEvidence rates, load_evidence_of(store, envelope));
  apply_protocol(envelope, rates, evidence->candidates);
  const DecideOptions options{.replicates = &evidence->replicates, .pool = &pool};
  QT_TRY(result.decision,
         decide_candidates(std::move(evidence->candidates), evidence->differences, envelope, options));
  if (!setup.report_on.empty()) {
    making.wanted = wanted_metrics(envelope);
    QT_TRY(result.decision.held_out,
           held_out_of(result.decision, store, from, setup.report_on, making, writable));
  }
  result.examples = setup.examples;
  if (request.when.empty()) return result;
  const auto found = std::ranges::find(result.decision.candidates, request.when, &Candidate::name);
  if (found != result.decision.candidates.end()) {
    const auto index = static_cast<std::size_t>(found - result.decision.candidates.begin());
    result.when = when_chosen(result.decision, index, options);
  }
  return result;
}

Result<DecideResult> decide_table(const DecideRequest& request, Store& store) {
  DecideResult result;
  if (!request.select_on.empty() || !request.report_on.empty()) {
    return fail(ErrorKind::kUsage, "there are no splits to choose or report on", store.path(),
                "the store holds a table without predictions", "leave --select-on and --report-on out");
  }
  QT_TRY(const ReportedTable table, reported_table(store));
  std::optional<RunConfig> config;
  if (!request.config.empty()) {
    QT_TRY(config, read_run_config(request.config, &table.known));
  }
  QT_TRY(Envelope envelope, limits_of(request, config, table.names, false));
  read_as_table(table, envelope);
  QT_TRY(result.decision, decide_over_table(table, envelope, store.path()));
  result.remarks.emplace_back(
      "these are numbers of a table, without predictions: no intervals and no probabilities, and the ECE is "
      "the one stated, at whatever temperature it was read");
  if (envelope.device.empty()) {
    result.remarks.emplace_back(
        "time and memory are not counted: say on which device they were measured, with "
        "--device or in the envelope");
  }
  if (request.when.empty()) return result;
  const auto found = std::ranges::find(result.decision.candidates, request.when, &Candidate::name);
  if (found != result.decision.candidates.end()) {
    result.when =
        when_chosen(result.decision, static_cast<std::size_t>(found - result.decision.candidates.begin()));
  }
  return result;
}

}  // namespace

Result<DecideResult> decide_store(const DecideRequest& request) {
  const std::filesystem::path file = store_file(request.store);
  bool writable = false;
  QT_TRY(Store store, open_store(file, writable));
  QT_TRY(const std::vector<RunSummary> summaries, store.runs());
  Result<DecideResult> result =
      summaries.empty() ? decide_table(request, store) : decide_runs(request, store, writable, summaries);
  if (!result) return result;
  result->store = store.path();
  if (!writable)
    result->remarks.emplace_back("the store cannot be written, so nothing derived is kept in it");
  if (!request.when.empty() && !result->when) {
    std::vector<std::string> known;
    for (const Candidate& candidate : result->decision.candidates) known.push_back(candidate.name);
    const std::string near = nearest_name(request.when, known);
    return fail(ErrorKind::kUsage, fmt::format("there is no configuration \"{}\"", printable(request.when)),
                "--when", "",
                near.empty() ? fmt::format("there are: {}", fmt::join(known, ", "))
                             : fmt::format("did you mean \"{}\"?", near));
  }
  return result;
}

}  // namespace quantier
