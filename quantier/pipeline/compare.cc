#include "quantier/pipeline/compare.h"

#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "quantier/base/thread_pool.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/compare_figures.h"
#include "quantier/pipeline/group_input.h"
#include "quantier/pipeline/prediction_set.h"
#include "quantier/pipeline/store_file.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {
namespace {

Result<std::optional<Store>> open_store(const std::string& path) {
  if (path.empty()) return std::optional<Store>();
  QT_TRY(Store store, Store::open(store_file_of(path), Store::Mode::kReadOnly));
  return std::optional<Store>(std::move(store));
}

class Comparing {
 public:
  explicit Comparing(const CompareOptions& options) : options_(options) {}

  Result<Comparison> run() {
    QT_TRY(store_, open_store(options_.store));
    QT_TRY(PredictionSet set, load_prediction_set(request_of_first(), store()));
    QT_TRY(const AnalysisTiers tiers, tiers_of(set));
    QT_TRY(const std::vector<ExampleGroups> groups, groups_of(set));
    QT_TRY(std::vector<Run> second, second_split(set));
    for (NamedPredictions& each : set.all) {
      for (std::string& remark : each.table.remarks) result_.remarks.push_back(std::move(remark));
      result_.names.push_back(each.name);
      result_.sources.push_back(each.table.columns.logits.empty()
                                    ? each.table.source
                                    : fmt::format("{}#{}", each.table.source, each.table.columns.logits));
    }
    const std::vector<Run> runs = as_runs(std::move(set), "first");
    QT_TRY(result_.analysis, analysed(runs, tiers, groups, second));
    for (const std::string& remark : result_.analysis.remarks) result_.remarks.push_back(remark);
    if (!options_.figures.empty()) {
      QT_TRY(result_.figures, write_compare_figures(result_.analysis, options_.figures));
    }
    return std::move(result_);
  }

 private:
  Store* store() { return store_ ? &*store_ : nullptr; }

  [[nodiscard]] PredictionSetRequest request_of_first() const {
    PredictionSetRequest request;
    request.labels = options_.labels;
    request.label_names = options_.label_names;
    request.other_than = options_.second.stored;
    request.reading = options_.reading;
    request.progress = options_.progress;
    request.interrupt = options_.interrupt;
    request.names = {options_.reference};
    request.names.insert(request.names.end(), options_.candidates.begin(), options_.candidates.end());
    return request;
  }

  // Those asked for; otherwise those that the runs were imported with.
  Result<AnalysisTiers> tiers_of(const PredictionSet& set) {
    if (options_.tiers.tiers.empty() && store_) {
      QT_TRY(const std::optional<std::string> stored, store_->setting(kTiersSetting));
      if (stored) {
        QT_TRY(const Json json, parse_json(*stored, store_->path()));
        return tiers_from_json(json, store_->path());
      }
    }
    return tiers_from_request(options_.tiers, set.label_names, set.first(), set.labels);
  }

  Result<std::vector<ExampleGroups>> groups_of(const PredictionSet& set) {
    std::vector<ExampleGroups> groups;
    for (const std::string& request : options_.groups) {
      const GroupedExamples examples{set.first().source, set.first().example_count, set.first().ids};
      QT_TRY(GroupInput input, groups_from_request(request, examples));
      groups.push_back(std::move(input.groups));
      for (std::string& remark : input.remarks) result_.remarks.push_back(std::move(remark));
    }
    return groups;
  }

  // Empty when none was asked for. The configurations are called as those of the first.
  Result<std::vector<Run>> second_split(const PredictionSet& first) {
    const SecondSplitRequest& second = options_.second;
    if (second.files.empty() && second.stored.empty()) return std::vector<Run>{};
    PredictionSetRequest request = request_of_first();
    request.labels = second.labels;
    request.names = second.files;
    if (!second.stored.empty()) {
      if (!store_ || !second.files.empty()) {
        return fail(ErrorKind::kUsage, "a second split is asked for twice or of nothing", second.stored,
                    store_ ? "files and a split of the store are given" : "there is no store",
                    "give --second-split with --store, or --second with files");
      }
      for (const NamedPredictions& each : first.all) {
        QT_TRY(request.names.emplace_back(), key_on_split(*store_, each, second.stored));
      }
    }
    if (request.names.size() != first.all.size()) {
      return fail(ErrorKind::kUsage, "the second split does not hold the same configurations",
                  fmt::format("{}", fmt::join(request.names, ", ")),
                  fmt::format("{} for {} of the first", request.names.size(), first.all.size()),
                  "name one for the reference and one for each candidate, in the same order");
    }
    QT_TRY(PredictionSet set, load_prediction_set(request, store()));
    const std::string both = fmt::format("{} and {}", first.first().source, set.first().source);
    if (set.first().class_count != first.first().class_count || set.label_names != first.label_names) {
      return fail(ErrorKind::kUserInput, "the second split is over other classes", both,
                  fmt::format("{} and {} classes, or other names", first.first().class_count,
                              set.first().class_count),
                  "both splits need the same classes in the same order");
    }
    for (std::size_t i = 0; i < set.all.size(); ++i) {
      if (set.all[i].key == first.all[i].key) {
        return fail(ErrorKind::kUserInput, "the second split is the first",
                    fmt::format("{} and {}", first.all[i].table.source, set.all[i].table.source),
                    "the same predictions would repeat themselves", "give other examples");
      }
      for (std::string& remark : set.all[i].table.remarks) result_.remarks.push_back(std::move(remark));
      set.all[i].name = first.all[i].name;
    }
    return as_runs(std::move(set), second.stored.empty() ? "second" : second.stored);
  }

  // Under one model and device, so that everything is compared with the first.
  static std::vector<Run> as_runs(PredictionSet set, const std::string& split) {
    std::vector<Run> runs;
    for (NamedPredictions& each : set.all) {
      Run run;
      run.configuration = {"predictions", each.name, "any"};
      run.key = each.key;
      run.split = split;
      run.predictions.example_count = each.table.example_count;
      run.predictions.class_count = each.table.class_count;
      run.predictions.logits = std::move(each.table.logits);
      run.predictions.labels = set.labels;
      run.predictions.label_names = set.label_names;
      run.predictions.truncated = std::move(each.truncated);
      runs.push_back(std::move(run));
    }
    return runs;
  }

  Result<Analysis> analysed(const std::vector<Run>& runs, const AnalysisTiers& tiers,
                            const std::vector<ExampleGroups>& groups, const std::vector<Run>& second) const {
    AnalysisOptions analysis;
    analysis.reference_recipe = runs.front().configuration.recipe;
    analysis.seed = options_.seed;
    analysis.replicates = options_.replicates;
    analysis.margin = options_.margin;
    analysis.gate_threshold = options_.gate_threshold;
    analysis.named_classes = options_.named_classes;
    analysis.groups = groups;
    analysis.second_split = &second;
    ThreadPool pool(available_processors());
    analysis.pool = &pool;
    analysis.progress = options_.progress;
    analysis.interrupt = options_.interrupt;
    return analyze(runs, tiers, analysis);
  }

  const CompareOptions& options_;
  std::optional<Store> store_;
  Comparison result_;
};

}  // namespace

Result<Comparison> compare_predictions(const CompareOptions& options) { return Comparing(options).run(); }

}  // namespace quantier
