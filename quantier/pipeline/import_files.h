// What lies in the files that a measuring notebook left behind, recognised by keys and columns, never by
// name.
//
// npz   {model}_{recipe}_logits [N, C] beside one array that ends with "labels", perhaps one with tiers
//       {model}_logits, {model}_labels, {model}_preds, {model}_max_conf: predictions of an earlier time
// csv   columns model, precision (or recipe) and numbers
// json  numbers under model, recipe, tier or class in any nesting; a list of label names; training counts
// toml  [[earlier]] with what, value, when, how: what was measured before, by anybody
// Anything else is named and left out; a file of predictions of one model is read as prediction_file.h says.
// Errors: those of the readers; kUserInput for a file that was named and holds nothing of this.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/dataset/prediction_file.h"
#include "quantier/record/reported_value.h"

namespace quantier {

// One matrix of logits, not yet read.
struct ImportedMatrix {
  std::string model;
  std::string recipe;
  std::filesystem::path path;
  PredictionColumns columns = {};
  std::string answers = {};     // array with the predictions that the file itself states; empty: none
  std::string confidence = {};  // array with its top-1 confidences; empty: none
};

struct ImportFile {
  std::filesystem::path path;
  std::string what;  // "predictions of 6 configurations", "left out: ..."
  bool used = false;
};

struct ImportFiles {
  std::vector<ImportFile> files;
  std::vector<ImportedMatrix> matrices;
  std::vector<ImportedMatrix> earlier;
  std::filesystem::path tiers_path;  // with `tiers_key`: a tier for each example
  std::string tiers_key;
  std::vector<std::string> label_names;  // empty: none given
  std::filesystem::path counts_path;
  std::vector<ReportedValue> values;
};

struct ImportFilesOptions {
  std::string reference_recipe = "fp16";  // of earlier predictions, whose keys name a model alone
  PredictionColumns columns;
};

// Folders are read without their sub-folders, files in the order of their names.
[[nodiscard]] Result<ImportFiles> read_import_files(const std::vector<std::filesystem::path>& paths,
                                                    const ImportFilesOptions& options);

// "ECE_after" -> "ece_post", "temp" -> "temperature"; others as they are, in lower case.
[[nodiscard]] std::string usual_quantity(const std::string& name);

// Values of a JSON document, with what its keys say of each; empty when it names no known model.
// `known`: models, recipes, tiers and class names that keys may stand for.
struct KnownNames {
  std::vector<std::string> models;
  std::vector<std::string> recipes;
  std::vector<std::string> tiers;
  std::vector<std::string> labels;
};

}  // namespace quantier
