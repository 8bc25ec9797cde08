#include "quantier/pipeline/import.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/sha256.h"
#include "quantier/dataset/npz.h"
#include "quantier/dataset/prediction_labels.h"
#include "quantier/evidence/store.h"
#include "quantier/pipeline/prediction_input.h"
#include "quantier/pipeline/run.h"
#include "quantier/pipeline/tier_input.h"

namespace quantier {
namespace {

constexpr const char* kNoDevice = "not declared";

// Everything that a value says, so that the same file read again adds nothing.
std::string key_of(const ReportedValue& value) {
  Json parts = {static_cast<int>(value.kind),
                value.model,
                value.recipe,
                value.quantity,
                value.tier,
                value.label,
                value.part,
                value.source,
                value.when,
                value.how,
                fmt::format("{:a}", value.value)};
  return parts.dump(-1, ' ', false, Json::error_handler_t::replace);
}

class Importing {
 public:
  explicit Importing(const ImportOptions& options) : options_(options) {}

  Result<ImportReport> run() {
    QT_TRY(files_, read_import_files(options_.paths, {.reference_recipe = options_.reference_recipe,
                                                      .columns = options_.reading.columns}));
    if (!options_.label_names.empty()) {
      QT_TRY(files_.label_names, read_label_names(options_.label_names));
    }
    if (files_.matrices.empty() && files_.values.empty()) {
      return fail(ErrorKind::kUserInput, "there is nothing to import", options_.paths.front().string(),
                  "no predictions and no numbers of models were recognised",
                  "`quantier import --help` says which files are");
    }
    report_.files = files_.files;
    report_.device = options_.device;
    for (const ImportedMatrix& matrix : files_.matrices) QT_TRY_STATUS(load(matrix, runs_));
    for (const ImportedMatrix& matrix : files_.earlier) QT_TRY_STATUS(load(matrix, earlier_));
    QT_TRY_STATUS(check_frames());
    if (!runs_.empty() && !files_.tiers_key.empty()) {
      PredictionTable rows;
      rows.source = files_.tiers_path.string();
      rows.example_count = runs_.front().predictions.example_count;
      QT_TRY(tiers_,
             tiers_from_request(
                 {.tiers = fmt::format("{}#{}", files_.tiers_path.string(), files_.tiers_key), .counts = {}},
                 runs_.front().predictions.label_names, rows, runs_.front().predictions.labels));
    }
    apply_costs();
    if (options_.progress) options_.progress({"computing again what the files state", 0, 0});
    ReconcileInput input;
    input.values = files_.values;
    input.tiers = tiers_;
    input.reference_recipe = options_.reference_recipe;
    input.device_declared = !options_.device.empty();
    input.temperature_recipes = options_.temperature_recipes;
    QT_TRY(Reconciliation reconciled, reconcile(input, runs_, earlier_));
    report_.rows = std::move(reconciled.rows);
    report_.calibration = std::move(reconciled.calibration);
    report_.ece_limit = options_.ece_limit;
    report_.unexplained = static_cast<std::size_t>(std::ranges::count(
        report_.rows, Difference::kUnexplained, [](const Reconciled& row) { return row.difference; }));
    if (stop_requested(options_.interrupt)) return interrupted();
    QT_TRY_STATUS(store());
    return std::move(report_);
  }

 private:
  Status load(const ImportedMatrix& matrix, std::vector<Run>& into) {
    if (stop_requested(options_.interrupt)) return interrupted();
    if (options_.progress) {
      options_.progress({"reading predictions", into.size(), files_.matrices.size()});
    }
    PredictionOptions reading = options_.reading;
    reading.columns = matrix.columns;
    QT_TRY(PredictionTable table, read_predictions(matrix.path, reading));
    if (!into.empty() && into.front().predictions.example_count != table.example_count) {
      return fail(ErrorKind::kUserInput, "the predictions are over different examples", table.source,
                  fmt::format("{} rows, and {} in those read before", table.example_count,
                              into.front().predictions.example_count),
                  "import each set into a store of its own");
    }
    Run run;
    Predictions& predictions = run.predictions;
    predictions.label_names = !files_.label_names.empty()  ? files_.label_names
                              : !table.class_names.empty() ? table.class_names
                                                           : numbered_names(table.class_count);
    if (predictions.label_names.size() != table.class_count) {
      return fail(ErrorKind::kUserInput, "class names and logits do not fit together", table.source,
                  fmt::format("{} names for {} classes", predictions.label_names.size(), table.class_count));
    }
    QT_TRY(predictions.labels, class_ids_of(table, table.class_count, predictions.label_names));
    run.configuration = {matrix.model, matrix.recipe, options_.device.empty() ? kNoDevice : options_.device};
    run.split = options_.split;
    QT_TRY(const std::string hash, sha256_hex_of_file(matrix.path));
    run.key = sha256_hex(fmt::format("imported/{}/{}/{}/{}", hash, table.columns.logits,
                                     matrix.model + "/" + matrix.recipe, options_.device));
    run.plan.recipe = matrix.recipe;
    run.plan.device = run.configuration.device;
    run.plan.remarks = {"imported: what ran is what the files say"};
    run.provenance.origin = RunOrigin::kImported;
    run.provenance.imported_from =
        fmt::format("{}, {}", matrix.path.filename().string(), table.columns.logits);
    run.provenance.declared_device = options_.device;
    run.provenance.machine = run.configuration.device;
    run.provenance.data_sha256 = hash;
    predictions.example_count = table.example_count;
    predictions.class_count = table.class_count;
    predictions.logits = std::move(table.logits);
    predictions.ids = std::move(table.ids);
    predictions.groups = std::move(table.groups);
    report_.remarks.insert(report_.remarks.end(), table.remarks.begin(), table.remarks.end());
    QT_TRY_STATUS(check_answers(matrix, run));
    into.push_back(std::move(run));
    return {};
  }

  // A file that states its own answers must state those of its logits.
  static Status check_answers(const ImportedMatrix& matrix, const Run& run) {
    if (matrix.answers.empty()) return {};
    QT_TRY(NpzReader reader, NpzReader::open(matrix.path));
    QT_TRY(const NpyArray array, reader.read(*reader.find(matrix.answers)));
    const auto* stated = std::get_if<std::vector<std::int64_t>>(&array.values);
    const Predictions& predictions = run.predictions;
    const std::string where =
        fmt::format("{}, arrays {} and {}", matrix.path.string(), matrix.answers, matrix.columns.logits);
    if (stated == nullptr || stated->size() != predictions.example_count) {
      return fail(ErrorKind::kUserInput, "stated answers and logits do not fit together", where,
                  fmt::format("{} answers expected", predictions.example_count));
    }
    for (std::size_t i = 0; i < stated->size(); ++i) {
      const std::span<const float> row = predictions.row(i);
      const std::int64_t answer = (*stated)[i];
      const bool in_range = answer >= 0 && static_cast<std::size_t>(answer) < row.size();
      const auto ours = static_cast<std::size_t>(argmax(row));
      // Ties may be broken otherwise.
      if (in_range && !(row[static_cast<std::size_t>(answer)] < row[ours])) continue;
      return fail(ErrorKind::kUserInput, "a stated answer is not that of its logits",
                  fmt::format("{}, row {} (from 0)", where, i),
                  fmt::format("the file says {}, its largest logit {}", answer, ours),
                  "the arrays come from different runs, or their rows were shuffled apart");
    }
    return {};
  }

  Status check_frames() const {
    for (const auto* runs : {&runs_, &earlier_}) {
      for (const Run& run : *runs) {
        const Predictions& data = run.predictions;
        std::vector<std::int32_t> answers(data.example_count);
        for (std::size_t i = 0; i < answers.size(); ++i) answers[i] = argmax(data.row(i));
        QT_TRY_STATUS(check_label_frame(
            answers, data.labels, data.class_count,
            fmt::format("{} ({})", run.provenance.imported_from, run.configuration.display())));
      }
    }
    return {};
  }

  // Stated time and memory become part of a run only on a declared device.
  void apply_costs() {
    for (const ReportedValue& value : files_.values) {
      if (value.kind != ReportedKind::kReported || !std::isfinite(value.value) || value.value <= 0.0)
        continue;
      for (Run& run : runs_) {
        if (run.configuration.model != value.model || run.configuration.recipe != value.recipe) continue;
        if (value.quantity == "batch_size" && value.value < 1e6) {
          run.effective_batch_size = static_cast<std::uint32_t>(value.value);
          run.requested_batch_size = run.effective_batch_size;
        }
      }
    }
    if (options_.device.empty()) return;
    for (const ReportedValue& value : files_.values) {
      if (value.kind != ReportedKind::kReported || !(value.value > 0.0) || value.value > 1e9) continue;
      for (Run& run : runs_) {
        if (run.configuration.model != value.model || run.configuration.recipe != value.recipe) continue;
        if (value.quantity == "latency_ms") {
          // One sample: the stated median of a batch.
          const std::uint32_t batch = std::max(run.effective_batch_size, 1U);
          TimingSample sample;
          sample.protocol = TimingProtocol::kWorkload;
          sample.batch_size = batch;
          sample.examples = batch;
          sample.wall_ns = static_cast<std::int64_t>(value.value * 1e6 * batch);
          run.timings = {sample};
        }
        if (value.quantity == "memory_gb") {
          run.memory.device_peak_bytes = static_cast<std::uint64_t>(value.value * 1e9);
        }
      }
    }
  }

  Status store() {
    std::filesystem::path file = options_.store;
    std::error_code ignored;
    if (file.extension() != ".sqlite") {
      if (report_.unexplained == 0) QT_TRY_STATUS(create_folders(file));
      file /= kStoreFileName;
    }
    report_.store = file.string();
    for (const Run& run : runs_) {
      report_.runs.push_back({.model = run.configuration.model,
                              .recipe = run.configuration.recipe,
                              .key = run.key,
                              .examples = run.predictions.example_count});
    }
    if (report_.unexplained > 0) return {};
    QT_TRY(Store store, Store::open(file, Store::Mode::kReadWrite));
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      QT_TRY(const bool has, store.has_run(runs_[i].key));
      if (has) continue;
      QT_TRY_STATUS(store.add_run(runs_[i]));
      report_.runs[i].added = true;
    }
    QT_TRY(const std::vector<ReportedValue> known, store.reported());
    std::set<std::string> there;
    for (const ReportedValue& value : known) there.insert(key_of(value));
    std::vector<ReportedValue> values;
    for (const Reconciled& row : report_.rows) {
      if (there.insert(key_of(row.stated)).second) values.push_back(row.stated);
    }
    QT_TRY_STATUS(store.add_reported(values));
    if (!options_.device.empty()) QT_TRY_STATUS(store.set_setting(kReportedDeviceSetting, options_.device));
    if (!tiers_.names.empty()) QT_TRY_STATUS(store.set_setting(kTiersSetting, tiers_to_json(tiers_).dump()));
    return {};
  }

  const ImportOptions& options_;
  ImportFiles files_;
  std::vector<Run> runs_;
  std::vector<Run> earlier_;
  AnalysisTiers tiers_;
  ImportReport report_;
};

}  // namespace

Result<ImportReport> import_evidence(const ImportOptions& options) { return Importing(options).run(); }

}  // namespace quantier
