// A first configuration for `quantier run`, proposed from models and data and explained line by line.
//
// Everything that a run would trip over is checked here: that the models open, that they know the same labels
// in the same order, that the data's labels are among them. Tiers are proposed from training counts by a
// fixed rule (head: a sixth of the classes; mid: twice as many; tail: the rest) and are absent without
// counts: the counts of the data to be measured say something else. Errors: those of the checkpoint,
// tokenizer and data readers; kUserInput when models and data do not belong together.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/dataset/dataset.h"

namespace quantier {

struct InitRequest {
  std::vector<std::filesystem::path> models;       // directories
  std::optional<std::filesystem::path> base = {};  // of those models that are adapters
  std::filesystem::path data;
  ColumnNames columns = {};
  // At most one of the two.
  std::optional<std::filesystem::path> train = {};         // labelled training data, to be counted
  std::optional<std::filesystem::path> train_counts = {};  // JSON: label -> count
  // Where the TOML will be written: its paths are relative to this folder.
  std::filesystem::path folder = ".";
};

struct InitProposal {
  std::string toml;
  // Counted from `train`: to be written beside the TOML under this name, which it refers to.
  std::optional<std::string> counts_json;
  static constexpr const char* kCountsName = "train_label_counts.json";

  std::vector<std::string> model_names;
  std::size_t examples = 0;
  std::size_t classes = 0;
  ColumnNames columns;               // found
  std::vector<std::string> remarks;  // what the reader should know, a sentence each
};

[[nodiscard]] Result<InitProposal> propose_config(const InitRequest& request);

// Writes the TOML (and the counts beside it). An existing file is an error unless `overwrite`.
[[nodiscard]] Status write_proposal(const InitProposal& proposal, const std::filesystem::path& toml_path,
                                    bool overwrite);

}  // namespace quantier
