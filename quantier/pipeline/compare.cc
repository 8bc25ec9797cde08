#include "quantier/pipeline/compare.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "quantier/base/thread_pool.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/prediction_labels.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/compare_figures.h"
#include "quantier/pipeline/run.h"
#include "quantier/stats/comparisons/analyze.h"

namespace quantier {
namespace {

std::vector<std::int32_t> answers_of(const PredictionTable& table) {
  std::vector<std::int32_t> answers(table.example_count);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    answers[i] = argmax(table.row(i));
    // argmax only names a NaN when there is nothing else: no answer.
    if (std::isnan(table.row(i)[static_cast<std::size_t>(answers[i])])) {
      answers[i] = static_cast<std::int32_t>(table.class_count);
    }
  }
  return answers;
}

Result<std::optional<Store>> open_store(const std::string& path) {
  if (path.empty()) return std::optional<Store>();
  std::error_code ignored;
  std::filesystem::path file = path;
  if (std::filesystem::is_directory(file, ignored)) file /= kStoreFileName;
  QT_TRY(Store store, Store::open(file, Store::Mode::kReadOnly));
  return std::optional<Store>(std::move(store));
}

// Names that a reader can tell apart.
void make_names_unique(std::vector<NamedPredictions>& all) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string name = all[i].name;
    for (std::size_t count = 2;; ++count) {
      const bool taken =
          std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i),
                      [&](const NamedPredictions& other) { return other.name == all[i].name; });
      if (!taken) break;
      all[i].name = fmt::format("{} ({})", name, count);
    }
  }
}

class Comparing {
 public:
  explicit Comparing(const CompareOptions& options) : options_(options) {}

  Result<Comparison> run() {
    QT_TRY(std::optional<Store> store, open_store(options_.store));
    QT_TRY_STATUS(load(store ? &*store : nullptr));
    QT_TRY(const std::vector<std::int32_t> labels, common_labels());
    const PredictionTable& reference = all_.front().table;
    QT_TRY(AnalysisTiers tiers, tiers_from_request(options_.tiers, label_names_, reference, labels));
    if (options_.tiers.tiers.empty() && store) {
      QT_TRY(const std::optional<std::string> stored, store->setting(kTiersSetting));
      if (stored) {
        QT_TRY(const Json json, parse_json(*stored, store->path()));
        QT_TRY(tiers, tiers_from_json(json, store->path()));
      }
    }
    std::vector<Run> runs;
    for (NamedPredictions& each : all_) {
      QT_TRY_STATUS(
          check_label_frame(answers_of(each.table), labels, each.table.class_count, each.table.source));
      for (std::string& remark : each.table.remarks) result_.remarks.push_back(std::move(remark));
      result_.names.push_back(each.name);
      result_.sources.push_back(each.table.columns.logits.empty()
                                    ? each.table.source
                                    : fmt::format("{}#{}", each.table.source, each.table.columns.logits));
      runs.push_back(as_run(each, labels));
    }
    all_.clear();
    QT_TRY(result_.analysis, analysed(runs, tiers));
    for (const std::string& remark : result_.analysis.remarks) result_.remarks.push_back(remark);
    if (!options_.figures.empty()) {
      QT_TRY(result_.figures, write_compare_figures(result_.analysis, options_.figures));
    }
    return std::move(result_);
  }

 private:
  Status load(Store* store) {
    std::vector<std::string> names = {options_.reference};
    names.insert(names.end(), options_.candidates.begin(), options_.candidates.end());
    for (const std::string& name : names) {
      if (stop_requested(options_.interrupt)) return interrupted();
      if (options_.progress) options_.progress({"reading predictions", all_.size(), names.size()});
      QT_TRY(NamedPredictions one, load_predictions(name, options_.reading, store));
      all_.push_back(std::move(one));
    }
    make_names_unique(all_);
    const PredictionTable& reference = all_.front().table;
    for (std::size_t i = 1; i < all_.size(); ++i) {
      PredictionTable& other = all_[i].table;
      const std::string both = fmt::format("{} and {}", reference.source, other.source);
      if (other.class_count != reference.class_count) {
        return fail(ErrorKind::kUserInput, "the predictions are over different classes", both,
                    fmt::format("{} and {} classes", reference.class_count, other.class_count));
      }
      if (!reference.class_names.empty() && !other.class_names.empty() &&
          reference.class_names != other.class_names) {
        return fail(ErrorKind::kUserInput, "the classes have different names or another order", both, "",
                    "export all predictions with one list of class names");
      }
      if (!all_[0].split.empty() && !all_[i].split.empty() && all_[0].split != all_[i].split) {
        return fail(
            ErrorKind::kUserInput, "the runs read different splits", both,
            fmt::format("\"{}\" and \"{}\"", printable(all_[0].split, 40), printable(all_[i].split, 40)));
      }
      QT_TRY(const std::vector<std::size_t> order, join_rows(reference, other));
      reorder(other, order);
    }
    return find_names();
  }

  Status find_names() {
    const std::size_t classes = all_.front().table.class_count;
    if (!options_.label_names.empty()) {
      QT_TRY(label_names_, read_label_names(options_.label_names));
      if (label_names_.size() == classes) return {};
      return fail(ErrorKind::kUserInput, "class names and logits do not fit together", options_.label_names,
                  fmt::format("{} names for {} classes", label_names_.size(), classes));
    }
    for (const NamedPredictions& each : all_) {
      if (label_names_.empty()) label_names_ = each.table.class_names;
    }
    if (label_names_.empty()) label_names_ = numbered_names(classes);
    return {};
  }

  // The reference's, or those of --labels; every other label must say the same.
  Result<std::vector<std::int32_t>> common_labels() {
    const std::size_t classes = all_.front().table.class_count;
    std::optional<PredictionTable> given;
    if (!options_.labels.empty()) {
      QT_TRY(PredictionSpec spec, parse_prediction_spec(options_.labels, options_.reading.columns));
      // FILE#KEY names the labels here.
      if (options_.labels.find('#') != std::string::npos && spec.columns.labels.empty()) {
        spec.columns.labels = std::exchange(spec.columns.logits, "");
      }
      PredictionOptions reading;
      reading.columns = spec.columns;
      reading.need_logits = false;
      QT_TRY(given, read_predictions(spec.path, reading));
      QT_TRY(const std::vector<std::size_t> order, join_rows(all_.front().table, *given));
      reorder(*given, order);
    }
    const PredictionTable* first = given ? &*given : nullptr;
    for (const NamedPredictions& each : all_) {
      if (first == nullptr && each.table.has_labels()) first = &each.table;
    }
    if (first == nullptr) first = &all_.front().table;
    QT_TRY(std::vector<std::int32_t> labels, class_ids_of(*first, classes, label_names_));
    for (const NamedPredictions& each : all_) {
      if (!each.table.has_labels()) continue;
      QT_TRY(const std::vector<std::int32_t> own, class_ids_of(each.table, classes, label_names_));
      QT_TRY_STATUS(same_labels(labels, own, *first, each.table));
    }
    return labels;
  }

  static Status same_labels(const std::vector<std::int32_t>& labels, const std::vector<std::int32_t>& own,
                            const PredictionTable& first, const PredictionTable& other) {
    std::size_t different = 0;
    std::size_t where = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == own[i]) continue;
      if (different++ == 0) where = i;
    }
    if (different == 0) return {};
    const auto fault = find_label_frame_fault(own, labels, other.class_count);
    return fail(ErrorKind::kUserInput, "the files disagree about the true labels",
                fmt::format("{} and {}, row {} (from 0)", first.source, other.source, where),
                fmt::format("{} of {} labels differ{}", different, labels.size(),
                            fault ? fmt::format("; {} would make {:.1f} % equal", fault->what,
                                                100.0 * fault->recovered)
                                  : std::string()),
                "were the rows shuffled? write ids with both files and they are joined by them");
  }

  // Under one model and device, so that everything is compared with the first.
  static Run as_run(NamedPredictions& each, const std::vector<std::int32_t>& labels) {
    Run run;
    run.configuration = {"predictions", each.name, "any"};
    run.key = each.key;
    run.predictions.example_count = each.table.example_count;
    run.predictions.class_count = each.table.class_count;
    run.predictions.logits = std::move(each.table.logits);
    run.predictions.labels = labels;
    return run;
  }

  Result<Analysis> analysed(std::vector<Run>& runs, const AnalysisTiers& tiers) const {
    for (Run& run : runs) run.predictions.label_names = label_names_;
    AnalysisOptions analysis;
    analysis.reference_recipe = runs.front().configuration.recipe;
    analysis.seed = options_.seed;
    analysis.replicates = options_.replicates;
    analysis.margin = options_.margin;
    analysis.gate_threshold = options_.gate_threshold;
    analysis.named_classes = options_.named_classes;
    ThreadPool pool(available_processors());
    analysis.pool = &pool;
    analysis.progress = options_.progress;
    analysis.interrupt = options_.interrupt;
    return analyze(runs, tiers, analysis);
  }

  const CompareOptions& options_;
  std::vector<NamedPredictions> all_;
  std::vector<std::string> label_names_;
  Comparison result_;
};

}  // namespace

Result<Comparison> compare_predictions(const CompareOptions& options) { return Comparing(options).run(); }

}  // namespace quantier
