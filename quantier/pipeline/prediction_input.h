// Predictions as the user names them: a file of any engine, or a run of a store.
//
//   FILE                          what the file calls logits, labels and ids
//   FILE#KEY                      the array or column KEY as logits
//   FILE#logits=KEY,labels=KEY    every key by name; ids and group likewise
//   a key, its beginning, or "model recipe"      of the store that is given
//
// Whatever it was becomes a PredictionTable with class ids for labels, in the order of its own rows.
// Errors: those of the readers; kUserInput for a run that the store does not hold or that is ambiguous.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/json.h"
#include "quantier/dataset/prediction_file.h"
#include "quantier/evidence/store.h"

namespace quantier {

struct PredictionSpec {
  std::filesystem::path path;
  PredictionColumns columns;
};
// `columns`: what holds for every file; the part after '#' goes before it. A file whose own name has a '#'
// is found as it stands.
[[nodiscard]] Result<PredictionSpec> parse_prediction_spec(const std::string& text,
                                                           const PredictionColumns& columns);

struct NamedPredictions {
  std::string name;    // "encoder_int4", "encoder int4"
  std::string model;   // empty for files
  std::string recipe;  // likewise
  std::string device;
  std::string split;
  std::string key;  // of the run; for a file the hash of what was read
  PredictionTable table;
  std::vector<std::uint8_t> truncated;  // [examples] 1 where the text was cut; empty where it is not known
};

// `store`: null when none is given. A file goes before a run of the same name. `other_than`: a split whose
// runs are not meant by "model recipe"; empty: none.
[[nodiscard]] Result<NamedPredictions> load_predictions(const std::string& text,
                                                        const PredictionOptions& options, Store* store,
                                                        const std::string& other_than = {});

// The key of the latest run of the same model, recipe and device over another split of the store.
[[nodiscard]] Result<std::string> key_on_split(Store& store, const NamedPredictions& first,
                                               const std::string& split);

// Names of the classes in the order of the logits: a JSON list, an object from id to name, or a model's
// config.json (id2label).
[[nodiscard]] Result<std::vector<std::string>> read_label_names(const std::filesystem::path& path);
// The same for a document that is already read; nullopt when it holds no names.
[[nodiscard]] std::optional<std::vector<std::string>> label_names_of(const Json& document);

// "0", "1", ...
[[nodiscard]] std::vector<std::string> numbered_names(std::size_t classes);

}  // namespace quantier
