#include "quantier/pipeline/load.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "quantier/base/clock.h"
#include "quantier/base/file.h"
#include "quantier/base/thread_pool.h"
#include "quantier/dataset/sample.h"
#include "quantier/evidence/store.h"
#include "quantier/measure/classifier_server.h"
#include "quantier/measure/protocols.h"
#include "quantier/pipeline/load_classifier.h"
#include "quantier/pipeline/load_search.h"
#include "quantier/pipeline/load_verdict.h"
#include "quantier/pipeline/model_name.h"
#include "quantier/pipeline/predict.h"
#include "quantier/pipeline/provenance.h"
#include "quantier/record/json.h"
#include "quantier/record/load_json.h"

namespace quantier {
namespace {

constexpr int kWarmUpBatches = 2;
constexpr int kRatedBatches = 5;
// A search does not go to rates at which one trial takes longer.
constexpr double kLongestTrialS = 3600.0;
// The test's own lateness that is worth a remark, as a share of the bound.
constexpr double kLateShare = 0.1;

Result<Store> open_store(const std::filesystem::path& path) {
  std::error_code ignored;
  const bool is_file = std::filesystem::is_regular_file(path, ignored) || path.extension() == ".sqlite";
  if (is_file) return Store::open(path, Store::Mode::kReadWrite);
  QT_TRY_STATUS(create_folders(path));
  return Store::open(path / "evidence.sqlite", Store::Mode::kReadWrite);
}

// Serves full batches back to back; requests per second from the median batch. The first batches are
// nobody's: page faults, thread start, code paths.
Result<double> full_batch_rate(LoadServer& server, std::uint32_t max_batch, std::uint64_t texts,
                               std::uint64_t seed, const Interrupt* interrupt) {
  const std::vector<std::uint32_t> order = choose_examples(texts, 0, seed, 0x6c3);
  std::vector<std::uint32_t> batch(max_batch);
  std::vector<std::int64_t> times_ns;
  std::size_t next = 0;
  for (int i = 0; i < kWarmUpBatches + kRatedBatches; ++i) {
    if (stop_requested(interrupt)) return interrupted();
    for (std::uint32_t& request : batch) request = order[next++ % order.size()];
    const Stopwatch watch;
    QT_TRY_STATUS(server.serve(batch));
    if (i >= kWarmUpBatches) times_ns.push_back(std::max<std::int64_t>(1, watch.elapsed_ns()));
  }
  // A batch of one is another code path.
  QT_TRY_STATUS(server.serve(std::span(batch).first(1)));
  std::ranges::nth_element(times_ns, times_ns.begin() + kRatedBatches / 2);
  return static_cast<double>(max_batch) * 1e9 / static_cast<double>(times_ns[kRatedBatches / 2]);
}

// Everything that is needed to make trials.
struct Setup {
  LoadServer& server;
  const LoadOptions& options;
  const LoadProtocol& protocol;
  std::uint64_t texts = 0;
  Store* store = nullptr;
  std::int64_t test_id = 0;
  std::size_t made = 0;
  std::vector<MadeLoadTrial> earlier = {};  // of the test that is gone on with
};

LoadSearchOptions search_options(const LoadOptions& options, const LoadProtocol& protocol,
                                 double full_batch_rate) {
  LoadSearchOptions search;
  search.asked_rate = options.rate;
  search.find = options.find || !options.rate;
  search.lowest_rate = static_cast<double>(protocol.trial_requests) / kLongestTrialS;
  search.start_rate =
      std::clamp(options.rate.value_or(0.5 * full_batch_rate), search.lowest_rate, kHighestLoadRate);
  search.percentile = protocol.percentile;
  search.bound_ns = protocol.bound_ns;
  search.repeats = protocol.repeats;
  search.resolution = protocol.resolution;
  search.seed = options.seed;
  return search;
}

// Whether a test with this question would make exactly these trials: what comes next follows from them.
bool would_make(const LoadSearchOptions& search, const std::vector<MadeLoadTrial>& trials) {
  std::size_t next = 0;
  bool same = true;
  const auto replay = [&](const LoadTrialRequest& request) -> Result<MadeLoadTrial> {
    if (next == trials.size()) return interrupted();
    const LoadTrial& trial = trials[next].trial;
    same = same && trial.kind == request.kind && trial.repeat == request.repeat &&
           trial.seed == request.seed && trial.offered_rate == request.rate;
    if (!same) return interrupted();
    return trials[next++];
  };
  const Result<LoadSearchOutcome> outcome = search_load(search, replay);
  return outcome.has_value() && same && next == trials.size();
}

struct EarlierTest {
  std::int64_t id = 0;
  double full_batch_rate = 0.0;
  std::vector<MadeLoadTrial> trials;
};

// The latest interrupted test that asked the same of the same run here.
Result<std::optional<EarlierTest>> find_interrupted(Store& store, const LoadTest& test,
                                                    const LoadOptions& options) {
  QT_TRY(const std::vector<LoadTest> tests, store.load_results());
  for (auto each = tests.rbegin(); each != tests.rend(); ++each) {
    const bool same = !each->finished && each->run_key == test.run_key && each->full_batch_rate &&
                      each->asked_rate == test.asked_rate &&
                      to_json(each->protocol) == to_json(test.protocol) &&
                      each->provenance.machine == test.provenance.machine &&
                      each->provenance.git_revision == test.provenance.git_revision &&
                      each->provenance.data_sha256 == test.provenance.data_sha256;
    if (!same) continue;
    EarlierTest earlier{.id = each->id, .full_batch_rate = *each->full_batch_rate, .trials = {}};
    for (std::size_t i = 0; i < each->trials.size(); ++i) {
      QT_TRY(std::vector<std::int64_t> latencies_ns, store.load_latencies(each->id, i));
      earlier.trials.push_back({.trial = each->trials[i], .latencies_ns = std::move(latencies_ns)});
    }
    if (would_make(search_options(options, test.protocol, earlier.full_batch_rate), earlier.trials)) {
      return std::optional(std::move(earlier));
    }
  }
  return std::optional<EarlierTest>{};
}

// The run whose rate this is: the one that is named, which must be of this plan, or the latest of this model.
Status find_run(const LoadOptions& options, const ExecutedPlan& plan, Store& store, LoadTest& test) {
  if (options.run_key.empty()) {
    QT_TRY(const std::optional<RunIdentity> run, store.find_same_model(test.provenance, plan));
    if (!run) return {};
    test.run_key = run->key;
    test.configuration = run->configuration;
    return {};
  }
  QT_TRY(const Run run, store.load_run(options.run_key));
  if (to_json(run.plan) != to_json(plan)) {
    return fail(ErrorKind::kBug, "the plan that is tested under load is not the plan that was evaluated",
                run.configuration.display());
  }
  test.run_key = run.key;
  test.configuration = run.configuration;
  return {};
}

Result<MadeLoadTrial> make_trial(Setup& setup, const LoadTrialRequest& request) {
  if (setup.made < setup.earlier.size()) return setup.earlier[setup.made++];
  const LoadProtocol& protocol = setup.protocol;
  const std::string started_at = utc_now_rfc3339();
  const LoadSchedule schedule = poisson_schedule({.rate = request.rate,
                                                  .requests = protocol.trial_requests,
                                                  .measured_ns = protocol.trial_ns,
                                                  .warm_up_ns = protocol.warm_up_ns,
                                                  .seed = request.seed},
                                                 setup.texts);
  const std::string stage = fmt::format("trial {} ({} at {:.4g}/s): requests", setup.made + 1,
                                        load_trial_kind_name(request.kind), request.rate);
  OfferOptions offer{.max_batch = protocol.max_batch,
                     .max_wait_ns = protocol.max_wait_ns,
                     .give_up_ns = give_up_after_ns(protocol.bound_ns),
                     .stage = stage,
                     .progress = setup.options.progress,
                     .interrupt = setup.options.interrupt};
  WallClock clock;
  QT_TRY(LoadObservation seen, offer_load(schedule, offer, setup.server, clock));
  MadeLoadTrial made{.trial = judge_trial(seen, protocol), .latencies_ns = std::move(seen.latencies_ns)};
  made.trial.kind = request.kind;
  made.trial.repeat = request.repeat;
  made.trial.seed = request.seed;
  made.trial.offered_rate = request.rate;
  made.trial.started_at = started_at;
  ++setup.made;
  if (setup.store != nullptr) {
    QT_TRY_STATUS(setup.store->add_load_trial(setup.test_id, made.trial, made.latencies_ns));
  }
  return made;
}

void add_remarks(const LoadOptions& options, LoadOutcome& outcome) {
  const LoadTest& test = outcome.test;
  if (test.protocol.max_wait_ns >= test.protocol.bound_ns) {
    outcome.remarks.emplace_back(
        "a request that comes alone waits for others longer than the bound: choose a smaller --max-wait-ms");
  }
  std::int64_t latest_ns = 0;
  for (const LoadTrial& trial : test.trials) latest_ns = std::max(latest_ns, trial.latest_wake_up_ns);
  if (static_cast<double>(latest_ns) > kLateShare * static_cast<double>(test.protocol.bound_ns)) {
    outcome.remarks.push_back(fmt::format(
        "an idle server was woken up to {:.1f} ms late by this machine; that is part of the latencies. Is "
        "something else running?",
        static_cast<double>(latest_ns) * 1e-6));
  }
  const bool undecided = std::ranges::any_of(test.trials, [](const LoadTrial& trial) {
    return trial.kind == LoadTrialKind::kConfirm && trial.verdict == LoadVerdict::kWithin;
  });
  if (!test.summary.highest_confirmed_rate && undecided) {
    outcome.remarks.emplace_back(
        "requests that wait in one queue tell less than as many independent ones, and these are too few to "
        "tell: a longer --duration or more --repeats may");
  }
  if (!test.finished) {
    outcome.remarks.push_back(options.store ? "interrupted: finished trials are in the store"
                                            : "interrupted: finished trials are shown, and kept nowhere");
  }
}

Result<LoadedModel> load_model(const LoadOptions& options, ThreadPool& pool) {
  const ModelLocation location{options.model, options.base, options.adapter};
  if (!options.calibration) {
    return load_classifier(location, options.rules, options.recipe_options, options.engine, pool);
  }
  QT_TRY(const std::vector<std::string> labels, label_names_of(location));
  QT_TRY(CalibrationSet set, read_calibration_set(*options.calibration, labels));
  const CalibrationRequest request{set, options.max_length, options.progress, options.interrupt};
  return load_classifier(location, options.rules, options.recipe_options, options.engine, pool, &request);
}

}  // namespace

Result<LoadOutcome> test_load(const LoadOptions& options) {
  LoadOutcome outcome;
  LoadTest& test = outcome.test;
  QT_TRY(test.protocol, plan_load(options));
  test.asked_rate = options.rate;
  if (options.progress) options.progress({"reading the model and the data", 0, 0});

  ThreadPool pool(test.protocol.threads);
  QT_TRY(const LoadedModel model, load_model(options, pool));
  QT_TRY(Dataset data, read_dataset(options.data, options.columns, model.spec.label_names));
  if (options.limit && *options.limit < data.size()) {
    data = keep_examples(data, stratified_sample(data, *options.limit, options.limit_seed));
  }
  // A text that cannot be served is found here and not in the middle of a trial.
  QT_TRY_STATUS(tokenize_all(model.tokenizer, data.texts, options.max_length, &pool, options.data.string()));
  test.provenance = describe_machine(test.protocol.threads, options.engine);
  {
    QT_TRY(const Checkpoint checkpoint,
           Checkpoint::open(ModelLocation{options.model, options.base, options.adapter}));
    QT_TRY(const ModelHashes hashes, hash_model(checkpoint));
    test.provenance.weights_sha256 = hashes.weights;
    test.provenance.config_sha256 = hashes.config;
    test.provenance.tokenizer_sha256 = hashes.tokenizer;
  }
  test.provenance.data_sha256 = data.sha256;
  test.configuration = {name_of_model(options.model), model.plan.recipe, device_text(options.engine)};
  std::optional<Store> store;
  if (options.store) {
    QT_TRY(store, open_store(*options.store));
    QT_TRY_STATUS(find_run(options, model.classifier->executed_plan(), *store, test));
  }
  if (!options.name.empty()) test.configuration.model = options.name;

  const MeasuredSystem system{model.classifier.get(), &model.tokenizer, options.max_length};
  ClassifierServer server(system, data.texts);
  std::optional<EarlierTest> earlier;
  if (store && options.resume && !test.run_key.empty()) {
    QT_TRY(earlier, find_interrupted(*store, test, options));
  }
  // Measured again all the same: these batches are the warm-up.
  QT_TRY(test.full_batch_rate,
         full_batch_rate(server, test.protocol.max_batch, data.size(), options.seed, options.interrupt));
  if (earlier) test.full_batch_rate = earlier->full_batch_rate;
  Setup setup{.server = server, .options = options, .protocol = test.protocol, .texts = data.size()};
  if (store) {
    if (earlier) {
      setup.test_id = earlier->id;
      setup.earlier = std::move(earlier->trials);
    } else {
      QT_TRY(setup.test_id, store->add_load_test(test));
    }
    setup.store = &*store;
    test.id = setup.test_id;
  }
  const LoadSearchOptions search = search_options(options, test.protocol, *test.full_batch_rate);
  QT_TRY(LoadSearchOutcome found,
         search_load(search, [&](const LoadTrialRequest& request) { return make_trial(setup, request); }));
  test.finished = found.finished;
  test.summary = found.summary;
  test.trials = std::move(found.trials);
  if (store) QT_TRY_STATUS(store->finish_load_test(setup.test_id, test.finished, test.summary));
  if (options.svg) QT_TRY_STATUS(write_file_atomically(*options.svg, load_figure(test)));
  add_remarks(options, outcome);
  return outcome;
}

}  // namespace quantier
