#include "quantier/pipeline/import_files.h"

#include <algorithm>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "quantier/base/file.h"
#include "quantier/base/json.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/npz.h"
#include "quantier/pipeline/import_values.h"
#include "quantier/pipeline/prediction_input.h"

namespace quantier {
namespace {

using import_internal::values_of_csv;
using import_internal::values_of_json;
using import_internal::values_of_toml;

constexpr std::string_view kLogits = "_logits";

std::string extension_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return extension;
}

void add_name(std::vector<std::string>& names, const std::string& name) {
  if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
}

class Reading {
 public:
  explicit Reading(const ImportFilesOptions& options) : options_(options) {}

  Result<ImportFiles> read(const std::vector<std::filesystem::path>& paths) {
    QT_TRY_STATUS(list(paths));
    // First the predictions and the names; then the numbers, whose keys are only understood through them.
    for (std::size_t i = 0; i < out_.files.size(); ++i) QT_TRY_STATUS(read_predictions_of(out_.files[i]));
    QT_TRY_STATUS(read_tier_names());
    // Rows name their model and recipe; keys of a document are understood only by the names known so far.
    for (const bool documents : {false, true}) {
      for (ImportFile& file : out_.files) {
        if (file.used || (extension_of(file.path) == ".json") != documents) continue;
        QT_TRY_STATUS(read_numbers_of(file));
      }
    }
    for (std::size_t i = 0; i < out_.files.size(); ++i) {
      ImportFile& file = out_.files[i];
      if (file.used) continue;
      if (file.what.empty()) file.what = "left out: no predictions and no numbers of a known model in it";
      if (!named_[i]) continue;
      return fail(ErrorKind::kUserInput, "this file is not understood", file.path.string(),
                  file.what.substr(file.what.find(':') + 2),
                  "predictions come as npz, JSONL or CSV; numbers under the names of models as CSV or JSON; "
                  "earlier "
                  "measurements as TOML with [[earlier]]");
    }
    return std::move(out_);
  }

 private:
  Status list(const std::vector<std::filesystem::path>& paths) {
    for (const std::filesystem::path& path : paths) {
      std::error_code error;
      if (!std::filesystem::is_directory(path, error)) {
        if (!std::filesystem::exists(path, error)) {
          return fail(ErrorKind::kUserInput, "there is no such file", path.string());
        }
        out_.files.push_back({.path = path, .what = {}});
        named_.push_back(true);
        continue;
      }
      std::vector<std::filesystem::path> inside;
      for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
        if (entry.is_regular_file(error)) inside.push_back(entry.path());
      }
      if (error || inside.empty()) {
        return fail(ErrorKind::kUserInput, "the folder cannot be imported", path.string(),
                    error ? error.message() : "it holds no files");
      }
      std::ranges::sort(inside);
      for (std::filesystem::path& file : inside) {
        out_.files.push_back({.path = std::move(file), .what = {}});
        named_.push_back(false);
      }
    }
    return {};
  }

  Status read_predictions_of(ImportFile& file) {
    const std::string extension = extension_of(file.path);
    if (extension == ".npz") return read_npz_keys(file);
    if (extension == ".json") {
      QT_TRY(const Json document, read_json_file(file.path.string()));
      if (auto names = label_names_of(document)) {
        out_.label_names = *std::move(names);
        file.what = fmt::format("names of {} classes", out_.label_names.size());
        file.used = true;
      } else if (document.is_object() && document.size() > 1 &&
                 std::ranges::all_of(document, [](const Json& v) { return v.is_number_unsigned(); })) {
        out_.counts_path = file.path;
        file.what = fmt::format("training counts of {} labels", document.size());
        file.used = true;
      }
    }
    if (extension == ".jsonl" || extension == ".ndjson") add_single(file);
    return {};
  }

  Status read_npz_keys(ImportFile& file) {
    QT_TRY(const NpzReader reader, NpzReader::open(file.path));
    std::string labels;
    std::size_t label_arrays = 0;
    std::vector<std::string> matrices;
    for (const NpyInfo& info : reader.arrays()) {
      if (info.shape.size() == 1 && info.is_integer() && info.name.ends_with("labels")) {
        labels = info.name;
        ++label_arrays;
      }
      if (info.shape.size() == 2 && info.is_float() && info.name.ends_with(kLogits)) {
        matrices.push_back(info.name.substr(0, info.name.size() - kLogits.size()));
      }
    }
    const auto own = [&](const std::string& model, const char* what) {
      return reader.find(model + what) ? model + what : std::string();
    };
    if (!matrices.empty() &&
        std::ranges::all_of(matrices, [&](const auto& m) { return !own(m, "_labels").empty(); })) {
      for (const std::string& model : matrices) {
        ImportedMatrix matrix{.model = model, .recipe = options_.reference_recipe, .path = file.path};
        matrix.columns.logits = model + std::string(kLogits);
        matrix.columns.labels = own(model, "_labels");
        matrix.answers = own(model, "_preds");
        matrix.confidence = own(model, "_max_conf");
        out_.earlier.push_back(std::move(matrix));
      }
      file.what = fmt::format("earlier predictions of {} models", matrices.size());
      file.used = true;
      return {};
    }
    const bool by_recipe = label_arrays == 1 && std::ranges::all_of(matrices, [](const std::string& name) {
                             const std::size_t mark = name.rfind('_');
                             return mark != std::string::npos && mark > 0 && mark + 1 < name.size();
                           });
    if (matrices.empty() || !by_recipe) {
      add_single(file);
      return {};
    }
    for (const std::string& name : matrices) {
      const std::size_t mark = name.rfind('_');
      ImportedMatrix matrix{
          .model = name.substr(0, mark), .recipe = name.substr(mark + 1), .path = file.path};
      matrix.columns.logits = name + std::string(kLogits);
      matrix.columns.labels = labels;
      out_.matrices.push_back(std::move(matrix));
    }
    for (const NpyInfo& info : reader.arrays()) {
      if (info.shape.size() == 1 && info.is_text() && info.name.ends_with("tiers")) {
        out_.tiers_path = file.path;
        out_.tiers_key = info.name;
      }
    }
    file.what = fmt::format("predictions of {} configurations", matrices.size());
    file.used = true;
    return {};
  }

  // "encoder_int8.jsonl": one configuration, named by its file.
  void add_single(ImportFile& file) {
    const std::string stem = file.path.stem().string();
    const std::size_t mark = stem.find_last_of("_-");
    const bool split = mark != std::string::npos && mark > 0 && mark + 1 < stem.size();
    out_.matrices.push_back({.model = split ? stem.substr(0, mark) : stem,
                             .recipe = split ? stem.substr(mark + 1) : options_.reference_recipe,
                             .path = file.path,
                             .columns = options_.columns,
                             .answers = {},
                             .confidence = {}});
    file.what = "predictions of one configuration";
    file.used = true;
  }

  Status read_tier_names() {
    for (const auto* list : {&out_.matrices, &out_.earlier}) {
      for (const ImportedMatrix& matrix : *list) {
        add_name(known_.models, matrix.model);
        add_name(known_.recipes, matrix.recipe);
      }
    }
    known_.labels = out_.label_names;
    if (out_.tiers_key.empty()) return {};
    PredictionOptions options;
    options.need_logits = false;
    options.columns.groups = {out_.tiers_key};
    QT_TRY(const PredictionTable table, read_predictions(out_.tiers_path, options));
    for (const std::string& tier : table.groups.at(out_.tiers_key)) add_name(known_.tiers, tier);
    return {};
  }

  Status read_numbers_of(ImportFile& file) {
    const std::string extension = extension_of(file.path);
    std::vector<ReportedValue> values;
    const std::string name = file.path.filename().string();
    if (extension == ".csv" || extension == ".toml") {
      QT_TRY(const std::string content, read_text_file(file.path, std::uint64_t{1} << 26));
      QT_TRY(values, extension == ".csv" ? values_of_csv(content, name) : values_of_toml(content, name));
      if (values.empty() && extension == ".csv" && content.find("logit") < content.find('\n')) {
        add_single(file);
        return {};
      }
    } else if (extension == ".json") {
      QT_TRY(const Json document, read_json_file(file.path.string()));
      values = values_of_json(document, known_, name);
    } else if (extension == ".pkl" || extension == ".pickle" || extension == ".pt") {
      file.what = "left out: a pickle, which can run any program";
    }
    if (values.empty()) return {};
    const bool earlier = values.front().kind == ReportedKind::kEarlier;
    file.what = fmt::format("{} {} values", values.size(), earlier ? "earlier" : "reported");
    file.used = true;
    for (const ReportedValue& value : values) {
      if (earlier) break;
      add_name(known_.models, value.model);
      add_name(known_.recipes, value.recipe);
    }
    out_.values.insert(out_.values.end(), values.begin(), values.end());
    return {};
  }

  const ImportFilesOptions& options_;
  KnownNames known_;
  ImportFiles out_;
  std::vector<bool> named_;
};

}  // namespace

Result<ImportFiles> read_import_files(const std::vector<std::filesystem::path>& paths,
                                      const ImportFilesOptions& options) {
  return Reading(options).read(paths);
}

}  // namespace quantier
